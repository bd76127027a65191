"""Several examples in one row: whole examples only, best fit within a window."""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from chatfmt.corpus.arrow import pa, pc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.corpus.arrow import Array, Field, RecordBatch, Schema, Table

__all__ = ["best_fit", "cu_seqlens", "pack_schema", "packed", "position_ids"]

_WINDOW_PACKS = 1024
_WINDOW_TOKENS = 1 << 23
_ROWS = 64  # packs in a returned batch


def best_fit(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Which examples go into each pack, as indices into the lengths, in order.

    The longest come first; each goes into the fullest pack that has room for it.

    >>> best_fit([5, 3, 8, 2], 8)
    [[0, 1], [2], [3]]

    Raises:
        ValueError: an example is longer than a pack.
    """
    packs: list[list[int]] = []
    room: list[tuple[int, int]] = []  # the room in each pack, sorted, and the pack's number
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        length = lengths[index]
        if length > size:
            raise ValueError(f"expected examples of at most {size} ids, found one of {length}")
        at = bisect_left(room, (length, 0))
        if at < len(room):
            left, number = room.pop(at)
        else:
            left, number = size, len(packs)
            packs.append([])
        packs[number].append(index)
        insort(room, (left - length, number))
    return sorted(sorted(pack) for pack in packs)


def pack_schema(schema: Schema) -> Schema:
    """The columns of packs: those of examples, the places as lists, and ``seq_lengths``."""
    fields = [
        field if _is_sequence(field) else pa.field(field.name, pa.list_(field.type), nullable=False)
        for field in schema
    ]
    lengths = pa.field("seq_lengths", pa.list_(pa.int32()), nullable=False)
    return pa.schema([*fields, lengths], metadata=schema.metadata)


def _is_sequence(field: Field) -> bool:
    """Whether a column has a number for each id, rather than one fact for each example."""
    return bool(pa.types.is_list(field.type) and pa.types.is_primitive(field.type.value_type))


def packed(
    batches: Iterable[RecordBatch], schema: Schema, size: int, pad_id: int | None
) -> Iterator[RecordBatch]:
    """Examples in packs of up to ``size`` ids, or of exactly that many if there is a ``pad_id``.

    Packs are in the order of their first examples, and so are the examples in a pack. A window of
    about a thousand packs, or fewer if packs are long, is held in memory.
    """
    most = max(size, min(_WINDOW_PACKS * size, _WINDOW_TOKENS))
    waiting: list[RecordBatch] = []
    tokens = 0
    for batch in batches:
        waiting.append(batch)
        tokens += len(batch["input_ids"].values)
        if tokens >= most:
            yield from _packs(pa.Table.from_batches(waiting, schema), size, pad_id)
            waiting, tokens = [], 0
    if waiting:
        yield from _packs(pa.Table.from_batches(waiting, schema), size, pad_id)


def _packs(examples: Table, size: int, pad_id: int | None) -> Iterator[RecordBatch]:
    lengths = pc.list_value_length(examples["input_ids"]).to_pylist()
    packs = best_fit(lengths, size)
    for start in range(0, len(packs), _ROWS):
        some = packs[start : start + _ROWS]
        yield _batch(examples, lengths, some, size, pad_id)


def _batch(
    examples: Table, lengths: list[int], packs: list[list[int]], size: int, pad_id: int | None
) -> RecordBatch:
    order = pa.array(list(chain.from_iterable(packs)), pa.int32())
    taken = examples.take(order).combine_chunks()
    inside = [[lengths[index] for index in pack] for pack in packs]
    tokens = [sum(pack) for pack in inside]
    examples_before = pa.array(accumulate(map(len, packs), initial=0), pa.int32())
    schema = pack_schema(examples.schema)
    columns = []
    for field in examples.schema:
        [column] = taken[field.name].chunks
        if not _is_sequence(field):
            columns.append(pa.ListArray.from_arrays(examples_before, column))
            continue
        # flatten, not values, which may begin before the first example
        values, ends = column.flatten(), tokens
        if pad_id is not None:
            filler = {"input_ids": pad_id, "labels": -100}.get(field.name, 0)
            values, ends = _padded(values, tokens, size, filler), [size] * len(packs)
        offsets = pa.array(accumulate(ends, initial=0), pa.int32())
        columns.append(pa.ListArray.from_arrays(offsets, values))
    columns.append(pa.array(inside, schema.field("seq_lengths").type))
    return pa.record_batch(columns, schema=schema)


def _padded(values: Array, tokens: list[int], size: int, filler: float) -> Array:
    filling = pa.array([filler] * size, values.type)
    starts = accumulate(tokens, initial=0)
    pieces = [
        piece
        for start, length in zip(starts, tokens, strict=False)
        for piece in (values.slice(start, length), filling.slice(0, size - length))
    ]
    return pa.concat_arrays(pieces)


def position_ids(seq_lengths: Sequence[int], length: int | None = None) -> list[int]:
    """The positions in a pack, counted from 0 for each example and for the padding at the end.

    >>> position_ids([3, 2], 7)
    [0, 1, 2, 0, 1, 0, 1]
    """
    return [position for part in _parts(seq_lengths, length) for position in range(part)]


def cu_seqlens(seq_lengths: Sequence[int], length: int | None = None) -> list[int]:
    """Where each example of a pack begins, and the end, as variable-length kernels take them.

    Args:
        seq_lengths: the number of ids of each example.
        length: the number of ids in the pack; the rest is padding, which counts as one more. None
            if there is no padding.

    >>> cu_seqlens([3, 2]), cu_seqlens([3, 2], 7)
    ([0, 3, 5], [0, 3, 5, 7])
    """
    return list(accumulate(_parts(seq_lengths, length), initial=0))


def _parts(seq_lengths: Sequence[int], length: int | None) -> list[int]:
    padding = 0 if length is None else length - sum(seq_lengths)
    if padding < 0:
        raise ValueError(f"expected a length of at least {sum(seq_lengths)}, found {length}")
    return [*seq_lengths, *([padding] if padding else [])]
