"""One value of a call's arguments: the part of its JSON that is certain while it is being read."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from chatfmt.line.coders import STRING_FLAGS, string_flag
from chatfmt.line.jsontext import CodeError, check_json, quoted
from chatfmt.line.scanners import JsonValue, PythonLiteral

if TYPE_CHECKING:
    from chatfmt.line.coders import Coder, Types

__all__ = ["Value"]


class Value:
    """Gives out JSON as it comes.

    Args:
        coder: how it is spelled; None for JSON.
        types: JSON Schema's names of the types that it may have.
        flag: the call's statement whether it is a string, which counts for more than the types.
    """

    def __init__(self, coder: Coder | None, types: Types, flag: str) -> None:
        self._coder = coder
        self._types = STRING_FLAGS.get(flag, ()) if flag else types
        self._flag = flag
        self._is_bare = coder is not None and coder.bare
        self._is_string = self._is_bare and {*self._types} == {"string"}
        """Whether it is a string whatever follows."""
        self._parts: list[str] = []
        self._rest: list[str] = []  # the part of a Python literal that is not translated yet
        self._in_string = False  # whether that begins within a string, with its quotation mark
        self._scanner = JsonValue() if coder is None or coder.bare else PythonLiteral()
        self._scan: Any = self._scanner.start()
        """The state of its scanner; None if it is not a value."""
        self.told = 0
        """How much of its JSON was given out."""

    def copy(self) -> Value:
        """An independent copy."""
        other = copy(self)
        other._parts, other._rest = [*self._parts], [*self._rest]
        return other

    def add(self, text: str) -> str:
        """Add more of it, and return the JSON that is certain now."""
        self._parts.append(text)
        certain = self._certain(text)
        self.told += len(certain)
        return certain

    def read(self, key: str) -> str:
        """Its JSON, once it is complete; the key is for the error.

        Raises:
            CodeError: it does not spell a value.
        """
        raw = "".join(self._parts)
        if self._coder is None:
            check_json(raw, JsonValue(), f"a JSON value for {quoted(key)}")
            return raw
        value = self._coder.read(raw, self._types)
        if self._flag and self._flag != string_flag(value):
            raise CodeError(
                f"expected JSON that is not a string for {quoted(key)}, of which the call says "
                f"{self._flag}; found {raw[:20]!r}",
                0,
            )
        return value

    def _certain(self, text: str) -> str:
        if self._is_string:
            return '"' * (not self.told) + quoted(text)[1:-1]
        for character in text:
            if self._scan is None:
                break
            self._scan = self._scanner.step(self._scan, character)
        if not self._is_bare or self._flag:  # the scanner reads it, or there is no call
            return self._as_it_stands(text) if self._scan is not None else ""
        if self._scan is not None or self._may_be_word():
            return ""
        self._is_string = True
        return quoted("".join(self._parts))[:-1]

    def _may_be_word(self) -> bool:
        """Whether it may still become a constant with another spelling."""
        words = self._coder.words if self._coder is not None else ()
        few = len(self._parts) <= max(map(len, words), default=0)
        raw = "".join(self._parts) if few else ""
        return few and any(word.startswith(raw) for word in words)

    def _as_it_stands(self, text: str) -> str:
        """More of a value that the scanner reads, as JSON."""
        if self._coder is None or self._coder.bare:
            return text
        self._rest.append(text)
        at, inside, quote, _ = self._scan
        in_word = any(word.startswith(at) for word in self._scanner.spelling.words)
        in_tuple = at == "value or end" and inside.endswith(",")  # JSON has no such last comma
        if in_word or in_tuple or (quote and at != "text"):
            return ""
        try:
            found = self._coder.translate("".join(self._rest) + quote)
        except CodeError:  # it is not text, which is reported at its end
            self._scan = None
            return ""
        begun, self._rest = self._in_string, [quote] * bool(quote)
        self._in_string = bool(quote)
        return found[begun : len(found) - self._in_string]
