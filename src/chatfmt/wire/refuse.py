"""Texts that are refused: those that would be read as structure, and headers that are too long.

If only text shows where a field ends, the reader takes the first place where that text is, in the
field and in the text that the line writes after it. A value for which that is not its end is
refused when it is written. If the line writes other text and a special token there, that token
shows the end: then only text within the value counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Special
from chatfmt.wire.spell import Blank, Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.words import Word
    from chatfmt.wire.spell import Atom

__all__ = [
    "Misread",
    "find_misread",
    "header_length",
    "literal_after",
    "misread",
]


class Misread(NamedTuple):
    """A value that would be misread: its field, the offset from which on, and as what."""

    field: str
    offset: int
    word: str


def find_misread(atoms: Sequence[Atom], words: Mapping[str, Iterable[Word]]) -> Misread | None:
    """The first value in a line that would be misread.

    Args:
        atoms: the text of the line.
        words: field to the words that it never contains.
    """
    for at, atom in enumerate(atoms):
        if isinstance(atom, Written) and atom.field is not None and atom.field in words:
            some = words[atom.field]
            found = misread(atom.text, literal_after(atoms, at, some), some)
            if found is not None:
                return Misread(atom.field, *found)
    return None


def misread(value: str, after: str, words: Iterable[Word]) -> tuple[int, str] | None:
    """The offset from which on a value would be misread, and as what."""
    some = [*words]
    fences = tuple(word.text for word in some if not word.begins)
    for word in some:
        if word.begins and not value and not after.startswith(fences):
            continue  # the literal text after it is not a fence, so it is read unchanged
        offset = _found(word, value, after)
        if offset is not None:
            return offset, word.text
    return None


def literal_after(atoms: Sequence[Atom | Blank], at: int, words: Iterable[Word]) -> str:
    """The literal text after a field in which a reader also looks for these words.

    It goes up to the next field or special token. A special token ends the text before it, unless
    that is a fence.
    """
    text, is_told = "", False
    for atom in atoms[at + 1 :]:
        is_told = isinstance(atom, Special)
        if isinstance(atom, Special | Blank) or (isinstance(atom, Written) and atom.field):
            break
        if isinstance(atom, Written):
            text += atom.text
    fences = tuple(word.text for word in words if not word.begins)
    return "" if is_told and not text.startswith(fences) else text


def _found(word: Word, value: str, after: str) -> int | None:
    """The offset at which the value would be misread; None if it would not."""
    if word.ends:
        return 0 if value == word.text else None
    if word.begins:
        return 0 if (value + after).startswith(word.text) else None
    offset = (value + after).find(word.text)
    return offset if 0 <= offset < len(value) else None


def header_length(atoms: Iterable[Atom | Blank]) -> int:
    """The number of characters of text in a header, without the text after free text."""
    length, part = 0, "header"
    for atom in atoms:
        if isinstance(atom, str):
            part = atom
        elif isinstance(atom, Written) and part == "header":
            length += len(atom.text)
    return length
