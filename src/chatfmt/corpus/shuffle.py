"""A random order for more rows than fit into memory, using buckets on disk that do fit."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import pa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatfmt.corpus.arrow import RecordBatch, Schema

__all__ = ["shuffled"]

_BUCKETS = 32
_DEPTH = 4  # 32 ** 4 buckets are a million
_ROWS = 512  # in a returned batch


def shuffled(
    batches: Iterable[RecordBatch],
    schema: Schema,
    seed: int,
    place: Callable[[str], Path],
    *,
    bucket_bytes: int = 1 << 26,
) -> Iterator[RecordBatch]:
    """The rows of all batches in a random order, with every order equally likely.

    Each row goes into a bucket drawn at random; then each bucket is put in a random order. A
    bucket of more than ``bucket_bytes`` is first spread over buckets of its own.

    Args:
        batches: any number of rows.
        schema: their schema.
        seed: the same rows and seed give the same order.
        place: the path for a file of a given name; each file is removed when it has been read.
        bucket_bytes: roughly how much to hold in memory.
    """
    chance = random.Random(seed)  # noqa: S311 - an order, not a secret
    return _shuffled(batches, schema, chance, place, bucket_bytes=bucket_bytes, depth=_DEPTH)


def _shuffled(
    batches: Iterable[RecordBatch],
    schema: Schema,
    chance: random.Random,
    place: Callable[[str], Path],
    *,
    bucket_bytes: int,
    depth: int,
    above: str = "bucket",
) -> Iterator[RecordBatch]:
    for name, size in _scatter(batches, schema, chance, place, above):
        path = place(name)
        with pa.OSFile(str(path)) as file:
            bucket = pa.ipc.open_stream(file)
            if size > bucket_bytes and depth > 1:
                yield from _shuffled(
                    bucket,
                    schema,
                    chance,
                    place,
                    bucket_bytes=bucket_bytes,
                    depth=depth - 1,
                    above=name,
                )
            else:
                yield from _permuted(bucket.read_all(), chance)
        path.unlink()


def _scatter(
    batches: Iterable[RecordBatch],
    schema: Schema,
    chance: random.Random,
    place: Callable[[str], Path],
    above: str,
) -> list[tuple[str, int]]:
    """Spread rows over files; returns their names, and the memory that the rows of each take."""
    sizes: dict[int, int] = {}
    with ExitStack() as files:
        writers: dict[int, Any] = {}
        for batch in batches:
            rows: dict[int, list[int]] = {}
            for row in range(batch.num_rows):
                # Only random() is guaranteed to give the same numbers in every Python version.
                rows.setdefault(int(chance.random() * _BUCKETS), []).append(row)
            for bucket, chosen in rows.items():
                if bucket not in writers:
                    path = place(f"{above}-{bucket}")
                    path.touch(exist_ok=False)  # so that no link is followed
                    file = files.enter_context(pa.OSFile(str(path), "wb"))
                    writers[bucket] = files.enter_context(pa.ipc.new_stream(file, schema))
                part = batch.take(pa.array(chosen, pa.int32()))
                writers[bucket].write_batch(part)
                sizes[bucket] = sizes.get(bucket, 0) + part.nbytes
    return [(f"{above}-{bucket}", size) for bucket, size in sorted(sizes.items())]


def _permuted(bucket: RecordBatch, chance: random.Random) -> Iterator[RecordBatch]:
    keys = [chance.random() for _ in range(bucket.num_rows)]
    order = sorted(range(bucket.num_rows), key=keys.__getitem__)
    for start in range(0, len(order), _ROWS):
        chosen = bucket.take(pa.array(order[start : start + _ROWS], pa.int32()))
        yield from chosen.combine_chunks().to_batches()
