"""`chatfmt check` where tools decide how arguments are read."""

from __future__ import annotations

import json

from chatfmt import Conversation
from chatfmt.commands.check import broken_law
from rows import tokenizer

SCHEMA = {"type": "object", "properties": {"zip": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
CALL = {"type": "function", "function": {"name": "f", "arguments": json.dumps({"zip": "10115"})}}


def test_a_string_that_spells_a_number_comes_back_where_a_tool_says_so() -> None:
    messages = [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [CALL]}]
    tok = tokenizer("qwen-3-coder")
    chat = Conversation.model_validate({"messages": messages, "tools": [TOOL]})
    assert broken_law(tok, chat) is None
    assert tok.decode(tok.encode(chat)) != tok.format.on_wire(chat)  # without the tool it does not
