"""`chatfmt tokenize` beside what a user would take instead, from a file of rows to Parquet.

`python -m benchmarks.beside` prints the rows of `make bench` that are called "tokenize beside …";
`--base TREE` has one more, `encode_records` beside that of another checkout.

Every run is a process of its own, by turns, and what counts is the processor time of all processes
that it starts, its start included: a worker that its parent does not wait for is waited for here.
Both sides have written the same ids, and labels where the other has any, before anything counts.
Each text stands in the file once.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.corpus import collect_orphans
from benchmarks.sets import prose
from benchmarks.table import Row, Target, terminal
from benchmarks.timing import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.rows import Scale

__all__ = ["tokenize"]

_ROOT = Path(__file__).resolve().parents[1]
_SCRIPTS = Path(__file__).resolve().parent / "scripts"
_ROWS = 20_000
_COMPILED = Path(tempfile.gettempdir(), "chatfmt-benchmarks")
_MESSAGE = 110  # tokens, on average: four messages are a row


class _Peer(NamedTuple):
    """A script, what it takes beside rows and output, and chatfmt's options for the same work."""

    name: str
    script: str
    more: Sequence[str]
    options: Sequence[str]
    wanted: Target | None
    labels: bool = True


def write_rows(path: Path, rows: int = _ROWS) -> Path:
    """Conversations of two turns in varied words, about 450 tokens each."""
    chance = random.Random(2)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(rows):
            turns = [
                {"role": role, "content": prose(chance, chance.randint(20, 2 * _MESSAGE - 20))}
                for role in ("user", "assistant") * 2
            ]
            file.write(json.dumps({"messages": turns}, ensure_ascii=False) + "\n")
    return path


def processor_time(command: Sequence[object]) -> float:
    """Seconds of processor time of a command and all that it starts.

    Raises:
        subprocess.CalledProcessError: it has failed.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [*map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        process_group=0,
    )
    _, errors = process.communicate()
    with suppress(ChildProcessError):
        while True:  # what it left; other children of this process may run for ever
            os.waitpid(-process.pid, 0)
    if process.returncode:
        sys.stderr.write(errors)
        raise subprocess.CalledProcessError(process.returncode, process.args)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def environment(**more: str) -> dict[str, str]:
    """Variables for a process that finds modules compiled, as they are where they are installed."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(_COMPILED), **more}


def _peers(folder: Path) -> Iterator[_Peer]:
    """What there is to compare with, and is installed."""
    yield _Peer("the short script", "short", (), ("--format", "gpt-4o"), Target("ratio", "≥", 1.2))
    with suppress(ImportError):
        import datasets  # noqa: F401 - whether it is there

        from benchmarks.peers import gpt_4o_of_hugging_face

        kept = folder / "tokenizer"
        gpt_4o_of_hugging_face().save_pretrained(kept)
        options = ("--format", "gpt-4o")
        yield _Peer("datasets.map", "with_datasets", (str(kept),), options, Target("ratio", "≥", 8))
    with suppress(ImportError):
        from benchmarks.peers import TEKKEN, tekken_path

        line = folder / "tekken_line.json"
        line.write_text(json.dumps(TEKKEN), encoding="utf-8")
        path = str(tekken_path())
        ours = ("--format-file", str(line), "--encoding-file", path)
        yield _Peer("mistral-common, no labels", "with_mistral", (path,), ours, None, labels=False)


def tokenize(scale: Scale, names: Sequence[str] = ()) -> Iterator[Row]:
    """`chatfmt tokenize` with one worker and with two, beside each peer."""
    collect_orphans()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _tables(folder)
        rows = write_rows(folder / "rows.jsonl", max(100, _ROWS * scale.characters // 130_000))
        count = len(rows.read_bytes().splitlines())
        for peer in _peers(folder):
            if names and not any(name in peer.name for name in names):
                continue
            out = folder / "theirs.parquet"
            theirs = [sys.executable, _SCRIPTS / f"{peer.script}.py", rows, out, *peer.more]
            for workers in (1, 2):
                corpus = folder / "corpus"
                ours = [sys.executable, "-m", "chatfmt.cli", "tokenize", rows, "-o", corpus]
                ours += [*peer.options, "--workers", workers, "--overwrite"]
                yield Row.of(
                    f"tokenize beside {peer.name}, {workers} worker{'s' * (workers > 1)}",
                    "",
                    peer.name,
                    "µs a row",
                    _alternated(ours, theirs, scale.rounds, lambda: _compare(corpus, out, peer)),  # noqa: B023
                    per=count,
                    target=peer.wanted if workers == 1 else None,
                )


def _alternated(
    ours: Sequence[object], theirs: Sequence[object], rounds: int, check: Callable[[], None]
) -> Pair:
    """Processor time by turns, after one round that does not count, whose output is compared."""
    pair = Pair([], [])
    for number in range(max(1, rounds // 3) + 1):
        figures = processor_time(ours), processor_time(theirs)
        if number == 0:
            check()
            continue
        pair.ours.append(figures[0])
        pair.theirs.append(figures[1])
    return pair


def _compare(corpus: Path, out: Path, peer: _Peer) -> None:
    from chatfmt.corpus.arrow import pa, pq

    columns = ["input_ids", "labels"] if peer.labels else ["input_ids"]
    shards = sorted(corpus.glob("*.parquet"))
    ours = pa.concat_tables(pq.read_table(path, columns=columns) for path in shards)
    theirs = pq.read_table(out, columns=columns)
    for name in columns:
        if ours[name].to_pylist() != theirs[name].to_pylist():
            raise RuntimeError(f"not the same on both sides: {name} of {peer.name}")


def _tables(folder: Path) -> None:
    """Tiktoken's tables where tiktoken looks for them, so that no script needs the network."""
    from benchmarks.rows import keep_table

    keep_table(folder)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)


# ---- encode_records beside that of another checkout, in processes of their own

_ENCODE = """
import sys, time, gc
from pathlib import Path
import chatfmt
from chatfmt.adapters import Mixture
from chatfmt.corpus import EncodeOptions, batches, encode_records, raw_rows
path = Path(sys.argv[1])
mixture = Mixture.model_validate(
    {"source": [{"name": "rows", "paths": [path.name]}], "folder": path.parent}
)
options = EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=mixture.sources)
read = list(batches(raw_rows(mixture)))
encode_records(read.pop(), options)
start = time.process_time()
for batch in read:
    encode_records(batch, options)
print(time.process_time() - start)
"""

_RAW = """
import json, sys, time
from benchmarks.stock import stock
encode = stock().encode_ordinary
texts = [m["content"] for line in open(sys.argv[1], "rb") for m in json.loads(line)["messages"]]
encode(texts[0])
start = time.process_time()
for text in texts:
    encode(text)
print(time.process_time() - start)
"""


def _seconds(code: str, tree: Path, rows: Path) -> float:
    path = os.pathsep.join([*map(str, (tree / "src", _ROOT, _ROOT / "tests")), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code, str(rows)],
        env=environment(PYTHONPATH=path),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def records(base: Path, rows: int, rounds: int) -> Iterator[Row]:
    """`encode_records` beside the same of another checkout, and beside the raw loop."""
    with tempfile.TemporaryDirectory() as name:
        path = write_rows(Path(name) / "rows.jsonl", rows)
        works = {"here": (_ENCODE, _ROOT), "base": (_ENCODE, base), "raw": (_RAW, _ROOT)}
        times: dict[str, list[float]] = {key: [] for key in works}
        for _ in range(rounds):
            for key, (code, tree) in works.items():
                times[key].append(_seconds(code, tree, path))
    for peer, key in ((f"the same of {base.name}", "base"), ("the raw loop", "raw")):
        pair = Pair(times["here"], times[key])
        yield Row.of("encode_records", "", peer, "µs a row", pair, per=rows)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="peers, all by default")
    parser.add_argument("--base", metavar="TREE", type=Path, help="a checkout")
    parser.add_argument("--rows", metavar="N", type=int, default=_ROWS)
    parser.add_argument("--rounds", metavar="N", type=int, default=3)
    args = parser.parse_args()
    from benchmarks.rows import FULL

    print(terminal(), flush=True)
    if args.base:
        for row in records(args.base.resolve(), args.rows // 4, args.rounds):
            print(terminal([row]), flush=True)
        return
    scale = FULL._replace(characters=130_000 * args.rows // _ROWS, rounds=3 * args.rounds)
    for row in tokenize(scale, args.names):
        print(terminal([row]), flush=True)
    print(f"The machine's load is {statistics.fmean(os.getloadavg()[:1]):.2f}.")


if __name__ == "__main__":
    main()
