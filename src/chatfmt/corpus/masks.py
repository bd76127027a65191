"""Columns that follow from the others, for trainers that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.corpus.arrow import pa, pc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.corpus.arrow import Array, RecordBatch, Schema

__all__ = ["mask_schema", "with_masks"]

_TYPE = pa.list_(pa.int8())


def mask_schema(schema: Schema, masks: Sequence[str]) -> Schema:
    """The columns of examples, followed by the masks."""
    return pa.schema([*schema, *(pa.field(name, _TYPE, nullable=False) for name in masks)])


def with_masks(batch: RecordBatch, masks: Sequence[str]) -> RecordBatch:
    """Examples with masks: 1 for each id (0 for padding), and 1 for each trained id."""
    labels = batch["labels"]
    columns = [
        pa.ListArray.from_arrays(labels.offsets, _MASKS[name](labels.values)) for name in masks
    ]
    return pa.record_batch([*batch.columns, *columns], schema=mask_schema(batch.schema, masks))


def _ones(labels: Array) -> Array:
    return pa.repeat(pa.scalar(1, pa.int8()), len(labels))


def _trained(labels: Array) -> Array:
    return pc.not_equal(labels, -100).cast(pa.int8())


_MASKS = {"attention_mask": _ones, "assistant_masks": _trained}
