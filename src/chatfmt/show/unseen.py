"""Characters that cannot be shown as they are, and the signs that stand for them.

Text is shown as it is, except for what a reader could not see or what would act on the page or
the terminal instead of standing on it: control characters, direction overrides and characters
that HTML has no place for are shown by a *sign*, and on request white space is, too.
"""

from __future__ import annotations

import regex

__all__ = ["one_line", "signed", "signs"]

# Controls but tab and newline, the two that break lines, direction marks and overrides,
# noncharacters: what HTML cannot hold, or what acts on its surroundings.
_ACTS = r"[[\p{Cc}--[\t\n]]\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Noncharacter_Code_Point}]"
# With white space, whatever else has no shape of its own, too.
_SIGNED = {
    "none": regex.compile(_ACTS, regex.V1),
    "newlines": regex.compile(rf"[{_ACTS}\n]", regex.V1),
    "all": regex.compile(rf"[{_ACTS}\s\p{{Cf}}\p{{Default_Ignorable_Code_Point}}]", regex.V1),
}
_SIGNS = {" ": "·", "\t": "→", "\n": "↵"}


def signs(
    text: str, *, whitespace: bool = False, newlines: bool = False
) -> list[tuple[str, str | None]]:
    r"""The text cut into runs that are shown as they are, and characters shown by a sign.

    >>> signs("a\x1b b")
    [('a', None), ('\x1b', 'U+001B'), (' b', None)]
    >>> signs("a b", whitespace=True)
    [('a', None), (' ', '·'), ('b', None)]

    Args:
        text: any text.
        whitespace: white space has signs, too.
        newlines: newlines have signs, too: a token that is nothing else could not be seen.
    """
    which = "all" if whitespace else "newlines" if newlines else "none"
    found: list[tuple[str, str | None]] = []
    at = 0
    for match in _SIGNED[which].finditer(text):
        if match.start() > at:
            found.append((text[at : match.start()], None))
        char = match[0]
        found.append((char, _SIGNS.get(char, f"U+{ord(char):04X}")))
        at = match.end()
    if at < len(text):
        found.append((text[at:], None))
    return found


def signed(text: str, *, whitespace: bool = False, newlines: bool = False) -> str:
    """The text with its signs; a line still ends where it ends."""
    return "".join(
        run if sign is None else sign + "\n" * (run == "\n")
        for run, sign in signs(text, whitespace=whitespace, newlines=newlines)
    )


def one_line(text: str) -> str:
    r"""Some other text in one line.

    >>> one_line("a\tb")
    'a→b'
    """
    return signed(text).replace("\n", "↵").replace("\t", "→")
