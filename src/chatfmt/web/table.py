"""The formats and vocabularies to choose from."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chatfmt import FORMAT_ROWS, get_format
from chatfmt.encodings import ENCODING_CONSTRUCTORS, TiktokenEncoding, get_encoding
from chatfmt.errors import shown
from chatfmt.web.refusal import Refusal

if TYPE_CHECKING:
    from chatfmt import ChatFormat
    from chatfmt.encodings import TokenEncoding

__all__ = ["Table"]


class Table:
    """The table of formats and the bundled encodings, with those that the user added.

    Args:
        format: the format to list first: a custom one, or one of the table.
        encoding: its vocabulary; without it, a bundled encoding is borrowed.
        path: the file from which the vocabulary was read, for the Python code.
    """

    def __init__(
        self,
        format: ChatFormat | None = None,
        encoding: TokenEncoding | None = None,
        *,
        path: str | None = None,
    ) -> None:
        self._given = format
        given = [] if format is None else [format.name]
        self.names = list(dict.fromkeys([*given, *FORMAT_ROWS]))
        self._encoding, self._path = encoding, path
        self._name = None if encoding is None else _named(path)
        own = [] if self._name is None else [self._name]
        # Some formats of the table have a bundled encoding of their own.
        of_rows = [row.get("encoding") for row in FORMAT_ROWS.values()]
        bundled = dict.fromkeys([*ENCODING_CONSTRUCTORS, *filter(None, of_rows)])
        self._bundled = list(bundled)
        self.encodings = [*own, *self._bundled]

    def format(self, name: str) -> ChatFormat:
        """A format by its name.

        Raises:
            UnknownFormatError: there is no such format.
        """
        is_given = self._given is not None and self._given.name == name
        return self._given if is_given and self._given is not None else get_format(name)

    def row_of(self, name: str) -> dict[str, Any] | None:
        """The row of a format that the user added; None for one of chatfmt's."""
        row = self.format(name)
        return None if name in FORMAT_ROWS and row == get_format(name) else row.row()

    def first_encoding(self, row: ChatFormat) -> str:
        """The vocabulary with which a format is shown unless another is chosen."""
        if self._name is not None and self._fits(row):
            return self._name
        return row.encoding or self._bundled[0]

    def is_borrowed(self, row: ChatFormat, encoding: str) -> bool:
        """Whether the counts use another model's vocabulary."""
        if encoding == self._name:
            return not self._fits(row)
        return encoding != row.encoding

    def _fits(self, row: ChatFormat) -> bool:
        known = {} if self._encoding is None else self._encoding.special_tokens
        is_given = self._given is not None and row.name == self._given.name
        # A format with a bundled encoding has its own; it does not count as another model's.
        return (is_given or row.encoding is None) and set(row.special_tokens) <= known.keys()

    def encoding(self, name: str) -> TokenEncoding:
        """An encoding by its name.

        Raises:
            Refusal: there is no such encoding.
        """
        if self._encoding is not None and name == self._name:
            return self._encoding
        if name not in self._bundled:
            known = ", ".join(self.encodings)
            reason = f"expected one of {known}, found {shown(name)}"
            raise Refusal("ValidationError", reason, "encoding")
        return _bundled(name)

    def python_of(self, name: str) -> str:
        """The Python expression that makes an encoding."""
        if name == self._name:
            return f"chatfmt.load_encoding({self._path!r})"
        return f"chatfmt.get_encoding({name!r})"


def _named(path: str | None) -> str:
    """The name of a vocabulary: the last parts of its path."""
    parts = [part for part in (path or "").replace("\\", "/").split("/") if part]
    return "/".join(parts[-2:]) or "given"


@cache
def _bundled(name: str) -> TiktokenEncoding:
    return TiktokenEncoding(get_encoding(name))
