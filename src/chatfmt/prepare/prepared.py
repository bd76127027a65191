"""A conversation as rewritten for a chat template, and the changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import ConfigDict

from chatfmt.conversation import Conversation, Message
from chatfmt.conversation.wording import describe
from chatfmt.errors import RenderError, named, shown
from chatfmt.prepare.definitions import Tools
from chatfmt.prepare.items import Asked, Item
from chatfmt.prepare.schemas import check_tools

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from chatfmt.prepare.word import Word

__all__ = ["Change", "Prepared", "prepare", "prepare_answers", "thinking_of"]


class Change(NamedTuple):
    """One change of a preparation.

    >>> Change(0, "content", "strip", " Hi ", "Hi").field
    'content'
    """

    message: int | None
    """Index among the given messages; None for one that was added, and for changes of the whole
    conversation."""
    field: str
    """The name of the field; ``message`` for a message that was added or left out, ``tools``
    without a message for definitions of tools that the format has no place for."""
    word: str
    """The word of the preparation that made the change."""
    before: object
    """The value before; None if there was none."""
    after: object
    """The value after; None if there is none."""
    place: int | None = None
    """Index among the prepared messages; None for one that is left out in the end, and for changes
    of the whole conversation."""


class Prepared(Conversation):
    """A conversation as rewritten for the chat template of a format; see `ChatTokenizer.prepare`.

    It is encoded like any other conversation, and is not prepared a second time.

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
    """The changes, in the order in which they were made."""
    thinking: bool | None = None
    """How `ChatTokenizer.encode_prompt` treats the reasoning, if its caller does not say."""
    origins: tuple[int | None, ...] = ()
    """For each message, the index of the given message that it is or is part of; None if it was
    added."""


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
    """Apply the words of the format with this name to a conversation.

    The other arguments are those of `chatfmt.ChatTokenizer.prepare`.

    Raises:
        RenderError: the template does not accept the conversation, a value is missing or unknown,
            or a tool has no name or no JSON schema.
        ValueError: ``history`` or ``thinking`` has an unknown value, or ``tools`` are invalid.
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
    """A conversation that ends in messages of the model, prepared as when these are written.

    The messages before ``answers`` are prepared as for the prompt, and those from there on keep
    their thinking.

    Args:
        name: the name of the format.
        words: its preparation.
        conversation: the conversation.
        answers: index of the first message that the model is to write; None if there is none.
        tools: as in `prepare`, like the others.
        values: as in `prepare`.
        history: as in `prepare`.
        thinking: as in `prepare`.

    Returns:
        The prepared conversation, and the index in it of the first message to be written.

    Raises:
        RenderError: as for `prepare`.
        ValueError: as for `prepare`.
    """
    if history not in ("published", "keep"):
        raise ValueError(f"history must be published or keep, found {shown(history)}")
    if thinking not in (None, True, False):
        raise ValueError(f"thinking must be True, False or None, found {shown(thinking)}")
    if isinstance(conversation, Prepared):
        raise RenderError(f"this was already prepared, for {conversation.format}", name)
    if tools is not None and conversation.tools:
        raise RenderError("expected tools once, found them in the conversation as well", name)
    if tools is not None:
        defined: object = tools
        if isinstance(tools, Iterable):
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
    """The result of `prepare` for a conversation with published history, without the changes.

    It is three times as fast, for trying many words, and checks less.

    Raises:
        RenderError: the template does not accept the conversation, or a value is missing.
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
    """How a prompt treats the reasoning, by the caller's value and the preparation's.

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
    if not isinstance(values, Mapping):
        raise RenderError(
            f"values: expected names and their values, found {describe(values)}", name
        )
    known = sorted({value for word in words for value in word.names})
    for value in values:
        if value not in known:
            there = f"; there are {', '.join(known)}" if known else "; this format has none"
            raise RenderError(f"there is no value {named(value)}{there}", name)


def _changes(
    word: str, before: Sequence[Item], after: Sequence[Item], given: int
) -> Iterator[tuple[int, Change]]:
    """The differences, message by message, matched by the keys that come with them."""
    was, now = ({item.key: item.message for item in items} for items in (before, after))
    for key in sorted(was.keys() | now.keys()):
        index = key if key < given else None
        one, other = was.get(key), now.get(key)
        if one is other:
            continue  # most words leave most messages unchanged
        if one is None or other is None:
            yield key, Change(index, "message", word, one, other)
            continue
        for field in Message.model_fields:
            if getattr(one, field) != getattr(other, field):
                before_it, after_it = getattr(one, field), getattr(other, field)
                yield key, Change(index, field, word, before_it, after_it)
