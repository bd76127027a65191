"""The command line: `main` in this process, and the command itself where a process is needed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from chatfmt import FORMAT_ROWS, ChatFormat, ChatTokenizer, get_tokenizer
from chatfmt.cli import main
from chatfmt.commands import check
from chatfmt.commands.check import broken_law
from chatfmt.conversation import Conversation
from formats_under_test import FORMATS, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
HEADLINE = ROOT / "examples" / "headline.json"
HELLO = [{"role": "user", "content": "hello"}]
HELLO_IDS = [200264, 1428, 200266, 24912, 200265]
PROMPT_IDS = [200264, 173781, 200266]


class Result(NamedTuple):
    code: int
    out: list[str]
    err: list[str]


@pytest.fixture
def chatfmt(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    """Run `main` in an empty directory, with these bytes as standard input and as the file `f`."""

    def run(*argv: str, data: str | bytes = b"") -> Result:
        data = data.encode() if isinstance(data, str) else data
        Path("f").write_bytes(data)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        try:
            code = main(argv)
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else -1
        out, err = capsys.readouterr()
        assert out == "" or out.endswith("\n")
        return Result(code, out.split("\n")[:-1], err.split("\n")[:-1])

    monkeypatch.chdir(tmp_path)
    return run


def lines(*values: object) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


# ---- what each command prints


def test_encode_prints_the_headline(chatfmt: Callable[..., Result]) -> None:
    code, out, err = chatfmt("encode", str(HEADLINE))
    (ids,) = map(json.loads, out)
    assert (code, err) == (0, [])
    assert len(ids) == 49
    assert ids[:4] == [200264, 1428, 200266, 4827]
    assert chatfmt("count", str(HEADLINE)) == Result(0, ["49"], [])
    assert json.loads(chatfmt("prompt", str(HEADLINE)).out[0]) == ids + PROMPT_IDS
    decoded = chatfmt("decode", "-", data=lines(ids)).out
    assert [json.loads(line) for line in decoded] == [json.loads(HEADLINE.read_text("utf-8"))]


@pytest.mark.parametrize(
    "data",
    [
        lines(HELLO),
        lines({"messages": HELLO}),
        lines({"messages": HELLO, "metadata": {"source": "here"}}),
        json.dumps(HELLO),
        json.dumps(HELLO, indent=2),
        json.dumps({"messages": HELLO}, indent=2),
        "\n\n" + json.dumps({"messages": HELLO}, indent=2) + "\n\n",
        lines(HELLO).replace("\n", "\r\n"),
    ],
)
@pytest.mark.parametrize("name", ["f", "-"])
def test_one_conversation_in_every_form(
    data: str, name: str, chatfmt: Callable[..., Result]
) -> None:
    assert chatfmt("encode", name, data=data) == Result(0, [str(HELLO_IDS)], [])
    assert chatfmt("prompt", name, data=data) == Result(0, [str(HELLO_IDS + PROMPT_IDS)], [])


def test_one_line_for_each_line(chatfmt: Callable[..., Result]) -> None:
    data = lines(HELLO, [], {"messages": HELLO}, {"messages": []})
    assert chatfmt("count", "f", data=data) == Result(0, ["5", "0", "5", "0"], [])
    assert chatfmt("encode", "f", data=data).out[1] == "[]"
    assert chatfmt("decode", "f", data=lines(HELLO_IDS, [])).out == [
        '{"messages": [{"role": "user", "content": "hello"}]}',
        '{"messages": []}',
    ]


@pytest.mark.parametrize("command", ["encode", "decode", "prompt", "count", "show", "check"])
def test_an_empty_file_holds_no_conversation(command: str, chatfmt: Callable[..., Result]) -> None:
    assert chatfmt(command, "f") == Result(0, [], [])
    assert chatfmt(command, "-") == Result(0, [], [])


def test_ids_may_be_printed_over_many_lines(chatfmt: Callable[..., Result]) -> None:
    code, out, _ = chatfmt("decode", "f", data=json.dumps(HELLO_IDS, indent=1))
    assert (code, len(out)) == (0, 1)


@pytest.mark.parametrize("apart", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_lines_end_at_line_feed_alone(apart: str, chatfmt: Callable[..., Result]) -> None:
    conversation = [{"role": "user", "content": f"a{apart}b"}]
    raw = lines(conversation, conversation)
    code, out, err = chatfmt("encode", "f", data=raw)
    assert (code, len(out), err) == (0, 2, [])
    decoded = chatfmt("decode", "f", data="\n".join(out)).out
    assert [json.loads(line)["messages"] for line in decoded] == [conversation] * 2
    # What is written is split alike by tools that end lines elsewhere, too.
    assert "\n".join(decoded).splitlines() == decoded


def test_text_is_printed_as_it_is(chatfmt: Callable[..., Result]) -> None:
    content = "안녕 <|im_end|> \U0001f44b\U0001f3fd"
    ids = chatfmt("encode", "-", data=lines([{"role": "user", "content": content}])).out
    assert content in chatfmt("decode", "-", data=ids[0]).out[0]


def test_every_field_survives(chatfmt: Callable[..., Result]) -> None:
    messages = [{"role": "user", "content": "", "name": "Ann"}]
    ids = chatfmt("encode", "-", data=lines(messages)).out[0]
    assert json.loads(chatfmt("decode", "-", data=ids).out[0]) == {"messages": messages}


def test_formats_prints_every_row_with_its_source(chatfmt: Callable[..., Result]) -> None:
    code, out, err = chatfmt("formats")
    assert (code, err) == (0, [])
    assert [line for line in out if not line.startswith(" ")] == list(FORMAT_ROWS)
    text = "\n".join(out)
    for row in FORMAT_ROWS.values():
        assert row["source"] in text
    assert r"  template   <|im_start|>{role}[ name={name}]\n{^}{content}<|im_end|>\n" in out


def test_show_shows_every_token(chatfmt: Callable[..., Result]) -> None:
    code, out, err = chatfmt("show", "--ids", str(HEADLINE))
    assert (code, err) == (0, [])
    text = "\n".join(out)
    assert all(str(token) in text for token in (200264, 1428, 200266, 4827, 200265, 2684))
    assert text != "\n".join(chatfmt("show", str(HEADLINE)).out)
    assert chatfmt("show", "--weights", "--whitespace", str(HEADLINE)).code == 0


def test_other_formats(chatfmt: Callable[..., Result]) -> None:
    command = ("prompt", "--format", "gpt-3.5-turbo", "f")
    ids = [100264, 882, 198, 15339, 100265, 198, 100264, 78191, 198]
    assert chatfmt(*command, data=lines(HELLO)).out == [str(ids)]


# ---- what is wrong with a line

BAD_LINES = {
    "": "expected JSON, found nothing",
    "{": "expected JSON, found at character 2 of the line: Expecting property name",
    '[{"role": "user"} x]': "expected JSON, found at character 19 of the line: Expecting ','",
    "\ufeff[]": "expected JSON, found at character 1 of the line: a byte order mark",
    '{"messages": [], "messages": []}': (
        "expected each key once in an object, found 'messages' twice"
    ),
    '[{"role": "user", "weight": NaN}]': "expected JSON, found the constant NaN",
    '[{"role": "user", "weight": -Infinity}]': "expected JSON, found the constant -Infinity",
    '[{"role": "user", "weight": 1e999}]': "expected a number that fits a double, found 1e999",
    f'[{{"role": "user", "weight": {"1" * 5000}}}]': "expected a whole number of fewer digits",
    "[" * 100_000: "expected at most 200 levels of nesting, found more",
    "5": 'expected {"messages": [...]} or a list of messages, found the number 5',
    "null": 'expected {"messages": [...]} or a list of messages, found nothing',
    "{}": 'expected {"messages": [...]} or a list of messages, found an object without messages',
    '{"messages": 5}': "messages: expected a list of messages, found the number 5",
    '{"messages": [], "temperature": 1}': "messages: expected a list with at least one element",
    '{"message": []}': "expected the members of a known schema",
    '{"conversations": [{"from": "me", "value": "a"}]}': "conversations[0].from: expected one of",
    '["hello"]': "message 0: expected an object, found the text 'hello'",
    '[{"content": "hello"}]': "message 0: role: the field is missing",
    '[{"role": "user", "content": 3}]': "message 0: content: expected text, found the number 3",
    '[{"role": "user"}, {"role": "user", "text": "x"}]': (
        "message 1: text: there is no such field"
    ),
    r'[{"role": "user", "\n": "x"}]': r"message 0: \n: there is no such field",
    r'[{"role": "user", "\ud800": "x"}]': r"message 0: \ud800: there is no such field",
    r'[{"role": "user", "content": "\ud83d"}]': (
        "message 0: content: expected text, found the lone surrogate U+D83D at offset 0"
    ),
    '[{"role": "user", "weight": -1}]': "message 0: weight: ",
    '[{"role": "user"}, {"role": "wizard"}]': "message 1: ",
    '[{"role": "user", "name": "a b"}]': "message 0: ",
}


@pytest.mark.parametrize(("bad", "reason"), BAD_LINES.items(), ids=range(len(BAD_LINES)))
@pytest.mark.parametrize("at", [0, 1])
def test_a_bad_line_is_reported_and_the_others_are_read(
    bad: str, reason: str, at: int, chatfmt: Callable[..., Result]
) -> None:
    given = [json.dumps(HELLO), json.dumps(HELLO)]
    given.insert(at, bad)
    data = "\n".join(given) + "\n"
    for command in ("encode", "prompt", "count", "show", "check"):
        code, out, err = chatfmt(command, "f", data=data)
        assert code == 1
        assert len(err) == 1
        assert err[0].startswith(f"f:{at + 1}: {reason}")
        if command in ("encode", "prompt", "count"):
            assert len(out) == 2
    assert chatfmt("count", "-", data=data).err[0].startswith(f"<stdin>:{at + 1}: {reason}")


def test_a_render_error_names_field_and_format(chatfmt: Callable[..., Result]) -> None:
    data = lines(HELLO, [*HELLO, {"role": "wizard", "content": ""}])
    (error,) = chatfmt("encode", "f", data=data).err
    assert error.startswith("f:2: message 1: ")
    assert "wizard" in error
    assert error.endswith("(format gpt-4o)")


BAD_IDS = {
    "{}": "expected a list of ids, found an empty object",
    "[1, true]": "id 1: expected an integer, found true",
    "[1.0]": "id 0: expected an integer, found the number 1.0",
    '["1"]': "id 0: expected an integer, found the text '1'",
    "[200264, 1428, 200266, 24912]": "id 4: open message: ",
    "[24912]": "id 0: unexpected text: ",
    "[200264, 1428, 200266, 200264]": "id 3: unexpected special: ",
    "[200264, 1428, 200266, 999999999]": "id 3: out of vocabulary: ",
    f"[200264, 1428, 200266, {10**30}]": "id 3: out of vocabulary: ",
    "[-1]": "id 0: out of vocabulary: ",
    "[200264, 24912, 200266, 200265]": "id 2: unknown role: ",
}


@pytest.mark.parametrize(("bad", "reason"), BAD_IDS.items())
def test_bad_ids_are_reported_with_their_position(
    bad: str, reason: str, chatfmt: Callable[..., Result]
) -> None:
    code, out, err = chatfmt("decode", "f", data=f"{HELLO_IDS}\n{bad}\n{HELLO_IDS}\n")
    assert (code, len(out), len(err)) == (1, 2, 1)
    assert err[0].startswith(f"f:2: {reason}")
    assert "strict=" not in err[0]


def test_bytes_that_are_no_utf8_are_an_error_of_their_line(chatfmt: Callable[..., Result]) -> None:
    good = json.dumps(HELLO).encode()
    bad = b'[{"role": "user", "content": "\xff"}]'
    assert chatfmt("count", "f", data=b"\n".join([good, bad, good])) == Result(
        1, ["5", "5"], ["f:2: expected UTF-8, found byte 0xff at byte 31 of the line"]
    )
    pretty = b'[\n{"role": "user",\n"content": "\xff"}\n]'
    assert chatfmt("count", "f", data=pretty).err == [
        "f:3: expected UTF-8, found byte 0xff at byte 13 of the line"
    ]
    utf16 = json.dumps(HELLO).encode("utf-16")
    assert chatfmt("count", "f", data=utf16).code == 1


def test_a_broken_document_is_one_error_at_its_line(chatfmt: Callable[..., Result]) -> None:
    broken = json.dumps({"messages": [*HELLO, *HELLO]}, indent=2).replace('"hello"', '"hel')
    code, out, err = chatfmt("encode", "f", data=broken)
    assert (code, out, len(err)) == (1, [], 1)
    assert err[0].startswith("f:5: expected JSON, found at character 22 of the line: ")


# ---- usage


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ((), "usage: chatfmt"),
        (("nonsense",), "usage: chatfmt"),
        (("encode",), "usage: chatfmt encode"),
        (("encode", "--nonsense", "f"), "usage: chatfmt"),
        (("encode", "missing"), "chatfmt encode: error: missing: No such file or directory"),
        (("encode", "."), "chatfmt encode: error: .: Is a directory"),
        (("encode", "--format-file", "missing", "f"), "chatfmt encode: error: missing: No such"),
        (("encode", "--encoding-file", "missing", "f"), "chatfmt encode: error: missing: No such"),
        (("encode", "--encoding-file", "f", "f"), "chatfmt encode: error: f: "),
        (("encode", "--format", "gpt-4", "--format-file", "f", "f"), "usage: chatfmt encode"),
    ],
)
def test_usage_is_exit_code_2(
    argv: Sequence[str], message: str, chatfmt: Callable[..., Result]
) -> None:
    code, out, err = chatfmt(*argv)
    assert (code, out) == (2, [])
    assert err[0].startswith(message)


def test_no_arguments_print_the_help(chatfmt: Callable[..., Result]) -> None:
    err = "\n".join(chatfmt().err)
    for command in ("encode", "decode", "prompt", "count", "show", "check", "formats"):
        assert f"    {command} " in err
    assert chatfmt("--help").out == chatfmt().err


def test_an_unknown_format_says_which_are_like_it(chatfmt: Callable[..., Result]) -> None:
    code, _, (error,) = chatfmt("encode", "--format", "gpt-9", "f")
    assert code == 2
    assert f"unknown format 'gpt-9'; of the {len(FORMAT_ROWS)} in chatfmt.FORMAT_ROWS" in error
    assert "the nearest are gpt-4" in error


def test_a_format_without_an_encoding_says_what_to_bring(chatfmt: Callable[..., Result]) -> None:
    code, _, (error,) = chatfmt("encode", "--format", "chatml", "f")
    assert code == 2
    assert "<|im_start|>, <|im_end|>" in error
    assert error.endswith("--encoding-file")


# ---- a format of one's own

ROW: dict[str, Any] = {
    "name": "mine",
    "template": "<|im_start|>{role}: {content}<|im_end|>",
    "special_tokens": ["<|im_start|>", "<|im_end|>"],
    "roles": ["user", "assistant"],
    "encoding": "o200k_im",
}


def test_a_format_from_a_file(chatfmt: Callable[..., Result]) -> None:
    Path("row.json").write_text(json.dumps(ROW, indent=2), "utf-8")
    Path("row.toml").write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in ROW.items()))
    tok = ChatTokenizer(ChatFormat(**ROW), get_tokenizer("gpt-4o").encoding)
    for file in ("row.json", "row.toml"):
        code, out, _ = chatfmt("encode", "--format-file", file, "f", data=lines(HELLO))
        assert (code, out) == (0, [str(tok.encode(HELLO))])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": 5}, "name must be"),
        ({"template": ["x"]}, "template must be"),
        ({"roles": [1]}, "roles must be"),
        ({"special_tokens": "<|im_start|>"}, "special_tokens must be"),
        ({"colour": "red"}, "there is no member 'colour'"),
        ({"ends": {"<|im_end|>": "pause"}}, "{end} must be the last token"),
        ({"template": "{content}"}, "there is no {role}"),
        ({"special_tokens": ["<|im_start|>", "<|im_end|>", "<|other|>"]}, "appears nowhere"),
    ],
)
def test_a_bad_format_file_is_exit_code_2(
    change: dict[str, Any], reason: str, chatfmt: Callable[..., Result]
) -> None:
    Path("row.json").write_text(json.dumps(ROW | change), "utf-8")
    code, out, (error,) = chatfmt("encode", "--format-file", "row.json", "f", data=lines(HELLO))
    assert (code, out) == (2, [])
    assert error.startswith("chatfmt encode: error: row.json: format ")
    assert reason in error


@pytest.mark.parametrize("text", ["", "[]", "5", "{", '{"name": "a", "name": "b"}', "\xff"])
@pytest.mark.parametrize("file", ["row.json", "row.toml"])
def test_a_malformed_format_file_is_exit_code_2(
    text: str, file: str, chatfmt: Callable[..., Result]
) -> None:
    Path(file).write_text(text, "latin-1")
    code, _, (error,) = chatfmt("encode", "--format-file", file, "f")
    assert code == 2
    assert error.startswith(f"chatfmt encode: error: {file}: ")


def test_a_tokenizer_json_is_an_encoding(chatfmt: Callable[..., Result]) -> None:
    pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    untyped: Any = tokenizer
    untyped.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    untyped.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    tokenizer.save("tokenizer.json")
    options = ("--format", "chatml", "--encoding-file", "tokenizer.json")

    code, out, _ = chatfmt("encode", *options, "f", data=lines(HELLO))
    (ids,) = map(json.loads, out)
    assert (code, ids[0], len(ids)) == (0, 256, 13)
    decoded = chatfmt("decode", *options, "f", data=out[0]).out
    assert json.loads(decoded[0]) == {"messages": HELLO}
    assert chatfmt("check", *options, "f", data=lines(HELLO)) == Result(0, [], [])


def test_a_missing_extra_says_which(
    chatfmt: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    tokenizer = json.dumps({"model": {}, "added_tokens": []})
    code, _, (error,) = chatfmt("encode", "--encoding-file", "f", "f", data=tokenizer)
    assert code == 2
    assert "pip install 'chatfmt[hf]'" in error


# ---- check


class Forgetful(ChatTokenizer):
    """Breaks the law that it is told to break."""

    def __init__(self, law: str) -> None:
        sound = get_tokenizer("gpt-4o")
        super().__init__(sound.format, sound.encoding)
        self.law = law

    def decode(self, ids: Sequence[int], **options: Any) -> Conversation:
        if self.law == "open":
            ids = ids[:-1]
        found = super().decode(ids, **options)
        return Conversation(messages=found.messages[:1]) if self.law == "lost" else found

    def encode(self, conversation: Any, *, prologue: bool = True) -> list[int]:
        ids = super().encode(conversation, prologue=prologue)
        return [*ids[:1], *ids] if self.law == "prefix" and len(ids) == 5 else ids

    def encode_prompt(self, conversation: Any, **options: Any) -> list[int]:
        ids = super().encode_prompt(conversation, **options)
        return [*ids[:-1], 0] if self.law == "prompt" else ids


@pytest.mark.parametrize(
    ("law", "keys"),
    [
        ("open", {"law", "error", "ids"}),
        ("lost", {"law", "found", "ids"}),
        ("prefix", {"law", "message", "before", "ids"}),
        ("prompt", {"law", "message", "prompt", "ids"}),
    ],
)
def test_check_prints_an_object_for_a_broken_law(
    law: str, keys: set[str], chatfmt: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library keeps its laws, so something that breaks them has to be put in its place.
    monkeypatch.setattr(check, "tokenizer", lambda _: Forgetful(law))
    conversation = [*HELLO, {"role": "assistant", "content": "Hello"}]
    code, out, err = chatfmt("check", "f", data=lines(conversation, [], conversation))
    assert (code, len(out), err) == (1, 2, [])
    assert [json.loads(line).keys() for line in out] == [keys, keys]


def test_check_knows_which_replies_follow_a_prompt() -> None:
    messages = [{"role": "user", "name": "Ann"}, {"role": "assistant", "name": "Bo"}]
    addressed = {"role": "assistant", "recipient": "functions.f", "channel": "commentary"}
    for name in FORMATS:
        places = tokenizer_for(name).format.templates["assistant"].fields
        for last in ({"role": "assistant"}, addressed, messages[1]):
            if last.keys() <= places.keys() | {"role"}:
                conversation = Conversation.model_validate({"messages": [{"role": "user"}, last]})
                assert broken_law(tokenizer_for(name), conversation) is None
    to_first = ChatFormat(
        name="to-first",
        template="<|im_start|>{role}[ to={recipient}]\n{content}<|im_end|>",
        special_tokens=["<|im_start|>", "<|im_end|>"],
        roles=["user", "assistant"],
    )
    tok = ChatTokenizer(to_first, get_tokenizer("gpt-4o").encoding)
    conversation = Conversation.model_validate(
        {"messages": [{"role": "user"}, {"role": "assistant", "recipient": "f"}]}
    )
    assert broken_law(tok, conversation) is None


# ---- as a process

COMMAND = [sys.executable, "-W", "error", "-m", "chatfmt.cli"]


def test_head_may_leave(tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(lines(*[HELLO] * 30_000), "utf-8")
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, "encode", many], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == f"{HELLO_IDS}\n".encode()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_head_may_leave_when_a_line_was_bad(tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_text(lines(HELLO, "bad", *[HELLO] * 30_000), "utf-8")
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, "encode", many], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read().count(b"\n") == 1
    assert process.returncode == 1


def test_a_pipe_of_two_in_any_locale(tmp_path: Path) -> None:
    content = "안녕\u2028\x00 <|im_end|>"
    (tmp_path / "f.json").write_text(json.dumps([{"role": "user", "content": content}]), "utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"}
    encoded = subprocess.run(  # noqa: S603
        [*COMMAND, "encode", tmp_path / "f.json"],
        capture_output=True,
        check=True,
        timeout=300,
        env=environment,
    )
    decoded = subprocess.run(  # noqa: S603
        [*COMMAND, "decode", "-"],
        input=encoded.stdout,
        capture_output=True,
        check=True,
        timeout=300,
        env=environment,
    )
    assert (encoded.stderr, decoded.stderr) == (b"", b"")
    assert json.loads(decoded.stdout)["messages"] == [{"role": "user", "content": content}]


def test_the_command_loads_no_optional_library() -> None:
    optional = "{'numpy', 'pyarrow', 'rich', 'tokenizers', 'transformers', 'starlette', 'uvicorn'}"
    code = (
        "import sys; from chatfmt.cli import main; main(['formats']);"
        f"sys.exit(str({optional} & sys.modules.keys()) if {optional} & sys.modules.keys() else 0)"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: chatfmt" in capsys.readouterr().err


@pytest.mark.parametrize("buffering", [1, -1])  # while it writes, and when all is written
def test_nobody_has_to_read_to_the_end(monkeypatch: pytest.MonkeyPatch, buffering: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering, encoding="utf-8") as nobody:  # noqa: PTH123 - it has no path
        monkeypatch.setattr("sys.stdout", nobody)
        assert main(["formats"]) == 0


def test_ctrl_c_gives_the_code_that_shells_give(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(io.BytesIO):
        def readline(self, *_: Any) -> bytes:
            signal.raise_signal(signal.SIGINT)
            return b""

        __next__ = read = readinto = readline  # type: ignore[assignment]

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Interrupted()))
    monkeypatch.setattr("sys.stdout", io.StringIO())  # which cannot be told how to encode
    # A shell without job control starts what runs in the background with this signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["count", "-"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
