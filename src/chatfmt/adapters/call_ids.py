"""The ids that tie results to calls, in every schema that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from chatfmt.conversation import Message

__all__ = ["check_call_ids", "unanswerable"]

_SHOWN = 4


def check_call_ids(messages: Sequence[Message]) -> None:
    """Check that a result's id is that of an earlier call, and that the calls of a message differ.

    Calls and results without ids are not checked.

    >>> from chatfmt import Message
    >>> check_call_ids([Message(role="tool", content="4", call_id="c")])
    Traceback (most recent call last):
        ...
    chatfmt.errors.DataError: message 0: expected the id of an earlier call (none), found 'c'

    Raises:
        DataError: one is not.
    """
    made: set[str] = set()
    for index, message in enumerate(messages):
        ids = [call.id for call in message.tool_calls if call.id is not None]
        if len({*ids}) < len(ids):
            raise DataError(
                f"message {index}: expected a different id for each call, found one twice"
            )
        made.update(ids)
        answered = message.call_id if message.role == "tool" else None
        if answered is not None and answered not in made:
            raise DataError(f"message {index}: {unanswerable(answered, made)}")


def unanswerable(found: str, made: Collection[str]) -> str:
    """The reason to refuse a result with this id, after calls with these.

    >>> unanswerable("d", ["c"])
    "expected the id of an earlier call ('c'), found 'd'"
    """
    before = ", ".join(map(shown, sorted(made)[:_SHOWN])) or "none"
    more = ", …" * (len(made) > _SHOWN)
    return f"expected the id of an earlier call ({before}{more}), found {shown(found)}"
