"""Small facts worked out by hand: single cases of what the property tests check in general.

They tell changed code from correct code in no time: `make mutate` runs them.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import regex
from test_language import ACCEPTED, REFUSED, Lines, fitting, make

from chatfmt import ChatFormat, ChatTokenizer, FormatError, extend_encoding
from chatfmt.encodings import get_encoding
from chatfmt.line.fields import ALPHABETS, Alphabet
from chatfmt.line.language import (
    Field,
    Group,
    Literal,
    Special,
)
from chatfmt.line.lines import make_line, read_prologue

if TYPE_CHECKING:
    import tiktoken


def test_a_refusal_says_these_very_words() -> None:
    said = []
    for _, template, tokens, row in REFUSED:
        with pytest.raises(FormatError) as error:
            make(template, tokens, **row)
        if not isinstance(tokens, set):  # it has no order
            said.append(str(error.value))
    expected = Path(__file__).with_name("refusals.txt").read_text("utf-8").splitlines()
    assert said == expected, "a line of refusals.txt for each of REFUSED; read it before you add it"


@functools.cache
def encoding() -> tiktoken.Encoding:
    tokens = ["<s>", "<t>", "<e>", "<f>"]
    return extend_encoding(get_encoding("cl100k_im"), "by hand", tokens)


@pytest.mark.parametrize(("template", "tokens", "row"), ACCEPTED)
def test_an_accepted_line_writes_and_reads(
    template: Lines, tokens: list[str], row: dict[str, Any]
) -> None:
    made = make(template, tokens, **row)
    tok = ChatTokenizer(made, encoding())
    chat = fitting(made, [("user", "a\n"), ("assistant", "<e>"), ("user", "")])
    ids = tok.encode(chat)
    assert tok.decode(ids) == chat
    assert tok.parse(ids).spans == tok.render(chat).spans
    parser = tok.stream(role=None)
    for token in ids:
        parser.feed(token)
    assert parser.close() == []
    assert (tuple(parser.messages), parser.issues) == (chat.messages, [])


def test_an_alphabet_without_what_may_follow() -> None:
    assert Alphabet("[a-z]", "[0-9]").pattern == "[a-z][0-9]*"
    assert Alphabet("[a-z]", "[a-z]", words=("true", "a.b")).pattern == r"true|a\.b"
    narrow = Alphabet("[a-c]", r"[a-c0-9\-]", 3).without("-b?")
    matches = regex.compile(narrow.pattern, regex.V1).fullmatch
    assert narrow.most == 3
    assert list(filter(matches, ["a", "ac0", "c9"])) == ["a", "ac0", "c9"]
    assert list(filter(matches, ["", "b", "ab", "a-", "ac00", "?"])) == []
    capitals = Alphabet("[A-Z]", "[A-Z]").without("AB").pattern
    assert regex.fullmatch(capitals, "XC", regex.V1)
    assert not regex.fullmatch(capitals, "XB", regex.V1)
    assert Alphabet("[a-c]", "[a-c]").without("-?") == Alphabet("[a-c]", "[a-c]")


@pytest.mark.parametrize("start", ["content", "role"])
def test_what_may_follow_a_field_is_no_part_of_it(start: str) -> None:
    compiled = make_line(
        "<s>{role}[-{name}][_{recipient}] {channel}{content_type}<m>[({reasoning}<m>]{content}<e>",
        special_tokens=["<s>", "<m>", "<e>"],
        ends=[],
        generation_start=start,
        role=None,
        roles=["user"],
        spelling="",
        role_alphabet=ALPHABETS["role"],
        where="here",
    )
    inside = (piece.pieces if isinstance(piece, Group) else (piece,) for piece in compiled.pieces)
    fields = [piece for pieces in inside for piece in pieces if isinstance(piece, Field)]
    assert {field.name: field.alphabet for field in fields} == {
        "role": ALPHABETS["role"].without("-_"),
        "name": ALPHABETS["name"].without("_"),
        "recipient": ALPHABETS["recipient"],
        "channel": ALPHABETS["channel"],
        "content_type": ALPHABETS["content_type"],
        "reasoning": None,
        "content": None,
    }


def test_a_name_is_bounded_wherever_it_stands() -> None:
    made = make("<s>{role}[ {name}]:\n{content}<e>")
    tok = ChatTokenizer(made, encoding())
    chat = [{"role": "user", "name": "n" * 64, "content": ""}]
    assert tok.decode(tok.encode(chat)).messages[0].name == "n" * 64
    header = tok.encoding.encode_ordinary("user " + "n" * 65 + ":\n")
    special = tok.encoding.special_tokens
    [issue, *_] = tok.parse([special["<s>"], *header, special["<e>"]], strict=False).issues
    assert issue.kind == "malformed_header"


def test_the_longest_special_token_wins() -> None:
    pieces = read_prologue("<s><s>x\\[", ["<s>", "<s>x"], "here")
    assert pieces == (Special(("<s>",)), Special(("<s>x",)), Literal("["))
    assert read_prologue("a b", [], "here") == (Literal("a b"),)
    assert pieces == read_prologue("<s><s>x\\[", ["<s>x", "<s>"], "here")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{end}", "here: only special tokens and literal text are allowed here"),
        ("[ {name}]", "here: only special tokens and literal text are allowed here"),
        ("{nam}", "here: unknown field {nam}; there are role, name, recipient, channel, "),
        ("a}", "here: stray '}' at offset 1; write \\} for the character itself"),
        ("]", "here: ] without [; write \\] for the character itself"),
        ("[a", "here: [ without ]; write \\[ for the character itself"),
        ("[]", "here: an optional group needs exactly one field"),
    ],
)
def test_a_prologue_holds_no_field(line: str, said: str) -> None:
    with pytest.raises(FormatError) as error:
        read_prologue(line, ["<s>"], "here")
    assert str(error.value).startswith(said)


def test_a_line_of_one_role_knows_its_spelling() -> None:
    compiled = make_line(
        "<s>{role}[-{name}]:{content}<e>.",
        special_tokens=["<s>", "<e>"],
        ends=[],
        generation_start="role",
        role="assistant",
        roles=["assistant"],
        spelling="model",
        role_alphabet=ALPHABETS["role"],
        where="here",
    )
    start, role, begin, group, colon, content, end = compiled.pieces
    assert (start, role, colon) == (Special(("<s>",)), Literal("model"), Literal(":"))
    assert (type(begin).__name__, type(group).__name__) == ("GenerationStart", "Group")
    assert (end, compiled.tail) == (Special(("<e>",), end=True), ".")
    assert compiled.fields == {"name": False, "content": True}
    assert getattr(content, "alphabet", 0) is None
    assert isinstance(group, Group)
    _, name = group.pieces
    assert isinstance(name, Field)
    assert name.alphabet == ALPHABETS["name"].without(":")


def test_a_role_that_looks_otherwise_on_the_wire() -> None:
    made = ChatFormat(
        name="x",
        template="<s>{role} {content}<e>",
        special_tokens=["<s>", "<e>"],
        roles={"user": "Human", "assistant": "AI-2"},
    )
    tok = ChatTokenizer(made, encoding())
    chat = fitting(made, [("user", "a"), ("assistant", "b")])
    assert tok.decode(tok.encode(chat)) == chat
    assert "Human" in str(tok.encoding.token_bytes(tok.encode(chat)[1]))
