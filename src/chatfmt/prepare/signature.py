"""A tool as a Python function: its parameters, and their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatfmt.conversation.wording import describe

__all__ = ["signature"]

_TYPES = {"string": "str", "number": "int", "integer": "int", "boolean": "bool", "array": "list"}
_NEEDED, _OPTIONAL = "[必填]", "[选填]"


def signature(function: Mapping[str, Any]) -> str:
    r'''A definition as Seed-OSS reads it; there, fractions are ``int``, too.

    >>> print(signature({"name": "f", "description": "Does it.", "parameters": {
    ...     "properties": {"a": {"type": "string", "description": "A."}}, "required": ["a"]}}))
    def f(a: str):
        """
        Does it.
    <BLANKLINE>
        Args:
        - a (str) [必填]: A.
    <BLANKLINE>
        """

    Raises:
        ValueError: the definition does not say which parameters the function takes.
    '''
    parameters = function.get("parameters")
    properties = _properties(parameters)
    if properties is None:
        found = parameters.get("properties") if isinstance(parameters, Mapping) else parameters
        what = f"the properties of the parameters of the tool {function['name']}"
        raise ValueError(f"expected an object, {what}; found {describe(found)}")
    required = function["parameters"].get("required")
    needed = required if isinstance(required, list) else []
    kinds = {name: _type(one) for name, one in properties.items()}
    takes = ",".join(f"{name}: {kind}" for name, kind in kinds.items())
    lines = [f"def {function['name']}({takes}):", '    """']
    lines += [f"    {(function.get('description') or '').strip()}", ""]
    args = [
        f"    - {name} ({kinds[name]}) {_NEEDED if name in needed else _OPTIONAL}: {_about(one)}"
        for name, one in properties.items()
    ]
    gives = _properties(function.get("returns")) or {}
    returns = [f"    - {name} ({_type(one)}): {_about(one)}" for name, one in gives.items()]
    lines += ["    Args:", *args] if args else [""]
    lines += ["    Returns:", *returns] if returns else [""]
    return "\n".join([*lines, '    """'])


def _properties(schema: object) -> Mapping[str, Any] | None:
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _type(schema: object) -> str:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return _TYPES.get(kind, "Any") if isinstance(kind, str) else "Any"


def _about(schema: object) -> str:
    text = schema.get("description") if isinstance(schema, Mapping) else None
    return str(text or "")
