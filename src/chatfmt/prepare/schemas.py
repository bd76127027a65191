"""The form of a tool definition: a function, and a JSON schema of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from chatfmt.conversation.wording import describe

__all__ = ["check_tools"]

_TYPES = ("string", "number", "integer", "boolean", "array", "object", "null")
# Keywords of JSON Schema, by what they hold; others may hold anything.
_TEXTS = ("title", "description", "$ref", "format", "pattern")
_ONE = ("items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else")
_EACH = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")


def check_tools(tools: object) -> None:
    """Refuse anything but a list of definitions as in OpenAI's API.

    >>> check_tools([{"function": {"name": "f", "parameters": {"type": "str"}}}])
    Traceback (most recent call last):
        ...
    ValueError: tools[0].function.parameters.type: expected string, number, integer, boolean, \
array, object or null, found the text 'str'

    Raises:
        ValueError: a definition is invalid; says which, where and why.
    """
    if not isinstance(tools, list | tuple):
        _refuse("tools", "a list of definitions", tools)
    for number, tool in enumerate(tools):
        _check_tool(f"tools[{number}]", tool)


def _refuse(path: str, expected: str, found: object) -> NoReturn:
    raise ValueError(f"{path}: expected {expected}, found {describe(found)}")


def _check_tool(path: str, tool: object) -> None:
    if not isinstance(tool, Mapping):
        _refuse(path, "the definition of a tool as an object", tool)
    function = tool.get("function", tool)
    if "function" in tool:
        path += ".function"
    if not isinstance(function, Mapping):
        _refuse(path, "a function as an object", function)
    if not isinstance(function.get("name"), str) or not function["name"]:
        _refuse(f"{path}.name", "the name of a tool", function.get("name"))
    if not isinstance(function.get("description"), str | None):
        _refuse(f"{path}.description", "text", function["description"])
    for key in ("parameters", "input_schema"):
        schema = function.get(key)
        if schema is None:
            continue
        if not isinstance(schema, Mapping):
            _refuse(f"{path}.{key}", "a JSON schema as an object", schema)
        _check_schema(f"{path}.{key}", schema)


def _check_schema(path: str, schema: object) -> None:
    waiting = [(path, schema)]  # not by recursion: it may be as deep as JSON is
    while waiting:
        path, schema = waiting.pop()
        if not isinstance(schema, bool | Mapping):
            _refuse(path, "a JSON schema", schema)
        for key, value in schema.items() if isinstance(schema, Mapping) else ():
            if value is None:  # some libraries dump a missing keyword like this
                continue
            _check_keyword(f"{path}.{key}", key, value)
            waiting += _inner(f"{path}.{key}", key, value)


def _check_keyword(path: str, key: str, value: Any) -> None:  # noqa: ANN401 - any value
    if key == "type":
        for name in value if isinstance(value, list | tuple) else [value]:
            if name not in _TYPES:
                _refuse(path, f"{', '.join(_TYPES[:-1])} or {_TYPES[-1]}", name)
    elif key in _TEXTS and not isinstance(value, str):
        _refuse(path, "text", value)
    elif key in ("required", "enum", *_SEVERAL) and not isinstance(value, list | tuple):
        _refuse(path, "a list", value)
    elif key == "required" and (odd := [name for name in value if not isinstance(name, str)]):
        _refuse(path, "a list of names", odd[0])
    elif key in _EACH and not isinstance(value, Mapping):
        _refuse(path, "an object of JSON schemas", value)


def _inner(path: str, key: str, value: Any) -> list[tuple[str, object]]:  # noqa: ANN401 - any value
    """The schemas in a keyword."""
    if key in _EACH:
        return [(f"{path}.{name}", schema) for name, schema in value.items()]
    listed = isinstance(value, list | tuple)
    if key in _SEVERAL or (key == "items" and listed):  # a list of items in earlier drafts
        return [(f"{path}[{number}]", schema) for number, schema in enumerate(value)]
    return [(path, value)] if key in _ONE else []
