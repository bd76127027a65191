"""Completions of Spark 2.5: arguments one by one, between tags that are text."""

from __future__ import annotations

from completions import START, Case, Told, called, said
from completions.glm import READ, VALUES

__all__ = ["SPARK_2_5"]

_END = "<｜end▁of▁sentence｜>"  # noqa: RUF001 - so it is spelled
_HEARD: list[Told] = [START, ("reasoning", "Hm.")]
_BEGUN: Told = ("call", "tide", None)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")


def _call(name: str, *arguments: tuple[str, str]) -> str:
    inside = (f"<arg_key>{k}</arg_key><arg_value>{v}</arg_value>" for k, v in arguments)
    return f"<tool_call>{name}{''.join(inside)}</tool_call>"


ONE, TWO = _call("tide", ("port", "Kiel")), _call("wind")
_TWICE, _BOTH = (_call("tide", ("a", "1"), (key, "2")) for key in "ab")


def _read(
    text: str, *calls: tuple[str, str], content: str = "", issues: str = "", cut: bool = False
) -> Case:
    told: list[Told] = [("content", content)] if content else []
    told += [event for call in calls for event in called(*call)]
    return Case(
        f"Hm.</think>{text}" + _END * (not cut),
        [said(content, *calls, reasoning="Hm.")],
        issues,
        [*_HEARD, *told, ("end", None if cut else _END)],
    )


def _followed(text: str, stray: str, issues: str, *calls: tuple[str, str]) -> Case:
    """A call and what stands after it, before which its arguments are not told to their end."""
    told = [_BEGUN, ("arguments", F[1][:-1]), ("stray", stray), ("arguments", "}")]
    told += [("called", *F), *(event for call in calls for event in called(*call))]
    message = said("", F, *calls, reasoning="Hm.")
    return Case(f"Hm.</think>{text}{_END}", [message], issues, [*_HEARD, *told, ("end", _END)])


def _none(
    text: str, issues: str, begun: str | None = None, *, content: str = "", cut: bool = False
) -> Case:
    """A call that is given up with all its text; ``begun`` is what had come as its arguments."""
    told: list[Told] = [("content", content)] if content else []
    told += [] if begun is None else [_BEGUN]
    told += [("arguments", begun)] if begun else []
    return Case(
        f"Hm.</think>{content}{text}" + _END * (not cut),
        [said(content, reasoning="Hm.")],
        issues,
        [*_HEARD, *told, ("abandoned", text), ("end", None if cut else _END)],
    )


def _thought(text: str, reasoning: str, content: str = "", issues: str = "") -> Case:
    told: list[Told] = [("reasoning", reasoning)] if reasoning else []
    told += [("content", content)] if content else []
    message = said(content, reasoning=reasoning)
    return Case(text + _END, [message], issues, [START, *told, ("end", _END)])


_CUT, _UNEXPECTED, _MALFORMED = (
    "open_message malformed_call",
    "unexpected_special",
    "malformed_call",
)

SPARK_2_5: dict[str, Case] = {
    "an answer": _read("Good.", content="Good."),
    "an answer after newlines": _read("\n\nGood.", content="\n\nGood."),
    "one": _read(ONE, F),
    "several": _read(ONE + TWO, F, G),
    "text before": _read(f"See.\n{ONE}", F, content="See.\n"),
    "no arguments": _read(TWO, G),
    "values of each kind": _read(_call("tide", *VALUES), ("tide", READ)),
    "a newline between calls": _followed(f"{ONE}\n{TWO}", "\n", _MALFORMED, G),
    "a newline after": _followed(f"{ONE}\n", "\n", _MALFORMED),
    "text after": _followed(f"{ONE}\nDone.", "\nDone.", f"{_MALFORMED} {_MALFORMED}"),
    "a newline between arguments": Case(
        f"Hm.</think>{_BOTH.replace('e><arg_key', f'e>{chr(10)}<arg_key')}{_END}",
        [said("", ("tide", '{"a": 1, "b": 2}'), reasoning="Hm.")],
        _MALFORMED,
        [
            *(*_HEARD, _BEGUN, ("arguments", '{"a": 1'), ("stray", "\n")),
            *(("arguments", ', "b": 2}'), ("called", "tide", '{"a": 1, "b": 2}'), ("end", _END)),
        ],
    ),
    "newlines within a call": Case(
        f"Hm.</think>{ONE.replace('tide<', 'tide' + chr(10) + '<')}{_END}",
        [said("", F, reasoning="Hm.")],
        _MALFORMED,
        [*_HEARD, ("stray", "\n"), *called(*F), ("end", _END)],
    ),
    "a newline before the name": Case(
        f"Hm.</think>{ONE.replace('l>', 'l>' + chr(10), 1)}{_END}",
        [said("", F, reasoning="Hm.")],
        "malformed_header",
        [*_HEARD, ("stray", "\n"), *called(*F), ("end", _END)],
    ),
    "a key twice": _none(_TWICE, _MALFORMED, '{"a": 1, "a": 2}'),
    "no </arg_value>": _none(
        ONE.replace("</arg_value>", ""), _UNEXPECTED, '{"port": "Kiel</tool_call>'
    ),
    "no </arg_key>": _none(ONE.replace("</arg_key>", ""), _MALFORMED, '{"port": '),
    "not closed": _none(ONE.removesuffix("</tool_call>"), _UNEXPECTED, '{"port": "Kiel"'),
    "not closed, and another": _none(
        ONE.removesuffix("</tool_call>") + TWO, _MALFORMED, '{"port": "Kiel"'
    ),
    "as Qwen calls": _none(
        '<tool_call>{"name": "tide", "arguments": {}}</tool_call>', "malformed_header"
    ),
    "an object": _none('<tool_call>tide{"port": "Kiel"}</tool_call>', _MALFORMED),
    "no name": _none("<tool_call></tool_call>", "malformed_header"),
    "prose that spells another tag": _read(
        "Write <arg_key> and </tool_call>.", content="Write <arg_key> and </tool_call>."
    ),
    # In this layout the tag is what tells that a call begins; nothing of the prose is lost.
    "prose that spells the tag": _none("<tool_call>, then", "malformed_header", content="Write "),
    "empty thinking": _thought("</think>Good.", "", "Good."),
    "a call within thinking is reasoning": _thought(f"Hm.{ONE}", f"Hm.{ONE}", "", _UNEXPECTED),
    "thinking that is opened once more": _thought("<think>Hm.</think>Yes", "<think>Hm.", "Yes"),
    "</think> twice": Case(
        f"Hm.</think>Good.</think>Bye{_END}",
        [said("Good.Bye", reasoning="Hm.")],
        _UNEXPECTED,
        [
            *(*_HEARD, ("content", "Good."), ("stray", "</think>"), ("content", "Bye")),
            ("end", _END),
        ],
    ),
    "not to think": Case(
        f"Good.{_END}",
        [said("Good.")],
        "",
        [START, ("content", "Good."), ("end", _END)],
        thinking=False,
    ),
    "not to think, and a call": Case(
        f"{ONE}{_END}", [said("", F)], "", [START, *called(*F), ("end", _END)], thinking=False
    ),
    "cut off within thinking": Case(
        "Hm.", [said(reasoning="Hm.")], "open_message", [*_HEARD, ("end", None)]
    ),
    "cut off within a name": _none("<tool_call>ti", _CUT, cut=True),
    "cut off within a key": _none("<tool_call>tide<arg_key>po", _CUT, "", cut=True),
    "cut off within a value": _none(ONE.split("el</")[0], _CUT, '{"port": "Ki', cut=True),
    "cut off after a value": _none(
        ONE.removesuffix("</tool_call>"), _CUT, '{"port": "Kiel"', cut=True
    ),
    "cut off before the end": _read(ONE, F, issues="open_message", cut=True),
}
