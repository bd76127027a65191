"""The events that a parser reports while ids come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from chatfmt.conversation import Message, ToolCall

# Each event has the index of its message; the name hides tuple.index, which no one needs here.
__all__ = [
    "ArgumentsDelta",
    "ContentDelta",
    "Event",
    "HeaderField",
    "MessageEnd",
    "MessageStart",
    "Stray",
    "ToolCallAbandoned",
    "ToolCallEnd",
    "ToolCallStart",
]


class MessageStart(NamedTuple):
    """A message has begun, and its role is known.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.stream().feed(13225)[0]
    MessageStart(index=0, role='assistant')
    """

    index: int  # type: ignore[assignment]
    role: str


class HeaderField(NamedTuple):
    """A field of the header is complete.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> ids = tok.encode([{"role": "user", "name": "Ann", "content": "hello"}])
    >>> tok.stream(role=None).feed_all(ids)[1]
    HeaderField(index=0, name='name', value='Ann')
    """

    index: int  # type: ignore[assignment]
    name: str
    value: str


class ContentDelta(NamedTuple):
    """More text of a free-text field: whole characters, never empty.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.stream().feed(13225)[-1]
    ContentDelta(index=0, part='content', text='Hello')
    """

    index: int  # type: ignore[assignment]
    part: Literal["content", "reasoning", "tools"]
    text: str


class MessageEnd(NamedTuple):
    """A message is over. ``token`` is its last id, usually an end token; None: it was cut off.

    For a message in an envelope, it is the id that shows that the message is complete.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.stream().feed_all([13225, 200265])[-1]
    MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=200265)
    """

    index: int  # type: ignore[assignment]
    message: Message
    token: int | None


class Stray(NamedTuple):
    """Text or a special token that a lenient parse could not place; a server may show or hide it.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.stream().feed_all([13225, 200266])[-1]
    Stray(index=0, token=200266, text='<|im_sep|>')
    """

    index: int | None  # type: ignore[assignment]
    """The open message, if there is one."""
    token: int | None
    """The id in which the text ends, if it is one."""
    text: str
    """The text, or the spelling of the special token."""


class ToolCallStart(NamedTuple):
    """A tool call has begun, and the name of the tool is known.

    >>> import chatfmt
    >>> line = "<|im_start|>{^}[<|im_sep|>|{call:json name, arguments}]*<|im_end|>"
    >>> tokens = ["<|im_start|>", "<|im_sep|>", "<|im_end|>"]
    >>> row = chatfmt.ChatFormat(name="x", template={"assistant": line}, special_tokens=tokens)
    >>> tok = chatfmt.ChatTokenizer(row, chatfmt.get_encoding("o200k_im"))
    >>> ids = tok.encode([{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "{}"}]}])
    >>> tok.stream(role=None).feed_all(ids)[1]
    ToolCallStart(index=0, call=0, id=None, name='f')
    """

    index: int  # type: ignore[assignment]
    call: int
    """Which of the message's calls."""
    id: str | None
    name: str


class ArgumentsDelta(NamedTuple):
    """More of the arguments of a call; the pieces together are `ToolCall.arguments`.

    >>> "".join(ArgumentsDelta(0, 0, piece).text for piece in ['{"a"', ": 1}"])
    '{"a": 1}'
    """

    index: int  # type: ignore[assignment]
    call: int
    text: str


class ToolCallEnd(NamedTuple):
    """A tool call is complete.

    >>> from chatfmt.conversation import ToolCall
    >>> ToolCallEnd(0, 0, ToolCall(name="f", arguments='{"a": 1}')).tool_call.parsed
    {'a': 1}
    """

    index: int  # type: ignore[assignment]
    call: int
    tool_call: ToolCall


class ToolCallAbandoned(NamedTuple):
    """Text that began like a tool call but is not one; ``text`` is all of it.

    >>> ToolCallAbandoned(0, 0, '{"name": oops').text
    '{"name": oops'
    """

    index: int  # type: ignore[assignment]
    call: int
    text: str


Event: TypeAlias = (
    MessageStart
    | HeaderField
    | ContentDelta
    | ToolCallStart
    | ArgumentsDelta
    | ToolCallEnd
    | ToolCallAbandoned
    | MessageEnd
    | Stray
)
"""Any event of a `StreamParser`."""
