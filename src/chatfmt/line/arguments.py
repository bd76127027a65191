"""The arguments of a call, split and joined, and the one spelling in which that is exact."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.errors import shown
from chatfmt.line.jsontext import PREPARE, CodeError, check_json, decoder, difference, quoted, whole
from chatfmt.line.scanners import JsonObject, JsonValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["canonical", "join_arguments", "members", "refuse_other_spelling", "split_arguments"]


def _after_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def members(text: str) -> Iterator[tuple[str, str, int]]:
    """Key, raw value and its offset for each member of a checked JSON object, in their order."""
    at = 1
    while True:
        at = _after_space(text, at)
        if text[at] == "}":
            return
        key, at = decoder().raw_decode(text, at)
        start = _after_space(text, text.index(":", at) + 1)
        _, at = decoder().raw_decode(text, start)
        yield whole(key, start), text[start:at], start
        at = _after_space(text, at)
        at += text[at] == ","


def split_arguments(text: str) -> list[tuple[str, str]]:
    """Split the arguments of a call: each key, and its value as JSON text, verbatim.

    Raises:
        CodeError: it is not a JSON object, or joining it again would give another text.

    >>> split_arguments('{"city": "Paris", "days": 2}')
    [('city', '"Paris"'), ('days', '2')]
    >>> split_arguments('{"city":"Paris"}')
    Traceback (most recent call last):
        ...
    chatfmt.line.jsontext.CodeError: offset 8: expected ' "Paris"}', found '"Paris"}': arguments ...
    """
    check_json(text, JsonObject(), "a JSON object")
    pairs: dict[str, str] = {}
    for key, value, offset in members(text):
        _add(pairs, key, value, offset)
    _refuse_difference(text, _joined(pairs.items()))
    return list(pairs.items())


def _add(pairs: dict[str, str], key: str, value: str, offset: int) -> None:
    if key in pairs:
        reason = f"expected every key once, found {shown(key)} again"
        raise CodeError(f"{reason}: leave out the one that does not count", offset)
    pairs[key] = value


def _joined(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{quoted(key)}: {value}" for key, value in pairs) + "}"


def join_arguments(pairs: Iterable[tuple[str, str]]) -> str:
    """The text that `split_arguments` splits into these pairs.

    Raises:
        CodeError: a value is not JSON, or a key appears twice; the offset is into the value.

    >>> join_arguments([("city", '"Paris"'), ("days", "2")])
    '{"city": "Paris", "days": 2}'
    """
    unique: dict[str, str] = {}
    for key, value in pairs:
        check_json(value, JsonValue(), f"a JSON value for {shown(key)}")
        _add(unique, whole(key, 0), value, 0)
    return _joined(unique.items())


def canonical(text: str) -> str:
    """The JSON of ``text`` in its canonical spelling.

    Raises:
        CodeError: it is not JSON, a key appears twice, or a number does not fit into Python's.

    >>> canonical('{"a":1.00}')
    '{"a": 1.0}'
    """
    check_json(text, JsonValue(), "a JSON value")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in pairs:
            _add(mapping, key, value, 0)
        return mapping

    try:
        value = json.loads(text, object_pairs_hook=unique)
        return whole(json.dumps(value, ensure_ascii=False, allow_nan=False), 0)
    except CodeError:
        raise
    except ValueError:
        raise CodeError("expected numbers that Python can hold, found a larger one", 0) from None


def refuse_other_spelling(text: str) -> None:
    """Refuse JSON that is not in its canonical spelling.

    Raises:
        CodeError: the text is spelled differently; names the first character that differs.

    >>> refuse_other_spelling('{"a": 1.00}')
    Traceback (most recent call last):
        ...
    chatfmt.line.jsontext.CodeError: offset 9: expected '}', found '0}': arguments ...
    """
    _refuse_difference(text, canonical(text))


def _refuse_difference(text: str, expected: str) -> None:
    if text != expected:
        at = difference(text, expected)
        raise CodeError(
            f"expected {expected[at : at + 20]!r}, found {text[at : at + 20]!r}: arguments that "
            f"are written one by one are joined as json.dumps(…, ensure_ascii=False) spells them; "
            f"{PREPARE}",
            at,
        )
