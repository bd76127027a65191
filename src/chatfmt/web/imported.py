"""Pasted JSON or JSON Lines as conversations to choose from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chatfmt.adapters import Preference
from chatfmt.adapters.anything import read_value
from chatfmt.conversation.wording import objections
from chatfmt.errors import DataError
from chatfmt.json_text import loads
from chatfmt.web.limits import MOST_CONVERSATIONS
from chatfmt.web.refusal import place_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.conversation import Message

__all__ = ["imported"]


def imported(text: str, line: int | None = None) -> dict[str, Any]:
    r"""The conversations in a text; in JSON Lines, those of one line.

    Until a line is chosen, JSON Lines are not read: the answer has only the number of lines.

    >>> imported('{"messages": []}\n{"messages": []}\n')
    {'conversations': [], 'lines': 2}
    >>> row = '{"prompt": "2+2?", "completion": "4"}\n'
    >>> imported(row + row, line=2)["conversations"][0]["label"]
    'Line 2'

    Raises:
        DataError: it is not JSON, or its schema is not known.
    """
    several = _lines(text)
    if several is None:
        if line is not None:
            raise DataError("expected lines of JSON, found a single value", field="line")
        return {"conversations": _conversations(loads(text), "Conversation"), "lines": 1}
    if line is None:
        return {"conversations": [], "lines": len(several)}
    if not 1 <= line <= len(several):
        raise DataError(f"expected a line from 1 to {len(several)}, found {line}", field="line")
    try:
        value = loads(several[line - 1])
    except DataError as error:
        raise DataError(error.reason, line=line) from None
    found = _conversations(value, "Conversation")
    for item in found:
        item["label"] = item["label"].replace("Conversation 1", f"Line {line}")
    return {"conversations": found, "lines": len(several)}


def _lines(text: str) -> list[str] | None:
    """The lines of JSON Lines; None for a single value, or for text that is not JSON."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < 2:  # noqa: PLR2004
        return None
    try:
        json.JSONDecoder().decode(lines[0])
    except (ValueError, RecursionError):
        return None
    return lines


def _conversations(value: Any, label: str) -> list[dict[str, Any]]:  # noqa: ANN401 - any JSON value
    """The conversations in a value; odd turns are kept, because the user wants to see them."""
    found: list[dict[str, Any]] = []
    try:
        items = read_value(value)
    except ValidationError as error:
        path, reason = objections(error)[0]
        raise DataError(reason, field=place_in(path)) from None
    for number, item in items:
        if isinstance(item, Preference):
            prompt = item.prompt
            for which, reply in (("chosen", item.chosen), ("rejected", item.rejected)):
                messages = (*prompt.messages, *reply)
                found.append(_one(f"{label} {number}, {which}", messages, prompt.tools))
        else:
            found.append(_one(f"{label} {number}", item.messages, item.tools))
        if len(found) > MOST_CONVERSATIONS:
            raise DataError(f"expected at most {MOST_CONVERSATIONS:,} conversations, found more")
    return found


def _one(
    label: str, messages: tuple[Message, ...], tools: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    definitions = [dict(tool) for tool in tools]
    return {
        "label": label,
        "messages": [message.model_dump(exclude_none=True) for message in messages],
        **({"tools": definitions} if definitions else {}),
    }
