"""A run: what it writes, that it can be interrupted anywhere, and what it refuses to overwrite."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.cli import main
from chatfmt.corpus import FileOptions, Summary, TooManyRejectsError, raw, tokenize
from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.folder import temporary_name
from chatfmt.encodings import TiktokenEncoding
from chatfmt.errors import ChatfmtError, DataError
from chatfmt.line.format import ChatFormat
from corpus_data import BAD_LINES, contents, lines, mixture, options, rejects, row_of, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "_BATCH_ROWS", 16)


@pytest.fixture
def data(tmp_path: Path) -> Any:
    """300 rows in three files, every tenth of them bad."""
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(3):
        write(folder / f"{number}.jsonl", lines(100, number, bad_every=10))
    return folder


def _run(
    data: Path,
    out: Path,
    files: FileOptions | None = None,
    *,
    patterns: tuple[str, ...] = ("*.jsonl",),
    more: dict[str, Any] | None = None,
    **how: Any,
) -> Any:
    mix = mixture(data, *patterns)
    how = {"workers": 1, **how}
    return tokenize(mix, out, options(mix, **(more or {})), files, **how)


def _rows(out: Path) -> Any:
    return [
        row for path in sorted(out.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


WAYS = [
    FileOptions(shard_tokens=4000),
    FileOptions(shard_tokens=4000, shuffle=7),
    FileOptions(shard_tokens=4000, pack=256, masks=("attention_mask", "assistant_masks")),
    FileOptions(shard_tokens=4000, pack=256, pad_id=0, shuffle=7),
]


def test_a_run_writes_every_row_in_order(data: Path, tmp_path: Path) -> None:
    summary = _run(data, tmp_path / "out", FileOptions(shard_tokens=2000))
    tok = chatfmt.get_tokenizer("gpt-4")
    expected = []
    for path in sorted(data.iterdir()):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if line not in BAD_LINES:
                example = tok.encode_for_training(json.loads(line)["messages"])
                place = {
                    "source": "*.jsonl",
                    "file": path.name,
                    "row": number,
                    "part": 0,
                    "path": None,
                }
                ids = {"input_ids": example.input_ids, "labels": example.labels}
                expected.append(ids | place)
    rows = _rows(tmp_path / "out")
    assert rows == expected
    assert len(rows) == 270
    assert (summary.rows, summary.output, summary.rejected, summary.filtered) == (300, 270, 30, 0)
    assert summary.tokens == sum(len(row["input_ids"]) for row in rows)
    assert summary.trained_tokens == sum(x != -100 for row in rows for x in row["labels"])
    assert summary.shards == len(list((tmp_path / "out").glob("*.parquet"))) > 3
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary.to_dict()


def test_refused_rows_are_told(data: Path, tmp_path: Path) -> None:
    summary = _run(data, tmp_path / "out")
    told = rejects(tmp_path / "out")
    assert [(row["file"], row["line"]) for row in told] == [
        (f"{number}.jsonl", line) for number in range(3) for line in range(10, 101, 10)
    ]
    assert [row_of(row) for row in told] == [*BAD_LINES, *BAD_LINES[:2]] * 3
    assert sum(summary.reasons.values()) == 30
    assert summary.reasons["expected JSON, found the constant NaN"] == 6


def test_counts_add_up_for_each_source(data: Path, tmp_path: Path) -> None:
    mix = mixture(data, "0.jsonl", "[12].jsonl", seed=3)
    kept = mix.sources[1].model_copy(update={"where": {"id": (1, 2, 3)}})
    mix = mix.model_copy(update={"sources": (mix.sources[0], kept)})
    summary = tokenize(mix, tmp_path / "out", options(mix), workers=1)
    for counts in (vars(summary), *summary.sources.values()):
        assert counts["rows"] == counts["output"] + counts["rejected"] + counts["filtered"]
    for name in ("rows", "output", "rejected", "filtered", "examples", "tokens", "trained_tokens"):
        assert getattr(summary, name) == sum(c[name] for c in summary.sources.values())
    found = Counter(row["source"] for row in _rows(tmp_path / "out"))
    assert found == {"0.jsonl": 90, "[12].jsonl": 6}
    assert summary.sources["[12].jsonl"]["filtered"] > 150
    # Both are there from the beginning on: the next source is drawn.
    assert {row["source"] for row in _rows(tmp_path / "out")[:50]} == set(found)


def test_flat_messages_are_put_together(tmp_path: Path) -> None:
    flat = [
        {"message_id": "a", "message_tree_id": "a", "role": "prompter", "text": "Hi"},
        {"message_id": "b", "message_tree_id": "a", "role": "assistant", "text": "Hello"},
    ]
    texts = [
        json.dumps(row | {"parent_id": "a" * (row["message_id"] == "b") or None}) for row in flat
    ]
    rows = lines(40)
    write(tmp_path / "flat.jsonl", [texts[1].encode(), *rows, texts[0].encode()])
    summary = _run(tmp_path, tmp_path / "out", patterns=("flat.jsonl",))
    assert (summary.rows, summary.output, summary.rejected) == (41, 41, 0)
    [last] = _rows(tmp_path / "out")[-1:]
    decoded = chatfmt.get_tokenizer("gpt-4").decode(last["input_ids"])
    assert [message.content for message in decoded.messages] == ["Hi", "Hello"]


def test_json_and_parquet_give_the_same_as_lines(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in lines(40)]
    write(tmp_path / "a.jsonl", lines(40))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    ids = []
    for kind in ("jsonl", "json", "parquet"):
        _run(tmp_path, tmp_path / kind, patterns=(f"a.{kind}",))
        ids.append([row["input_ids"] for row in _rows(tmp_path / kind)])
    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 40


def test_files_say_what_made_them(data: Path, tmp_path: Path) -> None:
    _run(data, tmp_path / "out", more={"weights": True})
    [path] = (tmp_path / "out").glob("*.parquet")
    schema = pq.read_schema(path)
    made_of = json.loads(schema.metadata[b"chatfmt"])
    tok = chatfmt.get_tokenizer("gpt-4")
    assert ChatFormat(**made_of["format"]) == tok.format
    assert made_of["encoding"] == {"name": "cl100k_im", "fingerprint": tok.encoding.fingerprint}
    assert made_of["options"]["weights"] is True
    assert {str(field.type) for field in schema} == {
        "list<element: int32>",
        "list<element: float>",
        "string",
        "int64",
        "int32",
        "list<element: string>",
    }


def test_the_manifest_says_what_has_encoded(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(summary: Summary, _part: float) -> None:
        if summary.rows > 200:
            raise _Stop

    def noted() -> str:
        found: str = json.loads((tmp_path / "out" / "manifest.json").read_bytes())["encoder"]
        return found

    encoding = chatfmt.get_tokenizer("gpt-4").encoding
    assert isinstance(encoding, TiktokenEncoding)
    encoder = encoding.encoder
    with pytest.raises(_Stop):
        _run(data, tmp_path / "out", WAYS[0], progress=stop)
    assert noted() == encoder
    # Another one does not keep a run from going on.
    monkeypatch.setattr(TiktokenEncoding, "encoder", "another 1.0")
    _run(data, tmp_path / "out", WAYS[0], resume=True)
    assert noted() == f"{encoder}, another 1.0"
    _run(data, tmp_path / "whole", WAYS[0])
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("files", WAYS)
def test_packs_and_shuffles_hold_the_same_examples(
    data: Path, tmp_path: Path, files: FileOptions
) -> None:
    _run(data, tmp_path / "plain")
    summary = _run(data, tmp_path / "out", files)
    expected = {
        (row["file"], row["row"]): (row["input_ids"], row["labels"])
        for row in _rows(tmp_path / "plain")
    }
    rows, found, room = _rows(tmp_path / "out"), {}, 0
    for row in rows:
        if files.pack is None:
            found[row["file"], row["row"]] = row["input_ids"], row["labels"]
            continue
        start = 0
        for file, number, length in zip(row["file"], row["row"], row["seq_lengths"], strict=True):
            stop = start + length
            found[file, number] = row["input_ids"][start:stop], row["labels"][start:stop]
            start = stop
        room += files.pack
        if files.pad_id is not None:
            assert len(row["input_ids"]) == files.pack
    refused = 0 if files.pack is None else summary.rejected - 30
    assert len(found) == 270 - refused
    assert found.items() <= expected.items()
    if files.pack is not None:
        assert summary.packs == len(rows)
        assert summary.fill_rate == summary.tokens / room
    order = [(row["file"], row["row"]) for row in rows]
    assert (order == sorted(order)) == (files.shuffle is None and files.pack is None)


class _Stop(Exception):  # noqa: N818 - no error
    pass


@pytest.mark.parametrize("files", WAYS)
def test_a_run_that_was_interrupted_anywhere_ends_the_same(
    data: Path, tmp_path: Path, files: FileOptions
) -> None:
    _run(data, tmp_path / "whole", files)
    expected = contents(tmp_path / "whole")
    calls = 0

    def stop(_summary: Summary, _part: float) -> None:
        nonlocal calls
        calls += 1
        if calls % 5 == 0:  # the first call is before the first batch
            raise _Stop

    out = tmp_path / "out"
    for attempt in range(20):
        try:
            _run(data, out, files, progress=stop, resume=attempt > 0)
        except _Stop:
            assert not any(".parquet" in path.name for path in out.glob(".*"))
            assert not (out / "summary.json").exists()
        else:
            break
    assert calls > 19  # the number of batches: some were encoded twice
    assert contents(out) == expected


@pytest.mark.parametrize("files", WAYS[1:4:2])
def test_the_second_stage_begins_again(
    data: Path, tmp_path: Path, files: FileOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(data, tmp_path / "whole", files)

    def fail(_summary: Summary) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Summary, "to_dict", fail)
        with pytest.raises(OSError, match="No space"):
            _run(data, tmp_path / "out", files)
    assert not list((tmp_path / "out").glob("*.parquet"))
    (tmp_path / "out" / temporary_name("0" * 31 + "1", "shard-00099.parquet")).write_bytes(b"half")
    _run(data, tmp_path / "out", files, resume=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_finished_run_is_left_as_it_is(data: Path, tmp_path: Path) -> None:
    first = _run(data, tmp_path / "out")
    before = contents(tmp_path / "out")
    assert _run(data, tmp_path / "out", resume=True) == first
    with pytest.raises(DataError, match="found an earlier run"):
        _run(data, tmp_path / "out")
    assert contents(tmp_path / "out") == before
    _run(data, tmp_path / "out", WAYS[3], overwrite=True)
    _run(data, tmp_path / "other", WAYS[3])
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


def test_others_files_are_never_touched(data: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    hows: list[dict[str, Any]] = [{}, {"overwrite": True}, {"resume": True}]
    for how in hows:
        with pytest.raises(DataError, match="found other files"):
            _run(data, tmp_path / "out", **how)
    assert contents(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_other_options_and_input_are_refused(data: Path, tmp_path: Path) -> None:
    _run(data, tmp_path / "out", WAYS[0])
    with pytest.raises(DataError, match=r"found different options\.max_tokens, options\.pack;"):
        _run(data, tmp_path / "out", FileOptions(shard_tokens=4000, pack=400), resume=True)
    with pytest.raises(DataError, match=r"options\.train_on"):
        _run(data, tmp_path / "out", WAYS[0], more={"train_on": "last"}, resume=True)
    with pytest.raises(DataError, match=r"format\.name"):
        _run(data, tmp_path / "out", WAYS[0], more={"format": "gpt-3.5-turbo"}, resume=True)
    write(data / "1.jsonl", lines(3))
    with pytest.raises(DataError, match="found different input"):
        _run(data, tmp_path / "out", WAYS[0], resume=True)


def test_a_lost_file_is_missed(data: Path, tmp_path: Path) -> None:
    def stop(summary: Summary, _part: float) -> None:
        if summary.rows > 200:
            raise _Stop

    with pytest.raises(_Stop):
        _run(data, tmp_path / "out", WAYS[0], progress=stop)
    (tmp_path / "out" / "shard-00000.parquet").unlink()
    with pytest.raises(DataError, match=r"expected shard-00000\.parquet .* it is missing"):
        _run(data, tmp_path / "out", WAYS[0], resume=True)


def test_too_many_refused_rows_stop_a_run(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TooManyRejectsError, match="at most 4 rows that cannot be used, found 6"):
        _run(data, tmp_path / "out", WAYS[0], max_rejects=4)
    assert len(rejects(tmp_path / "out")) == 6
    _run(data, tmp_path / "out", WAYS[0], max_rejects=30, resume=True)
    _run(data, tmp_path / "other", WAYS[0])
    assert contents(tmp_path / "out") == contents(tmp_path / "other")


@pytest.mark.parametrize(
    ("files", "more", "message"),
    [
        ({"pack": 100}, {"max_tokens": 101}, "max_tokens of at most 100"),
        ({"pack": 100}, {"preferences": True}, "conversations to pack"),
        ({"masks": ("attention_mask",)}, {"preferences": True}, "conversations for masks"),
        ({"pad_id": 0}, {}, "needs pack"),
        ({"shard_tokens": 0}, {}, "at least 1 id"),
        ({}, {"preferences": True, "weights": True}, "preferences have no weights"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    data: Path, tmp_path: Path, files: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ChatfmtError, match=message):
        _run(data, tmp_path / "out", FileOptions(**files), more=more)
    assert not (tmp_path / "out").exists()


def test_the_command(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(data)
    out = tmp_path / "out"
    arguments = ["tokenize", "*.jsonl", "--format", "gpt-4", "-o", str(out), "--workers", "1"]
    assert main([*arguments, "--max-rejects", "4"]) == 1
    assert "stopped: " in capsys.readouterr().err
    assert main([*arguments, "--resume"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == json.loads((out / "summary.json").read_text())
    assert printed.err == f"30 of 300 rows were refused: see {out / 'rejects.jsonl'}\n"
    assert main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert main([*arguments[:2], "nothing.jsonl", *arguments[2:], "--overwrite"]) == 2
    assert main([*arguments, "--from", "alpaca", "--overwrite"]) == 0
    assert json.loads(capsys.readouterr().out)["rejected"] == 300
    write(data / "mixture.toml", [b'[[source]]\nname = "some"\npaths = ["0.jsonl"]'])
    arguments[1] = "mixture.toml"
    assert main([*arguments, "--option", "empty_turns=drop", "--overwrite"]) == 2
    assert "a mixture alone" in capsys.readouterr().err
    columns = ["--column", "weights", "--column", "attention_mask", "--pack", "512"]
    assert main([*arguments, *columns, "--overwrite"]) == 0
    assert json.loads(capsys.readouterr().out)["sources"]["some"]["rows"] == 100
    assert _rows(out)[0].keys() >= {"weights", "attention_mask", "seq_lengths"}
