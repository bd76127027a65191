"""Ids to messages in a hurry, where nothing is out of the ordinary.

The parser reads any ids and says what is wrong with them; most ids are right, and their headers
are always the same few. So this path looks for what the parser has read before: the same ids
before the content, text, and the same ids after it. Whatever it does not know it leaves to the
parser, and learns from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation import Conversation
from chatfmt.line.language import Next
from chatfmt.wire.fast.cuts import Cutter, bytes_of
from chatfmt.wire.fast.packed import searchable
from chatfmt.wire.fast.units import Units
from chatfmt.wire.ids import as_ids
from chatfmt.wire.kept import Kept
from chatfmt.wire.read.parser import StreamParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.wire.binding import Binding

__all__ = ["Decoder"]


class _Known(NamedTuple):
    """What is known of messages that begin with the same ids."""

    fields: dict[str, str]
    end: str
    """The end token, as `searchable` has it."""
    tail: list[int]


class Decoder:
    """Reads whole sequences, strictly; what it has learnt only changes how quickly."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding
        machine = binding.format.machine
        self._plain = frozenset(
            role
            for role, lines in binding.format.lines_of.items()
            if machine.takes_any_content(role)
            and all(line.pieces[-1] != Next() and line.after is None for line in lines)
        )
        self._tails = {r: t.tail.encode() for r, t in binding.format.templates.items()}
        self._special = frozenset(binding.spellings)
        # all special tokens begin alike as a rule, so that text without it can have none
        spellings = sorted(spelling.encode() for spelling in binding.spellings.values())
        self._mark = _common_prefix(spellings[0], spellings[-1])
        self._bytes = bytes_of(binding)
        self._units = Units(binding, Cutter(binding, self._bytes))
        self._prologue: list[int] | None = None
        self._heads: Kept[tuple[int, ...], _Known] = Kept()
        self._lengths: tuple[int, ...] = ()

    def decode(self, ids: Iterable[int], *, prologue: bool) -> Conversation:
        """The conversation of which these are the ids.

        Raises:
            ParseError: they are not a conversation in this format, or not a complete one.
            TypeError: one of them is not an integer.
        """
        listed = ids if isinstance(ids, list) else list(ids)
        found = self.quick(listed, prologue=prologue)
        return self._slow(listed, prologue=prologue) if found is None else found

    def quick(self, ids: list[int], *, prologue: bool) -> Conversation | None:
        """The conversation, if every message is of a known kind; None for the parser to say."""
        first = self._prologue if prologue else []
        try:
            text = searchable(ids)
            if first is None or ids[: len(first)] != first or not _only_integers(ids, text):
                return None
            messages = self._messages(ids, text, len(first))
            return None if messages is None else Conversation.model_validate({"messages": messages})
        except (KeyError, OverflowError, TypeError, ValueError):
            return None  # not ids of text, invalid UTF-8, or fields that no message has

    def _messages(self, ids: list[int], text: str, at: int) -> list[dict[str, Any]] | None:
        messages: list[dict[str, Any]] = []
        length, heads = len(ids), self._heads.known
        while at < length:
            for size in self._lengths:
                known = heads.get(tuple(ids[at : at + size]))
                if known is not None:
                    break
            else:
                break
            start = at + size
            stop = text.find(known.end, start)
            if stop < 0:
                break
            inner = ids[start:stop]
            data = self._bytes(inner)
            if self._cuts(inner, data):
                break
            messages.append({**known.fields, "content": data.decode()})
            at = stop + 1
            if known.tail:
                tail = ids[at : at + len(known.tail)]
                if tail and tail != known.tail:
                    return None
                at += len(tail)
        if at < length:
            units = self._units.read(ids, text, at)
            return None if units is None else [*messages, *units]
        return messages

    def _cuts(self, ids: list[int], data: bytes) -> bool:
        """Whether there is a special token among ids of which these are the bytes."""
        # one byte is looked for at many times the speed of two
        begins = self._mark[:1] in data and self._mark in data
        return begins and not self._special.isdisjoint(ids)

    def _slow(self, ids: list[int], *, prologue: bool) -> Conversation:
        ids = as_ids(ids)
        parser = StreamParser(self._binding, strict=True, prologue=prologue)
        parser.feed_all(ids)
        parser.close()
        if not parser.issues:
            self._learn(ids, parser, prologue=prologue)
        return Conversation(messages=tuple(parser.messages))

    def _learn(self, ids: Sequence[int], parser: StreamParser, *, prologue: bool) -> None:
        """Take note of what is around contents that the parser has read without an issue."""
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
            head = tuple(found.get("header", ()))
            plain = (
                head
                and message.role in self._plain
                and message.call_id is None  # which is another in each
                and "end" in found  # in an envelope a text may end a message
                and {"header", "content", "end", "tail"}.issuperset(found)
            )
            # An empty content does not show where it stands: some of this may come after it.
            simple = (
                plain
                and message.content
                and self._bytes(found.get("content", [])) == message.content.encode()
                and self._bytes(found.get("tail", [])) == self._tails[message.role]
            )
            if simple and head not in self._heads.known:
                fields = message.model_dump(exclude={"content"}, exclude_none=True)
                known = _Known(fields, searchable(found["end"]), found.get("tail", []))
                size = len(head) + sum(map(len, fields.values())) + len(known.tail)
                self._heads.keep(head, known, size)
        heads = list(self._heads.known)  # a copy: another thread may be learning too
        self._lengths = tuple(sorted(set(map(len, heads))))
        self._units.learn(parser.messages)


def _only_integers(ids: list[int], text: str) -> bool:
    """Whether none of them is a boolean, or anything that calls itself 0 or 1."""
    for suspect in "\0\1":
        at = text.find(suspect)
        while at >= 0:
            if type(ids[at]) is not int:
                return False
            at = text.find(suspect, at + 1)
    return True


def _common_prefix(one: bytes, other: bytes) -> bytes:
    return next(one[:n] for n in range(len(one), -1, -1) if other.startswith(one[:n]))
