"""Completions of Ling: calls whose tags are text, at the beginning of a line."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["LING"]

_END = "<|role_end|>"
_CLOSED: Told = ("end", _END)
_CUT: Told = ("end", None)
_HEARD: list[Told] = [START, ("reasoning", "Hm.")]
_BEGUN: Told = ("call", "tide", None)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")


def _call(name: str, *arguments: tuple[str, str]) -> str:
    inside = (
        f"<arg_key>{key}</arg_key>\n<arg_value>{value}</arg_value>" for key, value in arguments
    )
    return f"<tool_call>{name}\n{''.join(inside)}\n</tool_call>"


ONE, TWO = _call("tide", ("port", "Kiel")), _call("wind")
_VALUES = (
    *(("n", "2"), ("q", '"2"'), ("o", '{"d": [1, null]}'), ("u", "Küste 🌊"), ("e", "")),
    *(("w", "\n x "), ("t", "true"), ("f", "1.50"), ("l", "</think"), ("p", "True")),
)
_READ = (
    '{"n": 2, "q": "\\"2\\"", "o": {"d": [1, null]}, "u": "Küste 🌊", "e": "", '
    '"w": "\\n x ", "t": true, "f": 1.50, "l": "</think", "p": "True"}'
)


def _read(
    text: str, *calls: tuple[str, str], content: str = "", issues: str = "", end: str = _END
) -> Case:
    told: list[Told] = [("content", content)] if content else []
    told += [event for call in calls for event in called(*call)]
    return Case(
        f"Hm.</think>{text}{end}",
        [said(content, *calls, reasoning="Hm.")],
        issues,
        [*_HEARD, *told, ("end", end or None)],
    )


def _text(text: str) -> Case:
    return _read(text, content=text)


def _none(text: str, issues: str, *events: Told, end: str = _END) -> Case:
    return Case(
        f"Hm.</think>{text}{end}",
        [said(reasoning="Hm.")],
        issues,
        [*_HEARD, *events, ("end", end or None)],
    )


def _unfinished(text: str, *events: Told) -> Case:
    return _none(text, "open_message malformed_call", *events, ("abandoned", text), end="")


def _given_up(text: str, issue: str = "unexpected_special", *, begun: str = F[1][:-1]) -> Case:
    """A call with something wrong after its value: it is given up with all its text."""
    return _none(text, issue, _BEGUN, ("arguments", begun), ("abandoned", text))


def _followed(text: str, stray: str, issue: str) -> Case:
    """A call and what stands after it, before which its arguments are not told to their end."""
    begun, whole = F[1][:-1], F[1]
    told = _BEGUN, ("arguments", begun), ("stray", stray), ("arguments", "}")
    return Case(
        f"Hm.</think>{text}{_END}",
        [said("", F, reasoning="Hm.")],
        issue,
        [*_HEARD, *told, ("called", F[0], whole), _CLOSED],
    )


LING: dict[str, Case] = {
    "an answer": _text("Good."),
    "an answer after newlines": _text("\n\nGood."),
    "one": _read(ONE, F),
    "several": _read(f"{ONE}\n{TWO}", F, G),
    "text before": _read(f"See.\n{ONE}", F, content="See."),
    "an empty line before": _read(f"See.\n\n{ONE}", F, content="See.\n"),
    "no arguments": _read(TWO, G),
    "values of each kind": _read(_call("tide", *_VALUES), ("tide", _READ)),
    "a value of several lines": _read(
        _call("tide", ("port", "Kiel\n<tool_call>\n")),
        ("tide", '{"port": "Kiel\\n<tool_call>\\n"}'),
    ),
    "prose that spells the tag": _text("Write <tool_call>wind and </tool_call>."),
    "empty thinking": Case(
        f"</think>Good.{_END}",
        [said("Good.", reasoning="")],
        "",
        [START, ("content", "Good."), _CLOSED],
    ),
    "no thinking": Case(
        ONE + _END,
        [said("", F, reasoning="")],
        "",
        [START, *called(*F), _CLOSED],
        thinking=False,
    ),
    "a call within thinking is reasoning": Case(
        f"Hm.\n{ONE}{_END}",
        [said(reasoning=f"Hm.\n{ONE}")],
        "unexpected_special",
        [START, ("reasoning", f"Hm.\n{ONE}"), _CLOSED],
    ),
    "a newline between arguments": _given_up(
        _call("tide", ("a", "1"), ("b", "2")).replace("><arg_key", ">\n<arg_key"),
        "malformed_call",
        begun='{"a": 1',
    ),
    "one newline where there are no arguments": _none(
        "<tool_call>wind\n</tool_call>",
        "malformed_call",
        ("call", "wind", None),
        ("abandoned", "<tool_call>wind\n</tool_call>"),
    ),
    "nothing between": _read(f"{ONE}{TWO}", F, G, issues="malformed_call"),
    "a newline after": _followed(f"{ONE}\n", "\n", "unexpected_special"),
    "text right after": _followed(f"{ONE}Done.", "Done.", "malformed_call"),
    "text after": _given_up(f"{ONE}\nDone.", "malformed_call"),
    "not closed": _given_up(ONE.removesuffix("\n</tool_call>")),
    "as Qwen calls": _none(
        '<tool_call>\n{"name": "tide", "arguments": {}}\n</tool_call>',
        "malformed_call malformed_call",
        ("stray", "\n"),
        ("abandoned", '<tool_call>{"name": "tide", "arguments": {}}\n</tool_call>'),
    ),
    "cut off within thinking": Case(
        "Hm.", [said(reasoning="Hm.")], "open_message", [*_HEARD, _CUT]
    ),
    "cut off within a name": _unfinished("<tool_call>ti"),
    "cut off within a key": _unfinished("<tool_call>tide\n<arg_key>po", _BEGUN),
    "cut off within a value": _unfinished(
        "<tool_call>tide\n<arg_key>port</arg_key>\n<arg_value>Ki",
        *(_BEGUN, ("arguments", '{"port": "Ki')),
    ),
    "cut off after a value": _unfinished(
        ONE.removesuffix("\n</tool_call>"), _BEGUN, ("arguments", F[1][:-1])
    ),
    "cut off before the end": _read(ONE, F, issues="open_message", end=""),
}
