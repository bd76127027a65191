"""The arguments of a call that are written one by one, joined to JSON as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.arguments import join_arguments
from chatfmt.line.jsontext import CodeError, quoted
from chatfmt.wire.read.values import Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.line.coders import Coder, Types

__all__ = ["Arguments"]


class Arguments:
    """Joins arguments; the JSON that it gives out is never changed by later text.

    Args:
        coder: how their values are spelled; None for JSON.
        types: argument to JSON Schema's names of the types that its value may have.
    """

    def __init__(self, coder: Coder | None, types: Mapping[str, Types]) -> None:
        self._coder = coder
        self._types = types
        self._pairs: list[tuple[str, str]] = []
        self._key: list[str] = []
        self._told_key = False  # whether the key was given out
        self._flag = ""
        """The text that says whether the value is a string, if the layout has it."""
        self._value: Value | None = None  # None until some of it has come

    def copy(self) -> Arguments:
        """An independent copy."""
        other = Arguments(self._coder, self._types)
        other._pairs, other._key = [*self._pairs], [*self._key]
        other._told_key, other._flag = self._told_key, self._flag
        other._value = self._value and self._value.copy()
        return other

    def add_key(self, text: str) -> None:
        """Add more of the key of an argument."""
        self._key.append(text)

    def add_flag(self, text: str) -> None:
        """Add more of the text that says whether the value is a string."""
        self._flag += text

    def add_value(self, text: str) -> str:
        """Add more of its value, and return the JSON that is certain now."""
        key = self.end_key()
        certain = self._value_at_hand().add(text)
        return key + certain if self._key else ""

    def _value_at_hand(self) -> Value:
        if self._value is None:
            types = self._types.get("".join(self._key), ())
            self._value = Value(self._coder, types, self._flag)
        return self._value

    def end_key(self) -> str:
        """Complete the key of the argument, and return the JSON that is certain now."""
        if self._told_key or not self._key:
            return ""
        self._told_key = True
        return f"{', ' if self._pairs else '{'}{quoted(''.join(self._key))}: "

    def end_argument(self) -> str:
        """End the current argument, if there is one, and return the JSON that is certain now.

        Raises:
            CodeError: its value is invalid, or it has no key.
        """
        if not self._key:
            if self._value is not None:
                raise CodeError("an argument without a key", 0)
            return ""
        key, value = "".join(self._key), self._value_at_hand()
        json = value.read(key)
        certain = self.end_key() + json[value.told :]
        self._pairs.append((key, json))
        self._key, self._told_key, self._flag, self._value = [], False, "", None
        return certain

    def end(self) -> str:
        """End all arguments, and return the rest of the JSON.

        Raises:
            CodeError: the value of the last one is invalid.
        """
        return self.end_argument() + ("}" if self._pairs else "{}")

    @property
    def text(self) -> str:
        """All of them, after they have ended.

        Raises:
            CodeError: a value is not JSON, or a key appears twice.
        """
        return join_arguments(self._pairs)
