"""The rows of Mistral against mistral-common's encoders, over a vocabulary that it ships.

Nothing is put right before the comparison. The vocabulary is older than version 11; the special
tokens that later versions add take the places that it keeps free.
"""

from __future__ import annotations

import functools
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message, ToolCall
from heavy import heavy
from vocabularies import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONVERSATIONS = 60
VERSIONS = {"mistral-v3": 3, "mistral-v7": 7, "mistral-v11": 11, "mistral-v13": 13}
DEFINITIONS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city, é",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
_LATER = ("[CALL_ID]", "[ARGS]", "[THINK]", "[/THINK]")
_WORDS = (
    "weather", " 20 °C", "\n\n", "naïve café", "你好", "👩 ", "  spaces ", "</s>",
    "[INST]", "[/INST]",
    "[TOOL_CALLS]", '{"a": 1}', "1234567", "it's", "\t", '"', "\\",
)  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The vocabulary, with the names of all special tokens."""
    heavy("mistral_common")
    data = json.loads(file_of("mistral-tekken-240911").read_text("utf-8"))
    known = chatfmt.load_encoding(file_of("mistral-tekken-240911")).special_tokens
    named = [token for token in sorted(known, key=known.__getitem__) if "SPECIAL" not in token]
    data["special_tokens"] = [
        {"rank": rank, "token_str": token, "is_control": True}
        for rank, token in enumerate([*named, *_LATER])
    ]
    path = tmp_path_factory.mktemp("mistral") / "tekken.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


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


def _as_mistral(message: Message) -> Any:
    given = heavy("mistral_common.protocol.instruct.messages")
    tools = heavy("mistral_common.protocol.instruct.tool_calls")
    if message.role == "system":
        return given.SystemMessage(content=message.content)
    if message.role == "user":
        return given.UserMessage(content=message.content)
    if message.role == "tool":
        return given.ToolMessage(content=message.content, tool_call_id=message.call_id)
    content: Any = message.content or None
    if message.reasoning is not None:
        content = [given.ThinkChunk(thinking=message.reasoning)]
        content += [given.TextChunk(text=message.content)] if message.content else []
    calls = [
        tools.ToolCall(
            id=call.id, function=tools.FunctionCall(name=call.name, arguments=call.arguments)
        )
        for call in message.tool_calls
    ]
    return given.AssistantMessage(content=content, tool_calls=calls or None)


@functools.cache
def _their_encoder(path: Path, version: int) -> Any:
    tekken = heavy("mistral_common.tokens.tokenizers.tekken").Tekkenizer.from_file(path)
    instruct = heavy("mistral_common.tokens.tokenizers.instruct")
    return getattr(instruct, f"InstructTokenizerV{version}")(tekken)


def _their_ids(path: Path, version: int, chat: Conversation) -> list[int]:
    tools = heavy("mistral_common.protocol.instruct.tool_calls")
    request = heavy("mistral_common.protocol.instruct.request").InstructRequest(
        messages=[_as_mistral(message) for message in chat.messages],
        available_tools=[tools.Tool(**definition) for definition in DEFINITIONS],
    )
    ids: list[int] = _their_encoder(path, version).encode_instruct(request).tokens
    return ids


@pytest.mark.parametrize("row", VERSIONS)
def test_ids_are_those_of_mistral_common(row: str, vocabulary: Path) -> None:
    tok = ChatTokenizer(chatfmt.get_format(row), chatfmt.load_encoding(vocabulary))
    called = 0
    for seed in range(CONVERSATIONS):
        chat = _conversation(seed, VERSIONS[row])
        ids = tok.encode(chat)
        assert ids == _their_ids(vocabulary, VERSIONS[row], chat)
        assert tok.decode(ids) == tok.format.on_wire(chat)
        called += sum(len(message.tool_calls) for message in chat.messages)
    assert called > CONVERSATIONS


@pytest.mark.parametrize("row", VERSIONS)
def test_mistral_common_takes_spaces_off_the_end_of_an_answer(row: str, vocabulary: Path) -> None:
    """It differs on purpose: what a model wrote is kept."""
    tok = ChatTokenizer(chatfmt.get_format(row), chatfmt.load_encoding(vocabulary))
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
    assert {tuple(_their_ids(vocabulary, VERSIONS[row], a)) for a in answers} == {tuple(bare)}


def test_version_3_writes_a_result_that_is_json_without_quotes(vocabulary: Path) -> None:
    """It differs on purpose: what reads as a number could not be told from the number."""
    tok = ChatTokenizer(chatfmt.get_format("mistral-v3"), chatfmt.load_encoding(vocabulary))
    call = ToolCall(name="f", arguments="{}", id="abcdefghi")
    chat = Conversation(
        messages=(
            Message(role="user", content="?", tools=json.dumps(DEFINITIONS, ensure_ascii=False)),
            Message(role="assistant", tool_calls=(call,)),
            Message(role="tool", content="3.5", call_id=call.id),
        )
    )
    decode = _their_encoder(vocabulary, 3).decode
    assert '"content": 3.5' in decode(_their_ids(vocabulary, 3, chat))
    assert '"content": "3.5"' in decode(tok.encode(chat))
