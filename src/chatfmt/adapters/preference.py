r"""Preference data: pairs of answers to one prompt, one of which people preferred.

Three forms, recognized by their members:

- ``{"input": {"messages"}, "preferred_output", "non_preferred_output"}``, OpenAI's; source:
  https://developers.openai.com/api/docs/guides/direct-preference-optimization
- ``{"chosen", "rejected"}``, whole conversations as message lists or as texts of the form
  ``\n\nHuman: … \n\nAssistant: …``; source: https://github.com/anthropics/hh-rlhf. The prompt is
  their common beginning, up to the last reply. A prompt of that form may be separate, with the text
  cut after its last ``Assistant:``, as in https://huggingface.co/datasets/Dahoas/full-hh-rlhf.
- ``{"prompt", "chosen", "rejected"}``, where the two are replies only; source:
  https://huggingface.co/docs/trl/dataset_formats
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.openai import (
    read_conversation,
    read_messages,
    write_conversation,
    write_messages,
)
from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.turns import checked_turns, refuse_empty
from chatfmt.adapters.whole import CLAIMED, OPENING, metadata_of, read_tools, with_system
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA"]

Messages = tuple[Message, ...]

# A turn begins with its speaker and one space; an empty turn may lack the space.
_SPEAKER = re.compile(r"\n\n(Human|Assistant):(?: |(?=\n\n(?:Human|Assistant):)|\Z)")
# With another character there, this could be a turn or part of a text.
_UNSPACED = re.compile(r"(\n\n(?:Human|Assistant):)(?!\n\n(?:Human|Assistant):)([^ ])", re.DOTALL)
_ROLES = {"Human": "user", "Assistant": "assistant"}


def _read(row: Field, options: Options) -> list[Item]:
    explicit = row.get("input")
    if explicit is not None:
        return [_read_openai(row, explicit, options)]
    chosen, rejected = row.need("chosen"), row.need("rejected")
    if type(chosen.value) is not type(rejected.value):
        raise rejected.expected("the same form as chosen")
    prompt = row.get("prompt")
    metadata = metadata_of(row, *OPENING, "chosen", "rejected", "prompt")
    before: Messages = ()
    if not isinstance(chosen.value, str):
        before = () if prompt is None else _read_prompt(prompt, options)
        sides = [read_messages(side, options, after=before) for side in (chosen, rejected)]
        before = _lacking(prompt, before, sides)
    elif prompt is None or _is_log(prompt):
        opening = "" if prompt is None else prompt.text()
        sides = [_read_log(side, options, opening) for side in (chosen, rejected)]
    else:
        before = _read_prompt(prompt, options)
        sides = [_read_reply(side, options) for side in (chosen, rejected)]
    shared, *replies = _split(row, before + sides[0], before + sides[1], options)
    return [
        Preference(
            prompt=Conversation(messages=with_system(row, shared), tools=read_tools(row)),
            chosen=replies[0],
            rejected=replies[1],
            metadata=metadata,
        )
    ]


def _read_openai(row: Field, explicit: Field, options: Options) -> Preference:
    prompt = read_conversation(explicit, options)
    replies = []
    for key in _OUTPUTS:
        output = row.need(key)
        if options.early_difference == "refuse":
            for item in output.items():
                item.need("role").one_of(("assistant", "tool"))
        replies.append(read_messages(output, options, after=prompt.messages))
    if replies[0] == replies[1]:
        raise row.need(_OUTPUTS[1]).error("expected two different outputs, found the same twice")
    return Preference(
        prompt=prompt,
        chosen=replies[0],
        rejected=replies[1],
        metadata=metadata_of(row, "input", *_OUTPUTS),
    )


_OUTPUTS = ("preferred_output", "non_preferred_output")


def _is_log(prompt: Field) -> bool:
    return isinstance(prompt.value, str) and _SPEAKER.match(prompt.value) is not None


def _read_log(log: Field, options: Options, opening: str) -> Messages:
    text = opening + log.text()
    before, *parts = _SPEAKER.split(text)
    if before or not parts:
        raise log.expected(r"text that begins with '\n\nHuman: ' or '\n\nAssistant: '")
    if (odd := _UNSPACED.search(text)) is not None:
        reason = (
            f"expected a space after {odd[1]!r}, found {odd[2]!r}: add one if a turn begins here, "
            "or else remove the line ends before it"
        )
        raise log.error(reason)
    turns = []
    for index, (speaker, content) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        turn = Field(content, f".turn[{index}]", log)
        turns.append((turn, turn.message(role=_ROLES[speaker], content=content)))
    return checked_turns(log, turns, options)


def _read_reply(field: Field, options: Options) -> Messages:
    refuse_empty(field, options)
    return (field.message(role="assistant", content=field.value),)


def _read_prompt(prompt: Field, options: Options) -> Messages:
    if isinstance(prompt.value, list):
        return read_messages(prompt, options)
    refuse_empty(prompt, options)
    return (prompt.message(role="user", content=prompt.value),)


def _lacking(prompt: Field | None, before: Messages, sides: list[Messages]) -> Messages:
    """The prompt that both sides still need; empty if they are whole conversations."""
    if prompt is None or all(side[0].role in ("assistant", "tool") for side in sides):
        return before
    # Data sets such as UltraFeedback repeat the prompt in both conversations, perhaps after a
    # system message.
    opening = _without_system(before)
    for side in sides:
        if _without_system(side)[: len(opening)] != opening:
            raise prompt.error(
                "expected the common beginning of both conversations, found another prompt"
            )
    return ()


def _without_system(messages: Messages) -> Messages:
    return tuple(message for message in messages if message.role != "system")


def _split(row: Field, chosen: Messages, rejected: Messages, options: Options) -> list[Messages]:
    """The common beginning, and the two replies."""
    if chosen == rejected:
        raise row.need("rejected").error("expected two different replies, found the same twice")
    same = takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))
    length = len(list(same))
    # A reply is whole: the assistant's messages right before the difference belong to it.
    while length and chosen[length - 1].role == "assistant":
        length -= 1
    for key, side in (("chosen", chosen), ("rejected", rejected)):
        reply = side[length:]
        if not reply or reply[-1].role != "assistant":
            raise row.need(key).error("expected a conversation that ends with a reply")
        early = any(message.role != "assistant" for message in reply)
        if early and options.early_difference == "refuse":
            raise row.need(key).error(
                "expected a pair that differs only in the last reply, found a difference from "
                f'message {length} on; pass early_difference="keep" to use everything from there '
                "as the reply"
            )
    return [chosen[:length], chosen[length:], rejected[length:]]


def _write(item: Item) -> dict[str, Any]:
    if isinstance(item, Conversation):
        raise DataError('expected a preference, found a conversation; pass schema="openai"')
    if taken := {"input", *_OUTPUTS, *CLAIMED} & item.metadata.keys():
        raise DataError("would be overwritten by the pair", field=f"metadata.{min(taken)}")
    return {
        "input": write_conversation(item.prompt, "prompt."),
        _OUTPUTS[0]: write_messages(item.chosen, "chosen"),
        _OUTPUTS[1]: write_messages(item.rejected, "rejected"),
        **item.metadata,
    }


SCHEMA = Schema(
    source="https://developers.openai.com/api/docs/guides/direct-preference-optimization",
    marks=(("input", *_OUTPUTS), ("chosen", "rejected")),
    read=_read,
    write=_write,
)
