"""A finished corpus in other kinds of files, with the column names that a trainer uses.

A corpus is written once, as Parquet, with all guarantees. An export first checks it against its
manifest, and appears only when complete: its folder gets its name after everything is written.
In a store, its ``export.json`` appears last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.checked import check
from chatfmt.corpus.place import place_of
from chatfmt.corpus.remote import RemotePlace
from chatfmt.corpus.state import load
from chatfmt.corpus.writers import WRITERS
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.corpus.arrow import RecordBatch, Schema
    from chatfmt.corpus.place import Place

__all__ = ["TRAINERS", "export"]

_ONES, _TRAINED = "ones", "trained"
_SFT = {"input_ids": "input_ids", "labels": "labels"}

TRAINERS: dict[str, dict[str, str]] = {
    "trl": _SFT,
    "trl-dpo": {name: name for name in ("prompt_ids", "chosen_ids", "rejected_ids")},
    "trl-reward": {name: name for name in ("chosen_ids", "rejected_ids")},
    "trl-grpo": {"prompt_ids": "prompt_ids", "metadata": "metadata"},
    "axolotl": {"input_ids": "input_ids", "attention_mask": _ONES, "labels": "labels"},
    "llamafactory": {"input_ids": "input_ids", "attention_mask": _ONES, "labels": "labels"},
    "torchtune": {"tokens": "input_ids", "labels": "labels"},
    "nemo": {"input_ids": "input_ids", "loss_mask": _TRAINED},
}
"""For each trainer, its columns, and which of ours each one is or how it follows from the labels.

Sources: TRL, ``SFTTrainer`` and the collators of ``DPOTrainer`` and ``RewardTrainer``; axolotl,
docs/dataset-formats/tokenized.qmd; LLaMA-Factory, ``tokenized_path``; torchtune, ``PackedDataset``
(``tokens``, ``labels``); NeMo, "Sequence packing" (``input_ids``, ``loss_mask``).
"""


def export(
    folder: Path | str, out: Path | str, kind: str, trainer: str | None = None
) -> dict[str, Any]:
    """Write a finished corpus as files of another kind, and return the counts.

    Args:
        folder: the folder of the corpus, or its URL.
        out: a folder that does not exist yet, or its URL.
        kind: ``jsonl``, ``arrow``, ``npy``, ``megatron``, ``parquet``.
        trainer: such as ``trl`` or ``axolotl``, to get its columns; None keeps all columns.

    >>> from pathlib import Path
    >>> export(Path("no-corpus"), Path("out"), "h5")
    Traceback (most recent call last):
        ...
    chatfmt.errors.DataError: expected a kind among jsonl, arrow, npy, megatron, parquet, found 'h5'

    Raises:
        DataError: the corpus is damaged or lacks a column, or ``out`` exists.
        OSError: the disk is full, for example; ``out`` is then removed.
    """
    if kind not in WRITERS:
        raise DataError(f"expected a kind among {', '.join(WRITERS)}, found {shown(kind)}")
    if trainer is not None and trainer not in TRAINERS:
        raise DataError(f"expected a trainer among {', '.join(TRAINERS)}, found {shown(trainer)}")
    if faults := check(folder).faults:
        raise DataError(f"expected an undamaged corpus, found: {faults[0]}", str(folder))
    place, target = place_of(folder), place_of(out)
    if _exists(target):
        raise DataError("expected a folder that does not exist yet", str(out))
    names = [name for name in sorted(load(place).files) if name.endswith(".parquet")]
    if not names:
        raise DataError("expected a corpus with examples, found none", str(folder))
    with place.fetched(names[0]) as path:
        schema = pq.read_schema(path).remove_metadata()
    columns = {name: name for name in schema.names} if trainer is None else TRAINERS[trainer]
    needed = {"labels" if name in (_ONES, _TRAINED) else name for name in columns.values()}
    if missing := sorted(needed - set(schema.names)):
        raise DataError(
            f"expected a corpus with the columns that {trainer} takes, found none called "
            f"{', '.join(missing)}",
            str(folder),
        )
    note: dict[str, Any] = {"kind": kind, "trainer": trainer, "columns": list(columns)}
    with _appearing(target) as path:
        batches = (_chosen(batch, columns) for batch in _batches(place, names))
        note["rows"] = WRITERS[kind](path, _schema(schema, columns), batches)
        text = json.dumps(note, ensure_ascii=False, indent=1) + "\n"
        (path / _NOTE).write_text(text, "utf-8")
    return note


_NOTE = "export.json"


def _exists(target: Place) -> bool:
    if isinstance(target, RemotePlace):
        return target.names() != ([], [])
    return isinstance(target.where, Path) and target.where.exists()


@contextlib.contextmanager
def _appearing(target: Place) -> Iterator[Path]:
    """A folder to write into, which appears at its place once it is complete.

    In a store it cannot appear at once: its files do one after the other, the note last.
    """
    if isinstance(target, RemotePlace):
        with tempfile.TemporaryDirectory(prefix="chatfmt-") as name:
            path = Path(name)
            yield path
            for file in sorted(path.iterdir(), key=lambda file: (file.name == _NOTE, file.name)):
                target.put(file.name, file)
        return
    out = Path(str(target))
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _batches(place: Place, names: list[str]) -> Iterator[RecordBatch]:
    for name in names:
        with place.fetched(name) as path, pq.ParquetFile(path) as file:
            yield from file.iter_batches()


def _chosen(batch: RecordBatch, columns: dict[str, str]) -> RecordBatch:
    return pa.record_batch([_column(batch, name) for name in columns.values()], names=[*columns])


def _column(batch: RecordBatch, name: str) -> Any:  # noqa: ANN401 - Arrow's
    if name not in (_ONES, _TRAINED):
        return batch[name]
    labels = batch["labels"]
    values = labels.flatten()
    trained = pa.compute.not_equal(values, -100).cast(pa.int8())
    flat = pa.repeat(pa.scalar(1, pa.int8()), len(values)) if name == _ONES else trained
    lengths = labels.value_lengths().to_pylist()
    offsets = [0]
    for length in lengths:
        offsets.append(offsets[-1] + length)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat)


def _schema(schema: Schema, columns: dict[str, str]) -> Schema:
    mask = pa.list_(pa.int8())
    return pa.schema(
        [
            pa.field(new, mask if old in (_ONES, _TRAINED) else schema.field(old).type)
            for new, old in columns.items()
        ]
    )
