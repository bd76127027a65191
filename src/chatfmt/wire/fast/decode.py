"""Decodes ids to messages quickly, if they are ordinary.

The parser reads any ids and says what is wrong with them. But most ids are right, and their headers
are always the same few. So this path looks for what the parser has read before: the same ids before
the content, text, and the same ids after it. It leaves everything unknown to the parser, and learns
from the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.conversation import Conversation
from chatfmt.conversation.made import conversation_of, messages_like
from chatfmt.line.language import Next
from chatfmt.wire.fast.cuts import Cutter, bytes_of
from chatfmt.wire.fast.packed import searchable
from chatfmt.wire.fast.units import Units
from chatfmt.wire.ids import as_ids, each_of
from chatfmt.wire.kept import Kept
from chatfmt.wire.read.parser import StreamParser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.binding import Binding

__all__ = ["Decoder"]


class _Known(NamedTuple):
    """The data known about messages that begin with the same text."""

    make: Callable[[str], Message]
    """Makes a message from its content."""
    end: str
    """The spelling of the end token."""
    tail: str
    specials: str
    """The special tokens around the content, as `searchable` text."""


class Decoder:
    """Reads whole sequences, strictly; what it has learned only changes the speed."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        machine = binding.format.machine
        self._plain = frozenset(
            role
            for role, lines in binding.format.lines_of.items()
            if machine.takes_any_content(role)
            and all(line.pieces[-1] != Next() and line.after is None for line in lines)
        )
        self._tails = {r: t.tail for r, t in binding.format.templates.items()}
        self._bytes = bytes_of(binding)
        self._cutter = Cutter(binding, self._bytes)
        self._units = Units(binding)
        self._prologue: list[int] | None = None
        self._heads: Kept[str, _Known] = Kept()
        self._lengths: tuple[int, ...] = ()
        self._specials = ""
        """The special tokens around contents, as `searchable` text."""

    def decode(self, ids: Iterable[int], *, prologue: bool) -> Conversation:
        """The conversation of these ids.

        Raises:
            ParseError: they are not a conversation in this format, or not a complete one.
            TypeError: one of them is not an integer.
        """
        listed = ids if isinstance(ids, list) else [*each_of(ids)]
        found = self.quick(listed, prologue=prologue)
        return self._slow(listed, prologue=prologue) if found is None else found

    def quick(self, ids: list[int], *, prologue: bool) -> Conversation | None:
        """The conversation, if every message is of a known kind; None leaves it to the parser."""
        first = self._prologue if prologue else []
        try:
            packed = searchable(ids)
            if first is None or ids[: len(first)] != first or not _only_integers(ids, packed):
                return None
            start = len(first)
            text = self._text(ids[start:] if start else ids)
            messages = self._messages(text, sum([packed.count(c, start) for c in self._specials]))
            if messages is not None:
                return conversation_of(messages)
            units = self._units.read(*self._cutter.cut(ids, packed, start, text))
            return None if units is None else Conversation.model_validate({"messages": units})
        except (KeyError, OverflowError, TypeError, ValueError):
            return None  # not ids of text, invalid UTF-8, or fields that no message has

    def _messages(self, text: str, specials: int) -> list[Message] | None:
        """The messages, if all of them are plain; otherwise None.

        ``specials`` is how many of its special tokens are of the kind around contents. If the text
        spells only these, it spells none in ordinary text, and there are no others.
        """
        if not self._cutter.spells(text, specials):
            return None
        messages: list[Message] = []
        at, length, heads = 0, len(text), self._heads.known
        while at < length:
            for size in self._lengths:
                known = heads.get(text[at : at + size])
                if known is not None:
                    break
            else:
                return None
            make, end, tail, around = known
            start = at + size
            stop = text.find(end, start)
            if stop < 0:
                return None
            messages.append(make(text[start:stop]))
            specials -= len(around)
            at = stop + len(end)
            if tail and at < length:
                if not text.startswith(tail, at):
                    return None
                at += len(tail)
        return None if specials else messages  # the rest are within a content

    def _slow(self, ids: list[int], *, prologue: bool) -> Conversation:
        ids = as_ids(ids)
        parser = StreamParser(self._binding, strict=True, prologue=prologue)
        parser.feed_all(ids)
        parser.close()
        if not parser.issues:
            self._learn(ids, parser, prologue=prologue)
        return Conversation(messages=tuple(parser.messages))

    def _learn(self, ids: Sequence[int], parser: StreamParser, *, prologue: bool) -> None:
        """Remember the ids around contents that the parser has read without an issue."""
        parts: list[dict[str, list[int]]] = [{} for _ in parser.messages]
        first: dict[str, list[int]] = {}
        for span in parser.spans:
            where = first if span.message is None else parts[span.message]
            if span.part == "header" and "content" in where:
                where["behind"] = []  # not the simple kind
            where.setdefault(span.part, []).extend(ids[span.start : span.stop])
        if prologue:
            self._prologue = first.get("prologue", [])
        for message, found in zip(parser.messages, parts, strict=True):
            head, end = found.get("header", []), found.get("end", [])
            plain = (
                head
                and end  # in an envelope a text may end a message
                and message.role in self._plain
                and message.call_id is None  # it differs in each message
                and {"header", "content", "end", "tail"}.issuperset(found)
            )
            # An empty content does not show its place: some of these ids may come after it.
            simple = (
                plain
                and message.content
                and self._text(found.get("content", [])) == message.content
                and self._text(found.get("tail", [])) == self._tails[message.role]
            )
            if simple and (begins := self._text(head)) not in self._heads.known:
                fields = message.model_dump(exclude={"content"}, exclude_none=True)
                around = [token for token in (*head, *end) if token in self._binding.spellings]
                tail = self._tails[message.role]
                known = _Known(messages_like(fields), self._text(end), tail, searchable(around))
                self._heads.keep(begins, known, len(begins) + sum(map(len, fields.values())))
        heads = self._heads.known.copy()  # another thread may be learning at the same time
        self._lengths = tuple(sorted(set(map(len, heads))))
        self._specials = "".join({*"".join({each.specials for each in heads.values()})})
        self._units.learn(parser.messages)

    def _text(self, ids: list[int]) -> str:
        return self._bytes(ids).decode()


def _only_integers(ids: list[int], text: str) -> bool:
    """Whether none of them is a boolean, or anything that equals 0 or 1."""
    for suspect in "\0\1":
        at = text.find(suspect)
        while at >= 0:
            if type(ids[at]) is not int:
                return False
            at = text.find(suspect, at + 1)
    return True
