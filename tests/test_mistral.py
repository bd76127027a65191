"""The rows of Mistral against mistral-common's encoders, over a vocabulary that it ships.

Nothing is adjusted before the comparison. The vocabulary is older than version 11; the special
tokens that later versions add take the places that it keeps free.
"""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message, ToolCall
from mistral_encoder import DEFINITIONS, VERSIONS, tekken_in, their_encoder, their_ids

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONVERSATIONS = 60
_WORDS = (
    "weather", " 20 °C", "\n\n", "naïve café", "你好", "👩 ", "  spaces ", "</s>",
    "[INST]", "[/INST]",
    "[TOOL_CALLS]", '{"a": 1}', "1234567", "it's", "\t", '"', "\\",
)  # fmt: skip


@pytest.fixture(scope="module")
def tekken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tekken_in(tmp_path_factory.mktemp("mistral"))


def _text(draw: random.Random) -> str:
    """Text that ends in no space: theirs takes those off an answer."""
    return "said " + "".join(draw.choice(_WORDS) for _ in range(draw.randint(0, 5))) + "."


def _answer(draw: random.Random, version: int) -> Iterator[Message]:
    def reasoning() -> str | None:
        return _text(draw) if version >= 13 and draw.random() < 0.5 else None

    while draw.random() < 0.6:
        calls = tuple(
            ToolCall(
                name=draw.choice(("get_weather", "add")),
                arguments=json.dumps({"x": _text(draw), "n": [1, 2.5]}, ensure_ascii=False),
                id="".join(draw.choice("abcXYZ019") for _ in range(9)),
            )
            for _ in range(draw.randint(1, 3))
        )
        content = _text(draw) if version > 3 and draw.random() < 0.5 else ""
        yield Message(role="assistant", content=content, tool_calls=calls, reasoning=reasoning())
        for call in calls:
            yield Message(role="tool", content=_text(draw), call_id=call.id)
    yield Message(role="assistant", content=_text(draw), reasoning=reasoning())


def _conversation(seed: int, version: int) -> Conversation:
    draw = random.Random(seed)  # noqa: S311 - it makes data, no secrets
    messages = [Message(role="system", content=_text(draw))] * (version > 3)
    turns = draw.randint(1, 3)
    for turn in range(turns):
        shown = turn == (0 if version >= 13 else turns - 1)  # where this version has the tools
        tools = json.dumps(DEFINITIONS, ensure_ascii=False) if shown else None
        messages.append(Message(role="user", content=_text(draw), tools=tools))
        messages += _answer(draw, version)
    return Conversation(messages=tuple(messages))


@pytest.mark.parametrize("row", VERSIONS)
def test_ids_are_those_of_mistral_common(row: str, tekken: Path) -> None:
    tok = ChatTokenizer(chatfmt.get_format(row), chatfmt.load_encoding(tekken))
    called = 0
    for seed in range(CONVERSATIONS):
        chat = _conversation(seed, VERSIONS[row])
        ids = tok.encode(chat)
        assert ids == their_ids(tekken, VERSIONS[row], chat)
        assert tok.decode(ids) == tok.format.on_wire(chat)
        called += sum(len(message.tool_calls) for message in chat.messages)
    assert called > CONVERSATIONS


@pytest.mark.parametrize("row", VERSIONS)
def test_mistral_common_takes_spaces_off_the_end_of_an_answer(row: str, tekken: Path) -> None:
    """It differs on purpose: what a model wrote is kept."""
    tok = ChatTokenizer(chatfmt.get_format(row), chatfmt.load_encoding(tekken))
    tools = json.dumps(DEFINITIONS, ensure_ascii=False)
    answers = [
        Conversation(
            messages=(
                Message(role="user", content="?", tools=tools),
                Message(role="assistant", content=content),
            )
        )
        for content in ("4  ", "4")
    ]
    spaced, bare = map(tok.encode, answers)
    assert spaced != bare
    assert {tuple(their_ids(tekken, VERSIONS[row], a)) for a in answers} == {tuple(bare)}


def test_version_3_writes_a_result_that_is_json_without_quotes(tekken: Path) -> None:
    """It differs on purpose: what reads as a number could not be told from the number."""
    tok = ChatTokenizer(chatfmt.get_format("mistral-v3"), chatfmt.load_encoding(tekken))
    call = ToolCall(name="f", arguments="{}", id="abcdefghi")
    chat = Conversation(
        messages=(
            Message(role="user", content="?", tools=json.dumps(DEFINITIONS, ensure_ascii=False)),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content="3.5", call_id=call.id),
        )
    )
    decode = their_encoder(tekken, 3).decode
    assert '"content": 3.5' in decode(their_ids(tekken, 3, chat))
    assert '"content": "3.5"' in decode(tok.encode(chat))
