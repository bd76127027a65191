"""Rank files: every line is checked, and an error has the number of its line."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import tiktoken
from tiktoken.load import load_tiktoken_bpe

from broken_encodings import RANKS
from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.rank_file import is_rank_line, read_rank_file
from chatfmt.errors import EncodingError

PATTERN = r"\w+|\W"


def lines(ranks: dict[bytes, int]) -> list[bytes]:
    return [b"%s %d" % (base64.b64encode(token), rank) for token, rank in ranks.items()]


def read(data: bytes, pattern: str = PATTERN, special_tokens: Any = ()) -> tiktoken.Encoding:
    return read_rank_file(data, "mine", pattern, special_tokens)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_it_is_what_tiktoken_reads(end: bytes, last: bool, tmp_path: Any) -> None:  # noqa: FBT001
    data = end.join(lines(RANKS)) + last * end
    (tmp_path / "mine.tiktoken").write_bytes(data)
    theirs = tiktoken.Encoding(
        "other",
        pat_str=PATTERN,
        mergeable_ranks=load_tiktoken_bpe(str(tmp_path / "mine.tiktoken")),
        special_tokens={"<a>": 260, "<b>": 261},
    )
    ours = read(data, special_tokens=["<a>", "<b>"])
    assert TiktokenEncoding(ours).fingerprint == TiktokenEncoding(theirs).fingerprint
    assert ours.name == "mine"


def test_special_tokens_have_the_ids_that_are_given() -> None:
    data = b"\n".join(lines(RANKS))
    assert read(data, special_tokens={"<a>": 1000})._special_tokens == {"<a>": 1000}
    assert read(data)._special_tokens == {}
    for special, reason in [
        ({"<a>": 256}, "<a>: id 256 is taken; all from 260 on are free"),
        (["ab"], "ab is an ordinary token of mine already"),
        ("<a>", "expected a sequence of spellings"),
    ]:
        with pytest.raises(EncodingError, match=reason):
            read(data, special_tokens=special)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"YWJj", "'YWJj'"),
        (b"YWJj 7 8", "'YWJj 7 8'"),
        (b"YWJj -7", "'YWJj -7'"),
        (b"YWJj +7", r"'YWJj \+7'"),
        (b"YWJj 1_0", "'YWJj 1_0'"),
        (b"YWJj 7.0", r"'YWJj 7\.0'"),
        (b"YWJj 2147483648", "'YWJj 2147483648'"),
        (b"YWJ 7", "'YWJ 7'"),
        (b"YW*j 7", r"'YW\*j 7'"),
        (b"<unk> 7", "'<unk> 7'"),
        (b"\xff\xfe 7", "7'"),
        (b"Y" * 100_000, "'Y{100}'… "),
    ],
)
def test_a_line_of_another_kind_is_named(line: bytes, found: str) -> None:
    data = b"\n".join([*lines(RANKS)[:5], b"", line, *lines(RANKS)[5:]])
    with pytest.raises(EncodingError, match=rf"^line 7: expected a token in base 64.* {found}"):
        read(data)
    assert not is_rank_line(line)


def test_what_stands_on_two_lines_is_named() -> None:
    whole = lines(RANKS)
    with pytest.raises(EncodingError, match=r"^line 261: .* new token, found b'b', .* line 99$"):
        read(b"\n".join([*whole, b"Yg== 999"]))
    with pytest.raises(EncodingError, match=r"^line 261: .* new rank, found 98, .* line 99$"):
        read(b"\n".join([*whole, b"YWJj 98"]))


@pytest.mark.parametrize("pattern", ["(", "[a", r"\p{Nothing}"])
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(EncodingError, match=r"the split pattern .* cannot be read"):
        read(b"\n".join(lines(RANKS)), pattern)
