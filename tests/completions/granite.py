"""Completions of Granite 3: calls in a list after ``<|tool_call|>``."""

from __future__ import annotations

from completions import START, Case, called, said

__all__ = ["GRANITE_3"]

_ENDED = ("end", "<|end_of_text|>")
_CUT = ("end", None)
ONE = '{"name": "tide", "arguments": {"port": "Kiel"}}'
TWO = '{"name": "wind", "arguments": {}}'
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_NESTED = '{"p": "\\u00e9 \U0001f30a", "q": [1, {"r": null}]}'


def _listed(inside: str, *calls: tuple[str, str], issues: str = "") -> Case:
    events = [event for call in calls for event in called(*call)]
    return Case(
        f"<|tool_call|>{inside}<|end_of_text|>",
        [said("", *calls)],
        issues,
        [START, *events, _ENDED],
    )


GRANITE_3: dict[str, Case] = {
    "an answer": Case(
        "Good.<|end_of_text|>", [said("Good.")], "", [START, ("content", "Good."), _ENDED]
    ),
    "a call": _listed(f"[{ONE}]", F),
    "two calls": _listed(f"[{ONE}, {TWO}]", F, G),
    "no space after the comma": _listed(f"[{ONE},{TWO}]", F, G, issues="malformed_call"),
    "text before": Case(
        f"Let me see.<|tool_call|>[{ONE}]<|end_of_text|>",
        [said("Let me see.", F)],
        "",
        [START, ("content", "Let me see."), *called(*F), _ENDED],
    ),
    "keys exchanged": _listed('[{"arguments": {"port": "Kiel"}, "name": "tide"}]', F),
    "arguments in a string": _listed('[{"name": "wind", "arguments": "{}"}]', G),
    "unicode and nesting": _listed(
        f'[{{"name": "tide", "arguments": {_NESTED}}}]', ("tide", _NESTED)
    ),
    "another key": _listed(
        '[{"name": "wind", "arguments": {}, "id": "x"}]', G, issues="malformed_call"
    ),
    "white space within the list": Case(
        f"<|tool_call|>[ {ONE} ]<|end_of_text|>",
        [said("", F)],
        "malformed_header malformed_call",
        [
            *(START, ("stray", " "), *called(*F)[:2]),
            *(("stray", " "), called(*F)[2], _ENDED),
        ],
    ),
    "lines around the list": Case(
        f"<|tool_call|>\n[{ONE}]\n<|end_of_text|>",
        [said("", F)],
        "malformed_header malformed_header",
        [START, ("stray", "\n"), *called(*F), ("stray", "\n"), _ENDED],
    ),
    "no list": _listed(ONE, F, issues="malformed_header unexpected_special"),
    "a list that is not closed": _listed(f"[{ONE}", F, issues="unexpected_special"),
    "an empty list": Case(
        "<|tool_call|>[]<|end_of_text|>",
        [said()],
        "malformed_header",
        [START, ("stray", "[]"), _ENDED],
    ),
    "no call": Case(
        "<|tool_call|>[None]<|end_of_text|>",
        [said()],
        "malformed_header",
        [START, ("stray", "[None]"), _ENDED],
    ),
    "cut off within a call": Case(
        '<|tool_call|>[{"name": "tide", "arguments": {"port": "Ki',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"port": "Ki')),
            *(("abandoned", '{"name": "tide", "arguments": {"port": "Ki'), _CUT),
        ],
    ),
    "cut off after the list": Case(
        f"<|tool_call|>[{ONE}]", [said("", F)], "open_message", [START, *called(*F), _CUT]
    ),
    "text after": Case(
        f"<|tool_call|>[{ONE}] Good.<|end_of_text|>",
        [said("", F)],
        "malformed_header malformed_header",
        [START, *called(*F), ("stray", " Good."), _ENDED],
    ),
    "prose that spells a tag": Case(
        f"<tool_call>{ONE}<|end_of_text|>",
        [said(f"<tool_call>{ONE}")],
        "",
        [START, ("content", f"<tool_call>{ONE}"), _ENDED],
    ),
}
