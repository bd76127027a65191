"""Checks a corpus against its manifest: files, sizes, digests, counts and schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.pieces import tokens_in
from chatfmt.corpus.place import place_of
from chatfmt.corpus.state import MANIFEST, REJECTS, SUMMARY, foreign, load
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from pathlib import Path

    from chatfmt.corpus.place import Place
    from chatfmt.corpus.state import State

__all__ = ["Checked", "check"]


class Checked(NamedTuple):
    """The content of a corpus, and its faults.

    >>> Checked(files=3, size=4096, rows=1, tokens=13, faults=[]).faults
    []
    """

    files: int
    size: int
    """The size in bytes of all files that the manifest names."""
    rows: int
    tokens: int
    faults: list[str]
    """The faults, each with its file; empty if there are none."""


def check(folder: Path | str) -> Checked:
    """Read everything that a manifest names, and compare it with what the run wrote.

    Args:
        folder: the folder of the corpus, or its URL.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import chatfmt
    >>> from chatfmt.adapters import Mixture
    >>> from chatfmt.corpus import EncodeOptions, tokenize
    >>> with tempfile.TemporaryDirectory() as name:
    ...     folder = Path(name)
    ...     _ = (folder / "sums.jsonl").write_text('{"prompt": "2+2?", "completion": "4"}')
    ...     mixture = Mixture(source=[{"name": "sums", "paths": ["sums.jsonl"]}], folder=folder)
    ...     tok = chatfmt.get_tokenizer("gpt-4o")
    ...     options = EncodeOptions(tokenizer=tok, sources=mixture.sources)
    ...     _ = tokenize(mixture, folder / "out", options, workers=1)
    ...     whole = check(folder / "out")
    ...     (folder / "out" / "shard-00000.parquet").unlink()
    ...     broken = check(folder / "out")
    >>> whole.rows, whole.tokens, whole.faults, broken.faults
    (1, 13, [], ['shard-00000.parquet: is missing'])

    Raises:
        DataError: the folder was not written by chatfmt, or its manifest is damaged.
        OSError: a file cannot be read.
    """
    place = place_of(folder)
    state = load(place)
    faults = _unfinished(place, state)
    rows = tokens = 0
    schemas: dict[str, str] = {}
    for name, note in sorted(state.files.items()):
        if problem := place.fault(name, note, thorough=True):
            faults.append(f"{name}: {problem}")
        elif note.rows is not None:
            with place.fetched(name) as path:
                counted, problem = _read(path, name, state, schemas)
            rows += note.rows
            tokens += counted
            faults += [f"{name}: {problem}"] if problem else []
    if not faults:
        faults = _sums(place, state, rows, tokens)
    sizes = sum(note.size for note in state.files.values())
    return Checked(len(state.files), sizes, rows, tokens, faults)


def _unfinished(place: Place, state: State) -> list[str]:
    faults = []
    if state.stage != "done":
        faults.append(f"{MANIFEST}: the run is not finished; --resume continues it")
    temporary, others = place.names()
    left = "left by a run that was killed or is still running"
    faults += [f"{name}: {left}" for name in temporary]
    faults += [
        f"{name}: has the name of a file that the run did not write"
        for name in others
        if foreign(name, state)
    ]
    return faults


def _read(path: Path, name: str, state: State, schemas: dict[str, str]) -> tuple[int, str | None]:
    """The number of ids in a file of examples, and the file's fault, if it has one."""
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            made_of = loads((schema.metadata or {}).get(b"chatfmt", b"null"))
            if made_of is None or any(state.plan.get(key) != made_of[key] for key in made_of):
                return 0, "was made with other options than the manifest says"
            first, shown = next(iter(schemas.items()), (name, str(schema)))
            schemas.setdefault(name, str(schema))
            if shown != str(schema):
                return 0, f"has other columns than {first}"
            if file.metadata.num_rows != state.files[name].rows:
                found = f"{file.metadata.num_rows:,} rows"
                return 0, f"has {found}, expected {state.files[name].rows:,}"
            ids = [name for name in schema.names if name.endswith("_ids")]
            return sum(tokens_in(batch) for batch in file.iter_batches(columns=ids)), None
    except (pa.ArrowException, OSError, ValueError) as error:
        return 0, f"cannot be read as Parquet ({error})"


def _sums(place: Place, state: State, rows: int, tokens: int) -> list[str]:
    """Faults in the counts, if all files are unchanged."""
    summary = state.summary
    packs = summary.packs
    expected = summary.examples if packs is None else packs
    faults = []
    if rows != expected:
        faults.append(f"{MANIFEST}: says {expected:,} rows, the files hold {rows:,}")
    if packs is None and tokens != summary.tokens:
        faults.append(f"{MANIFEST}: says {summary.tokens:,} tokens, the files hold {tokens:,}")
    if loads(place.read(SUMMARY)) != summary.to_dict():
        faults.append(f"{SUMMARY}: has other counts than {MANIFEST}")
    with place.fetched(REJECTS) as path, path.open("rb") as file:
        refused = sum(1 for _ in file)
    if refused != summary.rejected:
        faults.append(f"{REJECTS}: has {refused:,} rows, expected {summary.rejected:,}")
    return faults
