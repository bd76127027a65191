"""A prepared conversation: what it reports about itself, and wrong requests."""

from __future__ import annotations

import copy
import datetime as dt
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from chatfmt import Change, Conversation, Message, Prepared, RenderError
from chatfmt.prepare.prepared import prepare, thinking_of
from chatfmt.prepare.words import read_words
from preparing import TOOL, call, refused, rewrite, said, turns
from rows import tokenizer

STRIP: dict[str, Any] = {"word": "strip", "roles": ["user"]}
DEFAULT: dict[str, Any] = {"word": "system", "default": "{date:%Y}", "values": {"date": None}}
TODAY = {"date": dt.date(2025, 1, 2)}


def test_every_change_is_listed_in_order() -> None:
    words = [
        *(DEFAULT, STRIP, {"word": "fold", "into": "last"}),
        {"word": "tools", "into": "message", "role": "x"},
    ]
    prepared = rewrite(words, "user: a", "assistant: b ", "user:  c", tools=[TOOL], values=TODAY)
    system, added = Message(role="system", content="2025"), Message(role="x")
    text = '{"type": "function", "function": {"name": "f", "description": "é"}}'
    assert prepared.changes == (
        Change(None, "message", "system", None, system),
        Change(2, "content", "strip", " c", "c", 3),
        Change(2, "content", "fold", "c", "2025\n\nc", 3),
        Change(None, "message", "fold", system, None),
        Change(None, "message", "tools", None, added.model_copy(update={"tools": text}), 0),
    )
    assert said(prepared) == ["x: ", "user: a", "assistant: b ", "user: 2025\n\nc"]


def test_a_change_of_each_field_is_listed() -> None:
    made, result = (call("f", "x"),), Message(role="tool", call_id="x")
    answer = Message(role="assistant", reasoning="hm", tool_calls=made)
    words = [
        {"word": "reasoning", "keep": "none"},
        {"word": "calls", "ids": "{name}"},
        {"word": "rename", "role": "tool", "to": "user"},
    ]
    assert rewrite(words, answer, result).changes == (
        Change(0, "reasoning", "reasoning", "hm", None, 0),
        Change(0, "tool_calls", "calls", made, (call("f", "f"),), 0),
        Change(1, "name", "calls", None, "f", 1),
        Change(1, "call_id", "calls", "x", "f", 1),
        Change(1, "role", "rename", "tool", "user", 1),
        *(Change(1, field, "rename", "f", None, 1) for field in ("name", "call_id")),
    )


def test_the_origin_of_each_message_is_known() -> None:
    words = [DEFAULT, {"word": "split"}, {"word": "tools", "into": "message", "role": "x"}]
    answer = Message(role="assistant", reasoning="hm", content="so")
    prepared = rewrite(words, "user: a", answer, "user: b", tools=[TOOL], values=TODAY)
    assert said(prepared) == ["x: ", "system: 2025", "user: a", *said_by(answer), "user: b"]
    assert prepared.origins == (None, None, 0, 1, 1, 2)


def said_by(answer: Message) -> list[str]:
    return [f"assistant: {text}" for text in (answer.reasoning, answer.content)]


def test_a_message_that_is_left_out_is_named() -> None:
    system = Message(role="system")
    prepared = rewrite([{"word": "system", "empty": "drop"}, STRIP], system, "user: a ")
    assert prepared.changes == (
        Change(0, "message", "system", system, None),
        Change(1, "content", "strip", "a ", "a", 0),
    )


def test_what_is_not_changed_is_not_listed() -> None:
    prepared = rewrite([STRIP], "user: a", "tool: b ")
    assert (prepared.changes, prepared.messages) == ((), turns("user: a", "tool: b "))


def test_what_belongs_to_the_conversation_goes_along() -> None:
    chat = Conversation(messages=turns("user: a "), tools=(TOOL,), metadata={"source": "here"})
    before = chat.model_dump()
    prepared = prepare("mine", read_words([STRIP]), chat, thinking=False)
    assert (prepared.tools, prepared.metadata) == ((TOOL,), {"source": "here"})
    assert (prepared.format, prepared.thinking) == ("mine", False)
    assert chat.model_dump() == before
    given = prepare("mine", (), Conversation(messages=turns("user: a")), tools=iter([TOOL]))
    assert given.tools == (TOOL,)


def test_it_is_copied_and_pickled_whole() -> None:
    prepared = rewrite([STRIP, DEFAULT], "user: a ", values=TODAY, tools=[TOOL], thinking=True)
    for other in (pickle.loads(pickle.dumps(prepared)), copy.deepcopy(prepared)):
        assert type(other) is Prepared
        assert other == prepared
        assert (other.changes, other.thinking) == (prepared.changes, True)
        assert isinstance(other.changes[0], Change)
    assert prepared == rewrite(
        [STRIP, DEFAULT], "user: a ", values=TODAY, tools=[TOOL], thinking=True
    )
    assert prepared != rewrite([STRIP, DEFAULT], "user: a ", values=TODAY, tools=[TOOL])


def test_it_is_not_prepared_twice() -> None:
    prepared = rewrite([STRIP], "user: a ")
    with pytest.raises(RenderError) as caught:
        prepare("other", (), prepared)
    assert caught.value.reason == "this was already prepared, for mine"
    assert caught.value.format == "other"


def test_tools_are_given_once() -> None:
    chat = Conversation(messages=turns("user: a"), tools=(TOOL,))
    for tools in ([TOOL], []):
        with pytest.raises(RenderError) as caught:
            prepare("mine", (), chat, tools=tools)
        assert caught.value.reason == "expected tools once, found them in the conversation as well"


@pytest.mark.parametrize(
    ("tools", "reason"),
    [
        ([1], "tools.0\n  expected an object, found the number 1"),
        ("ab", "tools.1\n  expected an object, found the text 'b'"),
        (TOOL, "tools.0\n  expected an object, found the text 'type'"),
        ([{"a": {1}}], "tools.0.a\n  expected a JSON value"),
        ([{"a": float("nan")}], "tools.0.a\n  expected a JSON value"),
        ([{"a": "\ud800"}], "tools.0.a\n  "),
    ],
)
def test_tools_that_are_none(tools: Any, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        rewrite([], "user: a", tools=tools)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([STRIP], "there is no value data; this format has none"),
        (
            [DEFAULT, {**DEFAULT, "values": {"a": "b", "date": None}}],
            "there is no value data; there are a, date",
        ),
    ],
)
def test_a_value_that_no_text_has(words: list[dict[str, Any]], reason: str) -> None:
    assert refused(words, values={"data": "x"}).reason == reason


def test_a_value_that_is_missing() -> None:
    assert refused([DEFAULT]).reason.startswith("the value date is needed: ")
    assert (refused([DEFAULT]).message, refused([DEFAULT]).field) == (None, "date")
    assert said(rewrite([DEFAULT], "system: a")) == ["system: a"]  # nothing needs it


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"history": "all"}, "history must be published or keep, found 'all'"),
        ({"thinking": "yes"}, "thinking must be True, False or None, found 'yes'"),
    ],
)
def test_options_that_make_no_sense(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        rewrite([], "user: a", **asked)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("prepared", "told", "expected"),
    [(None, None, None), (None, True, True), (True, None, True), (False, False, False)],
)
def test_thinking_is_told_once(
    prepared: bool | None,  # noqa: FBT001 - a parameter
    told: bool | None,  # noqa: FBT001 - a parameter
    expected: bool | None,  # noqa: FBT001 - a parameter
) -> None:
    assert thinking_of(rewrite([], thinking=prepared), told=told) is expected
    assert thinking_of(Conversation(), told=told) is told


def test_thinking_that_is_told_twice_and_differs() -> None:
    with pytest.raises(RenderError) as caught:
        thinking_of(rewrite([], thinking=False), told=True)
    assert caught.value.reason == "expected thinking=False, as it was prepared; found True"
    assert caught.value.format == "mine"


def test_definitions_that_nothing_has_a_place_for_are_listed() -> None:
    """A format without a word for them leaves them out, as its template does; it is said."""
    prepared = tokenizer("chatml").prepare([{"role": "user", "content": "a"}], tools=[TOOL])
    assert prepared.changes == (Change(None, "tools", "tools", (TOOL,), None),)
    assert tokenizer("qwen-3").prepare(turns("user: a"), tools=[TOOL]).changes[-1].after is not None
    assert tokenizer("chatml").prepare(turns("user: a")).changes == ()


def test_a_tokenizer_prepares_and_encodes_what_was_prepared() -> None:
    tok = tokenizer("qwen-3")
    given = [{"role": "user", "content": "a"}]
    chat = Conversation(messages=turns("user: a"))
    assert tok.encode(tok.prepare(given)) == tok.encode(chat)
    assert tok.decode(tok.encode(tok.prepare(given))) == tok.format.on_wire(tok.prepare(given))
    for thinking in (None, False):
        prepared = tok.prepare(given, thinking=thinking)
        assert prepared.format == "qwen-3"
        ids = tok.encode_prompt(chat, thinking=thinking)
        assert tok.encode_prompt(prepared) == tok.encode_prompt(prepared, thinking=thinking) == ids
    assert tok.encode_prompt(tok.prepare(given, thinking=False)) != tok.encode_prompt(chat)
    with pytest.raises(RenderError, match="expected thinking=False"):
        tok.encode_prompt(tok.prepare(given, thinking=False), thinking=True)


def test_a_tokenizer_hands_on_all_that_it_is_asked() -> None:
    tok = tokenizer("llama-3.1")
    prepared = tok.prepare([{"role": "user", "content": " a "}], tools=[TOOL], values=TODAY)
    text = "\n".join(said(prepared))
    assert "02 Jan 2025" in text
    assert '"name": "f"' in text
    thought = Message(role="assistant", content="b", reasoning="hm")
    for history, reasoning in (("published", None), ("keep", "hm")):
        kept = tokenizer("qwen-3").prepare(
            turns("user: a", thought, "user: c"),
            history=history,  # type: ignore[arg-type]
        )
        assert kept.messages[1].reasoning == reasoning
