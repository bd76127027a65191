"""Read conversations from any JSON value: a row of any schema, bare messages, or a list of rows.

Files are read row by row through the same table; this is for single values, such as pasted text or
input piped to a command.
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
"""The policies that accept whatever can be read: for viewing data, not for training on it."""

_OWN = frozenset(Conversation.model_fields)


def read_value(
    value: Any,  # noqa: ANN401 - any JSON value
    *,
    schema: str | None = None,
    options: Options | None = None,
) -> list[tuple[int, Item]]:
    """The conversations, or preferences, in a value, each with the number of its row.

    Args:
        value: a row of any schema; a dumped `Conversation`; a message or a list of messages; or a
            list of rows.
        schema: the schema of the rows; None detects it.
        options: the policies; None accepts whatever can be read (`LENIENT`).

    Raises:
        DataError: the value is none of these, or cannot be used.
        pydantic.ValidationError: a message of a conversation is invalid.

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
        # A dumped conversation may be empty, and may have fields that OpenAI's JSON lacks.
        return [settled(Conversation.model_validate(row), options)]
    return read_row(row, schema=schema, options=options)
