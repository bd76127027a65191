"""Characters that cannot be shown directly, and the signs that replace them.

Text is shown unchanged, except for characters that a reader could not see or that would act on the
page or terminal: control characters, direction overrides and characters that HTML cannot contain
are replaced by a *sign*, and on request white space is, too.
"""

from __future__ import annotations

import regex

__all__ = ["one_line", "signed", "signs"]

# Control characters except tab and newline; the line and paragraph separators; direction marks and
# overrides; noncharacters. HTML cannot contain them, or they act on their surroundings.
_ACTS = r"[[\p{Cc}--[\t\n]]\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\p{Noncharacter_Code_Point}]"
# With white space, all other invisible characters, too.
_SIGNED = {
    "none": regex.compile(_ACTS, regex.V1),
    "newlines": regex.compile(rf"[{_ACTS}\n]", regex.V1),
    "all": regex.compile(rf"[{_ACTS}\s\p{{Cf}}\p{{Default_Ignorable_Code_Point}}]", regex.V1),
}
_SIGNS = {" ": "·", "\t": "→", "\n": "↵"}


def signs(
    text: str, *, whitespace: bool = False, newlines: bool = False
) -> list[tuple[str, str | None]]:
    r"""Split a text into runs that are shown unchanged and characters shown as a sign.

    >>> signs("a\x1b b")
    [('a', None), ('\x1b', 'U+001B'), (' b', None)]
    >>> signs("a b", whitespace=True)
    [('a', None), (' ', '·'), ('b', None)]

    Args:
        text: any text.
        whitespace: show white space as signs, too.
        newlines: show newlines as signs, too: a token of only a newline would be invisible.
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
    """The text with its signs; line ends are kept."""
    return "".join(
        run if sign is None else sign + "\n" * (run == "\n")
        for run, sign in signs(text, whitespace=whitespace, newlines=newlines)
    )


def one_line(text: str) -> str:
    r"""The text on one line, with signs for tabs, line ends and what cannot be shown.

    >>> one_line("a\tb")
    'a→b'
    """
    return signed(text).replace("\n", "↵").replace("\t", "→")
