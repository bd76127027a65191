"""Transcripts as shown to people: every token once, every text exactly, and nothing harmful."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from chatfmt.cli import main
from chatfmt.show import TINTS, blocks, print_transcript, signs, stylesheet, to_html, totals
from chatfmt.show.terminal import paint
from chatfmt.show.walk import pieces
from formats_under_test import FORMATS, tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from rich.text import Text

    from chatfmt import Transcript

HEADLINE = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "2+2 = 4"},
    {"role": "user", "content": "What if it was *?"},
    {"role": "assistant", "content": "2*2 = 4, same as 2+2!"},
]
# Metacharacters, every control, direction overrides, noncharacters, what is no plain text to HTML.
HOSTILE = (
    "<script>alert(1)</script> &amp; &#0; &lt \"quotes' `ticks` <!-- --> ]]> <|im_end|>\n\n\t"
    + "".join(map(chr, range(0xA0)))
    + "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    + "\ufdd0\ufffe\uffff\U0001fffe\U0010ffff\ufffd"
    + "🤷🏽\u200d♂️ 你好 e\u0301 שלום\r\n end"
)
TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [HOSTILE, "🤷🏽", "\r\n"]
)


def transcript_of(*contents: str, format: str = "gpt-4o") -> Transcript:
    return tokenizer_for(format).render([{"role": "user", "content": text} for text in contents])


def plain(transcript: Transcript, **options: bool) -> str:
    file = io.StringIO()
    print_transcript(transcript, file=file, **options)
    return file.getvalue()


# ---- the walk


@settings(deadline=None)
@given(st.lists(TEXT, max_size=3), st.sampled_from(FORMATS))
def test_the_pieces_hold_every_id_once_and_every_text_exactly(
    contents: list[str], format: str
) -> None:
    transcript = transcript_of(*contents, format=format)
    found = list(pieces(transcript))
    assert [token for piece in found for token in piece.ids] == transcript.ids
    assert [weight for p in found for weight in [p.weight] * len(p.ids)] == transcript.weights()
    for index, content in enumerate(contents):
        own = [p for p in found if (p.message, p.part) == (index, "content")]
        assert "".join(piece.text for piece in own) == content
        assert b"".join(data for piece in own for data in piece.data) == content.encode()
        assert all(piece.kind == "text" for piece in own)
        # As few tokens as can be: none but the last ends a character.
        assert not any(b"".join(p.data[:n]).decode(errors="ignore").encode() == b"".join(p.data[:n])
                       for p in own for n in range(1, len(p.data)))  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.integers(-3, 70) | st.sampled_from([200264, 200265, 200266, 1428, 50378])))
def test_whatever_the_ids_are_each_is_shown_once(ids: list[int]) -> None:
    transcript = tokenizer_for("gpt-4o").parse(ids, strict=False)
    assert [token for piece in pieces(transcript) for token in piece.ids] == ids
    page = html5lib.HTMLParser(strict=True).parse(to_html(transcript))
    assert [int(node.attrib["data-id"]) for node in page.iter() if "data-id" in node.attrib] == ids
    assert plain(transcript).count("\n") >= len(transcript.issues)


def test_blocks_are_messages_and_what_stands_outside_of_any() -> None:
    transcript = tokenizer_for("llama-3").render(HEADLINE)
    transcript.prompt()
    shown = blocks(transcript)
    assert [block.label for block in shown] == ["prologue", *["user", "assistant"] * 2, "assistant"]
    assert sum(block.tokens for block in shown) == len(transcript.ids)
    assert totals(shown)["prologue"] == 1
    assert shown[-1].trained == 0
    assert sum(block.trained for block in shown) == sum(map(bool, transcript.weights()))


def _broken() -> Transcript:
    """Half a character, an id that the encoding does not have, and half a character at the end."""
    tok = tokenizer_for("gpt-4o")
    half, _ = tok.encoding.encode_ordinary("🤷")
    ids = [*tok.encode([{"role": "user", "content": "hi"}])[:-1], half, 200265, 999_999, half]
    return tok.parse(ids, strict=False)


def test_ids_that_are_no_text_are_pieces_of_their_own() -> None:
    assert [(piece.kind, piece.text, piece.part) for piece in pieces(_broken())][4:] == [
        ("text", "\ufffd", "content"),
        ("special", "<|im_end|>", "end"),
        ("unknown", "", "stray"),
        ("text", "\ufffd", "stray"),
    ]


# ---- signs


@given(text=TEXT, whitespace=st.booleans())
def test_signs_lose_nothing_and_let_nothing_act(*, text: str, whitespace: bool) -> None:
    runs = signs(text, whitespace=whitespace)
    assert "".join(run for run, _ in runs) == text
    for run, sign in runs:
        if sign is None:
            assert not any(
                (unicodedata.category(char) == "Cc" and char not in "\t\n")
                or unicodedata.bidirectional(char) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI"}
                for char in run
            )
            assert not (whitespace and re.search(r"[\s\u200b\u200d\ufe0f]", run))
        else:
            assert len(run) == 1
            assert sign.isprintable()


# ---- plain text


def test_plain_text_has_bars_between_tokens() -> None:
    assert plain(tokenizer_for("gpt-4o").render(HEADLINE[:2])) == (
        "user 11 tokens\n"
        "  <|im_start|>│user│<|im_sep|>│What│ is│ │2│+│2│?│<|im_end|>\n\n"
        "assistant 10 tokens\n"
        "  <|im_start|>│assistant│<|im_sep|>│2│+│2│ =│ │4│<|im_end|>\n\n"
        "21 tokens · user 11 · assistant 10\n"
    )


def test_ids_and_weights_stand_in_columns() -> None:
    shown = plain(tokenizer_for("gpt-4o").render(HEADLINE[1:2]), ids=True, weights=True)
    assert "assistant 10 tokens · trained 7\n" in shown
    assert "    200264     0  <|im_start|>\n" in shown
    assert "       314     1  ·=\n" in shown
    assert "    200265     1  <|im_end|>\n" in shown


def test_a_shared_character_shows_the_bytes_of_its_tokens() -> None:
    assert "│🤷[f0 9f a4][b7]│" in plain(transcript_of("🤷"))
    shown = plain(transcript_of("🤷"), ids=True)
    assert "            🤷\n     50378  [f0 9f a4]\n       115  [b7]\n" in shown


def test_no_text_reaches_the_terminal_as_an_escape_sequence() -> None:
    for options in ({}, {"ids": True}, {"whitespace": True}, {"weights": True}):
        shown = plain(transcript_of(HOSTILE), **options)
        assert not [c for c in shown if unicodedata.category(c) == "Cc" and c not in "\t\n"]
        assert not {"\u202e", "\u2067", "\u2028"} & set(shown)


def test_what_is_wrong_is_shown_and_said() -> None:
    transcript = _broken()
    *shown, first, second, third = plain(transcript).splitlines()
    assert "  <|im_start|>│user│<|im_sep|>│hi│\ufffd│<|im_end|>" in shown
    assert "  [id 999999]│\ufffd" in shown
    assert [first, second, third] == list(map(str, transcript.issues))


def test_without_the_library_for_colours_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = plain(transcript_of("2+2?"))
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert plain(transcript_of("2+2?")) == expected


def test_what_the_file_cannot_encode_is_written_as_an_escape() -> None:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_transcript(transcript_of("é"), file=file)
    file.flush()
    assert b"\\u2502\\xe9\\u2502" in raw.getvalue()


# ---- colours


def _contrast(first: str, second: str) -> float:
    """WCAG 2.2's contrast ratio."""

    def luminance(colour: str) -> float:
        channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_every_colour_can_be_read() -> None:
    for tint in TINTS.values():
        assert all(_contrast("#1b1f24", shade) >= 4.5 for shade in tint.light)
        assert all(_contrast("#eceef1", shade) >= 4.5 for shade in tint.dark)
        assert _contrast(tint.light_ink, "#ffffff") >= 4.5
        assert _contrast(tint.dark_ink, "#1b1e22") >= 4.5
        # The shades differ, or there would be no boundaries.
        assert _contrast(*tint.light) > 1.1
        assert _contrast(*tint.dark) > 1.1


def _painted(transcript: Transcript, width: int, **options: bool) -> list[Text]:
    chosen = {"ids": False, "whitespace": False, "weights": False} | options
    return list(paint(blocks(transcript), width, **chosen))


def _columns(text: str) -> int:
    """What the text takes where each token is drawn by itself: a skin tone, too, then."""
    return cell_len(text) + 2 * text.startswith(tuple("🏻🏼🏽🏾🏿"))


@settings(deadline=None)
@given(text=TEXT, width=st.integers(8, 40), whitespace=st.booleans())
def test_painted_lines_fit_the_terminal(*, text: str, width: int, whitespace: bool) -> None:
    transcript = transcript_of(text)
    for ids in (False, True):
        for line in _painted(transcript, width, whitespace=whitespace, ids=ids)[1:-1]:
            # Token by token: terminals do not agree on the width of what spans two of them.
            tokens = line.divide([span.start for span in line.spans])
            assert sum(_columns(token.plain) for token in tokens) <= width


def test_nothing_is_lost_where_lines_break() -> None:
    text = "a b  c" + " " * 200 + "word " * 40 + "你好" * 40
    line = "".join(line.plain for line in _painted(transcript_of(text), 40)[1:-2])
    assert line == f"<|im_start|>user<|im_sep|>{text}<|im_end|>"


def test_words_stay_whole_where_they_fit() -> None:
    lines = _painted(transcript_of("unbelievable tokenization, " * 8), 50)
    assert not any(line.plain.endswith(("unbel", "token", "tokenization")) for line in lines)


def test_the_tokens_of_one_character_stand_together_above_their_ids() -> None:
    _, above, below, *_ = _painted(transcript_of("🤷"), 80, ids=True)
    assert above.plain == "<|im_start|> user <|im_sep|> 🤷 [f0 9f a4] [b7] <|im_end|>"
    # A wide character is two columns and one index.
    assert [below.plain.index(number) for number in ("50378", "115", "200265")] == [32, 43, 48]
    own = [span for span in above.spans if span.style == f"#eceef1 on {TINTS['user'].dark[1]}"]
    bar = "".join(above.plain[span.start : span.end] for span in own)
    assert bar == "🤷 [f0 9f a4] [b7]"


def test_what_is_wider_than_the_terminal_goes_on_in_the_next_line() -> None:
    shown = [line.plain for line in _painted(transcript_of("unbelievable\n🏽"), 8, ids=True)][1:-2]
    assert max(map(cell_len, shown)) <= 8
    assert shown[:3] == ["<|im_sta", "200264", "rt|>"]
    assert not any("\n" in line for line in shown)


def test_what_belongs_to_no_message_stands_out() -> None:
    styles = {
        line.plain[span.start : span.end]: span.style
        for line in _painted(_broken(), 80)
        for span in line.spans
    }
    assert styles["[id 999999]"] not in {styles["hi"], styles["user"], styles["<|im_end|>"]}


def _in_a_terminal(**environment: str) -> bytes:
    """What is printed where standard output is a terminal of 80 columns."""
    code = (
        "import chatfmt; from chatfmt.show import print_transcript as show;"
        "show(chatfmt.get_tokenizer('gpt-4o').render([{'role': 'user', 'content': '2+2?'}]))"
    )
    inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    main, terminal = pty.openpty()
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", code],
        stdout=terminal,
        stdin=terminal,
        env=inherited | {"TERM": "xterm-256color", "COLUMNS": "80"} | environment,
    ) as process:
        os.close(terminal)
        printed = b""
        try:
            while chunk := os.read(main, 65536):
                printed += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
        assert process.wait(300) == 0
    os.close(main)
    return printed


def test_totals_are_wrapped_between_words() -> None:
    printed = re.sub(rb"\x1b\[[0-9;]*m", b"", _in_a_terminal(COLUMNS="20")).decode()
    assert "8 tokens · user 8" in printed.splitlines()
    printed = re.sub(rb"\x1b\[[0-9;]*m", b"", _in_a_terminal(COLUMNS="14")).decode()
    assert printed.splitlines()[-2:] == ["8 tokens · ", "user 8"]


def test_a_terminal_has_colours_unless_it_is_told_otherwise() -> None:
    assert b"\x1b[" in _in_a_terminal()
    for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        printed = _in_a_terminal(**environment)
        assert b"\x1b" not in printed
        assert "<|im_sep|>│2│+│2│?".encode() in printed


# ---- HTML


def _parse(page: str) -> Element:
    """The page, by a parser that refuses whatever the HTML standard calls an error."""
    root: Element = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page)
    return root


def _text(node: Element) -> str:
    """Text as a reader of the page would have it back: signs count as what they stand for."""
    if node.tag == "i":
        own = chr(int(node.attrib["data-char"], 16))
    else:
        own = (node.text or "") + "".join(map(_text, node))
    return own + (node.tail or "")


def _contents(page: Element) -> Iterator[str]:
    for tokens in page.iter("pre"):
        if tokens.attrib["class"] == "tokens":
            yield "".join(_text(t) for t in tokens if "part-content" in t.attrib["class"].split())


@settings(deadline=None)
@given(
    st.lists(TEXT, max_size=3),
    st.fixed_dictionaries(dict.fromkeys(("ids", "whitespace", "weights"), st.booleans())),
)
def test_html_is_valid_and_has_the_text_exactly(
    contents: list[str], options: dict[str, Any]
) -> None:
    transcript = transcript_of(*contents)
    page = _parse(to_html(transcript, **options))
    assert list(_contents(page)) == contents
    shown = [int(node.attrib["data-id"]) for node in page.iter() if "data-id" in node.attrib]
    assert shown == transcript.ids


@pytest.mark.slow
def test_a_hostile_conversation_of_100_000_tokens() -> None:
    text = HOSTILE * (100_000 // len(tokenizer_for("gpt-4o").encoding.encode_ordinary(HOSTILE)) + 1)
    transcript = transcript_of(text)
    assert len(transcript.ids) > 100_000
    page = _parse(to_html(transcript))
    assert list(_contents(page)) == [text]
    assert not list(page.iter("script"))


def test_html_is_one_file_that_asks_nobody() -> None:
    page = to_html(transcript_of(HOSTILE))
    tags = {node.tag for node in _parse(page).iter()}
    assert tags == {
        *("html", "head", "meta", "title", "style", "body"),
        *("div", "section", "h2", "b", "p", "pre", "br", "span", "i"),
    }
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()


def test_a_page_says_what_is_wrong() -> None:
    transcript = _broken()
    listed = [node.text for node in _parse(to_html(transcript)).iter("li")]
    assert listed == list(map(str, transcript.issues))


def test_hovering_a_token_says_what_it_is() -> None:
    page = _parse(to_html(tokenizer_for("gpt-4o").render(HEADLINE[:2])))
    titles = [node.attrib["title"] for node in page.iter("span")]
    assert titles[1] == "id 1428 · bytes 75 73 65 72 · message 0 user · header · weight 0"
    assert titles[-2] == "id 19 · bytes 34 · message 1 assistant · content · weight 1"


def test_a_notebook_shows_a_transcript_as_html() -> None:
    shown = tokenizer_for("gpt-4o").render(HEADLINE)._repr_html_()
    assert shown.startswith("<div><style>")
    assert "49 tokens" in shown
    html5lib.HTMLParser(strict=True).parseFragment(shown, container="div")


def test_the_command_writes_a_page_of_one_conversation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(HEADLINE) + "\n")
    page = tmp_path / "page.html"
    assert main(["show", "--ids", "--html", str(page), str(rows)]) == 0
    transcript = tokenizer_for("gpt-4o").render(HEADLINE)
    assert page.read_text("utf-8") == to_html(transcript, ids=True)
    rows.write_text((json.dumps(HEADLINE) + "\n") * 2)
    assert main(["show", "--html", str(page), str(rows)]) == 1
    assert "rows.jsonl:2: expected one conversation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("colours", "light"),
    [("0;15", True), ("0;default;7", True), ("15;0", False), ("", False), (None, False)],
)
def test_a_light_terminal_gets_light_shades(
    monkeypatch: pytest.MonkeyPatch, colours: str | None, *, light: bool
) -> None:
    if colours is None:
        monkeypatch.delenv("COLORFGBG", raising=False)
    else:
        monkeypatch.setenv("COLORFGBG", colours)
    shown = blocks(tokenizer_for("gpt-4o").render(HEADLINE))
    options = {"ids": False, "whitespace": False, "weights": False}
    styles = {str(span.style) for line in paint(shown, 80, **options) for span in line.spans}
    tint = TINTS["user"]
    expected = f"#1b1f24 on {tint.light[0]}" if light else f"#eceef1 on {tint.dark[0]}"
    assert expected in styles
    assert _contrast("#1b1f24", tint.light[0]) >= 4.5


def test_a_notebook_keeps_white_space_and_shows_newlines() -> None:
    chat = [{"role": "user", "content": "a   b\n"}]
    shown = tokenizer_for("gpt-4o").render(chat)._repr_html_()
    assert shown.count('<pre class="tokens">') == 1
    assert '<i data-char="a">↵</i><br>' in shown
