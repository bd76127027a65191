"""A tool as a TypeScript type, as OpenAI's harmony writes it into a prompt.

Source: openai-harmony 0.0.8, rendering of ``DeveloperContent``; the tests compare both. Parts of a
JSON schema that it does not write (bounds, patterns, ``anyOf``) are not written here either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

__all__ = ["typescript"]

_LINE_END = re.compile(r"\r?\n")
_BASIC = {"number": "number", "integer": "number", "boolean": "boolean"}
_INTEGERS = range(-(2**63), 2**64)  # larger ones are written as fractions
_PLAIN = range(-4, 17)  # where the point can be without an exponent, counted from the first digit


def typescript(function: Mapping[str, Any]) -> str:
    r"""A function's description as comments, and its type.

    >>> print(typescript({"name": "add", "description": "Adds.", "parameters": {
    ...     "type": "object", "properties": {"a": {"type": "integer"}}}}))
    // Adds.
    type add = (_: {
    a?: number,
    }) => any;

    Raises:
        ValueError: a number in it is too large.
    """
    lines = _LINE_END.split(function.get("description") or "")
    if not lines[-1]:
        lines.pop()
    parameters = function.get("parameters")
    takes = "" if parameters is None else f"_: {_type(parameters, '')}"
    about = "".join(f"// {line}\n" for line in lines)
    return f"{about}type {function['name']} = ({takes}) => any;"


# ---- types


def _type(schema: object, indent: str) -> str:
    """A schema as a type; ``any`` if it has no type of its own."""
    kind, variants = _member(schema, "type"), _member(schema, "oneOf")
    if isinstance(variants, list):
        return _union(variants, indent)
    if isinstance(kind, list):
        kinds = ["number" if one == "integer" else one for one in _texts_of(kind)]
        return " | ".join(kinds) if kinds else "any"
    match kind:
        case "object":
            return _object(schema, indent)
        case "array":
            items = _member(schema, "items")
            return f"{_type(items, indent)}[]" if _has(schema, "items") else "Array<any>"
        case "string":
            return " | ".join(f'"{text}"' for text in _texts_of(_member(schema, "enum"))) or kind
    return _BASIC.get(kind, "any") if isinstance(kind, str) else "any"


def _nullable(schema: object, indent: str) -> str:
    kind = _type(schema, indent)
    is_null = _member(schema, "nullable") is True and "null" not in kind
    return f"{kind} | null" if is_null else kind


def _union(variants: list[Any], indent: str) -> str:
    """Alternative types, one on each line, if the whole is used as a type."""
    made = ""
    for variant in variants:
        default = _member(variant, "default")
        quoted = isinstance(default, str) and _is_enum(variant)  # here it has quotes
        remarks = [f"default: {_json(default)}"] if quoted else _default(variant)
        remarks = _text(variant, "description") + remarks
        made += f"\n{indent} | {_nullable(variant, indent + '   ')}{_after(remarks)}"
    return made


def _object(schema: object, indent: str) -> str:
    made = _above([f" {text}" for text in _text(schema, "description")], indent) + "{\n"
    properties, required = _member(schema, "properties"), _member(schema, "required")
    if isinstance(properties, Mapping):
        for name, one in properties.items():
            is_needed = isinstance(required, list) and name in required
            made += _property(name if is_needed else f"{name}?", one, indent)
    return f"{made}{indent}}}"


def _property(name: str, schema: object, indent: str) -> str:
    is_union = _has(schema, "oneOf")
    comments = [line for text in _text(schema, "title") for line in (f" {text}", "")]
    if not is_union:
        comments += [f" {text}" for text in _text(schema, "description")]
    examples = _member(schema, "examples")
    if isinstance(examples, list) and examples:
        comments += [" Examples:", *(f' - "{text}"' for text in _texts_of(examples))]
    above = _above(comments, indent)
    variants = _member(schema, "oneOf")
    if isinstance(variants, list):
        return above + _property_union(name, schema, variants, indent)
    remarks = [] if is_union else _default(schema)
    return f"{above}{indent}{name}: {_nullable(schema, indent + '    ')},{_after(remarks)}\n"


def _property_union(name: str, schema: object, variants: list[Any], indent: str) -> str:
    """A property with several types; text that its description and a type's share appears once."""
    described = _text(schema, "description")
    shared = bool(variants) and described == _text(variants[0], "description")
    stands = [] if shared else described
    comments = [f" {text}" for text in [*stands, *_default(schema)]]
    made = f"{_above(comments, indent)}{indent}{name}:\n"
    for number, variant in enumerate(variants):
        about = _text(variant, "description")
        if about == described or (number == 0 and stands):
            about = []
        remarks = about + _default(variant)
        made += f"{indent} | {_nullable(variant, indent + '   ')}{_after(remarks)}\n"
    return f"{made}{indent},\n"


# ---- comments


def _default(schema: object) -> list[str]:
    """The remark about the default; a text is quoted, unless it is one of an enumeration."""
    if not _has(schema, "default"):
        return []
    value = _member(schema, "default")
    if isinstance(value, str):
        return [f"default: {value}" if _is_enum(schema) else f'default: "{value}"']
    return [f"default: {_json(value)}"]


def _above(comments: list[str], indent: str) -> str:
    return "".join(f"{indent}//{comment}\n" for comment in comments)


def _after(remarks: list[str]) -> str:
    return f" // {' '.join(remarks)}" if remarks else ""


# ---- what a schema says


def _has(schema: object, name: str) -> bool:
    return isinstance(schema, Mapping) and name in schema


def _member(schema: object, name: str) -> object:
    return schema.get(name) if isinstance(schema, Mapping) else None


def _text(schema: object, name: str) -> list[str]:
    """A member that is text, or nothing."""
    return _texts_of([_member(schema, name)])


def _texts_of(values: object) -> list[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


def _is_enum(schema: object) -> bool:
    values = _member(schema, "enum")
    return isinstance(values, list) and bool(values)


# ---- values


def _json(value: object) -> str:
    """JSON without spaces, with numbers as Rust writes them."""
    if isinstance(value, float) or (isinstance(value, int) and value not in _INTEGERS):
        return _number(value)
    if isinstance(value, Mapping):
        members = (f"{_json(str(key))}:{_json(one)}" for key, one in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(_json, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    try:
        number = Decimal(repr(float(value)))
    except OverflowError:
        raise ValueError("expected a number that 64 bits can hold, found a larger one") from None
    sign = "-" if number.is_signed() else ""
    _, parts, exponent = number.as_tuple()
    digits = "".join(map(str, parts)).rstrip("0") or "0"
    point = len(parts) + int(exponent)  # its position, counted from the first digit
    if digits != "0" and point not in _PLAIN:
        return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{point - 1}"
    whole, rest = digits[: max(point, 0)].ljust(point, "0"), digits[max(point, 0) :]
    return f"{sign}{whole or '0'}.{'0' * -point}{rest or '0'}"
