"""Real files: the adapters against slow counts by other code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.adapters import Item, Options, detect, iter_rows, read_file, write_row
from chatfmt.conversation import Conversation

if TYPE_CHECKING:
    from pathlib import Path

TREES = "oasst_trees_en.jsonl"
SHAREGPT = "sharegpt_fastchat.json"
MESSAGES = "messages_multilingual.jsonl"


def _conversations(path: Path, **options: Any) -> list[Conversation]:
    items: list[Item] = []
    for reading in read_file(path, options=Options(**options)):
        assert reading.error is None
        items += reading.items
    return [item for item in items if isinstance(item, Conversation)]


def _load(path: Path) -> list[dict[str, Any]]:
    text = path.read_text("utf-8")
    return (
        json.loads(text) if text.startswith("[") else [json.loads(x) for x in text.split("\n") if x]
    )


def _slow_paths(node: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """By plain recursion: every way from the prompt to a leaf."""
    ways = [way for reply in node["replies"] for way in _slow_paths(reply)]
    return [[node, *way] for way in ways] or [[node]]


def _cut(way: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return way if not way or way[-1]["role"] == "assistant" else way[:-1]


def _slow_answered(tree: dict[str, Any]) -> set[tuple[str, ...]]:
    """Ways to leaves, trailing prompters cut, without those that another one goes on from."""
    cut = {tuple(m["message_id"] for m in _cut(way)) for way in _slow_paths(tree["prompt"])}
    cut = {way for way in cut if way}
    return {way for way in cut if not any(one != way and one[: len(way)] == way for one in cut)}


def test_trees(shared_data: Path) -> None:
    trees = _load(shared_data / TREES)
    assert len(trees) == 60
    leaves = [way for tree in trees for way in _slow_paths(tree["prompt"])]
    assert len(leaves) == 360
    expected = {way for tree in trees for way in _slow_answered(tree)}
    conversations = _conversations(shared_data / TREES)
    assert {tuple(item.metadata["path"]) for item in conversations} == expected
    assert len(conversations) == len(expected) == 321

    messages = {m["message_id"]: m for way in leaves for m in way}
    assert len(messages) == 684
    for item in conversations:
        assert [(m.role, m.content) for m in item.messages] == [
            ({"prompter": "user"}.get(messages[i]["role"], "assistant"), messages[i]["text"])
            for i in item.metadata["path"]
        ]


def test_each_answer_is_trained_exactly_once(shared_data: Path) -> None:
    answers = [
        m["message_id"] for m in _walk(_load(shared_data / TREES)) if m["role"] == "assistant"
    ]
    assert len(answers) == 402

    def trained(**options: Any) -> list[str]:
        return [
            identifier
            for item in _conversations(shared_data / TREES, **options)
            for identifier, message in zip(item.metadata["path"], item.messages, strict=True)
            if message.role == "assistant" and message.weight != 0
        ]

    assert sorted(trained()) == sorted(answers)
    assert set(trained(shared_prefixes="always")) == set(answers)
    assert len(trained(shared_prefixes="always")) > len(answers)
    # Each conversation trains at least its last message, so that none is without a label.
    assert all(item.messages[-1].weight is None for item in _conversations(shared_data / TREES))


def _walk(trees: list[dict[str, Any]]) -> list[dict[str, Any]]:
    nodes = [tree["prompt"] for tree in trees]
    for node in nodes:
        nodes += node["replies"]
    return nodes


def test_policies(shared_data: Path) -> None:
    trees = _load(shared_data / TREES)

    def best(node: dict[str, Any]) -> list[dict[str, Any]]:
        answered = [r for r in node["replies"] if r["role"] == "assistant" or any(r["replies"])]
        if not answered:
            return [node]
        return [node, *best(min(answered, key=lambda r: r.get("rank", 99)))]

    expected = [tuple(m["message_id"] for m in best(tree["prompt"])) for tree in trees]
    found = _conversations(shared_data / TREES, paths="best")
    assert [tuple(item.metadata["path"]) for item in found] == expected
    assert len(found) == 60

    assert _conversations(shared_data / TREES, lang=("de",)) == []
    assert _conversations(shared_data / TREES, tree_state=("halted_by_moderator",)) == []
    whole = _conversations(shared_data / TREES)
    assert (
        _conversations(shared_data / TREES, lang=("en",), tree_state=("ready_for_export",)) == whole
    )

    for policy, keeps in {
        "drop": lambda m: not m["synthetic"],
        "only": lambda m: m["synthetic"] or m["role"] == "prompter",
    }.items():
        ways = {
            tuple(m["message_id"] for m in _cut(_while(way, keeps)))
            for tree in trees
            for way in _slow_paths(tree["prompt"])
        } - {()}
        ways = {way for way in ways if not any(o != way and o[: len(way)] == way for o in ways)}
        found = _conversations(shared_data / TREES, synthetic=policy)
        assert {tuple(item.metadata["path"]) for item in found} == ways
        assert 0 < len(found) < len(whole)


def _while(way: list[dict[str, Any]], keeps: Any) -> list[dict[str, Any]]:
    stop = next((index for index, message in enumerate(way) if not keeps(message)), len(way))
    return way[:stop]


def test_trees_as_flat_messages(shared_data: Path, tmp_path: Path) -> None:
    trees = _load(shared_data / TREES)
    flat = []
    for tree in trees:
        for node in _walk([tree]):
            message = {key: value for key, value in node.items() if key != "replies"}
            flat.append(
                {
                    **message,
                    "message_tree_id": tree["message_tree_id"],
                    "tree_state": tree["tree_state"],
                }
            )
    path = tmp_path / "flat.jsonl"
    path.write_text("\n".join(map(json.dumps, reversed(flat))), encoding="utf-8")
    # Replies come in the order of the file, which is turned around, and so is what is trained
    # first; the conversations are the same.
    found = {json.dumps(item.metadata, sort_keys=True) for item in _conversations(path)}
    assert found == {
        json.dumps(i.metadata, sort_keys=True) for i in _conversations(shared_data / TREES)
    }


def test_sharegpt(shared_data: Path) -> None:
    rows = _load(shared_data / SHAREGPT)
    found = _conversations(shared_data / SHAREGPT)
    assert len(found) == len(rows) == 500
    roles = {"human": "user", "gpt": "assistant"}
    for row, item in zip(rows, found, strict=True):
        assert [(m.role, m.content) for m in item.messages] == [
            (roles[turn["from"]], turn["value"]) for turn in row["conversations"]
        ]
        assert item.metadata == {"id": row["id"]}
        assert write_row(item, "sharegpt") == row


def test_messages(shared_data: Path) -> None:
    rows = _load(shared_data / MESSAGES)
    found = _conversations(shared_data / MESSAGES)
    assert len(found) == len(rows) == 1404
    assert [write_row(item) for item in found] == rows


@pytest.mark.parametrize(
    ("name", "schema"), [(TREES, "oasst"), (SHAREGPT, "sharegpt"), (MESSAGES, "openai")]
)
def test_the_reader_gives_what_json_gives(shared_data: Path, name: str, schema: str) -> None:
    values = [row.value for row in iter_rows(shared_data / name)]
    assert values == _load(shared_data / name)
    assert {detect(value) for value in values if value is not None} == {schema}
