"""Irregular rows in a run: reported byte for byte, in bounded pieces, and never held for long."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import Mixture
from chatfmt.corpus import tokenize
from chatfmt.corpus.arrow import pa, pq
from corpus_data import mixture, options, rejects, row_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# What parsing and writing again would change, in rows that are refused.
ROWS = [
    b'{"prompt": "2+2?", "completion": 1.00}',
    b'{"completion":1e2 ,  "prompt"\t: "\\u0032+2?"}',
    b'{"prompt": "a/b", "completion": ["\\/", -0.0, 1E5, 12345678901234567890.5]}',
    b'{"prompt": 1, "completion": "\xc3\xa9 \\u00e9 \\ud83d\\ude00"}\r',
    b' {"prompt": "2+2?", "prompt": "3+3?", "completion": "4"} ',
]
# What no document of JSON can hold, but a line can.
LINES = [*ROWS, b'{"prompt": "\xff\xfe\\xff"}', b"", b"\x00", b'{"prompt": "a"', b"\xef\xbb\xbf{}"]


def _rejects(path: Path, schema: str | None = None) -> list[dict[str, Any]]:
    source = {"name": "a", "paths": [path.name], "schema": schema}
    mix = Mixture.model_validate({"source": [source], "folder": path.parent})
    out = path.parent / "out"
    summary = tokenize(mix, out, options(mix), workers=1)
    assert summary.rejected == summary.rows == len(rejects(out))
    return rejects(out)


@pytest.mark.parametrize("schema", [None, "prompt-completion", "oasst"])
@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_a_refused_line_is_told_byte_for_byte(
    tmp_path: Path, ending: str, schema: str | None
) -> None:
    text = b"\n".join([*LINES, LINES[0]])
    path = tmp_path / f"a.{ending}"
    path.write_bytes(gzip.compress(text) if ending.endswith("gz") else text)
    assert [row_of(row) for row in _rejects(path, schema)] == [*LINES, LINES[0]]


@pytest.mark.parametrize("join", [b",", b" ,\n\n "])
def test_a_refused_object_of_a_document_is_told_byte_for_byte(tmp_path: Path, join: bytes) -> None:
    rows = [*ROWS, b'{\n  "prompt": 1.00,\n  "completion": "4"\n}']
    (tmp_path / "a.json").write_bytes(b"[" + join.join(rows) + b"]")
    assert [row_of(row) for row in _rejects(tmp_path / "a.json")] == [
        row.strip(b" \r") for row in rows
    ]


def test_a_flat_message_that_is_refused_is_told_byte_for_byte(tmp_path: Path) -> None:
    orphan = b'{"message_id":"b", "parent_id":"z","role":"assistant","text":"Hi","score":1.00}'
    twice = b'{"message_id":"b","role":"prompter","text":"Hi", "score": 2.00}'
    (tmp_path / "a.jsonl").write_bytes(orphan + b"\n" + twice)
    told = {row["line"]: row_of(row) for row in _rejects(tmp_path / "a.jsonl")}
    assert told == {1: orphan, 2: twice}


def test_a_row_of_more_is_told_without_it(tmp_path: Path) -> None:
    good = b'{"prompt": "2+2?", "completion": "4"}'
    rows: Sequence[bytes] = [good, b'{"prompt": "%s"}' % (b"x" * 500), good, b"y" * 300, good]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows))
    (tmp_path / "b.json").write_bytes(b"[" + b",".join(rows[:3]) + b"]")
    pq.write_table(
        pa.Table.from_pylist([json.loads(row) for row in rows[:2]]), tmp_path / "c.parquet"
    )
    mix = mixture(tmp_path, "a.jsonl", "b.json", "c.parquet")
    short = [
        source.model_copy(
            update={"options": source.options.model_copy(update={"longest_row": 100})}
        )
        for source in mix.sources
    ]
    mix = mix.model_copy(update={"sources": tuple(short)})
    summary = tokenize(mix, tmp_path / "out", options(mix), workers=1)
    assert (summary.rows, summary.output, summary.rejected) == (10, 6, 4)
    told = rejects(tmp_path / "out")
    assert [(row["file"], row["line"]) for row in told] == [
        ("a.jsonl", 2),
        ("a.jsonl", 4),
        ("b.json", 2),
        ("c.parquet", 2),
    ]
    for row in told:
        assert row["row"] is None
        assert "at most 100 bytes" in row["reason"]
    [reason] = {reason.split(", found")[0] for reason in summary.reasons}
    assert reason == "expected a row of at most N bytes"


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": "x" * 2_000_000, "content": "a"}, {"role": "assistant"}]},
        {"x" * 2_000_000: 1},
        {"conversations": [{"from": "x" * 2_000_000, "value": "a"}]},
        {
            "messages": [
                {"role": "user", "content": "a", "name": "x" * 2_000_000},
                {"role": "assistant", "content": "a"},
            ]
        },
    ],
    ids=["role", "key", "speaker", "name"],
)
def test_a_reason_shows_a_bounded_piece(tmp_path: Path, row: dict[str, Any]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(row))
    [told] = _rejects(tmp_path / "a.jsonl")
    assert len(told["reason"]) < 1100
    assert row_of(told) == json.dumps(row).encode()
    kinds = json.loads((tmp_path / "out" / "summary.json").read_text())["reasons"]
    assert all(len(kind) <= 200 for kind in kinds)
