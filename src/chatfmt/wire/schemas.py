"""The types that the arguments of tools may have, by their definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from chatfmt.conversation.definitions import listed

__all__ = ["ArgumentTypes", "types_of"]

ArgumentTypes: TypeAlias = "Mapping[str, Mapping[str, frozenset[str]]]"
"""Tool to its arguments, and to JSON Schema's names of the types that they may have.
"""

_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (str, "string"),
    (bool, "boolean"),  # before the integers, which Python's booleans are
    (int, "integer"),
    (float, "number"),
    (type(None), "null"),
    ((list, tuple), "array"),
    (Mapping, "object"),
)


def types_of(tools: Iterable[Mapping[str, Any]]) -> ArgumentTypes:
    """The types of all arguments, from definitions as in OpenAI's API.

    An argument without a stated type has none, and nothing else in a definition is read: a schema
    may be malformed.

    >>> parameters = {"properties": {"zip": {"type": "string"}, "days": {"type": ["integer"]}}}
    >>> types_of([{"type": "function", "function": {"name": "f", "parameters": parameters}}])
    {'f': {'zip': frozenset({'string'}), 'days': frozenset({'integer'})}}

    Raises:
        ValueError: they are not a list of objects.
    """
    found: dict[str, dict[str, frozenset[str]]] = {}
    for tool in listed(tools):
        function = tool.get("function", tool)
        if not isinstance(function, Mapping):
            continue
        schema = function.get("parameters") or function.get("input_schema")
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        name = function.get("name")
        if isinstance(name, str) and isinstance(properties, Mapping):
            found[name] = {key: frozenset(_types(value)) for key, value in properties.items()}
    return found


def _types(schema: object) -> Iterable[str]:
    """The types that a schema allows; none if that is not certain."""
    if not isinstance(schema, Mapping):
        return ()
    said = schema.get("type")
    if said is not None:
        names = said if isinstance(said, list | tuple) else [said]
        return [one for one in names if isinstance(one, str)]
    if "const" in schema:
        return _names_of([schema["const"]])
    if isinstance(schema.get("enum"), list | tuple):
        return _names_of(schema["enum"])
    for several in ("anyOf", "oneOf"):
        if isinstance(schema.get(several), list | tuple):
            each = [[*_types(one)] for one in schema[several]]
            return [name for names in each for name in names] if all(each) else ()
    return ()


def _names_of(values: Iterable[object]) -> list[str]:
    """The types of some values; none if one of them is no JSON value."""
    each = [next((name for kind, name in _NAMES if isinstance(v, kind)), "") for v in values]
    return each if all(each) else []
