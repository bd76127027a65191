"""Completions of Solar: a call has an id, a name and arguments, each after its own token."""

from __future__ import annotations

from completions import START, Case, Told, called, said

__all__ = ["SOLAR_OPEN"]

_OPEN, _CLOSE, _END = "<|tool_calls|>", "<|calls|>", "<|end|>"
_DONE = "<|tool_call:end|>"
F, G = ("tide", '{"port": "Kiel"}', "a1"), ("wind", "{}", "b2")
_NESTED = '{"ort": "Küste 海 🌊", "a": [1, {"b": null}]}'
_UNEXPECTED, _TEXT, _CUT = "unexpected_special", "unexpected_text", "open_message malformed_call"


def _call(name: str, arguments: str, identifier: str) -> str:
    begun = f"<|tool_call:begin|>{identifier}<|tool_call:name|>{name}"
    return f"{begun}<|tool_call:args|>{arguments}{_DONE}"


ONE, TWO = _call(*F), _call(*G)


def _read(text: str, *told: Told, issues: str = "", end: str | None = _CLOSE) -> Case:
    """A message of which that is told."""
    content = "".join(str(one[1]) for one in told if one[0] == "content")
    starts = [one[2] for one in told if one[0] == "call"]
    ends = [one[1:] for one in told if one[0] == "called"]
    calls = [(*made, i) for made, i in zip(ends, starts, strict=True)]
    message = said(content, *calls)  # type: ignore[arg-type]
    return Case(text + (end or ""), [message], issues, [START, *told, ("end", end)])


def _said(text: str, *told: Told, issues: str = "", end: str | None = _END) -> Case:
    return _read(text, *told, issues=issues, end=end)


def _cut_off(text: str, *begun: Told) -> Case:
    lost = text.removeprefix("<|tool_call:begin|>")
    told = *begun, ("abandoned", lost), ("end", None)
    return Case(_OPEN + text, [said()], _CUT, [START, *told])


SOLAR_OPEN: dict[str, Case] = {
    "an answer": _said("<|content|>Good.", ("content", "Good.")),
    "nothing": _said("<|content|>"),
    "lines and unicode": _said("<|content|>\nKüste 🌊\n", ("content", "\nKüste 🌊\n")),
    "prose that spells tags": _said(
        "<|content|>Use <tool_call> {}.", ("content", "Use <tool_call> {}.")
    ),
    "one": _read(_OPEN + ONE, *called(*F)),
    "several": _read(_OPEN + ONE + TWO, *called(*F), *called(*G)),
    "unicode and nesting": _read(
        _OPEN + _call("tide", _NESTED, "x"), *called("tide", _NESTED, "x")
    ),
    "arguments that are no JSON": _read(
        _OPEN + _call("tide", '{"port": Kiel}', "x"), *called("tide", '{"port": Kiel}', "x")
    ),
    "empty arguments": _read(_OPEN + _call("tide", "", "x"), *called("tide", "", "x")),
    "no id": _read(_OPEN + _call("wind", "{}", ""), *called("wind", "{}"), issues=_UNEXPECTED),
    "a space after an id": _read(
        _OPEN + _call("wind", "{}", "b2 "), ("stray", " "), *called(*G), issues="malformed_call"
    ),
    "newlines around": _read(
        f"{_OPEN}\n{ONE}\n{TWO}\n",
        *(("stray", "\n"), *called(*F), ("stray", "\n"), *called(*G), ("stray", "\n")),
        issues=f"{_TEXT} {_TEXT} {_TEXT}",
    ),
    "text after": _read(f"{_OPEN}{ONE}Done.", *called(*F), ("stray", "Done."), issues=_TEXT),
    "not closed": _read(_OPEN + ONE.removesuffix(_DONE), *called(*F), issues=_UNEXPECTED),
    "not opened": _read(ONE, *called(*F), issues=_UNEXPECTED),
    "no calls": _read(_OPEN, issues=_UNEXPECTED),
    "another language": _read(f"{_OPEN}tide()", ("stray", "tide()"), issues=_TEXT),
    "ended as an answer": _read(_OPEN + ONE, *called(*F), issues=_UNEXPECTED, end=_END),
    "no token before the answer": _said("Good.", ("stray", "Good."), issues="malformed_header"),
    "reasoning, which has no place": _said(
        "<|think|>Hm.", ("stray", "<|think|>Hm."), issues="malformed_header"
    ),
    "nothing but the end": _said("", issues=_UNEXPECTED),
    "a stray closing tag": _said(
        f"<|content|>Good.{_DONE}Bye",
        *(("content", "Good."), ("stray", _DONE), ("content", "Bye")),
        issues=_UNEXPECTED,
    ),
    "cut off within an answer": _said(
        "<|content|>Goo", ("content", "Goo"), issues="open_message", end=None
    ),
    "cut off within a name": _cut_off("<|tool_call:begin|>a1<|tool_call:name|>ti"),
    "cut off within arguments": _cut_off(
        ONE.split("el")[0], ("call", "tide", "a1"), ("arguments", '{"port": "Ki')
    ),
    "cut off after arguments": _read(
        _OPEN + ONE.removesuffix(_DONE), *called(*F), issues="open_message", end=None
    ),
    "cut off before the end": _read(_OPEN + ONE, *called(*F), issues="open_message", end=None),
}
