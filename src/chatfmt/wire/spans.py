"""The plain results of rendering and parsing: which ids belong to which piece."""

from __future__ import annotations

from typing import NamedTuple

from chatfmt.line.place import Part

__all__ = ["OpenMessage", "Part", "Span"]


class Span(NamedTuple):
    """Ids that belong together: ``ids[start:stop]``.

    The spans of a sequence tile it, in order, without gap or overlap, and none is empty.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.render([{"role": "user", "content": "hello"}]).spans[1]
    Span(start=3, stop=4, message=0, part='content', generated=True, sampled=False)
    """

    start: int
    stop: int
    message: int | None
    """Index of the message, or None for the prologue and for stray ids between messages."""
    part: Part
    generated: bool
    """Whether a model that speaks in this message would write these ids: those from the end of the
    prompt through the end token."""
    sampled: bool = False
    """Whether these ids were in fact sampled, and not written by the format."""


class OpenMessage(NamedTuple):
    """A message that has begun and not ended.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> prompt = tok.encode_prompt([])
    >>> opened = tok.parse(prompt, allow_open=True).open
    >>> opened.index, opened.part, opened.role
    (0, 'content', 'assistant')
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which no one needs here
    """Index that the message has, or will have, in the conversation."""
    part: Part
    """Its last part: ``header``, ``reasoning``, ``tools``, ``content`` or ``calls``."""
    role: str | None
    """None as long as it is not known."""
    name: str | None = None
    recipient: str | None = None
    channel: str | None = None
    content_type: str | None = None
    call_id: str | None = None
