"""Trainers read the files: `datasets` loads them, and TRL's trainer has our labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.corpus import FileOptions, cu_seqlens, position_ids, tokenize
from chatfmt.corpus.arrow import pq
from corpus_data import lines, mixture, options, write
from heavy import heavy

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

FORMAT = "gpt-4o"


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, "1")


def _corpus(
    folder: Path, files: FileOptions | None = None, rows: int = 1200
) -> tuple[Any, list[dict[str, Any]]]:
    """A corpus as `datasets` reads it, and as it is in its files."""
    datasets = heavy("datasets")
    write(folder / "a.jsonl", lines(rows, bad_every=50))
    mix = mixture(folder, "a.jsonl")
    tokenize(mix, folder / "out", options(mix, FORMAT), files, workers=1)
    paths = sorted(map(str, (folder / "out").glob("*.parquet")))
    read = datasets.load_dataset(
        "parquet", data_files=paths, split="train", cache_dir=str(folder / "cache")
    )
    return read, [row for path in paths for row in pq.read_table(path).to_pylist()]


FILES = [
    FileOptions(shard_tokens=2000),
    FileOptions(shard_tokens=2000, shuffle=1, pack=512, masks=("attention_mask",)),
]


@pytest.mark.parametrize("files", FILES)
def test_datasets_reads_what_was_written(tmp_path: Path, files: FileOptions) -> None:
    datasets = heavy("datasets")
    read, rows = _corpus(tmp_path, files, 5000)  # more than go through a worker at once
    assert read.to_list() == rows
    assert len(list((tmp_path / "out").glob("*.parquet"))) > 1
    for name in ("input_ids", "labels"):
        assert read.features[name] == datasets.List(datasets.Value("int32"))


def _trainer(folder: Path, read: Any, **more: Any) -> Any:
    """A trainer of a model of two layers, with what a user has to say and no more."""
    transformers, trl = heavy("transformers"), heavy("trl")
    tokenizers = heavy("tokenizers")
    config = transformers.LlamaConfig(
        vocab_size=options(mixture(folder, "a.jsonl"), FORMAT).tokenizer.encoding.n_vocab,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
    )
    # The trainer wants a tokenizer, for its padding; there is no text left that it could encode.
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<pad>": 0}, "<pad>"))
    special = {"pad_token": "<pad>", "eos_token": "<pad>"}
    padding = transformers.PreTrainedTokenizerFast(tokenizer_object=words, **special)
    return trl.SFTTrainer(
        transformers.LlamaForCausalLM(config),
        args=trl.SFTConfig(
            str(folder / "run"),
            max_steps=2,
            per_device_train_batch_size=3,
            max_length=None,  # it would cut what is longer
            logging_steps=1,
            report_to=[],
            save_strategy="no",
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            **more,
        ),
        train_dataset=read,
        processing_class=padding,
    )


def _steps(trainer: Any) -> list[dict[str, Any]]:
    """Train, and what the model was given at each step."""
    given: list[dict[str, Any]] = []

    def note(_model: Any, _arguments: Any, named: dict[str, Any]) -> None:
        given.append(
            {name: getattr(value, "tolist", lambda: None)() for name, value in named.items()}
        )

    trainer.model.register_forward_pre_hook(note, with_kwargs=True)
    trainer.train()
    assert trainer.state.global_step == len(given) == 2
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(losses) == 2
    assert all(0 < loss < 20 for loss in losses)
    return given


def test_a_trainer_trains_on_our_labels(tmp_path: Path) -> None:
    read, rows = _corpus(tmp_path)
    ours = {tuple(row["input_ids"]): row["labels"] for row in rows}
    seen = 0
    for batch in _steps(_trainer(tmp_path, read)):
        for ids, labels, mask in zip(
            batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True
        ):
            length = sum(mask)
            assert mask == [1] * length + [0] * (len(ids) - length)
            assert labels == ours[tuple(ids[:length])] + [-100] * (len(ids) - length)
            seen += 1
    assert seen == 6


def test_a_trainer_knows_the_examples_of_a_pack(tmp_path: Path) -> None:
    read, rows = _corpus(tmp_path, FILES[1])
    ours = {tuple(row["input_ids"]): row for row in rows}
    trainer = _trainer(tmp_path, read, padding_free=True)
    for batch in trainer.get_train_dataloader():
        [ids], [labels], [positions] = (
            batch[name].tolist() for name in ("input_ids", "labels", "position_ids")
        )
        lengths: list[int] = []
        while (start := sum(lengths)) < len(ids):
            [row] = [
                row for key, row in ours.items() if tuple(ids[start : start + len(key)]) == key
            ]
            stop = start + len(row["input_ids"])
            assert labels[start:stop] == row["labels"]
            assert positions[start:stop] == position_ids(row["seq_lengths"])
            lengths += row["seq_lengths"]
        assert batch["cu_seq_lens_q"].tolist() == cu_seqlens(lengths)
    _steps(trainer)
