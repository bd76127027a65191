"""Completions of Hunyuan 3: all tags are tokens, with newlines after most of them."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["HUNYUAN_3"]

_O, _END = ":opensource>", "<｜hy_eos:opensource｜>"  # noqa: RUF001 - so it is spelled
_CLOSED: Told = ("end", _END)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_OPENS, _CLOSES = f"<tool_calls{_O}\n", f"\n</tool_calls{_O}"


def _call(name: str, *arguments: tuple[str, str]) -> str:
    each = "".join(
        f"<arg_key{_O}{key}</arg_key{_O}\n<arg_value{_O}{value}</arg_value{_O}\n"
        for key, value in arguments
    )
    return f"<tool_call{_O}{name}<tool_sep{_O}\n{each}</tool_call{_O}"


ONE, TWO = _call("tide", ("port", "Kiel")), _call("wind")
_VALUES = (("n", "2"), ("o", '{"d": [1, null]}'), ("u", "Küste 🌊\n"), ("e", ""), ("p", "True"))
_READ = '{"n": 2, "o": {"d": [1, null]}, "u": "Küste 🌊\\n", "e": "", "p": "True"}'
_UNEXPECTED = "unexpected_special"


def _read(
    text: str,
    *calls: tuple[str, str],
    content: str = "",
    issues: str = "",
    stray: str = "",
    end: str = _END,
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    events += [("stray", stray)] if stray else []
    message = said(content, *calls, reasoning="")
    return Case(text + end, [message], issues, [START, *events, ("end", end or None)])


def _calls(inside: str, *calls: tuple[str, str], issues: str = "") -> Case:
    return _read(f"{_OPENS}{inside}{_CLOSES}", *calls, issues=issues)


def _none(inside: str, begun: str, issues: str, rest: str) -> Case:
    told = ("call", "tide", None), ("arguments", begun), ("abandoned", inside)
    end: Told = _CLOSED if rest else ("end", None)
    return Case(f"{_OPENS}{inside}{rest}", [said(reasoning="")], issues, [START, *told, end])


def _thought(text: str, *events: Told, issues: str = "", end: str = _END, **made: object) -> Case:
    message = said(str(made.get("content", "")), *made.get("calls", ()), reasoning="Hm.")  # type: ignore[misc]
    told = START, ("reasoning", "Hm."), *events, ("end", end or None)
    return Case(text + end, [message], issues, [*told], thinking=True)


_TWICE = _call("tide", ("a", "1"), ("a", "2")).removesuffix(f"</tool_call{_O}")

HUNYUAN_3: dict[str, Case] = {
    "an answer": _read("Good.", content="Good."),
    "cut off within an answer": _read("Goo", content="Goo", issues="open_message", end=""),
    "one": _calls(ONE, F),
    "several": _calls(f"{ONE}\n{TWO}", F, G),
    "no arguments": _calls(TWO, G),
    "text before": _read(f"See.\n{_OPENS}{ONE}{_CLOSES}", F, content="See.\n"),
    "values of each kind": _calls(_call("tide", *_VALUES), ("tide", _READ)),
    "nothing between": _calls(f"{ONE}{TWO}", F, G, issues=_UNEXPECTED),
    "no newline after the first tag": _read(
        f"{_OPENS[:-1]}{ONE}{_CLOSES}", F, issues="malformed_header"
    ),
    "no newline before the last tag": _read(
        f"{_OPENS}{ONE}{_CLOSES[1:]}", F, issues="malformed_call"
    ),
    "no newlines within a call": _calls(
        ONE.replace("\n", ""), F, issues=f"{_UNEXPECTED} {_UNEXPECTED} {_UNEXPECTED}"
    ),
    "a newline after": _read(f"{_OPENS}{ONE}{_CLOSES}\n", F, issues="unexpected_text", stray="\n"),
    "text after": _read(f"{_OPENS}{ONE}{_CLOSES}Done.", F, issues="unexpected_text", stray="Done."),
    "not closed": _read(f"{_OPENS}{ONE}", F, issues=_UNEXPECTED),
    "a call alone": _read(ONE, F, issues=f"{_UNEXPECTED} {_UNEXPECTED}"),
    "a value that is not closed": _calls(
        ONE.replace(f"</arg_value{_O}\n", ""), F, issues=_UNEXPECTED
    ),
    "a key twice": _none(
        _TWICE, '{"a": 1, "a": 2}', "malformed_call", f"</tool_call{_O}{_CLOSES}{_END}"
    ),
    "JSON": _read(
        f'{_OPENS}{{"name": "tide"}}{_CLOSES}',
        issues="malformed_header",
        stray=f'\n{{"name": "tide"}}{_CLOSES}',
    ),
    "cut off within a value": _none(
        ONE.split("el</")[0], '{"port": "Ki', "open_message malformed_call", ""
    ),
    "cut off before a call ends": _none(
        ONE.removesuffix(f"</tool_call{_O}"),
        '{"port": "Kiel"',
        "open_message malformed_call",
        "",
    ),
    "cut off before the end": _read(f"{_OPENS}{ONE}{_CLOSES}", F, issues="open_message", end=""),
    "thinking": _thought(f"Hm.</think{_O}Good.", ("content", "Good."), content="Good."),
    "thinking and a call": _thought(
        f"Hm.</think{_O}{_OPENS}{ONE}{_CLOSES}", *called(*F), calls=(F,)
    ),
    "a call within reasoning": _thought(
        f"Hm.{_OPENS}{ONE}{_CLOSES}", *called(*F), calls=(F,), issues=_UNEXPECTED
    ),
    "cut off within reasoning": _thought("Hm.", issues="open_message", end=""),
}
