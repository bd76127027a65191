"""The parts of a format's machine: places, their meanings, and the moves between them."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from chatfmt.line.fields import FREE_TEXT

if TYPE_CHECKING:
    from chatfmt.line.scanners import Scanner

__all__ = ["FIRST_CALL", "Meaning", "Move", "Part", "Place"]

Part: TypeAlias = Literal[
    "prologue", "header", "content", "reasoning", "tools", "calls", "end", "tail", "stray"
]
"""The piece of a format that ids belong to. ``stray`` ids are those that a lenient parse could not
place; a strict parse never has any."""


FIRST_CALL = "message and call"
"""Where a message begins with its first call."""


class Meaning(NamedTuple):
    """The meaning of the symbol that leads to a place."""

    part: Part
    """The part that its ids count to; see `chatfmt.wire.spans.Part`."""
    field: str | None = None
    """The field to which its character belongs; None for literal text and special tokens."""
    gives: str | None = None
    """The field that is known to be there, even if its text is empty."""
    opens: str | None = None
    """``message``, ``call`` or ``argument`` if one begins with this symbol; or `FIRST_CALL`."""
    generated: bool = False
    """Whether the model writes it."""


class Move(NamedTuple):
    """A move from a place by one character: its kinds, its target, and what changes on the way."""

    characters: int
    """The kinds of characters, as `chatfmt.line.characters` numbers them."""
    target: int
    enters: bool
    """Whether this is another symbol of the line, and not more text of the same field."""
    back: int = 0
    """How many characters before this one belong to the literal, if a fence is complete."""
    since: int = 0
    """How many of those belong to the message that begins within the fence, if one does."""


class Place:
    """One place; ``index`` is its number in the machine."""

    __slots__ = (
        "accepts",
        "border",
        "closes",
        "completes",
        "ends_call",
        "free",
        "held",
        "index",
        "is_free",
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
        self.closes: set[str] = set()
        """The roles whose messages may end here by whatever follows."""
        self.moves: list[Move] = []
        self.specials: dict[str, list[int]] = {}
        """Spelling of a special token to the places to which it leads."""
        self.silent: list[int] = []
        """Places that are reached without a symbol; folded into the moves when all is built."""
        self.scanner: Scanner[Any] | None = None
        self.accepts = False
        """Whether the input may end here."""
        self.completes = False
        """Whether a message of an envelope is complete here, and the envelope still open."""
        self.ends_call = False
        """Whether a call is complete here, in literal text that closes it."""
        self.border: str | None = None
        """Whatever begins with the next symbol, if this is not the place of a symbol itself."""
        self.letter = ""
        """The character that leads here, if it is one of literal text."""
        self.is_free = meaning.field in FREE_TEXT
        """Whether the character that leads here is free text."""
        self.free = False
        """Whether text of any length is expected here, or may begin here."""
        self.plain = False
        """Whether any text at all leads back here."""
        self.held = ""
        """The part of a field's text that may still become a fence."""

    def twin(self, index: int) -> Place:
        """Another place with the same meaning, and the same moves."""
        twin = copy(self)
        twin.index, twin.moves, twin.specials = index, [*self.moves], {**self.specials}
        return twin

    @property
    def part_is_free(self) -> bool:
        """Whether this is free text, or literal text that counts to it."""
        return self.meaning.part not in ("prologue", "header", "end", "tail")
