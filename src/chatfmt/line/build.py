"""The lines of a format as one graph of places, built from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.graph import Graph, Kinds, Sources
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Next,
    Special,
)
from chatfmt.line.place import FIRST_CALL, Meaning, Part

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.characters import Characters
    from chatfmt.line.envelopes import Envelope
    from chatfmt.line.graph import Words
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line

__all__ = ["Builder", "Layout"]


class Layout(NamedTuple):
    """Everything that a format writes, as pieces."""

    lines: Sequence[Line]
    envelopes: Mapping[str, Envelope]
    prologue: Sequence[Special | Literal]
    roles: Sequence[str]
    fences: Sequence[str] = ()
    """The fences that the row lists."""
    where: str = "format"
    """The name of the format in error messages."""


class Builder(Graph):
    """Builds the graph, from place ``start``; any message may begin at ``between``.

    Raises:
        FormatError: the graph would become too large.
    """

    def __init__(
        self,
        layout: Layout,
        words: Words,
        characters: Characters,
    ) -> None:
        super().__init__(layout.where, words, characters)
        self._lists: dict[tuple[Calls, Sources, Meaning, tuple[str, ...]], Sources] = {}
        self.start = self.new(Meaning("prologue"))
        self.between = self.border("message")
        self.anywhere = self.border("message")
        """Where a message may begin if it is not known what comes before it."""
        self.first = self.border("message")
        """Where the first message may begin."""
        self.after: dict[str, int] = {}
        """Role to the place after a message of that role."""
        self.is_placed = any(line.after is not None for line in layout.lines)
        sources = frozenset({self.start})
        for piece in layout.prologue:
            sources = self._follow(piece, sources, _Context((), Meaning("prologue")))
        self.silently(sources, self.first)
        self.silently([self.first, self.anywhere], self.between)
        for role in layout.roles:
            self.after[role] = self.border("message")
            self.silently([self.after[role]], self.between)
        for node in (self.between, self.anywhere, self.first, *self.after.values()):
            self.all[node].accepts = True
        places = {role: set[str]() for role in layout.roles}
        for line in layout.lines:
            for role in line.roles:
                places[role].update(line.after or ())
        for line in layout.lines:
            self._line(line, places[line.roles[0]])
        for role, envelope in layout.envelopes.items():
            self._envelope(role, envelope)

    def _line(self, line: Line, taken: set[str]) -> None:
        """Add a line; ``taken`` are the places for which its role has other lines."""
        if line.after is None and taken:
            free = {self.after[role] for role in self.after if role not in taken}
            sources = frozenset({self.anywhere, *free, *(() if "start" in taken else [self.first])})
        elif line.after is None:
            sources = frozenset({self.between})
        elif line.after == ("start",):
            sources = frozenset({self.first})
        else:
            sources = frozenset(self.after[role] for role in line.after)
        for variant in line.variants:
            context = _Context(line.roles, Meaning("header"))
            ends = self._sequence(variant, sources, context)
            for end in ends:
                self.all[end].accepts = True
                if line.pieces[-1] == Next():
                    self.all[end].closes.update(line.roles)
            context.meaning, context.free = Meaning("tail"), None
            self._end(self._follow(Literal(line.tail), ends, context), line.roles)

    def _end(self, ends: Iterable[int], roles: tuple[str, ...]) -> None:
        for role in roles:
            self.silently(ends, self.after[role])

    def _envelope(self, role: str, envelope: Envelope) -> None:
        def context() -> _Context:
            return _Context((role,), Meaning("header"))

        opened = self._sequence(envelope.open, frozenset({self.between}), context())
        again = self.border("message")
        self.all[again].accepts = True
        if envelope.sep:
            inside = self.border(None)
            self.silently(self._sequence(envelope.sep, frozenset({again}), context()), inside)
            begins = frozenset({inside})
            if envelope.open:
                self.silently(opened, inside)
            else:  # the first message begins with the envelope's each
                begins |= opened
            ends = self._sequence(envelope.each, begins, context())
        else:
            ends = self._sequence(envelope.each, opened, context())
            ends |= self._sequence(envelope.each, frozenset({again}), context())
        self.silently(ends, again)
        for end in ends:
            self.all[end].completes = True
        self._end(self._close(envelope, ends), (role,))

    def _close(self, envelope: Envelope, ends: Sources) -> Sources:
        context = _Context((envelope.role,), Meaning("header"))
        for piece in envelope.close:
            ends = self._follow(piece, ends, context)
            if isinstance(piece, Special) and piece.end:
                context.meaning = Meaning("tail")
        return ends

    def _sequence(self, pieces: Sequence[Piece], sources: Sources, context: _Context) -> Sources:
        for piece in pieces:
            sources = self._follow(piece, sources, context)
        return sources

    def _follow(self, piece: Piece, sources: Sources, context: _Context) -> Sources:
        """Add the text of a piece after ``sources``, and return the places where it is complete."""
        match piece:
            case Literal():
                return self._literal(piece, sources, context)
            case Special(tokens, end):
                context.free = None
                meaning = context.meaning._replace(part="end") if end else context.meaning
                return frozenset().union(
                    *(self.symbol(sources, token, meaning, context.roles) for token in tokens)
                )
            case Group():
                return self._group(piece, sources, context)
            case Calls():
                return self._list(piece, sources, context)
            case Field():
                return self._field(piece, sources, context)
            case GenerationStart():
                context.meaning = context.meaning._replace(generated=True)
        return sources

    def _literal(self, piece: Literal, sources: Sources, context: _Context) -> Sources:
        for character in piece.text:
            kinds = self.characters.kind(character)
            meaning = context.literal(piece.fixes)
            sources = self.symbol(sources, kinds, meaning, context.roles)
            for place in sources:
                self.all[place].letter = character
        return sources

    def _group(self, piece: Group, sources: Sources, context: _Context) -> Sources:
        outside = context.meaning.gives
        if piece.field in FREE_TEXT:
            context.meaning = context.meaning._replace(gives=piece.field)
        inside = self._sequence(piece.pieces, sources, context)
        context.meaning = context.meaning._replace(gives=outside)
        return inside if piece.always else sources | inside

    def _list(self, piece: Calls, sources: Sources, context: _Context) -> Sources:
        key = piece, sources, context.meaning, context.roles
        if key not in self._lists:  # lines that differ only after it share it
            self._lists[key] = self._new_list(piece, sources, context)
        context.free = None
        return self._lists[key]

    def _new_list(self, piece: Calls, sources: Sources, context: _Context) -> Sources:
        item = self.border("argument" if piece.arguments else "call")
        begins = frozenset(s for s in sources if self.all[s].border == "message")
        self.silently(sources - begins, item)
        items = frozenset({item})
        if begins:  # the message itself begins with its first item
            first = self.border(FIRST_CALL)
            self.silently(begins, first)
            items |= {first}
        outside, context.meaning = context.meaning, context.meaning._replace(part="calls")
        context.free = None
        ends = self._sequence(piece.item, items, context)
        if not piece.arguments:
            for end in ends:
                self.all[end].ends_call = bool(self.all[end].letter)
        self.silently(self._sequence(piece.separator, ends, context), item)
        context.meaning = outside
        return sources | ends if piece.arguments else ends

    def _field(self, piece: Field, sources: Sources, context: _Context) -> Sources:
        name, roles = piece.name, context.roles
        meaning = context.meaning._replace(field=name)
        if piece.alphabet is not None:
            context.free = None
            if words := piece.alphabet.words:
                each = (self._literal(Literal(w, fixes=name), sources, context) for w in words)
                return frozenset().union(*each)
            first, rest = (
                self.characters.kinds(x) for x in (piece.alphabet.first, piece.alphabet.rest)
            )
            kinds = Kinds(first, rest, piece.alphabet.most)
            return self.text(sources, meaning, roles, kinds)
        if name in ("content", "reasoning", "tools"):
            meaning = meaning._replace(part=name)  # type: ignore[arg-type]
        context.free = meaning.part
        if (scanner := piece.scanner) is not None:
            begins = self.characters.kinds_of(scanner.first)
            begun = self.symbol(sources, begins, meaning, roles, what=(name, "scanned"))
            for place in begun:
                self.all[place].scanner = scanner
            return begun
        every = self.characters.every
        ends = self.text(sources, meaning, roles, Kinds(every, every, None))
        if context.meaning.gives == name == "content":
            return ends
        if name in ("reasoning", "tools"):  # the field is there, though its text may be empty
            context.meaning = context.meaning._replace(gives=name)
        return sources | ends


class _Context:
    """The builder's state while it walks a line."""

    def __init__(self, roles: tuple[str, ...], meaning: Meaning) -> None:
        self.roles = roles
        self.meaning = meaning
        self.free: Part | None = None
        """The part of the last free text, as long as only literal text follows."""

    def literal(self, fixes: str | None) -> Meaning:
        """The meaning of literal text here: after free text it counts to that text's part."""
        return self.meaning._replace(part=self.free or self.meaning.part, field=fixes)
