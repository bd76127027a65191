"""Completions of Muse Glimmer: the header of each message names its recipient."""

from __future__ import annotations

from completions import START, Case, Told, said

__all__ = ["MUSE_GLIMMER"]

_STOP, _ON = "<|eot|>", "<|eom|>"
_UNEXPECTED, _HEADER = "unexpected_special", "malformed_header"


def _to(recipient: str, content: str, end: str | None = _STOP) -> list[Told]:
    told: list[Told] = [START, ("recipient", recipient)]
    told += [("content", content)] if content else []
    return [*told, ("end", end)]


def _read(text: str, recipient: str, content: str, issues: str = "", end: str = _STOP) -> Case:
    message = said(content, recipient=recipient)
    return Case(text + end, [message], issues, _to(recipient, content, end or None))


def _several(text: str, *read: tuple[str, str, str | None], issues: str = "") -> Case:
    """Several messages: whom each is for, what it says, and how it ends."""
    messages = [said(content, recipient=recipient) for recipient, content, _ in read]
    told = [event for one in read for event in _to(*one)]
    return Case(text, messages, issues, told)


_THOUGHT = f" to=self<|message|>Hm.{_ON}<|start|>assistant"

MUSE_GLIMMER: dict[str, Case] = {
    "an answer": _read(" to=user<|message|>Good.", "user", "Good."),
    "nothing": _read(" to=user<|message|>", "user", ""),
    "lines and unicode": _read(" to=user<|message|>\nKüste 🌊\n", "user", "\nKüste 🌊\n"),
    "prose that spells a header": _read(
        " to=user<|message|>Write to=user <tool_call>.", "user", "Write to=user <tool_call>."
    ),
    "a call": _read(
        ' to=functions.tide<|message|>{"port": "Kiel"}', "functions.tide", '{"port": "Kiel"}'
    ),
    "a call that goes on": _read(
        " to=functions.wind<|message|>{}", "functions.wind", "{}", end=_ON
    ),
    "a call whose arguments are no JSON": _read(
        " to=functions.tide<|message|>tide(", "functions.tide", "tide("
    ),
    "thinking, and an answer": _several(
        f"{_THOUGHT} to=user<|message|>Good.{_STOP}", ("self", "Hm.", _ON), ("user", "Good.", _STOP)
    ),
    "thinking, and calls": _several(
        f"{_THOUGHT} to=f<|message|>{{}}{_ON}<|start|>assistant to=g<|message|>{{}}{_STOP}",
        *(("self", "Hm.", _ON), ("f", "{}", _ON), ("g", "{}", _STOP)),
    ),
    "thinking that stops": _read(" to=self<|message|>Hm.", "self", "Hm.", _UNEXPECTED),
    "another message without an end": _several(
        f" to=user<|message|>A<|start|>assistant to=user<|message|>B{_STOP}",
        *(("user", "A", None), ("user", "B", _STOP)),
        issues=_UNEXPECTED,
    ),
    "no recipient": Case(
        f"<|message|>Good.{_STOP}",
        [said("Good.")],
        _HEADER,
        [START, ("content", "Good."), ("end", _STOP)],
    ),
    "an empty recipient": Case(
        f" to=<|message|>Good.{_STOP}",
        [said("Good.")],
        _HEADER,
        [START, ("content", "Good."), ("end", _STOP)],
    ),
    "no header": Case(
        f"Good.{_STOP}", [said()], _HEADER, [START, ("stray", "Good."), ("end", _STOP)]
    ),
    "no token after the header": Case(
        f" to=user Good.{_STOP}",
        [said(recipient="user")],
        f"{_HEADER} {_HEADER}",
        [START, ("stray", " Good."), ("recipient", "user"), ("end", _STOP)],
    ),
    "a newline after the recipient": Case(
        f" to=user\n<|message|>Good.{_STOP}",
        [said("Good.", recipient="user")],
        _HEADER,
        [START, ("stray", "\n"), ("recipient", "user"), ("content", "Good."), ("end", _STOP)],
    ),
    "a newline before the header": Case(
        f"\n to=user<|message|>Good.{_STOP}",
        [said("Good.", recipient="user")],
        _HEADER,
        [("stray", "\n"), *_to("user", "Good.")],
    ),
    "the header's token twice": Case(
        f" to=user<|message|>A<|message|>B{_STOP}",
        [said("AB", recipient="user")],
        _UNEXPECTED,
        [
            *(START, ("recipient", "user"), ("content", "A"), ("stray", "<|message|>")),
            *(("content", "B"), ("end", _STOP)),
        ],
    ),
    "nothing but the end": Case(_STOP, [said()], _UNEXPECTED, [START, ("end", _STOP)]),
    "cut off within an answer": _read(" to=user<|message|>Goo", "user", "Goo", "open_message", ""),
    "cut off within a call": _read(' to=f<|message|>{"p', "f", '{"p', "open_message", ""),
    "cut off within another header": Case(
        f"{_THOUGHT} to=us",
        [said("Hm.", recipient="self")],
        "open_message",
        [*_to("self", "Hm.", _ON), START, ("recipient", "us")],
    ),
}
