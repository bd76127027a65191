"""UTF-8 that comes in pieces: text never ends inside a character."""

from __future__ import annotations

__all__ = ["Utf8"]


class Utf8:
    """Bytes to text; the beginning of a character waits for its end.

    Works on bytes alone: a U+FFFD that is in the text is text.
    """

    __slots__ = ("begun_at", "pending")

    def __init__(self) -> None:
        self.pending = b""
        """Beginning of an incomplete character."""
        self.begun_at = 0
        """Position of the id in which it begins."""

    def feed(self, data: bytes, position: int) -> tuple[str, list[int]]:
        """The text that is complete now, and the positions of bytes that are invalid UTF-8.

        Those are U+FFFD in the text: one for each maximal part of a sequence, as Python (and the
        Unicode standard) count them.
        """
        if not self.pending:
            self.begun_at = position
        data = self.pending + data
        text = ""
        invalid: list[int] = []
        while True:
            try:
                text += data.decode()
            except UnicodeDecodeError as error:
                text += data[: error.start].decode()
                if error.start:
                    self.begun_at = position
                if error.reason == "unexpected end of data":
                    self.pending = data[error.start :]
                    return text, invalid
                text += "\N{REPLACEMENT CHARACTER}"
                invalid.append(self.begun_at)
                data = data[error.end :]
                self.begun_at = position
            else:
                self.pending = b""
                return text, invalid

    def flush(self) -> str:
        """Give up on the pending character: U+FFFD, or nothing if none is pending."""
        text = "\N{REPLACEMENT CHARACTER}" if self.pending else ""
        self.pending = b""
        return text
