"""Logs with turns of a speaker and a text; the members that contain them are listed as data.

Sources: Schema-Guided Dialogue, https://github.com/google-research-datasets/
dstc8-schema-guided-dialogue; MultiWOZ 2.2, which has the same form, and 2.1,
https://github.com/budzianowski/multiwoz; Cohere, "Chat fine-tuning: preparing the data", at
https://docs.cohere.com/docs/chat-preparing-the-data; Amazon Bedrock, "Preparing data for
fine-tuning", at https://docs.aws.amazon.com/bedrock/; SWE-agent, "Output files" (``history``), at
https://swe-agent.com/latest/usage/trajectories/.
"""

from __future__ import annotations

from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import checked_turns
from chatfmt.adapters.whole import besides, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.adapters.turns import Turn

__all__ = ["SCHEMAS"]


class _Log(NamedTuple):
    """The meaning of the members of a log's row."""

    source: str
    turns: str
    """The member that lists the turns."""
    speaker: str | None
    """The member of a turn with the speaker; None if they alternate, the user first."""
    text: str
    """The member of a turn with its text, or with a list of objects with ``text``."""
    roles: Mapping[str, str]
    system: str | None = None
    """A member of the row with the system message: a text, or a list of objects with ``text``."""
    marks: tuple[str, ...] = ()
    """Other members that identify the kind."""


_LOGS = {
    "sgd": _Log(
        "https://github.com/google-research-datasets/dstc8-schema-guided-dialogue",
        "turns",
        "speaker",
        "utterance",
        {"USER": "user", "SYSTEM": "assistant"},
        marks=("dialogue_id",),
    ),
    "multiwoz": _Log(
        "https://github.com/budzianowski/multiwoz", "log", None, "text", {}, marks=("goal",)
    ),
    "cohere": _Log(
        "https://docs.cohere.com/docs/chat-preparing-the-data",
        "messages",
        "role",
        "content",
        {"System": "system", "User": "user", "Chatbot": "assistant"},
    ),
    "bedrock": _Log(
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html",
        "messages",
        "role",
        "content",
        {"user": "user", "assistant": "assistant"},
        system="system",
        marks=("schemaVersion",),
    ),
    "swe-agent": _Log(
        "https://swe-agent.com/latest/usage/trajectories/",
        "history",
        "role",
        "content",
        {"system": "system", "user": "user", "assistant": "assistant"},
        marks=("trajectory",),
    ),
}


def _read(log: _Log, row: Field, options: Options) -> list[Item]:
    turns: list[Turn] = []
    said: list[dict[str, Any]] = []
    listed = row.need(log.turns)
    for turn, side in zip(listed.items(), cycle(("user", "assistant")), strict=False):
        role = side
        if log.speaker is not None:
            role = log.roles[turn.need(log.speaker).one_of(tuple(log.roles))]
        turns.append((turn, turn.message(role=role, content=_text(turn.need(log.text)))))
        said.append(besides(turn, log.speaker or log.text, log.text))
    messages = checked_turns(listed, turns, options)
    if log.system is not None and row.get(log.system) is not None:
        opened = {**row.value, "system": _text(row.need(log.system))}
        row = row.replaced(opened)
    return [whole(row, messages, log.turns, turns=said)]


def _text(field: Field) -> str:
    if not isinstance(field.value, list):
        return field.text()
    texts = []
    for part in field.items():
        for key in part.rest("text", "type"):
            raise part.need(key).error(f"expected only text, found {key}")
        texts.append(part.need("text").text())
    return "".join(texts)


def _fits(log: _Log, row: Mapping[str, Any]) -> bool:
    """Whether the speakers are those of this log, if its members alone do not decide."""
    turns = row.get(log.turns)
    if not isinstance(turns, list):
        return False
    first = turns[0] if turns else None
    if log.speaker is None or log.marks:
        return True
    speaker = first.get(log.speaker) if isinstance(first, dict) else None
    return isinstance(speaker, str) and speaker in log.roles


SCHEMAS = {
    name: Schema(
        source=log.source,
        marks=((log.turns, *log.marks),),
        fits=partial(_fits, log),
        read=partial(_read, log),
    )
    for name, log in _LOGS.items()
}
