"""WildChat and LMSYS-Chat-1M: ``conversation: [{"role", "content", "language", …}]``.

Source: https://huggingface.co/datasets/allenai/WildChat-1M and
https://huggingface.co/datasets/lmsys/lmsys-chat-1m. What the row says of the conversation is kept
as metadata; what each turn says of itself besides role and content (its language, whether it is
toxic, where its user was) has no place in a message and is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import checked_turns
from chatfmt.conversation import Conversation

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ROLES = ("user", "assistant", "system")


def _read(row: Field, options: Options) -> list[Item]:
    log = row.need("conversation")
    messages = checked_turns(log, [(turn, _turn(turn)) for turn in log.items()], options)
    return [Conversation(messages=messages, metadata=row.rest("conversation"))]


def _turn(field: Field) -> Message:
    role = field.need("role").one_of(_ROLES)
    return field.message(role=role, content=field.need("content").text())


SCHEMA = Schema(
    source="https://huggingface.co/datasets/allenai/WildChat-1M",
    marks=(("conversation",),),
    read=_read,
)
