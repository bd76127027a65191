"""Completions of Nemotron 3, Qwen 3.5, StepFun 3.5: reasoning, then calls with parameter tags."""

from __future__ import annotations

import json

from completions import START, Case, Told, called, said
from completions.parameters import ONE, TWO, F, G, Layout

__all__ = ["NEMOTRON_3", "QWEN_3_5", "STEPFUN_3_5"]

_UNEXPECTED = "unexpected_special"
_END: Told = ("end", "<|im_end|>")
_NEMOTRON = Layout("", "\n", "\n", "<|im_end|>", ("Hm.\n</think>\n", "Hm."))
_QWEN = Layout("", "\n", "", "<|im_end|>", ("Hm.\n</think>\n\n", "Hm."))
_STEPFUN = Layout("", "\n", "", "<|im_end|>", ("Hm.\n</think>\n", "Hm."))


def _answer(
    text: str,
    content: str,
    issues: str = "",
    *,
    reasoning: str = "Hm.",
    thinking: bool | None = None,
) -> Case:
    """Reasoning, what closes it, and an answer."""
    thought: list[Told] = [("reasoning", reasoning)] if reasoning else []
    message = said(content, reasoning=reasoning)
    events = [START, *thought, ("content", content), _END]
    return Case(f"{text}<|im_end|>", [message], issues, events, thinking)


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _reasoning(ends: str) -> dict[str, Case]:
    """Answers after reasoning; ``ends`` stands between them."""
    more = f"Hm.{ends}\nGood."
    return {
        "no reasoning": _answer(f"{ends}Good.", "Good.", reasoning=""),
        "reasoning of several lines": _answer(
            f"Hm.\n\n- one\n{ends}Good.", "Good.", reasoning="Hm.\n\n- one\n"
        ),
        "no newline before reasoning ends": _answer(f"Hm.{ends[1:]}Good.", "Good.", _UNEXPECTED),
        "no newline after the reasoning": _answer(
            f"Hm.{ends.rstrip()}Good.", "Good.", "malformed_header"
        ),
        "a newline more after the reasoning": _answer(more, "\nGood."),
        "reasoning that is opened once more": Case(
            f"<think>\nHm.{ends}Good.<|im_end|>",
            [said("Good.", reasoning="\nHm.")],
            _UNEXPECTED,
            [START, ("stray", "<think>"), ("reasoning", "\nHm."), ("content", "Good."), _END],
        ),
        "a second end of the reasoning": Case(
            f"Hm.{ends}Good.</think>Bye<|im_end|>",
            [said("Good.Bye", reasoning="Hm.")],
            _UNEXPECTED,
            [
                *(START, ("reasoning", "Hm."), ("content", "Good."), ("stray", "</think>")),
                *(("content", "Bye"), _END),
            ],
        ),
        "ended within reasoning": Case(
            "Hm.<|im_end|>",
            [said(reasoning="Hm.")],
            _UNEXPECTED,
            [START, ("reasoning", "Hm."), _END],
        ),
        "cut off within reasoning": Case(
            "Hm.\n</thi",
            [said(reasoning="Hm.\n</thi")],
            "open_message",
            [START, ("reasoning", "Hm.\n</thi"), ("end", None)],
        ),
        "cut off within the answer": Case(
            f"Hm.{ends}Goo",
            [said("Goo", reasoning="Hm.")],
            "open_message",
            [START, ("reasoning", "Hm."), ("content", "Goo"), ("end", None)],
        ),
    }


NEMOTRON_3 = _NEMOTRON.cases() | {
    "text before": _NEMOTRON.read(f"Let me see.\n{ONE}\n", F, content="Let me see."),
    "an empty line before": _NEMOTRON.read(f"Look:\n\n{ONE}\n", F, content="Look:\n"),
    "no newline after": _NEMOTRON.read(ONE, F, issues=_UNEXPECTED),
    "no reasoning": Case(
        "\n</think>\nGood.<|im_end|>",
        [said("Good.", reasoning="")],
        "",
        [START, ("content", "Good."), _END],
    ),
    "not to think": Case(
        "Good.<|im_end|>",
        [said("Good.")],
        "",
        [START, ("content", "Good."), _END],
        thinking=False,
    ),
    "not to think, and a newline": Case(
        "\nGood.<|im_end|>",
        [said("\nGood.")],
        "",
        [START, ("content", "\nGood."), _END],
        thinking=False,
    ),
    "not to think, and a call": Case(
        f"\n{ONE}\n<|im_end|>",
        [said("", F)],
        "",
        [START, *called(*F), _END],
        thinking=False,
    ),
    "not to think, and a call without a newline": Case(
        f"{ONE}\n<|im_end|>",
        [said("", F)],
        _UNEXPECTED,
        [START, *called(*F), _END],
        thinking=False,
    ),
    "not to think, text and a call": Case(
        f"See.\n{ONE}\n<|im_end|>",
        [said("See.", F)],
        "",
        [START, ("content", "See."), *called(*F), _END],
        thinking=False,
    ),
    "no newline before reasoning ends": Case(
        "Hm.</think>\nGood.<|im_end|>",
        [said("Good.", reasoning="Hm.")],
        _UNEXPECTED,
        [START, ("reasoning", "Hm."), ("content", "Good."), _END],
    ),
    "no newline after the reasoning": Case(
        "Hm.\n</think>Good.<|im_end|>",
        [said("Good.", reasoning="Hm.")],
        "malformed_header",
        [START, ("reasoning", "Hm."), ("content", "Good."), _END],
    ),
    "two newlines after the reasoning": Case(
        "Hm.\n</think>\n\nGood.<|im_end|>",
        [said("\nGood.", reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), ("content", "\nGood."), _END],
    ),
    "a call within reasoning": Case(
        f"Hm {ONE}<|im_end|>",
        [said("", F, reasoning="Hm ")],
        f"{_UNEXPECTED} {_UNEXPECTED}",
        [START, ("reasoning", "Hm "), *called(*F), _END],
    ),
    "cut off within reasoning": Case(
        "Hm.\n</thi",
        [said(reasoning="Hm.\n</thi")],
        "open_message",
        [START, ("reasoning", "Hm.\n</thi"), ("end", None)],
    ),
}


QWEN_3_5 = (
    _QWEN.cases()
    | _reasoning("\n</think>\n\n")
    | {
        "text before": _QWEN.read(f"Let me see.\n\n{ONE}", F, content="Let me see."),
        "one newline before": _QWEN.read(f"Look:\n{ONE}", F, content="Look:", issues=_UNEXPECTED),
        "nothing between": _QWEN.read(f"{ONE}{TWO}", F, G, issues=_UNEXPECTED),
        "text after": _QWEN.read(f"{ONE}\nDone.", F, stray="\nDone.", issues="malformed_call"),
        "not to think": _answer("Good.", "Good.", reasoning="", thinking=False),
        "not to think, and a call": Case(
            f"{ONE}<|im_end|>",
            [said("", F, reasoning="")],
            "",
            [START, *called(*F), _END],
            thinking=False,
        ),
        "a call within reasoning": Case(
            f"Hm {ONE}<|im_end|>",
            [said("", F, reasoning="Hm ")],
            _UNEXPECTED,
            [START, ("reasoning", "Hm "), *called(*F), _END],
        ),
        "one newline after the reasoning": _answer(
            "Hm.\n</think>\nGood.", "Good.", "malformed_header"
        ),
        "the text ends": Case(
            "Hm.\n</think>\n\nGood.<|endoftext|>",
            [said("Good.", reasoning="Hm.")],
            "unexpected_special open_message",
            [
                *(START, ("reasoning", "Hm."), ("content", "Good.")),
                *(("stray", "<|endoftext|>"), ("end", None)),
            ],
        ),
    }
)


def _strays(text: str, stray: str, issues: str, *calls: tuple[str, str], cut: bool = False) -> Case:
    """Something after a call, whose arguments are told to their end after that."""
    begun, whole = F[1][:-1], F[1]
    events: list[Told] = [("call", F[0], None), ("arguments", begun), ("stray", stray)]
    events += [("arguments", "}"), ("called", F[0], whole)]
    events += [event for call in calls for event in called(*call)]
    return Case(
        f"Hm.\n</think>\n{text}" + "<|im_end|>" * (not cut),
        [said("", F, *calls, reasoning="Hm.")],
        issues,
        [START, ("reasoning", "Hm."), *events, ("end", None) if cut else _END],
    )


_HEAD = "<tool_call>\n<function=tide>\n<parameter=port>\nKiel"
_WRONG = f"{_HEAD}\n</function>\n</tool_call>"
_INSIDE = "<tool_call>\n{}\n</tool_call>"
# Only the tags of its reasoning are tokens: what is in a call has to be exactly right.
STEPFUN_3_5 = (
    _STEPFUN.cases()
    | _reasoning("\n</think>\n")
    | {
        "several": _STEPFUN.read(ONE + TWO, F, G),
        "a newline between": _strays(f"{ONE}\n{TWO}", "\n", "malformed_call", G),
        "a newline after": _strays(f"{ONE}\n", "\n", "malformed_call"),
        "text after": _strays(f"{ONE}\nDone.", "\nDone.", "malformed_call malformed_call"),
        "text after, which is cut off": _strays(
            f"{ONE}Done", "Done", "malformed_call open_message", cut=True
        ),
        "text before": _STEPFUN.read(f"Let me see.\n{ONE}", F, content="Let me see.\n"),
        "not closed": _STEPFUN.none(
            ONE.removesuffix("\n</tool_call>"),
            ONE.removesuffix("\n</tool_call>"),
            _UNEXPECTED,
            begun='{"port": "Kiel"',
        ),
        "the function is not closed": _STEPFUN.none(
            f"{_HEAD}\n</parameter>\n</tool_call>",
            f"{_HEAD}\n</parameter>\n</tool_call>",
            "malformed_call",
            begun='{"port": "Kiel"',
        ),
        "the value is not closed, and another call": _STEPFUN.none(
            f"{_WRONG}{TWO}",
            f"{_WRONG}{TWO}",
            _UNEXPECTED,
            begun='{"port": ' + _json(f"{_WRONG}{TWO}".split("=port>\n")[1])[:-1],
        ),
        "another call begins within it": _STEPFUN.none(
            _HEAD + TWO,
            _HEAD + TWO,
            _UNEXPECTED,
            begun='{"port": ' + _json(f"Kiel{TWO}")[:-1],
        ),
        "a key twice": _STEPFUN.none(
            _STEPFUN.call("tide", ("a", "1"), ("a", "2")),
            _STEPFUN.call("tide", ("a", "1"), ("a", "2")),
            "malformed_call",
            begun='{"a": 1, "a": 2}',
        ),
        "JSON": _STEPFUN.read(
            _INSIDE.format('{"name": "tide"}'), content=_INSIDE.format('{"name": "tide"}')
        ),
        "a name in quotation marks": _STEPFUN.none(
            _INSIDE.format('<function="tide">\n</function>'),
            _INSIDE.format('<function="tide">\n</function>'),
            "malformed_header",
        ),
        "a call within reasoning is reasoning": Case(
            f"Hm {ONE}<|im_end|>",
            [said(reasoning=f"Hm {ONE}")],
            _UNEXPECTED,
            [START, ("reasoning", f"Hm {ONE}"), _END],
        ),
        "cut off within the first tags": Case(
            "Hm.\n</think>\n<tool_call>\n<func",
            [said("<tool_call>\n<func", reasoning="Hm.")],
            "open_message",
            [START, ("reasoning", "Hm."), ("content", "<tool_call>\n<func"), ("end", None)],
        ),
        "cut off before the end": Case(
            f"Hm.\n</think>\n{ONE}",
            [said("", F, reasoning="Hm.")],
            "open_message",
            [START, ("reasoning", "Hm."), *called(*F), ("end", None)],
        ),
    }
)
