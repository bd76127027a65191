"""The arguments of a call that stand there one by one, joined to JSON as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.line.arguments import join_arguments
from chatfmt.line.coders import STRING_FLAGS, string_flag
from chatfmt.line.jsontext import CodeError, quoted
from chatfmt.line.scanners import JsonValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.line.coders import Coder, Types

__all__ = ["Arguments"]

_ANY = JsonValue()


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
        self._flag = ""
        """What says whether the value is a string, where the layout has that."""
        self._value: list[str] | None = None  # None until something of it has come
        self._scan: Any = None  # where the value stands as JSON
        self._is_string = False  # whether it is a string whatever follows

    def copy(self) -> Arguments:
        """One of its own that has read the same."""
        other = Arguments(self._coder, self._types)
        other._pairs, other._key = [*self._pairs], [*self._key]
        other._flag = self._flag
        other._value = None if self._value is None else [*self._value]
        other._scan, other._is_string = self._scan, self._is_string
        return other

    def add_key(self, text: str) -> None:
        """More of the key of an argument."""
        self._key.append(text)

    def add_flag(self, text: str) -> None:
        """More of what says whether the value is a string."""
        self._flag += text

    def add_value(self, text: str) -> str:
        """More of its value; the JSON that is certain now."""
        certain = self._begin_value() if self._value is None else ""
        assert self._value is not None  # noqa: S101 - it has begun
        self._value.append(text)
        if self._is_string:
            return certain + quoted(text)[1:-1]
        if self._flag or self._coder is None or not self._coder.bare or self._may_be_json(text):
            return certain
        self._is_string = True
        return certain + quoted("".join(self._value))[:-1]

    def _begin_value(self) -> str:
        key = "".join(self._key)
        self._value, self._scan = [], _ANY.start()
        is_bare = self._coder is not None and self._coder.bare
        self._is_string = is_bare and {*self._types_of(key)} == {"string"}
        return f"{', ' if self._pairs else '{'}{quoted(key)}: " + '"' * self._is_string

    def _types_of(self, key: str) -> Types:
        """The types that the value may have, which a flag says whatever the tool says."""
        return STRING_FLAGS.get(self._flag, ()) if self._flag else self._types.get(key, ())

    def _read(self, key: str, raw: str) -> str:
        if self._coder is None:
            return raw
        value = self._coder.read(raw, self._types_of(key))
        if self._flag and self._flag != string_flag(value):
            raise CodeError(
                f"expected JSON that is not a string for {quoted(key)}, of which the call says "
                f"{self._flag}; found {raw[:20]!r}",
                0,
            )
        return value

    def _may_be_json(self, text: str) -> bool:
        """Whether the value may yet be something else than a string."""
        for character in text:
            if self._scan is not None:
                self._scan = _ANY.step(self._scan, character)
        if self._scan is not None:
            return True
        words = self._coder.words if self._coder is not None else ()
        few = len(self._value or ()) <= max(map(len, words), default=0)
        raw = "".join(self._value or ()) if few else ""
        return few and any(word.startswith(raw) for word in words)

    def end_argument(self) -> str:
        """The argument at hand is over, if there is one; the JSON that is certain now.

        Raises:
            CodeError: its value is none, or it has no key.
        """
        if not self._key:
            if self._value is not None:
                raise CodeError("an argument without a key", 0)
            return ""
        certain = self._begin_value() if self._value is None else ""
        key = "".join(self._key)
        value = self._read(key, "".join(self._value or ()))
        self._pairs.append((key, value))
        self._key, self._flag, self._value = [], "", None
        return certain + ('"' if self._is_string else value)

    def end(self) -> str:
        """All are over; the rest of the JSON.

        Raises:
            CodeError: the value of the last one is none.
        """
        return self.end_argument() + ("}" if self._pairs else "{}")

    @property
    def text(self) -> str:
        """All of them, once they are over.

        Raises:
            CodeError: a value is not JSON, or a key comes twice.
        """
        return join_arguments(self._pairs)
