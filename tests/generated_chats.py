"""Conversations of any shape for a row, with texts that spell what the row writes."""

from __future__ import annotations

import functools
from typing import Any, Literal

from hypothesis import strategies as st

from chatfmt import Conversation, Message, ToolCall, get_format
from preparing import TOOL
from rows import ARGUMENTS, NO_OBJECTS, texts

__all__ = ["chats", "nasty", "requests"]

EDGES = ("", " ", "\n", "\n\n", "\t", "\r\n", "\u00a0", "\u200b")


@functools.cache
def nasty(name: str) -> st.SearchStrategy[str]:
    """Texts that spell what the row writes, and what its templates put in, white space around."""
    pieces = st.sampled_from([*texts(get_format(name)), *ARGUMENTS, "{date}", "{name}"])
    edge = st.sampled_from(EDGES)
    return st.just("") | st.tuples(edge, pieces | st.text(max_size=4), edge).map("".join)


@st.composite
def chats(draw: st.DrawFn, name: str) -> Conversation:
    """Turns as they come, and now and then messages in any order."""
    free = nasty(name)
    tools = ("f", "get_weather", "{n}")

    def calls() -> tuple[ToolCall, ...]:
        ids = draw(st.sampled_from(("call_{}", "functions.f:{}", "abcdefgh{}", "")))
        return tuple(
            ToolCall(
                name=draw(st.sampled_from(tools)),
                arguments=draw(st.sampled_from((*ARGUMENTS, *NO_OBJECTS[:2]))),
                id=ids.format(number) or None,
            )
            for number in range(draw(st.sampled_from((0, 0, 1, 2))))
        )

    def answer() -> list[Message]:
        made = calls()
        one = Message(
            role="assistant",
            content=draw(free),
            reasoning=draw(st.none() | free),
            tool_calls=made,
        )
        results = [
            Message(role="tool", content=draw(free), call_id=call.id, name=call.name)
            for call in made
        ]
        return [one, *results]

    messages = [Message(role="system", content=draw(free))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 3))):
        messages.append(Message(role="user", content=draw(free)))
        for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
            messages += answer()
    if draw(st.sampled_from((True, False, False, False))):
        messages = draw(st.permutations(messages))
    definitions = draw(st.sampled_from(((), (TOOL,), (TOOL, {"name": "</tools>"}))))
    return Conversation(messages=tuple(messages), tools=definitions, metadata={"source": "here"})


@st.composite
def requests(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """What else is asked for: values that the row knows, some of them missing."""
    history: Literal["published", "keep"] = draw(st.sampled_from(("published", "keep")))
    defaults = {k: v for word in get_format(name).preparation for k, v in word.names.items()}
    dates = st.dates() if "date" in defaults else st.nothing()
    values = {
        value: draw(nasty(name) | (dates if value == "date" else st.nothing()))
        for value, default in sorted(defaults.items())
        if draw(st.sampled_from((True, default is None)))
    }
    return {"history": history, "values": values}
