"""Finds the end of values whose spelling is not regular: a JSON object, a Python literal.

The reader walks characters. If a value with brackets is on the wire, a place of the reader holds a
scanner. For each character it says whether the value can continue with it, whether it may end
there, and which part of the value the character belongs to.

A scanner has no state of its own; a state is a small hashable value, so that steps can be
remembered. It holds the open brackets, at most `MAX_DEPTH`, and never any text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from chatfmt.line.scanner import Scanner, scan

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "MAX_DEPTH",
    "JsonObject",
    "JsonString",
    "JsonValue",
    "PythonLiteral",
    "Scanner",
    "State",
    "scan",
]

MAX_DEPTH = 64
"""The largest number of open brackets in the arguments of a call, including the outermost one."""


class State(NamedTuple):
    """The state of a scanner of values."""

    at: str
    inside: str = ""
    """The open brackets; a comma is a tuple in which a comma has been read."""
    quote: str = ""
    """The quotation mark of the open string."""
    then: str = ""
    """Where that string leads: to the colon after a key, or to what may follow a value."""


_DIGITS = "0123456789"
_SPACE = " \t\n\r"
_EXPONENT = dict.fromkeys("eE", "exponent")
# RFC 8259, section 6. Every such number is also one in Python, with the same value.
_NUMBER: Mapping[str, Mapping[str, str]] = {
    "minus": {"0": "zero"} | dict.fromkeys(_DIGITS[1:], "integer"),
    "zero": {".": "point"} | _EXPONENT,
    "integer": dict.fromkeys(_DIGITS, "integer") | {".": "point"} | _EXPONENT,
    "point": dict.fromkeys(_DIGITS, "fraction"),
    "fraction": dict.fromkeys(_DIGITS, "fraction") | _EXPONENT,
    "exponent": dict.fromkeys("+-", "sign") | dict.fromkeys(_DIGITS, "power"),
    "sign": dict.fromkeys(_DIGITS, "power"),
    "power": dict.fromkeys(_DIGITS, "power"),
}
_NUMBER_MAY_END = frozenset({"zero", "integer", "fraction", "power"})
_NOWHERE: Mapping[str, str] = {}


def _moves(words: tuple[str, ...]) -> dict[str, Mapping[str, str]]:
    """Where a character leads that neither opens nor closes a bracket or a string."""
    begin = {"-": "minus"} | dict(_NUMBER["minus"]) | {word[0]: word[0] for word in words}
    moves = {**_NUMBER, "value": begin, "value or end": begin, "colon": {":": "value"}}
    for word in words:
        for read in range(1, len(word)):
            to = word[: read + 1]
            moves[word[:read]] = {word[read]: "after" if to == word else to}
    return moves


# hex4: four hexadecimal digits are missing. wide8: eight, up to 10FFFF.
HEX: Mapping[str, Mapping[str, str]] = {
    **{
        f"hex{n}": dict.fromkeys("0123456789abcdefABCDEF", f"hex{n - 1}" if n > 1 else "text")
        for n in range(1, 6)
    },
    "wide8": {"0": "wide7"},
    "wide7": {"0": "wide6"},
    "wide6": {"0": "hex5", "1": "wide5"},
    "wide5": {"0": "hex4"},
}
_BEGINS = frozenset({"start", "value", "value or end", "key", "key or end"})
_BETWEEN = _BEGINS | {"colon", "after"}
_CLOSES: Mapping[str, str] = {"{": "}", "[": "]", "(": ")", ",": ")"}


class _Spelling(NamedTuple):
    """The differences between JSON and Python."""

    quotes: str
    words: tuple[str, ...]
    opening: str
    escapes: Mapping[str, str]
    """Where the character after a backslash leads."""
    excluded: frozenset[str]
    """Characters that a string cannot have without a backslash, besides its own quotation mark."""
    moves: Mapping[str, Mapping[str, str]]

    @property
    def first(self) -> str:
        return self.opening + self.quotes + "-" + _DIGITS + "".join(w[0] for w in self.words)

    @property
    def last(self) -> str:
        closing = "".join(_CLOSES[bracket] for bracket in self.opening)
        letters = "".join(dict.fromkeys(word[-1] for word in self.words))
        return closing + self.quotes + _DIGITS + letters


_JSON = _Spelling(
    quotes='"',
    words=("true", "false", "null"),
    opening="{[",
    escapes=dict.fromkeys('"\\/bfnrt', "text") | {"u": "hex4"},
    excluded=frozenset(map(chr, range(0x20))),
    moves=_moves(("true", "false", "null")),
)
# These strings cannot have a line end; and Python reads no source with NUL or a surrogate in it.
_PYTHON = _Spelling(
    quotes="'\"",
    words=("True", "False", "None"),
    opening="{[(",
    escapes=dict.fromkeys("\\'\"abfnrtv", "text") | {"x": "hex2", "u": "hex4", "U": "wide8"},
    excluded=frozenset("\0\n\r") | frozenset(map(chr, range(0xD800, 0xE000))),
    moves=_moves(("True", "False", "None")),
)


@dataclass(frozen=True)
class _Values:
    """A scanner of values; its subclasses say of which."""

    spelling: ClassVar[_Spelling] = _JSON
    first: ClassVar[str] = _JSON.first
    last: ClassVar[str] = _JSON.last
    more: ClassVar[str] = _DIGITS + ".eE"
    most: ClassVar[int] = MAX_DEPTH - 1  # the value of an argument is inside the arguments

    def start(self) -> State:
        """The state before the first character."""
        return State("start")

    def part(self, state: State) -> str:  # noqa: ARG002 - another scanner's differs by state
        """The part of a character, which is always ``value``."""
        return "value"

    def complete(self, state: State) -> bool:
        """Whether the value may end here."""
        return not state.inside and (state.at == "after" or state.at in _NUMBER_MAY_END)

    def step(self, state: State, char: str) -> State | None:
        """The state after one more character; None if no value continues like this."""
        at, inside, quote, _ = state
        if quote:
            return self._step_in_string(state, char)
        to = self.spelling.moves.get(at, _NOWHERE).get(char)
        if to is not None:
            return State(to, inside)
        if at in _NUMBER_MAY_END:
            at = "after"  # a number ends only by what follows it
        if char in _SPACE:
            return State(at, inside) if inside and at in _BETWEEN else None
        return self._step_after(inside, char) if at == "after" else self._begin(at, inside, char)

    def _begin(self, at: str, inside: str, char: str) -> State | None:
        if at == "start":
            return self.step(State("value"), char) if char in self.first else None
        if at.endswith("end") and char == _CLOSES[inside[-1]]:
            return State("after", inside[:-1])
        if at in _BEGINS and char in self.spelling.quotes:
            return State("text", inside, char, "colon" if at.startswith("key") else "after")
        if at.startswith("value") and char in self.spelling.opening and len(inside) < self.most:
            return State("key or end" if char == "{" else "value or end", inside + char)
        return None

    def _step_in_string(self, state: State, char: str) -> State | None:
        at, inside, quote, then = state
        if at == "text":
            if char == quote:
                return State(then, inside)
            if char in self.spelling.excluded:
                return None
            return state._replace(at="escape") if char == "\\" else state
        to = (self.spelling.escapes if at == "escape" else HEX[at]).get(char)
        return None if to is None else State(to, inside, quote, then)

    def _step_after(self, inside: str, char: str) -> State | None:
        if not inside:
            return None
        if char != ",":
            # (1) is not a tuple, and repr() does not write it
            closes = char == _CLOSES[inside[-1]] and inside[-1] != "("
            return State("after", inside[:-1]) if closes else None
        if inside[-1] in "(,":
            return State("value or end", inside[:-1] + ",")
        return State("key" if inside[-1] == "{" else "value", inside)


@dataclass(frozen=True)
class JsonValue(_Values):
    """Any JSON value of RFC 8259, without white space around it.

    >>> scan(JsonValue(), "-1.5e3, ")
    (6, True)
    """


@dataclass(frozen=True)
class JsonString(_Values):
    r"""A JSON string.

    >>> scan(JsonString(), r'"a \" b", ')
    (8, True)
    """

    first: ClassVar[str] = '"'
    last: ClassVar[str] = '"'
    more: ClassVar[str] = ""


@dataclass(frozen=True)
class JsonObject(_Values):
    """A JSON object, at most `MAX_DEPTH` brackets deep.

    >>> scan(JsonObject(), '{"a": [1, {}]}}')
    (14, True)
    """

    first: ClassVar[str] = "{"
    last: ClassVar[str] = "}"
    more: ClassVar[str] = ""
    most: ClassVar[int] = MAX_DEPTH


@dataclass(frozen=True)
class PythonLiteral(_Values):
    r"""A Python literal as ``repr`` writes it, limited to what JSON can express, and tuples.

    The keys of a dict are strings. Strings may have either quotation mark, on one line, and every
    escape except octal ones and ``\N{...}``.

    >>> scan(PythonLiteral(), "{'a': (1, None)}, b=2)")
    (16, True)
    """

    spelling: ClassVar[_Spelling] = _PYTHON
    first: ClassVar[str] = _PYTHON.first
    last: ClassVar[str] = _PYTHON.last
