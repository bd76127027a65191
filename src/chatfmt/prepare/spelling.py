"""How chat templates spell the definitions of tools, for a model to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Spelling"]


class Spelling(BaseModel):
    """JSON, each tool by itself or all of them in one list.

    >>> Spelling(before="<tool>", after="</tool>", function=True).spell(
    ...     [{"type": "function", "function": {"name": "f"}}]
    ... )
    '<tool>{"name": "f"}</tool>'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    function: bool = False
    """Whether only the member ``function`` of each is written."""
    whole: bool = False
    """Whether they are one list of JSON."""
    indent: int | None = None
    """By how many spaces JSON is indented; None: it stands in one line."""
    compact: bool = False
    """Whether no space stands after a comma or a colon."""
    before: str = ""
    """What stands before each, or before the list."""
    after: str = ""
    """What stands after it."""
    between: str = "\n"
    """What stands between two."""

    def spell(self, tools: Sequence[Mapping[str, Any]]) -> str:
        """The definitions as text."""
        written = [self._function(tool) if self.function else tool for tool in tools]
        parts = [self._json(written)] if self.whole else [self._json(tool) for tool in written]
        return self.between.join(self.before + part + self.after for part in parts)

    @staticmethod
    def _function(tool: Mapping[str, Any]) -> object:
        return tool.get("function", tool)

    def _json(self, value: object) -> str:
        separators = (",", ":") if self.compact else None
        return json.dumps(value, ensure_ascii=False, indent=self.indent, separators=separators)
