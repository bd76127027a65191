"""Faster split patterns make the same cuts, and so the same ids, as those they replace."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from chatfmt.encodings import TiktokenEncoding, extend_encoding, get_encoding
from chatfmt.encodings.patterns import CL100K, LLAMA_3, O200K, QWEN_2, QWEN_3_5, faster
from conftest import stock_encoding

if TYPE_CHECKING:
    import tiktoken

# Each kind of character that a pattern asks for: white space with and without a new line, letters
# of each case and of none, marks, numbers, contractions and what case folding makes of them.
ALPHABET = (
    " \t\r\n\x0b\x85\u00a0\u3000'sStlL\u017feVE\u212aaZ09!?/<|"
    "é\u01c5\u02b0\u0301中ไहิ\u216b½😀\u200d\U0001d7d8"
)

# Those of GPT-2 and of others, and one of our own; and those that must stay as they are.
OTHERS = [
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    LLAMA_3,
    QWEN_2,
    QWEN_3_5,
    r"(\w)\1|\w|\s+(?!\S)|\s+|\W",
]
UNTOUCHED = [
    r"\w+|\W",
    r"\p{L}?+\w|\s+(?!\S)|\s",  # still tried one by one
    r"\p{L}+(?:a|\s+(?!\S)|b)|.",  # the look-ahead of another
    r"[a|\s+(?!\S)|b]|.",  # none at all
    r"(?i)a+|\s+(?!\S)|b|.",  # flags for what follows, too
]

texts = st.text(st.sampled_from(ALPHABET), max_size=30) | st.text(max_size=30)


def cuts(pattern: str, text: str) -> list[tuple[int, int]]:
    return [found.span() for found in regex.finditer(pattern, text, regex.V1)]


@pytest.fixture(scope="module", params=["o200k_im", "cl100k_im"])
def both(request: pytest.FixtureRequest) -> tuple[tiktoken.Encoding, tiktoken.Encoding]:
    """A bundled encoding, and tiktoken's with the pattern that everybody knows."""
    ours = get_encoding(request.param)
    return ours, stock_encoding(ours)


def check(both: tuple[tiktoken.Encoding, tiktoken.Encoding], text: str) -> None:
    ours, theirs = both
    assert ours.encode_ordinary(text) == theirs.encode_ordinary(text), repr(text)


@pytest.mark.parametrize("pattern", [O200K, CL100K, *OTHERS])
@given(text=texts)
@settings(max_examples=300)
def test_the_same_cuts(pattern: str, text: str) -> None:
    assert faster(pattern) != pattern
    assert cuts(faster(pattern), text) == cuts(pattern, text)


@pytest.mark.parametrize("pattern", [*UNTOUCHED, *map(faster, [O200K, CL100K, *OTHERS])])
def test_what_has_no_faster_form_stays(pattern: str) -> None:
    assert faster(pattern) == pattern


@given(text=texts)
@settings(max_examples=1000)
def test_the_same_ids(both: tuple[tiktoken.Encoding, tiktoken.Encoding], text: str) -> None:
    check(both, text)


def test_the_same_ids_for_all_short_texts(
    both: tuple[tiktoken.Encoding, tiktoken.Encoding],
) -> None:
    for size in (1, 2, 3):
        for characters in itertools.product(ALPHABET, repeat=size):
            check(both, "".join(characters))


@pytest.mark.slow
def test_the_same_ids_for_every_character(
    both: tuple[tiktoken.Encoding, tiktoken.Encoding],
) -> None:
    for point in range(sys.maxunicode + 1):
        if not 0xD800 <= point < 0xE000:
            c = chr(point)
            check(both, f"a{c}B {c}{c}1 {c}\n{c}'s  {c}é {c} ")


def test_an_encoding_that_is_extended_gets_the_faster_form() -> None:
    base = stock_encoding(get_encoding("cl100k_im"))
    extended = extend_encoding(base, "more", [])
    assert extended._pat_str == get_encoding("cl100k_im")._pat_str
    assert extended.encode_ordinary("I'll  go 1234") == base.encode_ordinary("I'll  go 1234")


def test_the_form_of_the_pattern_is_not_in_the_fingerprint() -> None:
    base = stock_encoding(get_encoding("cl100k_im"))
    ours = TiktokenEncoding(get_encoding("cl100k_im"))
    assert TiktokenEncoding(base).fingerprint == ours.fingerprint
