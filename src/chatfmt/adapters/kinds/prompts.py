"""Prompt-only rows, for reinforcement learning; other members are kept for rewards.

Sources: TRL, docs/source/dataset_formats.md ("prompt-only"), at https://huggingface.co/docs/trl;
verl, docs/preparation/prepare_data.rst (``data_source``, ``prompt``, ``ability``, ``reward_model``,
``extra_info``), at https://verl.readthedocs.io.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.openai import read_messages
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import refuse_empty
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ANSWERS = ("completion", "completions", "chosen", "rejected", "response", "responses")


def _read(row: Field, options: Options) -> list[Item]:
    for key in _ANSWERS:
        if row.get(key) is not None:
            raise row.need(key).error("expected only a prompt, found an answer as well")
    prompt = row.need("prompt")
    if isinstance(prompt.value, list):
        messages: tuple[Message, ...] = read_messages(prompt, options)
    else:
        refuse_empty(prompt, options)
        messages = (prompt.message(role="user", content=prompt.value),)
    return [whole(row, messages, "prompt")]


SCHEMA = Schema(
    source="https://huggingface.co/docs/trl/dataset_formats",
    marks=(("prompt",),),
    read=_read,
)
