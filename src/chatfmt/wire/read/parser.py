"""From ids to events, messages, spans and issues, whole or one by one.

A strict parse raises faults as a `ParseError` (a straddling token excepted). A lenient one records
them as issues, and `Lenient` finds the way on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.wire.events import ContentDelta
from chatfmt.wire.ids import as_id, as_ids, each_of
from chatfmt.wire.read.questions import Allowed, Questions
from chatfmt.wire.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.wire.events import Event

__all__ = ["FORGOTTEN", "Allowed", "Shortcut", "StreamParser", "content_of"]

FORGOTTEN = 4096
"""After this many ids, what was reported is dropped, if nothing has to be kept."""

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class Shortcut(NamedTuple):
    """Lets a loop do without calls: it has the results of `StreamParser.feed` for some ids.

    >>> Shortcut({}, [], 0, "content").field
    'content'
    """

    texts: Mapping[int, str]
    """The text of an id, an integer; empty if the id has to be fed."""
    sink: list[str]
    """The list to which to append each text."""
    message: int
    """Index of the message."""
    field: str | int
    """The name of the field, or the number of the call whose arguments they are."""


class StreamParser(Questions):
    """The reader. It appends to ``messages``, ``spans`` and ``issues``.

    Args:
        binding: format and encoding.
        strict: raise the first issue (straddling tokens excepted) instead of recording it.
        prologue: expect the format's prologue first.
        position: index of the first id that will be fed.
        goes_on: the role that has ended a message and can continue with another.
        before: the role of the message before, if there is one.
        unended: whether that message, the model's, still has no end.
        messages, spans, issues: lists to append to; new ones by default.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> parser = tok.stream()
    >>> parser.feed(13225)
    [MessageStart(index=0, role='assistant'), ContentDelta(index=0, part='content', text='Hello')]
    >>> parser.close()
    [MessageEnd(index=0, message=Message(role='assistant', content='Hello'), token=None)]
    >>> parser.messages, len(parser.issues)
    ([Message(role='assistant', content='Hello')], 1)
    """

    def feed(self, token: int) -> list[Event]:
        """Take one id, and return its events.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().feed(13225)[-1]
        ContentDelta(index=0, part='content', text='Hello')

        Raises:
            ParseError: in a strict parse; the parser is then finished.
            ValueError: the parser is closed.
            TypeError: the id is not an integer; nothing has changed then.
        """
        sink = self._sink
        if sink is not None and token.__class__ is int:
            text = self._whole[token]
            if text:
                sink.append(text)
                return [_new(self._delta, (self._index, self._field, text))]
        token = as_id(token)
        self._check_open()
        self._leave_sink()
        self._take(token)
        self._find_sink()
        return self._taken()

    def feed_text(self, token: int) -> str:
        """Take one id, like `feed`, but return only its text of ``content``.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.feed_text(13225), parser.feed_text(200265)
        ('Hello', '')
        """
        sink = self._sink
        if sink is not None and token.__class__ is int:
            text = self._whole[token]
            if text:
                sink.append(text)
                return text if self._field == "content" else ""
        return content_of(self.feed(token))

    def feed_some(self, given: int | Sequence[int]) -> tuple[list[Event], bool]:
        """Take an id, or a list through its first stop token; return the events, and if it stops.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> events, stops = tok.stream().feed_some([13225, 200265, 198])
        >>> events[-1].token, stops
        (200265, True)
        """
        if not isinstance(given, list | tuple):
            return self.feed(given), as_id(given) in self.stop_tokens  # type: ignore[arg-type]
        ids = as_ids(given)
        stop = next((at for at, token in enumerate(ids, 1) if token in self.stop_tokens), None)
        return self.feed_all(ids[:stop]), stop is not None

    # These two avoid a call for each id, which would cost a third more time.

    def events(self, ids: Iterable[int]) -> Iterator[Event]:
        """The events of `feed` through the first stop token, or else until `close`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> [type(event).__name__ for event in tok.stream().events([13225])]
        ['MessageStart', 'ContentDelta', 'MessageEnd']
        """
        stops, feed = self.stop_tokens, self.feed
        for given in each_of(ids):
            if (
                given.__class__ is int
                and (sink := self._sink) is not None
                and (text := self._whole[given])
            ):
                sink.append(text)
                yield _new(self._delta, (self._index, self._field, text))
                continue
            token = as_id(given)
            yield from feed(token)
            if token in stops:
                return
        yield from self.close()

    def texts(self, ids: Iterable[int]) -> Iterator[str]:
        """The text of ``content`` in these events, in pieces that are never empty.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> list(tok.stream().texts([13225, 11, 2375, 200265]))
        ['Hello', ',', ' world']
        """
        stops, feed = self.stop_tokens, self.feed
        for given in each_of(ids):
            if (
                given.__class__ is int
                and (sink := self._sink) is not None
                and (text := self._whole[given])
            ):
                sink.append(text)
                if self._field == "content":
                    yield text
                continue
            token = as_id(given)
            if text := content_of(feed(token)):
                yield text
            if token in stops:
                return
        if text := content_of(self.close()):
            yield text

    @property
    def shortcut(self) -> Shortcut | None:
        """Which ids are plain text until another one is fed, if any are.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> _ = parser.feed(13225)
        >>> shortcut = parser.shortcut
        >>> shortcut.texts[11], shortcut.texts[200265]
        (',', '')
        >>> shortcut.sink.append(",")
        >>> parser.open_content.content
        'Hello,'
        """
        if self._sink is None:
            return None
        return Shortcut(self._whole, self._sink, self._index, self._field)

    def set_sampled(self, sampled: bool) -> None:  # noqa: FBT001 - the state, not an option
        """Set whether the ids that come next were sampled.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> parser.set_sampled(sampled=True)
        >>> _ = parser.feed_all([13225, 200265])
        >>> [span.sampled for span in parser.spans]
        [True, True]
        """
        self._reader.span.write(self.position)
        self._reader.span.sampled = sampled

    def know_tools(self, tools: Iterable[Mapping[str, Any]]) -> None:
        """Set the tools, as OpenAI's API defines them.

        If arguments are written one by one, with strings bare, their types distinguish a string
        from a value with the same spelling.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stream().know_tools([{"type": "function", "function": {"name": "f"}}])

        Raises:
            ValueError: they are not a list of objects.
        """
        self._reader.draft.know_tools(types_of(tools))

    def restrict(self, role: str) -> None:
        """Set the role of the message that has begun, which was prompted.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-oss")
        >>> parser = tok.stream(role=None)
        >>> _ = parser.feed_all(tok.encode_prompt([]))
        >>> parser.restrict("assistant")  # no tool with a name that begins like this
        >>> parser.open.role
        'assistant'
        """
        self._check_open()
        self._leave_sink()
        self._reader.restrict(role)


def content_of(events: Sequence[Event]) -> str:
    """The text of ``content`` in some events."""
    return "".join(e.text for e in events if isinstance(e, ContentDelta) and e.part == "content")
