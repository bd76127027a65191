"""A corpus exported to other kinds of files, read by readers written here from their layouts."""

from __future__ import annotations

import ast
import json
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.cli import main
from chatfmt.corpus import TRAINERS, EncodeOptions, FileOptions, export, tokenize, writers
from chatfmt.corpus.arrow import pa, pq
from chatfmt.errors import DataError
from corpus_data import lines, mixture, options, write
from heavy import heavy

if TYPE_CHECKING:
    from pathlib import Path

KINDS = list(writers.WRITERS)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """50 examples in several files."""
    write(tmp_path / "a.jsonl", lines(50))
    mix = mixture(tmp_path, "a.jsonl")
    files = FileOptions(shard_tokens=500)
    tokenize(mix, tmp_path / "corpus", options(mix, "gpt-4o"), files, workers=1)
    return tmp_path / "corpus"


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


# ---- readers, after the documented layouts


def _read_npy(path: Path) -> list[Any]:
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    (size,) = struct.unpack_from("<H", data, 8)
    start = 10 + size
    assert start % 64 == 0
    assert data[start - 1 : start] == b"\n"
    header = ast.literal_eval(data[10:start].decode())
    assert header["fortran_order"] is False
    code, width = {"<i4": ("i", 4), "<i8": ("q", 8), "<f4": ("f", 4), "|i1": ("b", 1)}[
        header["descr"]
    ]
    (count,) = header["shape"]
    assert len(data) == start + count * width
    return list(struct.unpack_from(f"<{count}{code}", data, start))


def _read_megatron(prefix: Path) -> list[list[Any]]:
    """What Megatron's IndexedDataset gives, from its header on."""
    index = prefix.with_suffix(".idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, count, documents = struct.unpack_from("<QBQQ", index, 9)
    letter, width = {2: ("b", 1), 4: ("i", 4), 5: ("q", 8), 7: ("f", 4)}[code]
    at = 9 + 25
    sizes = struct.unpack_from(f"<{count}i", index, at)
    places = struct.unpack_from(f"<{count}q", index, at + 4 * count)
    ends = struct.unpack_from(f"<{documents}q", index, at + 12 * count)
    assert (version, ends) == (1, tuple(range(count + 1)))
    assert len(index) == at + 12 * count + 8 * documents
    data = prefix.with_suffix(".bin").read_bytes()
    assert len(data) == sum(sizes) * width
    return [
        list(struct.unpack_from(f"<{size}{letter}", data, place))
        for size, place in zip(sizes, places, strict=True)
    ]


def _columns(kind: str, folder: Path, names: tuple[str, ...]) -> dict[str, list[Any]]:
    if kind == "megatron":
        return {name: _read_megatron(folder / name) for name in names}
    if kind == "npy":
        found = {}
        for name in names:
            values = _read_npy(folder / f"{name}.npy")
            ends = _read_npy(folder / f"{name}.offsets.npy")
            found[name] = [values[a:b] for a, b in pairwise(ends)]
        return found
    if kind == "jsonl":
        rows = list(map(json.loads, (folder / "data.jsonl").read_text("utf-8").splitlines()))
    elif kind == "arrow":
        rows = pa.ipc.open_stream(str(folder / "data-00000-of-00001.arrow")).read_all().to_pylist()
    else:
        rows = _rows(folder)
    return {name: [row[name] for row in rows] for name in names}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_holds_the_same_numbers(corpus: Path, tmp_path: Path, kind: str) -> None:
    note = export(corpus, tmp_path / "out", kind)
    rows = _rows(corpus)
    assert note["rows"] == len(rows) == 50
    found = _columns(kind, tmp_path / "out", ("input_ids", "labels"))
    assert found == {name: [row[name] for row in rows] for name in ("input_ids", "labels")}
    assert json.loads((tmp_path / "out" / "export.json").read_text()) == note


@pytest.mark.parametrize("trainer", ["trl", "axolotl", "llamafactory", "torchtune", "nemo"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_columns_of_a_trainer(corpus: Path, tmp_path: Path, kind: str, trainer: str) -> None:
    export(corpus, tmp_path / "out", kind, trainer)
    rows = _rows(corpus)
    columns = TRAINERS[trainer]
    made = {
        "ones": [[1] * len(row["labels"]) for row in rows],
        "trained": [[int(label != -100) for label in row["labels"]] for row in rows],
    }
    expected = {
        new: made[old] if old in made else [row[old] for row in rows]
        for new, old in columns.items()
    }
    assert _columns(kind, tmp_path / "out", tuple(columns)) == expected


def test_the_command(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    assert main(["corpus", "export", str(corpus), "--to", "npy", "--for", "trl", "-o", out]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == ["input_ids", "labels"]
    assert main(["corpus", "export", str(corpus), "-o", out]) == 2
    assert "expected a folder that does not exist yet" in capsys.readouterr().err


def test_what_cannot_be_exported(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for how, words in (
        (("csv", None), "expected a kind among jsonl"),
        (("npy", "x"), "expected a trainer among trl"),
        (("npy", "trl-dpo"), "found none called chosen_ids, prompt_ids, rejected_ids"),
    ):
        with pytest.raises(DataError, match=words):
            export(corpus, out, *how)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(writers.WRITERS, "npy", full)
    with pytest.raises(OSError, match="No space left"):
        export(corpus, out, "npy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "corpus"]
    with pytest.raises(DataError, match="lists of numbers, found none"):
        writers.WRITERS["megatron"](tmp_path, pa.schema([pa.field("a", pa.string())]), [])
    next(corpus.glob("*.parquet")).unlink()
    with pytest.raises(DataError, match="expected an undamaged corpus, found: shard"):
        export(corpus, out, "jsonl")


def test_a_corpus_without_examples(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("[]\n")
    mix = mixture(tmp_path, "a.jsonl")
    tokenize(mix, tmp_path / "corpus", options(mix, "gpt-4o"), workers=1)
    with pytest.raises(DataError, match="expected a corpus with examples"):
        export(tmp_path / "corpus", tmp_path / "out", "npy")


def _pairs(folder: Path, **how: Any) -> Path:
    write(
        folder / "p.jsonl",
        [
            json.dumps(
                {"prompt": f"{n}+1?", "chosen": str(n + 1), "rejected": "Who knows?"}
            ).encode()
            for n in range(8)
        ],
    )
    mix = mixture(folder, "p.jsonl")
    tok = chatfmt.get_tokenizer("gpt-4o")
    encode = EncodeOptions(tokenizer=tok, sources=mix.sources, **how)
    tokenize(mix, folder / "pairs", encode, workers=1)
    return folder / "pairs"


def test_pairs_for_trainers(tmp_path: Path) -> None:
    export(_pairs(tmp_path, preferences=True), tmp_path / "out", "megatron", "trl-dpo")
    assert len(_read_megatron(tmp_path / "out" / "chosen_ids")) == 8


# ---- as trainers read them


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_datasets_and_numpy_read_them(corpus: Path, tmp_path: Path) -> None:
    datasets, numpy = heavy("datasets"), heavy("numpy")
    export(corpus, tmp_path / "arrow", "arrow", "axolotl")
    export(corpus, tmp_path / "npy", "npy", "axolotl")
    rows = _rows(corpus)
    read = datasets.load_from_disk(str(tmp_path / "arrow"))
    assert read["labels"][:] == [row["labels"] for row in rows]
    ids = numpy.load(tmp_path / "npy" / "input_ids.npy", mmap_mode="r")
    assert ids.tolist() == [token for row in rows for token in row["input_ids"]]


def _padding() -> Any:
    """A tokenizer for its padding: there is no text left that it could encode."""
    transformers, tokenizers = heavy("transformers"), heavy("tokenizers")
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<pad>": 0}, "<pad>"))
    special = {"pad_token": "<pad>", "eos_token": "<pad>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, **special)


def _config(**more: Any) -> Any:
    return heavy("transformers").LlamaConfig(
        vocab_size=chatfmt.get_encoding("o200k_im").n_vocab,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=0,
        **more,
    )


_STEP: dict[str, Any] = {
    "max_steps": 1,
    "per_device_train_batch_size": 2,
    "max_length": None,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
}


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")


def _seen(trainer: Any) -> list[list[int]]:
    """Train a step, and the ids that the model was given, without padding."""
    given: list[list[int]] = []

    def note(_model: Any, _arguments: Any, named: dict[str, Any]) -> None:
        given.extend(
            [token for token, seen in zip(ids, mask, strict=True) if seen]
            for ids, mask in zip(
                named["input_ids"].tolist(), named["attention_mask"].tolist(), strict=True
            )
        )

    trainer.model.register_forward_pre_hook(note, with_kwargs=True)
    trainer.train()
    return given


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("offline")
def test_the_reward_trainer_takes_whole_pairs(tmp_path: Path) -> None:
    datasets, transformers, trl = heavy("datasets"), heavy("transformers"), heavy("trl")
    export(_pairs(tmp_path, preferences="whole"), tmp_path / "out", "arrow", "trl-reward")
    read = datasets.load_from_disk(str(tmp_path / "out"))
    trainer = trl.RewardTrainer(
        transformers.LlamaForSequenceClassification(_config(num_labels=1)),
        args=trl.RewardConfig(str(tmp_path / "run"), **_STEP),
        train_dataset=read,
        processing_class=_padding(),
    )
    given = _seen(trainer)
    ours = [ids for row in read for ids in (row["chosen_ids"], row["rejected_ids"])]
    assert len(given) == 4
    assert all(ids in ours for ids in given)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("offline")
def test_the_trainer_for_dpo_takes_pairs_that_are_ready(tmp_path: Path) -> None:
    datasets, transformers, trl = heavy("datasets"), heavy("transformers"), heavy("trl")
    export(_pairs(tmp_path, preferences=True), tmp_path / "out", "arrow", "trl-dpo")
    read = datasets.load_from_disk(str(tmp_path / "out"))

    def as_it_is(_self: Any, dataset: Any, *_: Any) -> Any:
        return dataset

    # As docs/scale.md has it: this trainer has no other way to take ids.
    trainer = type("Trainer", (trl.DPOTrainer,), {"_prepare_dataset": as_it_is})(
        transformers.LlamaForCausalLM(_config()),
        transformers.LlamaForCausalLM(_config()),
        args=trl.DPOConfig(str(tmp_path / "run"), precompute_ref_log_probs=False, **_STEP),
        train_dataset=read,
        processing_class=_padding(),
    )
    given = _seen(trainer)
    ours = [
        row["prompt_ids"] + row[name] for row in read for name in ("chosen_ids", "rejected_ids")
    ]
    assert len(given) >= 4
    assert all(ids in ours for ids in given)
