"""The oracle and the strategies are sound, and cover what they claim to cover.

``conformance/README.md`` explains the members of a vector.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import reference
from chatfmt.conversation import Conversation, Message
from conftest import encoding_for
from reference import (
    FORMATS,
    ROLES,
    SPEAKERS,
    SPECIALS,
    reference_can_carry,
    reference_decode,
    reference_encode,
    reference_prompt,
)
from strategies import (
    conversations,
    messages,
    mutated,
    random_ids,
    retokenized,
    special_spellings,
    texts,
)
from vectors import files, vectors

formats = pytest.mark.parametrize("format_name", FORMATS)
# The laws of the oracle; the library's own properties are run with many more examples.
some = settings(max_examples=40, deadline=None, derandomize=True)
# A sample to count in: as drawn, the same each time, never shrunk.
sample = settings(
    max_examples=400,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def ids_of(format_name: str, conversation: Conversation) -> list[int]:
    written = reference_encode(format_name, conversation, encoding_for(format_name))
    return [one.token for one in written]


# -- The vectors ------------------------------------------------------------------------------


def described(kind: str) -> list[Any]:
    """The vectors of the formats that the reference describes."""
    return [case for case in vectors(kind) if case.values[0]["format"] in FORMATS]


@pytest.mark.parametrize("vector", described("conversation"))
def test_vector_is_written_and_read(vector: dict[str, Any]) -> None:
    name, encoding = vector["format"], encoding_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    assert ids_of(name, conversation) == vector["ids"]
    assert reference_decode(name, vector["ids"], encoding) == conversation.on_wire()


@pytest.mark.parametrize("vector", described("prompt"))
def test_vector_is_a_prompt(vector: dict[str, Any]) -> None:
    name, encoding = vector["format"], encoding_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    assert reference_prompt(name, conversation, encoding) == vector["ids"]


@pytest.mark.parametrize("vector", vectors("reading"))
def test_vector_is_read_though_written_otherwise(vector: dict[str, Any]) -> None:
    name, encoding = vector["format"], encoding_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    assert reference_decode(name, vector["ids"], encoding) == conversation
    assert ids_of(name, conversation) != vector["ids"]


def _endings(format_name: str) -> list[list[int]]:
    """What may complete a sequence that has begun: some text, then a message's special tokens."""
    encoding = encoding_for(format_name)
    bits = ("", "user", "r", "er", "e=a", "a", "=a", "\n", "\n\n", "a\n", "user\n", " ")
    starts = [encoding.encode_ordinary(bit) for bit in bits]
    # The rest of a character that has begun: one byte of two, two of four.
    single = encoding.encoding.encode_single_token
    starts += [[single(bytes([byte])) for byte in rest] for rest in (b"\xa9", b"\x98\x80")]
    special = [[encoding.special_tokens[spelling]] for spelling in SPECIALS[format_name]]
    # Every tail of a message with each optional field, so one begins wherever another stops.
    full = Message(role="user", content="x")
    for field in reference.FIELDS[format_name]:
        full = full.model_copy(update={field: "a"})
    empty = [] if format_name == "harmony" else [full.model_copy(update={"reasoning": None})]
    wholes = [
        ids_of(format_name, Conversation(messages=(message,)))
        for message in (full, Message(role="user"), Message(role="assistant"), *empty)
    ]
    tails = [whole[start:] for whole in wholes for start in range(len(whole) + 1)]
    return [
        start + tail
        for start in starts
        for tail in [*tails, *special, *([one, *two] for [one] in special for two in special)]
    ]


@pytest.mark.parametrize("vector", vectors("malformed", folder="hand"))
def test_malformed_vector_breaks_where_it_says(vector: dict[str, Any]) -> None:
    name, encoding = vector["format"], encoding_for(vector["format"])
    ids, kind, position = vector["ids"], vector["error"]["kind"], vector["error"]["position"]
    assert reference_decode(name, ids, encoding) is None
    endings = _endings(name)

    def can_go_on(begun: list[int]) -> bool:
        return any(reference_decode(name, begun + ending, encoding) for ending in endings)

    if kind == "open_message":
        assert position == len(ids)
        assert can_go_on(ids)
    elif kind == "unknown_role":
        # The role itself could still be read; it was wrong from where it left the list.
        assert 0 < position < len(ids)
        assert not can_go_on(ids[: position + 1])
    elif kind == "invalid_utf8":
        # The first byte of an invalid character may be the first of a valid one, too.
        assert can_go_on(ids[:position])
        assert not can_go_on(ids)
    else:
        assert can_go_on(ids[:position])
        assert not can_go_on(ids[: position + 1])


def test_headline_is_49_tokens() -> None:
    [vector] = [row for rows in files().values() for row in rows if row["id"] == "headline"]
    assert len(vector["ids"]) == 49
    assert vector["ids"][:4] == [200264, 1428, 200266, 4827]
    assert vector["ids"][-1] == 200265


# -- The oracle's own laws --------------------------------------------------------------------


def test_oracle_shares_no_code_with_the_library() -> None:
    imported: set[str | None] = set()
    for node in ast.walk(ast.parse(Path(reference.__file__).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert {name for name in imported if name and name.startswith("chatfmt")} == {
        "chatfmt.conversation"
    }


@formats
def test_reading_inverts_writing(format_name: str) -> None:
    @given(conversations(format_name))
    @some
    def law(conversation: Conversation) -> None:
        assert reference_can_carry(format_name, conversation)
        ids = ids_of(format_name, conversation)
        decoded = reference_decode(format_name, ids, encoding_for(format_name))
        assert decoded == conversation.on_wire()

    law()


@formats
def test_any_tokenization_reads_the_same(format_name: str) -> None:
    encoding = encoding_for(format_name)

    @given(st.data(), st.booleans())
    @some
    def law(data: st.DataObject, straddle: bool) -> None:  # noqa: FBT001
        conversation = data.draw(conversations(format_name, max_messages=2))
        ids = ids_of(format_name, conversation)
        others = data.draw(retokenized(ids, encoding, straddle=straddle))
        assert encoding.encoding.decode_bytes(others) == encoding.encoding.decode_bytes(ids)
        assert reference_decode(format_name, others, encoding) == conversation.on_wire()

    law()


@formats
def test_prefix_law(format_name: str) -> None:
    encoding = encoding_for(format_name)

    @given(conversations(format_name), messages(format_name))
    @some
    def law(conversation: Conversation, reply: Message) -> None:
        ids = ids_of(format_name, conversation)
        more = Conversation(messages=(*conversation.messages, reply))
        if reply.role not in SPEAKERS[format_name]:
            with pytest.raises(ValueError, match="no model is prompted as"):
                reference_prompt(format_name, conversation, encoding, reply.role)
            return
        name = None if format_name == "harmony" else reply.name
        prompt = reference_prompt(format_name, conversation, encoding, reply.role, name)
        whole = ids_of(format_name, more)
        assert prompt[: len(ids)] == ids
        assert len(prompt) > len(ids)
        assert whole[: len(prompt)] == prompt
        first_generated = next(
            index
            for index, one in enumerate(reference_encode(format_name, more, encoding))
            # harmony: a speaker who goes on writes all of the header
            if one.message == len(conversation.messages) and one.generated
        )
        goes_on = (
            format_name == "harmony"
            and conversation.messages
            and conversation.messages[-1].role == reply.role
        )
        empty = 4 if format_name == "think" and reply.reasoning == "" else 0  # ids of the block
        assert first_generated == (len(ids) if goes_on else len(prompt) + empty)

    law()


@formats
def test_ids_at_random_are_read_or_refused(format_name: str) -> None:
    encoding = encoding_for(format_name)
    specials = [encoding.special_tokens[spelling] for spelling in SPECIALS[format_name]]

    @given(st.data())
    @some
    def law(data: st.DataObject) -> None:
        if data.draw(st.booleans()):
            ids = data.draw(random_ids(encoding.n_vocab, specials))
        else:
            valid = ids_of(format_name, data.draw(conversations(format_name, max_messages=2)))
            ids = data.draw(mutated(valid, encoding.n_vocab))
        decoded = reference_decode(format_name, ids, encoding)
        if decoded is not None:
            # What can be read can be written, and then has the same special tokens
            # (harmony's ends apart, of which one stands for all).
            ends = {encoding.special_tokens.get(end): -1 for end in ("<|return|>", "<|call|>")}
            ends[encoding.special_tokens.get("<|end|>")] = -1
            special = set(encoding.special_tokens.values())
            again = ids_of(format_name, decoded)
            assert [ends.get(i, i) for i in again if i in special] == [
                ends.get(i, i) for i in ids if i in special
            ]

    law()


def test_parts_and_who_writes_them() -> None:
    def runs(format_name: str, *said: Message) -> list[tuple[str, str, int | None, bool]]:
        encoding = encoding_for(format_name)
        out: list[tuple[str, str, int | None, bool]] = []
        for one in reference_encode(format_name, Conversation(messages=said), encoding):
            text = encoding.token_bytes(one.token).decode()
            if out and out[-1][1:] == (one.part, one.message, one.generated):
                out[-1] = (out[-1][0] + text, *out[-1][1:])
            else:
                out.append((text, one.part, one.message, one.generated))
        return out

    assert runs("think", Message(role="assistant", content="4", reasoning="Hm.")) == [
        ("<|im_start|>assistant\n", "header", 0, False),
        ("<think>\n", "header", 0, True),
        ("Hm.\n", "reasoning", 0, True),
        ("</think>\n\n", "header", 0, True),
        ("4", "content", 0, True),
        ("<|im_end|>", "end", 0, True),
        ("\n", "tail", 0, False),
    ]
    assert runs("llama-3", Message(role="user", content="hi")) == [
        ("<|begin_of_text|>", "prologue", None, False),
        ("<|start_header_id|>user<|end_header_id|>\n\n", "header", 0, False),
        ("hi", "content", 0, True),
        ("<|eot_id|>", "end", 0, True),
    ]
    assert runs(
        "harmony",
        Message(role="user", content="2+2?"),
        Message(role="assistant", channel="analysis", content="Easy."),
        Message(role="assistant", content="4"),
    ) == [
        ("<|start|>user", "header", 0, False),
        ("<|message|>", "header", 0, True),
        ("2+2?", "content", 0, True),
        ("<|end|>", "end", 0, True),
        ("<|start|>assistant", "header", 1, False),
        ("<|channel|>analysis<|message|>", "header", 1, True),
        ("Easy.", "content", 1, True),
        ("<|end|>", "end", 1, True),
        ("<|start|>assistant<|message|>", "header", 2, True),
        ("4", "content", 2, True),
        ("<|end|>", "end", 2, True),
    ]


@pytest.mark.parametrize(
    ("format_name", "message"),
    [
        ("gpt-4o", {"role": "alien"}),
        ("gpt-4o", {"role": ""}),
        ("gpt-4o", {"role": "user", "name": ""}),
        ("gpt-4o", {"role": "user", "name": "a b"}),
        ("gpt-4o", {"role": "user", "name": "a\u2028b"}),
        ("gpt-4o", {"role": "user", "name": "<|im_end|>"}),
        ("gpt-4o", {"role": "user", "name": "a/b"}),
        ("gpt-4o", {"role": "user", "name": "a\\b"}),
        ("gpt-4o", {"role": "user", "name": "x" * 65}),
        ("gpt-4o", {"role": "user", "recipient": "a"}),
        ("gpt-4o", {"role": "user", "reasoning": ""}),
        ("phi-4", {"role": "user", "name": "a"}),
        ("gpt-3.5-turbo", {"role": "user", "name": "a\n"}),
        ("llama-3", {"role": "developer"}),
        ("nanochat", {"role": "system"}),
        ("harmony", {"role": "assistant", "channel": ""}),
        ("harmony", {"role": "assistant", "channel": "a b"}),
        ("harmony", {"role": "assistant", "recipient": "a<"}),
        ("harmony", {"role": "assistant", "content_type": "a|"}),
        ("harmony", {"role": "assistant", "reasoning": "a"}),
        ("think", {"role": "assistant", "name": "a"}),
    ],
)
def test_refused_conversations(format_name: str, message: dict[str, Any]) -> None:
    conversation = Conversation.model_validate({"messages": [{"role": "user"}, message]})
    assert not reference_can_carry(format_name, conversation)
    with pytest.raises(ValueError, match="cannot carry"):
        reference_encode(format_name, conversation, encoding_for(format_name))


def test_names_keep_the_alphabet_of_the_api() -> None:
    for character in map(chr, range(0x3002)):
        message = Message(role="user", name=f"a{character}")
        allowed = re.fullmatch(r"[^\s<|\\/>]", character) is not None
        assert reference_can_carry("gpt-4o", Conversation(messages=(message,))) is allowed


# -- What the strategies cover ----------------------------------------------------------------


def test_texts_are_the_traps_they_claim_to_be() -> None:
    spellings = special_spellings("gpt-4o")
    seen: Counter[str] = Counter()

    @seed(20240229)
    @given(texts(spellings))
    @sample
    def count(text: str) -> None:
        text.encode()  # no lone surrogate
        seen["texts"] += 1
        seen["empty"] += text == ""
        seen["spells a special token"] += any(spelling in text for spelling in spellings)
        seen["spells one of the format's"] += any(one in text for one in SPECIALS["gpt-4o"])
        seen["has part of one"] += "im_end|" in text or "<|im_st" in text
        seen["begins with a newline"] += text[:1] in ("\n", "\r")
        seen["ends with a newline"] += text[-1:] in ("\n", "\r")
        seen["runs of white space"] += re.search(r"\s\s", text) is not None
        seen["combining marks"] += any(unicodedata.combining(c) for c in text)
        seen["Hangul"] += any("HANGUL" in unicodedata.name(c, "") for c in text)
        seen["conjoining jamo"] += re.search("[\u1100-\u11ff]", text) is not None
        seen["Arabic"] += any("ARABIC" in unicodedata.name(c, "") for c in text)
        seen["joined emoji"] += "\u200d" in text
        seen["U+FFFD"] += "\ufffd" in text
        for plane in {ord(c) >> 16 for c in text}:
            seen[f"plane {plane}"] += 1

    count()
    total = seen["texts"]
    assert total >= 200
    assert seen["spells a special token"] > total / 4
    assert seen["spells one of the format's"] > total / 5
    for trait in ("begins with a newline", "ends with a newline", "runs of white space"):
        assert seen[trait] > total / 20, trait
    for trait in (
        "empty",  # hypothesis draws what is drawn alone only once; messages have it often
        "has part of one",
        "combining marks",
        "Hangul",
        "conjoining jamo",
        "Arabic",
        "joined emoji",
        "U+FFFD",
        *(f"plane {plane}" for plane in range(17)),
    ):
        assert seen[trait], trait


@formats
def test_conversations_have_every_shape_the_format_has(format_name: str) -> None:
    spellings = SPECIALS[format_name]
    seen: Counter[str] = Counter()

    @seed(20240229)
    @given(conversations(format_name))
    @settings(sample, max_examples=150)
    def count(conversation: Conversation) -> None:
        seen[f"{len(conversation.messages)} messages"] += 1
        seen["annotated"] += conversation != conversation.on_wire()
        for message in conversation.messages:
            seen[message.role] += 1
            seen["spelled"] += any(spelling in message.content for spelling in spellings)
            seen["empty"] += message.content == ""
            seen["not empty"] += message.content != ""
            for field in ("name", "recipient", "channel", "content_type", "reasoning"):
                seen[f"with {field}"] += getattr(message, field) is not None
                seen[f"without {field}"] += getattr(message, field) is None

    count()
    said = seen["empty"] + seen["not empty"]
    assert seen["spelled"] > said / 5
    assert seen["empty"] > said / 20
    expected = ["0 messages", "1 messages", "4 messages", "annotated", "empty", "not empty"]
    expected += ROLES[format_name]
    for field in reference.FIELDS[format_name]:
        expected += [f"with {field}", f"without {field}"]
    assert [trait for trait in expected if not seen[trait]] == []


def test_ids_go_wrong_in_every_way() -> None:
    encoding = encoding_for("gpt-3.5-turbo")
    spoken = Conversation(messages=(Message(role="user", content="\n\nhello"),) * 2)
    ids = ids_of("gpt-3.5-turbo", spoken)
    seen: Counter[str] = Counter()

    @seed(20240229)
    @given(
        mutated(ids, encoding.n_vocab),
        retokenized(ids, encoding),
        random_ids(encoding.n_vocab, [100264, 100265]),
    )
    @sample
    def count(wrong: list[int], other: list[int], random: list[int]) -> None:
        seen["readable"] += reference_decode("gpt-3.5-turbo", wrong, encoding) is not None
        seen["unreadable"] += reference_decode("gpt-3.5-turbo", wrong, encoding) is None
        seen["negative"] += any(token < 0 for token in wrong)
        seen["huge"] += any(token >= 2**63 for token in wrong)
        seen["shorter"] += len(wrong) < len(ids)
        seen["longer"] += len(wrong) > len(ids)
        seen["tokenized otherwise"] += other != ids
        seen["straddling"] += other[1:3] == [882, 1432]  # "user" and three newlines
        seen["single bytes"] += all(
            len(encoding.token_bytes(token)) == 1 or token >= 100264 for token in other
        )
        seen["random with specials"] += 100264 in random and 100265 in random

    count()
    assert [trait for trait in seen if not seen[trait]] == []
    assert seen["unreadable"] > 2 * seen["readable"]


def test_the_real_conversations_are_there(shared_data: Path) -> None:
    assert {path.suffix for path in shared_data.iterdir()} >= {".json", ".jsonl"}
