"""Strategies for JSON and Python literals in every spelling, and how Python reads them."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any, NoReturn

from hypothesis import strategies as st

SPACE = st.sampled_from(["", "", "", " ", "\n", "\t \r\n"])
PLAIN = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0x20, exclude_characters='"\\'),
    max_size=4,
)
ESCAPES = st.sampled_from(
    [r"\"", r"\\", r"\/", r"\b", r"\n", r"\u00e9", r"\u00E9", r"\ud83d\ude00", r"\u0022", r"\u005C"]
)
LONE = st.sampled_from([r"\ud800", r"\uDFFF", r"\ude00\ud83d"])
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
WORDS = st.sampled_from(["true", "false", "null"])


def strings(*pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """JSON strings in any spelling."""
    return st.lists(st.one_of(PLAIN, ESCAPES, *pieces), max_size=3).map(
        lambda parts: f'"{"".join(parts)}"'
    )


def _joined(items: list[str], space: list[str], brackets: str) -> str:
    text, padding = brackets[0], iter(space * (len(items) + 2))
    for index, item in enumerate(items):
        text += next(padding) + "," * (index > 0) + next(padding) + item
    return text + next(padding) + brackets[1]


_PADDING = st.lists(SPACE, min_size=2, max_size=5)


def objects(
    values: st.SearchStrategy[str], keys: st.SearchStrategy[str], max_size: int = 3
) -> st.SearchStrategy[str]:
    """JSON objects, spaced in any way; a key may come twice."""
    member = st.builds(lambda *parts: "".join(parts), keys, SPACE, st.just(":"), SPACE, values)
    return st.builds(_joined, st.lists(member, max_size=max_size), _PADDING, st.just("{}"))


def _arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(_joined, st.lists(values, max_size=3), _PADDING, st.just("[]"))


STRINGS = strings(LONE)
VALUES = st.recursive(
    st.one_of(STRINGS, NUMBERS, WORDS),
    lambda values: st.one_of(_arrays(values), objects(values, STRINGS)),
    max_leaves=8,
)
OBJECTS = objects(VALUES, STRINGS)

_HOSTILE = "{}[]():,\"'\\ \n\r\t\0\x0b\u00a0/0123456789.eE+-_truefalsnTFNoxuU\u0660\u00e9\ud800"


@st.composite
def nearly(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> str:
    """One of the texts, with up to two characters put in, taken out or changed."""
    text = draw(texts)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        new = draw(st.sampled_from(["", *_HOSTILE]))
        text = text[:at] + new + text[at + draw(st.integers(0, 1)) :]
    return text


HOSTILE_CHARACTERS = _HOSTILE


class Pairs(list[tuple[str, Any]]):
    """A JSON object, with keys that come twice."""


class Number(str):
    """A JSON number as it is spelled."""

    __slots__ = ()


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def parsed(text: str) -> Any:
    """The value of a JSON text as Python's parser reads it; ValueError if it is none.

    White space around it, and what is not JSON but Python's, is an error.
    """
    if text != text.strip(" \t\r\n"):
        raise ValueError(text)
    return json.loads(
        text, parse_constant=_refuse, parse_int=Number, parse_float=Number, object_pairs_hook=Pairs
    )


def is_json(text: str, *types: type) -> bool:
    """Whether it is JSON, and of one of these types where any are given."""
    try:
        value = parsed(text)
    except ValueError:
        return False
    return not types or type(value) in types


PYTHON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=5),
        st.sampled_from(
            ["it's", '"', "'\"", "\\", "\\'", "a,b)", "\n", "\x00", "\U0010ffff", "\xad"]
        ),
    ),
    lambda values: st.one_of(
        st.lists(values, max_size=3),
        st.lists(values, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), values, max_size=3),
    ),
    max_leaves=8,
)


def _has_json(value: object) -> bool:
    """Whether it is made of what JSON can express, and tuples."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _has_json(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_has_json, value))
    return value is None or isinstance(value, (bool, int, float, str))


def evaluated(text: str) -> object:
    """The value of a Python literal; an Ellipsis if it is none, or none that JSON can express."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return ...
    return value if _has_json(value) else ...
