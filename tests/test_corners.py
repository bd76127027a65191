"""The branches of the core that no other test reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import (
    ChatTokenizer,
    IssueKind,
    Message,
    MessageStart,
    ParseError,
    get_tokenizer,
)
from formats_under_test import tokenizer_for

if TYPE_CHECKING:
    from collections.abc import Mapping

# -- sequences that no format of the table gives ----------------------------------------------


def line(name: str) -> tuple[ChatTokenizer, Mapping[str, int]]:
    tok = tokenizer_for(name)
    return tok, tok.encoding.special_tokens


def test_a_message_may_begin_with_its_content_and_be_empty() -> None:
    tok, ids = line("first")
    chat = (Message(role="user"), Message(role="assistant"))
    assert tok.encode(chat) == [ids["<e>"], ids["<s>"], ids["<e>"]]
    assert tok.decode([ids["<e>"], ids["<s>"], ids["<e>"]]).messages == chat


def test_where_there_is_one_role_all_is_its() -> None:
    tok, ids = line("alone")
    chat = (Message(role="assistant"), Message(role="assistant", content="a"))
    assert tok.decode(tok.encode(chat)).messages == chat
    assert tok.encode(chat)[0] == ids["<e>"]


def test_behind_a_header_that_breaks_off_any_closing_token_will_do() -> None:
    tok, ids = line("thinks")
    start, wrong = tok.encoding.encode_ordinary("user"), tok.encoding.encode_ordinary("?")
    found = [ids["<s>"], *start, ids["<m>"], *wrong, ids["<e>"]]
    read = tok.parse(found, strict=False)
    assert read.conversation.messages == (Message(role="user", content="?"),)
    assert [(issue.kind, issue.position) for issue in read.issues] == [
        (IssueKind.MALFORMED_HEADER, 3)
    ]


def test_headers_of_one_beginning_part_where_they_differ() -> None:
    tok, ids = line("apart")
    chat = (Message(role="user", content="a"), Message(role="assistant", content="b"))
    assert tok.decode(tok.encode(chat)).messages == chat
    [header] = tok.encoding.encode_ordinary("z")
    assert tok.parse([ids["<s>"], header, ids["<m>"]], strict=False).conversation.messages == ()


@pytest.mark.parametrize("token", ["<m>", "<z>", "<s>"])
def test_what_breaks_off_before_its_text_belongs_to_nobody(token: str) -> None:
    tok, ids = line("gap")
    found = [ids["<s>"], *tok.encoding.encode_ordinary("x "), ids[token]]
    with pytest.raises(ParseError) as error:
        tok.parse(found)
    assert (error.value.kind, error.value.position) == (IssueKind.UNEXPECTED_SPECIAL, 3)
    read = tok.parse(found, strict=False)
    assert read.conversation.messages == ()
    assert (read.issues[0].kind, read.issues[0].position) == (IssueKind.UNEXPECTED_SPECIAL, 3)


def test_a_token_goes_on_where_the_model_begins_to_write() -> None:
    tok, ids = line("joined")
    encode = tok.encoding.encode_ordinary
    assert len(encode("getElement")) == 1
    joined = [ids["<s>"], *encode("getElement to=x"), ids["<m>"], ids["<e>"]]
    assert tok.decode(joined).messages == (Message(role="assistant", recipient="x"),)
    read = tok.parse(joined)
    assert read.conversation.messages == (Message(role="assistant", recipient="x"),)
    assert [(issue.kind, issue.position) for issue in read.issues] == [
        (IssueKind.STRADDLING_TOKEN, 1)
    ]
    assert [span.start for span in read.spans if span.generated] == [2, 5]


def test_a_sequence_may_come_in_any_two_parts() -> None:
    chat = [
        Message(role="user", content="Weather?"),
        Message(role="assistant", recipient="functions.f", channel="commentary", content="{}"),
    ]
    tok = tokenizer_for("harmony")
    whole = tok.render(chat)
    for cut in range(len(whole.ids) + 1):
        parser = tok.stream(role=None)
        events = [*parser.feed_all(whole.ids[:cut]), *parser.feed_all(whole.ids[cut:])]
        events += parser.close()
        assert (parser.messages, parser.spans) == (chat, whole.spans)
        assert sum(isinstance(event, MessageStart) for event in events) == 2


# -- small things -----------------------------------------------------------------------------


def test_half_a_character_is_no_text_yet() -> None:
    tok = get_tokenizer("gpt-4o")
    halves = tok.encoding.encode_ordinary("🦉")
    assert len(halves) > 1
    assert list(tok.stream().texts(halves)) == ["🦉"]
    assert list(tok.stream().texts(halves[:1])) == ["\ufffd"]
    assert list(tok.stream().texts([])) == []
