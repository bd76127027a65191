"""The changes of a preparation, crossed out and added: in plain text, in colour and in HTML."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from chatfmt import Change, Message, ToolCall
from chatfmt.show import html_changes, print_changes, to_html
from chatfmt.tokenizer import get_tokenizer


def shown(*changes: Change, encoding: str = "utf-8") -> list[str]:
    data = io.BytesIO()
    file = io.TextIOWrapper(data, encoding, newline="")
    print_changes(changes, file=file)
    file.flush()
    return data.getvalue().decode(encoding).splitlines()


CALL = ToolCall(name="f", arguments='{"x": 1}')


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (" hi \n", "hi", "[-·-]hi[-·↵-]"),
        ("hi", "say hi!", "{+say·+}hi{+!+}"),
        ("", "new", "{+new+}"),
        ("gone", "", "[-gone-]"),
        ("gone", None, "[-gone-]"),
        (None, "", ""),
        (" \n", "", "[-·↵-]"),
        ("system", "developer", "[-system-]{+developer+}"),
        ("a big cat", "a fat cat", "a·[-big-]{+fat+}·cat"),
        ("one\ntwo", "one\nten", "one↵t[-wo-]{+en+}"),
        ((CALL,), (CALL.model_copy(update={"id": "f:0"}),), '{+f:0·+}f({"x": 1})'),
        (None, Message(role="user", content="a", name="Ann"), "{+user name=Ann: a+}"),
        (None, Message(role="assistant", tool_calls=(CALL, CALL)), None),
        (0.5, None, "[-0.5-]"),
    ],
)
def test_a_change_is_crossed_out_and_added(before: Any, after: Any, text: str | None) -> None:
    if text is None:
        text = '{+assistant tool_calls=f({"x": 1}), f({"x": 1}):·+}'
    assert shown(Change(3, "content", "word", before, after)) == [
        f"message 3 content: {text} (word)"
    ]


def test_the_place_is_said() -> None:
    changes = [Change(None, "message", "w", None, "a"), Change(None, "tools", "w", None, "a")]
    changes += [Change(0, "message", "w", "a", None), Change(None, "message", "w", None, "a", 2)]
    changes += [Change(None, "content", "w", "a", "ab", 2), Change(4, "content", "w", "", "b", 5)]
    assert shown(*changes) == [
        "added message: {+a+} (w)",
        "added message tools: {+a+} (w)",
        "message 0: [-a-] (w)",
        "added message at 2: {+a+} (w)",
        "added message at 2 content: a{+b+} (w)",
        "message 4 content: {+b+} (w)",
    ]
    tools = ({"type": "function", "function": {"name": "f"}}, {"name": "g"}, {"type": "odd"})
    assert shown(Change(None, "tools", "tools", tools, None)) == [
        "tool definitions, which this format leaves out: [-f, g, {'type': 'odd'}-] (tools)"
    ]
    assert shown() == []


def test_of_a_long_text_the_middle_is_left_out() -> None:
    [line] = shown(Change(0, "content", "w", "x" * 1000, "x" * 1000 + "y" * 10_000))
    assert len(line) < 300
    assert f"{'x' * 12}…{'x' * 12}{{+{'y' * 100}…{'y' * 100}+}}" in line


def test_what_acts_on_a_terminal_does_not() -> None:
    [line] = shown(Change(0, "content", "w", None, "\x1b[2J\u202e"))
    assert "\x1b" not in line
    assert "\u202e" not in line
    assert shown(Change(0, "content", "w", None, "é\n"), encoding="ascii")[0].isascii()


def test_standard_output_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    print_changes([Change(0, "content", "w", None, "a")])
    assert capsys.readouterr().out == "message 0 content: {+a+} (w)\n"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert os.environ["TERM"]
    file = Terminal()
    print_changes([Change(1, "content", "strip", " a", "a")], file=file)
    text = file.getvalue()
    assert "\x1b[9;31m·" in text  # crossed out, in red
    assert "[-" not in text


def test_html_is_escaped_and_has_no_list_where_nothing_changed() -> None:
    assert html_changes([]) == ""
    found = html_changes([Change(0, "content", "<w>", "<b>", "<b>&")])
    assert found == (
        '<ul class="changes">\n<li>message 0 content: &lt;b&gt;<ins>&amp;</ins> (&lt;w&gt;)</li>\n'
        "</ul>\n"
    )
    transcript = get_tokenizer("gpt-4o").render([{"role": "user", "content": "a"}])
    page = to_html(transcript, changes=[Change(0, "content", "strip", "a ", "a")])
    assert "<li>message 0 content: a<del>·</del> (strip)</li>" in page
    assert '<ul class="changes">' not in to_html(transcript)
