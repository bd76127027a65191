"""The shape of call ids, in layouts that give the name of the tool only there."""

from __future__ import annotations

import re

from chatfmt.errors import FormatError

__all__ = ["CallIds"]

_NAME, _NUMBER = "{call.name}", "{n}"
_HOLES = re.compile(r"(\{call\.name\}|\{n\})")


class CallIds:
    """The shape of ids: a text with ``{call.name}`` and ``{n}``, a number.

    >>> ids = CallIds("functions.{call.name}:{n}", "here")
    >>> ids.name_in("functions.get_weather:0")
    'get_weather'
    >>> ids.name_in("call_1") is None
    True

    Raises:
        FormatError: it does not have each of the two exactly once.
    """

    def __init__(self, shape: str, where: str) -> None:
        if shape.count(_NAME) != 1 or shape.count(_NUMBER) != 1:
            raise FormatError(
                f"{where}: call_ids must have {_NAME} and {_NUMBER} once each, such as "
                "functions.{call.name}:{n}"
            )
        self.parts = tuple(part for part in _HOLES.split(shape) if part)
        """The shape, with ``{call.name}`` and ``{n}`` by themselves."""
        pattern = re.escape(shape).replace(re.escape(_NAME), "(?P<name>.+)")
        self._pattern = re.compile(pattern.replace(re.escape(_NUMBER), "[0-9]+"), re.DOTALL)

    def name_in(self, identifier: str) -> str | None:
        """The name in an id; None if the id does not have this shape."""
        match = self._pattern.fullmatch(identifier)
        return match and match["name"]
