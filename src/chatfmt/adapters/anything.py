"""A JSON value to conversations, whatever it is: a row of any schema, messages alone, or several.

What files hold goes row by row through the same table; this is for values that are alone, such as
what is pasted, or piped into a command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.adapters.options import Options
from chatfmt.adapters.policies import settled
from chatfmt.adapters.rows import as_row, is_message
from chatfmt.adapters.table import detect, read_row
from chatfmt.conversation import Conversation
from chatfmt.conversation.wording import describe
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from chatfmt.adapters.schema import Item

__all__ = ["LENIENT", "read_value"]

LENIENT: dict[str, Any] = {
    "text_parts": "join",
    "object_arguments": "dump",
    "call_ids": "optional",
    "empty_turns": "keep",
    "repeated_roles": "keep",
    "starts_with_assistant": "keep",
    "ends_with_user": "keep",
    "early_difference": "keep",
}
"""The policies that take whatever can be read: for looking at it, not for training on it."""

_OWN = frozenset(Conversation.model_fields)


def read_value(
    value: Any,  # noqa: ANN401 - any JSON value
    *,
    schema: str | None = None,
    options: Options | None = None,
) -> list[tuple[int, Item]]:
    """The conversations, or preferences, that a value holds, each with the number of its row.

    Args:
        value: a row of any schema; a conversation as `Conversation` dumps it; a message, or a list
            of messages; or a list of rows.
        schema: that of the rows; None detects it.
        options: the policies; None takes whatever can be read (`LENIENT`).

    Raises:
        DataError: it is none of this, or cannot be used.
        pydantic.ValidationError: it is a conversation, and a message in it is invalid.

    >>> [(number, item)] = read_value([{"role": "user", "content": "2+2?"}])
    >>> number, item.messages
    (1, (Message(role='user', content='2+2?'),))
    """
    options = options or Options(**LENIENT)
    rows = _rows(value)
    return [
        (number, item) for number, row in enumerate(rows, 1) for item in _read(row, schema, options)
    ]


def _rows(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    if is_message(value) and isinstance(value.get("content"), str | None):
        return [{"messages": [value]}]
    if not isinstance(value, list):
        return [value]
    rows = [as_row(row) for row in value]
    if rows and all(isinstance(row, dict) and not is_message(row) and _known(row) for row in rows):
        return rows
    return [{"messages": value}]


def _known(row: dict[str, Any]) -> bool:
    try:
        return bool(detect(row))
    except DataError:
        return False


def _read(row: Any, schema: str | None, options: Options) -> list[Item]:  # noqa: ANN401 - any value
    if not isinstance(row, dict) or not row:
        found = "an object without messages" if row == {} else describe(row)
        raise DataError(f'expected {{"messages": [...]}} or a list of messages, found {found}')
    is_text = isinstance(row.get("messages"), str)
    own = "messages" in row and row.keys() <= _OWN and not is_text
    if schema is None and own and detect(row) == "openai":
        # A conversation as it is: it may be empty, and may have fields that OpenAI's JSON lacks.
        return [settled(Conversation.model_validate(row), options)]
    return read_row(row, schema=schema, options=options)
