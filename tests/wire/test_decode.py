"""Fast decoding against the parser: what was learnt changes only the speed."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
import tiktoken
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from chatfmt import (
    ChatFormat,
    ChatTokenizer,
    Conversation,
    FormatError,
    Message,
    ParseError,
    RenderError,
    extend_encoding,
    get_encoding,
    get_format,
    get_tokenizer,
)
from chatfmt.wire.binding import Binding
from chatfmt.wire.fast.decode import Decoder
from chatfmt.wire.kept import _MOST_ITEMS
from conftest import encoding_for
from formats_under_test import FORMATS, LINES, tokenizer_for
from letters import ids_of, row
from sizes import size
from strategies import conversations, mutated, retokenized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import TokenEncoding
    from chatfmt.encodings import TiktokenEncoding


def slowly(tok: ChatTokenizer, ids: Sequence[int], *, prologue: bool = True) -> Any:
    """What the parser alone says: the conversation, or the issue."""
    try:
        return tok.parse(ids, prologue=prologue).conversation
    except ParseError as error:
        return error.issue


def decoded(decoder: Decoder, ids: list[int], *, prologue: bool = True) -> Any:
    try:
        return decoder.decode(ids, prologue=prologue)
    except ParseError as error:
        return error.issue


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_whatever_it_has_learnt_it_says_what_the_parser_says(
    name: str, data: st.DataObject
) -> None:
    tok = tokenizer_for(name)
    decoder = Decoder(Binding(tok.format, tok.encoding))
    for lesson in data.draw(st.lists(conversations(name), max_size=3)):
        prologue = data.draw(st.booleans())
        ids = tok.encode(lesson, prologue=prologue)
        ids = ids[: data.draw(st.just(len(ids)) | st.just(max(0, len(ids) - 1)))]
        decoded(decoder, ids, prologue=prologue)
    ids = tok.encode(data.draw(conversations(name)))
    ids = data.draw(st.just(ids) | mutated(ids, tok.encoding.n_vocab) | _other(name, ids))
    for prologue in (True, False):
        found = decoder.quick(ids, prologue=prologue)
        expected = slowly(tok, ids, prologue=prologue)
        assert found in (None, expected)
        assert decoded(decoder, ids, prologue=prologue) == expected


def _other(name: str, ids: list[int]) -> st.SearchStrategy[list[int]]:
    return retokenized(ids, encoding_for(name))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("think", "harmony")])
def test_it_takes_over_once_it_has_seen_each_role(name: str) -> None:
    tok = tokenizer_for(name)
    decoder = Decoder(Binding(tok.format, tok.encoding))
    chat = Conversation.model_validate(
        {"messages": [{"role": role, "content": f"{role}\n"} for role in tok.format.templates]}
    )
    ids = tok.encode(chat)
    assert decoder.quick(ids, prologue=True) is None
    assert decoder.decode(ids, prologue=True) == chat
    assert decoder.quick(ids, prologue=True) == chat
    other = tok.encode([{"role": "user", "content": "a text it has never seen <|im_end|>"}])
    assert decoder.quick(other, prologue=True) == tok.decode(other)
    if tok.format.templates["user"].tail:
        cut = [*other[:-1], *other]
        assert decoder.quick(cut, prologue=True) is None


def test_what_is_out_of_the_ordinary_is_left_to_the_parser() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    decoder = Decoder(Binding(tok.format, tok.encoding))
    ids = tok.encode([{"role": "user", "content": "hello"}])
    start, end, tail = ids[0], *ids[-2:]
    assert decoder.decode(ids, prologue=True) == tok.decode(ids)
    assert decoder.quick([*ids, *ids], prologue=True) == tok.decode([*ids, *ids])
    assert decoder.quick(ids[:-1], prologue=True) == tok.decode(ids)  # the last tail may lack
    others = {
        "another header": tok.encode([{"role": "system", "content": "hello"}]),
        "no end": ids[:-2],
        "another tail": [*ids[:-1], *ids],
        "a special token within": [*ids[:-2], start, end, tail],
        "one of another kind within": [*ids[:-2], tok.encoding.special_tokens["<|endoftext|>"]],
        "no header": [end, tail],
    }
    assert {name: decoder.quick(other, prologue=True) for name, other in others.items()} == (
        dict.fromkeys(others)
    )


# -- any line that is accepted ---------------------------------------------------------------------

SPECIALS = ["<s>", "<m>", "<x>", "<e>"]
_WORDS = ["a", "b", "ab", "to=x", "x", "user"]


@functools.cache
def _encoding() -> tiktoken.Encoding:
    return extend_encoding(get_encoding("cl100k_im"), "decoded lines", SPECIALS)


@functools.cache
def _protocol() -> TokenEncoding:
    return ChatTokenizer(_format("<s>{role}<m>{content}<e>"), _encoding()).encoding


def _format(line: str, roles: Sequence[str] = ("user", "assistant")) -> ChatFormat:
    used = [token for token in SPECIALS if token in line]
    return ChatFormat(name="drawn", template=line, special_tokens=used, roles=list(roles))


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Lines, many of which are accepted: a header, texts, groups before and after them."""
    special = st.sampled_from(SPECIALS[:3])
    gap = st.sampled_from(["", "", "\n", " ", ":", " to=", "<m>", "<x>", "<x>\n"])
    field = st.sampled_from(["{name}", "{recipient}", "{channel}", "{content_type}"])
    parts = [draw(special | st.just("")), "{role}"]
    middle = st.one_of(
        st.tuples(gap, field, gap).map("".join),
        st.tuples(gap, field, gap).map(lambda part: f"[{''.join(part)}]"),
        st.tuples(gap, st.just("{reasoning}"), gap).map(lambda part: f"[{''.join(part)}]"),
        gap,
    )
    parts += draw(st.lists(middle, max_size=2))
    parts += [draw(gap), "{content}"]
    parts += draw(st.lists(middle, max_size=2))
    return "".join([*parts, "<e>", draw(st.sampled_from(["", "", "\n"]))])


@st.composite
def chats(draw: st.DrawFn, line: str) -> list[Message]:
    texts = st.sampled_from(["", "", "\n", "a", " a", "<x>", ":a", "to=x", "a\n", "é"])
    values: dict[str, st.SearchStrategy[str]] = dict.fromkeys(
        ("name", "recipient", "channel", "content_type"), st.sampled_from(_WORDS)
    )
    values["reasoning"] = texts
    fields = {name: st.none() | value for name, value in values.items() if f"{{{name}}}" in line}
    one = st.builds(Message, role=st.sampled_from(["user", "assistant"]), content=texts, **fields)
    return draw(st.lists(one, max_size=4))


@given(line=lines(), data=st.data())
@example(line="<s>{role}<m>{content}<x>[{name}]<e>", data=None)
@example(line="<s>{role}<m>{content}<x><e>", data=None)
@settings(deadline=None, max_examples=size(250, 500))
def test_any_accepted_line_reads_the_same_fresh_and_learned(
    line: str, data: st.DataObject | None
) -> None:
    try:
        tok = ChatTokenizer(_format(line), _encoding())
    except FormatError:
        assume(condition=False)
    learned = Decoder(Binding(tok.format, tok.encoding))
    drawn = [_HARD] * 2 if data is None else [data.draw(chats(line)) for _ in range(3)]
    for chat in drawn:
        try:
            ids = tok.encode(chat)
        except RenderError:
            continue
        given_ids = [ids, ids[:-1]]
        if data is not None:
            given_ids += [
                data.draw(retokenized(ids, _protocol())),
                data.draw(mutated(ids, tok.encoding.n_vocab)),
            ]
        for each in given_ids:
            fresh = Decoder(Binding(tok.format, tok.encoding))
            expected = slowly(tok, each)
            assert decoded(fresh, each) == expected
            assert decoded(learned, each) == expected
            assert decoded(learned, each) == expected


_HARD = [
    Message(role="user"),
    Message(role="user", content="a"),
    Message(role="user", name="a"),
    Message(role="user", name="a", content="b"),
]


@pytest.mark.parametrize("name", LINES)
def test_what_stands_around_an_empty_content_is_not_learnt(name: str) -> None:
    tok = tokenizer_for(name)
    required = {"recipient": "x"} if name == "to" else {}
    for role in tok.format.templates:
        decoder = Decoder(Binding(tok.format, tok.encoding))
        empty = Message.model_validate({"role": role, **required})
        ids = tok.encode([empty])
        assert decoder.decode(ids, prologue=True).messages == (empty,)
        assert not decoder._heads.known
        found = decoder.quick(ids, prologue=True)
        assert found is None or found.messages == (empty,)  # it is known as an empty one
        other = tok.encode([empty.model_copy(update={"content": "a"})])
        assert decoder.decode(other, prologue=True) == slowly(tok, other)


def test_an_encoding_that_decodes_token_by_token_gives_the_same() -> None:
    class Plain:
        """The protocol, and nothing else."""

        def __init__(self, encoding: TiktokenEncoding) -> None:
            self.special_tokens = encoding.special_tokens
            self.n_vocab = encoding.n_vocab
            self.fingerprint = encoding.fingerprint
            self.encode_ordinary = encoding.encode_ordinary
            self.token_bytes = encoding.token_bytes

    fast = get_tokenizer("gpt-4o")
    plain = ChatTokenizer(get_format("gpt-4o"), Plain(encoding_for("gpt-4o")))
    ids = fast.encode([{"role": "user", "content": "2+2? é中"}])
    for _ in range(2):  # by the parser, then by what was learnt from it
        assert plain.decode(ids) == fast.decode(ids)


def test_what_was_learnt_of_many_names_does_not_pile_up() -> None:
    tok = ChatTokenizer(get_format("gpt-4o"), encoding_for("gpt-4o"))
    for i in range(_MOST_ITEMS + 1):
        ids = tok.encode([{"role": "user", "name": f"n{i}", "content": "hello"}])
        assert tok.decode(ids).messages[0].name == f"n{i}"
    assert len(tok._decoder._heads.known) <= _MOST_ITEMS


def test_what_is_decoded_without_a_prologue_is_learnt_without_one() -> None:
    tok = ChatTokenizer(get_format("llama-3"), encoding_for("llama-3"))
    ids = tok.encode([{"role": "user", "content": "a"}], prologue=False)
    for _ in range(2):
        assert tok.decode(ids, prologue=False).messages[0].content == "a"
    with pytest.raises(ParseError):
        tok.decode(ids)


def test_fields_that_nothing_parts_are_left_to_the_parser() -> None:
    line = "<s>ai<m>{^}[{call.name}{call.arguments:object}<z>]*<e>"
    tok = row({"user": "<s>user<m>{content}<e>", "assistant": line})
    calls = [{"name": "f", "arguments": "{}"}, {"name": "g", "arguments": '{"a": 1}'}]
    chat = Conversation.model_validate({"messages": [{"role": "assistant", "tool_calls": calls}]})
    for _ in range(2):
        assert tok.decode(tok.encode(chat)) == chat


def test_a_name_is_not_learnt_for_lines_that_have_none() -> None:
    lines = ["<s>user[y{content}x<m>]<m><e>", "<s>{^}\n{name}y{content}<e>\n"]
    tok = row({"tool": lines}, fences=["x", "y", "^y", "^\n", "\n", "user", "^user"])
    named, plain = ids_of("<s>\nbobyq<e>\n"), ids_of("<s>useryqx<m><m><e>")
    assert tok.decode(named).messages == (Message(role="tool", content="q", name="bob"),)
    assert tok.decode(plain).messages == (Message(role="tool", content="q"),)


def test_tokens_across_the_ends_of_messages_in_an_envelope_are_read() -> None:
    envelope = {"open": "<s><s>", "each": "<s>[{content}]x", "sep": "x<s>", "close": "x<e>"}
    pairs = ChatFormat(
        name="pairs", template={"tool": envelope}, special_tokens=["<s>", "<e>"], fences=["x"]
    )
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"xx": 256}
    encoding = tiktoken.Encoding(
        "pairs", pat_str=r"(?s).", mergeable_ranks=ranks, special_tokens={"<s>": 257, "<e>": 258}
    )
    tok = ChatTokenizer(pairs, encoding)
    ids = [257, 257, 257, ord("a"), 256, 257, 257, ord("b"), 256, 258]
    for _ in range(2):
        assert [message.content for message in tok.decode(ids).messages] == ["a", "b"]
