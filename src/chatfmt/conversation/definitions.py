"""The definitions of tools that a caller gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from chatfmt.conversation.wording import describe

__all__ = ["listed"]


def listed(tools: object) -> tuple[Mapping[str, Any], ...]:
    """The definitions that a caller gives: any iterable of objects; None stands for none.

    What is in the objects is not looked at; `chatfmt.prepare.schemas` does that.

    >>> listed(iter([{"name": "f"}])), listed(None)
    (({'name': 'f'},), ())
    >>> listed({"name": "f"})
    Traceback (most recent call last):
        ...
    ValueError: tools: expected a list of definitions, found an object with name

    Raises:
        ValueError: it is something else; says where, and what was found.
    """
    if tools is None:
        return ()
    if isinstance(tools, str | bytes | Mapping) or not isinstance(tools, Iterable):
        _refuse("tools", "a list of definitions", tools)
    definitions = tuple(tools)
    for number, tool in enumerate(definitions):
        if not isinstance(tool, Mapping):
            _refuse(f"tools[{number}]", "the definition of a tool as an object", tool)
    return definitions


def _refuse(path: str, expected: str, found: object) -> NoReturn:
    raise ValueError(f"{path}: expected {expected}, found {describe(found)}")
