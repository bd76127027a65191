"""Explaining: the first difference, its place and its cause."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chatfmt import Cause, Conversation, Difference, Message, ToolCall, get_tokenizer
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from rows import tokenizer
from strategies import conversations, mutated, random_ids, retokenized

CHAT = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="What is 2+2?"),
    Message(role="assistant", content="It is four."),
]


def both(
    name: str, ids_a: list[int], ids_b: list[int], cause: Cause | None
) -> tuple[Difference, Difference]:
    """The same cause from either side, and the sides changed."""
    tok = tokenizer_for(name)
    found, mirrored = tok.explain(ids_a, ids_b), tok.explain(ids_b, ids_a)
    assert found is not None
    assert mirrored is not None
    assert found.cause == mirrored.cause == cause
    assert (found.text_a, found.text_b) == (mirrored.text_b, mirrored.text_a)
    assert found.position == mirrored.position
    return found, mirrored


def test_nothing_to_explain() -> None:
    tok = get_tokenizer("gpt-4o")
    assert tok.explain(tok.encode(CHAT), tok.encode(CHAT)) is None
    assert tok.explain([], []) is None


def test_the_same_text_in_other_tokens() -> None:
    tok = get_tokenizer("gpt-4o")
    said = [*CHAT[:2], Message(role="assistant", content="So: hello")]
    ids = tok.encode(said)
    at = ids.index(tok.encoding.encode_ordinary(" hello")[0])
    found, _ = both("gpt-4o", ids, [*ids[:at], 220, 24912, *ids[at + 1 :]], Cause.TOKENIZATION)
    assert (found.position, found.message, found.part) == (at, 2, "content")
    assert (found.text_a, found.text_b) == (" hello<|im_end|>",) * 2
    assert found.tokens_a == ("' hello'", "<|im_end|>")
    assert found.tokens_b == ("' '", "'hello'", "<|im_end|>")
    first, a, b = str(found).splitlines()
    assert first.startswith(f"the ids differ from index {at} on, in the content of message 2: ")
    assert "the same text in other tokens" in first
    assert a == "  a: ' hello' <|im_end|>"
    assert b == "  b: ' ' 'hello' <|im_end|>"


@pytest.mark.parametrize(
    ("here", "there", "said"),
    [
        (
            [ToolCall(name="f", arguments='{"a": 1}')],
            [ToolCall(name="f", arguments='{"a": 2}')],
            """arguments of call 0 of message 0 is '{"a": 1}' in a and '{"a": 2}' in b""",
        ),
        (
            [ToolCall(name="f", arguments="{}")],
            [ToolCall(name="g", arguments="{}")],
            "the name of call 0 of message 0 is 'f' in a and 'g' in b",
        ),
        (
            [],
            [ToolCall(name="f", arguments="{}")],
            "the name of call 0 of message 0 is None in a and 'f' in b",
        ),
    ],
)
def test_calls_that_differ(here: list[ToolCall], there: list[ToolCall], said: str) -> None:
    tok = tokenizer("qwen-3")
    one, other = (
        tok.encode([Message(role="assistant", content="", tool_calls=tuple(calls))])
        for calls in (here, there)
    )
    found = tok.explain(one, other)
    assert found is not None
    assert said in str(found)
    assert tok.explain(other, one) is not None


@pytest.mark.parametrize(
    ("here", "there"), [("It is four.", "It is four. "), ("a\n\nb", "a\nb"), ("", "\n")]
)
def test_white_space(here: str, there: str) -> None:
    tok = get_tokenizer("gpt-4o")
    one, other = (
        tok.encode([*CHAT[:2], Message(role="assistant", content=c)]) for c in (here, there)
    )
    found, _ = both("gpt-4o", one, other, Cause.WHITE_SPACE)
    assert (found.message, found.part) == (2, "content")
    assert "only in white space" in str(found)
    assert repr(there) in str(found)


def test_a_missing_newline_behind_an_end_token_is_white_space() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    ids = tok.encode(CHAT)
    end = ids.index(100265)
    found, _ = both("gpt-3.5-turbo", ids, ids[: end + 1] + ids[end + 2 :], Cause.WHITE_SPACE)
    assert (found.message, found.part) == (0, "tail")
    both("gpt-3.5-turbo", ids, ids[:-1], Cause.WHITE_SPACE)


@pytest.mark.parametrize("often", [0, 2, 3])
def test_a_missing_or_doubled_prologue(often: int) -> None:
    tok = tokenizer_for("llama-3")
    ids = tok.encode(CHAT)
    prologue, bare = ids[:1], tok.encode(CHAT, prologue=False)
    found, mirrored = both("llama-3", ids, prologue * often + bare, Cause.PROLOGUE)
    assert found.position == min(often, 1)
    assert (found.message, found.part) == (None, "prologue")
    if often:
        assert f"is {often} times in b, 1 time in a;" in str(found)
        assert f"is {often} times in a, 1 time in b;" in str(mirrored)
    else:
        assert "missing in b" in str(found)
        assert "missing in a" in str(mirrored)


def test_a_special_token_spelled_as_text() -> None:
    tok = get_tokenizer("gpt-4o")
    ids = tok.encode(CHAT)
    end = ids.index(200265)
    spelled = [*ids[:end], *tok.encoding.encode_ordinary("<|im_end|>"), *ids[end + 1 :]]
    found, _ = both("gpt-4o", ids, spelled, Cause.SPELLED)
    assert "<|im_end|> is a special token in a, and text that spells it in b" in str(found)
    # also where the text before it has merged with the spelling
    joined = tok.encoding.encode_ordinary("Be brief.<|im_end|>")
    both("gpt-4o", ids, [*ids[:3], *joined, *ids[end + 1 :]], Cause.SPELLED)
    # all of it, as an encoder writes it that knows no special tokens
    said = "".join(
        f"<|im_start|>{message.role}<|im_sep|>{message.content}<|im_end|>" for message in CHAT
    )
    both("gpt-4o", ids, tok.encoding.encode_ordinary(said), Cause.SPELLED)


def test_a_prologue_spelled_as_text_is_not_missing() -> None:
    tok = tokenizer_for("llama-3")
    ids = tok.encode(CHAT)
    spelled = [*tok.encoding.encode_ordinary("<|begin_of_text|>"), *ids[1:]]
    found, _ = both("llama-3", ids, spelled, Cause.SPELLED)
    assert found.position == 0
    assert "in ids that have no place in the format" in str(found)


@pytest.mark.parametrize("gone", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo", "llama-3", "harmony"])
def test_dropped_messages(name: str, gone: tuple[int, ...]) -> None:
    tok = tokenizer_for(name)
    left = [message for i, message in enumerate(CHAT) if i not in gone]
    found, _ = both(name, tok.encode(CHAT), tok.encode(left), Cause.DROPPED_MESSAGE)
    told = f"{CHAT[gone[0]].role}: {CHAT[gone[0]].content!r}"
    if len(gone) == 1:
        assert f"message {gone[0]} of a ({told}) is not in b" in str(found)
    else:
        assert f"messages {gone[0]} to {gone[-1]} of a (from {told} on) are not in b" in str(found)
    assert found.message == gone[0]


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo", "llama-3", "harmony"])
def test_a_system_message_that_only_one_prompt_has(name: str) -> None:
    """As a template adds it that has one of its own."""
    tok = tokenizer_for(name)
    found, _ = both(
        name, tok.encode_prompt(CHAT[:2]), tok.encode_prompt(CHAT[1:2]), Cause.DROPPED_MESSAGE
    )
    assert "message 0 of a (system: 'Be brief.') is not in b; the rest is the same" in str(found)


def test_a_message_is_only_dropped_where_the_rest_is_the_same() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    ids = tok.encode(CHAT)
    found, _ = both(
        "gpt-3.5-turbo", ids, [token for token in ids if token != 198], Cause.WHITE_SPACE
    )
    assert (found.message, found.part) == (0, "header")
    other = tok.encode([CHAT[0], CHAT[2].model_copy(update={"content": "It is five."})])
    both("gpt-3.5-turbo", ids, other, None)


def test_what_cannot_be_told() -> None:
    tok = get_tokenizer("gpt-4o")
    ids = tok.encode(CHAT)
    other = tok.encode([*CHAT[:2], Message(role="assistant", content="It is five.")])
    found, _ = both("gpt-4o", ids, other, None)
    assert (found.message, found.part) == (2, "content")
    assert "the content of message 2 is 'It is four.' in a and 'It is five.' in b" in str(found)
    found, _ = both("gpt-4o", ids, [199999, *ids], None)
    assert "only b has ids here; the rest is the same" in str(found)
    found, _ = both("gpt-4o", ids, [*ids[:-1], 200266], None)
    assert "the ids there differ" in str(found)
    found, _ = both("gpt-4o", ids, [*tok.encode([*CHAT[:2]]), 200264], None)
    assert "the ids differ from index 19 on, in the header of message 2: b ends here" in str(found)
    found, _ = both("gpt-4o", ids, tok.encode_prompt(CHAT[:2]), None)
    assert "b ends here and a goes on" in str(found)
    assert "b: (nothing more)" in str(found)
    found, _ = both("gpt-4o", [*ids[:4], -1, *ids[4:]], ids, None)
    assert "(no id of the encoding: -1)" in str(found)


@pytest.mark.parametrize(
    ("name", "here", "there", "told"),
    [
        ("gpt-4o", {"name": "Ann"}, {}, "the name of message 2 is 'Ann' in a and None in b"),
        ("think", {"reasoning": "So."}, {}, "the reasoning of message 2 is 'So.' in a and None"),
        ("harmony", {"channel": "final"}, {}, "the channel of message 2 is 'final' in a and None"),
        ("gpt-4o", {}, {"role": "tool"}, "the role of message 2 is 'assistant' in a and 'tool'"),
        (
            "gpt-4o",
            {"content": "caf\u00e9"},
            {"content": "cafe\u0301"},
            r"is 'caf\xe9' in a and 'cafe\u0301' in b",
        ),
        (
            "gpt-4o",
            {"content": "four. " * 40 + "So 4."},
            {"content": "four. " * 40 + "So 5."},
            "the content of message 2 is '… four. So 4.' in a and '… four. So 5.' in b",
        ),
    ],
)
def test_which_field_is_another(
    name: str, here: dict[str, str], there: dict[str, str], told: str
) -> None:
    tok = tokenizer_for(name)
    one, other = (
        tok.encode([*CHAT[:2], CHAT[2].model_copy(update=fields)]) for fields in (here, there)
    )
    found, _ = both(name, one, other, None)
    assert told in str(found)


def test_white_space_far_into_a_text_is_shown() -> None:
    tok = get_tokenizer("gpt-4o")
    text = "It is four. " * 40
    one, other = (
        tok.encode([*CHAT[:2], Message(role="assistant", content=c)]) for c in (text, text.strip())
    )
    found, _ = both("gpt-4o", one, other, Cause.WHITE_SPACE)
    assert "'…t is four. ' in a and '…t is four.' in b" in str(found)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_any_two_sequences(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    n_vocab = tok.encoding.n_vocab
    ids = tok.encode(data.draw(conversations(name, max_messages=2)))
    other = data.draw(mutated(ids, n_vocab) | random_ids(n_vocab, ids))
    found = tok.explain(ids, other)
    assert (found is None) == (ids == other)
    if found:
        assert ids[: found.position] == other[: found.position]
        assert ids[found.position :][:1] != other[found.position :][:1]
        assert str(found)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_another_tokenization_is_always_told(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    conversation: Conversation = data.draw(conversations(name))
    ids = tok.encode(conversation)
    other = data.draw(retokenized(ids, encoding_for(name)))
    assume(ids != other)
    found = tok.explain(ids, other)
    assert found is not None
    assert found.cause == Cause.TOKENIZATION
