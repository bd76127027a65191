"""The protocol's document: up to date, and its grammar writes what the vectors hold."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from abnf import ParseError as NoMatch
from abnf import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, IssueKind, ParseError, get_format
from chatfmt.wire.spans import Part
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from pages import docs_program
from strategies import conversations, mutated
from vectors import vectors

if TYPE_CHECKING:
    from collections.abc import Iterable

DOCS = Path(__file__).resolve().parents[1] / "docs"


@functools.cache
def make_protocol() -> Any:
    return docs_program("make_protocol")


WITH_GRAMMAR = [name for name in FORMAT_ROWS if make_protocol().has_grammar(get_format(name))]


def test_generated_parts_are_up_to_date() -> None:
    made = make_protocol().made()
    for path, text in made.items():
        assert path.read_text(encoding="utf-8") == text, f"run docs/make_protocol.py: {path.name}"
    assert {*(DOCS / "formats").iterdir()} <= {*made}


def test_a_lost_mark_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected <!-- grammar"):
        make_protocol().between_marks("no marks", {"grammar": "x"})


def test_every_kind_of_error_and_part_is_told() -> None:
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    errors = text.partition("## 6. Errors")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", errors, re.MULTILINE)) == sorted(IssueKind)
    assert all(f"`{part}`" in text for part in Part.__args__)  # type: ignore[attr-defined]


# -- The grammar, read as ABNF by a library for it --------------------------------------------


class Wire(Rule):
    """The grammar's rules. Special tokens are characters here: surrogates, which no text has."""


SPECIAL = {
    spelling: chr(0xD800 + i)
    for i, spelling in enumerate(
        sorted({s for name in WITH_GRAMMAR for s in FORMAT_ROWS[name]["special_tokens"]})
    )
}


def abnf() -> str:
    text = (DOCS / "protocol.md").read_text(encoding="utf-8")
    return text.partition("```abnf\n")[2].partition("```")[0]


@functools.cache
def grammar() -> type[Wire]:
    """Every rule of the document, as it stands but for the special tokens."""

    def character(prose: re.Match[str]) -> str:
        spelled = prose[0] if prose[0] in SPECIAL else prose[0][1:-1]
        return f"%x{ord(SPECIAL[spelled]):X}"

    Wire.load_grammar(re.sub("<[^>]+>", character, abnf()))
    return Wire


def matches(format_name: str, ids: Iterable[int]) -> bool:
    encoding = encoding_for(format_name)
    spellings = {token: spelling for spelling, token in encoding.special_tokens.items()}
    runs, run = [], bytearray()
    try:
        for token in ids:
            if token in spellings:
                runs += [run.decode(), SPECIAL[spellings[token]]]
                run = bytearray()
            else:
                run += encoding.token_bytes(token)
        runs.append(run.decode())
        grammar()(re.sub("[^a-z0-9]", "-", format_name)).parse_all("".join(runs))
    except (KeyError, UnicodeDecodeError, NoMatch):  # no id, no special token of a line, no text
        return False
    return True


def test_the_grammar_defines_every_rule_that_it_names() -> None:
    defined = re.findall("^([a-z0-9-]+) =", abnf(), re.MULTILINE)
    assert len(set(defined)) == len(defined)
    assert {rule.name for rule in grammar().rules()} == set(defined)  # type: ignore[no-untyped-call]


def test_the_grammar_has_what_can_be_read_and_nothing_else() -> None:
    seen = {True: 0, False: 0}
    for kind in ("conversation", "reading", "prompt", "malformed"):
        for parameter in vectors(kind):
            [vector] = parameter.values
            if vector["format"] in WITH_GRAMMAR:
                readable = kind in ("conversation", "reading")
                assert matches(vector["format"], vector["ids"]) is readable, vector["id"]
                seen[readable] += 1
    assert min(seen.values()) > 150


@pytest.mark.parametrize("name", [name for name in WITH_GRAMMAR if name in FORMATS])
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_decoder_reads_what_the_grammar_has(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    ids = tok.encode(data.draw(conversations(name, max_messages=2)))
    assert matches(name, ids)
    damaged = data.draw(mutated(ids, tok.encoding.n_vocab))
    try:
        tok.decode(damaged)
    except ParseError:
        assert not matches(name, damaged)
    else:
        assert matches(name, damaged)
