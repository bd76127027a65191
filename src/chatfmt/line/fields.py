"""The fields of a message: the values that each of them may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ALPHABETS", "FREE_TEXT", "Alphabet"]


class Alphabet(NamedTuple):
    """The values of a header field: one character of ``first``, then any number of ``rest``.

    Both are character classes of the `regex` library; ``most`` bounds the length.
    """

    first: str
    rest: str
    most: int | None = None

    @property
    def pattern(self) -> str:
        """A regular expression for the values."""
        return f"{self.first}{self.rest}" + ("*" if self.most is None else f"{{0,{self.most - 1}}}")

    def without(self, characters: Iterable[str]) -> Alphabet:
        """The values that have none of these characters."""
        either = regex.compile(f"{self.first}|{self.rest}", regex.V1)
        excluded = "".join(f"\\U{ord(c):08x}" for c in sorted(filter(either.match, characters)))
        if not excluded:
            return self
        return Alphabet(f"[{self.first}--[{excluded}]]", f"[{self.rest}--[{excluded}]]", self.most)


# Roles are lower-case words in every known format; a name is what the OpenAI API takes.
# White space as Python has it: the regex library leaves U+001C to U+001F out of \s.
_NAME, _WORD = r"[^\s\x1c-\x1f<|\\/>]", r"[^\s\x1c-\x1f<|>]"
ALPHABETS = {
    "role": Alphabet("[a-z]", r"[a-z0-9_\-]"),
    "name": Alphabet(_NAME, _NAME, 64),
    "recipient": Alphabet(_WORD, _WORD),
    "channel": Alphabet(_WORD, _WORD),
    "content_type": Alphabet(_WORD, _WORD),
}
"""Header field to the values it may have; narrowed by the literal text that follows it."""

FREE_TEXT = ("reasoning", "content")
"""The fields that may hold any text."""
