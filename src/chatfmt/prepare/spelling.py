"""The ways in which chat templates spell the definitions of tools for a model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from chatfmt.conversation.wording import describe
from chatfmt.prepare.signature import signature
from chatfmt.prepare.tags import tags
from chatfmt.prepare.typescript import typescript

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["NAMED", "Spelling"]

NAMED = re.compile(r"\{(name|description)\}")
"""The place of a member of the function in the text before a definition."""
_KINDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "typescript": typescript,
    "signature": signature,
    "tags": tags,
}


class Spelling(BaseModel):
    """JSON, for each tool by itself or all of them in one list; or another language.

    >>> Spelling(before="<tool>", after="</tool>", function=True).spell(
    ...     [{"type": "function", "function": {"name": "f"}}]
    ... )
    '<tool>{"name": "f"}</tool>'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Literal["json", "typescript", "signature", "tags"] = "json"
    """The language; the next four options are about JSON."""
    function: bool = False
    """Whether only the member ``function`` of each is written."""
    whole: bool = False
    """Whether all are written as one JSON list."""
    indent: int | None = None
    """The number of spaces by which JSON is indented; None: it is in one line."""
    compact: bool = False
    """Whether there is no space after a comma or a colon."""
    sorted_keys: bool = False
    """Whether the members of each object are sorted by name."""
    before: str = ""
    """Text before each, or before the list; ``{name}`` and ``{description}`` in it are those of
    the function."""
    after: str = ""
    """Text after it."""
    between: str = "\n"
    """Text between two of them."""

    def spell(self, tools: Sequence[Mapping[str, Any]]) -> str:
        """The definitions as text.

        Raises:
            ValueError: a definition is not of a function, although it must be to be written.
        """
        if self.kind != "json":
            parts = [_KINDS[self.kind](_function(tool)) for tool in tools]
        else:
            written = [tool.get("function", tool) if self.function else tool for tool in tools]
            parts = [self._json(written)] if self.whole else [self._json(tool) for tool in written]
        befores = [self.before] if self.whole else [self._before(tool) for tool in tools]
        pairs = zip(befores, parts, strict=True)
        return self.between.join(before + part + self.after for before, part in pairs)

    def _before(self, tool: Mapping[str, Any]) -> str:
        if not NAMED.search(self.before):
            return self.before
        function = _function(tool)
        return NAMED.sub(lambda found: function.get(found[1]) or "", self.before)

    def _json(self, value: object) -> str:
        separators = (",", ":") if self.compact else None
        return json.dumps(
            value,
            ensure_ascii=False,
            indent=self.indent,
            separators=separators,
            sort_keys=self.sorted_keys,
        )


def _function(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """The function in a definition."""
    function: Mapping[str, Any] = tool.get("function", tool)
    is_function = isinstance(function, Mapping)
    name = function.get("name") if is_function else None
    about = function.get("description") if is_function else None
    fault = None
    if not is_function:
        fault = f"expected a function in the definition of a tool, found {describe(function)}"
    elif not isinstance(name, str):
        fault = f"expected the name of a tool, found {describe(name)}"
    elif not isinstance(about, str | None):
        fault = f"expected text as the description of the tool {name}, found {describe(about)}"
    if fault is not None:
        raise ValueError(fault)
    return function
