"""A stream continues in the open result, wherever that is in its envelope."""

from __future__ import annotations

import pytest

from chatfmt import Conversation, Message, StreamParser
from chatfmt.line.formats import FORMAT_ROWS
from rows import agent, tokenizer

ROWS = [
    name
    for name, row in FORMAT_ROWS.items()
    if "each" in (row["template"].get("tool") or () if isinstance(row["template"], dict) else ())
]


def two_results(name: str) -> tuple[Conversation, int]:
    """A conversation in which two results stand side by side, and the index of the first."""
    whole = agent(tokenizer(name).format)
    spoken = [m for m in whole.messages if m.role in ("user", "assistant", "tool")]
    at = next(i for i, message in enumerate(spoken) if message.role == "tool")
    result = spoken[at]
    second = result.model_copy(update={"content": "two"})
    user = Message(role="user", content="and?")
    return Conversation(messages=(*spoken[:at], result, second, user)), at


@pytest.mark.parametrize("name", ROWS)
def test_a_stream_goes_on_with_any_result(name: str) -> None:
    tok = tokenizer(name)
    chat, first = two_results(name)
    messages = chat.messages
    ids = tok.encode(chat)
    opened = set()
    start = len(tok.encode(messages[:first]))
    for cut in range(start, len(ids), (len(ids) - start) // 10):
        begun = tok.parse(ids[:cut], strict=False, allow_open=True)
        if begun.open is None:
            continue
        opened.add(begun.open.index)
        stream: StreamParser = begun.stream()
        events = [*stream.feed_all(ids[cut:]), *stream.close()]
        assert stream.messages == list(tok.format.on_wire(chat).messages[begun.open.index :])
        assert not stream.issues
        assert {event.index for event in events} == {*range(len(stream.messages))}
    assert opened >= {first, first + 1}
