"""`--prepare` and its options, in every command that takes conversations."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatFormat, get_encoding
from chatfmt.cli import main
from chatfmt.tokenizer import ChatTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    Run: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

ROW: dict[str, Any] = {
    "name": "mine",
    "template": {
        "system": "<|im_start|>system<|im_sep|>{content}<|im_end|>",
        "user": "<|im_start|>user<|im_sep|>{content}<|im_end|>",
        "assistant": "<|im_start|>assistant<|im_sep|>"
        "{^}[<|endofprompt|>{reasoning}<|endoftext|>]{content}<|im_end|>",
    },
    "special_tokens": [
        *("<|im_start|>", "<|im_sep|>", "<|im_end|>", "<|endofprompt|>", "<|endoftext|>"),
    ],
    "encoding": "o200k_im",
    "prepare": [
        {"word": "order", "alternate": True},
        {"word": "reasoning", "keep": "after_last_user"},
        {"word": "strip", "roles": ["user"]},
        {
            "word": "system",
            "default": "Today is {date:%d %b}{mood}.",
            "values": {"date": None, "mood": ""},
        },
        {"word": "tools", "into": "system", "field": "content", "place": "after"},
    ],
}
CHAT = [
    {"role": "user", "content": " a "},
    {"role": "assistant", "content": "b", "reasoning": "c"},
    {"role": "user", "content": "d"},
]
TOOL = {"name": "f", "parameters": {"type": "object"}}
DATE = ("--prepare", "--value", "date=2026-11-27")
COMMANDS = ("encode", "prompt", "count", "show", "check", "stats")


def tokenizer() -> ChatTokenizer:
    return ChatTokenizer(ChatFormat(**ROW), get_encoding("o200k_im"))


def prepared(*chat: dict[str, Any], **options: Any) -> Any:
    return tokenizer().prepare(chat, values={"date": dt.date(2026, 11, 27)}, **options)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `main` in an empty directory on conversations, a line each: exit code, lines."""
    monkeypatch.chdir(tmp_path)
    Path("row.json").write_text(json.dumps(ROW), "utf-8")
    Path("tools.json").write_text(json.dumps([TOOL]), "utf-8")

    def run(*argv: str, chats: Sequence[Any] = (CHAT,)) -> tuple[int, list[str], list[str]]:
        lines = [json.dumps({"messages": c} if isinstance(c, list) else c) + "\n" for c in chats]
        Path("f.jsonl").write_text("".join(lines), "utf-8")
        command, *options = argv
        code = main([command, "--format-file", "row.json", *options, "f.jsonl"])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def test_a_conversation_is_prepared_before_it_is_encoded(run: Run) -> None:
    ids = tokenizer().encode(prepared(*CHAT))
    assert run("encode", *DATE) == (0, [str(ids)], [])
    assert run("count", *DATE) == (0, [str(len(ids))], [])
    assert run("prompt", *DATE) == (0, [str(tokenizer().encode_prompt(prepared(*CHAT)))], [])
    assert run("check", *DATE) == (0, [], [])
    code, out, _ = run("stats", *DATE, "--json")
    assert (code, json.loads(out[0])["tokens"]) == (0, len(ids))
    assert run("encode") == (0, [str(tokenizer().encode(CHAT))], [])


def test_history_tools_and_values_are_those_of_prepare(run: Run) -> None:
    options = ("--history", "keep", "--tools", "tools.json", "--value", "mood= (=)")
    found = run("encode", *DATE, *options)
    values: dict[str, Any] = {"date": dt.date(2026, 11, 27), "mood": " (=)"}
    given = tokenizer().prepare(CHAT, values=values, history="keep", tools=[TOOL])
    assert found == (0, [str(tokenizer().encode(given))], [])
    assert given.messages[2].reasoning == "c"
    Path("tools.json").write_text(json.dumps({"tools": [TOOL]}, indent=1), "utf-8")
    assert run("encode", *DATE, *options) == found


def test_thinking_is_for_prompts(run: Run) -> None:
    tok = tokenizer()
    for option, thinking in (("--thinking", True), ("--no-thinking", False)):
        expected = tok.encode_prompt(prepared(*CHAT, thinking=thinking))
        assert run("prompt", *DATE, option) == (0, [str(expected)], [])
        assert run("prompt", option) == (0, [str(tok.encode_prompt(CHAT, thinking=thinking))], [])


def test_show_says_what_was_changed(run: Run) -> None:
    code, out, _ = run("show", *DATE, "--tools", "tools.json")
    assert code == 0
    assert out[:4] == [
        "message 1 reasoning: [-c-] (reasoning)",
        "message 0 content: [-·-]a[-·-] (strip)",
        "added message at 0: {+system: Today is 27 Nov.+} (system)",
        f"added message at 0 content: Today is 27 Nov.{{+{json.dumps(TOOL)}+}} (tools)",
    ]
    assert out[4].startswith("system ")
    assert run("show")[1][0].startswith("user ")
    assert run("show", *DATE, "--html", "page.html")[:2] == (0, [])
    assert "<li>message 1 reasoning: <del>c</del> (reasoning)</li>" in Path("page.html").read_text(
        "utf-8"
    )
    run("show", "--html", "page.html")
    assert '<ul class="changes">' not in Path("page.html").read_text("utf-8")


TWICE = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]


@pytest.mark.parametrize("command", COMMANDS)
def test_what_the_template_refuses_is_reported_with_its_place(command: str, run: Run) -> None:
    code, _, err = run(command, *DATE, chats=[CHAT, TWICE])
    assert code == 1
    assert err == [
        (
            "f.jsonl:2: message 1: the template expects assistant here, because these two take "
            "turns; "
            "found user; leave out --prepare to write the conversation unchanged (format mine)"
        )
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_value_says_how_to_give_it(command: str, run: Run) -> None:
    code, _, (error,) = run(command, "--prepare")
    assert code == 1
    assert error.startswith("f.jsonl:1: the value date is needed: a datetime.date, or text")
    assert error.endswith("give it with --value date=2026-11-27 (format mine)")


def test_another_missing_value_is_named(run: Run) -> None:
    words = [{"word": "system", "default": "{mood}", "values": {"mood": None}}]
    Path("row.json").write_text(json.dumps({**ROW, "prepare": words}), "utf-8")
    code, _, (error,) = run("encode", "--prepare")
    assert code == 1
    assert "give it with --value mood=…" in error
    code, _, (error,) = run("encode", "--prepare", "--value", "mood=2026-11-27")
    assert code == 1
    assert "the value mood is text, found a date" in error


def test_tools_come_from_one_place(run: Run) -> None:
    chat = {"messages": CHAT, "tools": [TOOL]}
    assert run("encode", *DATE, chats=[chat])[0] == 0
    code, _, (error,) = run("encode", *DATE, "--tools", "tools.json", chats=[chat])
    assert code == 1
    assert error.endswith("in the file of --tools: leave --tools out")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--history", "keep"), "expected --prepare with --history, found none"),
        (("--tools", "tools.json"), "expected --prepare with --tools, found none"),
        (("--value", "date=x"), "expected --prepare with --value, found none"),
        (("--prepare", "--value", "date"), "expected --value NAME=VALUE, found 'date'"),
        (("--prepare", "--value", "=x"), "expected --value NAME=VALUE, found '=x'"),
        ((*DATE, "--value", "date=x"), "expected each value once, found 'date' twice"),
        (
            ("--prepare", "--value", "day=1"),
            "--value day: format mine has no such value; it takes date, mood",
        ),
        (
            ("--prepare", "--value", "date=2026-02-30"),
            "--value date: there is no such day as 2026-02-30",
        ),
    ],
)
def test_bad_options_are_exit_code_2(
    command: str, options: tuple[str, ...], reason: str, run: Run
) -> None:
    code, out, (error,) = run(command, *options)
    assert (code, out) == (2, [])
    assert error == f"chatfmt {command}: error: {reason}"


def test_a_format_without_values_says_so(run: Run) -> None:
    Path("row.json").write_text(json.dumps({**ROW, "prepare": []}), "utf-8")
    code, _, (error,) = run("encode", *DATE)
    assert code == 2
    assert error.endswith("--value date: format mine has no such value; it takes none")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[\n{,}]", "tools.json:2: expected JSON, found at character "),
        ('{"name": "f"}', "tools.json: tools: expected a list of definitions, found an object"),
        ('[{"name": 1}]', "tools.json: tools[0].name: expected the name of a tool, found the nu"),
        ('[{"name": "f", "parameters": {"type": "str"}}]', "tools.json: tools[0].parameters.type"),
    ],
)
def test_a_bad_file_of_tools_is_exit_code_2(text: str, reason: str, run: Run) -> None:
    Path("tools.json").write_text(text, "utf-8")
    code, _, (error,) = run("encode", *DATE, "--tools", "tools.json")
    assert code == 2
    assert reason in error


def test_a_missing_file_of_tools_is_exit_code_2(run: Run) -> None:
    code, _, (error,) = run("encode", *DATE, "--tools", "no.json")
    assert (code, error) == (2, "chatfmt encode: error: no.json: No such file or directory")
