"""Every schema by its table of rows, in cases/: what it gives, or exactly how it is refused.

A case is a line: ``row``, ``options`` and either ``error`` or ``gives``, ``metadata`` and ``tools``
(that every conversation has) and ``paths``. ``lossy`` says what does not come back from writing an
OpenAI row; ``parquet`` says why Arrow cannot hold the row.
"""

from __future__ import annotations

import gzip
import json
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
import zstandard

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
from chatfmt.conversation import Conversation, Message
from chatfmt.errors import DataError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

Case = dict[str, Any]


CASES_OF = {path.stem: path for path in (Path(__file__).parent / "cases").glob("*.jsonl")}
CASED = [schema for schema in SCHEMAS if schema in CASES_OF]
"""Those that have a table of their own; `test_adapters_kinds` has a row of every other one."""


def _cases() -> list[tuple[str, Case]]:
    return [
        (schema, json.loads(line))
        for schema in CASED
        for line in CASES_OF[schema].read_text("utf-8").split("\n")
        if line
    ]


CASES = _cases()
GOOD = [(schema, case) for schema, case in CASES if "gives" in case]
BAD = [(schema, case) for schema, case in CASES if "error" in case]


def _messages(messages: list[dict[str, Any]]) -> tuple[Message, ...]:
    return tuple(Message(**message) for message in messages)


def _expected(case: Case) -> list[Item]:
    metadata, tools = case.get("metadata", {}), tuple(case.get("tools", ()))
    items: list[Item] = []
    for given, path in zip_longest(case["gives"], case.get("paths", ())):
        if isinstance(given, dict):
            prompt, chosen, rejected = (
                _messages(given[key]) for key in ("prompt", "chosen", "rejected")
            )
            whole = case["row"].get("input", {})
            inner = {k: v for k, v in whole.items() if k not in ("messages", "tools")}
            before = Conversation(messages=prompt, tools=tools, metadata=inner)
            pair = Preference(prompt=before, chosen=chosen, rejected=rejected, metadata=metadata)
            items.append(pair)
        else:
            own = metadata if path is None else {**metadata, "path": path}
            own = {**own, **_besides(case, path)}
            items.append(Conversation(messages=_messages(given), tools=tools, metadata=own))
    return items


def _by_id(value: Any, found: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every message in a row of Open Assistant's."""
    for part in value.values() if isinstance(value, dict) else value:
        if isinstance(part, dict | list):
            _by_id(part, found)
    if isinstance(value, dict) and "message_id" in value:
        found[value["message_id"]] = value
    return found


def _besides(case: Case, path: list[str] | None) -> dict[str, Any]:
    """What the turns say besides role and text."""
    known = {"message_id", "parent_id", "role", "text", "replies"}
    turns = [_by_id(case["row"], {})[name] for name in path or ()]
    if "conversation" in case["row"]:
        turns, known = case["row"]["conversation"], {"role", "content", "weight", "train"}
    said = [{k: v for k, v in turn.items() if k not in known} for turn in turns]
    return {"turn_metadata": said} if any(said) else {}


def _options(case: Case) -> Options:
    return Options(**case.get("options", {}))


def _show(case: Case) -> str:
    return json.dumps(case["row"], ensure_ascii=True)[:60]


@pytest.mark.parametrize("schema", CASED)
def test_each_schema_has_good_rows_and_at_least_ten_bad_ones(schema: str) -> None:
    assert sum(name == schema for name, _ in GOOD) >= 4
    assert sum(name == schema for name, _ in BAD) >= 10


@pytest.mark.parametrize(
    ("schema", "case"), GOOD, ids=lambda case: _show(case) if isinstance(case, dict) else case
)
def test_good_row(schema: str, case: Case) -> None:
    assert detect(case["row"]) == schema
    assert read_row(case["row"], options=_options(case)) == _expected(case)


@pytest.mark.parametrize(
    ("schema", "case"), BAD, ids=lambda case: _show(case) if isinstance(case, dict) else case
)
def test_bad_row(schema: str, case: Case) -> None:
    with pytest.raises(DataError) as caught:
        read_row(case["row"], schema=schema, options=_options(case), file="f.jsonl", line=3)
    assert str(caught.value) == f"f.jsonl:3: {case['error']}"
    # Marks are what a row has, not whether it is in order: the error is the same when detected.
    assert detect(case["row"]) == schema


def _write_gzip(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


def _write_zstd(path: Path, text: str) -> None:
    path.write_bytes(zstandard.compress(text.encode()))


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


@pytest.mark.parametrize("ending", ["jsonl", "json"])
@pytest.mark.parametrize(
    ("suffix", "write"), [("", _write_text), (".gz", _write_gzip), (".zst", _write_zstd)]
)
def test_the_same_rows_in_files(tmp_path: Path, ending: str, suffix: str, write: Any) -> None:
    groups: dict[tuple[str, str], list[Case]] = {}
    for schema, case in CASES:
        key = (schema, json.dumps(case.get("options", {}), sort_keys=True))
        groups.setdefault(key, []).append(case)
    for (schema, options), cases in groups.items():
        # A flat message is refused only by itself; in a file it is the root of a tree.
        kept = [
            case
            for case in cases
            if not case.get("error", "").startswith("message_id: expected a tree")
        ]
        lines = [json.dumps(case["row"], ensure_ascii=False) for case in kept]
        text = "\n".join(lines) if ending == "jsonl" else "[" + ",\n".join(lines) + "]"
        path = tmp_path / f"rows.{ending}{suffix}"
        write(path, text)
        readings = list(read_file(path, schema=schema, options=Options(**json.loads(options))))
        assert [reading.line for reading in readings] == list(range(1, len(kept) + 1))
        for reading, case in zip(readings, kept, strict=True):
            if "error" in case:
                assert str(reading.error) == f"{path}:{reading.line}: {case['error']}"
            else:
                assert reading.items == _expected(case)


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def test_the_same_rows_as_parquet(tmp_path: Path) -> None:
    path = tmp_path / "row.parquet"
    carried = 0
    for schema, case in CASES:
        if "parquet" in case or case.get("error", "").startswith("message_id: expected a tree"):
            continue
        try:
            table = pa.Table.from_pylist([case["row"]])
            pq.write_table(table, path)
        except (pa.ArrowException, TypeError):
            continue  # one column of two types, or a list without any
        carried += 1
        [reading] = read_file(path, schema=schema, options=_options(case))
        if "error" in case:
            assert str(reading.error) == f"{path}:1: {case['error']}"
        else:
            found = [_without_null(item.model_dump()) for item in reading.items]
            assert found == [_without_null(item.model_dump()) for item in _expected(case)]
    assert carried >= 0.85 * len(CASES)


def test_openai_rows_come_back_as_they_were() -> None:
    whole = [case for schema, case in GOOD if schema == "openai" and "lossy" not in case]
    assert len(whole) >= 5
    for case in whole:
        [conversation] = read_row(case["row"], options=_options(case))
        expected = {key: value for key, value in case["row"].items() if value is not None}
        assert write_row(conversation) == expected


@pytest.mark.parametrize("schema", [name for name, schema in SCHEMAS.items() if schema.write])
def test_what_is_written_reads_as_the_same(schema: str) -> None:
    wanted = Preference if schema == "preference" else Conversation
    count = 0
    for _, case in GOOD:
        for item in read_row(case["row"], options=_options(case)):
            if type(item) is not wanted:
                continue
            try:
                row = write_row(item, schema)
            except DataError:
                continue  # a field that the schema has no place for
            lax = Options(
                call_ids="optional",
                empty_turns="keep",
                repeated_roles="keep",
                starts_with_assistant="keep",
                ends_with_user="keep",
                early_difference="keep",
            )
            [again] = read_row(json.loads(json.dumps(row)), schema=schema, options=lax)
            assert _without_calls(again) == _without_calls(item, drop=schema == "sharegpt")
            count += 1
    assert count >= 9


def _without_calls(item: Item, *, drop: bool = False) -> Item:
    if isinstance(item, Preference) or not drop:
        return item
    messages = tuple(
        message.model_copy(
            update={
                "call_id": None,
                "tool_calls": tuple(c.model_copy(update={"id": None}) for c in message.tool_calls),
            }
        )
        for message in item.messages
    )
    return item.model_copy(update={"messages": messages})


def test_nothing_fits() -> None:
    with pytest.raises(DataError) as caught:
        read_row({"text": "a"}, file="f", line=1)
    assert str(caught.value) == (
        "f:1: expected the members of a known schema (nearest is oasst, which has message_id + "
        "text), found text"
    )
    with pytest.raises(DataError) as caught:
        read_row({"mesages": []})
    assert str(caught.value) == (
        "expected the members of a known schema; did you mean 'messages'?, found mesages"
    )
    with pytest.raises(DataError, match=r"^expected an object, found a list of 0$"):
        read_row([])  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"^expected a schema among oasst, .*, found 'csv'$"):
        read_row({}, schema="csv")


def test_a_schema_by_name_wins_over_detection() -> None:
    row = {"messages": [{"role": "user", "content": "a"}], "conversation": [{"role": "x"}]}
    assert detect(row) == "openai"
    with pytest.raises(DataError, match=r"^conversation\[0\]\.role: "):
        read_row(row, schema="wildchat")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"role": "user", "channel": "final"}, "channel"),
        ({"role": "assistant", "channel": "comment"}, "channel"),
        ({"role": "assistant", "content_type": "json"}, "content_type"),
        ({"role": "assistant", "tools": "[]"}, "tools"),
        ({"role": "user", "tool_calls": [{"name": "f", "arguments": "{}"}]}, "tool_calls"),
        (
            {"role": "assistant", "tool_calls": [{"name": "", "arguments": ""}]},
            "tool_calls[0].name",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "", "name": "f", "arguments": ""}]},
            "tool_calls[0].id",
        ),
        ({"role": "user", "recipient": "functions.f"}, "recipient"),
        ({"role": "assistant", "recipient": "python"}, "recipient"),
        ({"role": "assistant", "recipient": "functions.f"}, "channel"),
        ({"role": "user", "reasoning": "hm"}, "reasoning"),
        ({"role": "user", "call_id": "c"}, "call_id"),
        ({"role": "assistant", "call_id": "c"}, "call_id"),
        ({"role": "user", "name": ""}, "name"),
        ({"role": "critic"}, "role"),
        ({"role": "function"}, "role"),
    ],
)
def test_what_openai_rows_have_no_place_for(fields: dict[str, str], where: str) -> None:
    with pytest.raises(DataError) as caught:
        write_row(Conversation(messages=_messages([{"role": "user"}, fields])))
    assert caught.value.field == f"messages[1].{where}"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"role": "user", "name": "ann"}, "name"),
        ({"role": "assistant", "channel": "final"}, "channel"),
        ({"role": "developer"}, "role"),
        ({"role": "assistant", "recipient": "python"}, "recipient"),
        ({"role": "assistant", "tools": "[]"}, "tools"),
        ({"role": "user", "tool_calls": [{"name": "f", "arguments": "{}"}]}, "tool_calls"),
        (
            {"role": "assistant", "tool_calls": [{"name": "", "arguments": ""}]},
            "tool_calls[0].name",
        ),
    ],
)
def test_what_sharegpt_rows_have_no_place_for(fields: dict[str, str], where: str) -> None:
    with pytest.raises(DataError) as caught:
        write_row(Conversation(messages=_messages([fields])), "sharegpt")
    assert caught.value.field == f"messages[0].{where}"


def test_what_is_not_written() -> None:
    conversation = Conversation(metadata={"messages": 1, "system": 2, "input": 3})
    pair = Preference(prompt=conversation, chosen=(), rejected=(), metadata={"preferred_output": 1})
    refusals = {
        (
            "alpaca",
            "c",
        ): r"^expected a schema that can be written \(preference, openai, sharegpt\), found 'al",
        ("preference", "c"): "^expected a preference, found a conversation",
        ("openai", "p"): "^expected a conversation, found a preference",
        ("sharegpt", "p"): "^expected a conversation, found a preference",
        ("openai", "c"): r"^metadata\.messages: would be read back as",
        ("sharegpt", "c"): r"^metadata\.system: would be read back as",
        ("preference", "p"): r"^metadata\.preferred_output: would be overwritten",
    }
    items: dict[str, Item] = {"c": conversation, "p": pair}
    for (schema, which), reason in refusals.items():
        with pytest.raises(DataError, match=reason):
            write_row(items[which], schema)
    with pytest.raises(DataError, match=r"^prompt\.metadata\.messages: would be read back as"):
        write_row(pair.model_copy(update={"metadata": {}}), "preference")


def test_lone_surrogates_are_refused_by_field() -> None:
    message = {"role": "user", "content": "a"}
    rows: dict[str, dict[str, Any]] = {
        "messages[0].content": {"messages": [{**message, "content": "\ud800"}]},
        "source.name[1]": {"messages": [message], "source": {"name": ["a", "\ud800"]}},
        "tools[0].name": {"messages": [message], "tools": [{"name": "\ud800"}]},
        "id": {"instruction": "a", "output": "b", "id": "\ud800"},
    }
    for field, row in rows.items():
        with pytest.raises(DataError, match=r"expected text, found the lone") as caught:
            read_row(row)
        assert caught.value.field == field
