"""Flat files of Open Assistant: messages in any order become trees, or errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.adapters import Options, Row, read_file, read_row, read_rows
from chatfmt.conversation import Conversation

if TYPE_CHECKING:
    from pathlib import Path

Flat = dict[str, Any]


def _flat(identifier: str, above: str | None, depth: int, **more: object) -> Flat:
    message = {
        "message_id": identifier,
        "text": f"text {identifier}",
        "role": ("prompter", "assistant")[depth % 2],
        **more,
    }
    return message if above is None else {**message, "parent_id": above}


def _rows(messages: list[Any]) -> list[Row]:
    return [Row("f", line, message) for line, message in enumerate(messages, 1)]


def _errors(messages: list[Any]) -> list[str]:
    return sorted(str(reading.error) for reading in read_rows(_rows(messages)) if reading.error)


@st.composite
def forests(draw: st.DrawFn) -> list[Flat]:
    """Messages of a few trees, each a reply to an earlier one, in any order."""
    depths: list[int] = []
    flat: list[Flat] = []
    for index in range(draw(st.integers(1, 12))):
        above = draw(st.sampled_from([None, *range(index)]))
        depths.append(0 if above is None else depths[above] + 1)
        parent = None if above is None else str(above)
        rank = draw(st.sampled_from([{}, {"rank": 0}, {"rank": 1}]))
        flat.append(_flat(str(index), parent, depths[-1], **rank))
    return draw(st.permutations(flat))


def _slow_paths(flat: list[Flat]) -> list[list[str]]:
    """Every message of the assistant below which there is none, and the way to it."""
    by_id = {message["message_id"]: message for message in flat}

    def way(identifier: str) -> list[str]:
        above = by_id[identifier].get("parent_id")
        return ([] if above is None else way(above)) + [identifier]

    ways = [way(message["message_id"]) for message in flat if message["role"] == "assistant"]
    return sorted(
        one for one in ways if not any(other[: len(one)] == one for other in ways if other != one)
    )


@given(forests())
@settings(deadline=None)
def test_trees_give_each_path_once_and_train_each_answer_once(flat: list[Flat]) -> None:
    readings = list(read_rows(_rows(flat)))
    assert not [reading.error for reading in readings if reading.error]
    conversations = [item for reading in readings for item in reading.items]
    assert sorted(item.metadata["path"] for item in conversations) == _slow_paths(flat)
    trained = [
        identifier
        for item in conversations
        if isinstance(item, Conversation)
        for identifier, message in zip(item.metadata["path"], item.messages, strict=True)
        if message.weight != 0
    ]
    assert len(trained) == len(set(trained))
    answers = {message["message_id"] for message in flat if message["role"] == "assistant"}
    assert answers <= set(trained)
    # A nested tree is read as its flat messages are.
    for reading in readings:
        for item in reading.items:
            assert item.metadata["message_tree_id"] == item.metadata["path"][0]


@given(forests())
@settings(deadline=None)
def test_the_best_path_goes_down_by_rank(flat: list[Flat]) -> None:
    ways = _slow_paths(flat)
    by_id = {message["message_id"]: message for message in flat}
    for reading in read_rows(_rows(flat), options=Options(paths="best")):
        roots = [
            way for way in ways if reading.items and way[0] == reading.items[0].metadata["path"][0]
        ]
        for item in reading.items:
            path = item.metadata["path"]
            assert path in roots
            for depth, identifier in enumerate(path):
                siblings = {way[depth] for way in roots if way[:depth] == path[:depth]}
                ranks = [by_id[other].get("rank", 99) for other in siblings]
                assert by_id[identifier].get("rank", 99) == min(ranks)


def test_a_flat_file(tmp_path: Path) -> None:
    flat = [
        _flat("3", "2", 2, message_tree_id="1", tree_state="ready_for_export"),
        _flat("2", "1", 1, message_tree_id="1", tree_state="ready_for_export"),
        {"prompt": "a", "completion": "b"},
        _flat("4", "3", 3),
        {
            **_flat("1", None, 0, message_tree_id="1", tree_state="ready_for_export"),
            "parent_id": None,
        },
    ]
    path = tmp_path / "flat.jsonl"
    path.write_text("\n".join(map(json.dumps, flat)), encoding="utf-8")
    other, tree = read_file(path)
    assert (other.line, tree.line) == (3, 5)
    [conversation] = tree.items
    assert conversation.metadata == {
        "message_tree_id": "1",
        "tree_state": "ready_for_export",
        "path": ["1", "2", "3", "4"],
    }
    assert read_row({"prompt": "a", "completion": "b"}) == other.items


def test_orphans() -> None:
    flat = [_flat("1", None, 0), _flat("8", "7", 1), _flat("9", "8", 2), _flat("2", "1", 1)]
    [error] = _errors(flat)
    assert error == (
        "f:2: parent_id: expected the id of a message in this file, found '7'; "
        "not read: this message and 1 below it"
    )


def test_circles() -> None:
    flat = [
        _flat("5", "4", 0),
        _flat("3", "2", 1),
        _flat("2", "3", 0),
        _flat("4", "3", 1),
        _flat("6", "6", 0),
    ]
    reason = "expected replies that lead up to a prompt, found a cycle"
    assert _errors(flat) == [
        f"f:2: parent_id: {reason}; messages not read: 4",
        f"f:5: parent_id: {reason}; messages not read: 1",
    ]


def test_several_roots_of_one_tree() -> None:
    flat = [
        _flat("1", None, 0, message_tree_id="1"),
        _flat("2", "1", 1, message_tree_id="1"),
        _flat("3", None, 0, message_tree_id="1"),
        _flat("4", "3", 1, message_tree_id="1"),
    ]
    [error] = _errors(flat)
    assert error == (
        "f:3: message_tree_id: expected '3', the id of the root above, "
        "found the text '1'; messages not read: 2"
    )
    assert [len(reading.items) for reading in read_rows(_rows(flat))] == [1, 0]


def test_bad_flat_messages() -> None:
    flat = [
        _flat("1", None, 0),
        _flat("1", None, 0),
        {"message_id": 3, "text": "a"},
        {**_flat("4", None, 0), "parent_id": 1},
        {**_flat("5", None, 0), "replies": [_flat("6", "5", 1)]},
    ]
    assert _errors(flat) == [
        "f:2: message_id: expected each message once in a file, found '1' twice",
        "f:3: message_id: expected text that is not empty, found the number 3",
        "f:4: parent_id: expected text that is not empty, found the number 1",
        "f:5: replies: expected a flat message without replies; a tree has message_tree_id",
    ]


def test_rows_that_only_name_a_message_or_a_thread_are_no_trees() -> None:
    messages = [{"role": "user", "content": "a"}]
    rows: list[Flat] = [
        {"message_id": 7, "messages": messages},
        {"thread_id": "t", "messages": messages},
    ]
    for row, reading in zip(rows, read_rows(_rows(rows)), strict=True):
        [conversation] = reading.items
        assert conversation.metadata == {k: v for k, v in row.items() if k != "messages"}
    [reading] = read_rows(_rows([{"message_id": "1", "role": "prompter"}]), schema="oasst")
    assert str(reading.error) == "f:1: text: expected text, found nothing"


def test_a_long_chain_needs_no_deep_stack() -> None:
    flat = [_flat(str(depth), str(depth - 1) if depth else None, depth) for depth in range(20_000)]
    [reading] = read_rows(_rows(flat))
    [conversation] = reading.items
    assert isinstance(conversation, Conversation)
    assert len(conversation.messages) == 20_000
