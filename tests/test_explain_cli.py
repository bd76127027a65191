"""``chatfmt explain``: two files of ids, compared list by list."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chatfmt import get_tokenizer
from chatfmt.cli import main
from formats_under_test import tokenizer_for
from rows import tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from chatfmt import ChatTokenizer

    Explain: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

TOK = get_tokenizer("gpt-4o")
IDS = TOK.encode([{"role": "user", "content": " hello"}])
APART = [*IDS[:3], 220, 24912, IDS[-1]]
TOLD = [
    "a:1, b:1: the ids differ from index 3 on, in the content of message 0: "
    + str(TOK.explain(IDS, APART)).partition("message 0: ")[2].splitlines()[0],
    "  a: ' hello' <|im_end|>",
    "  b: ' ' 'hello' <|im_end|>",
]


@pytest.fixture
def explain(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Explain:
    """Run the command on the files ``a`` and ``b`` of a directory."""
    monkeypatch.chdir(tmp_path)

    def run(
        a: str, b: str, *options: str, names: tuple[str, str] = ("a", "b"), stdin: str = ""
    ) -> tuple[int, list[str], list[str]]:
        Path("a").write_text(a, "utf-8")
        Path("b").write_text(b, "utf-8")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = main(["explain", *options, *names])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


def lines(*values: object) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def test_the_same_ids_are_nothing_to_tell(explain: Explain) -> None:
    assert explain(lines(IDS, APART), lines(IDS, APART)) == (0, [], [])
    assert explain("", "") == (0, [], [])
    assert explain(lines(IDS), json.dumps(IDS, indent=1)) == (0, [], [])


def test_a_difference_is_told_with_its_lines(explain: Explain) -> None:
    assert explain(lines(IDS), lines(APART)) == (1, TOLD, [])
    code, out, err = explain(lines(IDS, IDS, IDS), lines(IDS, APART, IDS[:-1]))
    assert (code, err) == (1, [])
    assert out[:3] == [TOLD[0].replace("a:1, b:1:", "a:2, b:2:"), *TOLD[1:]]
    assert out[3].startswith("a:3, b:3: the ids differ from index 4 on, in the end of message 0: ")


def test_as_json_it_is_an_object_a_line(explain: Explain) -> None:
    code, out, err = explain(lines(IDS, IDS), lines(APART, IDS), "--json")
    assert (code, len(out), err) == (1, 1, [])
    found = TOK.explain(IDS, APART)
    assert found is not None
    assert json.loads(out[0]) == json.loads(json.dumps({"a": "a:1", "b": "b:1", **found._asdict()}))


def test_one_of_the_files_may_be_standard_input(explain: Explain) -> None:
    for names, place in ((("-", "b"), "<stdin>:1, b:1"), (("a", "-"), "a:1, <stdin>:1")):
        code, out, _ = explain(lines(IDS), lines(IDS), names=names, stdin=lines(APART))
        assert code == 1
        assert out[0].startswith(f"{place}: the ids differ from index 3 on")
    code, out, err = explain("", "", names=("-", "-"))
    assert (code, out) == (2, [])
    assert err == ["chatfmt explain: error: expected two files, found standard input for both"]


def test_a_bad_line_is_reported_and_the_pairs_stay_pairs(explain: Explain) -> None:
    code, out, err = explain(lines(IDS, "x", IDS), lines(IDS, IDS, APART))
    assert code == 1
    assert out[0].startswith("a:3, b:3: ")
    assert err == ["a:2: expected a list of ids, found the text 'x'"]
    code, out, err = explain(lines(IDS), "[1, \n")
    assert (code, out, len(err)) == (1, [], 1)
    assert err[0].startswith("b:1: expected JSON, found at character")


@pytest.mark.parametrize("more", ["a", "b"])
def test_one_list_more_is_a_difference(more: str, explain: Explain) -> None:
    a, b = (lines(IDS, *[IDS] * (name == more)) for name in ("a", "b"))
    other = "b" if more == "a" else "a"
    told = f"{more}:2: expected as many lists as in {other}, found one more"
    assert explain(a, b) == (1, [], [told])


def test_ids_need_not_be_a_conversation(explain: Explain) -> None:
    code, out, _ = explain(lines([1, -2]), lines([1, 10**30]))
    assert code == 1
    assert "(no id of the encoding: -2)" in out[1]


def test_in_another_format(explain: Explain) -> None:
    ids = tokenizer_for("gpt-3.5-turbo").encode([{"role": "user", "content": "hi"}])
    code, out, _ = explain(lines(ids), lines(ids[:-1]), "--format", "gpt-3.5-turbo")
    assert code == 1
    assert "in the tail of message 0: the text differs only in white space" in out[0]


def test_a_missing_file_is_exit_code_2(explain: Explain) -> None:
    code, out, err = explain(lines(IDS), lines(IDS), names=("a", "missing"))
    assert (code, out) == (2, [])
    assert err == ["chatfmt explain: error: missing: No such file or directory"]


CHAT = [
    {"role": "user", "content": "a"},
    {"role": "assistant", "content": "b", "reasoning": "hm"},
    {"role": "user", "content": "c"},
]


@pytest.fixture
def thinking(monkeypatch: pytest.MonkeyPatch) -> ChatTokenizer:
    """A tokenizer whose format drops thinking, which the command takes."""
    tok = tokenizer("qwq")
    monkeypatch.setattr("chatfmt.commands.explain.tokenizer", lambda _: tok)
    return tok


def test_what_a_preparation_did_is_named(explain: Explain, thinking: ChatTokenizer) -> None:
    Path("chats").write_text(lines({"messages": CHAT}, {"messages": CHAT}, "none"), "utf-8")
    prepared, given = thinking.encode(thinking.prepare(CHAT)), thinking.encode(CHAT)
    options = "--prepare", "--conversations", "chats"
    a, b = lines(prepared, prepared, prepared), lines(given, prepared, given)
    code, out, err = explain(a, b, *options)
    assert code == 1
    assert "thinking of message 1 dropped (reasoning): a is prepared, b is not" in out[0]
    assert out[3].startswith("a:3, b:3: ")
    assert "prepared" not in out[3]  # nothing is known of it
    assert "chats:3" in err[0]
    assert "prepared" not in explain(a, b)[1][0]


@pytest.mark.parametrize("options", [("--prepare",), ("--conversations", "a")])
def test_what_was_prepared_takes_two_options(explain: Explain, options: tuple[str, ...]) -> None:
    code, out, err = explain(lines(IDS), lines(IDS), *options)
    assert (code, out) == (2, [])
    assert "expected both --prepare and --conversations" in err[0]
