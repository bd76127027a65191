"""The text of a header, as far as it has been read.

Texts are kept in parts and joined on demand: joining each part to the text so far would take time
proportional to the square of the length.
"""

from __future__ import annotations

__all__ = ["Heading"]


class Heading:
    """The fields and the literal text around free text."""

    def __init__(self) -> None:
        self.length = 0
        """The number of characters in the header."""
        self.field: str | None = None
        """The field that is being read."""
        self._value: list[str] = []
        self._fields: dict[str, str] = {}
        self._text: list[str] = []
        self._run: list[str] = []

    def add(self, field: str | None, text: str, *, in_header: bool) -> None:
        """Add more text, of a field or literal."""
        self._run.append(text)
        if in_header:
            self._text.append(text)
            self.length += len(text)
        if field is None:
            return
        if self.field != field:
            self.end_field()
            self.field = field
            self._value = [self._fields.get(field, "")]
        self._value.append(text)

    def end_field(self) -> str | None:
        """End the current field, and return its name, if there was one."""
        name = self.field
        if name is not None:
            self._fields = self.fields
            self.field = None
        return name

    def begin_run(self) -> None:
        """Take a special token."""
        self._run = []

    def forget(self) -> None:
        """Start counting again: everything read so far is settled."""
        self._text, self.length = [], 0

    @property
    def fields(self) -> dict[str, str]:
        """Each header field, as far as it was read."""
        if self.field is not None:
            self._value = ["".join(self._value)]
            self._fields[self.field] = self._value[0]
        return self._fields

    @property
    def text(self) -> str:
        """All text of the header."""
        self._text = ["".join(self._text)]
        return self._text[0]

    @property
    def run(self) -> str:
        """The text after the last special token, without free text."""
        self._run = ["".join(self._run)]
        return self._run[0]

    def copy(self) -> Heading:
        """An independent copy."""
        other = Heading()
        other.length, other.field = self.length, self.field
        other._value, other._text, other._run = [*self._value], [*self._text], [*self._run]
        other._fields = {**self._fields}
        return other
