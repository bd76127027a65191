"""UltraChat: ``{"id", "data": [text, …]}``, the user first; and its filtered subset.

Source: https://github.com/thunlp/UltraChat for ``data``;
https://huggingface.co/datasets/HuggingFaceH4/ultrachat_200k for ``prompt``, ``prompt_id`` and
``messages``, where the prompt repeats the user's first message; it is kept as metadata.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from chatfmt.adapters.openai import read_conversation
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import checked_turns
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA"]


def _read(row: Field, options: Options) -> list[Item]:
    if row.get("messages") is not None:
        return [read_conversation(row, options)]
    log = row.need("data")
    turns = [
        (field, field.message(role=role, content=field.text()))
        for field, role in zip(log.items(), cycle(("user", "assistant")), strict=False)
    ]
    messages = checked_turns(log, turns, options)
    return [whole(row, messages, "data")]


SCHEMA = Schema(
    source="https://github.com/thunlp/UltraChat",
    marks=(("id", "data"), ("prompt_id", "messages")),
    read=_read,
)
