"""Completions of DeepSeek V3.1: bare calls, and reasoning that the prompt opens."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["DEEPSEEK_V3_1"]

END = "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so these tokens are spelled
OPEN, CLOSE = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"  # noqa: RUF001
CALL, SEP, DONE = (
    "<｜tool▁call▁begin｜>",  # noqa: RUF001
    "<｜tool▁sep｜>",  # noqa: RUF001
    "<｜tool▁call▁end｜>",  # noqa: RUF001
)
CLOSED: Told = ("end", END)
CUT: Told = ("end", None)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
SPREAD = '{\n  "port" : 1\n}'
NESTED = '{"ort": "Küste 海 🌊", "a": [1, {"b": null}], "c": "\\u00e9\\n</arg>"}'


def bare(name: str, arguments: str) -> str:
    return f"{CALL}{name}{SEP}{arguments}{DONE}"


def in_code(name: str, arguments: str) -> str:
    return f"{CALL}function{SEP}{name}\n```json\n{arguments}\n```{DONE}"


def _answer(text: str, content: str, issues: str = "", *events: Told) -> Case:
    told = events or (("content", content),)
    return Case(f"{text}{END}", [said(content)], issues, [START, *told, CLOSED])


def _thought(text: str, content: str, issues: str = "", *, reasoning: str = "Hm.") -> Case:
    told: list[Told] = [("reasoning", reasoning)] if reasoning else []
    return Case(
        f"{text}{END}",
        [said(content, reasoning=reasoning)],
        issues,
        [START, *told, ("content", content), CLOSED],
        thinking=True,
    )


def _one(text: str, issues: str = "", *, arguments: str = F[1]) -> Case:
    call = (F[0], arguments)
    return Case(f"{text}{END}", [said("", call)], issues, [START, *called(*call), CLOSED])


def _none(inside: str, issues: str, *events: Told) -> Case:
    """What is no call, and a call after it."""
    return Case(
        f"{OPEN}{inside}{bare(*G)}{CLOSE}{END}",
        [said("", G)],
        issues,
        [START, *events, *called(*G), CLOSED],
    )


_ONE, _TWO = bare(*F), bare(*G)

DEEPSEEK_V3_1: dict[str, Case] = {
    "an answer": _answer("Good.", "Good."),
    "nothing": Case(END, [said()], "", [START, CLOSED]),
    "cut off": Case("Goo", [said("Goo")], "open_message", [START, ("content", "Goo"), CUT]),
    "one": _one(f"{OPEN}{_ONE}{CLOSE}"),
    "several": Case(
        f"{OPEN}{_ONE}{_TWO}{CLOSE}{END}",
        [said("", F, G)],
        "",
        [START, *called(*F), *called(*G), CLOSED],
    ),
    "text before": Case(
        f"See.\n\n{OPEN}{_ONE}{CLOSE}{END}",
        [said("See.\n\n", F)],
        "",
        [START, ("content", "See.\n\n"), *called(*F), CLOSED],
    ),
    "unicode, nested and escaped": _one(f"{OPEN}{bare('tide', NESTED)}{CLOSE}", arguments=NESTED),
    "spread out": _one(f"{OPEN}{bare('tide', SPREAD)}{CLOSE}", arguments=SPREAD),
    "newlines between": Case(
        f"{OPEN}\n{_ONE}\n{CLOSE}\n{END}",
        [said("", F)],
        "unexpected_text unexpected_text unexpected_text",
        [START, ("stray", "\n"), *called(*F), ("stray", "\n\n"), CLOSED],
    ),
    "a newline after the name": Case(
        f"{OPEN}{CALL}tide\n{SEP}{F[1]}{DONE}{CLOSE}{END}",
        [said("", F)],
        "malformed_call",
        [START, ("stray", "\n"), *called(*F), CLOSED],
    ),
    "newlines around arguments": Case(
        f"{OPEN}{CALL}tide{SEP}\n{F[1]}\n{DONE}{CLOSE}{END}",
        [said("", F)],
        "malformed_call unexpected_text",
        [
            *(START, ("stray", "\n"), *called(*F)[:2], ("stray", "\n")),
            *(called(*F)[2], CLOSED),
        ],
    ),
    "a list": _none(
        f"{CALL}tide{SEP}[1]{DONE}",
        "malformed_call",
        ("abandoned", f"tide{SEP}[1]"),
    ),
    "a string": _none(
        f'{CALL}tide{SEP}"{{}}"{DONE}',
        "malformed_call",
        ("abandoned", f'tide{SEP}"{{}}"'),
    ),
    "single quotation marks": _none(
        f"{CALL}tide{SEP}{{'port': 'Kiel'}}{DONE}",
        "malformed_call",
        *(
            ("call", "tide", None),
            ("arguments", "{"),
            ("abandoned", f"tide{SEP}{{'port': 'Kiel'}}"),
        ),
    ),
    "no token after the name": _none(
        f"{CALL}tide{F[1]}{DONE}",
        "malformed_call",
        ("abandoned", f"tide{F[1]}"),
    ),
    "no name": Case(
        f"{OPEN}{CALL}{SEP}{F[1]}{DONE}{CLOSE}{END}",
        [said()],
        "unexpected_special malformed_call",
        [START, ("abandoned", f"{SEP}{F[1]}"), CLOSED],
    ),
    "as R1 calls": _none(
        in_code("f", F[1]),
        "malformed_call",
        ("abandoned", f"function{SEP}f\n```json\n{F[1]}\n```"),
    ),
    "arguments twice": Case(
        f"{OPEN}{CALL}tide{SEP}{F[1]}{F[1]}{DONE}{CLOSE}{END}",
        [said("", F)],
        "unexpected_text",
        [START, *called(*F)[:2], ("stray", F[1] + DONE), called(*F)[2], CLOSED],
    ),
    "no token before the first": _one(f"{_ONE}{CLOSE}", "unexpected_special"),
    "no token after the last": _one(f"{OPEN}{_ONE}", "unexpected_special"),
    "no calls": Case(
        f"{OPEN}{CLOSE}{END}",
        [said()],
        "unexpected_special unexpected_special",
        [START, ("stray", CLOSE), CLOSED],
    ),
    "text after": Case(
        f"{OPEN}{_ONE}{CLOSE}Done.{END}",
        [said("", F)],
        "unexpected_text",
        [START, *called(*F), ("stray", "Done."), CLOSED],
    ),
    "prose that spells tags": _answer(
        "<tool_call>{}</tool_call>\n```json\n{}\n```",
        "<tool_call>{}</tool_call>\n```json\n{}\n```",
    ),
    "cut off within a name": Case(
        f"{OPEN}{CALL}ti",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "ti"), CUT],
    ),
    "cut off within arguments": Case(
        f'{OPEN}{CALL}tide{SEP}{{"po',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"po')),
            *(("abandoned", f'tide{SEP}{{"po'), CUT),
        ],
    ),
    "cut off after a call": Case(
        f"{OPEN}{_ONE}", [said("", F)], "open_message", [START, *called(*F), CUT]
    ),
    "cut off before the end": Case(
        f"{OPEN}{_ONE}{CLOSE}", [said("", F)], "open_message", [START, *called(*F), CUT]
    ),
    "thinks though it should not": _answer(
        "<think>Hm.</think>Yes",
        "Hm.Yes",
        "unexpected_special unexpected_special",
        *(("stray", "<think>"), ("content", "Hm."), ("stray", "</think>"), ("content", "Yes")),
    ),
    "</think> alone": _answer(
        "</think>Yes", "Yes", "unexpected_special", ("stray", "</think>"), ("content", "Yes")
    ),
    "thinking": _thought("Hm.</think>Yes", "Yes"),
    "thinking with white space": _thought("Hm.\n</think>\n\nYes", "\n\nYes", reasoning="Hm.\n"),
    "no thinking": _thought("</think>Yes", "Yes", reasoning=""),
    "thinking, then calls": Case(
        f"Hm.</think>{OPEN}{_ONE}{CLOSE}{END}",
        [said("", F, reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), *called(*F), CLOSED],
        thinking=True,
    ),
    "calls within thinking": Case(
        f"Hm.{OPEN}{_ONE}{CLOSE}{END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), *called(*F), CLOSED],
        thinking=True,
    ),
    "ended within thinking": Case(
        f"Hm{END}",
        [said(reasoning="Hm")],
        "unexpected_special",
        [START, ("reasoning", "Hm"), CLOSED],
        thinking=True,
    ),
    "cut off within thinking": Case(
        "Hm",
        [said(reasoning="Hm")],
        "open_message",
        [START, ("reasoning", "Hm"), CUT],
        thinking=True,
    ),
    "thinking that is opened twice": Case(
        f"<think>Hm.</think>Yes{END}",
        [said("Yes", reasoning="Hm.")],
        "unexpected_special",
        [
            *(START, ("stray", "<think>"), ("reasoning", "Hm."), ("content", "Yes")),
            CLOSED,
        ],
        thinking=True,
    ),
}
