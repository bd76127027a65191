"""Write rollouts to files and read them: JSONL with one a line, or Parquet with one a row."""

from __future__ import annotations

import json
import math
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.errors import DataError, said, shown
from chatfmt.json_text import loads
from chatfmt.rollouts.rollout import Rollout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["read_rollouts", "write_rollouts"]

_TYPES: dict[str, tuple[type, ...]] = {
    "input_ids": (int,),
    "sampled": (int,),
    "logprobs": (int, float, type(None)),
    "rewards": (int, float),
    "advantages": (int, float),
}


def write_rollouts(path: str | Path, rollouts: Iterable[Rollout]) -> int:
    """Write rollouts to a ``.jsonl`` or ``.parquet`` file, and return how many there are.

    In JSONL, a logprob that is not finite is the text ``NaN``, ``Infinity`` or ``-Infinity``.
    Parquet needs the extra ``data``; it is written a thousand rollouts at a time.

    >>> import tempfile
    >>> one = Rollout([7, 8], [0, 1], [None, -0.5], [0.0, 1.0], [0.0, 2.0], "sums")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_rollouts(f"{folder}/rollouts.jsonl", [one])
    ...     [*read_rollouts(f"{folder}/rollouts.jsonl")] == [one]
    1
    True

    Raises:
        ValueError: the name of the file ends otherwise.
        DataError: JSON has no form for a reward or an advantage, which is not finite.
    """
    path = Path(path)
    if _suffix(path) == ".parquet":
        return _write_parquet(path, rollouts)
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for count, rollout in enumerate(rollouts, 1):
            _refuse_endless(rollout, str(path), count)
            logprobs = [_in_json(one) for one in rollout.logprobs]
            row = {**rollout._asdict(), "logprobs": logprobs}
            file.write(json.dumps(row, allow_nan=False) + "\n")
    return count


def read_rollouts(path: str | Path) -> Iterator[Rollout]:
    """Read the rollouts of a file that `write_rollouts` wrote, one after the other.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_rollouts(f"{folder}/none.jsonl", [])
    ...     [*read_rollouts(f"{folder}/none.jsonl")]
    0
    []

    Raises:
        DataError: a row is not a rollout; names the file, line and field.
        ValueError: the name of the file ends otherwise.
    """
    path = Path(path)
    rows = _parquet_rows(path) if _suffix(path) == ".parquet" else _json_rows(path)
    for line, row in rows:
        yield _checked(row, str(path), line)


def _suffix(path: Path) -> str:
    if path.suffix not in (".jsonl", ".parquet"):
        raise ValueError(f"expected a file .jsonl or .parquet, found {shown(str(path))}")
    return path.suffix


def _in_json(number: float | None) -> float | str | None:
    if number is None or math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _refuse_endless(rollout: Rollout, file: str, line: int) -> None:
    for name in ("rewards", "advantages"):
        for at, one in enumerate(getattr(rollout, name)):
            if not math.isfinite(one):
                raise DataError(
                    f"expected a finite number, found {one}: look at how it was computed",
                    file,
                    line,
                    f"{name}[{at}]",
                )


def _json_rows(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = loads(line)
            except DataError as error:
                reason = f"{error.reason}, in {shown(line.decode(errors='replace').strip())}"
                raise DataError(reason, str(path), number) from error
            if isinstance(row, dict) and isinstance(row.get("logprobs"), list):
                spelled = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
                row["logprobs"] = [
                    spelled.get(one, one) if isinstance(one, str) else one
                    for one in row["logprobs"]
                ]
            yield number, row


def _checked(row: object, file: str, line: int) -> Rollout:
    """Check a row, and make it a rollout."""
    if not isinstance(row, dict) or row.keys() != {*Rollout._fields}:
        found = [*row] if isinstance(row, dict) else row
        reason = f"expected the members {', '.join(Rollout._fields)}, found {shown(found)}"
        raise DataError(reason, file, line)
    for name, types in _TYPES.items():
        column = row[name]
        if not isinstance(column, list) or len(column) != len(row["input_ids"]):
            reason = f"expected a list as long as input_ids, found {shown(column)}"
            raise DataError(reason, file, line, name)
        for at, one in enumerate(column):
            if not isinstance(one, types) or isinstance(one, bool):
                kinds = " or ".join(kind.__name__ for kind in types)
                reason = f"expected {kinds}, found {shown(one)}"
                raise DataError(reason, file, line, f"{name}[{at}]")
    if not isinstance(row["group"], str | None):
        raise DataError(
            f"expected a text or null, found {shown(row['group'])}", file, line, "group"
        )
    return Rollout(**row)


def _write_parquet(path: Path, rollouts: Iterable[Rollout]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        {
            "input_ids": pa.list_(pa.int64()),
            "sampled": pa.list_(pa.int8()),
            "logprobs": pa.list_(pa.float64()),
            "rewards": pa.list_(pa.float64()),
            "advantages": pa.list_(pa.float64()),
            "group": pa.string(),
        }
    )
    each, count = iter(rollouts), 0
    with pq.ParquetWriter(path, schema) as writer:
        while some := [rollout._asdict() for rollout in islice(each, 1000)]:
            writer.write_table(pa.Table.from_pylist(some, schema))
            count += len(some)
    return count


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        if len({*names}) < len(names):  # a dict would keep the last of two
            raise DataError(f"expected each column once, found {shown(names)}", str(path))
        for batch in file.iter_batches(1000):
            for row in batch.to_pylist():
                number += 1
                yield number, row
    except pa.ArrowException as error:
        reason = f"expected a Parquet file, found: {said(error)}; rows read before it: {number}"
        raise DataError(reason, str(path)) from error
