"""From a mixture to the files of a corpus: encode, arrange if asked, write, and note the progress.

The engine's workers do all the work, up to the bytes of the files (`pieces.Work`). This process
spends the same small time on every batch, so it can keep many workers busy.
"""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import TYPE_CHECKING, Literal

from chatfmt.corpus.arrow import from_ipc, pa
from chatfmt.corpus.columns import example_schema
from chatfmt.corpus.inputs import Inputs
from chatfmt.corpus.masks import mask_schema
from chatfmt.corpus.options import EncodeOptions, FileOptions
from chatfmt.corpus.packing import pack_schema, packed
from chatfmt.corpus.parquet import ParquetFile
from chatfmt.corpus.pieces import Work, masked, parquet_pieces
from chatfmt.corpus.place import place_of
from chatfmt.corpus.plan import engine_of, planned, refuse_unused_tools
from chatfmt.corpus.reading import Reading
from chatfmt.corpus.rejects import RejectsWriter, TooManyRejectsError
from chatfmt.corpus.shuffle import shuffled
from chatfmt.corpus.state import REJECTS, SUMMARY, begin, load, look
from chatfmt.corpus.writer import ShardWriter, StreamFile
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO

    from chatfmt.adapters import Mixture
    from chatfmt.corpus.arrow import RecordBatch, Schema
    from chatfmt.corpus.folder import Note
    from chatfmt.corpus.pieces import Outcome
    from chatfmt.corpus.run_folder import Folder
    from chatfmt.corpus.state import State
    from chatfmt.corpus.summary import Summary
    from chatfmt.corpus.writer import PieceFile

__all__ = ["tokenize"]

_SHARD, _ENCODED = "shard-{:05}.parquet", "encoded-{:05}.arrow"


def tokenize(
    mixture: Mixture,
    out: Path | str,
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
        out: a folder, or the URL of one in a store (``s3://bucket/corpus``), that is empty or does
            not exist yet.
        options: how rows become examples.
        files: how examples become files.
        engine: ``local`` processes, or ``ray`` (extra ``ray``).
        workers: the number of processes; None takes one for each core.
        ray_address: the address of a cluster; None starts Ray on this machine.
        max_rejects: how many refused rows to allow; None allows any number.
        resume: continue what an interrupted run has left in ``out``.
        overwrite: start over in the folder of an earlier run.
        progress: called at the start and after each batch with the counts so far and the share of
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
    options, plan = planned(mixture, options, files)
    place = place_of(out)
    inputs = Inputs(mixture)
    inputs.refuse_below(place.where)
    look(place, resume=resume, overwrite=overwrite)
    refuse_unused_tools(mixture, options)
    with place.locked():
        folder, state = begin(place, plan, inputs, resume=resume, overwrite=overwrite)
        run = _Run(folder, options, files, state=state)
        if state.stage == "encode":
            encoder = engine_of(engine, workers, ray_address)
            reading = Reading(mixture, inputs)
            run.encode(encoder, reading, max_rejects, progress or _silent)
        if state.stage == "arrange":
            run.arrange()
        run.finish()
    return state.summary


def _silent(_summary: Summary, _part: float) -> None:
    """Show no progress."""


class _Run:
    """One run: its stages, and what they share."""

    def __init__(
        self, folder: Folder, options: EncodeOptions, files: FileOptions, *, state: State
    ) -> None:
        self._folder, self._options, self._files, self._state = folder, options, files, state
        made_of = {key: state.plan[key] for key in ("chatfmt", "format", "encoding", "options")}
        self._metadata = {"chatfmt": json.dumps(made_of, ensure_ascii=False)}

    # -- the first stage: rows to examples, in the order of the input

    def encode(
        self,
        engine: Callable[[Work, Iterator[RecordBatch]], Generator[Outcome]],
        reading: Reading,
        max_rejects: int | None,
        progress: Callable[[Summary, float], None],
    ) -> None:
        state, summary = self._state, self._state.summary
        state.encoded_by(getattr(self._options.tokenizer.encoding, "encoder", None))
        for name in list(state.files):
            if name != REJECTS:
                self._publish(name)
        progress(summary, reading.part)
        with RejectsWriter(self._folder, state) as rejects:
            try:
                with contextlib.ExitStack() as stack, self._encoded() as writer:
                    work = Work(self._options, self._files)
                    outcomes = engine(work, reading.batches(state.batches))
                    stack.callback(outcomes.close)
                    for piece, refused, counts in outcomes:
                        reading.taken()
                        summary.add(counts)
                        rejects.write(refused)
                        state.batches += 1
                        if piece is not None and writer.write(piece):
                            self._checkpoint(writer, rejects, reading)
                        progress(summary, reading.part)
                        self._bear(summary, max_rejects)
                    writer.finish()
                    state.stage = "arrange"
                    self._checkpoint(writer, rejects, reading)
            except BaseException:
                self._show_rejects(rejects)
                raise

    def _bear(self, summary: Summary, max_rejects: int | None) -> None:
        if max_rejects is not None and summary.rejected > max_rejects:
            raise TooManyRejectsError(
                f"expected at most {max_rejects} rows that cannot be used, found "
                f"{summary.rejected} among the first {summary.rows}; see {REJECTS}",
                str(self._folder.place),
            )

    def _checkpoint(self, writer: ShardWriter, rejects: RejectsWriter, reading: Reading) -> None:
        """Note which files are complete, so that they count from now on, and name them."""
        state = self._state
        reading.check()  # otherwise rows of a changed file would count
        state.inputs = reading.notes
        state.rejects = rejects.note()
        state.shards = writer.shards
        complete, writer.complete = writer.complete, {}
        (state.encoded if self._files.arranges else state.files).update(complete)
        state.save(self._folder)
        if not self._files.arranges:
            for name in complete:
                self._publish(name)

    def _publish(self, name: str) -> None:
        if self._folder.is_complete(name):
            self._folder.publish(name)

    def _show_rejects(self, rejects: RejectsWriter) -> None:
        """Publish the refused rows when a run has stopped, for whatever reason."""
        with contextlib.suppress(OSError, ChatfmtError):
            saved = load(self._folder.place)  # the state at the last checkpoint, which counts
            saved.files[REJECTS] = rejects.note()
            saved.save(self._folder)
            self._folder.publish(REJECTS)

    def _encoded(self) -> AbstractContextManager[ShardWriter]:
        if self._files.arranges:
            return self._writer(_ENCODED, StreamFile)
        schema = mask_schema(example_schema(self._options), self._files.masks)
        return self._writer(_SHARD, self._parquet(schema))

    def _parquet(self, schema: Schema) -> Callable[[BinaryIO], ParquetFile]:
        return partial(ParquetFile, schema=schema.with_metadata(self._metadata))

    # -- the second stage: examples to files, in their final order

    def arrange(self) -> None:
        """Shuffle and pack if asked to; this is quick, and starts over if it was killed."""
        state, summary = self._state, self._state.summary
        for name in state.files:
            self._publish(name)
        summary.shards = state.shards
        files = {}
        try:
            if self._files.arranges:
                files = self._arrange(summary)
            with self._folder.writing(SUMMARY) as file:
                file.write(json.dumps(summary.to_dict(), ensure_ascii=False, indent=1).encode())
                file.write(b"\n")
        except BaseException:
            self._folder.sweep(keep={REJECTS, *state.encoded})
            raise
        if state.rejects is not None:
            files[REJECTS] = state.rejects
        files[SUMMARY] = self._folder.notes[SUMMARY]
        state.files.update(files)
        state.encoded = {}
        state.stage = "done"
        state.save(self._folder)

    def finish(self) -> None:
        """Give all files their names, and remove the temporary ones."""
        for name in self._state.files:
            self._publish(name)
        self._folder.sweep()

    def _arrange(self, summary: Summary) -> dict[str, Note]:
        files = self._files
        schema = example_schema(self._options)
        examples = self._read_encoded()
        if files.shuffle is not None:
            examples = shuffled(examples, schema, files.shuffle, self._folder.temporary)
        examples = (masked(batch, files) for batch in examples)
        schema = mask_schema(schema, files.masks)
        if files.pack is not None:
            examples = packed(examples, schema, files.pack, files.pad_id)
            schema = pack_schema(schema)
        rows = 0
        with self._writer(_SHARD, self._parquet(schema)) as writer:
            for piece in parquet_pieces(examples, files.shard_tokens):
                rows += piece.rows
                writer.write(piece)
            writer.finish()
        summary.shards = writer.shards
        if files.pack is not None:
            summary.packs = rows
            summary.fill_rate = summary.tokens / (rows * files.pack) if rows else None
        return writer.complete

    def _read_encoded(self) -> Iterator[RecordBatch]:
        for name in self._state.encoded:
            with self._folder.encoded(name) as path, pa.OSFile(str(path)) as file:
                yield from from_ipc(file)

    @contextlib.contextmanager
    def _writer(self, name: str, begin: Callable[[BinaryIO], PieceFile]) -> Iterator[ShardWriter]:
        """A writer that continues after the files that count."""
        writer = ShardWriter(
            self._folder,
            name,
            begin,
            shard_tokens=self._files.shard_tokens,
            shards=self._state.shards if self._state.stage == "encode" else 0,
        )
        try:
            yield writer
        except BaseException:
            writer.abandon()
            raise
