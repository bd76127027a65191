"""What is refused of texts: those that would be read as structure, and headers that are too long.

Where only text tells where a field ends, the reader takes the first place where that text stands,
in the field and in what the line writes after it. A value for which that is another place than its
end is refused when it is written. Where the line writes no such text there, but other text and a
special token, that token tells: then only what is within the value counts.
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
    """A value that would be read otherwise: of which field, from which offset on, and as what."""

    field: str
    offset: int
    word: str


def find_misread(atoms: Sequence[Atom], words: Mapping[str, Iterable[Word]]) -> Misread | None:
    """The first value that would be read otherwise, of those that a line writes.

    Args:
        atoms: what the line writes.
        words: field to the words that it never holds.
    """
    for at, atom in enumerate(atoms):
        if isinstance(atom, Written) and atom.field is not None and atom.field in words:
            some = words[atom.field]
            found = misread(atom.text, literal_after(atoms, at, some), some)
            if found is not None:
                return Misread(atom.field, *found)
    return None


def misread(value: str, after: str, words: Iterable[Word]) -> tuple[int, str] | None:
    """From which offset on a value would be read otherwise, and as what."""
    some = [*words]
    fences = tuple(word.text for word in some if not word.begins)
    for word in some:
        if word.begins and not value and not after.startswith(fences):
            continue  # the literal text after it is no fence, so it is read as it stands
        offset = _found(word, value, after)
        if offset is not None:
            return offset, word.text
    return None


def literal_after(atoms: Sequence[Atom | Blank], at: int, words: Iterable[Word]) -> str:
    """The literal text after a field that a reader looks for these words in, too.

    It goes up to the next field or special token. A special token tells what is before it,
    unless that is a fence.
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
    """Where the value would be misread; None where it would not."""
    if word.ends:
        return 0 if value == word.text else None
    if word.begins:
        return 0 if (value + after).startswith(word.text) else None
    offset = (value + after).find(word.text)
    return offset if 0 <= offset < len(value) else None


def header_length(atoms: Iterable[Atom | Blank]) -> int:
    """How many characters of text a header has; what follows free text is not among them."""
    length, part = 0, "header"
    for atom in atoms:
        if isinstance(atom, str):
            part = atom
        elif isinstance(atom, Written) and part == "header":
            length += len(atom.text)
    return length
