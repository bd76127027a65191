"""`ChatFormat.prefix`: what stays the same when a conversation is prepared for each prompt."""

from __future__ import annotations

from itertools import combinations

import pytest

from asking import kinds, needed
from chatfmt import FORMAT_ROWS, Message, RenderError, ToolCall
from rows import tokenizer

TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "description": "d",
        "parameters": {"type": "object", "properties": {}},
    },
}
CALL = ToolCall(name="f", arguments='{"a": 1}', id="functions.f:0")


def talk(name: str) -> list[Message]:
    """Two turns with all that a row can carry, white space around."""
    can = kinds(name)

    def answer(text: str, *calls: ToolCall, after: bool = False) -> Message:
        thinks = can.thinking_after_results if after else can.thinking
        return Message(
            role="assistant",
            content=text,
            reasoning=" hm\n" if thinks else None,
            tool_calls=calls,
        )

    steps = [answer("", CALL), Message(role="tool", content="1", name="f", call_id=CALL.id)]
    turn = [
        Message(role="user", content=" hello "),
        *(steps if can.calls else ()),
        answer(" hi ", after=can.calls),
    ]
    return [Message(role="system", content="Be brief."), *turn, *turn]


def takes_tools(name: str) -> bool:
    """Whether the template does."""
    words = tokenizer(name).format.row()["prepare"]
    return all(word.get("tools", True) for word in words if word["word"] == "order")


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_the_row_says_how_long_prompts_stay_as_they_are(name: str) -> None:
    tok, chat = tokenizer(name), talk(name)
    tools = (TOOL,) if kinds(name).calls and takes_tools(name) else ()
    try:
        tok.prepare(chat, tools=tools, values=needed(name))
    except RenderError:  # the template takes no system message
        chat = chat[1:]
    points = [at for at, message in enumerate(chat) if message.role == "assistant"]
    within: set[bool] = set()
    across: set[bool] = set()
    for one, other in combinations(points, 2):
        shown, later = (
            tok.format.on_wire(tok.prepare(chat[:at], tools=tools, values=needed(name))).messages
            for at in (one, other)
        )
        said = later[len(shown)]
        kept = chat[one].reasoning is None or said.channel == "analysis" or bool(said.reasoning)
        is_same = later[: len(shown)] == shown and kept
        goes_on = all(message.role != "user" for message in chat[one:other])
        (within if goes_on else across).add(is_same)
    assert (False not in across) is (tok.format.prefix == "always")
    assert False not in within or tok.format.prefix == "never"
