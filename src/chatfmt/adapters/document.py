"""Stream the rows of a JSON document: an array of objects, or objects one after the other."""

from __future__ import annotations

import codecs
import json
import re
from itertools import chain
from typing import TYPE_CHECKING

from chatfmt.adapters.chunks import Access, Damaged, FilePath, Unpacker, chunks, too_long
from chatfmt.adapters.rows import Row, bad_row, is_message
from chatfmt.adapters.strict import StrictJSON
from chatfmt.errors import DataError
from chatfmt.json_text import TOO_DEEP, not_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["document_rows", "read_document"]

_SPACE = re.compile(r"[ \t\r\n]*")
# JSON errors that more text could fix are at most this far from the end.
_NEAR_END = 12
# Quotes and brackets: enough to find the end of an object.
_IN_TEXT = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_OUTSIDE = re.compile(r'"|[{\[]++|[}\]]++')
_BREAKS_OFF = "expected JSON, found the end of the file inside a row"


class _TooLongError(Exception):
    """An object is longer than a row may be; the window has moved past it."""


def _decoded(parts: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for part, final in chain(((part, False) for part in parts), [(b"", True)]):
        try:
            text = decoder.decode(part, final)
        except UnicodeDecodeError as error:
            if text := error.object[: error.start].decode():
                yield text
            raise
        if text:
            yield text


class _Window:
    """The part of a text in view; it slides over the chunks of a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = _decoded(parts)
        self._fault: Exception | None = None
        self.text = ""
        self.at = 0

    def _more(self) -> bool:
        # At least doubles the text, so that a long element is not scanned once per chunk.
        parts, want = [self.text[self.at :]], len(self.text) - self.at
        while want >= 0 and (chunk := self._next()):
            parts.append(chunk)
            want -= len(chunk)
        if len(parts) == 1 and self._fault is not None:
            raise self._fault
        self.text, self.at = "".join(parts), 0
        return len(parts) > 1

    def _next(self) -> str:
        try:
            return next(self._parts, "")
        except (Damaged, UnicodeDecodeError) as fault:
            self._fault = fault  # raised once all the text before it is read
            return ""

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def seek(self, *, in_array: bool, first: bool) -> bool:
        """Go to the next object; False at the end. Anything else is a ValueError."""
        char = self.peek()
        if char == ("]" if in_array else ""):
            self.at += len(char)
            if self.peek():
                raise ValueError(
                    f"expected the end of the file after the array, found {self.peek()!r}"
                )
            return False
        if in_array and not first:
            if char != ",":
                raise ValueError(f"expected a comma or the end of the array, found {_shown(char)}")
            self.at += 1
            char = self.peek()
        if char != "{" and not (in_array and char == "["):
            raise ValueError(f"expected an object, found {_shown(char)}")
        return True

    def take(self, strict: StrictJSON, longest: int) -> tuple[object, str]:
        """The object that begins here, and its text.

        Raises:
            _TooLongError: it has more bytes than ``longest``; it is skipped.
            ValueError: it is not JSON.
        """
        value: object
        while True:
            if len(self.text) - self.at > longest:
                self._pass_if_longer(longest)
            try:
                value, stop = strict.decoder.raw_decode(self.text, self.at)
            except RecursionError:
                strict.faults.clear()
                value, stop = None, self._end(longest)
                strict.note(TOO_DEEP)
            except json.JSONDecodeError as error:
                strict.faults.clear()
                at = error.pos - self.at
                near_end = error.pos > len(self.text) - _NEAR_END
                if (near_end or error.msg.startswith("Unterminated")) and self._more():
                    continue
                reason = f"expected JSON, found at character {at + 1} of the row: {error.msg}"
                raise ValueError(reason) from None
            text = self.text[self.at : stop]
            self.at = stop
            if 4 * len(text) > longest and len(text.encode()) > longest:  # 4 bytes a character
                raise _TooLongError
            return value, text

    def _end(self, longest: int) -> int:
        """The end of the object, found without decoding it."""
        scan = _Scan()
        end = scan.end(self.text, self.at)
        while end is None:
            seen = len(self.text) - self.at
            if seen > longest:
                self._pass_if_longer(longest)
            if not self._more():
                raise ValueError(_BREAKS_OFF)
            end = scan.end(self.text, seen)
        return end

    def _pass_if_longer(self, longest: int) -> None:
        """Find the end of the object without decoding it; go there if the object is too long."""
        scan = _Scan()
        end = scan.end(self.text, self.at)
        if end is not None and end - self.at <= longest:
            return
        while end is None:
            self.text, self.at = self._next(), 0
            if not self.text:
                if self._fault is not None:
                    raise self._fault
                raise ValueError(_BREAKS_OFF)
            end = scan.end(self.text, 0)
        self.at = end
        raise _TooLongError


class _Scan:
    """Finds where an object ends from its quotes and brackets, in parts of its text."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_text = self._escaped = False

    def end(self, text: str, at: int) -> int | None:
        """The position in this part at which it ends; None if it does not."""
        if self._escaped and at < len(text):
            self._escaped = False
            at += 1
        while at < len(text):
            if self._in_text:
                at = _IN_TEXT.match(text, at).end()  # type: ignore[union-attr]
                if text[at : at + 1] == "\\":  # the escaped character is in the next part
                    self._escaped = True
                    return None
                self._in_text = at == len(text)
                at += 1
                continue
            found = _OUTSIDE.search(text, at)
            if found is None:
                return None
            marks, at = found[0], found.end()
            if marks == '"':
                self._in_text = True
            elif marks[0] in "{[":
                self._depth += len(marks)
            elif len(marks) < self._depth:
                self._depth -= len(marks)
            else:
                return found.start() + self._depth
        return None


def _shown(char: str) -> str:
    return repr(char) if char else "the end of the file"


def read_document(path: FilePath, unpacker: Unpacker | None, access: Access) -> Iterator[Row]:
    """The objects of a JSON document, each as a row."""
    return (row for row, _ in document_rows(path, unpacker, access))


def _one_row(
    file: str, window: _Window, strict: StrictJSON, text: str, longest: int
) -> tuple[Row, str | None]:
    """The row of a document that is a list of messages: one conversation."""
    try:
        whole = _to_its_end(window, strict, text, longest)
    except _TooLongError:
        return bad_row(file, 1, too_long(longest, "more")), None
    finally:
        strict.faults.clear()  # reported later, if it matters
    return strict.line(file, 1, whole.encode()), whole


def _to_its_end(window: _Window, strict: StrictJSON, text: str, longest: int) -> str:
    texts, size = [text], len(text)
    while window.seek(in_array=True, first=False):
        texts.append(window.take(strict, longest)[1])
        size += len(texts[-1])
        if size > longest:
            raise _TooLongError
    return f"[{','.join(texts)}]"


def document_rows(
    path: FilePath, unpacker: Unpacker | None, access: Access
) -> Iterator[tuple[Row, str | None]]:
    """The objects of a JSON document, each as a row and as its text."""
    file, strict, number = str(path), StrictJSON(), 1
    longest = access.longest_row
    window = _Window(chunks(path, unpacker, access))
    try:
        in_array = window.peek() == "["
        window.at += in_array
        while window.seek(in_array=in_array, first=number == 1):
            try:
                value, text = window.take(strict, longest)
            except _TooLongError:
                strict.faults.clear()
                yield bad_row(file, number, too_long(longest, "more")), None
            else:
                if in_array and number == 1 and is_message(value):
                    yield _one_row(file, window, strict, text, longest)
                    return
                yield strict.row(file, number, value, text), text
            number += 1
    except Damaged as damage:
        reason = str(damage)
    except DataError:
        raise  # the store is at fault, not the file
    except UnicodeDecodeError as error:
        reason = not_utf8(error, "some place in this row")
    except ValueError as error:
        reason = str(error)
    else:
        return
    yield bad_row(file, number, f"{reason}; rows read before it: {number - 1}"), None
