"""Messages that begin with their first call."""

from __future__ import annotations

from chatfmt import Message, ToolCall
from letters import ids_of, row

BARE = "{^}{content}[<m>{call.name}<z>{call.arguments}]*<e>"
CHAT = [
    Message(role="user", content="u"),
    Message(role="assistant", tool_calls=(ToolCall(name="f", arguments="{}"),) * 2),
    Message(role="assistant", content="c", tool_calls=(ToolCall(name="g", arguments=""),)),
]


def test_a_message_may_begin_with_its_first_call() -> None:
    tok = row({"user": "<s>{content}<e>", "assistant": BARE})
    ids = tok.encode(CHAT)
    assert ids == ids_of("<s>u<e><m>f<z>{}<m>f<z>{}<e>c<m>g<z><e>")
    assert tok.decode(ids).messages == tuple(CHAT)
    assert tok.parse(ids).spans == tok.render(CHAT).spans
    parser = tok.stream(role=None)
    for token in ids:
        parser.feed(token)
    assert parser.messages == CHAT
