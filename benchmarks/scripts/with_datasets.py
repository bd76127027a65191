"""The way of Hugging Face's guides: `python with_datasets.py rows.jsonl out.parquet TOKENIZER`.

TOKENIZER is the folder of a tokenizer whose chat template marks what the model writes.
"""

import sys
from tempfile import TemporaryDirectory
from typing import Any

from datasets import load_dataset
from transformers import PreTrainedTokenizerFast

if __name__ == "__main__":
    rows, out, folder = sys.argv[1:]
    tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(folder)

    def encode(row: dict[str, Any]) -> dict[str, list[int]]:
        """Ids and labels of a row."""
        found = tokenizer.apply_chat_template(
            row["messages"], return_dict=True, return_assistant_tokens_mask=True
        )
        ids, mask = found["input_ids"], found["assistant_masks"]
        return {
            "input_ids": ids,
            "labels": [i if m else -100 for i, m in zip(ids, mask, strict=True)],
        }

    with TemporaryDirectory() as cache:  # or a second run would find what the first has made
        data = load_dataset("json", data_files=rows, split="train", cache_dir=cache)
        data.map(encode, num_proc=2, remove_columns=data.column_names).to_parquet(out)
