"""Texts that would be read as structure, in formats in which some text is structure.

Where only text tells where a field ends, the reader takes the first place where that text stands,
in the field and in what the line writes after it. A value for which that is another place than its
end is refused when it is written. Where the line writes no such text there, but other text and a
special token, that token tells: then only what stands within the value counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatfmt.line.language import Special
from chatfmt.wire.spell import Written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.line.words import Word
    from chatfmt.wire.spell import Atom

__all__ = ["Misread", "find_misread"]


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
        if not isinstance(atom, Written) or atom.field is None or atom.field not in words:
            continue
        some = [*words[atom.field]]
        fences = tuple(word.text for word in some if not word.begins)
        after, told = _literal(atoms, at + 1)
        if told and not after.startswith(fences):
            after = ""
        for word in some:
            if word.begins and not atom.text and not after.startswith(fences):
                continue  # the literal text after it is no fence, so it is read as it stands
            offset = _found(word, atom.text, after)
            if offset is not None:
                return Misread(atom.field, offset, word.text)
    return None


def _literal(atoms: Sequence[Atom], at: int) -> tuple[str, bool]:
    """The literal text from there on, and whether a special token follows it, not a field."""
    text = ""
    for atom in atoms[at:]:
        if isinstance(atom, Special):
            return text, True
        if isinstance(atom, Written):
            if atom.field is not None:
                break
            text += atom.text
    return text, False


def _found(word: Word, value: str, after: str) -> int | None:
    """Where the value would be misread; None where it would not."""
    if word.ends:
        return 0 if value == word.text else None
    if word.begins:
        return 0 if (value + after).startswith(word.text) else None
    offset = (value + after).find(word.text)
    return offset if 0 <= offset < len(value) else None
