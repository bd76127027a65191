"""Completions of DeepSeek: calls in code (R1) and bare (V3.1), thinking that the prompt opens."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["DEEPSEEK_R1", "DEEPSEEK_V3_1"]

_END = "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so these tokens are spelled
_OPEN, _CLOSE = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"  # noqa: RUF001
_CALL, _SEP, _DONE = (
    "<｜tool▁call▁begin｜>",  # noqa: RUF001
    "<｜tool▁sep｜>",  # noqa: RUF001
    "<｜tool▁call▁end｜>",  # noqa: RUF001
)
_CLOSED: Told = ("end", _END)
_CUT: Told = ("end", None)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_SPREAD, _FENCED = '{\n  "port" : 1\n}', '{"a": "\\n```"}'
_NESTED = '{"ort": "Küste 海 🌊", "a": [1, {"b": null}], "c": "\\u00e9\\n</arg>"}'


def _bare(name: str, arguments: str) -> str:
    return f"{_CALL}{name}{_SEP}{arguments}{_DONE}"


def _in_code(name: str, arguments: str) -> str:
    return f"{_CALL}function{_SEP}{name}\n```json\n{arguments}\n```{_DONE}"


def _answer(text: str, content: str, issues: str = "", *events: Told) -> Case:
    told = events or (("content", content),)
    return Case(f"{text}{_END}", [said(content)], issues, [START, *told, _CLOSED])


def _thought(text: str, content: str, issues: str = "", *, reasoning: str = "Hm.") -> Case:
    told: list[Told] = [("reasoning", reasoning)] if reasoning else []
    return Case(
        f"{text}{_END}",
        [said(content, reasoning=reasoning)],
        issues,
        [START, *told, ("content", content), _CLOSED],
        thinking=True,
    )


def _one(text: str, issues: str = "", *, arguments: str = F[1]) -> Case:
    call = (F[0], arguments)
    return Case(f"{text}{_END}", [said("", call)], issues, [START, *called(*call), _CLOSED])


def _none(inside: str, issues: str, *events: Told) -> Case:
    """What is no call, and a call after it."""
    return Case(
        f"{_OPEN}{inside}{_bare(*G)}{_CLOSE}{_END}",
        [said("", G)],
        issues,
        [START, *events, *called(*G), _CLOSED],
    )


_ONE, _TWO = _bare(*F), _bare(*G)

DEEPSEEK_V3_1: dict[str, Case] = {
    "an answer": _answer("Good.", "Good."),
    "nothing": Case(_END, [said()], "", [START, _CLOSED]),
    "cut off": Case("Goo", [said("Goo")], "open_message", [START, ("content", "Goo"), _CUT]),
    "one": _one(f"{_OPEN}{_ONE}{_CLOSE}"),
    "several": Case(
        f"{_OPEN}{_ONE}{_TWO}{_CLOSE}{_END}",
        [said("", F, G)],
        "",
        [START, *called(*F), *called(*G), _CLOSED],
    ),
    "text before": Case(
        f"See.\n\n{_OPEN}{_ONE}{_CLOSE}{_END}",
        [said("See.\n\n", F)],
        "",
        [START, ("content", "See.\n\n"), *called(*F), _CLOSED],
    ),
    "unicode, nested and escaped": _one(
        f"{_OPEN}{_bare('tide', _NESTED)}{_CLOSE}", arguments=_NESTED
    ),
    "spread out": _one(f"{_OPEN}{_bare('tide', _SPREAD)}{_CLOSE}", arguments=_SPREAD),
    "newlines between": Case(
        f"{_OPEN}\n{_ONE}\n{_CLOSE}\n{_END}",
        [said("", F)],
        "unexpected_text unexpected_text unexpected_text",
        [START, ("stray", "\n"), *called(*F), ("stray", "\n\n"), _CLOSED],
    ),
    "a newline after the name": Case(
        f"{_OPEN}{_CALL}tide\n{_SEP}{F[1]}{_DONE}{_CLOSE}{_END}",
        [said("", F)],
        "malformed_call",
        [START, ("stray", "\n"), *called(*F), _CLOSED],
    ),
    "newlines around arguments": Case(
        f"{_OPEN}{_CALL}tide{_SEP}\n{F[1]}\n{_DONE}{_CLOSE}{_END}",
        [said("", F)],
        "malformed_call unexpected_text",
        [
            *(START, ("stray", "\n"), *called(*F)[:2], ("stray", "\n")),
            *(called(*F)[2], _CLOSED),
        ],
    ),
    "a list": _none(
        f"{_CALL}tide{_SEP}[1]{_DONE}",
        "malformed_call",
        ("abandoned", f"tide{_SEP}[1]"),
    ),
    "a string": _none(
        f'{_CALL}tide{_SEP}"{{}}"{_DONE}',
        "malformed_call",
        ("abandoned", f'tide{_SEP}"{{}}"'),
    ),
    "single quotation marks": _none(
        f"{_CALL}tide{_SEP}{{'port': 'Kiel'}}{_DONE}",
        "malformed_call",
        *(
            ("call", "tide", None),
            ("arguments", "{"),
            ("abandoned", f"tide{_SEP}{{'port': 'Kiel'}}"),
        ),
    ),
    "no token after the name": _none(
        f"{_CALL}tide{F[1]}{_DONE}",
        "malformed_call",
        ("abandoned", f"tide{F[1]}"),
    ),
    "no name": Case(
        f"{_OPEN}{_CALL}{_SEP}{F[1]}{_DONE}{_CLOSE}{_END}",
        [said()],
        "unexpected_special malformed_call",
        [START, ("abandoned", f"{_SEP}{F[1]}"), _CLOSED],
    ),
    "as R1 calls": _none(
        _in_code("f", F[1]),
        "malformed_call",
        ("abandoned", f"function{_SEP}f\n```json\n{F[1]}\n```"),
    ),
    "arguments twice": Case(
        f"{_OPEN}{_CALL}tide{_SEP}{F[1]}{F[1]}{_DONE}{_CLOSE}{_END}",
        [said("", F)],
        "unexpected_text",
        [START, *called(*F)[:2], ("stray", F[1] + _DONE), called(*F)[2], _CLOSED],
    ),
    "no token before the first": _one(f"{_ONE}{_CLOSE}", "unexpected_special"),
    "no token after the last": _one(f"{_OPEN}{_ONE}", "unexpected_special"),
    "no calls": Case(
        f"{_OPEN}{_CLOSE}{_END}",
        [said()],
        "unexpected_special unexpected_special",
        [START, ("stray", _CLOSE), _CLOSED],
    ),
    "text after": Case(
        f"{_OPEN}{_ONE}{_CLOSE}Done.{_END}",
        [said("", F)],
        "unexpected_text",
        [START, *called(*F), ("stray", "Done."), _CLOSED],
    ),
    "prose that spells tags": _answer(
        "<tool_call>{}</tool_call>\n```json\n{}\n```",
        "<tool_call>{}</tool_call>\n```json\n{}\n```",
    ),
    "cut off within a name": Case(
        f"{_OPEN}{_CALL}ti",
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", "ti"), _CUT],
    ),
    "cut off within arguments": Case(
        f'{_OPEN}{_CALL}tide{_SEP}{{"po',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"po')),
            *(("abandoned", f'tide{_SEP}{{"po'), _CUT),
        ],
    ),
    "cut off after a call": Case(
        f"{_OPEN}{_ONE}", [said("", F)], "open_message", [START, *called(*F), _CUT]
    ),
    "cut off before the end": Case(
        f"{_OPEN}{_ONE}{_CLOSE}", [said("", F)], "open_message", [START, *called(*F), _CUT]
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
        f"Hm.</think>{_OPEN}{_ONE}{_CLOSE}{_END}",
        [said("", F, reasoning="Hm.")],
        "",
        [START, ("reasoning", "Hm."), *called(*F), _CLOSED],
        thinking=True,
    ),
    "calls within thinking": Case(
        f"Hm.{_OPEN}{_ONE}{_CLOSE}{_END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), *called(*F), _CLOSED],
        thinking=True,
    ),
    "ended within thinking": Case(
        f"Hm{_END}",
        [said(reasoning="Hm")],
        "unexpected_special",
        [START, ("reasoning", "Hm"), _CLOSED],
        thinking=True,
    ),
    "cut off within thinking": Case(
        "Hm",
        [said(reasoning="Hm")],
        "open_message",
        [START, ("reasoning", "Hm"), _CUT],
        thinking=True,
    ),
    "thinking that is opened twice": Case(
        f"<think>Hm.</think>Yes{_END}",
        [said("Yes", reasoning="Hm.")],
        "unexpected_special",
        [
            *(START, ("stray", "<think>"), ("reasoning", "Hm."), ("content", "Yes")),
            _CLOSED,
        ],
        thinking=True,
    ),
}

_T = "Hm.\n</think>\n\n"
_HEARD: list[Told] = [START, ("reasoning", "Hm.")]


def _coded(text: str, *calls: tuple[str, str], issues: str = "") -> Case:
    """Thoughts, and calls after them."""
    return Case(
        f"{_T}{text}{_END}",
        [said("", *calls, reasoning="Hm.")],
        issues,
        [*_HEARD, *(event for call in calls for event in called(*call)), _CLOSED],
    )


def _garbled(inside: str, issues: str, *events: Told) -> Case:
    """What is no call, and a call after it."""
    return Case(
        f"{_T}{_OPEN}{inside}\n{_in_code(*G)}{_CLOSE}{_END}",
        [said("", G, reasoning="Hm.")],
        issues,
        [*_HEARD, *events, *called(*G), _CLOSED],
    )


def _read(text: str, issues: str = "", *, reasoning: str = "Hm.", content: str = "Yes") -> Case:
    return _thought(text, content, issues, reasoning=reasoning)._replace(thinking=None)


_FIRST, _SECOND = _in_code(*F), _in_code(*G)
_BEHIND = f"\n```{_DONE}"

DEEPSEEK_R1: dict[str, Case] = {
    "thinking": _read("Hm.\n</think>\n\nYes"),
    "empty thinking": _read("\n</think>\n\nYes", reasoning=""),
    "</think> alone": _read("</think>Yes", "unexpected_special malformed_header", reasoning=""),
    "no newlines": _read("Hm.</think>Yes", "unexpected_special malformed_header"),
    "one newline after </think>": _read("Hm.\n</think>\nYes", "malformed_header"),
    "three newlines": _read("Hm.\n</think>\n\n\nYes", content="\nYes"),
    "thinking that is opened twice": Case(
        f"<think>Hm.\n</think>\n\nYes{_END}",
        [said("Yes", reasoning="Hm.")],
        "unexpected_special",
        [
            *(START, ("stray", "<think>"), ("reasoning", "Hm."), ("content", "Yes")),
            _CLOSED,
        ],
    ),
    "a closing tag too many": Case(
        f"{_T}Good.</think>Bye{_END}",
        [said("Good.Bye", reasoning="Hm.")],
        "unexpected_special",
        [
            *(*_HEARD, ("content", "Good."), ("stray", "</think>"), ("content", "Bye")),
            _CLOSED,
        ],
    ),
    "cut off within thinking": Case(
        "Hm.\n", [said(reasoning="Hm.\n")], "open_message", [START, ("reasoning", "Hm.\n"), _CUT]
    ),
    "ended within thinking": Case(
        f"Hm.{_END}",
        [said(reasoning="Hm.")],
        "unexpected_special",
        [START, ("reasoning", "Hm."), _CLOSED],
    ),
    "cut off": Case(
        f"{_T}Goo",
        [said("Goo", reasoning="Hm.")],
        "open_message",
        [*_HEARD, ("content", "Goo"), _CUT],
    ),
    "one": _coded(f"{_OPEN}{_FIRST}{_CLOSE}", F),
    "several": _coded(f"{_OPEN}{_FIRST}\n{_SECOND}{_CLOSE}", F, G),
    "nothing between": _coded(
        f"{_OPEN}{_FIRST}{_SECOND}{_CLOSE}", F, G, issues="unexpected_special"
    ),
    "text before": Case(
        f"{_T}See.{_OPEN}{_FIRST}{_CLOSE}{_END}",
        [said("See.", F, reasoning="Hm.")],
        "",
        [*_HEARD, ("content", "See."), *called(*F), _CLOSED],
    ),
    "unicode, nested and escaped": _coded(
        f"{_OPEN}{_in_code('tide', _NESTED)}{_CLOSE}", ("tide", _NESTED)
    ),
    "a fence within a string": _coded(
        f"{_OPEN}{_in_code('tide', _FENCED)}{_CLOSE}", ("tide", _FENCED)
    ),
    "spread out": _coded(f"{_OPEN}{_in_code('tide', _SPREAD)}{_CLOSE}", ("tide", _SPREAD)),
    "no newline after arguments": _coded(
        f"{_OPEN}{_FIRST.removesuffix(_BEHIND)}```{_DONE}{_CLOSE}", F, issues="malformed_call"
    ),
    "the code is not closed": _coded(
        f"{_OPEN}{_FIRST.removesuffix(_BEHIND)}{_DONE}{_CLOSE}", F, issues="unexpected_special"
    ),
    "newlines around": Case(
        f"{_T}{_OPEN}\n{_FIRST}\n{_CLOSE}\n{_END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_text malformed_call unexpected_text",
        [*_HEARD, ("stray", "\n"), *called(*F), ("stray", "\n\n"), _CLOSED],
    ),
    "an empty line after arguments": Case(
        f"{_T}{_OPEN}{_FIRST.removesuffix(_BEHIND)}\n{_BEHIND}{_CLOSE}{_END}",
        [said("", F, reasoning="Hm.")],
        "malformed_call",
        [*_HEARD, *called(*F), ("stray", "\n"), _CLOSED],
    ),
    "calls within thinking": Case(
        f"Hm.{_OPEN}{_FIRST}{_CLOSE}{_END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_special",
        [*_HEARD, *called(*F), _CLOSED],
    ),
    "no code": _garbled(
        f"{_CALL}function{_SEP}tide\n{F[1]}{_DONE}",
        "malformed_call",
        ("abandoned", f"function{_SEP}tide\n{F[1]}"),
    ),
    "arguments that are no object": _garbled(
        f"{_CALL}function{_SEP}tide\n```json\n[1]\n```{_DONE}",
        "malformed_call",
        ("abandoned", f"function{_SEP}tide\n```json\n[1]\n```"),
    ),
    "malformed JSON": _garbled(
        f"{_CALL}function{_SEP}tide\n```json\n{{port: Kiel}}\n```{_DONE}",
        "malformed_call",
        *(("call", "tide", None), ("arguments", "{")),
        ("abandoned", f"function{_SEP}tide\n```json\n{{port: Kiel}}\n```"),
    ),
    "as V3.1 calls": _garbled(
        f"{_CALL}tide{_SEP}{F[1]}{_DONE}",
        "malformed_call malformed_call",
        ("abandoned", f"tide{_SEP}{F[1]}"),
    ),
    "no token before the first": _coded(f"{_FIRST}{_CLOSE}", F, issues="unexpected_special"),
    "no token after the last": _coded(f"{_OPEN}{_FIRST}", F, issues="unexpected_special"),
    "text after": Case(
        f"{_T}{_OPEN}{_FIRST}{_CLOSE}Done.{_END}",
        [said("", F, reasoning="Hm.")],
        "unexpected_text",
        [*_HEARD, *called(*F), ("stray", "Done."), _CLOSED],
    ),
    "cut off within a name": Case(
        f"{_T}{_OPEN}{_CALL}function{_SEP}ti",
        [said(reasoning="Hm.")],
        "open_message malformed_call",
        [*_HEARD, ("abandoned", f"function{_SEP}ti"), _CUT],
    ),
    "cut off within arguments": Case(
        f'{_T}{_OPEN}{_CALL}function{_SEP}tide\n```json\n{{"po',
        [said(reasoning="Hm.")],
        "open_message malformed_call",
        [
            *(*_HEARD, ("call", "tide", None), ("arguments", '{"po')),
            *(("abandoned", f'function{_SEP}tide\n```json\n{{"po'), _CUT),
        ],
    ),
    "cut off before the end of the code": Case(
        f"{_T}{_OPEN}{_FIRST.removesuffix(_BEHIND)}",
        [said("", F, reasoning="Hm.")],
        "open_message",
        [*_HEARD, *called(*F), _CUT],
    ),
    "cut off after a call": Case(
        f"{_T}{_OPEN}{_FIRST}",
        [said("", F, reasoning="Hm.")],
        "open_message",
        [*_HEARD, *called(*F), _CUT],
    ),
}
