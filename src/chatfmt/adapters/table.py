"""The table of schemas, and the functions that read and write with it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import ValidationError

from chatfmt.adapters import (
    alpaca,
    oasst,
    openai,
    preference,
    prompt_completion,
    sharegpt,
    ultrachat,
    wildchat,
)
from chatfmt.adapters.fields import Field
from chatfmt.adapters.kinds import (
    anthropic,
    atif,
    calling,
    completions,
    exports,
    flat,
    gemini,
    langchain,
    logs,
    prompts,
    responses,
    sharegpt_pairs,
    vercel,
)
from chatfmt.adapters.options import Options
from chatfmt.adapters.policies import settled
from chatfmt.adapters.readers import iter_rows
from chatfmt.conversation.wording import describe, did_you_mean, objections
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from chatfmt.adapters.rows import Row
    from chatfmt.adapters.schema import Item, Schema

__all__ = ["SCHEMAS", "Reading", "detect", "read_file", "read_row", "read_rows", "write_row"]

# In order of detection: schemas with more members come before those with fewer.
SCHEMAS: Mapping[str, Schema] = MappingProxyType(
    {
        "oasst": oasst.SCHEMA,
        "atif": atif.SCHEMA,
        "completions": completions.SCHEMA,
        **exports.SCHEMAS,
        "sharegpt-preference": sharegpt_pairs.SCHEMA,
        "preference": preference.SCHEMA,
        "ultrachat": ultrachat.SCHEMA,
        **logs.SCHEMAS,
        "langchain": langchain.SCHEMA,
        "vercel": vercel.SCHEMA,
        "anthropic": anthropic.SCHEMA,
        "gemini": gemini.SCHEMA,
        "openai": openai.SCHEMA,
        **calling.SCHEMAS,
        "sharegpt": sharegpt.SCHEMA,
        "wildchat": wildchat.SCHEMA,
        "prompt-completion": prompt_completion.SCHEMA,
        "alpaca": alpaca.SCHEMA,
        "openai-responses": responses.SCHEMA,
        **flat.SCHEMAS,
        "prompt-only": prompts.SCHEMA,
    }
)
"""Name to schema."""


class Reading(NamedTuple):
    """The result of one row of a file: conversations (or preferences), or an error.

    >>> Reading("sums.jsonl", 1, []).error is None
    True
    """

    file: str
    line: int
    items: list[Item]
    error: DataError | None = None


def detect(row: Mapping[str, Any]) -> str:
    """The name of the first schema in the table whose marks a row has.

    >>> detect({"instruction": "Add.", "input": "2 2", "output": "4"})
    'alpaca'

    Raises:
        DataError: none fits; the message lists the expected members.
    """
    for name, schema in SCHEMAS.items():
        if schema.detect(row):
            return name
    found = describe(dict(row)).removeprefix("an object with ")
    raise DataError(f"expected the members of a known schema{_nearest(row)}, found {found}")


def _nearest(row: Mapping[str, Any]) -> str:
    """For an error: the schema of whose marks a row of no known schema has the most."""
    marks = [
        (len(set(mark) & row.keys()) / len(mark), name, mark)
        for name, schema in SCHEMAS.items()
        for mark in schema.marks
    ]
    share, name, mark = max(marks, key=lambda one: one[0])
    if share:
        return f" (nearest is {name}, which has {' + '.join(mark)})"
    keys = sorted({key for _, _, one in marks for key in one})
    return did_you_mean(next(iter(row), ""), keys)


def _schema(name: str) -> Schema:
    if name not in SCHEMAS:
        raise DataError(f"expected a schema among {', '.join(SCHEMAS)}, found {shown(name)}")
    return SCHEMAS[name]


def read_row(
    row: Mapping[str, Any],
    *,
    schema: str | None = None,
    options: Options | None = None,
    file: str | None = None,
    line: int | None = None,
) -> list[Item]:
    """The conversations, or preferences, in a row: usually one; a tree has several.

    Args:
        row: a JSON object. Members that are not part of the messages become metadata, unless null.
        schema: its name in `SCHEMAS`; None detects it.
        options: the policies for irregular rows; None is the strict default.
        file: the row's file, for errors.
        line: its 1-based line or number there, for errors.

    Raises:
        DataError: the row cannot be used.

    >>> [conversation] = read_row({"prompt": "2+2?", "completion": "4"})
    >>> conversation.messages
    (Message(role='user', content='2+2?'), Message(role='assistant', content='4'))
    """
    options = options or Options()
    try:
        if not isinstance(row, dict):
            raise Field(row).expected("an object")
        items = _schema(schema or detect(row)).read(Field(row), options)
        return [settled(item, options) for item in items]
    except DataError as error:
        raise DataError(error.reason, file, line, error.field) from None
    except ValidationError as error:  # metadata or tools; errors in messages are reported above
        path, reason = objections(error)[0]
        inside = path[1:] if path[:1] == ("metadata",) else path  # its members are the row's
        raise DataError(reason, file, line, Field(None).at(inside).path or None) from None


def write_row(item: Item, schema: str = "openai") -> dict[str, Any]:
    """Write an item as a row of a schema; its metadata becomes further members.

    Raises:
        DataError: the schema cannot be written, or has no place for a part of the item.

    >>> from chatfmt.conversation import Conversation
    >>> write_row(Conversation(messages=[{"role": "user", "content": "2+2?"}]))
    {'messages': [{'role': 'user', 'content': '2+2?'}]}
    """
    write = _schema(schema).write
    if write is None:
        written = ", ".join(name for name, one in SCHEMAS.items() if one.write is not None)
        raise DataError(f"expected a schema that can be written ({written}), found {shown(schema)}")
    return write(item)


def read_rows(
    rows: Iterable[Row], *, schema: str | None = None, options: Options | None = None
) -> Iterator[Reading]:
    """The result of each row of a file. Flat messages are first joined into trees.

    >>> from chatfmt.adapters import Row
    >>> rows = [Row("sums.jsonl", 1, {"prompt": "2+2?", "completion": "4"})]
    >>> [reading.items[0].messages[1].content for reading in read_rows(rows)]
    ['4']
    """
    for one in SCHEMAS.values() if schema is None else (_schema(schema),):
        rows = rows if one.gather is None else one.gather(rows)
    for row in rows:
        yield _reading(row, schema, options)


def _reading(row: Row, schema: str | None, options: Options | None) -> Reading:
    if row.value is None:
        return Reading(row.file, row.line, [], row.error)
    try:
        items = read_row(row.value, schema=schema, options=options, file=row.file, line=row.line)
    except DataError as error:
        return Reading(row.file, row.line, [], error)
    return Reading(row.file, row.line, items)


def read_file(
    path: str | Path,
    *,
    schema: str | None = None,
    options: Options | None = None,
    format: str | None = None,
) -> Iterator[Reading]:
    """Stream the results of a file's rows; arguments as for `read_row` and `iter_rows`.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
    ...     [reading] = read_file(folder / "sums.jsonl")
    >>> reading.items[0].messages[1].content
    '4'
    """
    longest_row = (options or Options()).longest_row
    rows = iter_rows(path, format=format, longest_row=longest_row)
    return read_rows(rows, schema=schema, options=options)
