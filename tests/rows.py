"""The rows of the table over encodings whose tokens are single bytes, and what they can carry.

Over bytes each text has one sequence of ids, so only the layout is compared.
"""

from __future__ import annotations

import functools
import json
import re
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message, ToolCall
from chatfmt.line.arguments import split_arguments
from chatfmt.line.choose import mismatch
from chatfmt.line.language import Calls, Field, GenerationStart, Group, Literal
from chatfmt.wire.prompts import end_of_reasoning
from letters import bytewise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt import ChatFormat
    from chatfmt.line.lines import Line

HEADER = {
    "name": "get_weather",
    "recipient": "functions.get_weather",
    "channel": "commentary",
    "content_type": "json",
    "call_id": "abc1",
}
"""A value for each header field."""

ARGUMENTS = (
    '{"city": "Paris", "days": 2}',
    "{}",
    '{ "a":[1, {"b": null}],\n"c": "\\u00e9 \\"}\\n" }',
    '{"text": "</tool_call>\\n{\\"name\\": \\"g\\", \\"arguments\\": {}}"}',
    '{"n": -1.50e+3, "e": "\u00e9\U0001f1e8\U0001f1ed"}',
)
ONE_BY_ONE = (
    ARGUMENTS[0],
    "{}",
    '{"yes": true, "no": false, "none": null}',
    '{"n": -1.50e+3, "big": 123456789012345678901234567890, "f": 0.1}',
    '{"nested": {"a": [1, {"b": null, "c": true}], "d": "é"}, "list": [[], {}], "empty": ""}',
    '{"said": "say \\"it\'s\\" 2 \U0001f1e8\U0001f1ed", "lines": "\\n one\\n\\ttwo\\n"}',
    '{"tags": "</arg_value></parameter></function></tool_call>", "next": "<arg_key>b</arg_key>"}',
)
"""Arguments that can be written one by one, however their values are spelled."""
NO_OBJECTS = ("", "[1]", "{", '"{}"', "city=Paris")
"""What cannot stand as arguments where these are to be an object."""


@functools.cache
def tokenizer(name: str) -> ChatTokenizer:
    """The row over an encoding whose tokens are single bytes."""
    return bytewise(chatfmt.get_format(name))


def each_row(*quick: str) -> list[Any]:
    """The names of all rows, as parameters of a test; all but these are slow: rows take time."""
    quick = quick or ("gpt-4o", "gpt-oss", "qwen-3", "glm-4.5", "deepseek-v3.1", "llama-3.1")
    slow = {name: () if name in quick else (pytest.mark.slow,) for name in chatfmt.FORMAT_ROWS}
    return [pytest.param(name, marks=marks) for name, marks in slow.items()]


def spelled(tok: ChatTokenizer, ids: Sequence[int]) -> str:
    """The ids as text, special tokens as they are spelled."""
    special = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    return b"".join(
        special[token].encode() if token in special else tok.encoding.token_bytes(token)
        for token in ids
    ).decode()


def ids_in(tok: ChatTokenizer, text: str) -> list[int]:
    """The ids of a text in which special tokens are special."""
    spellings = sorted(tok.encoding.special_tokens, key=len, reverse=True)
    ids: list[int] = []
    for part in re.split(f"({'|'.join(map(re.escape, spellings))})", text):
        special = tok.encoding.special_tokens.get(part)
        ids += tok.encoding.encode_ordinary(part) if special is None else [special]
    return ids


def texts(format: ChatFormat) -> list[str]:
    """Texts that spell what the format writes, or stand at an edge of what it does."""
    fences = [fence.removeprefix("^") for fence in format.fences]
    literals = {
        text
        for lines in format.lines_of.values()
        for line in lines
        for text in re.findall(r"text='(.{1,24}?)'", str(line.pieces))
    }
    return [
        "",
        "x",
        "\n",
        "\n\n",
        "\n  indented\n",
        " \t",
        "\u00e9 \u65e5\u672c \U0001f1e8\U0001f1ed\u200b",
        "".join(format.special_tokens),
        *(f"a{token}\nb" for token in format.special_tokens),
        "<think>\nhm\n</think>\n\n",
        "</think>",
        "<tool_call>\n{}\n</tool_call>",
        '{"name": "f", "arguments": {}}',
        "<|im_start|>assistant\n",
        '"\\',
        *fences,
        *(f"a{fence}" for fence in fences),
        *(fence[: len(fence) // 2] for fence in fences),
        *(fence[1:] for fence in fences),
        *sorted(literals),
    ]


def literals(format: ChatFormat) -> list[str]:
    """The ordinary text that a row writes by itself."""

    def within(pieces: Iterable[object]) -> Iterator[str]:
        for piece in pieces:
            if isinstance(piece, Literal):
                yield piece.text
            elif isinstance(piece, Group):
                yield from within(piece.pieces)
            elif isinstance(piece, Calls):
                yield from within((*piece.separator, *piece.item))
            elif isinstance(piece, Field):
                yield from piece.keys

    return [
        text
        for lines in format.lines_of.values()
        for line in lines
        for text in (*within(line.pieces), line.tail)
    ]


def plain(role: str, line: Line) -> Message:
    """A message with all that a line has a place for, and nothing that is hard to write."""
    values = {**HEADER, "reasoning": "x", "tools": "x", "content": "x", **dict(line.fixed)}
    fields: dict[str, Any] = {name: values[name] for name in line.fields if name in values}
    fields = {"role": role, "content": "", **fields}
    if any(isinstance(piece, Calls) for piece in line.pieces):
        fields["tool_calls"] = (call(ARGUMENTS[0], 0),)
    return Message(**fields)


def call(arguments: str, number: int) -> ToolCall:
    """A call with an id of the shape that layouts ask for."""
    return ToolCall(name="get_weather", arguments=arguments, id=f"functions.get_weather:{number}")


def variants(message: Message, line: Line, format: ChatFormat) -> Iterator[Message]:
    """The message with hard texts in each of its fields, without those it need not have."""
    for name in ("content", "reasoning", "tools"):
        if name in line.fields:
            yield from (message.model_copy(update={name: text}) for text in texts(format))
    optional = [
        name
        for name, needed in line.fields.items()
        if not needed and name in {*HEADER, "reasoning", "tools", "content"}
    ]
    for kept in product((True, False), repeat=len(optional)):
        left_out = [name for name, keep in zip(optional, kept, strict=True) if not keep]
        yield message.model_copy(update={n: "" if n == "content" else None for n in left_out})
        if "content" in line.fields:
            yield message.model_copy(update=dict.fromkeys(left_out) | {"content": "\n x\n"})
    if message.tool_calls:
        for arguments in (*ARGUMENTS, *ONE_BY_ONE, *NO_OBJECTS):
            yield message.model_copy(update={"tool_calls": (call(arguments, 0),)})
        carried = ONE_BY_ONE if format.arguments else ARGUMENTS
        several = tuple(call(arguments, number) for number, arguments in enumerate(carried))
        yield message.model_copy(update={"tool_calls": several})
        yield message.model_copy(update={"tool_calls": several[:2], "content": ""})


def tamed(arguments: str, format: ChatFormat) -> str:
    """Arguments of the same shape that spell nothing: as many, where they stand one by one."""
    count = len(split_arguments(arguments)) if format.arguments else 0
    return json.dumps({f"a{number}": "x" for number in range(count)})


def agent(format: ChatFormat) -> Conversation:
    """A plain message in each line of each role, in the order of the row; results twice.

    Of a role that stands only at certain places there is one, at the start.
    """
    messages: list[Message] = []
    for role, lines in format.lines_of.items():
        for line in lines:
            if stands_anywhere(format, role) or not messages:
                messages += [plain(role, line)] * (2 if role == "tool" else 1)
    again = next(m for m in messages if stands_anywhere(format, m.role))
    return Conversation(messages=(*messages, again, messages[-1]))


def stands_anywhere(format: ChatFormat, role: str) -> bool:
    """Whether messages of a role may stand after any other."""
    return any(line.after is None for line in format.lines_of[role])


def conversations(format: ChatFormat) -> Iterator[Conversation]:
    """Each hard message by itself, between two others, and after one of its own role."""
    roles = [*format.lines_of]
    for at, role in enumerate(roles):
        before, after = (
            plain(other, format.lines_of[other][0])
            for other in (roles[at - 1], roles[(at + 1) % len(roles)])
        )
        for line in format.lines_of[role]:
            message = plain(role, line)
            for variant in variants(message, line, format):
                yield Conversation(messages=(variant,))
                yield Conversation(messages=(before, message, variant, after))


def fits(format: ChatFormat, reply: Message) -> bool:
    """Whether the reply has the field that the prompt opens, or none that it closes."""
    line = next(one for one in format.lines_of[reply.role] if mismatch(one, reply) is None)
    if format.thinking is False:  # a closer alone, or empty reasoning
        return reply.reasoning == (None if end_of_reasoning(line.pieces) is None else "")
    opened = {
        piece.field
        for line in format.lines_of[reply.role]
        for piece in line.pieces
        if isinstance(piece, Group) and GenerationStart() in piece.pieces
    }
    return (
        line.is_prompted
        and not line.is_silent
        and all(getattr(reply, field) is not None for field in opened)
    )
