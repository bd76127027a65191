"""Read rows of data sets as a command's input; a bad row is reported, and reading continues."""

from __future__ import annotations

import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import ValidationError

from chatfmt.commands._output import one_line
from chatfmt.commands._prepare import TOOLS_OF_ROWS
from chatfmt.conversation.wording import objections
from chatfmt.errors import DataError, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Mapping

    from chatfmt.adapters import Options, Reading, Row

__all__ = ["FILES", "add_policies", "for_each_row", "policies", "said"]

FILES = (
    "*.jsonl, *.json, *.csv or *.tsv (also with .gz or .zst), *.parquet or *.arrow, as a path or a "
    "URL (s3://…); a mixture (*.toml); or - for JSON Lines on standard input"
)
"""The inputs of `for_each_row`, for help texts."""

_CHUNK = 1 << 16  # bytes read at once


def add_policies(parser: argparse.ArgumentParser) -> None:
    """Add the options that tell `policies` and `for_each_row` how to read rows.

    Their help does not list the schemas: that would import the adapters for every command.
    """
    parser.add_argument(
        "--from",
        dest="schema",
        metavar="SCHEMA",
        help="the schema of the rows, such as openai, sharegpt or oasst (default: detected)",
    )
    parser.add_argument(
        "--option",
        dest="policies",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a policy for irregular rows, such as empty_turns=drop; a list or an object is given "
        "as JSON; may be repeated; docs/data.md lists all policies",
    )
    parser.add_argument(
        "--role",
        dest="roles",
        action="append",
        default=[],
        metavar="ROLE=NAME",
        help="a new name for a role of the rows, such as tool=ipython; may be repeated",
    )


def said(args: argparse.Namespace) -> dict[str, Any]:
    """The policies that have an option of their own: ``--tools`` and ``--role``.

    Raises:
        DataError: a role is not ROLE=NAME, or is given twice.
    """
    found: dict[str, Any] = {}
    if getattr(args, "tools", None) in TOOLS_OF_ROWS:
        found["tools"] = args.tools
    roles: dict[str, str] = {}
    for pair in getattr(args, "roles", ()):
        role, equals, name = pair.partition("=")
        if not equals or not role or not name or role in roles:
            raise DataError(f"expected --role ROLE=NAME, each role once, found {shown(pair)}")
        roles[role] = name
    return {**found, **({"roles": roles} if roles else {})}


def policies(
    args: argparse.Namespace, lenient: Mapping[str, Any] = MappingProxyType({})
) -> Options:
    """The policies given by options; the others are those of ``lenient``.

    Raises:
        DataError: a policy is unknown, is given twice, or has no such value.
    """
    from chatfmt.adapters import Options

    named: set[str] = set()
    given = {**lenient, **said(args)}
    for pair in args.policies:
        name, equals, text = pair.partition("=")
        if not equals or name not in Options.model_fields:
            known = ", ".join(Options.model_fields)
            raise DataError(f"expected NAME=VALUE with a name among {known}, found {shown(pair)}")
        if name in named:
            raise DataError("expected each policy once, found it twice", field=name)
        named.add(name)
        given[name] = _value(name, text, Options.model_fields[name].annotation)
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        path, reason = objections(error)[0]
        raise DataError(reason, field=".".join(map(str, path))) from None


def _value(name: str, text: str, annotation: Any) -> Any:  # noqa: ANN401 - any type, any value
    kinds = {get_origin(kind) for kind in (annotation, *get_args(annotation))}
    if kinds.isdisjoint({dict, tuple}):
        return text
    try:
        return loads(text)
    except DataError:
        raise DataError(
            f"expected a list or an object in JSON, found {shown(text)}", field=name
        ) from None


def for_each_row(
    file: str,
    args: argparse.Namespace,
    work: Callable[[Reading], None],
    lenient: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[int, int]:
    """Call ``work`` with each readable row of a file or a mixture.

    An error in a row, or a ValueError from ``work``, is reported on standard error with its place.

    Returns:
        The number of rows, and how many of them are bad.

    Raises:
        DataError: the kind of file, the schema or a policy is unknown; a file is not a mixture; or
            a schema or policies are given in addition to a mixture.
        OSError: the file cannot be read.
        ImportError: an extra is missing for files of this kind.
    """
    rows = bad = 0
    for reading in _readings(file, args, lenient):
        rows += 1
        error: ValueError | None = reading.error
        if error is None:
            try:
                work(reading)
            except ValueError as found:
                error = found
        if error is not None:
            bad += 1
            placed = isinstance(error, DataError) and error.file is not None
            place = "" if placed else f"{reading.file}:{reading.line}: "
            sys.stderr.write(one_line(f"{place}{error}") + "\n")
    return rows, bad


def _readings(file: str, args: argparse.Namespace, lenient: Mapping[str, Any]) -> Iterator[Reading]:
    from chatfmt.adapters import load_mixture, read_file, read_rows

    if file.endswith(".toml"):
        if args.schema or args.policies:
            raise DataError(
                "expected a mixture without --from and --option, found one of them: a mixture "
                "names the schema and the policies of each source itself",
                file,
            )
        return load_mixture(file).readings()
    how = {"schema": args.schema, "options": policies(args, lenient)}
    if file != "-":
        return read_file(file, **how)
    return read_rows(_lines_from_stdin(how["options"].longest_row), **how)


def _lines_from_stdin(longest: int) -> Iterator[Row]:
    from chatfmt.adapters.chunks import lines, too_long
    from chatfmt.adapters.rows import bad_row
    from chatfmt.adapters.strict import StrictJSON

    strict = StrictJSON()
    # Rows are read as they arrive, so that each gets its answer while its writer waits.
    stdin: Any = sys.stdin.buffer
    parts = iter(lambda: stdin.read1(_CHUNK), b"")
    for number, line in enumerate(lines(parts, longest), 1):
        if isinstance(line, int):
            yield bad_row("<stdin>", number, too_long(longest, f"{line:,}"))
        else:
            yield strict.line("<stdin>", number, line)
