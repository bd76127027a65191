"""The machine of a format: its lines as one graph of places.

A *place* is what a symbol means: the character or special token that leads to it belongs to this
field or literal, of this part, of a line for these roles. Places with the same sources, symbol and
meaning are one, so that the lines of a role share what they have in common, and a reader nearly
always follows one thread.

The graph is built from left to right. Where the reader must choose between text of a field and
literal text that only leads on to more text, the literal is a *fence* (see `chatfmt.line.words`).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.line.characters import Characters
from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Next,
    Special,
)
from chatfmt.line.words import ExcludedWords, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.language import Envelope, Line, Piece
    from chatfmt.line.scanners import Scanner

__all__ = ["Meaning", "Move", "Place", "Places"]


class Meaning(NamedTuple):
    """What the symbol that leads to a place is."""

    part: str
    """The part that its ids count to; see `chatfmt.wire.spans.Part`."""
    field: str | None = None
    """The field to which its character belongs; None for literal text and special tokens."""
    gives: str | None = None
    """The field that is known to be there, if only as an empty text."""
    opens: str | None = None
    """``message``, ``call`` or ``argument`` where one begins with this symbol."""
    generated: bool = False
    """Whether the model writes it."""


class Move(NamedTuple):
    """From a place by one character: of which kind, where to, and what changes on the way."""

    characters: int
    """The kinds of characters, as `Characters` numbers them."""
    target: int
    enters: bool
    """Whether this is another symbol of the line, and not more text of the same field."""
    back: int = 0
    """How many characters before this one belong to the literal: a fence that is complete."""


class Place:
    """One place; ``index`` is its number in `Places.all`."""

    __slots__ = (
        "accepts",
        "border",
        "free",
        "held",
        "index",
        "letter",
        "meaning",
        "moves",
        "owners",
        "plain",
        "roles",
        "scanner",
        "silent",
        "specials",
    )

    def __init__(self, index: int, meaning: Meaning) -> None:
        self.index = index
        self.meaning = meaning
        self.roles: set[str] = set()
        """The roles whose lines lead through here."""
        self.owners: set[tuple[str, ...]] = set()
        """For each of those lines, the roles that it serves."""
        self.moves: list[Move] = []
        self.specials: dict[str, list[int]] = {}
        """Spelling of a special token to the places to which it leads."""
        self.silent: list[int] = []
        """Places that are reached without a symbol; folded into the moves once all is built."""
        self.scanner: Scanner | None = None
        self.accepts = False
        """Whether the input may end here."""
        self.border: str | None = None
        """What begins with the next symbol, where this is no place of a symbol itself."""
        self.letter = ""
        """The character that leads here, where it is one of literal text."""
        self.free = False
        """Whether text of any length is expected here, or may begin here."""
        self.plain = False
        """Whether any text at all leads back here."""
        self.held = ""
        """What of a field's text may still turn out to be a fence."""


    @property
    def part_is_free(self) -> bool:
        """Whether this is free text, or literal text that counts to it."""
        return self.meaning.part not in ("prologue", "header", "end", "tail")


_Sources = frozenset[int]


class Places:
    """The graph, from place ``start``; ``between`` is where a message may begin."""

    def __init__(
        self,
        lines: Sequence[Line],
        envelopes: Mapping[str, Envelope],
        prologue: Sequence[Special | Literal],
        roles: Sequence[str],
        words: Mapping[tuple[str, tuple[str, ...]], Sequence[Word]],
        characters: Characters,
    ) -> None:
        self.all: list[Place] = []
        self.characters = characters
        self._words = words
        self._known: dict[Any, int] = {}
        self._guards: dict[int, tuple[ExcludedWords, dict[int, int], _Sources]] = {}
        self.start = self._new(Meaning("prologue"))
        self.between = self._border("message")
        self.first = self._border("message")
        """Where the first message may begin."""
        self.after: dict[str, int] = {}
        """Role to the place after a message of that role."""
        sources = frozenset({self.start})
        for piece in prologue:
            sources = self._follow(piece, sources, _Context((), Meaning("prologue")))
        self._silently(sources, self.first)
        self._silently([self.first], self.between)
        for role in roles:
            self.after[role] = self._border("message")
            self._silently([self.after[role]], self.between)
        for node in (self.between, self.first, *self.after.values()):
            self.all[node].accepts = True
        for line in lines:
            self._line(line)
        for role, envelope in envelopes.items():
            self._envelope(role, envelope)
        self._settle()

    # -- building -------------------------------------------------------------------------------

    def _new(self, meaning: Meaning) -> int:
        self.all.append(Place(len(self.all), meaning))
        return len(self.all) - 1

    def _border(self, what: str | None) -> int:
        node = self._new(Meaning("header"))
        self.all[node].border = what
        return node

    def _silently(self, sources: Iterable[int], target: int) -> None:
        for source in sources:
            if target not in self.all[source].silent:
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
            self._silently(opened, inside)
            self._silently(self._sequence(envelope.sep, frozenset({again}), context()), inside)
            ends = self._sequence(envelope.each, frozenset({inside}), context())
        else:
            ends = self._sequence(envelope.each, opened, context())
            ends |= self._sequence(envelope.each, frozenset({again}), context())
        self._silently(ends, again)
        closing = context()
        closing.meaning = Meaning("end")
        self._end(self._sequence(envelope.close, ends, closing), (role,))

    def _sequence(self, pieces: Sequence[Piece], sources: _Sources, context: _Context) -> _Sources:
        for piece in pieces:
            sources = self._follow(piece, sources, context)
        return sources

    def _follow(self, piece: Piece, sources: _Sources, context: _Context) -> _Sources:
        """Add what a piece writes after ``sources``; the places in which it is complete."""
        match piece:
            case Literal(text, fixes):
                for character in text:
                    kinds = self.characters.kind(character)
                    sources = self._symbol(sources, kinds, context.literal(fixes), context.roles)
                    for place in sources:
                        self.all[place].letter = character
                return sources
            case Special(tokens, end):
                context.free = None
                meaning = context.meaning._replace(part="end") if end else context.meaning
                return frozenset().union(
                    *(self._symbol(sources, token, meaning, context.roles) for token in tokens)
                )
            case Group(field, pieces, always):
                outside = context.meaning
                if field in ("reasoning", "content"):
                    context.meaning = outside._replace(gives=field)
                inside = self._sequence(pieces, sources, context)
                context.meaning = context.meaning._replace(gives=outside.gives)
                return inside if always else sources | inside
            case GenerationStart():
                context.meaning = context.meaning._replace(generated=True)
                return sources
            case Next():
                return sources
            case Calls():
                return self._list(piece, sources, context)
            case Field():
                return self._field(piece, sources, context)
        raise AssertionError(piece)

    def _list(self, piece: Calls, sources: _Sources, context: _Context) -> _Sources:
        item = self._border("argument" if piece.arguments else "call")
        self._silently(sources, item)
        outside, context.meaning = context.meaning, context.meaning._replace(part="calls")
        ends = self._sequence(piece.item, frozenset({item}), context)
        self._silently(self._sequence(piece.separator, ends, context), item)
        context.meaning = outside
        context.free = None
        return sources | ends if piece.arguments else ends

    def _field(self, piece: Field, sources: _Sources, context: _Context) -> _Sources:
        name, roles = piece.name, context.roles
        meaning = context.meaning._replace(field=name)
        if piece.alphabet is not None:
            first, rest = (self.characters.kinds(x) for x in (piece.alphabet.first, piece.alphabet.rest))
            return self._text(sources, meaning, roles, first, rest, piece.alphabet.most)
        if name in ("content", "reasoning", "tools"):
            meaning = meaning._replace(part=name)
        context.free = meaning.part
        if (scanner := piece.scanner) is not None:
            kinds = self.characters.kinds_of(scanner.first)
            [*begun] = self._symbol(sources, kinds, meaning, roles, what=(name, "scanned"))
            for place in begun:
                self.all[place].scanner = scanner
            return frozenset(begun)
        every = self.characters.every
        ends = self._text(sources, meaning, roles, every, every, None)
        return ends if context.meaning.gives == name == "content" else sources | ends

    def _text(
        self,
        sources: _Sources,
        meaning: Meaning,
        roles: tuple[str, ...],
        first: int,
        rest: int,
        most: int | None,
    ) -> _Sources:
        """The text of a field: first one character of this kind, then any number of that."""
        words = self._words.get((meaning.field or "", roles), ())
        if words:
            return self._guarded(sources, meaning, roles, first, rest, tuple(words))
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
        first: int,
        rest: int,
        words: tuple[Word, ...],
    ) -> _Sources:
        """The text of a field that never holds some words."""
        guard = ExcludedWords(words, self.characters)
        ends: set[int] = set()
        for opens, some in self._by_border(sources):
            key = (some, "guarded", meaning, opens, words, first, rest)
            if key not in self._known:
                self._known[key] = len(self.all)
                entered = meaning._replace(opens=opens)
                for state in guard.states:
                    self.all[self._new(entered)].held = guard.held(state)
            begin = self._known[key]
            at = {state: begin + i for i, state in enumerate(guard.states)}
            self._guards[begin] = (guard, at, some)
            for state, place in at.items():
                self._belongs(place, roles)
                for kinds, following in guard.steps(state, rest):
                    self._add(place, Move(kinds, at[following], enters=False))
            for kinds, following in guard.steps(guard.begin, first):
                for source in some:
                    self._add(source, Move(kinds, at[following], enters=True))
            ends |= {at[state] for state in at if guard.may_end(state)}
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

    # -- once all is built ----------------------------------------------------------------------

    def _settle(self) -> None:
        """Fold what is reached silently into the moves, and leave out what leads nowhere."""
        closures = [self._closure(place.index) for place in self.all]
        folded = []
        for closure in closures:
            moves = [move for node in closure for move in self.all[node].moves]
            specials: dict[str, list[int]] = {}
            for node in closure:
                for spelling, targets in self.all[node].specials.items():
                    specials.setdefault(spelling, []).extend(targets)
            folded.append((moves, specials, any(self.all[node].accepts for node in closure)))
        for place, (moves, specials, accepts) in zip(self.all, folded, strict=True):
            place.moves = list(dict.fromkeys(moves))
            place.specials = {spelling: [*dict.fromkeys(t)] for spelling, t in specials.items()}
            place.accepts = accepts
            place.plain = self._is_free(place.index) and [*place.moves] == [
                Move(self.characters.every, place.index, enters=False)
            ]
            place.free = any(self._is_free(move.target) for move in place.moves)
        for guard, at, sources in self._guards.values():
            for fence in guard.fences:
                self._commit(fence, guard, at, sources)
        self._trim()

    def _commit(
        self, fence: str, guard: ExcludedWords, at: dict[int, int], sources: _Sources
    ) -> None:
        """Lead from where a fence is complete to the place after it, and from nowhere else."""
        before, reached = set[int](), {at[0]}
        for letter in fence:
            before = reached
            reached = {
                move.target
                for place in before
                for move in self.all[place].moves
                if self.all[move.target].letter == letter
            }
        kind = self.characters.kind(fence[-1])
        if len(fence) == 1:
            before = {*at.values(), *sources}
        for place in before:
            kept = [m for m in self.all[place].moves if m.target not in reached]
            self.all[place].moves = kept
        completing = [*at.values()] if len(fence) > 1 else [*at.values(), *sources]
        for state, place in at.items():
            if place in completing and guard.completes(state, fence):
                for target in reached:
                    self._add(place, Move(kind, target, enters=True, back=len(fence) - 1))
        if len(fence) == 1:
            for source in sources:
                for target in reached:
                    self._add(source, Move(kind, target, enters=True))

    def _is_free(self, index: int) -> bool:
        return self.all[index].meaning.field in FREE_TEXT and not self.all[index].letter

    def missing(self, index: int) -> list[str | bytes]:
        """What is left of the prologue or of a tail at a place: special tokens, and text as bytes."""
        left: list[str | bytes] = []
        while True:
            place = self.all[index]
            following = [*place.specials.items()] + [(None, [m.target]) for m in place.moves]
            if len(following) != 1 or len(following[0][1]) != 1:
                return left
            [(spelling, [index])] = following
            if self.all[index].meaning.part not in ("prologue", "tail"):
                return left
            if spelling is not None:
                left.append(spelling)
            elif left and isinstance(left[-1], bytes):
                left[-1] += self.all[index].letter.encode()
            else:
                left.append(self.all[index].letter.encode())

    @property
    def fences(self) -> list[tuple[str, str]]:
        """Each field of free text, with a text that it never holds; ``^`` before one that begins it."""
        return [
            (field, "^" * word.begins + word.text)
            for (field, _), words in self._words.items()
            for word in words
            if not word.ends
        ]

    @cached_property
    def end_spellings(self) -> frozenset[str]:
        """The special tokens that end messages."""
        return frozenset(self._ends)

    @cached_property
    def _ends(self) -> dict[str, list[int]]:
        """The special tokens that end messages, and where they lead."""
        found: dict[str, list[int]] = {}
        for place in self.all:
            for spelling, targets in place.specials.items():
                found.setdefault(spelling, []).extend(
                    t for t in targets if self.all[t].meaning.part == "end"
                )
        return {spelling: targets for spelling, targets in found.items() if targets}

    def end_place(self, spelling: str, role: str) -> int | None:
        """Where a message of a role is once it is ended by this token."""
        ends = self._ends.get(spelling, [])
        return next((end for end in ends if role in self.all[end].roles), None)

    def unheld(self, index: int) -> int:
        """The place of the same field at which nothing is held back."""
        meaning = self.all[index].meaning
        while self.all[index].held:
            index -= 1  # the states of a field's words stand side by side, the empty one first
        return index if self.all[index].meaning == meaning else index

    def _closure(self, node: int) -> list[int]:
        found = [node]
        for reached in found:
            found += [n for n in self.all[reached].silent if n not in found]
        return found

    def _trim(self) -> None:
        """Leave out every move to a place from which the input could never end well."""
        before: list[list[int]] = [[] for _ in self.all]
        for place in self.all:
            for move in place.moves:
                before[move.target].append(place.index)
            for target in (t for targets in place.specials.values() for t in targets):
                before[target].append(place.index)
        alive = {place.index for place in self.all if place.accepts}
        todo = [*alive]
        while todo:
            for source in before[todo.pop()]:
                if source not in alive:
                    alive.add(source)
                    todo.append(source)
        for place in self.all:
            place.moves = [move for move in place.moves if move.target in alive]
            kept = {s: [t for t in targets if t in alive] for s, targets in place.specials.items()}
            place.specials = {spelling: targets for spelling, targets in kept.items() if targets}


class _Context:
    """What the builder knows while it walks a line."""

    def __init__(self, roles: tuple[str, ...], meaning: Meaning) -> None:
        self.roles = roles
        self.meaning = meaning
        self.free: str | None = None
        """The part of the free text that was written last, as long as only literal text follows."""

    def literal(self, fixes: str | None) -> Meaning:
        """What literal text means here: after free text it counts to that text's part."""
        return self.meaning._replace(part=self.free or self.meaning.part, field=fixes)
