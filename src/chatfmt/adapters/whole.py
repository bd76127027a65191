"""Members of a row that belong to the conversation in addition to its messages.

A member that a schema claims for conversations never becomes metadata: it is read, or refused by
name. Sources: ``system``: the Anthropic API reference, "Messages", LLaMA-Factory, data/README.md,
and ms-swift, "Custom dataset"; ``system_prompt``: https://huggingface.co/datasets/Open-Orca/OpenOrca;
``tools``: the OpenAI API reference; ``functions``: its deprecated form, and xlam; ``label``: TRL,
docs/source/dataset_formats.md (unpaired preferences); ``kto_tag``: LLaMA-Factory, data/README.md;
``chat_template_kwargs``: TRL; ``enable_thinking``: verl, MultiTurnSFTDataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from chatfmt.adapters.call_ids import check_call_ids
from chatfmt.conversation import Conversation
from chatfmt.conversation.reading import MEDIA, OTHER_NAMES, is_media
from chatfmt.conversation.switches import SWITCHES
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.adapters.fields import Field
    from chatfmt.conversation import Message

__all__ = [
    "CLAIMED",
    "LABELS",
    "OPENING",
    "besides",
    "check_metadata",
    "metadata_of",
    "read_tools",
    "whole",
    "with_metadata",
    "with_system",
    "with_turns",
    "without_bad",
]

T = TypeVar("T", bound=BaseModel)

_SYSTEM = ("system", "system_prompt", "system_message", "system_instruction")
_TOOLS = ("tools", "functions")
LABELS = ("label", "kto_tag")
_SETTINGS = ("chat_template_kwargs", "enable_thinking")

OPENING = (*_SYSTEM, *_TOOLS)
"""The members that `with_system` and `read_tools` read."""

CLAIMED = frozenset({*OPENING, *_SETTINGS, *MEDIA})
"""Members that are never metadata, because schemas claim them for the conversation."""


def whole(
    row: Field,
    messages: Sequence[Message],
    *used: str,
    turns: Sequence[Mapping[str, Any]] = (),
    goes_on: bool = False,
) -> Conversation:
    """The conversation of these messages, with the other members of the row that belong to it.

    Args:
        row: the row.
        messages: the messages read so far.
        used: the members they were read from; the others become metadata.
        turns: the other members of each turn, which become ``turn_metadata`` there.
        goes_on: whether it continues another conversation, whose calls its results may answer.

    Raises:
        DataError: a member belongs to the conversation, but has no place in it; or a result answers
            no call.

    >>> from chatfmt.adapters.fields import Field
    >>> from chatfmt.conversation import Message
    >>> row = Field({"prompt": "2+2?", "system": "Be brief.", "id": 7})
    >>> found = whole(row, [Message(role="user", content="2+2?")], "prompt")
    >>> found.messages[0].content, found.metadata
    ('Be brief.', {'id': 7})
    """
    if not goes_on:
        check_call_ids(messages)
    return Conversation(
        messages=without_bad(row, with_system(row, messages)),
        tools=read_tools(row),
        metadata=with_turns(row, metadata_of(row, *OPENING, *used), turns),
    )


def besides(turn: Field, *used: str) -> dict[str, Any]:
    """The unused members of a turn that belong to no message."""
    found = turn.rest(*used)
    for key, member in found.items():
        if is_media(key, member):
            raise turn.need(key).error(f"expected only text, found {key}")
        if key in _OF_MESSAGES:
            raise turn.need(key).error("a turn of this schema has no place for it")
    return {key: member for key, member in found.items() if key not in MEDIA}


_OF_MESSAGES = frozenset({*SWITCHES, *OTHER_NAMES, "reasoning", "refusal", "tool_calls"})


def with_turns(
    row: Field, metadata: dict[str, Any], turns: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The metadata, with the other members of turns, if there are any."""
    if not any(turns):
        return metadata
    if "turn_metadata" in metadata:
        raise row.need("turn_metadata").error("would be overwritten by the members of the turns")
    return {**metadata, "turn_metadata": [dict(turn) for turn in turns]}


def metadata_of(row: Field, *used: str) -> dict[str, Any]:
    """The unused members of a row that belong to no conversation."""
    for key, member in row.rest(*used).items():
        if is_media(key, member):
            raise row.need(key).error(f"expected only text, found {key}")
        if key in _SETTINGS:
            raise row.need(key).error(
                "this is an option of a chat template: give it when you prepare the conversation, "
                "and split the rows by it if they differ"
            )
        if key in OPENING and member not in ("", []):
            raise row.need(key).error("a row of this schema has no place for it here")
    return row.rest(*used, *CLAIMED)


def with_metadata(item: T, metadata: Mapping[str, Any]) -> T:
    """The item with other metadata, which are checked as those of a row are.

    >>> with_metadata(Conversation(metadata={"a": 1}), {"b": 2}).metadata
    {'b': 2}
    """
    return item.model_validate({**item.__dict__, "metadata": dict(metadata)})


def with_system(row: Field, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages, after the row's system message if it has one.

    An empty one does not count, as in LLaMA-Factory.
    """
    given = [found for key in _SYSTEM if (found := row.get(key)) is not None and found.value != ""]
    if not given:
        return tuple(messages)
    system, *others = given
    system.text()
    if others:
        raise others[0].error("expected one system message, found a second in the row")
    if messages and messages[0].role in ("system", "developer"):
        raise system.error("expected one system message, found a second as the first turn")
    return (system.message(role="system", content=system.value), *messages)


def read_tools(row: Field) -> tuple[dict[str, Any], ...]:
    """The tool definitions in a row: a list of objects, or the JSON text of one.

    OpenAI's deprecated ``functions`` become tools of type function.
    """
    given = [
        found
        for key in _TOOLS
        if (found := row.get(key)) is not None and found.value not in ("", [], "[]")
    ]
    if not given:
        return ()
    tools, *others = given
    if others:
        raise others[0].error("expected tools or functions, found both")
    value = tools.value
    if isinstance(value, str):
        try:
            value = loads(value)
        except DataError:
            value = None
    if not isinstance(value, list) or not all(isinstance(tool, Mapping) for tool in value):
        raise tools.expected("a list of tool definitions, or its JSON text")
    if tools.key == ".functions":
        return tuple({"type": "function", "function": dict(tool)} for tool in value)
    return tuple(map(dict, value))


def without_bad(row: Field, messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages; in a row labelled as bad, none is trained.

    The label, true or false, is also kept as metadata: it says more than a weight.
    """
    if not any(_is_bad(row.value.get(key)) for key in LABELS):
        return tuple(messages)
    return tuple(
        message.model_copy(update={"weight": 0.0}) if message.role == "assistant" else message
        for message in messages
    )


def _is_bad(label: object) -> bool:
    """Whether a label is false, which a table of text spells out."""
    return label is False or (isinstance(label, str) and label.lower() == "false")


def check_metadata(conversation: Conversation, path: str, *members: str) -> None:
    """Refuse to write metadata that would be read back as part of the conversation.

    Args:
        conversation: the conversation to write.
        path: its place in the output, for errors.
        members: the members in which the schema has its messages.

    Raises:
        DataError: a member of the metadata has such a name.
    """
    if taken := {*members, *CLAIMED} & conversation.metadata.keys():
        reason = "would be read back as part of the conversation"
        raise DataError(reason, field=f"{path}metadata.{min(taken)}")
    bad = any(_is_bad(conversation.metadata.get(key)) for key in LABELS)
    if bad and any(m.role == "assistant" and m.weight != 0 for m in conversation.messages):
        raise DataError(
            "marks the answers as bad: expected answers with weight 0",
            field=f"{path}metadata.label",
        )
