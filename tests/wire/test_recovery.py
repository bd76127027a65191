"""Lenient parsing of broken sequences: whole, token by token, and as it was before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatfmt import IssueKind, ParseError
from formats_under_test import tokenizer_for
from recovery import FILE, ids_of, read, reading

ROWS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["format"])
def test_what_is_left_of_a_broken_sequence(row: dict[str, Any]) -> None:
    tok = tokenizer_for(row["format"])
    ids = ids_of(tok, row["pieces"])
    said = {key: row[key] for key in ("messages", "issues", "spans", "events")}
    assert read(tok, ids) == said, "python tests/recovery.py writes it anew, if it is to be so"
    whole = tok.parse(ids, strict=False)
    assert [repr(message) for message in whole.conversation.messages] == said["messages"]
    parser = tok.stream(role=None)
    events = parser.feed_all(ids)
    told = reading(parser, [*events, *parser.close()])
    assert {**told, "events": []} == {**said, "events": []}
    severe = [issue for issue in whole.issues if issue.kind is not IssueKind.STRADDLING_TOKEN]
    with pytest.raises(ParseError) as error:
        tok.decode(ids)
    assert error.value.issue == severe[0]


def test_nothing_is_left_out() -> None:
    kinds = {issue.split(" ")[0] for row in ROWS for issue in row["issues"]}
    assert kinds == set(IssueKind) - {IssueKind.MALFORMED_CALL}  # none of these lines has calls
