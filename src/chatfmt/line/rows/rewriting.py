"""What many chat templates do to a conversation before they write it."""

from __future__ import annotations

from typing import Any

__all__ = ["ALTERNATE", "NO_THINKING", "TOOLS_IN_SYSTEM", "Words", "strip", "system"]

Words = list[dict[str, Any]]

NO_THINKING: dict[str, Any] = {"word": "reasoning", "keep": "none"}
"""The template knows no thinking."""
TOOLS_IN_SYSTEM: dict[str, Any] = {"word": "tools", "into": "system"}
"""A line of JSON for each tool, where the system message has a place for them."""
ALTERNATE: dict[str, Any] = {"word": "order", "alternate": True}
"""User and assistant take turns."""


def strip(*roles: str, **options: str | bool) -> dict[str, Any]:
    """The texts of some roles lose white space at their edges."""
    return {"word": "strip", "roles": [*roles], **options}


def system(default: str | None = None, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - any option
    """What becomes of the system message, and what stands where there is none."""
    return {"word": "system", **({} if default is None else {"default": default}), **options}
