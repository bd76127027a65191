"""A conversation as a chat template would have it, and what that took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import ConfigDict

from chatfmt.conversation import Conversation, Message
from chatfmt.errors import RenderError, shown
from chatfmt.prepare.definitions import Tools
from chatfmt.prepare.items import Asked, Item
from chatfmt.prepare.schemas import check_tools

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.prepare.word import Word

__all__ = ["Change", "Prepared", "prepare", "prepare_answers", "thinking_of"]


class Change(NamedTuple):
    """One thing that a preparation changed.

    >>> Change(0, "content", "strip", " Hi ", "Hi").field
    'content'
    """

    message: int | None
    """Index among the messages that were given; None for one that was added, and for what belongs
    to the whole conversation."""
    field: str
    """The name of the field; ``message`` for a message that was added or left out, ``tools``
    without a message for definitions of tools that the format has no place for."""
    word: str
    """The word of the preparation that did it."""
    before: object
    """What was there; None where there was nothing."""
    after: object
    """What is there now; None where nothing is."""
    place: int | None = None
    """Index among the messages of what is prepared; None for one that is left out in the end, and
    for what belongs to the whole conversation."""


class Prepared(Conversation):
    """A conversation as the chat template of a format would have it; see `ChatTokenizer.prepare`.

    It is encoded as any other conversation, and is not prepared a second time.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> prepared = tok.prepare([{"role": "user", "content": "hello"}])
    >>> prepared.format, len(tok.encode(prepared))
    ('gpt-4o', 5)
    """

    model_config = ConfigDict(defer_build=True)  # importing chatfmt does not wait for it

    format: str = ""
    """The name of the format for which it was prepared."""
    changes: tuple[Change, ...] = ()
    """What was changed, in the order in which it was done."""
    thinking: bool | None = None
    """What `ChatTokenizer.encode_prompt` is to do about the reasoning, where that is not told."""
    origins: tuple[int | None, ...] = ()
    """For each message, the index of the one among those given that it is, or that it is a part of;
    None for one that was added."""


def prepare(
    name: str,
    words: Sequence[Word],
    conversation: Conversation,
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
    thinking: bool | None = None,
) -> Prepared:
    """Apply the words of the format of this name to a conversation.

    The other arguments are those of `chatfmt.ChatTokenizer.prepare`.

    Raises:
        RenderError: the template takes no such conversation, a value is missing or unknown, or a
            tool has no name or no JSON schema.
        ValueError: ``history`` or ``thinking`` is something else, or ``tools`` are no definitions.
    """
    prepared, _ = prepare_answers(
        name,
        words,
        conversation,
        tools=tools,
        values=values,
        history=history,
        thinking=thinking,
    )
    return prepared


def prepare_answers(
    name: str,
    words: Sequence[Word],
    conversation: Conversation,
    *,
    answers: int | None = None,
    tools: Iterable[Mapping[str, Any]] | None = None,
    values: Mapping[str, str | dt.date] | None = None,
    history: Literal["published", "keep"] = "published",
    thinking: bool | None = None,
) -> tuple[Prepared, int]:
    """A conversation that ends in what the model is to write, as it stands when that is written.

    The messages before ``answers`` are prepared as they are for the prompt, and those from there
    on keep their thinking.

    Args:
        name: of the format.
        words: its preparation.
        conversation: what was said.
        answers: index of the first message that is to be written; None: there is none.
        tools: this and the others are those of `prepare`.
        values: see there.
        history: see there.
        thinking: see there.

    Returns:
        What is prepared, and the index in it of the first message that is to be written.

    Raises:
        RenderError: as for `prepare`.
        ValueError: as for `prepare`.
    """
    if history not in ("published", "keep"):
        raise ValueError(f"history must be published or keep, found {shown(history)}")
    if thinking not in (None, True, False):
        raise ValueError(f"thinking must be True, False or None, found {shown(thinking)}")
    if isinstance(conversation, Prepared):
        raise RenderError(f"this was prepared already, for {conversation.format}", name)
    if tools is not None and conversation.tools:
        raise RenderError("expected tools once, found them in the conversation, too", name)
    if tools is not None:
        defined = tuple(dict(tool) if isinstance(tool, Mapping) else tool for tool in tools)
        conversation = Conversation.model_validate({**conversation.__dict__, "tools": defined})
    try:
        check_tools(conversation.tools)
    except ValueError as error:
        raise RenderError(str(error), name) from None
    _check_values(name, words, values or {})
    items = [Item(key, message) for key, message in enumerate(conversation.messages)]
    asked = Asked(
        format=name,
        tools=conversation.tools,
        values=values or {},
        keep_history=history == "keep",
        given=len(items),
        answers=answers,
    )
    found: list[tuple[int, Change]] = []
    for word in words:
        after = word.apply(items, asked)
        found += _changes(word.word, items, after, asked.given)  # type: ignore[attr-defined]
        items = after
    places = {item.key: place for place, item in enumerate(items)}
    changes = [change._replace(place=places.get(key)) for key, change in found]
    if conversation.tools and not any(isinstance(word, Tools) for word in words):
        changes.append(Change(None, "tools", "tools", conversation.tools, None))
    prepared = Prepared(
        messages=tuple(item.message for item in items),
        tools=conversation.tools,
        metadata=conversation.metadata,
        format=name,
        changes=tuple(changes),
        thinking=thinking,
        origins=tuple(_origin(item, asked.given) for item in items),
    )
    return prepared, asked.history(items)


def _origin(item: Item, given: int) -> int | None:
    key = item.key if item.part_of is None else item.part_of
    return key if key < given else None


def messages_prepared(
    name: str, words: Sequence[Word], conversation: Conversation, values: Mapping[str, Any]
) -> Conversation:
    """What `prepare` makes of a conversation with published history, without what was changed.

    For those who try many words: it is three times as fast, and it checks less.

    Raises:
        RenderError: the template takes no such conversation, or a value is missing.
    """
    items = [Item(key, message) for key, message in enumerate(conversation.messages)]
    asked = Asked(name, conversation.tools, values, keep_history=False, given=len(items))
    for word in words:
        items = word.apply(items, asked)
    messages = tuple(item.message for item in items)
    return Conversation.model_construct(
        messages=messages, tools=conversation.tools, metadata=conversation.metadata
    )


def thinking_of(conversation: Conversation, *, told: bool | None) -> bool | None:
    """What a prompt is to do about the reasoning, of what is told and what was prepared.

    Raises:
        RenderError: they contradict each other.
    """
    if not isinstance(conversation, Prepared) or conversation.thinking is None:
        return told
    if told not in (None, conversation.thinking):
        reason = f"expected thinking={conversation.thinking}, as it was prepared; found {told}"
        raise RenderError(reason, conversation.format)
    return conversation.thinking


def _check_values(name: str, words: Sequence[Word], values: Mapping[str, Any]) -> None:
    known = sorted({value for word in words for value in word.names})
    for value in values:
        if value not in known:
            there = f"; there are {', '.join(known)}" if known else "; this format has none"
            raise RenderError(f"there is no value {value}{there}", name)


def _changes(
    word: str, before: Sequence[Item], after: Sequence[Item], given: int
) -> Iterator[tuple[int, Change]]:
    """What differs, message by message, found by their keys, which come with it."""
    was, now = ({item.key: item.message for item in items} for items in (before, after))
    for key in sorted(was.keys() | now.keys()):
        index = key if key < given else None
        one, other = was.get(key), now.get(key)
        if one is other:
            continue  # as most words leave most messages
        if one is None or other is None:
            yield key, Change(index, "message", word, one, other)
            continue
        for field in Message.model_fields:
            if getattr(one, field) != getattr(other, field):
                before_it, after_it = getattr(one, field), getattr(other, field)
                yield key, Change(index, field, word, before_it, after_it)
