"""A content that is written on the wire as a JSON string."""

from __future__ import annotations

import pytest

from chatfmt import ContentDelta, IssueKind, Message, MessageEnd, MessageStart, ParseError
from chatfmt.wire.read.strings import string_so_far
from letters import ids_of, row

TOK = row({"user": "<s>user<m>{content}<e>", "tool": "<s>tool<m>{content:json}<e>"})
BEFORE = "<s>tool<m>"


@pytest.mark.parametrize(
    ("raw", "text", "is_text"),
    [
        ('""', "", True),
        (r'"a\"\n\u00e9"', 'a"\n\u00e9', True),
        ('"', "", True),
        ('"cut', "cut", True),
        (r'"cut\"', 'cut"', True),
        ('"cut\\', '"cut\\', True),
        (r'"cut\u00', r'"cut\u00', True),
        (r'"\ud800"', r'"\ud800"', False),
        (r'"\ud800', r'"\ud800', True),
    ],
)
def test_a_string_so_far(raw: str, text: str, is_text: bool) -> None:  # noqa: FBT001 - a case
    assert string_so_far(raw) == (text, is_text)


@pytest.mark.parametrize("content", ["", "x", 'say "hi"\n', "<e>", "\u00e9\U0001f989", "\\"])
def test_what_is_written_is_read_back(content: str) -> None:
    message = Message(role="tool", content=content)
    ids = TOK.encode([message])
    assert TOK.decode(ids).messages == (message,)
    for size in (1, 2, len(ids)):
        parser = TOK.stream(role=None, strict=True)
        events = [
            e for at in range(0, len(ids), size) for e in parser.feed_all(ids[at : at + size])
        ]
        delta = [ContentDelta(0, "content", content)] if content else []
        end = MessageEnd(0, message, TOK.encoding.special_tokens["<e>"])
        assert events == [MessageStart(0, "tool"), *delta, end]


def test_it_is_written_as_json() -> None:
    assert TOK.encode([Message(role="tool", content='a"\n')]) == ids_of(BEFORE + r'"a\"\n"<e>')


def test_other_spellings_are_read() -> None:
    written = ids_of(BEFORE + r'"\u0061\/"<e>')
    assert TOK.decode(written).messages == (Message(role="tool", content="a/"),)


@pytest.mark.parametrize("end", ["<e>", ""])
@pytest.mark.parametrize(
    ("raw", "content"), [('"', ""), ('"cut', "cut"), (r'"a\"', 'a"'), ('"a\\', '"a\\')]
)
def test_one_that_is_cut_off_is_read_as_far_as_it_goes(raw: str, content: str, end: str) -> None:
    written = ids_of(BEFORE + raw + end)
    parser = TOK.stream(role=None)
    parser.feed_all(ids_of(BEFORE + raw))
    assert parser.open_content == Message(role="tool", content=content)
    parser = TOK.stream(role=None)
    events = [*parser.feed_all(written), *parser.close()]
    assert parser.messages == [Message(role="tool", content=content)]
    assert [e for e in events if isinstance(e, ContentDelta)] == [
        ContentDelta(0, "content", content)
    ] * bool(content)
    [issue] = parser.issues
    assert issue.kind == (IssueKind.UNEXPECTED_SPECIAL if end else IssueKind.OPEN_MESSAGE)
    with pytest.raises(ParseError):
        TOK.decode(written)


def test_half_of_a_surrogate_pair_is_no_text() -> None:
    written = ids_of(BEFORE + r'"a\ud800"<e>')
    transcript = TOK.parse(written, strict=False)
    assert transcript.conversation.messages == (Message(role="tool", content=r'"a\ud800"'),)
    [issue] = transcript.issues
    assert issue.kind == IssueKind.UNEXPECTED_TEXT
    assert issue.expected == "a JSON string that is text, without half of a surrogate pair"
    assert issue.found == repr(r'"a\ud800"')
    with pytest.raises(ParseError) as error:
        TOK.decode(written)
    assert error.value.issue == issue


def test_one_that_is_open_goes_on_in_a_transcript() -> None:
    message = Message(role="tool", content='it said "hi"')
    ids = TOK.encode([message])
    for cut in range(len(ids_of(BEFORE)), len(ids)):
        transcript = TOK.parse(ids[:cut], strict=False, allow_open=True)
        saved = TOK.transcript_from_dict(transcript.to_dict())
        for branch in (transcript.copy(), saved):
            branch.append(message)
            assert branch.ids == ids
            assert branch.conversation.messages == (message,)


def test_one_that_is_open_is_closed_before_the_next_message() -> None:
    transcript = TOK.parse(ids_of(BEFORE + '"so'), strict=False, allow_open=True)
    transcript.append(Message(role="user", content="x"))
    assert transcript.ids == ids_of(BEFORE + '"so"<e><s>user<m>x<e>')
    assert transcript.conversation.messages[0] == Message(role="tool", content="so")
