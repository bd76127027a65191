"""A prompt, with or without the beginning of a reply, is a prefix of the finished conversation."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, RenderError, ToolCall
from chatfmt.wire.prompts import end_of_closer
from letters import row
from rows import fits, plain, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES: dict[str, tuple[str | list[str], list[str]]] = {
    "optional": ("<s>ai<m>{^}[<z>{reasoning}<z>]{content}<e>", []),
    "opened": ("<s>ai<m>[<z>{^}{reasoning}<z>]{content}<e>", []),
    "closer": ("<s>ai<m>{^}[think {reasoning}]/think {content}<e>", ["/think "]),
    "needed": ("<s>ai<m>{^}so {reasoning}<z>{content}<e>", []),
    "said": ("<s>ai<m>{^}[<z>{reasoning}<z>][say {content}]<e>", []),
    "closed": ("<s>ai<m>{^}[think {reasoning}]/think [say {content}]<e>", ["/think "]),
    "calling": ("<s>ai<m>{^}[<z>{reasoning}<z>][say {content}][<m>{call:json n, a}]*<e>", []),
    "told": (
        ["<s>ai<m>not <z>{^}{content}<e>", "<s>ai<m>{^}<z>{reasoning}<z>{content}<e>"],
        [],
    ),
    "ended": ("<s>ai<m>{^}[<z>{reasoning}<z>][{content}\n]<e>", ["\n"]),
}
"""Lines, with the fences that they need."""
ADDRESSED = {"gpt-oss", "muse-glimmer"}
"""Where the header of a text says more than is known of it when it is prompted."""
CONTENTS = ("", "x", "say", "\n x", "/", "<z>\u00e9")
REASONINGS = (None, "", "r", "\nhm", "think ")


def tokenizer_of(name: str) -> ChatTokenizer:
    """That of a row of the table, or of a line above."""
    if name in FORMAT_ROWS:
        return tokenizer(name)
    line, fences = LINES[name]
    return row({"user": "<s>user<m>{content}<e>", "assistant": line}, fences=fences)


def replies(tok: ChatTokenizer) -> Iterator[Message]:
    """What the row can carry of messages in each line of its speakers, with several texts."""
    for role in tok.format.prompted:
        for line in tok.format.lines_of[role]:
            message = plain(role, line)
            call = ToolCall(name="f", arguments="{}", id="functions.f:0")
            more = {"tool_calls": (call,)} if message.tool_calls else {}
            for content, reasoning in product(CONTENTS, REASONINGS):
                texts = {"content": content, "reasoning": reasoning}
                made = message.model_copy(update={**texts, **more})
                try:
                    tok.encode([made])
                except RenderError:
                    continue
                yield made


def prompt_for(tok: ChatTokenizer, reply: Message, **how: Any) -> list[int] | None:
    """The prompt, with the name of the reply where it has a place for one; None without any."""
    for name in (reply.name, None):
        try:
            return tok.encode_prompt([], role=reply.role, name=name, **how)
        except RenderError:
            continue
    return None


def begins(tok: ChatTokenizer, prompt: list[int] | None, reply: Message) -> bool:
    return prompt is not None and tok.encode([reply])[: len(prompt)] == prompt


BOTH = pytest.mark.parametrize("name", [*LINES, *FORMAT_ROWS])


@BOTH
def test_the_own_prompt(name: str) -> None:
    tok = tokenizer_of(name)
    fitting = [reply for reply in replies(tok) if fits(tok.format, reply)]
    assert fitting
    for reply in fitting:
        own = prompt_for(tok, reply)
        assert begins(tok, own, reply)
        opened = own == prompt_for(tok, reply, thinking=True)
        field = "reasoning" if opened else "content"
        text = getattr(reply, field)
        if text and not reply.tool_calls and (opened or reply.reasoning is None):
            for stop in (1, len(text)):
                begun = prompt_for(tok, reply, prefill=text[:stop])
                assert begins(tok, begun, reply) or (begun is None and name in ADDRESSED)


@BOTH
def test_a_prompt_that_opens_the_reasoning(name: str) -> None:
    tok = tokenizer_of(name)
    for reply in replies(tok):
        if reply.reasoning is None:
            continue
        prompt = prompt_for(tok, reply, thinking=True)
        assert begins(tok, prompt, reply)
        for stop in {1, len(reply.reasoning)} if reply.reasoning else ():
            prefill = reply.reasoning[:stop]
            assert begins(tok, prompt_for(tok, reply, thinking=True, prefill=prefill), reply)


@BOTH
def test_a_prompt_that_writes_the_reasoning_closed(name: str) -> None:
    tok = tokenizer_of(name)
    answers = [reply for reply in replies(tok) if not reply.reasoning]
    first = prompt_for(tok, answers[0], thinking=False) if answers else None
    if first is None:  # there is no reasoning
        assert all(reply.reasoning is None for reply in replies(tok))
        return
    lines = [line for role in tok.format.prompted for line in tok.format.lines_of[role]]
    alone = any(line.is_silent or end_of_closer(line.pieces) is not None for line in lines)
    silent = [reply for reply in answers if reply.reasoning == (None if alone else "")]
    assert silent
    for reply in silent:
        prompt = prompt_for(tok, reply, thinking=False)
        assert begins(tok, prompt, reply)
        for stop in {1, len(reply.content)} if reply.content else ():
            prefill = reply.content[:stop]
            assert begins(tok, prompt_for(tok, reply, thinking=False, prefill=prefill), reply)
