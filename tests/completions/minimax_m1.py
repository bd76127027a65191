"""Completions of MiniMax-M1: calls as JSON, one per line, between tags that are text."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["MINIMAX_M1"]

_END = "<end_of_sentence>"
_CLOSED: Told = ("end", _END)
F, G = ("tide", '{"port": "Kiel"}'), ("wind", "{}")
ONE = '{"name": "tide", "arguments": {"port": "Kiel"}}'
TWO = '{"name": "wind", "arguments": {}}'
_NESTED = '{"q": {"r": [1, null]}, "s": "Küste 海 🌊\\n\\u00e9 </tool_calls>"}'


def _list(*calls: str) -> str:
    return "\n".join(("<tool_calls>", *calls, "</tool_calls>"))


def _read(
    text: str, *calls: tuple[str, str], content: str = "", issues: str = "", end: str = _END
) -> Case:
    events: list[Told] = [("content", content)] if content else []
    events += [event for call in calls for event in called(*call)]
    closed = "end", end or None
    return Case(text + end, [said(content, *calls)], issues, [START, *events, closed])


MINIMAX_M1: dict[str, Case] = {
    "an answer": _read("Good.", content="Good."),
    "one": _read(_list(ONE), F),
    "several": _read(_list(ONE, TWO), F, G),
    "text before": _read(f"Let me see.\n{_list(ONE)}", F, content="Let me see."),
    "an empty line before": _read(f"See.\n\n{_list(ONE)}", F, content="See.\n"),
    "reasoning before, which is text": _read(
        f"<think>\nHm.\n</think>\n{_list(TWO)}", G, content="<think>\nHm.\n</think>"
    ),
    "no arguments": _read(_list(TWO), G),
    "keys exchanged": _read(_list('{"arguments": {"port": "Kiel"}, "name": "tide"}'), F),
    "compact": _read(
        _list('{"name":"tide","arguments":{"port":"Kiel"}}'), ("tide", '{"port":"Kiel"}')
    ),
    "unicode, nesting and the tag": _read(
        _list(f'{{"name": "tide", "arguments": {_NESTED}}}'), ("tide", _NESTED)
    ),
    "prose that spells the tag": _read(
        "Write <tool_calls> and </tool_calls>.", content="Write <tool_calls> and </tool_calls>."
    ),
    "another key": _read(
        _list('{"name": "wind", "arguments": {}, "id": "x"}'), G, issues="malformed_call"
    ),
    "single quotation marks": Case(
        _list("{'name': 'wind'}") + _END,
        [said()],
        "malformed_call",
        [START, ("abandoned", "{'name': 'wind'}\n</tool_calls>"), _CLOSED],
    ),
    "text after": Case(
        f"{_list(ONE)}\nDone.{_END}",
        [said("", F)],
        "malformed_header malformed_header",
        [START, *called(*F), ("stray", "\nDone."), _CLOSED],
    ),
    "not closed": _read(f"<tool_calls>\n{ONE}", F, issues="unexpected_special"),
    "cut off within a name": Case(
        '<tool_calls>\n{"name": "ti',
        [said()],
        "open_message malformed_call",
        [START, ("abandoned", '{"name": "ti'), ("end", None)],
    ),
    "cut off within arguments": Case(
        '<tool_calls>\n{"name": "tide", "arguments": {"port": "Ki',
        [said()],
        "open_message malformed_call",
        [
            *(START, ("call", "tide", None), ("arguments", '{"port": "Ki')),
            *(("abandoned", '{"name": "tide", "arguments": {"port": "Ki'), ("end", None)),
        ],
    ),
    "cut off before the end": _read(_list(ONE), F, issues="open_message", end=""),
}
