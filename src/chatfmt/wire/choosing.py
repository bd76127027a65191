"""The line in which a message is written, depending on its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import RenderError, shown
from chatfmt.line.choose import preferred

if TYPE_CHECKING:
    from chatfmt.conversation import Message
    from chatfmt.line.format import ChatFormat
    from chatfmt.line.lines import Line

__all__ = ["choose", "lines_at"]


def choose(
    format: ChatFormat, message: Message, index: int | None, before: str | None
) -> tuple[Line, bool]:
    """The line in which the message is written, and whether that depended on the content.

    ``before`` is the role of the message before it; None at the start.

    Raises:
        RenderError: the format cannot carry it.
    """
    line, reasons = preferred(lines_at(format, message.role, index, before), message)
    if line is not None:
        return line, any(field == "content" for _, field in reasons)
    reason, field = reasons[0]
    if len(reasons) > 1:
        reason = "no line of this role fits the message: " + "; ".join(
            dict.fromkeys(why for why, _ in reasons)
        )
    raise RenderError(reason, format.name, index, field)


def lines_at(format: ChatFormat, role: str, index: int | None, before: str | None) -> list[Line]:
    """The lines of a role after a message of role ``before``: those for such places, if any.

    Raises:
        RenderError: there is no such role, or it has no place there.
    """
    lines = format.lines_of.get(role)
    if lines is None:
        known = ", ".join(format.lines_of)
        raise RenderError(
            f"unknown role {shown(role)}; there are {known}", format.name, index, "role"
        )
    if role not in format.placed:
        return [*lines]
    there = [line for line in lines if line.after is not None and line.may_follow(before)]
    there = there or [line for line in lines if line.after is None]
    if not there:
        places = dict.fromkeys(place for line in lines for place in line.after or ())
        expected = " or ".join("at the start" if p == "start" else f"after {p}" for p in places)
        found = "at the start" if before is None else f"after {before}"
        reason = f"expected a message of role {role} {expected}, found it {found}"
        raise RenderError(reason, format.name, index, "role")
    return there
