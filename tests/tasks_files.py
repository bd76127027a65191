"""The files that the tasks of docs/tasks.md use: those on the page, and model folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import chatfmt
from pretrained.model_folder import CHATML, folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["lay_out"]

_MODELS = {"Qwen3-8B": "qwen-3", "Llama-3.1-8B-Instruct": "llama-3.1", "my-model": "chatml"}


def lay_out(path: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write files, name and text; and a folder for each model, with a small vocabulary."""
    for name, text in files:
        (path / name).write_text(text, encoding="utf-8")
    for name, row in _MODELS.items():
        tokens = tuple(chatfmt.get_format(row).special_tokens)
        template = CHATML if row == "chatml" else None
        folder(path / name, tokens=tokens, template=template)
