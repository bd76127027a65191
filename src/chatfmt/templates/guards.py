"""Jinja conditions under which the text of a field is refused.

A text is refused if a reader would take it for structure: if it contains a fence (see
`chatfmt.wire.refuse`), or if it spells a special token together with the text around it. (The macro
``text`` refuses a text that spells one by itself.) The texts that decide this are known for each
place when the template is made, so a condition consists of ``in``, ``startswith``, ``endswith`` and
``==`` with constant texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import regex

from chatfmt.errors import FormatError
from chatfmt.templates.around import there
from chatfmt.templates.source import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.words import Word
    from chatfmt.templates.around import Before, Following

__all__ = [
    "Constants",
    "crossings",
    "excluded_from",
    "in_parts",
    "letters_of",
    "misreadings",
    "one_of",
]

_ASCII = [chr(code) for code in range(128)]


_LONG = 40
"""Constant texts of at least this many characters get a name."""
_MOST = 64


class Constants:
    """Constant texts in conditions; long ones get a name, and are set at the top of the template.

    >>> constants = Constants()
    >>> constants.say("x"), constants.say("x" * 50), constants.say("x" * 50, 49)
    ("'x'", 'fence_1', 'fence_1[:49]')
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def say(self, text: str, stop: int | None = None) -> str:
        """An expression for a text, or for its beginning."""
        if len(text) < _LONG:
            return quoted(text[:stop])
        name = self.names.setdefault(text, f"fence_{len(self.names) + 1}")
        return name if stop is None else f"{name}[:{stop}]"


def in_parts(conditions: Iterable[str]) -> Iterator[list[str]]:
    """Each condition once, in groups that one block of a template can hold.

    Jinja writes an ``or`` of many as Python with one more bracket for each; Python allows 200.

    >>> [len(some) for some in in_parts(map(str, range(100)))]
    [64, 36]
    """
    rest = [*dict.fromkeys(conditions)]
    yield from (rest[at : at + _MOST] for at in range(0, len(rest), _MOST))


def one_of(conditions: Iterable[str]) -> str:
    """The condition that one of these holds, with each named once.

    >>> one_of(["a == 'x'", "'y' in a", "a == 'x'"])
    "a == 'x' or 'y' in a"
    """
    return " or ".join(dict.fromkeys(conditions))


def misreadings(
    value: str, words: Sequence[Word], ends: Iterable[Following], constants: Constants
) -> Iterator[str]:
    r"""The conditions under which words that its field never contains make a value misread.

    >>> from chatfmt.line.words import Word
    >>> from chatfmt.templates.around import Following
    >>> [*misreadings("content", [Word("\n</x>")], [Following("\n</x>")], Constants())]
    ["'\\n</x>' in content"]
    """
    fences = tuple(word.text for word in words if not word.begins)
    ends = sorted(ends)
    for word in words:
        if word.ends:
            yield f"{value} == {constants.say(word.text)}"
            continue
        if word.begins:
            yield f"{value}.startswith({constants.say(word.text)})"
        else:
            yield f"{constants.say(word.text)} in {value}"
        yield from _completing(value, word, ends, fences, constants)


def _completing(
    value: str, word: Word, ends: Sequence[Following], fences: tuple[str, ...], constants: Constants
) -> Iterator[str]:
    """The conditions under which the text after a value, which may vary, completes a word."""
    found: dict[str, list[Following]] = {}
    for end in ends:
        if not end.is_told or end.text.startswith(fences):  # otherwise the special token decides
            for condition in _completed(value, word, end.text, fences, constants):
                found.setdefault(condition, []).append(end)
    for condition, some in found.items():
        if len(some) == len(ends) or not all(end.when for end in some):
            yield condition
        else:
            yield from (f"{condition} and {_holds(end.when)}" for end in some)


def _holds(when: Iterable[tuple[str, bool]]) -> str:
    terms = (there(field) if is_there else f"not ({there(field)})" for field, is_there in when)
    return " and ".join(terms)


def _completed(
    value: str, word: Word, text: str, fences: tuple[str, ...], constants: Constants
) -> Iterator[str]:
    """The conditions under which a value begins a word that the text after it completes."""
    for at in range(len(word.text)):
        if not text.startswith(word.text[at:]):
            continue
        begun = constants.say(word.text, at)
        if word.begins and (at or text.startswith(fences)):
            yield f"{value} == {begun}"
        elif at and not word.begins:
            yield f"{value}.endswith({begun})"


def crossings(
    value: str,
    tokens: Iterable[str],
    past: Iterable[Before],
    ends: Iterable[str],
    alphabet: Alphabet | None = None,
) -> Iterator[str]:
    """The conditions under which a value and the text around it spell a special token together.

    >>> from chatfmt.templates.around import Before
    >>> [*crossings("content", ["[e~[", "<s>"], [Before("")], ["[e~["])]
    ["content.endswith('[e~')"]

    Raises:
        FormatError: two fields could spell one together, which no constant text can rule out.
    """
    for token in tokens:
        if alphabet is not None and regex.fullmatch(alphabet.pattern, token, regex.V1):
            yield f"{quoted(token)} in {value}"
        for start, stop in _parts(len(token)):
            head, part, tail = token[:start], token[start:stop], token[stop:]
            if alphabet is not None and not regex.fullmatch(alphabet.pattern, part, regex.V1):
                continue
            for text, is_open in past:
                if is_open and head.endswith(text) and len(head) > len(text):
                    raise FormatError(
                        f"two fields are next to each other and could spell {token} together, "
                        "which a template cannot see"
                    )
                if text.endswith(head) and any(end.startswith(tail) for end in ends):
                    yield _place(value, part, begins=bool(head), ends=bool(tail))


def _parts(length: int) -> Iterator[tuple[int, int]]:
    """The parts of a token that a value may contain while the text around it has the rest."""
    for start in range(length):
        for stop in range(start + 1, length + 1):
            if stop - start < length:
                yield start, stop


def _place(value: str, part: str, *, begins: bool, ends: bool) -> str:
    if begins and ends:
        return f"{value} == {quoted(part)}"
    return f"{value}.{'startswith' if begins else 'endswith'}({quoted(part)})"


def letters_of(alphabet: Alphabet) -> str | None:
    """All characters of an alphabet; None if it is defined by the characters it excludes.

    >>> from chatfmt.line.fields import ALPHABETS
    >>> letters_of(ALPHABETS["arg.string"]), letters_of(ALPHABETS["name"])
    ('abcdefghijklmnopqrstuvwxyz', None)
    """
    if regex.fullmatch(alphabet.rest, "\u00e9", regex.V1):
        return None
    return "".join(char for char in _ASCII if regex.fullmatch(alphabet.rest, char, regex.V1))


def excluded_from(alphabet: Alphabet, candidates: Iterable[str]) -> str:
    """The ASCII characters and candidates that are not in an alphabet, except white space.

    >>> from chatfmt.line.fields import ALPHABETS
    >>> excluded_from(ALPHABETS["channel"], "")
    '<>|'
    """
    chars = sorted({*_ASCII, *candidates})
    return "".join(
        c for c in chars if not c.isspace() and not regex.fullmatch(alphabet.rest, c, regex.V1)
    )
