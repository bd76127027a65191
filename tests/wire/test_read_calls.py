"""Tool calls as they are read: their events as they arrive, and text that is not a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import (
    ChatTokenizer,
    Issue,
    IssueKind,
    Message,
    MessageEnd,
    MessageStart,
    ParseError,
    ToolCall,
)
from chatfmt.wire.events import ArgumentsDelta, ToolCallAbandoned, ToolCallEnd, ToolCallStart
from letters import ids_of, row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event

BEFORE = "<s>ai<m>hi"
USER = "<s>user<m>{content}<e>"


def with_calls(item: str, **more: str) -> ChatTokenizer:
    return row({"user": USER, "assistant": f"<s>ai<m>{{^}}{{content}}[<z>{item}]*<e>"}, **more)


OBJECTS = with_calls("{call:json name, arguments}")
WITH_IDS = with_calls("{call:json name, arguments, id}")
PARTS = with_calls("{call.name}<m>{call.arguments}")
BY_ID = with_calls("{call.id}<m>{call.arguments}", call_ids="functions.{call.name}:{n}")


def events_of(tok: ChatTokenizer, text: str) -> list[Event]:
    """The events of the calls alone, one character at a time; in other pieces they say the same."""
    ids = ids_of(text)
    read: list[list[Event]] = []
    for size in (1, 3, len(ids)):
        parser = tok.stream(role=None)
        events: list[Event] = []
        for at in range(0, len(ids), size):
            events += parser.feed_all(ids[at : at + size])
        events += parser.close()
        read.append(events)
    assert joined(read[0]) == joined(read[1]) == joined(read[2])
    kinds = ToolCallStart | ArgumentsDelta | ToolCallEnd | ToolCallAbandoned
    return [event for event in joined(read[0]) if isinstance(event, kinds)]


def joined(events: Sequence[Event]) -> list[Event]:
    """Deltas of arguments that stand side by side as one; those of texts left out."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, ArgumentsDelta) and isinstance(last, ArgumentsDelta):
            assert (event.index, event.call) == (last.index, last.call)
            found[-1] = last._replace(text=last.text + event.text)
        elif isinstance(
            event,
            ToolCallStart
            | ArgumentsDelta
            | ToolCallEnd
            | ToolCallAbandoned
            | MessageStart
            | MessageEnd,
        ):
            found.append(event)
    return found


def whole(number: int, name: str, arguments: str, identifier: str | None = None) -> list[Event]:
    """The events of a call; an empty delta is none."""
    start = ToolCallStart(0, number, identifier, name)
    end = ToolCallEnd(0, number, ToolCall(name=name, arguments=arguments, id=identifier))
    return [start, *([ArgumentsDelta(0, number, arguments)] if arguments else []), end]


@pytest.mark.parametrize(
    ("tok", "call", "events"),
    [
        (OBJECTS, '{"name": "f", "arguments": {"a": [1, "}"]}}', ("f", '{"a": [1, "}"]}')),
        (OBJECTS, '{ "arguments" :{"a":1} ,\n"name":"f"}', ("f", '{"a":1}')),
        (OBJECTS, r'{"na\u006de": "\u0066\"", "arguments": {}}', ('f"', "{}")),
        (OBJECTS, r'{"name": "f", "arguments": "{\"a\": 1}"}', ("f", '{"a": 1}')),
        (WITH_IDS, '{"name": "f", "arguments": {}, "id": "c"}', ("f", "{}", "c")),
        (WITH_IDS, '{"id": "c", "name": "f", "arguments": {}}', ("f", "{}", "c")),
        (WITH_IDS, '{"name": "f", "arguments": {}}', ("f", "{}")),
        (PARTS, "f<m>{}", ("f", "{}")),
        (PARTS, "f<m>no JSON", ("f", "no JSON")),
        (PARTS, "f<m>", ("f", "")),
        (BY_ID, "functions.f:0<m>{}", ("f", "{}", "functions.f:0")),
        (BY_ID, "functions.a.b:17<m>", ("a.b", "", "functions.a.b:17")),
    ],
)
def test_a_call(tok: ChatTokenizer, call: str, events: tuple[str, ...]) -> None:
    written = f"{BEFORE}<z>{call}<e>"
    assert events_of(tok, written) == whole(0, *events)
    name, arguments, *identifier = events
    made = ToolCall(name=name, arguments=arguments, id=next(iter(identifier), None))
    message = Message(role="assistant", content="hi", tool_calls=(made,))
    assert tok.decode(ids_of(written)).messages == (message,)


def test_arguments_come_as_they_are_written_where_the_name_has_come() -> None:
    parser = OBJECTS.stream(role=None)
    before = parser.feed_all(ids_of(BEFORE + '<z>{"name": "f", "arguments": '))
    assert not [event for event in before if isinstance(event, ToolCallStart)]
    assert [event for token in ids_of('{"a"') for event in parser.feed(token)] == [
        ToolCallStart(0, 0, None, "f"),
        *[ArgumentsDelta(0, 0, character) for character in '{"a"'],
    ]


def test_arguments_that_come_before_the_name_come_with_the_call() -> None:
    parser = OBJECTS.stream(role=None)
    parser.feed_all(ids_of(BEFORE + "<z>"))
    assert parser.feed_all(ids_of('{"arguments": {"a": 1}, "name": "f"}')) == []
    [*calls, end] = parser.feed_all(ids_of("<e>"))
    assert calls == whole(0, "f", '{"a": 1}')
    assert isinstance(end, MessageEnd)


def test_several_calls() -> None:
    written = f"{BEFORE}<z>f<m>{{}}<z>g<m>1<e>"
    assert events_of(PARTS, written) == [*whole(0, "f", "{}"), *whole(1, "g", "1")]
    parser = PARTS.stream(role=None)
    parser.feed_all(ids_of(written[: written.index("<e>")]))
    calls = (ToolCall(name="f", arguments="{}"),)
    assert parser.open_content == Message(role="assistant", content="hi", tool_calls=calls)


@pytest.mark.parametrize("call", ['{"name": "f", "arguments": {"a": 1}}', "f<m>{}"])
def test_a_message_that_is_open_within_a_call_says_so(call: str) -> None:
    tok = PARTS if "<m>" in call else OBJECTS
    parser = tok.stream(role=None)
    parts = []
    for token in ids_of(f"{BEFORE}<z>{call}"):
        parser.feed(token)
        assert parser.open is not None
        parts.append(parser.open.part)
    after = len(ids_of(BEFORE))
    assert parts[after - 1] == "content"
    assert {*parts[after:]} == {"calls"}


@pytest.mark.parametrize("tok", [OBJECTS, PARTS])
def test_a_call_that_is_open_is_ended_before_the_next_message(tok: ChatTokenizer) -> None:
    call = ToolCall(name="f", arguments='{"a": 1}')
    ids = tok.encode([Message(role="assistant", content="hi", tool_calls=(call,))])
    after = ids_of("<s>user<m>x<e>")
    for cut in range(len(ids_of(BEFORE)) + 1, len(ids)):
        transcript = tok.parse(ids[:cut], strict=False, allow_open=True)
        transcript.append(Message(role="user", content="x"))
        assert transcript.ids == [*ids[:cut], *ids_of("<e>"), *after]
        assert tok.parse(transcript.ids, strict=False).spans == transcript.spans
        assert len(transcript.conversation.messages) == 2


# -- what is no call -------------------------------------------------------------------------------


def malformed(position: int, expected: str, found: str) -> Issue:
    return Issue(IssueKind.MALFORMED_CALL, position, "the call of message 0", expected, found)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("{}", 'expected the key "name" in a call, found no key'),
        ('{"name": "f"}', 'expected the key "arguments" in a call, found "name"'),
        ('{"arguments": {}}', 'expected the key "name" in a call, found "arguments"'),
    ],
)
def test_a_key_that_is_missing(call: str, found: str) -> None:
    written = f"{BEFORE}<z>{call}<e>"
    at = len(ids_of(written)) - 1
    transcript = OBJECTS.parse(ids_of(written), strict=False)
    assert transcript.conversation.messages == (Message(role="assistant", content="hi"),)
    assert transcript.issues == [malformed(at, "a tool call", found)]
    assert events_of(OBJECTS, written) == [ToolCallAbandoned(0, 0, call)]
    with pytest.raises(ParseError) as error:
        OBJECTS.decode(ids_of(written))
    assert error.value.issue == transcript.issues[0]


def test_keys_that_are_unknown_are_reported_and_the_call_stands() -> None:
    call = '{"type": "function", "name": "f", "arguments": {}, "id": 3}'
    written = f"{BEFORE}<z>{call}<e>"
    at, expected = len(ids_of(written)) - 1, "only keys of this layout in a call"
    transcript = OBJECTS.parse(ids_of(written), strict=False)
    assert transcript.issues == [
        malformed(at, expected, '"type": "function"'),
        malformed(at, expected, '"id": 3'),
    ]
    assert events_of(OBJECTS, written) == whole(0, "f", "{}")
    with pytest.raises(ParseError, match='found "type": "function"'):
        OBJECTS.decode(ids_of(written))


@pytest.mark.parametrize(
    "call",
    [
        '{"name": "f", "arguments": {"a',
        '{"name": "f',
        "{",
        '{"name": "f", "arguments": [1]}',
        '{"name": 1}',
        "{oops",
        "f(a=1)",
    ],
)
@pytest.mark.parametrize("end", ["<e>", ""])
def test_a_call_that_breaks_off_is_abandoned_with_its_text(call: str, end: str) -> None:
    written = f"{BEFORE}<z>{call}{end}"
    [*_, abandoned] = events_of(OBJECTS, written)
    assert abandoned == ToolCallAbandoned(0, 0, call)
    transcript = OBJECTS.parse(ids_of(written), strict=False)
    assert transcript.conversation.messages == (Message(role="assistant", content="hi"),)
    assert IssueKind.MALFORMED_CALL in [issue.kind for issue in transcript.issues]
    with pytest.raises(ParseError):
        OBJECTS.decode(ids_of(written))


@pytest.mark.parametrize(
    ("tok", "call", "text"),
    [
        (PARTS, "<m>{}", "<m>{}"),
        (BY_ID, "f<m>{}", "f<m>{}"),
        (BY_ID, "functions.f:x<m>{}", "functions.f:x<m>{}"),
    ],
)
def test_a_call_without_a_name(tok: ChatTokenizer, call: str, text: str) -> None:
    written = f"{BEFORE}<z>{call}<e>"
    *_, abandoned = events_of(tok, written)
    assert abandoned == ToolCallAbandoned(0, 0, text)
    issues = tok.parse(ids_of(written), strict=False).issues
    assert issues[-1].kind == IssueKind.MALFORMED_CALL
    assert issues[-1].found == "a call without a name"


def test_a_call_that_is_none_leaves_its_number_to_the_next() -> None:
    written = BEFORE + '<z>{"name": "f"}<z>{"name": "g", "arguments": {}}<e>'
    abandoned = ToolCallAbandoned(0, 0, '{"name": "f"}')
    assert events_of(OBJECTS, written) == [abandoned, *whole(0, "g", "{}")]


def test_looking_at_an_open_call_changes_nothing() -> None:
    ids = ids_of(BEFORE + '<z>{"name": "f", "arguments": {"a": 1}}<z>{"name": "g", "argu<e>')
    watched, plain = OBJECTS.stream(role=None), OBJECTS.stream(role=None)
    for token in ids:
        assert watched.feed(token) == plain.feed(token)
        assert watched.open is None or watched.open.index == 0
        assert watched.open_content is None or watched.open_content.role == "assistant"
    assert watched.close() == plain.close()
    assert (watched.messages, watched.issues) == (plain.messages, plain.issues)


def test_a_call_that_may_be_over_is_looked_at() -> None:
    tok = with_calls("{call.name}<m>{call.arguments}/end")
    parser = tok.stream(role=None)
    parser.feed_all(ids_of(BEFORE + "<z>f<m>1/en"))
    assert parser.open_content == Message(role="assistant", content="hi")  # no call is whole
    parser.feed_all(ids_of("d<e>"))
    call = ToolCall(name="f", arguments="1")
    assert parser.messages == [Message(role="assistant", content="hi", tool_calls=(call,))]


def test_a_message_of_calls_goes_on_in_a_transcript() -> None:
    whole_message = Message(
        role="assistant", content="hi", tool_calls=(ToolCall(name="f", arguments='{"a": 1}'),)
    )
    ids = OBJECTS.encode([whole_message])
    for cut in range(len(ids_of(BEFORE)), len(ids)):
        transcript = OBJECTS.parse(ids[:cut], strict=False, allow_open=True)
        copied = transcript.copy()
        saved = OBJECTS.transcript_from_dict(transcript.to_dict())
        for branch in (transcript, copied, saved):
            branch.append(whole_message)
            assert branch.ids == ids
            assert branch.conversation.messages == (whole_message,)
            assert branch.open is None
