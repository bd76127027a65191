"""Apply the options to a conversation after it is read, for every schema."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Preference
from chatfmt.adapters.thinking import find_inline
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.adapters.options import Options

__all__ = ["settled"]

Messages = tuple[Message, ...]


def settled(item: Item, options: Options) -> Item:
    """Apply the options to an item.

    Raises:
        DataError: the options refuse it, or cannot be met.
    """
    if isinstance(item, Preference):
        return _settled_pair(item, options)
    return _settled_conversation(item, options)


def _settled_conversation(conversation: Conversation, options: Options) -> Conversation:
    if conversation.tools and options.tools not in (None, "use"):
        conversation = _TOOLS[options.tools](conversation)
    messages = conversation.messages
    if options.system is not None:
        messages = _with_system(messages, options)
    messages = _settled_messages(messages, options)
    if messages is conversation.messages:
        return conversation
    return conversation.model_copy(update={"messages": messages})


def _settled_pair(pair: Preference, options: Options) -> Preference:
    prompt = _settled_conversation(pair.prompt, options.model_copy(update=_LATER))
    before = len(prompt.messages)
    sides = {}
    for name in ("chosen", "rejected"):
        whole = (*prompt.messages, *getattr(pair, name))
        sides[name] = _settled_messages(whole, options, before)[before:]
    # Both sides share the prompt, so it is handled as part of each.
    whole = _settled_messages((*prompt.messages, *pair.chosen), options, before)
    prompt = prompt.model_copy(update={"messages": whole[:before]})
    return pair.model_copy(update={"prompt": prompt, **sides})


_LATER = {"inline_thinking": "keep", "call_ids": "optional", "roles": {}}


def _settled_messages(messages: Messages, options: Options, before: int = 0) -> Messages:
    if options.inline_thinking in ("read", "refuse"):
        messages = _with_thinking(messages, options, before)
    if options.call_ids == "make":
        messages = _with_ids(messages)
    if options.roles:
        messages = tuple(
            message.model_copy(update={"role": options.roles[message.role]})
            if message.role in options.roles
            else message
            for message in messages
        )
    return messages


# ---- the system message


def _with_system(messages: Messages, options: Options) -> Messages:
    if messages and messages[0].role in ("system", "developer"):
        if options.own_system == "refuse":
            raise DataError(
                "expected a conversation without a system message, found one; "
                'pass own_system="keep" or "replace"'
            )
        if options.own_system == "keep":
            return messages
        messages = messages[1:]
    return (Message(role="system", content=options.system or ""), *messages)


# ---- tool definitions


def _drop_tools(conversation: Conversation) -> Conversation:
    return conversation.model_copy(update={"tools": ()})


def _refuse_tools(_conversation: Conversation) -> Conversation:
    raise DataError(
        "expected definitions that are written, found some that would not be; pass a preparation "
        'to write them as the template does, or tools="drop" to leave them out',
        field="tools",
    )


_TOOLS = {"drop": _drop_tools, "refuse": _refuse_tools}


# ---- reasoning


def _with_thinking(messages: Messages, options: Options, before: int) -> Messages:
    found = list(messages)
    for index, message in enumerate(messages):
        inline = find_inline(message.content) if message.role == "assistant" else None
        if inline is None:
            continue
        where = f"message {index}" if not before else f"message {index} of the pair"
        if options.inline_thinking == "refuse":
            raise DataError(
                f"{where}: expected reasoning in the field of the format, found it in the text "
                f'({inline.tag}); pass inline_thinking="read" to move it there, or "keep" to leave '
                "it in the text"
            )
        if inline.content is None:
            raise DataError(f"{where}: expected the end of the reasoning, found only {inline.tag}")
        if message.reasoning is not None:
            raise DataError(
                f"{where}: expected reasoning once, found it in its field and in the text "
                f"({inline.tag})"
            )
        update = {"reasoning": inline.reasoning, "content": inline.content}
        found[index] = message.model_copy(update=update)
    return tuple(found)


# ---- ids of calls


def _with_ids(messages: Messages) -> Messages:
    """The messages with ids for all calls and results, made up where they are missing.

    A result belongs to the oldest call without a result; if it has a name, to one of that name.
    """
    taken = {call.id for message in messages for call in message.tool_calls}
    numbers = (f"call_{number}" for number in range(len(taken) + _calls(messages)))
    free = iter([name for name in numbers if name not in taken])
    waiting: deque[tuple[str, str]] = deque()
    found: list[Message] = []
    for index, message in enumerate(messages):
        update: dict[str, Any] = {}
        if message.tool_calls:
            calls = tuple(
                call if call.id is not None else call.model_copy(update={"id": next(free)})
                for call in message.tool_calls
            )
            waiting += [(call.id or "", call.name) for call in calls]
            update = {"tool_calls": calls}
        elif message.role == "tool":
            update = {"call_id": _answered(message, index, waiting)}
        found.append(message.model_copy(update=update) if update else message)
    return tuple(found)


def _calls(messages: Sequence[Message]) -> int:
    return sum(len(message.tool_calls) for message in messages)


def _answered(result: Message, index: int, waiting: deque[tuple[str, str]]) -> str:
    for call in waiting:
        identifier, name = call
        by_name = result.call_id is None and result.name in (None, name)
        if by_name or result.call_id == identifier:
            waiting.remove(call)
            return identifier
    if result.call_id is not None:
        return result.call_id
    of = "" if result.name is None else f" of {shown(result.name)}"
    raise DataError(
        f"message {index}: expected a result for each call{of}, found one more than there are calls"
    )
