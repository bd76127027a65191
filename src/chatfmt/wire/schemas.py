"""The types that the arguments of tools may have, by their definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["ArgumentTypes", "types_of"]

ArgumentTypes: TypeAlias = "Mapping[str, Mapping[str, frozenset[str]]]"
"""Tool to its arguments, and to JSON Schema's names of the types that they may have.
"""

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
_NAMES |= {list: "array", dict: "object"}


def types_of(tools: Iterable[Mapping[str, Any]]) -> ArgumentTypes:
    """The types of all arguments, from definitions as in OpenAI's API.

    An argument without a stated type has none.

    >>> parameters = {"properties": {"zip": {"type": "string"}, "days": {"type": ["integer"]}}}
    >>> types_of([{"type": "function", "function": {"name": "f", "parameters": parameters}}])
    {'f': {'zip': frozenset({'string'}), 'days': frozenset({'integer'})}}
    """
    found: dict[str, dict[str, frozenset[str]]] = {}
    for tool in tools:
        function = tool.get("function", tool)
        if not isinstance(function, Mapping):
            continue
        schema = function.get("parameters") or function.get("input_schema")
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        if isinstance(properties, Mapping):
            found[str(function.get("name"))] = {
                key: frozenset(_types(value)) for key, value in properties.items()
            }
    return found


def _types(schema: object) -> Iterable[str]:
    """The types that a schema allows; none if that is not certain."""
    if not isinstance(schema, Mapping):
        return ()
    said = schema.get("type")
    if said is not None:
        return [said] if isinstance(said, str) else [one for one in said if isinstance(one, str)]
    if "const" in schema:
        return [_NAMES[type(schema["const"])]]
    if isinstance(schema.get("enum"), list):
        return [_NAMES[type(value)] for value in schema["enum"]]
    for several in ("anyOf", "oneOf"):
        if isinstance(schema.get(several), list):
            each = [[*_types(one)] for one in schema[several]]
            return [name for names in each for name in names] if all(each) else ()
    return ()
