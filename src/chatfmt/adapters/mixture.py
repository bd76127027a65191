"""Mixtures: stream the conversations of several sources, with their policies and weights."""

from __future__ import annotations

import random
import tomllib
from itertools import accumulate, chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from chatfmt.adapters.options import Options
from chatfmt.adapters.readers import iter_rows
from chatfmt.adapters.schema import Item, Preference
from chatfmt.adapters.store import is_url, located, matching, size_of
from chatfmt.adapters.table import SCHEMAS, Reading, read_rows
from chatfmt.conversation import Conversation, Message
from chatfmt.conversation.wording import Fault, objections
from chatfmt.errors import DataError, said, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatfmt.adapters.rows import Row

__all__ = ["Mixture", "Source", "load_mixture"]

Scalar = str | bool | int | float


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, Scalar) else value


Values = Annotated[tuple[Scalar, ...], BeforeValidator(_one_or_more)]

T = TypeVar("T")


class Source(BaseModel):
    """One source of a mixture: files of one kind, and how to read them.

    >>> Source(name="sums", paths=["sums-*.jsonl"], where={"lang": "en"}).where
    {'lang': ('en',)}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Annotated[str, Field(min_length=1)]
    paths: Annotated[tuple[str, ...], Field(min_length=1)]
    """Files, or patterns such as ``part-*.jsonl``: URLs such as ``s3://bucket/*.jsonl``, or paths
    relative to the mixture's folder."""
    schema_name: str | None = Field(None, alias="schema")
    """A name in `SCHEMAS`; None detects the schema of each row."""
    file_format: str | None = Field(None, alias="format")
    """The format of files whose name does not show it: ``jsonl``, ``json``, ``parquet``."""
    where: dict[str, Values] = Field(default_factory=dict)
    """The value, or the values, that a member of a row must have; other rows are left out."""
    options: Options = Options()
    """The policies, and the system message."""
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """The factor by which the weight of every message is multiplied."""
    repeat: Annotated[int, Field(ge=1)] = 1
    """How many times to read the files."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.schema_name is not None and self.schema_name not in SCHEMAS:
            message = (
                f"expected a schema among {', '.join(SCHEMAS)}, found {shown(self.schema_name)}"
            )
            raise ValueError(message)
        if self.weight != 1 and self.repeat != 1:
            raise ValueError("expected weight or repeat, found both")
        return self

    def files(self, folder: Path) -> list[str]:
        """The files, sorted within each pattern, as the mixture spells them.

        >>> Source(name="sums", paths=["no-*.jsonl"]).files(Path())
        Traceback (most recent call last):
            ...
        chatfmt.errors.DataError: expected files, found none for 'no-*.jsonl' of source 'sums'
        """
        found = []
        for pattern in self.paths:
            files = matching(folder, pattern)
            if not files:
                raise DataError(
                    f"expected files, found none for {shown(pattern)} of source {shown(self.name)}"
                )
            found += files
        return found

    def size(self, folder: Path) -> int:
        """The bytes of its files, times the number of times they are read.

        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as name:
        ...     folder = Path(name)
        ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
        ...     size = Source(name="sums", paths=["*.jsonl"], repeat=2).size(folder)
        >>> size
        74
        """
        return self.repeat * sum(size_of(located(folder, name)) for name in self.files(folder))

    def fits(self, row: dict[str, Any]) -> bool:
        """Whether a row passes ``where``.

        >>> Source(name="a", paths=["a.jsonl"], where={"lang": ["en"]}).fits({"lang": "de"})
        False
        """
        # 1 equals True in Python, but not in a file.
        return all(
            any(type(row.get(key)) is type(value) and row.get(key) == value for value in values)
            for key, values in self.where.items()
        )

    def finished(self, item: Item, **place: int | str) -> Item:
        """An item of this source with its weight, and with its provenance as metadata.

        >>> from chatfmt.conversation import Conversation
        >>> source = Source(name="sums", paths=["sums.jsonl"])
        >>> source.finished(Conversation(), row=1).metadata
        {'provenance': {'source': 'sums', 'row': 1}}
        """
        provenance: dict[str, Any] = {"source": self.name, **place}
        if "provenance" in item.metadata:
            provenance["earlier"] = item.metadata["provenance"]
        update: dict[str, Any] = {"metadata": {**item.metadata, "provenance": provenance}}
        if self.weight != 1:
            update |= _WEIGHED[type(item)](item, self.weight)
        return item.model_copy(update=update)


class Mixture(BaseModel):
    """Several sources as one stream.

    With a seed, the next source is drawn at random in proportion to the bytes of its files times
    ``repeat``, so that all end at about the same time; within a source the order is kept. Without a
    seed, sources are read one after the other. The same files and seed produce the same stream.

    >>> mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], seed=1)
    >>> mixture.sources[0].name
    'sums'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    sources: Annotated[tuple[Source, ...], Field(alias="source", min_length=1)]
    seed: int | None = None
    folder: Path = Path()
    """The folder for relative paths: that of the TOML file."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("expected a different name for each source, found one twice")
        return self

    def readings(self) -> Iterator[Reading]:
        """The result of each row of the mixture, in order; bad rows have their error.

        Each conversation (and preference) carries ``metadata["provenance"]``: ``source`` (its
        name), ``file``, ``row`` (1-based line or number), ``part`` (0-based, among the results of
        the row) and ``round`` (0-based, among the repeats). A provenance in the row itself is kept
        inside, as ``earlier``.

        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as name:
        ...     folder = Path(name)
        ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
        ...     mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], folder=folder)
        ...     [reading] = mixture.readings()
        >>> reading.line, len(reading.items)
        (1, 1)

        Raises:
            DataError: a pattern matches no files; raised immediately.
        """
        files = [source.files(self.folder) for source in self.sources]
        return self.mixed(
            [
                _read_source(source, names, self.folder)
                for source, names in zip(self.sources, files, strict=True)
            ]
        )

    def rows(self, on_error: Callable[[DataError], None] | None = None) -> Iterator[Item]:
        """The conversations (and preferences) of the mixture; see `readings`.

        Args:
            on_error: called for each unusable row, which is then left out; without it, the first
                such row raises.

        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as name:
        ...     folder = Path(name)
        ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
        ...     mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], folder=folder)
        ...     [conversation] = mixture.rows()
        >>> conversation.metadata["provenance"]["row"]
        1

        Raises:
            DataError: a pattern matches no files; or a row is bad and there is no ``on_error``.
        """
        # Files are checked first: a missing one should not surface after hours.
        return _items(self.readings(), on_error or _raise)

    def mixed(self, streams: Sequence[Iterator[T]]) -> Iterator[T]:
        """Merge a stream for each source into one, in the order of the mixture.

        >>> sources = [{"name": name, "paths": [name]} for name in ("a.jsonl", "b.jsonl")]
        >>> list(Mixture(source=sources).mixed([iter([1, 2]), iter([3])]))
        [1, 2, 3]

        Raises:
            DataError: a pattern matches no files.
        """
        if self.seed is None:
            return chain.from_iterable(streams)
        sizes = [source.size(self.folder) for source in self.sources]
        return _drawn(streams, sizes, random.Random(self.seed))  # noqa: S311 - an order, not a secret


def _drawn(
    streams: Sequence[Iterator[T]], sizes: Sequence[int], chance: random.Random
) -> Iterator[T]:
    live = list(zip(streams, sizes, strict=True))
    while live:
        # Only random() is guaranteed to return the same numbers in every version of Python.
        marks = list(accumulate(size for _, size in live))
        drawn = chance.random() * marks[-1]
        at = next((i for i, mark in enumerate(marks) if drawn < mark), len(live) - 1)
        try:
            yield next(live[at][0])
        except StopIteration:
            del live[at]


def _raise(error: DataError) -> None:
    raise error


def _items(readings: Iterator[Reading], on_error: Callable[[DataError], None]) -> Iterator[Item]:
    for reading in readings:
        if reading.error is not None:
            on_error(reading.error)
        yield from reading.items


def _read_source(source: Source, files: list[str], folder: Path) -> Iterator[Reading]:
    for turn in range(source.repeat):
        for name in files:
            rows = iter_rows(
                str(located(folder, name)),
                format=source.file_format,
                longest_row=source.options.longest_row,
            )
            rows = _fitting(rows, source)
            for reading in read_rows(rows, schema=source.schema_name, options=source.options):
                items = [
                    source.finished(item, file=name, row=reading.line, part=part, round=turn)
                    for part, item in enumerate(reading.items)
                ]
                yield reading._replace(items=items)


def _fitting(rows: Iterator[Row], source: Source) -> Iterator[Row]:
    for row in rows:
        if row.value is None or source.fits(row.value):
            yield row


def _weigh(messages: tuple[Message, ...], factor: float) -> tuple[Message, ...]:
    return tuple(
        message.model_copy(
            update={"weight": factor * (1 if message.weight is None else message.weight)}
        )
        for message in messages
    )


_WEIGHED: dict[type[Item], Callable[[Any, float], dict[str, Any]]] = {
    Conversation: lambda item, factor: {"messages": _weigh(item.messages, factor)},
    Preference: lambda item, factor: {
        "prompt": item.prompt.model_copy(update={"messages": _weigh(item.prompt.messages, factor)}),
        "chosen": _weigh(item.chosen, factor),
        "rejected": _weigh(item.rejected, factor),
    },
}


def load_mixture(path: str | Path) -> Mixture:
    r"""Load the mixture that a TOML file describes; docs/data.md has an example.

    >>> import tempfile
    >>> from pathlib import Path
    >>> text = 'seed = 1\nsource = [{name = "sums", paths = ["sums-*.jsonl"]}]'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "mixture.toml").write_text(text)
    ...     mixture = load_mixture(Path(folder) / "mixture.toml")
    >>> mixture.seed, mixture.sources[0].name
    (1, 'sums')

    Raises:
        DataError: the file is not TOML or not a mixture; the message lists all errors.
    """
    if is_url(path):
        raise DataError(
            "expected a mixture on this machine, found a URL: only its sources can be URLs",
            str(path),
        )
    path = Path(path)
    try:
        return Mixture.model_validate(
            {**tomllib.loads(path.read_text("utf-8")), "folder": path.parent}
        )
    except ValidationError as error:
        reasons = [str(Fault(reason, where)) for where, reason in objections(error)]
        raise DataError("; ".join(reasons), str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"expected TOML, found: {said(error)}", str(path)) from None
