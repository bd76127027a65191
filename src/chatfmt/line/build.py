"""The lines of a format as one graph of places, built from left to right.

Places with the same sources, symbol and meaning are one, so that the lines of a role share what
they have in common, and a reader nearly always follows one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from chatfmt.errors import FormatError
from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Special,
)
from chatfmt.line.place import FIRST_CALL, Meaning, Move, Part, Place
from chatfmt.line.words import ExcludedWords, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.characters import Characters
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Envelope, Line

__all__ = ["MOST_PLACES", "Builder", "Guard", "Layout", "Words"]

MOST_PLACES = 16_384
"""How large the graph may become before the lines are refused: about so many characters of literal
text. The largest row of the table has an eighth of it."""

_Sources = frozenset[int]


Words: TypeAlias = "Mapping[tuple[str, tuple[str, ...]], Sequence[Word]]"
"""By field and roles of the line: what the field never holds."""


class _Kinds(NamedTuple):
    """The characters of a field: one of ``first``, then any number of ``rest``, ``most`` in all."""

    first: int
    rest: int
    most: int | None


class Layout(NamedTuple):
    """All that a format writes, as pieces."""

    lines: Sequence[Line]
    envelopes: Mapping[str, Envelope]
    prologue: Sequence[Special | Literal]
    roles: Sequence[str]
    where: str = "format"
    """Name of the format in error messages."""


class Guard(NamedTuple):
    """A field that never holds some words."""

    words: ExcludedWords
    places: dict[int, int]
    """State of the words to its place."""


class Builder:
    """Builds the graph, from place ``start``; ``between`` is where any message may begin.

    Raises:
        FormatError: it would become too large.
    """

    def __init__(
        self,
        layout: Layout,
        words: Words,
        characters: Characters,
    ) -> None:
        self.all: list[Place] = []
        self.characters = characters
        self.where = layout.where
        self._words = words
        self._known: dict[Any, int] = {}
        self.guards: dict[int, Guard] = {}
        self.start = self._new(Meaning("prologue"))
        self.between = self._border("message")
        self.first = self._border("message")
        """Where the first message may begin."""
        self.after: dict[str, int] = {}
        """Role to the place after a message of that role."""
        sources = frozenset({self.start})
        for piece in layout.prologue:
            sources = self._follow(piece, sources, _Context((), Meaning("prologue")))
        self._silently(sources, self.first)
        self._silently([self.first], self.between)
        for role in layout.roles:
            self.after[role] = self._border("message")
            self._silently([self.after[role]], self.between)
        for node in (self.between, self.first, *self.after.values()):
            self.all[node].accepts = True
        for line in layout.lines:
            self._line(line)
        for role, envelope in layout.envelopes.items():
            self._envelope(role, envelope)

    def _new(self, meaning: Meaning) -> int:
        if len(self.all) == MOST_PLACES:
            raise FormatError(
                f"{self.where}: the lines are too long, or alike in too many ways, to be checked; "
                "shorten their literal text"
            )
        self.all.append(Place(len(self.all), meaning))
        return len(self.all) - 1

    def _border(self, what: str | None) -> int:
        node = self._new(Meaning("header"))
        self.all[node].border = what
        return node

    def _silently(self, sources: Iterable[int], target: int) -> None:
        for source in sources:
            self.all[source].silent.append(target)

    def _line(self, line: Line) -> None:
        if line.after is None:
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
            context.meaning, context.free = Meaning("tail"), None
            self._end(self._follow(Literal(line.tail), ends, context), line.roles)

    def _end(self, ends: Iterable[int], roles: tuple[str, ...]) -> None:
        for role in roles:
            self._silently(ends, self.after[role])

    def _envelope(self, role: str, envelope: Envelope) -> None:
        def context() -> _Context:
            return _Context((role,), Meaning("header"))

        opened = self._sequence(envelope.open, frozenset({self.between}), context())
        again = self._border("message")
        self.all[again].accepts = True
        if envelope.sep:
            inside = self._border(None)
            self._silently(self._sequence(envelope.sep, frozenset({again}), context()), inside)
            begins = frozenset({inside})
            if envelope.open:
                self._silently(opened, inside)
            else:  # the first message begins with what stands for each
                begins |= opened
            ends = self._sequence(envelope.each, begins, context())
        else:
            ends = self._sequence(envelope.each, opened, context())
            ends |= self._sequence(envelope.each, frozenset({again}), context())
        self._silently(ends, again)
        for end in ends:
            self.all[end].completes = True
        self._end(self._close(envelope, ends), (role,))

    def _close(self, envelope: Envelope, ends: _Sources) -> _Sources:
        context = _Context((envelope.role,), Meaning("header"))
        for piece in envelope.close:
            ends = self._follow(piece, ends, context)
            if isinstance(piece, Special) and piece.end:
                context.meaning = Meaning("tail")
        return ends

    def _sequence(self, pieces: Sequence[Piece], sources: _Sources, context: _Context) -> _Sources:
        for piece in pieces:
            sources = self._follow(piece, sources, context)
        return sources

    def _follow(self, piece: Piece, sources: _Sources, context: _Context) -> _Sources:
        """Add what a piece writes after ``sources``; the places in which it is complete."""
        match piece:
            case Literal():
                return self._literal(piece, sources, context)
            case Special(tokens, end):
                context.free = None
                meaning = context.meaning._replace(part="end") if end else context.meaning
                return frozenset().union(
                    *(self._symbol(sources, token, meaning, context.roles) for token in tokens)
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

    def _literal(self, piece: Literal, sources: _Sources, context: _Context) -> _Sources:
        for character in piece.text:
            kinds = self.characters.kind(character)
            meaning = context.literal(piece.fixes)
            sources = self._symbol(sources, kinds, meaning, context.roles)
            for place in sources:
                self.all[place].letter = character
        return sources

    def _group(self, piece: Group, sources: _Sources, context: _Context) -> _Sources:
        outside = context.meaning.gives
        if piece.field in FREE_TEXT:
            context.meaning = context.meaning._replace(gives=piece.field)
        inside = self._sequence(piece.pieces, sources, context)
        context.meaning = context.meaning._replace(gives=outside)
        return inside if piece.always else sources | inside

    def _list(self, piece: Calls, sources: _Sources, context: _Context) -> _Sources:
        item = self._border("argument" if piece.arguments else "call")
        begins = frozenset(s for s in sources if self.all[s].border == "message")
        self._silently(sources - begins, item)
        items = frozenset({item})
        if begins:  # the message itself begins with its first item
            first = self._border(FIRST_CALL)
            self._silently(begins, first)
            items |= {first}
        outside, context.meaning = context.meaning, context.meaning._replace(part="calls")
        context.free = None
        ends = self._sequence(piece.item, items, context)
        self._silently(self._sequence(piece.separator, ends, context), item)
        context.meaning = outside
        context.free = None
        return sources | ends if piece.arguments else ends

    def _field(self, piece: Field, sources: _Sources, context: _Context) -> _Sources:
        name, roles = piece.name, context.roles
        meaning = context.meaning._replace(field=name)
        if piece.alphabet is not None:
            context.free = None
            first, rest = (
                self.characters.kinds(x) for x in (piece.alphabet.first, piece.alphabet.rest)
            )
            kinds = _Kinds(first, rest, piece.alphabet.most)
            return self._text(sources, meaning, roles, kinds)
        if name in ("content", "reasoning", "tools"):
            meaning = meaning._replace(part=name)  # type: ignore[arg-type]
        context.free = meaning.part
        if (scanner := piece.scanner) is not None:
            begins = self.characters.kinds_of(scanner.first)
            begun = self._symbol(sources, begins, meaning, roles, what=(name, "scanned"))
            for place in begun:
                self.all[place].scanner = scanner
            return begun
        every = self.characters.every
        ends = self._text(sources, meaning, roles, _Kinds(every, every, None))
        if context.meaning.gives == name == "content":
            return ends
        if name in ("reasoning", "tools"):  # there, though its text may be empty
            context.meaning = context.meaning._replace(gives=name)
        return sources | ends

    def _text(
        self, sources: _Sources, meaning: Meaning, roles: tuple[str, ...], kinds: _Kinds
    ) -> _Sources:
        """The text of a field."""
        first, rest, most = kinds
        words = self._words.get((meaning.field or "", roles), ())
        if words:
            return self._guarded(sources, meaning, roles, kinds, tuple(words))
        begun = self._symbol(sources, first, meaning, roles, what=(meaning.field, rest))
        if most is None:
            for place in begun:
                self._add(place, Move(rest, place, enters=False))
            return begun
        inner = meaning._replace(opens=None)
        ends, last = begun, begun
        for _ in range(most - 1):
            last = self._symbol(last, rest, inner, roles, what=(meaning.field, rest), enters=False)
            ends |= last
        return ends

    def _guarded(
        self,
        sources: _Sources,
        meaning: Meaning,
        roles: tuple[str, ...],
        kinds: _Kinds,
        words: tuple[Word, ...],
    ) -> _Sources:
        """The text of a field that never holds some words."""
        first, rest, most = kinds
        is_there = meaning.gives == meaning.field == "content"  # a group around it
        guard = ExcludedWords(words, self.characters, empty=not is_there)
        spots = [  # state, and how many characters there are: none are counted without a bound
            (state, length)
            for state in guard.states
            for length in ((0,) if most is None else guard.lengths(state, most))
        ]
        more = 0 if most is None else 1
        ends: set[int] = set()
        for opens, some in self._by_border(sources):
            key = (some, "guarded", meaning, opens, words, kinds)
            if key not in self._known:
                self._known[key] = len(self.all)
                entered = meaning._replace(opens=opens)
                for state, _ in spots:
                    self.all[self._new(entered)].held = guard.held(state)
            begin = self._known[key]
            at = {spot: begin + i for i, spot in enumerate(spots)}
            if most is None:
                self.guards[begin] = Guard(
                    guard, {state: place for (state, _), place in at.items()}
                )
            for (state, length), place in at.items():
                self._belongs(place, roles)
                for those, following in guard.steps(state, rest):
                    if (target := at.get((following, length + more))) is not None:
                        self._add(place, Move(those, target, enters=False))
            for those, following in guard.steps(guard.begin, first):
                for source in some:
                    self._add(source, Move(those, at[following, more], enters=True))
            ends |= {place for (state, _), place in at.items() if guard.may_end(state)}
        return frozenset(ends)

    def _symbol(
        self,
        sources: _Sources,
        symbol: int | str,
        meaning: Meaning,
        roles: tuple[str, ...],
        *,
        what: object = None,
        enters: bool = True,
    ) -> _Sources:
        """The places to which a symbol leads from ``sources``: one, or one for each border."""
        found: set[int] = set()
        for opens, some in self._by_border(sources):
            entered = meaning._replace(opens=opens)
            key = (some, symbol, entered, what)
            place = self._known.get(key)
            if place is None:
                place = self._known[key] = self._new(entered)
                for source in some:
                    if isinstance(symbol, str):
                        self.all[source].specials.setdefault(symbol, []).append(place)
                    else:
                        self._add(source, Move(symbol, place, enters))
            self._belongs(place, roles)
            found.add(place)
        return frozenset(found)

    def _belongs(self, place: int, roles: tuple[str, ...]) -> None:
        self.all[place].roles.update(roles)
        self.all[place].owners.add(roles)

    def _by_border(self, sources: _Sources) -> list[tuple[str | None, _Sources]]:
        groups: dict[str | None, set[int]] = {}
        for source in sorted(sources):
            groups.setdefault(self.all[source].border, set()).add(source)
        return [(border, frozenset(some)) for border, some in groups.items()]

    def _add(self, source: int, move: Move) -> None:
        if move not in self.all[source].moves:
            self.all[source].moves.append(move)


class _Context:
    """What the builder knows while it walks a line."""

    def __init__(self, roles: tuple[str, ...], meaning: Meaning) -> None:
        self.roles = roles
        self.meaning = meaning
        self.free: Part | None = None
        """The part of the free text that was written last, as long as only literal text follows."""

    def literal(self, fixes: str | None) -> Meaning:
        """What literal text means here: after free text it counts to that text's part."""
        return self.meaning._replace(part=self.free or self.meaning.part, field=fixes)
