"""Which answers keep their reasoning."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import Change, Message
from chatfmt.conversation.harmony import split_for_harmony
from preparing import call, rewrite, turns


def answer(reasoning: str | None, *, calls: bool = False) -> Message:
    made = (call(),) if calls else ()
    return Message(role="assistant", content="a", reasoning=reasoning, tool_calls=made)


# The thinking of five answers: one earlier, then one that calls, one after the result that
# answers; then, after the user, one that calls and one after the result.
CHAT = (
    *("user: a", answer("0")),
    *("user: b", answer("1", calls=True), "tool: r", answer(None)),
    *("user: c", answer("3", calls=True), "tool: r", answer(None, calls=True)),
)


def kept(words: list[dict[str, Any]], *given: str | Message, **asked: Any) -> list[str | None]:
    prepared = rewrite(words, *given, **asked)
    return [m.reasoning for m in prepared.messages if m.role == "assistant"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"keep": "all"}, ["0", "1", None, "3", None]),
        ({"keep": "none"}, [None] * 5),
        ({"keep": "after_last_user"}, [None, None, None, "3", None]),
        ({"keep": "after_last_answer"}, [None, None, None, "3", None]),
        ({"keep": "none", "dropped": ""}, ["", "", None, "", None]),
        ({"keep": "none", "empty": "all"}, [""] * 5),
        ({"keep": "none", "empty": "kept"}, [None] * 5),
        ({"keep": "after_last_user", "empty": "kept"}, [None, None, None, "3", ""]),
        ({"keep": "after_last_user", "empty": "all"}, ["", "", "", "3", ""]),
        (
            {"keep": "after_last_user", "empty": "all", "after_results": False},
            ["", "", None, "3", None],
        ),
        ({"keep": "all", "empty": "kept"}, ["0", "1", "", "3", ""]),
    ],
)
def test_reasoning(options: dict[str, Any], expected: list[str | None]) -> None:
    assert kept([{"word": "reasoning", **options}], *CHAT) == expected


def test_where_no_user_and_no_answer_is_all_are_kept() -> None:
    for keep in ("after_last_user", "after_last_answer"):
        words = [{"word": "reasoning", "keep": keep}]
        assert kept(words, answer("0", calls=True), "tool: r") == ["0"]


def test_after_the_last_answer_is_after_one_without_calls() -> None:
    words = [{"word": "reasoning", "keep": "after_last_answer"}]
    given = ("user: a", answer("0"), answer("1", calls=True))
    assert kept(words, *given) == [None, "1"]
    assert kept(words, *given, answer("2")) == [None, None, None]


def test_the_first_message_has_no_result_before_it() -> None:
    """The result at the end of the list is not one before its start."""
    words = [{"word": "reasoning", "keep": "all", "empty": "all", "after_results": False}]
    assert kept(words, answer(None, calls=True), "tool: r") == [""]


def test_history_that_is_kept_keeps_what_would_be_dropped() -> None:
    words = [{"word": "reasoning", "keep": "none", "dropped": ""}]
    assert kept(words, *CHAT, history="keep") == ["0", "1", None, "3", None]
    assert not rewrite(words, *CHAT, history="keep").changes


def test_only_answers_have_thinking_to_lose() -> None:
    given = Message(role="user", reasoning="x")
    words = [{"word": "reasoning", "keep": "none"}]
    assert rewrite(words, given).messages == (given,)


@pytest.mark.parametrize("keep", ["all", "none", "after_last_user", "after_last_answer"])
@pytest.mark.parametrize("given", [CHAT, CHAT[:2], CHAT[:5], CHAT[2:5]])
def test_thinking_that_is_a_message_of_its_own_is_left_out(
    keep: str, given: tuple[str | Message, ...]
) -> None:
    """Splitting first or last comes to the same."""
    results = [
        one.model_copy(update={"name": "f"}) if one.role == "tool" else one for one in turns(*given)
    ]
    words = [{"word": "reasoning", "keep": keep}]
    split = rewrite(words, *split_for_harmony(results))
    assert split.messages == split_for_harmony(rewrite(words, *results).messages)
    kept = rewrite(words, *split_for_harmony(results), history="keep")
    assert kept.messages == split_for_harmony(results)


def test_what_is_left_out_is_said() -> None:
    thought = Message(role="assistant", channel="analysis", content="hm")
    [change] = rewrite([{"word": "reasoning", "keep": "none"}], "user: a", thought).changes
    assert change == Change(1, "message", "reasoning", thought, None)


def test_a_call_in_the_channel_of_thinking_is_no_thinking() -> None:
    call_of_python = Message(role="assistant", channel="analysis", recipient="python", content="1")
    for one in (call_of_python, Message(role="user", channel="analysis")):
        assert rewrite([{"word": "reasoning", "keep": "none"}], one).messages == (one,)


def test_a_blank_thinking_may_count_as_none() -> None:
    words = [{"word": "reasoning", "keep": "all", "blank": False, "leaves": "<"}]
    given = (answer(" \n"), answer(""), answer(" x "), answer(None))
    prepared = rewrite(words, *given)
    assert [m.reasoning for m in prepared.messages] == [None, None, " x ", None]
    assert {m.content for m in prepared.messages} == {"a"}
    assert rewrite(words, *given, history="keep").changes == ()


def test_what_a_dropped_thinking_leaves() -> None:
    words = [{"word": "reasoning", "keep": "after_last_user", "leaves": "\n"}]
    given = (answer("0"), answer("1", calls=True), answer(None), "user: a", answer("2"))
    contents = [m.content for m in rewrite(words, *given).messages]
    assert contents == ["\na", "a", "a", "a", "a"]
