"""The columns of a corpus: of examples, and of rows that were refused."""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.corpus.arrow import pa

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.corpus.arrow import RecordBatch, Schema
    from chatfmt.corpus.options import EncodeOptions

__all__ = ["REJECTS", "Made", "example_schema", "id_columns"]

REJECTS = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("file", pa.string(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.large_string(), nullable=False),
        pa.field("row", pa.large_string()),
        pa.field("row_base64", pa.large_string()),
    ]
)
"""The columns of refused rows. ``row`` is the row as in its file; ``row_base64`` if it is invalid
UTF-8; both are empty if the row was not kept: it was too long, or the file breaks off."""

_PLACE = [
    pa.field("source", pa.string(), nullable=False),
    pa.field("file", pa.string(), nullable=False),
    pa.field("row", pa.int64(), nullable=False),
    pa.field("part", pa.int32(), nullable=False),
    pa.field("path", pa.list_(pa.string())),
]
"""The columns that say where an example comes from; for ``path``, see `_path`."""


def id_columns(options: EncodeOptions) -> tuple[str, ...]:
    """The columns that hold a list for each example."""
    if options.prompts:
        return ("prompt_ids",)
    if options.preferences:
        pair = ("chosen_ids", "rejected_ids")
        return pair if options.preferences == "whole" else ("prompt_ids", *pair)
    return ("input_ids", "labels", *(["weights"] if options.weights else []))


def example_schema(options: EncodeOptions) -> Schema:
    """The columns of examples: lists of int32 (weights: float), and the source of each."""
    lists = [
        pa.field(name, pa.list_(pa.float32() if name == "weights" else pa.int32()), nullable=False)
        for name in id_columns(options)
    ]
    return pa.schema([*lists, *_places(options)])


def _places(options: EncodeOptions) -> list[Any]:
    spelled = pa.field("special_text", pa.string(), nullable=False)
    said = pa.field("metadata", pa.large_string(), nullable=False)
    return [
        *_PLACE,
        *([spelled] if options.special_text == "warn" else []),
        *([said] if options.prompts else []),
    ]


class _Further(NamedTuple):
    """The values of an example besides its lists and the place of its row."""

    part: int
    path: list[str] | None
    special_text: str
    metadata: str


class Made:
    """The examples and the refused rows of a batch, as columns."""

    def __init__(self, options: EncodeOptions) -> None:
        self._schema, self._width = example_schema(options), len(id_columns(options))
        self._lists: list[tuple[bytes, ...]] = []
        self._rows: list[int] = []
        """For each example, the number of its row in the batch."""
        self._further: list[_Further] = []
        self.rejects: list[tuple[Any, ...]] = []

    def add(
        self,
        row: int,
        parts: Iterable[tuple[str, list[str] | None, tuple[bytes, ...]]],
        spelled: str,
    ) -> None:
        """Add the examples of a row, each with its metadata and its path."""
        for part, (said, path, lists) in enumerate(parts):
            self._lists.append(lists)
            self._rows.append(row)
            self._further.append(_Further(part, path, spelled, said))

    def batches(self, batch: RecordBatch) -> tuple[RecordBatch, RecordBatch]:
        """The examples and refused rows collected from this batch."""
        fields = [*self._schema]
        lists = [
            _lists([example[at] for example in self._lists], field.type)
            for at, field in enumerate(fields[: self._width])
        ]
        rows = pa.array(self._rows, pa.int64())
        places = [batch[name].take(rows) for name in ("source", "file", "line")]
        further = [
            pa.array([getattr(one, field.name) for one in self._further], field.type)
            for field in fields[self._width + len(places) :]
        ]
        refused = [
            pa.array([reject[at] for reject in self.rejects], field.type)
            for at, field in enumerate(REJECTS)
        ]
        return (
            pa.record_batch([*lists, *places, *further], schema=self._schema),
            pa.record_batch(refused, schema=REJECTS),
        )


def _lists(rows: list[bytes], type: Any) -> Any:  # noqa: ANN401 - Arrow's
    """A list array over one flat buffer, because pa.array would look at every single number."""
    values = b"".join(rows)
    offsets = array("i", accumulate(map(len, rows), initial=0))
    size = type.value_type.bit_width // 8
    offsets = array("i", [offset // size for offset in offsets])
    flat = pa.Array.from_buffers(type.value_type, offsets[-1], [None, pa.py_buffer(values)])
    return pa.Array.from_buffers(type, len(rows), [None, pa.py_buffer(offsets)], children=[flat])
