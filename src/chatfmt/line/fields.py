"""The fields of a message: the values that each may have, and the ways to spell them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import regex

from chatfmt.line.calls import CallObject
from chatfmt.line.coders import STRING_FLAGS
from chatfmt.line.scanners import JsonObject, JsonString, PythonLiteral

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.line.scanners import Scanner

__all__ = ["ALPHABETS", "CODERS", "FREE_TEXT", "OPTIONAL", "Alphabet", "noun", "scanner_of"]


class Alphabet(NamedTuple):
    """The values of a header field: one character of ``first``, then any number of ``rest``.

    Both are character classes of the `regex` library; ``most`` limits the length. If there are
    ``words``, these are the only values.
    """

    first: str
    rest: str
    most: int | None = None
    words: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """A regular expression for the values."""
        if self.words:
            return "|".join(map(regex.escape, self.words))
        return f"{self.first}{self.rest}" + ("*" if self.most is None else f"{{0,{self.most - 1}}}")

    def without(self, characters: Iterable[str]) -> Alphabet:
        """The values without these characters; words do not change."""
        if self.words:
            return self
        either = regex.compile(f"{self.first}|{self.rest}", regex.V1)
        excluded = "".join(f"\\U{ord(c):08x}" for c in sorted(filter(either.match, characters)))
        if not excluded:
            return self
        return Alphabet(f"[{self.first}--[{excluded}]]", f"[{self.rest}--[{excluded}]]", self.most)


_OWNERS = {"arg": "an argument", "call": "a call"}

# Roles are lower-case words in every known format; a name is what the OpenAI API takes.
# White space as Python has it: the regex library leaves U+001C to U+001F out of \s.
_NAME, _WORD = r"[^\s\x1c-\x1f<|\\/>]", r"[^\s\x1c-\x1f<|>]"
_FUNCTION, _ID, _KEY = r"[A-Za-z0-9_.\-]", r"[A-Za-z0-9_.:\-]", r"[^\s\x1c-\x1f<|>=(),\[\]'\"]"
ALPHABETS = {
    "role": Alphabet("[a-z]", r"[a-z0-9_\-]"),
    "name": Alphabet(_NAME, _NAME, 64),
    "recipient": Alphabet(_WORD, _WORD),
    "channel": Alphabet(_WORD, _WORD),
    "content_type": Alphabet(_WORD, _WORD),
    "call_id": Alphabet(_ID, _ID),
    "call.name": Alphabet(_FUNCTION, _FUNCTION),
    "call.id": Alphabet(_ID, _ID),
    "arg.key": Alphabet(_KEY, _KEY),
    "arg.string": Alphabet("[a-z]", "[a-z]", words=(*STRING_FLAGS,)),
}
"""Header field to the values it may have; narrowed by the literal text that follows it."""

FREE_TEXT = ("reasoning", "content", "tools", "call", "call.arguments", "arg.value")
"""The fields that may have any text, or any that their coder can spell."""

OPTIONAL = ("name", "recipient", "channel", "content_type", "reasoning", "tools")
"""The fields of a message that count as present if they are not None."""

CODERS: dict[str, tuple[str, ...]] = {
    "content": ("json",),
    "call": ("json",),
    "call.arguments": ("object",),
    "arg.value": ("loose", "loose_python", "python"),
}
"""Field to the ways in which its value may be spelled."""


@cache
def noun(name: str) -> str:
    """The name of a field in errors.

    >>> noun("arg.key"), noun("channel")
    ('the key of an argument', 'the channel')
    """
    owner, _, part = name.rpartition(".")
    return f"the {part}" + (f" of {_OWNERS[owner]}" if owner else "")


@lru_cache(256)  # called for each value that is written
def scanner_of(coder: str | None, keys: tuple[str, ...]) -> Scanner[Any] | None:
    """The scanner for values of this coder; None if the end of a value is found by what follows."""
    match coder:
        case "json" if keys:
            return CallObject(*keys)
        case "json":
            return JsonString()
        case "object":
            return JsonObject()
        case "python":
            return PythonLiteral()
        case _:
            return None
