"""A tool as tags, one for each member of its definition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["tags"]


def tags(function: Mapping[str, Any]) -> str:
    """A definition as Nemotron 3 reads it.

    >>> print(tags({"name": "f", "parameters": {"properties": {"a": {"type": "string"}}}}))
    <function>
    <name>f</name>
    <parameters>
    <parameter>
    <name>a</name>
    <type>string</type>
    </parameter>
    </parameters>
    </function>
    """
    lines = ["<function>", _tag("name", function["name"]), *_described(function), "<parameters>"]
    parameters = function.get("parameters")
    if isinstance(parameters, Mapping):
        properties = parameters.get("properties")
        for name, schema in properties.items() if isinstance(properties, Mapping) else ():
            lines += _parameter(name, schema)
        lines += _others(parameters, ("type", "properties", "required"))
        if "required" in parameters:
            lines.append(_tag("required", _json(parameters["required"])))
    lines += ["</parameters>", *_others(function, ("type", "name", "description", "parameters"))]
    return "\n".join([*lines, "</function>"])


def _parameter(name: str, schema: object) -> list[str]:
    lines = ["<parameter>", _tag("name", name)]
    if isinstance(schema, Mapping):
        if "type" in schema:
            lines.append(_tag("type", schema["type"]))
        lines += _described(schema)
        if "enum" in schema:
            lines.append(_tag("enum", _json(schema["enum"])))
        lines += _others(schema, ("name", "type", "description", "enum"))
    return [*lines, "</parameter>"]


def _described(schema: Mapping[str, Any]) -> list[str]:
    has_one = "description" in schema
    return [_tag("description", str(schema["description"]).strip())] if has_one else []


def _others(schema: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Members without tags of their own: lists and objects as JSON, others as Python."""
    return [
        _tag(name, _json(one) if isinstance(one, (Mapping, list, tuple)) else one)
        for name, one in schema.items()
        if name not in known
    ]


def _tag(name: str, value: object) -> str:
    return f"<{name}>{value}</{name}>"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
