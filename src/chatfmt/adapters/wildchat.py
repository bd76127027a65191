"""WildChat and LMSYS-Chat-1M: ``conversation: [{"role", "content", "language", …}]``.

Source: https://huggingface.co/datasets/allenai/WildChat-1M and
https://huggingface.co/datasets/lmsys/lmsys-chat-1m. Other members of the row are kept as metadata,
and so are those of each turn besides role and content (its language, whether it is toxic, where its
user was): ``turn_metadata`` has an object for each turn of the row. Anything else is refused, so
that nothing important is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.openai import read_weight, refuse_unknown
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import checked_turns
from chatfmt.adapters.whole import whole
from chatfmt.conversation.switches import SWITCHES

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ROLES = ("user", "assistant", "system")
# The members of a turn that the data sets' cards list under "dataset_info".
_TURN = (
    *("role", "content", "language", "redacted", "toxic", "turn_identifier", "timestamp"),
    *("country", "hashed_ip", "header", "state"),
)


def _read(row: Field, options: Options) -> list[Item]:
    log = row.need("conversation")
    messages = checked_turns(log, [(turn, _turn(turn, options)) for turn in log.items()], options)
    besides = [turn.rest("role", "content", *SWITCHES) for turn in log.items()]
    return [whole(row, messages, "conversation", turns=besides)]


def _turn(field: Field, options: Options) -> Message:
    role = field.need("role").one_of(_ROLES)
    refuse_unknown(field, (*_TURN, *SWITCHES), options)
    content = field.need("content").text()
    return field.message(role=role, content=content, weight=read_weight(field))


SCHEMA = Schema(
    source="https://huggingface.co/datasets/allenai/WildChat-1M",
    marks=(("conversation",),),
    read=_read,
)
