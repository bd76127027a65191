"""The arguments of a call that are there one by one, joined to JSON as they come."""

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
    """Joins arguments; what it gives out is JSON that whatever follows will not change.

    Args:
        coder: how their values are spelled; None for JSON as it stands.
        types: argument to the types that its value may have, as JSON Schema names them.
    """

    def __init__(self, coder: Coder | None, types: Mapping[str, Types]) -> None:
        self._coder = coder
        self._types = types
        self._pairs: list[tuple[str, str]] = []
        self._key: list[str] = []
        self._told_key = False  # whether that was given out
        self._flag = ""
        """What says whether the value is a string, where the layout has that."""
        self._value: Value | None = None  # None until something of it has come

    def copy(self) -> Arguments:
        """One of its own that has read the same."""
        other = Arguments(self._coder, self._types)
        other._pairs, other._key = [*self._pairs], [*self._key]
        other._told_key, other._flag = self._told_key, self._flag
        other._value = self._value and self._value.copy()
        return other

    def add_key(self, text: str) -> None:
        """More of the key of an argument."""
        self._key.append(text)

    def add_flag(self, text: str) -> None:
        """More of what says whether the value is a string."""
        self._flag += text

    def add_value(self, text: str) -> str:
        """More of its value; the JSON that is certain now."""
        key = self.end_key()
        certain = self._value_at_hand().add(text)
        return key + certain if self._key else ""

    def _value_at_hand(self) -> Value:
        if self._value is None:
            types = self._types.get("".join(self._key), ())
            self._value = Value(self._coder, types, self._flag)
        return self._value

    def end_key(self) -> str:
        """The key of the argument is whole; the JSON that is certain now."""
        if self._told_key or not self._key:
            return ""
        self._told_key = True
        return f"{', ' if self._pairs else '{'}{quoted(''.join(self._key))}: "

    def end_argument(self) -> str:
        """The argument at hand is over, if there is one; the JSON that is certain now.

        Raises:
            CodeError: its value is not one, or it has no key.
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
        """All are over; the rest of the JSON.

        Raises:
            CodeError: the value of the last one is not one.
        """
        return self.end_argument() + ("}" if self._pairs else "{}")

    @property
    def text(self) -> str:
        """All of them, once they are over.

        Raises:
            CodeError: a value is not JSON, or a key comes twice.
        """
        return join_arguments(self._pairs)
