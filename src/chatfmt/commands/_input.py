"""What commands read: JSON documents, one in the file or one a line; a bad one is reported."""

from __future__ import annotations

import json
import math
import sys
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from pydantic import ValidationError

from chatfmt.commands._output import one_line, reader_may_leave
from chatfmt.conversation import Conversation
from chatfmt.errors import DataError, ParseError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

__all__ = ["add_input", "conversation", "documents", "for_each", "ids_of", "loads", "results"]

T = TypeVar("T")


def add_input(parser: argparse.ArgumentParser, what: str) -> None:
    """The argument for the input."""
    parser.add_argument(
        "file", metavar="FILE", help=f"{what}: one in JSON, or one a line; - is standard input"
    )


def for_each(name: str, work: Callable[[Any], bool | None]) -> int:
    """Do the work for each document of a file; the exit code.

    What is wrong with a document goes to standard error with its place, and the next one is read.

    Args:
        name: path of the file, or ``-``.
        work: takes the value of a document. It is bad where the work raises a `ValueError`, which
            says what is wrong with it, or returns False, having said so itself.

    Raises:
        OSError: the file cannot be read.
    """
    bad = 0
    with reader_may_leave():
        for _, good in results(name, lambda value: work(value) is not False):
            bad += not good
    return 1 if bad else 0


def results(name: str, work: Callable[[Any], T]) -> Iterator[tuple[str, T | None]]:
    """The place of each document of a file, and what the work makes of its value.

    None where it is bad, which standard error has been told then. Arguments and errors are those
    of `for_each`.
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
    return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")


def documents(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    r"""Each document with the line on which it begins. Lines end at ``"\n"`` alone.

    A file is one document when its first line is none by itself but the whole is; or when no line
    is one, so that a broken document gives one error and not one for each of its lines.
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
        return isinstance(json.loads(data.decode()), dict | list)
    except (ValueError, RecursionError):
        return False


# ---- strict JSON


def loads(data: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a JSON text, with nothing let pass that JSON leaves open.

    Raises:
        DataError: it is not UTF-8 or not JSON; or a key stands twice in an object, a number is
            NaN or does not fit a double, or the nesting is deeper than Python reads. `line` is
            the line inside the text, where it is known.
    """
    try:
        return json.loads(
            data.decode().rstrip(" \t\r\n"),  # or what is missing would be missed on the next line
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        at = error.start - data.rfind(b"\n", 0, error.start)
        found = f"byte 0x{data[error.start]:02x} at byte {at} of the line"
        raise DataError(f"expected UTF-8, found {found}", line=line) from None
    except json.JSONDecodeError as error:
        if not data.strip():
            raise DataError("expected JSON, found an empty line") from None
        hint = "a byte order mark" if error.doc.startswith("\ufeff") else error.msg
        reason = f"expected JSON, found at character {error.colno} of the line: {hint}"
        raise DataError(reason, line=error.lineno) from None
    except RecursionError:
        raise DataError("expected JSON, found too many levels of nesting") from None
    except DataError:
        raise
    except ValueError as error:  # a whole number with too many digits for Python
        raise DataError(f"expected JSON, found {error}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        from chatfmt.adapters.strict import twice

        raise DataError(twice(pairs))
    return members


def _constant(name: str) -> None:
    raise DataError(f"expected JSON, found the constant {name}")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise DataError(f"expected a number that fits a double, found {text}")
    return value


# ---- conversations and ids


def conversation(value: object) -> Conversation:
    """The conversation that a JSON value is: ``{"messages": [...]}``, or the messages alone.

    Raises:
        DataError: it is neither.
        pydantic.ValidationError: a message in it is none.
    """
    if isinstance(value, list):
        value = {"messages": value}
    if not isinstance(value, dict) or "messages" not in value:
        found = "an object without messages" if isinstance(value, dict) else json.dumps(value)[:40]
        raise DataError(f'expected {{"messages": [...]}} or a list of messages, found {found}')
    return Conversation.model_validate(value)


def ids_of(value: object) -> list[int]:
    """The list of ids that a JSON value is.

    Raises:
        DataError: it is none.
    """
    if not isinstance(value, list):
        raise DataError(f"expected a list of ids, found {json.dumps(value)[:40]}")
    for position, token in enumerate(value):
        if type(token) is not int:  # True is an int, too
            raise DataError(f"id {position}: expected an integer, found {json.dumps(token)[:40]}")
    return value


# ---- what is wrong


def _lines_before(error: ValueError) -> int:
    """How many lines into its document an error stands."""
    return error.line - 1 if isinstance(error, DataError) and error.line else 0


def _reason(error: ValueError) -> str:
    match error:
        case ValidationError():
            return _first_objection(error)
        case ParseError():
            return str(error.issue)  # without the advice to people who write Python
        case DataError():
            return error.reason
        case _:
            return str(error)


def _first_objection(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    match first["loc"]:
        case ("messages", int(index), *path):
            where = f"message {index}: "
        case path:
            where = ""
    field = "".join(f"{part}: " for part in path)
    if first["type"] == "value_error":
        return f"{where}{field}{first['ctx']['error']}"
    return f"{where}{field}{_OBJECTIONS.get(first['type'], first['msg'])}"


_OBJECTIONS = {
    "extra_forbidden": "there is no such field",
    "missing": "the field is missing",
    "model_type": "expected an object",
    "string_type": "expected a string",
    "string_unicode": "expected text, found a lone surrogate",
    "tuple_type": "expected a list of messages",
}
"""pydantic's names for what is wrong, in the words of JSON."""
