"""Chooses the line in which a message is written, and says which part of the message it carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import shown
from chatfmt.line.fields import OPTIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.conversation import Message
    from chatfmt.line.lines import Line

__all__ = ["is_there", "mismatch", "on_wire", "preferred"]

_NEEDED = (*OPTIONAL, "call_id")
"""The fields that may be missing; a content is always there, even if it is empty."""


def is_there(message: Message, field: str) -> bool:
    """Whether the message has a field: content and calls if not empty, others if set."""
    if field == "content":
        return bool(message.content)
    return field == "role" or getattr(message, field) is not None


def mismatch(line: Line, message: Message) -> tuple[str, str] | None:
    """Why the line does not fit this message, and the field; None if it fits.

    A line fits a message that has every field that the line needs, and no field without a place.
    """
    return next(_mismatches(line, message), None)


def _mismatches(line: Line, message: Message) -> Iterator[tuple[str, str]]:
    places = line.fields
    for field, needed in places.items():
        if needed and field in _NEEDED and not is_there(message, field):
            yield f"the format needs the field {field} in each message", field
    for field in OPTIONAL:
        value = getattr(message, field)
        annotation = (message.role, field) == ("tool", "name")
        if value is not None and field not in places and not annotation:
            yield _no_place(field, value), field
    if message.content and "content" not in places:
        yield _no_place("content", message.content), "content"
    if message.tool_calls and not line.has_calls:
        yield _no_place("tool_calls", None), "tool_calls"
    if line.has_calls and not message.tool_calls:
        yield "the line is for messages that have tool calls", "tool_calls"
    for field, text in line.fixed:
        value = getattr(message, field)
        if value != text:
            yield f"expected the {field} {text!r}, found {shown(value)}", field


def _no_place(field: str, value: str | None) -> str:
    """The error for a field that a format has no place for."""
    if field in ("tool_calls", "tools"):
        return (
            f"the format has no place for {field}; leave them out or write them another way, such "
            "as `chatfmt.conversation.harmony.split_for_harmony` does"
        )
    return (
        f"the format has no place for the field {field}, found {shown(value)}; leave it out or "
        "use a format that carries it"
    )


def left_out(line: Line | None, message: Message) -> dict[str, Any]:
    """The parts of a message that its line has no place for, with the values a reader gives.

    These are only annotations: its weight, the id of the call that it answers, the ids of its own
    calls, and the name of the tool that answers.
    """
    places = {} if line is None else line.fields
    out: dict[str, Any] = {}
    if message.weight is not None:
        out["weight"] = None
    if message.call_id is not None and "call_id" not in places:
        out["call_id"] = None
    if message.name is not None and message.role == "tool" and "name" not in places:
        out["name"] = None
    has_ids = any(call.id is not None for call in message.tool_calls)
    if has_ids and line is not None and not line.has_call_ids:
        calls = (call.model_copy(update={"id": None}) for call in message.tool_calls)
        out["tool_calls"] = tuple(calls)
    return out


def preferred(lines: Iterable[Line], message: Message) -> tuple[Line | None, list[tuple[str, str]]]:
    """The line in which a message is written, and why others do not fit.

    Of the lines that fit, the one that leaves out the least; the first if there are several.
    """
    may_lose = bool(message.name or message.call_id or message.tool_calls)
    chosen: Line | None = None
    reasons = []
    for line in lines:
        found = mismatch(line, message)
        if found is not None:
            reasons.append(found)
            continue
        if chosen is None or len(left_out(line, message)) < len(left_out(chosen, message)):
            chosen = line
        if not may_lose:
            break
    return chosen, reasons


def on_wire(lines: Iterable[Line], message: Message) -> Message:
    """The message that a reader can give back: without the parts that its line leaves out."""
    line, _ = preferred(lines, message)
    out = left_out(line, message)
    return message.model_copy(update=out) if out else message
