"""Read JSON documents, one per file or one per line; a bad one is reported."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from pydantic import ValidationError

from chatfmt.commands._output import one_line, reader_may_leave
from chatfmt.conversation.wording import describe, objections
from chatfmt.errors import DataError, ParseError
from chatfmt.json_text import StrictDecoder, loads

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["add_input", "documents", "for_each", "ids_of", "results"]

T = TypeVar("T")


def add_input(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the argument for the input."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help=f"{what}: one JSON document, or one per line; - is standard input",
    )


def for_each(name: str, work: Callable[[Any], bool | None]) -> int:
    """Call ``work`` with each document of a file, and return the exit code.

    An error in a document is reported on standard error with its place, and reading continues.

    Args:
        name: path of the file, or ``-``.
        work: called with the value of each document. A document is bad if ``work`` raises a
            `ValueError` about it, or returns False after reporting the error itself.

    Raises:
        OSError: the file cannot be read.
    """
    bad = 0
    with reader_may_leave():
        for _, good in results(name, lambda value: work(value) is not False):
            bad += not good
    return 1 if bad else 0


def results(name: str, work: Callable[[Any], T]) -> Iterator[tuple[str, T | None]]:
    """The place of each document of a file, and what ``work`` returns for its value.

    The result is None for a bad document, which is reported on standard error. Arguments and errors
    are those of `for_each`.
    """
    with _opened(name) as file:
        for line, data in documents(file):
            place = f"{'<stdin>' if name == '-' else name}:"
            result: T | None = None
            try:
                result = work(loads(data))
            except ValueError as error:
                reason = f"{place}{line + _lines_before(error)}: {_reason(error)}"
                sys.stderr.write(one_line(reason) + "\n")
            yield f"{place}{line}", result


def _opened(name: str) -> AbstractContextManager[BinaryIO]:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    from chatfmt.adapters.store import located

    return located(Path(), name).open("rb")


def documents(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    r"""Each document with the line on which it begins. Lines end at ``"\n"`` alone.

    A file is one document if its first line is not a document but the whole file is; or if no line
    is a document, so that a broken document gives one error, not one for each of its lines.
    """
    first = file.readline()
    lines: Iterator[bytes] = iter(file)
    if first and not _is_document(first):
        rest = list(file)
        whole = b"".join([first, *rest])
        if _is_document(whole) or not any(map(_is_document, rest)):
            yield 1, whole
            return
        lines = iter(rest)
    yield from enumerate(chain([first] if first else [], lines), 1)


def _is_document(data: bytes) -> bool:
    try:
        return isinstance(StrictDecoder().decoder.decode(data.decode()), dict | list)
    except (ValueError, RecursionError):
        return False


# ---- ids


def ids_of(value: object) -> list[int]:
    """Check that a JSON value is a list of ids.

    Raises:
        DataError: it is not.
    """
    if not isinstance(value, list):
        raise DataError(f"expected a list of ids, found {describe(value)}")
    for position, token in enumerate(value):
        if type(token) is not int:  # True is an int
            raise DataError(f"id {position}: expected an integer, found {describe(token)}")
    return value


# ---- errors


def _lines_before(error: ValueError) -> int:
    """The line of an error, relative to its document."""
    return error.line - 1 if isinstance(error, DataError) and error.line else 0


def _reason(error: ValueError) -> str:
    match error:
        case ValidationError():
            return _first_objection(error)
        case ParseError():
            return str(error.issue)  # without the advice for Python
        case DataError():
            return f"{error.field}: {error.reason}" if error.field else error.reason
        case _:
            return str(error)


def _first_objection(error: ValidationError) -> str:
    path, reason = objections(error)[0]
    match path:
        case ("messages", int(index), *rest):
            where = f"message {index}: "
        case rest:
            where = ""
    return f"{where}{''.join(f'{step}: ' for step in rest)}{reason}"
