"""The ends of messages: in envelopes, within scanned values, and in empty fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import IssueKind, Message, MessageEnd
from letters import in_pieces, row
from rows import ids_in, tokenizer

if TYPE_CHECKING:
    from chatfmt import Event

USER = "<s>user<m>{content}<e>"


def results(**envelope: str) -> Any:
    """A tokenizer whose results stand in an envelope, each as a string of JSON."""
    framed = {"open": "<s>tool<m>", "each": "{content:json};", "close": "<e>", **envelope}
    return row({"user": USER, "tool": framed})


def ends(events: list[Event]) -> list[tuple[int, int | None]]:
    """Which messages ended, and with which id."""
    return [(event.index, event.token) for event in events if isinstance(event, MessageEnd)]


@pytest.mark.parametrize("tok", [results(sep=", "), results(each="<z>{content:json};")])
def test_a_string_that_is_cut_off_is_not_complete(tok: Any) -> None:
    """Its message ends with what follows it, wherever else the input may stop."""
    ids = tok.encode([Message(role="tool", content='a"b')])
    [closes] = [at for at, token in enumerate(ids) if token == ord(";")][-1:]
    for cut in range(len(tok.encode([])) + 1, len(ids) + 1):
        parser = tok.stream(role=None)
        events = [event for token in ids[:cut] for event in parser.feed(token)]
        assert ends(events) == ([(0, ord(";"))] if cut > closes else [])
        parser.close()
        open_kinds = [] if cut > closes else [IssueKind.OPEN_MESSAGE]
        assert [issue.kind for issue in parser.issues] == open_kinds


@pytest.mark.parametrize("name", ["qwen-3", "granite-4"])
def test_a_message_in_an_envelope_ends_with_an_id(name: str) -> None:
    """Only one that was cut off ends with none."""
    tok = tokenizer(name)
    ids = tok.encode([Message(role="tool", content="a"), Message(role="tool", content="b")])
    [end] = ids_in(tok, "</tool_response>")
    parser = tok.stream(role=None)
    events = [event for token in ids for event in parser.feed(token)]
    assert ends(events) == [(0, end), (1, end)]
    whole = tok.stream(role=None)
    assert ends([*whole.feed_all(ids), *whole.close()]) == [(0, end), (1, end)]
    cut = tok.stream(role=None)
    content_ends = len(ids) - 1 - ids[::-1].index(ord("b"))
    events = [*cut.feed_all(ids[: content_ends + 1]), *cut.close()]
    assert ends(events) == [(0, end), (1, None)]


def opened(text: str) -> dict[str, str]:
    """A line that begins with this text, and writes nothing else if there is no content."""
    line = f"{text}[<z>{{content}}<m>]{{next}}"
    return {"line": line, "after": "start", "training_end": "<e>"}


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_message_that_is_only_text_is_ended_by_what_follows(role: str) -> None:
    """Its role is known only from that text, if no field and no token stands in it."""
    both = {"system": opened("xx"), "developer": opened("xxy"), "user": USER}
    tok = row(both, stops=["<e>"])
    for content in ("", "c"):
        said = (Message(role=role, content=content), Message(role="user", content="Hi"))
        ids = tok.encode(said)
        assert tok.decode(ids).messages == said
        assert tok.parse(ids).conversation.messages == said
        parser = tok.stream(role=None)
        for token in ids:
            parser.feed(token)
        assert parser.messages == [*said]


@pytest.mark.parametrize("reasoning", ["", "x"])
def test_a_reasoning_outside_a_group_is_there_when_it_is_empty(reasoning: str) -> None:
    tok = row("<s>{role}<m>{reasoning}<z>{content}<e>", roles={"assistant": "assistant"})
    message = Message(role="assistant", reasoning=reasoning, content="c")
    assert tok.decode(tok.encode([message])).messages == (message,)
    parser = tok.stream()
    for token in in_pieces([f"{reasoning}<z>c", "<e>"]):
        parser.feed(token)
    assert parser.messages == [message]


def test_an_end_after_text_that_cannot_be_placed_is_the_models() -> None:
    tok = tokenizer("qwen-3")
    call = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    parser = tok.stream()
    parser.feed_all(ids_in(tok, f"{call}\nx<|im_end|>"))
    assert [(span.part, span.generated) for span in parser.spans[-2:]] == [
        ("stray", False),
        ("end", True),
    ]
