"""Rows with a fence: text that would be read differently is refused, and any other is read back.

The texts are drawn from pieces of the fences and of what the lines write: 2,000 for each row, or
100,000 with ``CHATFMT_LARGE=1``.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from chatfmt import FORMAT_ROWS, Conversation, Message, RenderError
from rows import literals, plain, stands_anywhere, tokenizer
from sizes import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt import ChatFormat, ChatTokenizer
    from chatfmt.line.lines import Line

pytestmark = pytest.mark.slow

TEXTS = size(2_000, 100_000)
FENCED = [name for name, row in FORMAT_ROWS.items() if row.get("fences")]


def a_text(draw: random.Random, whole: list[str]) -> str:
    """Texts of the row, with some of them cut in two, or short of a character at an end."""
    parts = []
    for _ in range(draw.randint(1, 3)):
        text = draw.choice(whole)
        at = draw.randint(0, len(text))
        ways = ([text], [text], [text[:at]], [text[at:]], [text[:at], "a", text[at:]], [text[1:]])
        parts += draw.choice(ways)
    return "".join(parts)


def ingredients(format: ChatFormat) -> list[str]:
    """Fences, literal text that lines write, and tokens as they are spelled."""
    listed = [*format.fences, *(word for _, word in format.machine.fences)]  # how they begin; whole
    fences = [*dict.fromkeys(fence.removeprefix("^") for fence in listed)]
    written = [*literals(format), *borders(format)]
    return [*fences, *dict.fromkeys(written), *format.special_tokens, "\n", "a", ""]


def borders(format: ChatFormat) -> Iterator[str]:
    """What stands between two messages of an envelope."""
    template = format.row()["template"]
    for envelope in template.values() if isinstance(template, dict) else ():
        if isinstance(envelope, dict) and "each" in envelope:
            before, after = envelope["each"].split("{content}")
            yield after + envelope.get("sep", "") + before


def places(format: ChatFormat) -> Iterator[tuple[Message, str]]:
    """Each free text of each line, in a message that is otherwise plain; values of arguments."""
    for role, lines in format.lines_of.items():
        for line in lines:
            message = plain(role, line)
            yield from ((message, field) for field in free_texts(line))
            if message.tool_calls and format.arguments:
                yield message, "tool_calls"


def free_texts(line: Line) -> list[str]:
    return [name for name in ("content", "reasoning", "tools") if name in line.fields]


def with_text(message: Message, field: str, text: str) -> Message:
    """The message with that text in a field; of a call, as the first and the last argument."""
    value: object = text
    if field == "tool_calls":
        arguments = json.dumps({"a": text, "b": 1, "c": text}, ensure_ascii=False)
        value = (message.tool_calls[0].model_copy(update={"arguments": arguments}),)
    return message.model_copy(update={field: value})


def is_nothing_after(tok: ChatTokenizer, before: list[Message], last: Message) -> bool:
    """Whether the last message is refused because nothing tells it from the end of another."""
    if last.content:
        return False
    try:
        tok.encode([*before, last])
    except RenderError as error:
        assert "nothing tells an empty message" in str(error)  # noqa: PT017 - it has to be this one
        return True
    return False


@pytest.mark.parametrize("name", FENCED)
def test_a_text_is_refused_or_read_back(name: str) -> None:
    tok = tokenizer(name)
    draw = random.Random(name)  # noqa: S311 - it makes data, no secrets
    whole, spots = ingredients(tok.format), [*places(tok.format)]
    refused = carried = drawn = 0
    while drawn < TEXTS:
        messages: list[Message] = []
        for message, field in draw.choices(spots, k=10):  # ten messages are written at once
            changed = with_text(message, field, a_text(draw, whole))
            drawn += 1
            try:
                tok.encode([changed])
            except RenderError:
                refused += 1
                continue
            if stands_anywhere(tok.format, changed.role):
                messages.append(changed)
                continue
            alone = Conversation(messages=(changed,))
            assert tok.decode(tok.encode(alone)) == tok.format.on_wire(alone)
            carried += 1
        if messages and is_nothing_after(tok, messages[:-1], messages[-1]):
            messages.pop()
        chat = Conversation(messages=tuple(messages))
        assert tok.decode(tok.encode(chat)) == tok.format.on_wire(chat)
        carried += len(messages)
    assert refused > TEXTS / 1000
    assert carried > TEXTS / 10
