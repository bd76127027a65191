"""The real conversations, read with the library's adapters."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from chatfmt import Conversation
from chatfmt.adapters import read_file

if TYPE_CHECKING:
    from pathlib import Path

FILES = ("messages_multilingual.jsonl", "oasst_trees_en.jsonl", "sharegpt_fastchat.json")


@functools.cache
def real_conversations(path: Path) -> tuple[Conversation, ...]:
    """All conversations of one file, with the adapters' default policies."""
    found: list[Conversation] = []
    for reading in read_file(path):
        assert reading.error is None
        found += (item for item in reading.items if isinstance(item, Conversation))
    return tuple(found)
