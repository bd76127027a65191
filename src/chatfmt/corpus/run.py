"""From a mixture to the files of a corpus: encode, arrange if asked to, write, remember how far."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.corpus.arrow import pa, pc
from chatfmt.corpus.local import encode_locally
from chatfmt.corpus.masks import mask_schema, with_masks
from chatfmt.corpus.options import EncodeOptions, FileOptions, description
from chatfmt.corpus.packing import pack_schema, packed
from chatfmt.corpus.records import example_schema
from chatfmt.corpus.shuffle import shuffled
from chatfmt.corpus.sources import batches, input_files, raw_rows
from chatfmt.corpus.state import State, begin, write_json
from chatfmt.corpus.writer import ShardWriter, arrow_file, parquet_file
from chatfmt.errors import ChatfmtError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from chatfmt.adapters import Mixture
    from chatfmt.corpus.arrow import RecordBatch, Schema
    from chatfmt.corpus.summary import Summary

__all__ = ["TooManyRejectsError", "tokenize"]

_SHARD, _ENCODED = "shard-{:05}.parquet", "encoded-{:05}.arrow"
_WORK, _REJECTS, _SUMMARY = "work", "rejects.jsonl", "summary.json"


class TooManyRejectsError(DataError):
    """More rows were refused than the run was to bear.

    >>> from chatfmt import DataError
    >>> issubclass(TooManyRejectsError, DataError)
    True
    """


def tokenize(
    mixture: Mixture,
    out: Path,
    options: EncodeOptions,
    files: FileOptions | None = None,
    *,
    engine: Literal["local", "ray"] = "local",
    workers: int | None = None,
    ray_address: str | None = None,
    max_rejects: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[Summary, float], None] | None = None,
) -> Summary:
    """Write a corpus: Parquet files, ``rejects.jsonl`` and ``summary.json``.

    The same input and options give the same bytes, whatever the engine and the number of workers,
    and whether the run was killed and resumed or not.

    Args:
        mixture: the rows.
        out: a folder, empty or not there yet.
        options: how rows become examples.
        files: how examples become files.
        engine: ``local`` processes, or ``ray`` (extra ``ray``).
        workers: how many processes; None takes one for each core.
        ray_address: of a cluster; None starts Ray on this machine.
        max_rejects: how many refused rows to bear; None is any number.
        resume: go on with what an interrupted run has left in ``out``.
        overwrite: begin again in the folder of an earlier run.
        progress: called at the start and after each batch with the counts so far and the part of
            the input that is read, from 0 to 1.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import chatfmt
    >>> from chatfmt.adapters import Mixture
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
    ...     mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], folder=folder)
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     options = EncodeOptions(tokenizer=tok, sources=mixture.sources)
    ...     summary = tokenize(mixture, folder / "out", options, workers=1)
    >>> summary.examples, summary.tokens
    (1, 13)

    Raises:
        TooManyRejectsError: a run with a higher limit can resume this one.
        DataError: ``out`` holds something else, or a file of the mixture is missing.
        OSError: the disk is full, for example; the run can be resumed.
    """
    files = files or FileOptions()
    options, plan = _plan(mixture, options, files)
    state = begin(out, plan, resume=resume, overwrite=overwrite)
    run = _Run(mixture, out, options, files, plan=plan, state=state)
    if state.stage == "encode":
        encoder = _engine(engine, workers, ray_address)
        run.encode(encoder, max_rejects, progress or _silent)
    if state.stage == "arrange":
        run.arrange()
    return state.summary


def _plan(
    mixture: Mixture, options: EncodeOptions, files: FileOptions
) -> tuple[EncodeOptions, dict[str, Any]]:
    """The options with what follows from them, and all that decides the output."""
    if files.pack is not None:
        if options.preferences:
            raise ChatfmtError("expected conversations to pack, found preferences")
        if options.max_tokens is None:
            options = replace(options, max_tokens=files.pack)
        elif options.max_tokens > files.pack:
            raise ChatfmtError(
                f"expected max_tokens of at most {files.pack}, which is what a pack holds, found "
                f"{options.max_tokens}"
            )
    if options.overlong != "refuse" and options.max_tokens is None:
        raise ChatfmtError(f"overlong is {options.overlong}: expected max_tokens too, found none")
    if options.preferences and files.masks:
        raise ChatfmtError("expected conversations for masks, found preferences")
    plan = {
        **description(options, files),
        "seed": mixture.seed,
        "input": input_files(mixture),
    }
    return options, plan


def _engine(
    name: str, workers: int | None, ray_address: str | None
) -> Callable[..., Generator[tuple[RecordBatch, RecordBatch]]]:
    if name == "ray":
        from chatfmt.corpus.ray_engine import encode_on_ray

        return partial(encode_on_ray, workers=workers, address=ray_address)
    return partial(encode_locally, workers=workers or _cores())


def _cores() -> int:
    # Those this process may use, where the system tells: a container may have fewer than there are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _silent(_summary: Summary, _part: float) -> None:
    """Show no progress."""


class _Run:
    """One run: the stages, and what they share."""

    def __init__(
        self,
        mixture: Mixture,
        out: Path,
        options: EncodeOptions,
        files: FileOptions,
        *,
        plan: dict[str, Any],
        state: State,
    ) -> None:
        self._mixture, self._out, self._options, self._files = mixture, out, options, files
        self._plan, self._state = plan, state
        self._work = out / _WORK
        self._two_stages = files.shuffle is not None or files.pack is not None
        made_of = {key: plan[key] for key in ("chatfmt", "format", "encoding", "options")}
        self._metadata = {"chatfmt": json.dumps(made_of, ensure_ascii=False)}

    # -- the first stage: rows to examples, in the order of the input

    def encode(
        self,
        engine: Callable[..., Generator[tuple[RecordBatch, RecordBatch]]],
        max_rejects: int | None,
        progress: Callable[[Summary, float], None],
    ) -> None:
        state, summary = self._state, self._state.summary
        reading = _Reading(self._mixture, self._plan["input"])
        progress(summary, reading.part)
        with self._encoded() as writer, self._rejects() as rejects:
            results = engine(reading.batches(state.batches), self._options)
            for examples, refused in results:
                summary.add(reading.next_taken(), examples, refused)
                _write_rejects(rejects, refused)
                state.batches += 1
                complete = writer.write(examples if self._two_stages else self._masked(examples))
                if complete:
                    self._checkpoint(writer, rejects)
                progress(summary, reading.part)
                if max_rejects is not None and summary.rejected > max_rejects:
                    results.close()
                    raise TooManyRejectsError(
                        f"expected at most {max_rejects} rows that cannot be used, found "
                        f"{summary.rejected} among the first {summary.rows}; see {_REJECTS}",
                        str(self._out),
                    )
            writer.finish()
            state.stage = "arrange"
            self._checkpoint(writer, rejects)

    def _checkpoint(self, writer: ShardWriter, rejects: BinaryIO) -> None:
        rejects.flush()
        os.fsync(rejects.fileno())
        self._state.rejects_bytes = rejects.tell()
        self._state.shards = writer.shards
        self._state.save(self._out, self._plan)

    def _encoded(self) -> AbstractContextManager[ShardWriter]:
        schema = example_schema(self._options)
        if self._two_stages:
            self._work.mkdir(exist_ok=True)
            return self._writer(self._work, _ENCODED, schema, arrow_file)
        return self._writer(self._out, _SHARD, mask_schema(schema, self._files.masks), parquet_file)

    def _rejects(self) -> BinaryIO:
        file = (self._out / _REJECTS).open("ab")
        file.truncate(self._state.rejects_bytes)
        return file

    # -- the second stage: examples to files, in their final order

    def arrange(self) -> None:
        """Shuffle and pack, where asked to; it is quick, and begins again if it was killed."""
        state, summary = self._state, self._state.summary
        summary.shards = state.shards
        if self._two_stages:
            self._arrange(summary)
        write_json(self._out / _SUMMARY, summary.to_dict())
        state.stage = "done"
        state.save(self._out, self._plan)
        if self._work.exists():
            shutil.rmtree(self._work)

    def _arrange(self, summary: Summary) -> None:
        files = self._files
        schema = example_schema(self._options)
        examples = self._read_encoded()
        if files.shuffle is not None:
            buckets = self._work / "buckets"
            shutil.rmtree(buckets, ignore_errors=True)
            examples = shuffled(examples, schema, files.shuffle, buckets)
        examples = map(self._masked, examples)
        schema = mask_schema(schema, files.masks)
        if files.pack is not None:
            examples = packed(examples, schema, files.pack, files.pad_id)
            schema = pack_schema(schema)
        rows = 0
        with self._writer(self._out, _SHARD, schema, parquet_file) as writer:
            for batch in examples:
                rows += batch.num_rows
                writer.write(batch)
            writer.finish()
        summary.shards = writer.shards
        if files.pack is not None:
            summary.packs = rows
            summary.fill_rate = summary.tokens / (rows * files.pack) if rows else None

    def _read_encoded(self) -> Iterator[RecordBatch]:
        for number in range(self._state.shards):
            with pa.OSFile(str(self._work / _ENCODED.format(number))) as file:
                shard = pa.ipc.open_file(file)
                for index in range(shard.num_record_batches):
                    yield shard.get_batch(index)

    def _masked(self, examples: RecordBatch) -> RecordBatch:
        return with_masks(examples, self._files.masks) if self._files.masks else examples

    @contextmanager
    def _writer(
        self, folder: Path, name: str, schema: Schema, kind: Callable[..., Any]
    ) -> Iterator[ShardWriter]:
        """A writer that goes on behind the files that count, and removes all others."""
        kept = self._state.shards if self._state.stage == "encode" else 0
        known = {name.format(number) for number in range(kept)}
        if gone := [shard for shard in sorted(known) if not (folder / shard).is_file()]:
            raise DataError(f"expected {gone[0]} of the earlier run, found none", str(folder))
        for path in folder.glob("*-*" + name[name.rindex(".") :] + "*"):
            if path.name not in known:
                path.unlink()
        writer = ShardWriter(
            folder,
            name,
            schema.with_metadata(self._metadata),
            kind,
            shard_tokens=self._files.shard_tokens,
            shards=kept,
        )
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise


class _Reading:
    """The input as batches, and how much of it they are."""

    def __init__(self, mixture: Mixture, files: list[tuple[str, int, int]]) -> None:
        self._mixture = mixture
        self._sizes = Counter[str]()
        rounds = [source.repeat for source in mixture.sources for _ in source.files(mixture.folder)]
        for (name, size, _), repeat in zip(files, rounds, strict=True):
            self._sizes[name] += size * repeat
        self._total = max(1, sum(self._sizes.values()))
        self._under_way: deque[tuple[Counter[str], int]] = deque()
        self.part = 0.0
        """How much of the input is done, from 0 to 1; a guess for files that are compressed."""

    def next_taken(self) -> Counter[str]:
        """Rows of each source in the oldest batch under way, which is then done."""
        rows, read = self._under_way.popleft()
        self.part = read / self._total
        return rows

    def batches(self, done: int) -> Iterator[RecordBatch]:
        read = 0
        for number, batch in enumerate(batches(raw_rows(self._mixture))):
            for name, size in _sizes(batch).items():
                # What a compressed file holds is more than its size.
                counted = min(size, self._sizes[name])
                self._sizes[name] -= counted
                read += counted
            if number >= done:
                self._under_way.append((Counter(batch["source"].to_pylist()), read))
                yield batch


def _sizes(batch: RecordBatch) -> Counter[str]:
    """Bytes of rows, line ends included, by file."""
    sizes = Counter[str]()
    lengths = pc.binary_length(batch["text"]).fill_null(0).to_pylist()
    for file, length in zip(batch["file"].to_pylist(), lengths, strict=True):
        sizes[file] += length + 1
    return sizes


def _write_rejects(file: BinaryIO, rejects: RecordBatch) -> None:
    file.writelines(
        json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rejects.to_pylist()
    )
