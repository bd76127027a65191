"""Every kind of row in docs/data.md: nothing in it is lost, and it survives a trip to OpenAI.

A member is lost if the row gives the same conversation without it, which is tried for each one.
Members that are refused are added, and the error must name them.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import (
    SCHEMAS,
    Item,
    Options,
    Preference,
    detect,
    read_file,
    read_row,
    write_row,
)
from chatfmt.adapters.whole import CLAIMED
from chatfmt.conversation import Conversation, Message
from chatfmt.corpus.arrow import pa, pq
from chatfmt.errors import DataError
from kinds_of_rows import KINDS, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

each_kind = pytest.mark.parametrize("name", KINDS)


def _options(kind: Kind) -> Options:
    # Parts are joined and objects dumped, so that rows may hold them.
    return Options(**{"text_parts": "join", "object_arguments": "dump", **kind.options})


def _read(kind: Kind, row: Any) -> list[Item]:
    return read_row(row, options=_options(kind))


def _members(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to each member of each object in a row."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield (*path, key)
            yield from _members(member, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _members(item, (*path, index))


def _holder(row: Any, path: tuple[str | int, ...]) -> Any:
    for step in path[:-1]:
        row = row[step]
    return row


@each_kind
def test_each_member_matters(name: str) -> None:
    kind = KINDS[name]
    whole = _read(kind, kind.row)
    assert detect(kind.row) == kind.schema
    for path in _members(kind.row):
        row = copy.deepcopy(kind.row)
        del _holder(row, path)[path[-1]]
        try:
            without: list[Item] | None = _read(kind, row)
        except DataError:
            without = None
        # A null says nothing.
        idle = path[-1] in kind.idle or _holder(kind.row, path)[path[-1]] is None
        assert idle or without != whole, f"{path} has vanished"


@each_kind
def test_no_metadata_belong_to_the_conversation(name: str) -> None:
    for item in _read(KINDS[name], KINDS[name].row):
        assert not CLAIMED & item.metadata.keys()


@each_kind
def test_what_has_no_place_is_refused_by_name(name: str) -> None:
    kind = KINDS[name]
    for dotted, value in kind.refused.items():
        path = [int(step) if step.isdecimal() else step for step in dotted.split(".")]
        row = copy.deepcopy(kind.row)
        _holder(row, tuple(path))[path[-1]] = value
        with pytest.raises(DataError) as caught:
            _read(kind, row)
        assert str(path[-1]) in str(caught.value)
        for lax in ("drop", "refuse"):
            if path[-1] in ("refusal", "annotations", "train_detail"):
                continue  # whoever asks for it may leave these out; nobody is told to
            with pytest.raises(DataError):
                read_row(row, options=_options(kind).model_copy(update={"unknown_fields": lax}))
        assert "pass unknown_fields" not in str(caught.value)


@each_kind
def test_what_is_written_as_openai_comes_back(name: str) -> None:
    for item in _read(KINDS[name], KINDS[name].row):
        schema = "preference" if isinstance(item, Preference) else "openai"
        row = json.loads(json.dumps(write_row(item, schema)))
        assert read_row(row, schema=schema) == [item]


@pytest.mark.parametrize(
    ("turn", "weight"),
    [
        ({"weight": 0}, 0),
        ({"train": False}, 0),
        ({"train": True}, 1),
        ({"loss": False}, 0),
        ({"loss": 0.5}, 0.5),
        ({"loss_mask": 0}, 0),
        ({"loss_weight": 0}, 0),
        ({"masked": True}, 0),
        ({"masked": False}, 1),
        ({"trainable": False}, 0),
        ({"train": None}, None),
    ],
)
def test_the_switches_of_trainers_are_weights(turn: dict[str, Any], weight: float | None) -> None:
    said = {"role": "assistant", "content": "a", **turn}
    rows: list[dict[str, Any]] = [
        {"messages": [{"role": "user", "content": "q"}, said]},
        {"prompt": [{"role": "user", "content": "q"}], "completion": [said]},
        {"conversation": [{"role": "user", "content": "q"}, said]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a", **turn}]},
    ]
    for row in rows:
        [item] = read_row(row)
        assert isinstance(item, Conversation)
        assert item.messages[1].weight == weight
    # The messages of `Conversation` are read by the same code.
    assert Message.model_validate(said).weight == weight


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ({"loss": "no"}, "loss: expected a number such as 0 or 1, found the text 'no'"),
        ({"masked": 1}, "masked: expected true or false, found the number 1"),
        ({"train": True, "loss": True}, "loss: expected train or loss, found both"),
        ({"loss_weight": -1}, "weight: expected a number of at least 0, found the number -1.0"),
    ],
)
def test_switches_that_say_nothing_are_refused(turn: dict[str, Any], words: str) -> None:
    said = {"role": "assistant", "content": "a", **turn}
    with pytest.raises(DataError) as caught:
        read_row({"messages": [said]})
    assert str(caught.value) == f"messages[0].{words}"
    with pytest.raises(ValueError, match=words.split(": ", 1)[1]):
        Message.model_validate(said)


@pytest.mark.parametrize("mark", ["label", "kto_tag"])
def test_nothing_of_a_bad_answer_is_trained(mark: str) -> None:
    for good in (True, False):
        row = {"prompt": "2+2?", "completion": "5", mark: good}
        [item] = read_row(row)
        assert isinstance(item, Conversation)
        assert [message.weight for message in item.messages] == [None, None if good else 0.0]
        assert item.metadata == {mark: good}
    # A class, not a verdict.
    [item] = read_row({"prompt": "2+2?", "completion": "5", "label": 0})
    assert isinstance(item, Conversation)
    assert item.messages[1].weight is None
    answer = Message(role="assistant", content="5")
    bad = Conversation(messages=(answer,), metadata={mark: False})
    with pytest.raises(DataError, match="expected answers with weight 0"):
        write_row(bad)


def test_nulls_of_arrow_count_as_absent() -> None:
    filled = {"type": "text", "text": "q", "image_url": None, "input_audio": None}
    arguments = {"x": 1, "y": None}
    called = {
        "role": "assistant",
        "content": None,
        "images": [],
        "loss": None,
        "tool_calls": [
            {"id": None, "type": "function", "function": {"name": "f", "arguments": arguments}}
        ],
    }
    row = {
        "messages": [{"role": "user", "content": [filled], "tool_calls": None}, called],
        "functions": None,
        "system": None,
        "images": [],
        "label": None,
    }
    [item] = read_row(row, options=Options(text_parts="join", object_arguments="dump"))
    assert isinstance(item, Conversation)
    assert item.messages[1].tool_calls[0].arguments == '{"x": 1}'
    assert item.metadata == {}


def test_nulls_in_definitions_are_those_of_arrow_alone(tmp_path: Path) -> None:
    def tool(name: str, **members: Any) -> dict[str, Any]:
        return {"type": "function", "function": {"name": name, "parameters": members}}

    messages = [{"role": "assistant", "content": "a"}]
    tools = [[tool("f", x={"default": None, "type": "string"})], [tool("g", y={"type": "number"})]]
    rows = [{"messages": messages, "tools": one} for one in tools]
    for one, row in zip(tools, rows, strict=True):
        # What somebody wrote into JSON stays.
        [item] = read_row(row)
        assert isinstance(item, Conversation)
        assert list(item.tools) == one
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = [reading.items[0] for reading in read_file(tmp_path / "a.parquet")]
    expected = [[tool("f", x={"type": "string"})], [tool("g", y={"type": "number"})]]
    assert [list(item.tools) for item in found if isinstance(item, Conversation)] == expected


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"system": 3}, "system: expected text, found the number 3"),
        (
            {"system": "a", "system_prompt": "b"},
            "system_prompt: expected one system message, found a second in the row",
        ),
        ({"tools": [], "functions": [{"name": "f"}], "tool": 1}, None),
        (
            {"tools": [{"name": "f"}], "functions": [{"name": "f"}]},
            "functions: expected tools or functions, found both",
        ),
        (
            {"functions": {}},
            (
                "functions: expected a list of tool definitions, or its JSON text, "
                "found an empty object"
            ),
        ),
        ({"images": ["a.png"]}, "images: expected only text, found images"),
    ],
)  # fmt: skip
def test_what_belongs_to_the_conversation_is_read_in_every_schema(
    more: dict[str, Any], words: str | None
) -> None:
    user, answer = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    tree = {"message_id": "1", "role": "prompter", "text": "q"}
    rows: list[dict[str, Any]] = [
        {"messages": [user, answer]},
        {"prompt": "q", "completion": "a"},
        {"instruction": "q", "output": "a"},
        {"conversation": [user, answer]},
        {"conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"id": "1", "data": ["q", "a"]},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {
            "message_tree_id": "1",
            "prompt": {
                **tree,
                "replies": [{"message_id": "2", "role": "assistant", "text": "a"}],
            },
        },
    ]
    for row in rows:
        if words is None:
            [item] = read_row({**row, **more})
            conversation = item.prompt if isinstance(item, Preference) else item
            assert conversation.tools == ({"type": "function", "function": {"name": "f"}},)
            continue
        with pytest.raises(DataError) as caught:
            read_row({**row, **more})
        assert str(caught.value) == words


def test_what_the_turns_say_does_not_write_over_metadata() -> None:
    turns = [
        {"role": "user", "content": "q", "toxic": False},
        {"role": "assistant", "content": "a"},
    ]
    with pytest.raises(DataError, match="turn_metadata: would be overwritten"):
        read_row({"conversation": turns, "turn_metadata": []})


def test_the_page_lists_each_kind_with_its_schema() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    for name, kind in KINDS.items():
        assert page.count(f"| {name} | `{kind.schema}` | ") == 1, name
    assert {kind.schema for kind in KINDS.values()} == set(SCHEMAS)
    assert len(KINDS) >= 30
