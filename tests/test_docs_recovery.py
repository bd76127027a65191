"""The protocol's document has the costs of recovery and the longest header of the code."""

from __future__ import annotations

import re
from pathlib import Path

import chatfmt
from chatfmt.wire.read import recovery

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "protocol.md").read_text("utf-8")
LENIENT = TEXT.partition("### 5.2 Lenient")[2].partition("\n## ")[0]


def test_the_table_of_moves_has_their_costs() -> None:
    told = re.findall(r"^\| (a .*|any .*) \| (\d+) \|$", LENIENT, re.MULTILINE)
    assert {move: int(cost) for move, cost in told} == {
        "a character of white space in literal text": recovery._WHITE,
        "any other character of literal text": recovery._LITERAL,
        "a special token that is not an end token": recovery._SPECIAL,
        "a field that must not be empty (except the role), if a special token follows": (
            recovery._FIELD
        ),
        "a character of white space that was read and is taken back": recovery._WHITE,
    }
    assert f"cost at most {recovery.MOST} in all" in LENIENT


def test_the_longest_header_is_the_default_of_a_format() -> None:
    told = re.search(r"`longest_header` characters \(.*?\); ([\d,]+) unless", TEXT, re.DOTALL)
    assert told
    assert int(told[1].replace(",", "")) == chatfmt.ChatFormat.longest_header
