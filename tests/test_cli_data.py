"""`chatfmt convert` and `chatfmt stats`, against counts by other code."""

from __future__ import annotations

import gzip
import io
import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.adapters import SCHEMAS, Options
from chatfmt.cli import main
from chatfmt.commands.stats import Statistics
from conftest import encoding_for
from real_data import real_conversations
from reference import reference_encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt import Conversation

TREES, SHAREGPT, MESSAGES = (
    "oasst_trees_en.jsonl",
    "sharegpt_fastchat.json",
    "messages_multilingual.jsonl",
)

UNKNOWN = f"expected a schema among {', '.join(SCHEMAS)}"


class Result(NamedTuple):
    code: int
    out: list[str]
    err: list[str]


@pytest.fixture
def chatfmt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    def run(*argv: str) -> Result:
        try:
            code = main(argv)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else -1
        out, err = capsys.readouterr()
        return Result(code, out.split("\n")[:-1], err.split("\n")[:-1])

    monkeypatch.chdir(tmp_path)
    return run


def write(name: str, *rows: object) -> None:
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


# -- convert ------------------------------------------------------------------------------------


def test_sharegpt_becomes_openai(shared_data: Path, chatfmt: Callable[..., Result]) -> None:
    file = shared_data / SHAREGPT
    code, out, err = chatfmt("convert", str(file), "--from", "sharegpt", "--to", "openai")
    roles = {"human": "user", "gpt": "assistant"}
    assert [json.loads(line) for line in out] == [
        {
            "messages": [
                {"role": roles[turn["from"]], "content": turn["value"]}
                for turn in row["conversations"]
            ],
            "id": row["id"],
        }
        for row in json.loads(file.read_text("utf-8"))
    ]
    assert (code, err) == (0, [])
    # What was written is read again, and converts to itself.
    Path("out.jsonl").write_text("\n".join(out) + "\n", encoding="utf-8")
    assert chatfmt("convert", "out.jsonl") == Result(0, out, [])
    back = chatfmt("convert", "out.jsonl", "--to", "sharegpt").out
    assert [json.loads(line) for line in back] == json.loads(file.read_text("utf-8"))


def test_converted_calls_are_read_as_they_were_written(chatfmt: Callable[..., Result]) -> None:
    def call(*names: str) -> dict[str, str]:
        calls = ", ".join(f'{{"name": "{name}", "arguments": {{"x":  1}}}}' for name in names)
        return {"from": "function_call", "value": f"[{calls}]" if names[1:] else calls}

    def says(speaker: str, value: str) -> dict[str, str]:
        return {"from": speaker, "value": value}

    turns = {
        "one call": [call("f"), says("observation", "1")],
        "text before it": [says("gpt", "Wait."), call("f"), says("observation", "1")],
        "parallel ones": [call("f", "g"), says("observation", "1"), says("observation", "2")],
        "no result": [call("f")],
    }
    tools = json.dumps([{"name": "f", "parameters": {"default": None}}])
    rows = [
        {"conversations": [says("human", "Hi"), *spoken, says("gpt", "Ho")], "tools": tools}
        for spoken in turns.values()
    ]
    write("calls.jsonl", *rows)
    code, out, err = chatfmt("convert", "calls.jsonl")
    assert (code, len(out), err) == (0, len(turns), [])
    for line in out:
        made = [m for m in json.loads(line)["messages"] if "tool_calls" in m]
        assert next(c["function"]["arguments"] for c in made[0]["tool_calls"]) == '{"x":  1}'
        assert json.loads(line)["tools"] == json.loads(tools)
    Path("out.jsonl").write_text("\n".join(out) + "\n", encoding="utf-8")
    assert chatfmt("convert", "out.jsonl") == Result(0, out, [])
    back = chatfmt("convert", "out.jsonl", "--to", "sharegpt")
    assert [json.loads(line) for line in back.out] == rows


def test_a_tree_becomes_a_conversation_for_each_leaf(
    shared_data: Path, chatfmt: Callable[..., Result]
) -> None:
    file = str(shared_data / TREES)
    rows = [json.loads(line) for line in chatfmt("convert", file).out]
    assert len(rows) == 321
    # Assistants' messages that another conversation trains have the weight 0.
    replies = [m for row in rows for m in row["messages"] if m["role"] == "assistant"]
    assert sum(message.get("weight", 1) for message in replies) == 402
    assert len(chatfmt("convert", file, "--option", "paths=best").out) == 60
    assert chatfmt("convert", file, "--option", 'lang=["de"]') == Result(0, [], [])


def test_bad_rows_are_told_by_place_and_reason(chatfmt: Callable[..., Result]) -> None:
    good = {"prompt": "2+2?", "completion": "4"}
    rows = [
        good,
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "bard", "value": "Ho"}]},
        {"nothing": 1},
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": 7}]},
        good,
    ]
    write("rows.jsonl", *rows)
    with Path("rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"prompt": NaN}\n')
    code, out, err = chatfmt("convert", "rows.jsonl")
    assert code == 1
    assert [json.loads(line)["messages"][1]["content"] for line in out] == ["4", "4"]
    assert [line.partition(": expected ")[0] for line in err] == [
        "rows.jsonl:2: conversations[1].from",
        "rows.jsonl:3",
        "rows.jsonl:4: messages[1].content",
        "rows.jsonl:6",
    ]
    assert err[2] == "rows.jsonl:4: messages[1].content: expected text, found the number 7"

    speakers = 'speakers={"bard": "assistant"}'
    code, out, err = chatfmt("convert", "rows.jsonl", "--option", speakers)
    assert (code, len(out), len(err)) == (1, 3, 3)
    # A schema that was named is not told from the row.
    err = chatfmt("convert", "rows.jsonl", "--from", "alpaca").err
    assert err[0] == "rows.jsonl:1: instruction: expected text, found nothing"


def test_what_the_other_schema_cannot_say_is_bad_too(chatfmt: Callable[..., Result]) -> None:
    write("rows.jsonl", {"prompt": "2+2?", "completion": "4"})
    code, out, err = chatfmt("convert", "rows.jsonl", "--to", "preference")
    assert (code, out) == (1, [])
    assert err[0].startswith("rows.jsonl:1: expected a preference, found a conversation")


def test_archives_are_read(chatfmt: Callable[..., Result]) -> None:
    row = {"messages": [{"role": "user", "content": "a\u2028b\nc"}]}
    with gzip.open("rows.jsonl.gz", "wt") as file:
        file.write(json.dumps(row) + "\n")
    code, out, err = chatfmt("convert", "rows.jsonl.gz")
    assert (code, [json.loads(line) for line in out], err) == (0, [row], [])
    assert "\u2028" not in out[0]


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["--option", "paths"], "expected NAME=VALUE with a name among system, "),
        (["--option", "path=best"], "expected NAME=VALUE with a name among system, "),
        (["--option", "paths=worst"], "paths: "),
        (["--option", "lang=de"], "lang: expected a list or an object in JSON, found 'de'"),
        (["--option", "lang=[7]"], "lang.0: "),
        (["--option", "paths=all", "--option", "paths=all"], "paths: expected each policy once"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "stats"])
def test_policies_that_make_no_sense_are_refused(
    command: str, argv: list[str], reason: str, chatfmt: Callable[..., Result]
) -> None:
    write("rows.jsonl")
    code, out, err = chatfmt(command, *argv, "rows.jsonl")
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith(f"chatfmt {command}: error: {reason}")


def test_every_policy_can_be_given(chatfmt: Callable[..., Result]) -> None:
    write("rows.jsonl", {"prompt": "2+2?", "completion": "4"})
    values: dict[str, str] = {"speakers": '{"bard": "user"}', "lang": '["en"]'}
    values |= {"roles": '{"a": "b"}', "tools": "use", "inline_thinking": "keep"}
    values |= {"tree_state": '["ready_for_export"]', "system": "Be kind=brief."}
    argv = []
    for name, field in Options.model_fields.items():
        argv += ["--option", f"{name}={values.get(name, field.default)}"]
    code, out, err = chatfmt("convert", *argv, "rows.jsonl")
    assert (code, err) == (0, [])
    assert json.loads(out[0])["messages"][0] == {"role": "system", "content": "Be kind=brief."}


@pytest.mark.parametrize("command", ["convert", "stats"])
def test_files_that_cannot_be_read(command: str, chatfmt: Callable[..., Result]) -> None:
    for name, reason in {
        "none.jsonl": "none.jsonl: No such file or directory",
        "rows.txt": "rows.txt: expected one of the file formats jsonl, ndjson, json, parquet",
    }.items():
        code, out, err = chatfmt(command, name)
        assert (code, out, len(err)) == (2, [], 1)
        assert err[0].startswith(f"chatfmt {command}: error: {reason}")
    write("rows.jsonl", {"prompt": "2+2?", "completion": "4"})
    code, out, err = chatfmt(command, "rows.jsonl", "--from", "excel")
    assert (code, out) == (2, [])
    assert err == [f"chatfmt {command}: error: {UNKNOWN}, found 'excel'"]


def test_only_some_schemas_are_written(chatfmt: Callable[..., Result]) -> None:
    write("rows.jsonl")
    written = [name for name, schema in SCHEMAS.items() if schema.write is not None]
    expected = f"expected a schema that can be written ({', '.join(written)}), found 'wildchat'"
    code, out, err = chatfmt("convert", "rows.jsonl", "--to", "wildchat")
    assert (code, out, err) == (2, [], [f"chatfmt convert: error: {expected}"])


def test_other_commands_do_not_wait_for_the_adapters() -> None:
    code = "import sys, chatfmt.cli as c; c._parser(); sys.exit('chatfmt.adapters' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)  # noqa: S603 - this file wrote it


# -- stats --------------------------------------------------------------------------------------


def slow_statistics(conversations: list[Conversation], format_name: str) -> dict[str, Any]:
    """Everything again, from the reference implementation, one id at a time."""
    messages, tokens, lengths, trained = Counter[str](), Counter[str](), [], 0
    for conversation in conversations:
        messages.update(message.role for message in conversation.messages)
        written = reference_encode(format_name, conversation, encoding_for(format_name))
        lengths.append(len(written))
        for item in written:
            if item.message is None:
                continue
            message = conversation.messages[item.message]
            tokens[message.role] += 1
            trained += item.generated and message.role == "assistant" and message.weight != 0
    lengths.sort()

    def percentile(percent: int) -> int:
        return lengths[math.ceil(percent / 100 * len(lengths)) - 1]

    return {
        "conversations": len(conversations),
        "messages": messages.total(),
        "messages_by_role": dict(messages),
        "tokens": sum(lengths),
        "tokens_by_role": dict(tokens),
        "trained_tokens": trained,
        "length": {
            "shortest": lengths[0],
            **{f"p{percent}": percentile(percent) for percent in (50, 90, 95, 99)},
            "longest": lengths[-1],
            "mean": sum(lengths) / len(lengths),
        },
    }


@pytest.mark.parametrize("format_name", ["gpt-4o", "gpt-3.5-turbo"])
def test_statistics_are_those_of_a_slow_count(
    format_name: str, shared_data: Path, chatfmt: Callable[..., Result]
) -> None:
    names = [TREES, SHAREGPT] if format_name == "gpt-4o" else [MESSAGES]
    files = [shared_data / name for name in names]
    conversations = [chat for file in files for chat in real_conversations(file)]
    code, out, err = chatfmt("stats", *map(str, files), "--format", format_name, "--json")
    assert (code, len(out), err) == (0, 1, [])
    found = json.loads(out[0])
    assert found["rows"] == (60 + 500 if format_name == "gpt-4o" else 1404)
    assert (found["format"], found["bad_rows"]) == (format_name, 0)
    expected = slow_statistics(conversations, format_name)
    assert {key: found[key] for key in expected} == expected
    assert sum(each["conversations"] for each in found["histogram"]) == len(conversations)


@given(
    lengths=st.lists(st.integers(0, 70) | st.integers(0, 10**7), max_size=30),
    percent=st.sampled_from([1, 50, 90, 99, 100]),
)
@settings(deadline=None)
def test_percentiles_and_histogram(lengths: list[int], percent: int) -> None:
    found = Statistics()
    found.lengths.update(lengths)
    bins = found.histogram()
    assert [last for _, last, _ in bins[:-1]] == [first - 1 for first, _, _ in bins[1:]]
    assert [count for _, _, count in bins] == [
        sum(first <= length <= last for length in lengths) for first, last, _ in bins
    ]
    assert sum(count for _, _, count in bins) == len(lengths)
    assert all(last in (first, 2 * (first - 1)) for first, last, _ in bins)
    assert all(first < last for first, last, _ in bins if first > 2)
    if not lengths:
        assert (bins, found.to_dict()["length"]) == ([], None)
        with pytest.raises(ValueError, match="no conversations"):
            found.percentile(percent)
        return
    assert bins[0][2] > 0
    assert bins[-1][2] > 0
    within = [n for n in lengths if sum(m <= n for m in lengths) * 100 >= percent * len(lengths)]
    assert found.percentile(percent) == min(within)


CHAT = {
    "messages": [
        {"role": "user", "content": "What is 2+2?"},
        {"role": "assistant", "content": "2+2 = 4"},
        {"role": "user", "content": "What if it was *?"},
        {"role": "assistant", "content": "2*2 = 4, same as 2+2!"},
    ]
}
PRINTED = """\
format                  gpt-4o
rows                         4  2 of them bad
conversations                2
messages                     8
tokens                      98
trained tokens              44  44.9% of them

role                  messages        tokens
assistant                    4            56
user                         4            42

length                  tokens
shortest                    49
p50                         49
p90                         49
p95                         49
p99                         49
longest                     49
mean                        49

up to            conversations
64                           2  ████████████████████████████████████████"""


@pytest.mark.parametrize("with_rich", [True, False])
def test_the_tables(
    with_rich: bool,  # noqa: FBT001 - a parameter
    chatfmt: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if with_rich:
        pytest.importorskip("rich.console", reason="the extra cli is not installed")
    else:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    write("rows.jsonl", CHAT, {"messages": [{"role": "narrator", "content": "x"}]}, CHAT, {"a": 1})
    code, out, err = chatfmt("stats", "rows.jsonl")
    assert code == 1
    assert len(err) == 2
    assert err[0].startswith("rows.jsonl:2: messages[0].role: expected ")
    assert err[1].startswith("rows.jsonl:4: expected ")
    assert "\n".join(out) == PRINTED
    assert max(map(len, out)) <= 80


def test_what_the_format_cannot_carry_is_a_bad_row(chatfmt: Callable[..., Result]) -> None:
    named = [{"role": "user", "name": "Al", "content": "Hi"}]
    write("rows.jsonl", {"messages": named})
    assert chatfmt("stats", "rows.jsonl").code == 0
    code, out, err = chatfmt("stats", "rows.jsonl", "--format", "phi-4", "--json")
    assert code == 1
    assert err[0].startswith("rows.jsonl:1: message 0: the format has no place for the field name")
    found = json.loads(out[0])
    assert (found["rows"], found["bad_rows"], found["conversations"]) == (1, 1, 0)
    assert found["length"] is None


def test_a_preference_is_two_conversations(chatfmt: Callable[..., Result]) -> None:
    row = {
        "input": {"messages": [{"role": "user", "content": "hello"}]},
        "preferred_output": [{"role": "assistant", "content": "Hello"}],
        "non_preferred_output": [{"role": "assistant", "content": "No"}],
    }
    write("rows.jsonl", row)
    found = json.loads(chatfmt("stats", "rows.jsonl", "--json").out[0])
    assert (found["rows"], found["conversations"], found["tokens"]) == (1, 2, 20)


def test_a_file_without_rows(chatfmt: Callable[..., Result]) -> None:
    write("rows.jsonl")
    code, out, err = chatfmt("stats", "rows.jsonl")
    assert (code, len(out), err) == (0, 6, [])
    assert json.loads(chatfmt("stats", "rows.jsonl", "--json").out[0])["histogram"] == []


# -- mixtures and standard input ----------------------------------------------------------------

MIXTURE = """
[[source]]
name = "sums"
paths = ["sums.jsonl"]
options = { system = "Be brief." }
weight = 0.5
[[source]]
name = "trees"
paths = ["trees.jsonl"]
"""
TREE = {
    "message_tree_id": "1",
    "prompt": {
        "message_id": "1",
        "role": "prompter",
        "text": "Hi!",
        "replies": [
            {"message_id": "2", "role": "assistant", "text": "Hello."},
            {"message_id": "3", "role": "assistant", "text": "Hey."},
        ],
    },
}


def test_a_mixture_becomes_rows_that_say_where_they_are_from(
    chatfmt: Callable[..., Result],
) -> None:
    write("sums.jsonl", {"prompt": "2+2?", "completion": "4"}, {"sum": "3+3?"})
    write("trees.jsonl", TREE)
    Path("mix.toml").write_text(MIXTURE, encoding="utf-8")
    code, out, err = chatfmt("convert", "mix.toml")
    rows = [json.loads(line) for line in out]
    assert rows[0] == {
        "messages": [
            {"role": "system", "content": "Be brief.", "weight": 0.5},
            {"role": "user", "content": "2+2?", "weight": 0.5},
            {"role": "assistant", "content": "4", "weight": 0.5},
        ],
        "provenance": {"source": "sums", "file": "sums.jsonl", "row": 1, "part": 0, "round": 0},
    }
    assert [(row["path"], row["provenance"]["part"]) for row in rows[1:]] == [
        (["1", "2"], 0),
        (["1", "3"], 1),
    ]
    assert (code, len(err)) == (1, 1)
    assert err[0] == "sums.jsonl:2: expected the members of a known schema, found sum"

    found = json.loads(chatfmt("stats", "mix.toml", "--json").out[0])
    assert (found["rows"], found["bad_rows"], found["conversations"]) == (3, 1, 3)


@pytest.mark.parametrize("argv", [["--from", "oasst"], ["--option", "paths=best"]])
def test_a_mixture_has_its_own_schemas_and_policies(
    argv: list[str], chatfmt: Callable[..., Result]
) -> None:
    write("sums.jsonl")
    write("trees.jsonl")
    Path("mix.toml").write_text(MIXTURE, encoding="utf-8")
    code, out, err = chatfmt("convert", *argv, "mix.toml")
    assert (code, out, len(err)) == (2, [], 1)
    assert "expected a mixture without --from and --option, found one of them: " in err[0]
    Path("trees.jsonl").unlink()
    code, out, err = chatfmt("stats", "mix.toml")
    missing = "expected files, found none for 'trees.jsonl' of source 'trees'"
    assert (code, out, err) == (2, [], [f"chatfmt stats: error: {missing}"])


@pytest.mark.parametrize("command", ["convert", "stats"])
def test_rows_come_from_standard_input_too(
    command: str, chatfmt: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '{"prompt": "2+2?", "completion": "4\u2028"}\n{"prompt": NaN}\n\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    code, out, err = chatfmt(command, "-")
    assert code == 1
    assert (len(out) == 1) == (command == "convert")
    assert err == [
        "<stdin>:2: expected JSON, found the constant NaN",
        "<stdin>:3: expected an object, found an empty line",
    ]
