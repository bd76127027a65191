"""Completions of DeepSeek R1, whose calls have blocks of code, and of V3, which does not think."""

from __future__ import annotations

from completions import START, Case, Told, called, said
from completions.deepseek import (
    CALL,
    CLOSE,
    CLOSED,
    CUT,
    DONE,
    END,
    NESTED,
    OPEN,
    SEP,
    SPREAD,
    F,
    G,
    in_code,
)

__all__ = ["DEEPSEEK_R1", "DEEPSEEK_V3"]

_FENCED = '{"a": "\\n```"}'
_FIRST, _SECOND = in_code(*F), in_code(*G)
_BEHIND = f"\n```{DONE}"


def _calls(before: str, reasoning: str | None) -> dict[str, Case]:
    """Calls, and what stands before them: reasoning, or nothing."""
    heard: list[Told] = [START, *([("reasoning", reasoning)] if reasoning else [])]

    def coded(text: str, *calls: tuple[str, str], issues: str = "") -> Case:
        return Case(
            f"{before}{text}{END}",
            [said("", *calls, reasoning=reasoning)],
            issues,
            [*heard, *(event for call in calls for event in called(*call)), CLOSED],
        )

    def garbled(inside: str, issues: str, *events: Told) -> Case:
        """What is no call, and a call after it."""
        return Case(
            f"{before}{OPEN}{inside}\n{in_code(*G)}{CLOSE}{END}",
            [said("", G, reasoning=reasoning)],
            issues,
            [*heard, *events, *called(*G), CLOSED],
        )

    return {
        "one": coded(f"{OPEN}{_FIRST}{CLOSE}", F),
        "several": coded(f"{OPEN}{_FIRST}\n{_SECOND}{CLOSE}", F, G),
        "nothing between": coded(
            f"{OPEN}{_FIRST}{_SECOND}{CLOSE}", F, G, issues="unexpected_special"
        ),
        "text before": Case(
            f"{before}See.{OPEN}{_FIRST}{CLOSE}{END}",
            [said("See.", F, reasoning=reasoning)],
            "",
            [*heard, ("content", "See."), *called(*F), CLOSED],
        ),
        "unicode, nested and escaped": coded(
            f"{OPEN}{in_code('tide', NESTED)}{CLOSE}", ("tide", NESTED)
        ),
        "a fence within a string": coded(
            f"{OPEN}{in_code('tide', _FENCED)}{CLOSE}", ("tide", _FENCED)
        ),
        "spread out": coded(f"{OPEN}{in_code('tide', SPREAD)}{CLOSE}", ("tide", SPREAD)),
        "no newline after arguments": coded(
            f"{OPEN}{_FIRST.removesuffix(_BEHIND)}```{DONE}{CLOSE}", F, issues="malformed_call"
        ),
        "the code is not closed": coded(
            f"{OPEN}{_FIRST.removesuffix(_BEHIND)}{DONE}{CLOSE}", F, issues="unexpected_special"
        ),
        "newlines around": Case(
            f"{before}{OPEN}\n{_FIRST}\n{CLOSE}\n{END}",
            [said("", F, reasoning=reasoning)],
            "unexpected_text malformed_call unexpected_text",
            [*heard, ("stray", "\n"), *called(*F), ("stray", "\n\n"), CLOSED],
        ),
        "an empty line after arguments": Case(
            f"{before}{OPEN}{_FIRST.removesuffix(_BEHIND)}\n{_BEHIND}{CLOSE}{END}",
            [said("", F, reasoning=reasoning)],
            "malformed_call",
            [*heard, *called(*F), ("stray", "\n"), CLOSED],
        ),
        "no code": garbled(
            f"{CALL}function{SEP}tide\n{F[1]}{DONE}",
            "malformed_call",
            ("abandoned", f"function{SEP}tide\n{F[1]}"),
        ),
        "arguments that are no object": garbled(
            f"{CALL}function{SEP}tide\n```json\n[1]\n```{DONE}",
            "malformed_call",
            ("abandoned", f"function{SEP}tide\n```json\n[1]\n```"),
        ),
        "malformed JSON": garbled(
            f"{CALL}function{SEP}tide\n```json\n{{port: Kiel}}\n```{DONE}",
            "malformed_call",
            *(("call", "tide", None), ("arguments", "{")),
            ("abandoned", f"function{SEP}tide\n```json\n{{port: Kiel}}\n```"),
        ),
        "as V3.1 calls": garbled(
            f"{CALL}tide{SEP}{F[1]}{DONE}",
            "malformed_call malformed_call",
            ("abandoned", f"tide{SEP}{F[1]}"),
        ),
        "no token before the first": coded(f"{_FIRST}{CLOSE}", F, issues="unexpected_special"),
        "no token after the last": coded(f"{OPEN}{_FIRST}", F, issues="unexpected_special"),
        "text after": Case(
            f"{before}{OPEN}{_FIRST}{CLOSE}Done.{END}",
            [said("", F, reasoning=reasoning)],
            "unexpected_text",
            [*heard, *called(*F), ("stray", "Done."), CLOSED],
        ),
        "cut off within a name": Case(
            f"{before}{OPEN}{CALL}function{SEP}ti",
            [said(reasoning=reasoning)],
            "open_message malformed_call",
            [*heard, ("abandoned", f"function{SEP}ti"), CUT],
        ),
        "cut off within arguments": Case(
            f'{before}{OPEN}{CALL}function{SEP}tide\n```json\n{{"po',
            [said(reasoning=reasoning)],
            "open_message malformed_call",
            [
                *(*heard, ("call", "tide", None), ("arguments", '{"po')),
                *(("abandoned", f'function{SEP}tide\n```json\n{{"po'), CUT),
            ],
        ),
        "cut off before the end of the code": Case(
            f"{before}{OPEN}{_FIRST.removesuffix(_BEHIND)}",
            [said("", F, reasoning=reasoning)],
            "open_message",
            [*heard, *called(*F), CUT],
        ),
        "cut off after a call": Case(
            f"{before}{OPEN}{_FIRST}",
            [said("", F, reasoning=reasoning)],
            "open_message",
            [*heard, *called(*F), CUT],
        ),
    }


_T = "Hm.\n</think>\n\n"
_HEARD: list[Told] = [START, ("reasoning", "Hm.")]


def _read(text: str, issues: str = "", *, reasoning: str = "Hm.", content: str = "Yes") -> Case:
    told: list[Told] = [("reasoning", reasoning)] if reasoning else []
    message = said(content, reasoning=reasoning)
    return Case(f"{text}{END}", [message], issues, [START, *told, ("content", content), CLOSED])


DEEPSEEK_R1 = _calls(_T, "Hm.") | {
    "thinking": _read("Hm.\n</think>\n\nYes"),
    "empty thinking": _read("\n</think>\n\nYes", reasoning=""),
    "</think> alone": _read("</think>Yes", "unexpected_special malformed_header", reasoning=""),
    "no newlines": _read("Hm.</think>Yes", "unexpected_special malformed_header"),
    "one newline after </think>": _read("Hm.\n</think>\nYes", "malformed_header"),
    "three newlines": _read("Hm.\n</think>\n\n\nYes", content="\nYes"),
    "thinking that is opened twice": Case(
        f"<think>Hm.\n</think>\n\nYes{END}",
        [said("Yes", reasoning="Hm.")],
        "unexpected_special",
        [
            *(START, ("stray", "<think>"), ("reasoning", "Hm."), ("content", "Yes")),
            CLOSED,
        ],
    ),
    "a closing tag too many": Case(
        f"{_T}Good.</think>Bye{END}",
        [said("Good.Bye", reasoning="Hm.")],
        "unexpected_special",
        [
            *(*_HEARD, ("content", "Good."), ("stray", "</think>"), ("content", "Bye")),
            CLOSED,
        ],
    ),
    "cut off within thinking": Case(
        "Hm.\n", [said(reasoning="Hm.\n")], "open_message", [START, ("reasoning", "Hm.\n"), CUT]
    ),
    "ended within thinking": Case(
        f"Hm.{END}",
        [said(reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), CLOSED],
    ),
    "cut off": Case(
        f"{_T}Goo",
        [said("Goo", reasoning="Hm.")],
        "open_message",
        [*_HEARD, ("content", "Goo"), CUT],
    ),
    "calls within thinking": Case(
        f"Hm.{OPEN}{_FIRST}{CLOSE}{END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_special",
        [*_HEARD, *called(*F), CLOSED],
    ),
}

DEEPSEEK_V3 = _calls("", None) | {
    "an answer": Case(f"Good.{END}", [said("Good.")], "", [START, ("content", "Good."), CLOSED]),
    "nothing": Case(END, [said()], "", [START, CLOSED]),
    "cut off": Case("Goo", [said("Goo")], "open_message", [START, ("content", "Goo"), CUT]),
    "reasoning is text": Case(
        f"<think>Hm.</think>\n\nYes{END}",
        [said("<think>Hm.</think>\n\nYes")],
        "",
        [START, ("content", "<think>Hm.</think>\n\nYes"), CLOSED],
    ),
    "prose that spells tags": Case(
        f"<tool_call>{{}}</tool_call>\n```json\n{{}}\n```{END}",
        [said("<tool_call>{}</tool_call>\n```json\n{}\n```")],
        "",
        [START, ("content", "<tool_call>{}</tool_call>\n```json\n{}\n```"), CLOSED],
    ),
    "text and newlines before": Case(
        f"See.\n\n{OPEN}{_FIRST}{CLOSE}{END}",
        [said("See.\n\n", F)],
        "",
        [START, ("content", "See.\n\n"), *called(*F), CLOSED],
    ),
}
