"""Every command that takes conversations takes whatever `chatfmt convert` takes."""

from __future__ import annotations

import gzip
import io
import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt as library
from chatfmt.adapters import FILE_FORMATS, Mixture, read_file
from chatfmt.adapters.anything import LENIENT, read_value
from chatfmt.adapters.chunks import Access
from chatfmt.cli import main
from chatfmt.conversation import Conversation
from chatfmt.corpus.arrow import pa, pq
from chatfmt.corpus.sources import raw_rows
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMANDS = ("encode", "count", "check", "prompt", "show")
ASKED, SAID = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}
CHAT = {"messages": [ASKED, SAID]}
TOK = library.get_tokenizer("gpt-4o")
IDS = TOK.encode([ASKED, SAID])
FIM = ["<|fim_prefix|>", "<|fim_middle|>"]
TOOL = {"type": "function", "function": {"name": "f"}}


class Result(NamedTuple):
    code: int
    out: list[str]
    err: list[str]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)

    def run(*argv: str, data: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.encode())))
        code = main(argv)
        out, err = capsys.readouterr()
        return Result(code, out.split("\n")[:-1], err.split("\n")[:-1])

    return run


ROWS: list[Any] = [
    CHAT,
    [ASKED, SAID],
    {**CHAT, "id": 7},
    {"conversations": [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]},
    {"conversation": [ASKED, SAID]},
    {"instruction": "2+2?", "output": "4"},
    {"prompt": "2+2?", "completion": "4"},
    {"prompt": [ASKED], "completion": [SAID]},
    {"id": "1", "data": ["2+2?", "4"]},
    {"messages": json.dumps([ASKED, SAID])},
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rows_of_every_schema(row: Any, run: Callable[..., Result]) -> None:
    for data in (json.dumps(row), json.dumps(row, indent=1), f"{json.dumps(row)}\n"):
        assert run("encode", "-", data=data) == Result(0, [str(IDS)], [])
    assert run("count", "-", data=json.dumps(row)).out == [str(len(IDS))]
    assert run("check", "-", data=json.dumps(row)) == Result(0, [], [])
    assert run("prompt", "-", data=json.dumps(row)).code == 0
    assert run("show", "-", data=json.dumps(row)).code == 0


def test_kinds_of_files(tmp_path: Path, run: Callable[..., Result]) -> None:
    rows = [CHAT, {"messages": [ASKED]}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "a.jsonl").write_text(text)
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "a.txt").write_text(text)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "a.toml").write_text('source = [{name = "a", paths = ["a.jsonl"]}]')
    (tmp_path / "b.toml").write_text(
        'source = [{name = "a", paths = ["a.jsonl"], options = {ends_with_user = "keep"}}]'
    )
    expected = [str(IDS), str(TOK.encode([ASKED]))]
    for name in ("a.jsonl", "a.json", "a.jsonl.gz", "a.txt", "a.parquet", "b.toml"):
        assert run("encode", name) == Result(0, expected, []), name
        assert run("check", name) == Result(0, [], [])


def test_what_is_wrong_with_a_row_of_a_file(tmp_path: Path, run: Callable[..., Result]) -> None:
    row = {"messages": [ASKED, {"role": "wizard", "content": "a"}]}
    pq.write_table(pa.Table.from_pylist([row, CHAT]), tmp_path / "a.parquet")
    code, out, [error] = run("encode", "a.parquet")
    assert (code, out) == (1, [str(IDS)])
    assert error.startswith("a.parquet:1: messages[1].role: expected one of system,")
    assert run("encode", "--option", 'speakers={"wizard": "assistant"}', "a.parquet").code == 0


def test_a_preference_is_two_conversations(run: Callable[..., Result]) -> None:
    pair = {"prompt": "2+2?", "chosen": "4", "rejected": "5"}
    code, out, _ = run("count", "-", data=json.dumps(pair))
    assert (code, out) == (0, [str(len(IDS))] * 2)


def test_policies_and_roles(run: Callable[..., Result]) -> None:
    data = json.dumps({"messages": [ASKED, {"role": "tool", "content": "4"}]})
    named = run("encode", "--role", "tool=assistant", "-", data=data)
    assert named == Result(0, [str(IDS)], [])
    assert (
        run("count", "--option", "repeated_roles=refuse", "-", data=json.dumps(ROWS[3])).code == 0
    )
    assert run("count", "--from", "alpaca", "-", data=json.dumps(CHAT)).err == [
        "<stdin>:1: instruction: expected text, found nothing"
    ]


def test_what_is_not_written_is_told_once(run: Callable[..., Result]) -> None:
    row = json.dumps({**CHAT, "tools": [TOOL]})
    for command in COMMANDS:
        code, _, [note] = run(command, "-", data=f"{row}\n{row}\n")
        assert code == 0
        assert note.startswith(f"chatfmt {command}: note: tool definitions are not written: ")
        assert run(command, "--tools", "drop", "-", data=row).err == []
    [note] = run("stats", "--json", "-", data=f"{row}\n{row}\n").err
    assert note.startswith("chatfmt stats: note: tool definitions")


def test_thinking_in_a_text_is_told_where_the_format_has_a_field(
    tmp_path: Path, run: Callable[..., Result]
) -> None:
    begin, end = FIM
    said = f"<|im_start|>assistant<|im_sep|>[{begin}{{reasoning}}{end}]{{content}}<|im_end|>"
    thinking = {
        "name": "x",
        "template": {"user": "<|im_start|>user<|im_sep|>{content}<|im_end|>", "assistant": said},
        "special_tokens": ["<|im_start|>", "<|im_sep|>", "<|im_end|>", *FIM],
        "encoding": "cl100k_im",
    }
    (tmp_path / "x.json").write_text(json.dumps(thinking))
    row = json.dumps([ASKED, {"role": "assistant", "content": "<think>2 and 2</think>4"}])
    how = ("--format-file", "x.json", "-")
    code, _, [note] = run("count", *how, data=f"{row}\n{row}\n")
    assert code == 0
    assert note.startswith("chatfmt count: note: the text of an answer contains reasoning")
    assert run("count", "--option", "inline_thinking=read", *how, data=row).err == []
    assert run("count", "-", data=row).err == []


# ---- values that stand alone


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_value_is_read_as_its_row_is(row: Any) -> None:
    [(number, item)] = read_value(row)
    assert isinstance(item, Conversation)
    assert (number, [m.content for m in item.messages]) == (1, ["2+2?", "4"])
    assert [n for n, _ in read_value([row, row])] == [1, 2]


@pytest.mark.parametrize("value", [5, None, "a", {}, [5], ["a"], [[]], {"messages": 5}, [CHAT, 5]])
def test_what_is_no_conversation_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|no such field"):
        read_value(value)


def test_one_message_and_none() -> None:
    [(_, item)] = read_value(ASKED)
    assert isinstance(item, Conversation)
    assert len(item.messages) == 1
    assert read_value([]) == [(1, Conversation())]
    own = {"role": "assistant", "content": "", "recipient": "f", "channel": "commentary"}
    [(_, item)] = read_value([own])
    assert isinstance(item, Conversation)
    assert item.messages[0].recipient == "f"
    assert LENIENT["text_parts"] == "join"


# ---- lists of messages in files


def test_lists_of_messages_are_rows(tmp_path: Path) -> None:
    chats = [[ASKED, SAID], [ASKED]]
    expected = [[m["content"] for m in chat] for chat in chats]
    texts = {
        "a.jsonl": "".join(json.dumps(chat) + "\n" for chat in chats),
        "a.json": json.dumps(chats),
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        found = [reading.items[0] for reading in read_file(tmp_path / name)]
        assert [[m.content for m in item.messages] for item in found] == expected  # type: ignore[union-attr]
    (tmp_path / "b.json").write_text(json.dumps(chats[0], indent=1))
    [reading] = read_file(tmp_path / "b.json")
    assert [m.content for m in reading.items[0].messages] == expected[0]  # type: ignore[union-attr]
    for text, words in (
        ("[]", None),
        ('[{"role": "user", "content": "a"}, 5]', "expected an object, found '5'"),
        ('[{"role": "user", "content": "a"}, {}]', "expected an object, found a list of 2"),
        ('[{"role": "user", "content": "a"}, {"a": 1, "a": 2}]', "each key once"),
        ("[[5]]", "expected an object, found a list of 1"),
        ('[{"role": "user", "content": "a"}', "found the end of the file"),
    ):
        (tmp_path / "c.json").write_text(text)
        readings = list(read_file(tmp_path / "c.json"))
        assert (readings == []) == (words is None)
        assert all(words in str(reading.error) for reading in readings if words)
    (tmp_path / "d.json").write_text(json.dumps([ASKED] * 9))
    [row] = FILE_FORMATS["json"](tmp_path / "d.json", None, _short(100))
    assert "expected a row of at most 100 bytes" in str(row.error)


def _short(longest: int) -> Any:
    return Access(longest_row=longest)


def test_a_list_in_a_mixture_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([ASKED, SAID]))
    source = {"name": "a", "paths": ["a.json"]}
    mixture = Mixture.model_validate({"source": [source], "folder": tmp_path})
    [row] = raw_rows(mixture)
    assert json.loads(row.text or b"") == [ASKED, SAID]
    with pytest.raises(DataError):
        read_value({"a": 1})
