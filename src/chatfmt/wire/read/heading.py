"""The text of a header, as far as it is read.

Texts are kept in parts and joined when they are asked for: to join each part to what was there
takes time in proportion to the square of the length.
"""

from __future__ import annotations

__all__ = ["Heading"]


class Heading:
    """The fields and the literal text that are around free text."""

    def __init__(self) -> None:
        self.length = 0
        """How many characters of text the header has."""
        self.field: str | None = None
        """The field that is being read."""
        self._value: list[str] = []
        self._fields: dict[str, str] = {}
        self._text: list[str] = []
        self._run: list[str] = []

    def add(self, field: str | None, text: str, *, in_header: bool) -> None:
        """More text: of a field, or literal."""
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
        """The field that was being read is over; its name, if there was one."""
        name = self.field
        if name is not None:
            self._fields = self.fields
            self.field = None
        return name

    def begin_run(self) -> None:
        """A special token was read."""
        self._run = []

    def forget(self) -> None:
        """Count again: what was read is settled."""
        self._text, self.length = [], 0

    @property
    def fields(self) -> dict[str, str]:
        """Each header field as far as it goes."""
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
        """What of it, and of other text that is not free, came after the last special token."""
        self._run = ["".join(self._run)]
        return self._run[0]

    def copy(self) -> Heading:
        """One of its own that has read the same."""
        other = Heading()
        other.length, other.field = self.length, self.field
        other._value, other._text, other._run = [*self._value], [*self._text], [*self._run]
        other._fields = {**self._fields}
        return other
