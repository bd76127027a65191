"""The spellings of a value on the wire: a closed list of pairs of functions.

``read(spell(value)) == value`` for every value that `Coder.spell` does not refuse. A value is
text: a field's own text, or the JSON text of an argument, verbatim. So numbers, the space between
brackets and the order of keys do not change. A coder that has to take a string apart accepts only
its canonical spelling, the one of ``json.dumps(value, ensure_ascii=False)``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from chatfmt.line.jsontext import (
    PREPARE,
    CodeError,
    check,
    check_json,
    difference,
    is_json,
    quoted,
    string_in,
    whole,
)
from chatfmt.line.scanners import JsonObject, JsonString, JsonValue, PythonLiteral

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

__all__ = ["CODERS", "STRING_FLAGS", "Coder", "string_flag"]

Types: TypeAlias = "Collection[str]"


@dataclass(frozen=True)
class Coder:
    """One way to spell a value.

    ``types`` are JSON Schema's names of the types that the value may have, such as ``{"string"}``;
    empty if they are not known. Only loose spellings depend on them.
    """

    name: str
    _spell: Callable[[str, Types], str]
    _read: Callable[[str, Types], str]
    _mend: str = PREPARE
    bare: bool = False
    """Whether strings are written bare, so that a value is a string unless it reads as another."""
    words: tuple[str, ...] = ()
    """Further words that read as constants, if strings are written bare."""
    translate: Callable[[str], str] = str
    """Makes JSON of any number of whole tokens of a value."""

    @property
    def checks_only(self) -> bool:
        """Whether values are written unchanged, so that spelling and reading are the same."""
        return self._spell is self._read

    def spell(self, value: str, types: Types = ()) -> str:
        """The text on the wire for ``value``.

        Raises:
            CodeError: it is not a value of this kind, or would be read as another value.
        """
        text = self._spell(value, types)
        if self.checks_only:
            return text
        back = self._read(text, types)
        if back != value:
            at = difference(back, value)
            raise CodeError(
                f"expected a value that can be read back, found {value[at : at + 20]!r}, which "
                f"would be read as {back[at : at + 20]!r}; {self._mend}",
                at,
            )
        return text

    def read(self, text: str, types: Types = ()) -> str:
        """The value that ``text`` spells.

        Raises:
            CodeError: it does not spell a value.
        """
        return self._read(text, types)


def _spell_string(value: str, _: Types) -> str:
    return quoted(value)


def _read_string(text: str, _: Types) -> str:
    check_json(text, JsonString(), "a JSON string")
    return string_in(text)


def _object(text: str, _: Types) -> str:
    check_json(text, JsonObject(), "a JSON object")
    return text


_INTEGER = re.compile(r"-?[0-9]+(?:\.0+)?")
_TYPES = {"{": "object", "[": "array", "t": "boolean", "f": "boolean", "n": "null"}
_PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
_JSON_WORDS = {python: word for word, python in _PYTHON_WORDS.items()}
_AMBIGUOUS = f"a parameter whose type is string alone keeps every string; otherwise {PREPARE}"


def _has_type(value: str, types: Types) -> bool:
    """Whether a value in JSON, not a string, has one of these types."""
    if value[0] in _TYPES:
        return _TYPES[value[0]] in types
    return "number" in types or ("integer" in types and bool(_INTEGER.fullmatch(value)))


def _read_loose(text: str, types: Types) -> str:
    if not text or text[0] == '"' or not is_json(text, JsonValue()):
        return quoted(text)
    return quoted(text) if "string" in types and not _has_type(text, types) else text


def _spell_loose(value: str, _: Types) -> str:
    check_json(value, JsonValue(), "a JSON value")
    return string_in(value) if value[0] == '"' else value


def _read_loose_python(text: str, types: Types) -> str:
    value = _read_loose(_JSON_WORDS.get(text, text), types)
    return quoted(text) if value[0] == '"' else value


def _spell_loose_python(value: str, types: Types) -> str:
    return _PYTHON_WORDS.get(value) or _spell_loose(value, types)


_JSON_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|true|false|null')
_PYTHON_TOKEN = re.compile(
    r"'[^'\\]*+(?:\\.[^'\\]*+)*+'"
    r'|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
    r"|True|False|None|\(|,[ \t\r\n]*+\)|\)"
)
_PYTHON_ESCAPE = re.compile(r"\\(?:x(..)|u(.{4})|U(.{8})|(.))")
_PYTHON_ESCAPED = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


def _spell_python(value: str, _: Types) -> str:
    check_json(value, JsonValue(), "a JSON value")

    def translate(token: re.Match[str]) -> str:
        word = _PYTHON_WORDS.get(token[0])
        return word or repr(string_in(token[0], token.start()))

    return _JSON_TOKEN.sub(translate, value)


def _unescape(escape: re.Match[str]) -> str:
    digits = escape[1] or escape[2] or escape[3]
    return chr(int(digits, 16)) if digits else _PYTHON_ESCAPED.get(escape[4], escape[4])


def _read_python(text: str, _: Types) -> str:
    check(text, PythonLiteral(), "a Python literal as repr() writes it")
    return _python_as_json(text)


def _python_as_json(text: str) -> str:
    def translate(token: re.Match[str]) -> str:
        found = token[0]
        if found[0] in "'\"":
            return quoted(whole(_PYTHON_ESCAPE.sub(_unescape, found[1:-1]), token.start()))
        return "[" if found == "(" else _JSON_WORDS.get(found, "]")

    return _PYTHON_TOKEN.sub(translate, text)


STRING_FLAGS: dict[str, Types] = {
    "true": ("string",),
    "false": ("object", "array", "boolean", "null", "number"),
}
"""The texts that say whether a value is a string, and the types that it may then have."""


def string_flag(value: str) -> str:
    """The flag for the JSON text of a value, which says whether it is a string.

    >>> string_flag('"2"'), string_flag("2")
    ('true', 'false')
    """
    return "true" if value.startswith('"') else "false"


CODERS = {
    coder.name: coder
    for coder in (
        Coder("json", _spell_string, _read_string),
        Coder("object", _object, _object),
        Coder("loose", _spell_loose, _read_loose, _AMBIGUOUS, bare=True),
        Coder(
            "loose_python",
            _spell_loose_python,
            _read_loose_python,
            _AMBIGUOUS,
            bare=True,
            words=(*_JSON_WORDS,),
        ),
        Coder("python", _spell_python, _read_python, translate=_python_as_json),
    )
}
r"""Every coder by its name.

``json``: a field's text as a JSON string; every escape is read.

>>> CODERS["json"].spell('say "é"\n'), CODERS["json"].read(r'"\u00e9"')
('"say \\"é\\"\\n"', 'é')

``object``: a JSON object, verbatim.

>>> CODERS["object"].spell('{"b":1.00, "a": []}')
``loose``: the JSON text of a value, with strings bare and other values unchanged. Text that
reads as JSON is JSON, unless the value can only be a string.
``loose``: the JSON text of a value; a string is bare, other values as they are. What
reads as JSON is JSON, unless the value can only be a string.

>>> CODERS["loose"].read("2"), CODERS["loose"].read("two"), CODERS["loose"].read("2", {"string"})
('2', '"two"', '"2"')

``loose_python``: the same, with Python's words for the three constants. Nested ones stay JSON; the
words of JSON are read, too.

>>> CODERS["loose_python"].spell("true"), CODERS["loose_python"].spell("[true]")
('True', '[true]')

``python``: the JSON text of a value as a Python literal.

>>> CODERS["python"].spell('{"it\'s": [true, null, 1.00]}')
'{"it\'s": [True, None, 1.00]}'
"""
