"""Pairs of answers to a ShareGPT log: ``conversations``, ``chosen`` and ``rejected``.

Source: LLaMA-Factory, data/README.md ("Preference Dataset" in the ShareGPT format), at
https://github.com/hiyouga/LLaMA-Factory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.fields import Field
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.sharegpt import read_log
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA"]

_SIDES = ("chosen", "rejected")


def _read(row: Field, options: Options) -> list[Item]:
    asked = read_log(row.need("conversations"), options)
    prompt = whole(row, [message for _, message in asked], "conversations", *_SIDES)
    replies = []
    for key in _SIDES:
        side = row.need(key)
        listed = side.value if isinstance(side.value, list) else [side.value]
        reply = read_log(Field(listed, side.key, row), options)
        if reply[0][1].role != "assistant":
            raise side.expected("a reply of the assistant")
        replies.append(tuple(message for _, message in reply))
    if replies[0] == replies[1]:
        raise row.need("rejected").error("expected two different replies, found the same twice")
    bare = prompt.model_copy(update={"metadata": {}})
    metadata = prompt.metadata
    return [Preference(prompt=bare, chosen=replies[0], rejected=replies[1], metadata=metadata)]


SCHEMA = Schema(
    source="https://github.com/hiyouga/LLaMA-Factory/blob/main/data/README.md",
    marks=(("conversations", *_SIDES),),
    read=_read,
)
