"""Any JSON anywhere in a row is read, or refused with an error that names the place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import SCHEMAS, Options, read_row
from chatfmt.errors import ChatfmtError
from kinds_of_rows import KINDS
from sizes import LARGE

if TYPE_CHECKING:
    from collections.abc import Iterator

_TURN = {"sender": "human", "text": "a"}
_CLAUDE_TREE = {
    "chat_messages": [
        {**_TURN, "uuid": "1", "parent_message_uuid": "0"},
        {**_TURN, "uuid": "2", "parent_message_uuid": "1"},
        {**_TURN, "uuid": "3", "parent_message_uuid": "1"},
    ]
}
_ROWS = {
    **{name: (kind.schema, kind.row, kind.options) for name, kind in KINDS.items()},
    "Claude tree": ("claude-export", _CLAUDE_TREE, {}),
}
# Values that no member expects, and objects and lists where a name is looked up.
_VALUES: tuple[Any, ...] = (True, 1, "x", [], {}, [[]], [{}], {"type": []}, [{"type": {}}])
_MORE: tuple[Any, ...] = (
    *(None, -1, 10**30, 0.5, "", " ", "user", "{", "\ud800", [None], ["x"], {"": 1}),
    *({"type": "text"}, [{"type": "text", "text": []}], {"role": []}, [{"role": {}}]),
    *([{"from": []}], {"name": []}, [{"function": {"name": [], "arguments": []}}], {"id": {}}),
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*path, key)
            yield from _places(value[key], (*path, key))


def _replaced(row: Any, path: tuple[Any, ...], value: Any) -> Any:
    copy = json.loads(json.dumps(row))
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return copy


@pytest.mark.parametrize("name", _ROWS)
def test_any_value_anywhere_is_read_or_refused(name: str) -> None:
    schema, row, options = _ROWS[name]
    refused = 0
    for path in _places(row):
        for value in (*_VALUES, *_MORE) if LARGE else _VALUES:
            for given in (schema, None):
                try:
                    read_row(_replaced(row, path, value), schema=given, options=Options(**options))
                except ChatfmtError:
                    refused += 1
    assert refused


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("row", [{}, {"x": 1}, {"prompt": [], "completion": 2}, {"messages": []}])
def test_a_row_of_another_schema_is_refused(schema: str, row: dict[str, Any]) -> None:
    with pytest.raises(ChatfmtError):
        read_row(row, schema=schema)


def _claude(*turns: tuple[str, str]) -> dict[str, Any]:
    return {
        "chat_messages": [
            {**_TURN, "uuid": name, "parent_message_uuid": parent} for name, parent in turns
        ]
    }


def _chatgpt(*nodes: tuple[str, str | None]) -> dict[str, Any]:
    return {
        "mapping": {name: {"id": name, "parent": parent, "message": None} for name, parent in nodes}
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (_claude(("1", "2"), ("2", "1")), "chat_messages: expected a tree, found a cycle"),
        (
            _claude(("0", ""), ("1", "2"), ("2", "1"), ("3", "2")),
            "chat_messages[0].parent_message_uuid: expected text that is not empty",
        ),
        (_claude(("0", "r"), ("1", "2"), ("2", "1")), "chat_messages: expected a tree, found a c"),
        (_claude(("0", "r"), ("1", "0"), ("1", "0")), "chat_messages[2].uuid: expected a diff"),
        (_chatgpt(("1", "2"), ("2", "1")), "mapping: expected a tree, found a cycle"),
        (_chatgpt(("0", None), ("1", "2"), ("2", "1")), "mapping: expected a tree, found a cycle"),
        (_chatgpt(("0", None), ("1", "")), "mapping.1.parent: expected text that is not empty"),
    ],
)
@pytest.mark.parametrize("paths", ["best", "all"])
def test_no_message_of_an_export_is_lost(row: dict[str, Any], reason: str, paths: Any) -> None:
    if paths == "best" and "mapping" in row:
        row["current_node"] = next(reversed(row["mapping"]))
        if reason.endswith("a cycle"):
            reason = "mapping: expected a tree, found a cycle through"
    with pytest.raises(ChatfmtError) as caught:
        read_row(row, options=Options(paths=paths))
    assert str(caught.value).startswith(reason)


ANSWER = {"role": "assistant", "content": "a"}


@pytest.mark.parametrize(
    "row",
    [
        {"choices": [{"message": ANSWER, "index": "\ud800"}]},
        {"custom_id": "\ud800", "response": {"body": {"choices": [{"message": ANSWER}]}}},
    ],
)
def test_what_is_added_to_metadata_is_checked_as_they_are(row: dict[str, Any]) -> None:
    with pytest.raises(ChatfmtError, match="expected text, found the lone surrogate"):
        read_row(row)
