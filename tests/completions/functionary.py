"""Completions of Functionary 3.1: calls between tags that are text, named in the first."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["FUNCTIONARY"]

_EOM = "<|eom_id|>"
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_NESTED = '{"q": {"r": [1, null]}, "s": "Küste 海 🌊\\n\\u00e9 </function>"}'


def _call(name: str, arguments: str) -> str:
    return f"<function={name}>{arguments}</function>"


ONE, TWO = _call(*F), _call(*G)


def _read(
    text: str, *calls: tuple[str, str], end: str = _EOM, content: str = "", issues: str = ""
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    closed = "end", end or None
    return Case(text + end, [said(content, *calls)], issues, [START, *events, closed])


def _none(text: str, issues: str, *events: Told, end: str = _EOM) -> Case:
    return Case(
        text + end,
        [said()],
        issues,
        [START, *events, ("abandoned", text), ("end", end or None)],
    )


_BEGUN: Told = ("call", "tide", None)

FUNCTIONARY: dict[str, Case] = {
    "an answer": _read("Good.", content="Good.", end="<|eot_id|>"),
    "one": _read(ONE, F),
    "several": _read(ONE + TWO, F, G),
    "text before": _read(f"Let me see.\n{ONE}", F, content="Let me see.\n"),
    "no arguments": _read(TWO, G),
    "unicode, nesting and the tag": _read(_call("tide", _NESTED), ("tide", _NESTED)),
    "white space in the arguments": _read(
        _call("tide", '{ "port":\n"Kiel" }'), ("tide", '{ "port":\n"Kiel" }')
    ),
    "prose that spells other tags": _read(
        "Write <function> and </function>.",
        content="Write <function> and </function>.",
        end="<|eot_id|>",
    ),
    "as an answer ends": _read(ONE, F, end="<|eot_id|>"),
    "several, which end as an answer": _read(ONE + TWO, F, G, end="<|eot_id|>"),
    "a newline between": Case(
        f"{ONE}\n{TWO}{_EOM}",
        [said("", F, G)],
        "malformed_call",
        [START, *called(*F), ("stray", "\n"), *called(*G), ("end", _EOM)],
    ),
    "text after": Case(
        f"{ONE}\nDone.{_EOM}",
        [said("", F)],
        "malformed_call malformed_call",
        [START, *called(*F), ("stray", "\nDone."), ("end", _EOM)],
    ),
    "not closed": _read(ONE.removesuffix("</function>"), F, issues="unexpected_special"),
    "no object": _none(_call("tide", '"Kiel"'), "malformed_call"),
    "a comma too many": _none(
        _call("tide", '{"port": "Kiel",}'),
        "malformed_call",
        *(_BEGUN, ("arguments", '{"port": "Kiel",')),
    ),
    "no name": _none("<function={}</function>", "malformed_header"),
    "cut off within the name": _none("<function=ti", "open_message malformed_call", end=""),
    "cut off within the arguments": _none(
        '<function=tide>{"port": "Ki',
        "open_message malformed_call",
        *(_BEGUN, ("arguments", '{"port": "Ki')),
        end="",
    ),
    "cut off before the last tag": _read(
        ONE.removesuffix("</function>"), F, issues="open_message", end=""
    ),
    "cut off before the end": _read(ONE, F, issues="open_message", end=""),
}
