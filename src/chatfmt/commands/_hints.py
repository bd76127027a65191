"""Rewrite the hints in errors for the command line: the one place that knows both spellings.

Errors of the library end with a hint for Python, such as ``; pass empty_turns="keep" or "drop"``.
On the command line the same policy is ``--option empty_turns=keep``.
"""

from __future__ import annotations

import re

__all__ = ["for_command_line"]

_HINT = re.compile(r"(?P<before>.*(?:; |, or )pass )(?P<hint>.*)", re.DOTALL)
_ARGUMENT = re.compile(r"\b(?P<name>[a-z_]+)=(?P<value>\"\w+\"|\w+)(?P<others>(?: or \"\w+\")*)")
_SPEAKERS = re.compile(r"\bspeakers=\{.*: ROLE\}", re.DOTALL)
_OTHER = re.compile(r'(, or )"(\w+)"')

_FLAGS = {
    "allow_untrained": "--allow-untrained",
    "schema": "--to",  # only what writes rows suggests a schema
    "tools": "--tools",
}


def for_command_line(reason: str) -> str:
    """The reason, with the hint at its end spelled as options of the command line.

    >>> for_command_line('found an empty turn; pass empty_turns="keep" or "drop"')
    'found an empty turn; pass --option empty_turns=keep or --option empty_turns=drop'
    """
    found = _HINT.fullmatch(reason)
    return found["before"] + _spelled(found["hint"]) if found else reason


def _spelled(hint: str) -> str:
    hint = _SPEAKERS.sub(lambda _: """--option 'speakers={"SPEAKER": "ROLE"}'""", hint)
    hint = hint.replace("a preparation", "--prepare", 1)
    first = _ARGUMENT.search(hint)
    if first is None:
        return hint
    hint = _ARGUMENT.sub(_options, hint)
    return _OTHER.sub(lambda other: other[1] + _option(first["name"], other[2]), hint)


def _options(argument: re.Match[str]) -> str:
    values = re.findall(r"\w+", argument["value"]) + re.findall(r'"(\w+)"', argument["others"])
    return " or ".join(_option(argument["name"], value) for value in values)


def _option(name: str, value: str) -> str:
    if name not in _FLAGS:
        return f"--option {name}={value}"
    return _FLAGS[name] if value == "True" else f"{_FLAGS[name]} {value}"
