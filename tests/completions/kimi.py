"""Completions of Kimi K2: the name of a tool is in the id of its call."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["KIMI"]

_OPEN, _CLOSE = "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"
_END = "<|im_end|>"
_CLOSED: Told = ("end", _END)
F = ("tide", '{"port": "Kiel"}', "functions.tide:0")
G = ("wind", "{}", "functions.wind:1")


def _item(identifier: str, arguments: str) -> str:
    return (
        f"<|tool_call_begin|>{identifier}<|tool_call_argument_begin|>{arguments}<|tool_call_end|>"
    )


_BAD = "call_1<|tool_call_argument_begin|>{}"
ONE, TWO = _item(F[2], F[1]), _item(G[2], G[1])


def _one(text: str, issues: str = "", *, arguments: str = F[1], before: str = "") -> Case:
    call = (F[0], arguments, F[2])
    said_before: list[Told] = [("content", before)] if before else []
    return Case(text, [said(before, call)], issues, [START, *said_before, *called(*call), _CLOSED])


def _none(text: str, abandoned: str, issues: str = "malformed_call") -> Case:
    return Case(text, [said()], issues, [START, ("abandoned", abandoned), _CLOSED])


KIMI: dict[str, Case] = {
    "an answer": Case(f"Good.{_END}", [said("Good.")], "", [START, ("content", "Good."), _CLOSED]),
    "one": _one(f"{_OPEN}{ONE}{_CLOSE}{_END}"),
    "several": Case(
        f"{_OPEN}{ONE}{TWO}{_CLOSE}{_END}",
        [said("", F, G)],
        "",
        [START, *called(*F), *called(*G), _CLOSED],
    ),
    "text before": _one(f"Let me see.{_OPEN}{ONE}{_CLOSE}{_END}", before="Let me see."),
    "unicode": _one(
        _OPEN + _item(F[2], '{"ort": "Küste 🌊"}') + _CLOSE + _END,
        arguments='{"ort": "Küste 🌊"}',
    ),
    "nested and compact": _one(
        _OPEN + _item(F[2], '{"a":[{"b":{}}]}') + _CLOSE + _END, arguments='{"a":[{"b":{}}]}'
    ),
    "malformed JSON keeps its text": _one(
        _OPEN + _item(F[2], "{port: Kiel") + _CLOSE + _END, arguments="{port: Kiel"
    ),
    "newlines between": Case(
        f"{_OPEN}\n{ONE}\n{_CLOSE}{_END}",
        [said("", F)],
        "unexpected_text unexpected_text",
        [START, ("stray", "\n"), *called(*F), ("stray", "\n"), _CLOSED],
    ),
    "white space around an id": Case(
        f"{_OPEN}{_item(f' {F[2]} ', '{}')}{_CLOSE}{_END}",
        [said("", ("tide", "{}", F[2]))],
        "malformed_call malformed_call",
        [START, ("stray", "  "), *called("tide", "{}", F[2]), _CLOSED],
    ),
    "an id of another shape": _none(f"{_OPEN}{_item('call_1', '{}')}{_CLOSE}{_END}", _BAD),
    "an id of another shape among others": Case(
        f"{_OPEN}{ONE}{_item('call_1', '{}')}{TWO}{_CLOSE}{_END}",
        [said("", F, G)],
        "malformed_call",
        [START, *called(*F), ("abandoned", _BAD), *called(*G), _CLOSED],
    ),
    "no token between id and arguments": Case(
        f"{_OPEN}<|tool_call_begin|>{F[2]}{{}}<|tool_call_end|>{_CLOSE}{_END}",
        [said()],
        "malformed_call",
        [START, ("abandoned", F[2] + "{}"), _CLOSED],
    ),
    "no token before the first": _one(f"{ONE}{_CLOSE}{_END}", "unexpected_special"),
    "no token after the last": _one(f"{_OPEN}{ONE}{_END}", "unexpected_special"),
    "text after": Case(
        f"{_OPEN}{ONE}{_CLOSE}Done.{_END}",
        [said("", F)],
        "unexpected_text",
        [START, *called(*F), ("stray", "Done."), _CLOSED],
    ),
    "no calls": Case(
        f"{_OPEN}{_CLOSE}{_END}",
        [said()],
        "unexpected_special unexpected_special",
        [START, ("stray", _CLOSE), _CLOSED],
    ),
    "cut off within a name": Case(
        f"{_OPEN}<|tool_call_begin|>functions.ti",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "functions.ti"), ("end", None)],
    ),
    "cut off within arguments": Case(
        f'{_OPEN}<|tool_call_begin|>{F[2]}<|tool_call_argument_begin|>{{"po',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", F[2]), ("arguments", '{"po')),
            *(("abandoned", f'{F[2]}<|tool_call_argument_begin|>{{"po'), ("end", None)),
        ],
    ),
    "cut off before the end": Case(
        f"{_OPEN}{ONE}", [said("", F)], "open_message", [START, *called(*F), ("end", None)]
    ),
}
