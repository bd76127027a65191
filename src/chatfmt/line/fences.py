"""The words that the fields of a format never contain, derived from its places.

If field text and literal text are both possible at a place, and the literal leads to more text,
only the literal can distinguish the two. Free text then never contains it (a fence), or never
begins with it; a header field is never exactly that. If a special token follows the literal, that
token distinguishes them, and no word is needed.

A fence is the whole literal, so that ordinary text is seldom refused. The value of an argument ends
earlier, where the listed part of the fence is complete. So text that a model writes between two
arguments, such as a surplus newline, is not taken for the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import FormatError, shown
from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.words import Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.place import Place

__all__ = ["needed", "words_of"]


_LONGEST = 1024
"""The largest number of characters in a word; the longest of the table has 281."""


def words_of(
    places: Sequence[Place], listed: Sequence[str], where: str
) -> dict[tuple[str, tuple[str, ...]], list[Word]]:
    """The words of each field, by field and roles of the line.

    Args:
        places: the places of the machine.
        listed: the fences that the row lists.
        where: the name of the format in error messages.

    Raises:
        FormatError: a word is too long.
    """
    found: dict[tuple[str, tuple[str, ...]], list[Word]] = {}
    for place in places:
        for move in place.moves:
            target = places[move.target]
            field = target.meaning.field
            if not move.enters or field is None or target.letter or target.scanner:
                continue
            words: list[Word] = []
            if field in FREE_TEXT:
                ends = (_ending(field, text, listed) for text in _leading_on(places, target))
                words += map(Word, ends)
                words += (Word(text, begins=True) for text in _leading_on(places, place))
            else:
                values = _values(places, place, target)
                words += (Word(text, begins=True, ends=True) for text in values)
            if longest := next((word.text for word in words if len(word.text) > _LONGEST), None):
                raise FormatError(
                    f"{where}: only the text {shown(longest)} tells where {{{field}}} ends, and "
                    f"it has {len(longest):,} characters; expected at most {_LONGEST:,}"
                )
            for roles in target.owners:
                found.setdefault((field, roles), []).extend(words)
    return {key: needed(words) for key, words in found.items() if words}


def needed(words: Sequence[Word]) -> list[Word]:
    """Each word once, without those that another word already excludes."""
    fences = {word.text for word in words if not (word.begins or word.ends)}
    return [
        word
        for word in dict.fromkeys(words)
        if not any(f in word.text and (word.begins or f != word.text) for f in fences)
    ]


def _ending(field: str, text: str, listed: Sequence[str]) -> str:
    """The part of the literal after a field that ends it."""
    begins = (fence for fence in listed if field == "arg.value" and text.startswith(fence))
    return min(begins, key=len, default=text)


def _leading_on(places: Sequence[Place], place: Place) -> Iterator[str]:
    """The literal texts after a place that lead to the text of a field."""
    todo = [(place, "")]
    while todo:
        at, text = todo.pop()
        following = [places[m.target] for m in at.moves if m.enters and not m.back]
        if text and any(not target.letter for target in following):
            yield text
        else:
            todo += [(target, text + target.letter) for target in following if target.letter]


def _values(places: Sequence[Place], place: Place, field: Place) -> Iterator[str]:
    """The literal texts after a place that could be the value of a header field."""
    begins = [move.characters for move in place.moves if move.target == field.index]
    inside = [move.characters for move in field.moves if not move.enters]
    todo = [(place, "")]
    while todo:
        at, text = todo.pop()
        field_takes = inside if text else begins
        literal = [(move.characters, places[move.target]) for move in at.moves]
        literal = [(kinds, target) for kinds, target in literal if target.letter]
        on = [target for kinds, target in literal if any(kinds & took for took in field_takes)]
        todo += [(target, text + target.letter) for target in on]
        if text and (at.specials or len(literal) < len(at.moves) or not on):
            yield text
