"""What a conversation is: messages with a role and content, immutable and validated."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["Conversation", "Message"]


def _refuse_surrogates(text: str) -> str:
    # A lone surrogate has no UTF-8 form; tiktoken would put U+FFFD in its place without a word.
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            found = ord(text[error.start])
            message = (
                f"expected text, found the lone surrogate U+{found:04X} at offset {error.start}; "
                "decode the source with the right codec, or replace it on purpose"
            )
            raise ValueError(message) from None
    return text


Text = Annotated[str, AfterValidator(_refuse_surrogates)]


class Message(BaseModel):
    """One message. Immutable; unknown fields and lone surrogates are refused.

    What goes over the wire is ``role``, ``name``, ``recipient``, ``channel``, ``content_type``,
    ``reasoning`` and ``content``, as far as the format has a place for them; the rest are
    annotations. None means "not there", which is not the same as an empty string.

    >>> Message(role="user", content="What is 2+2?")
    Message(role='user', content='What is 2+2?')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Text
    """Who speaks: ``system``, ``developer``, ``user``, ``assistant``, ``tool``, …"""
    content: Text = ""
    """The text, exactly: nothing is ever trimmed."""
    name: Text | None = None
    """Which of several speakers in this role."""
    recipient: Text | None = None
    """Whom the message is for, such as ``functions.get_weather``."""
    channel: Text | None = None
    """``analysis``, ``commentary``, ``final``: harmony's channels."""
    content_type: Text | None = None
    """What the content is, such as ``json``."""
    reasoning: Text | None = None
    """The thinking that comes before the content."""
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Annotation: factor of this message's loss weights; None counts as 1."""
    call_id: Text | None = None
    """Annotation: which tool call this message makes or answers."""

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return [(name, value) for name, value in fields if value is not None]

    def on_wire(self) -> Message:
        """The message without its annotations: what a parser can give back.

        >>> Message(role="user", content="hello", weight=0.5).on_wire()
        Message(role='user', content='hello')
        """
        if self.weight is None and self.call_id is None:
            return self
        return self.model_copy(update={"weight": None, "call_id": None})


class Conversation(BaseModel):
    """Messages in order. An empty conversation is one, too.

    >>> conversation = Conversation(messages=[{"role": "user", "content": "hello"}])
    >>> conversation.messages[0].content
    'hello'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    messages: tuple[Message, ...] = ()
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Annotation: whatever belongs to the conversation and not on the wire, such as its source."""

    def on_wire(self) -> Conversation:
        """The conversation without its annotations: ``decode(encode(c)) == c.on_wire()``.

        >>> Conversation(metadata={"source": "here"}).on_wire()
        Conversation(messages=(), metadata={})
        """
        return Conversation(messages=tuple(message.on_wire() for message in self.messages))
