"""Small model folders, as save_pretrained leaves them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from metaspace_file import document

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHATML", "PHI", "TOKENS", "folder"]

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PHI = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\n' + m.content + '<|end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def folder(
    path: Path,
    *,
    pipeline: str = "never",
    tokens: tuple[str, ...] = TOKENS,
    flags: tuple[str, ...] = (),
    config: dict[str, Any] | None = None,
    template: str | None = CHATML,
    generation: dict[str, Any] | None = None,
) -> Path:
    """A folder with a tokenizer.json of byte pairs with byte fallback; ``flags`` of its tokens."""
    spec = document(pipeline)
    first = max(spec["model"]["vocab"].values()) + 1
    names = ("single_word", "lstrip", "rstrip", "normalized")
    spec["added_tokens"] += [
        {"id": first + at, "content": token, **{n: n in flags for n in names}, "special": True}
        for at, token in enumerate(tokens)
    ]
    path.mkdir(exist_ok=True)
    (path / "tokenizer.json").write_text(json.dumps(spec), "utf-8")
    said = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": None,
        "eos_token": tokens[0],
        "added_tokens_decoder": {
            str(token["id"]): {k: v for k, v in token.items() if k != "id"}
            for token in spec["added_tokens"]
        },
    }
    if template is not None:
        said["chat_template"] = template
    (path / "tokenizer_config.json").write_text(json.dumps(said | (config or {})), "utf-8")
    if generation is not None:
        (path / "generation_config.json").write_text(json.dumps(generation), "utf-8")
    return path
