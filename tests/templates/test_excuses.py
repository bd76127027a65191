"""A difference is excused by a fault of the template only if nothing else explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from chatfmt import ChatFormat, Conversation, get_format
from chatfmt.templates import excuses
from letters import bytewise
from rows import tokenizer

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer


CALL = {"name": "f", "arguments": '{"a": "Bern"}'}
ASKED = {"role": "user", "content": "hi"}
CALLING: list[dict[str, Any]] = [
    ASKED,
    {"role": "assistant", "content": "Wait.", "tool_calls": [CALL]},
    {"role": "tool", "content": "1"},
    {"role": "assistant", "content": "one"},
]
CHAT = [{"role": "system", "content": "s"}, ASKED, {"role": "assistant", "content": "ok"}]
THINKING = [ASKED, {"role": "assistant", "content": "ok", "reasoning": "hm"}]
MORE = {"role": "user", "content": "more"}
SILENT = [ASKED, {"role": "assistant", "content": ""}, MORE]
MENTIONING = [ASKED, {"role": "assistant", "content": "a </think> b"}, MORE]


class Shown(NamedTuple):
    """A fault, and what a template that has it writes in the place of what the row does."""

    kind: str
    row: str
    given: list[dict[str, Any]]
    ours: str
    theirs: str


CALLED = '\n<tool_call>\n{"name": "f", "arguments": {"a": "Bern"}}\n</tool_call>'
CASES = [
    Shown("start", "qwen-3-2507", CHAT, "system\ns<", "system\n\n\ns<"),
    Shown("calls", "qwen-3-2507", CALLING, "\n1\n</tool_response>", "1</tool_response>"),
    Shown("dropped_calls", "qwen-3-2507", CALLING, CALLED, ""),
    Shown("dropped_text", "qwen-3-2507", CALLING, "Wait.\n", ""),
    Shown("split_text", "chatml", MENTIONING, "a </think> b", "b"),
    Shown("reasoning", "qwen-3", THINKING, "<think>\nhm\n</think>\n\n", ""),
    Shown("empty", "chatml", SILENT, "<|im_start|>assistant\n<|im_end|>\n", ""),
    Shown("end", "qwen-3-2507", CHAT, "ok<|im_end|>\n", "ok"),
    Shown("prompt", "qwen-3-2507", [ASKED], "assistant\n", "assistant\n<x>"),
]


def case_of(tok: ChatTokenizer, given: Any, *, prompt: bool = False) -> Any:
    chat = Conversation.model_validate({"messages": given})
    [text, *_] = excuses.write(tok, chat, prompt=prompt)
    return excuses.Case(tok, chat, prompt=prompt, text=text, prepare=lambda one: one)


@pytest.mark.parametrize("shown", CASES, ids=lambda shown: shown.kind)
def test_a_fault_is_found_where_it_stands_and_nothing_else_differs(
    shown: Shown,
) -> None:
    prompt = shown.kind == "prompt"
    case = case_of(tokenizer(shown.row), shown.given, prompt=prompt)
    assert not any(excuses.faults_shown(case))
    before, ours, after = case.text.rpartition(shown.ours)
    assert ours
    text = before + shown.theirs + after
    assert {shown.kind} in [*excuses.faults_shown(case._replace(text=text))]
    wrong = text.replace("user\nhi", "user\nho")  # what is asked is not what was given
    assert wrong != text
    assert [*excuses.faults_shown(case._replace(text=wrong))] == []


def test_faults_of_two_kinds() -> None:
    case = case_of(tokenizer("qwen-3-2507"), CHAT)
    text = case.text.removesuffix("<|im_end|>\n").replace("system\ns", "system\n")
    assert {"start", "end"} in [*excuses.faults_shown(case._replace(text=text))]


def test_what_differs_before_a_call_is_no_fault_of_calls() -> None:
    earlier = [ASKED, {"role": "assistant", "content": "ok"}, MORE, *CALLING[1:]]
    case = case_of(tokenizer("qwen-3-2507"), earlier)
    text = case.text.replace("\n1\n", "1")
    assert {"calls"} in [*excuses.faults_shown(case._replace(text=text))]
    text = text.replace("assistant\nok", "assistant\nno")
    assert [*excuses.faults_shown(case._replace(text=text))] == []


def test_nothing_is_found_where_nobody_asks_or_the_row_refuses() -> None:
    tok = tokenizer("qwen-3-2507")
    case = case_of(tok, CHAT[:1])
    assert [*excuses.faults_shown(case._replace(text="x"))] == []
    refusing = tokenizer("gemma-2")
    given = Conversation.model_validate({"messages": CHAT})
    case = excuses.Case(refusing, given, prompt=False, text="x", prepare=refusing.prepare)
    assert [*excuses.faults_shown(case)] == []


@pytest.mark.parametrize(
    ("default", "given", "spells"),
    [
        ("use <|im_end|>", "hi", True),
        ("use it", "hi", False),
        ("use <|im_end|>", "<|im_end|>", False),
    ],
)
def test_own_words_that_spell_tokens(
    default: str,
    given: str,
    spells: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    row = get_format("chatml").row() | {"prepare": [{"word": "system", "default": default}]}
    tok = bytewise(ChatFormat(**row))
    chat = Conversation.model_validate({"messages": [{"role": "user", "content": given}]})
    case = excuses.Case(tok, chat, prompt=False, text="", prepare=tok.prepare)
    assert excuses.spells_own_tokens(case) is spells
