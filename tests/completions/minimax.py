"""Completions of MiniMax-M2: calls that name each parameter; prompts open the reasoning."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["MINIMAX_M2"]

_OPEN, _CLOSE, _END = "\n<minimax:tool_call>\n", "</minimax:tool_call>", "[e~["
_THOUGHT = "Hm.\n</think>\n\n"
_STARTED: list[Told] = [START, ("reasoning", "Hm.")]
_ENDED: Told = ("end", _END)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
_NESTED = '{"r": [1, null], "s": "Küste 海 🌊"}'


def _invoke(name: str, *pairs: tuple[str, str]) -> str:
    values = "".join(f'<parameter name="{key}">{value}</parameter>\n' for key, value in pairs)
    return f'<invoke name="{name}">\n{values}</invoke>\n'


ONE, TWO = _invoke("tide", ("port", "Kiel")), _invoke("wind")


def _read(
    text: str, *calls: tuple[str, str], content: str = "", issues: str = "", stray: str = ""
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    events += [("stray", stray)] if stray else []
    message = said(content, *calls, reasoning="Hm.")
    return Case(f"{_THOUGHT}{text}{_END}", [message], issues, [*_STARTED, *events, _ENDED])


def _calls(inside: str, *calls: tuple[str, str], issues: str = "") -> Case:
    return _read(f"{_OPEN}{inside}{_CLOSE}", *calls, issues=issues)


def _none(
    inside: str, *, lost: str = "", begun: str = "", issues: str = "", cut: bool = False
) -> Case:
    start: list[Told] = [("call", "tide", None), ("arguments", begun)] if begun else []
    return Case(
        f"{_THOUGHT}{_OPEN}{inside}" + f"{_CLOSE}{_END}" * (not cut),
        [said(reasoning="Hm.")],
        "open_message malformed_call" if cut else issues,
        [*_STARTED, *start, ("abandoned", lost or inside), ("end", None if cut else _END)],
    )


_CUT = '<invoke name="tide">\n<parameter name="port">Ki'
_QUOTED = "<invoke name='tide'>\n</invoke>\n"

MINIMAX_M2: dict[str, Case] = {
    "an answer": _read("Good.", content="Good."),
    "one": _calls(ONE, F),
    "several": _calls(ONE + TWO, F, G),
    "no arguments": _calls(TWO, G),
    "text before": _read(f"Let me see.{_OPEN}{ONE}{_CLOSE}", F, content="Let me see."),
    "an empty line before": _read(f"Look:\n{_OPEN}{ONE}{_CLOSE}", F, content="Look:\n"),
    "no newline before": _read(f"{_OPEN[1:]}{ONE}{_CLOSE}", F, issues="unexpected_special"),
    "no reasoning": Case(
        f"\n</think>\n\n{_OPEN}{ONE}{_CLOSE}{_END}",
        [said("", F, reasoning="")],
        "",
        [START, *called(*F), _ENDED],
    ),
    "reasoning that is closed at once": Case(
        f"</think>\n\n{_OPEN}{ONE}{_CLOSE}{_END}",
        [said("", F, reasoning="")],
        "unexpected_special",
        [START, *called(*F), _ENDED],
    ),
    "unicode and nesting": _calls(_invoke("tide", ("q", _NESTED)), ("tide", f'{{"q": {_NESTED}}}')),
    "words, numbers and strings": _calls(
        _invoke(
            "tide",
            *(("a", "true"), ("b", "null"), ("c", "True"), ("d", "2")),
            *(("e", '"2"'), ("f", " a\nb "), ("g", "")),
        ),
        (
            "tide",
            '{"a": true, "b": null, "c": "True", "d": 2, "e": "\\"2\\"", "f": " a\\nb ", "g": ""}',
        ),
    ),
    "tags within a value": _calls(
        _invoke("tide", ("t", "a</parameter> </invoke>")),
        ("tide", '{"t": "a</parameter> </invoke>"}'),
    ),
    "not closed": _read(f"{_OPEN}{ONE}", F, issues="unexpected_special"),
    "a newline after": _read(f"{_OPEN}{ONE}{_CLOSE}\n", F, issues="unexpected_text", stray="\n"),
    "text after": _read(f"{_OPEN}{ONE}{_CLOSE}Done.", F, issues="unexpected_text", stray="Done."),
    "prose that spells tags": _read(
        'Write <invoke name="tide">.', content='Write <invoke name="tide">.'
    ),
    "an invocation that is not closed": _none(
        ONE.removesuffix("</invoke>\n"),
        begun='{"port": "Kiel"',
        issues="unexpected_special",
    ),
    "single quotation marks": _none(_QUOTED, issues="malformed_call"),
    "a key twice": _none(
        _invoke("tide", ("a", "1"), ("a", "2")),
        begun='{"a": 1, "a": 2}',
        issues="malformed_call",
    ),
    "JSON": _read(
        f'{_OPEN}{{"name": "tide"}}\n{_CLOSE}',
        issues="malformed_header",
        stray=f'\n{{"name": "tide"}}\n{_CLOSE}',
    ),
    "cut off within a value": _none(_CUT, begun='{"port": "Ki', cut=True),
    "cut off after a value": _none(
        ONE.removesuffix("</invoke>\n"), begun='{"port": "Kiel"', cut=True
    ),
    "cut off after a call": Case(
        f"{_THOUGHT}{_OPEN}{ONE}",
        [said("", F, reasoning="Hm.")],
        "open_message",
        [*_STARTED, *called(*F), ("end", None)],
    ),
    "cut off within reasoning": Case(
        "Hm.\n</thi",
        [said(reasoning="Hm.\n</thi")],
        "open_message",
        [START, ("reasoning", "Hm.\n</thi"), ("end", None)],
    ),
}
