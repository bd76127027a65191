"""Handwritten renderers of other libraries, as second opinions on the rows.

Both are given the same messages, and nothing is adjusted before the comparison. Where the ids are
not the same, the row reads theirs strictly, and what differs in the messages is counted in the
table below.
"""

from __future__ import annotations

import functools
import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message, ToolCall
from chatfmt.conversation.harmony import split_for_harmony
from harmony_encoding import tables_for_harmony
from heavy import heavy
from library_tokens import Tokens
from rows import tokenizer
from vocabularies import vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.opinions]

CONVERSATIONS = 100
EQUAL = "equal"
_WORDS = (
    "weather", " 20 °C", "\n\n", "naïve café", "你好", "👩 ", "  spaces ", '{"a": 1}',
    "1234567", "it's", "\t", '"', "\\", "# Tools", "assistant",
)  # fmt: skip


def _text(draw: random.Random) -> str:
    """Text with no white space at its ends: whoever takes that off is in other tests."""
    return "said " + "".join(draw.choice(_WORDS) for _ in range(draw.randint(0, 5))) + "."


def _answers(draw: random.Random, turn: int, row: Carries) -> Iterator[Message]:
    thinks = row.reasoning and draw.random() < 0.5
    while row.calls and draw.random() < 0.4:
        calls = tuple(
            ToolCall(
                name="get_weather",
                arguments=json.dumps({"city": _text(draw), "n": [1, 2.5]}, ensure_ascii=False),
                id=f"functions.get_weather:{turn}{number}",
            )
            for number in range(draw.randint(1, 2))
        )
        content = _text(draw) if draw.random() < 0.5 else ""
        reasoning = _text(draw) if thinks else None
        yield Message(role="assistant", content=content, tool_calls=calls, reasoning=reasoning)
        for call in calls:
            yield Message(role="tool", content=_text(draw), call_id=call.id, name=call.name)
    reasoning = _text(draw) if thinks else None
    yield Message(role="assistant", content=_text(draw), reasoning=reasoning)


def conversation(seed: int, row: Carries) -> Conversation:
    """A chat with a system message, and with reasoning, calls and results if the row has them."""
    draw = random.Random(seed)  # noqa: S311 - it makes data, no secrets
    messages = [Message(role="system", content=_text(draw))] * row.system
    for turn in range(draw.randint(1, 3)):
        messages += [Message(role="user", content=_text(draw)), *_answers(draw, turn, row)]
    return Conversation(messages=tuple(messages))


class Carries(NamedTuple):
    """What the row has a place for in the same sense, beside what is asked and answered."""

    system: bool = True
    reasoning: bool = False
    calls: bool = False


def real(row: str, name: str) -> Callable[[], ChatTokenizer]:
    return lambda: ChatTokenizer(chatfmt.get_format(row), vocabulary(name))


def gpt_oss() -> ChatTokenizer:
    return chatfmt.get_tokenizer("gpt-oss")


def over_bytes(row: str) -> Callable[[], ChatTokenizer]:
    return lambda: tokenizer(row)


@functools.cache
def _prime(renderer: str, tok: ChatTokenizer) -> Any:
    library = heavy("renderers")
    config = None
    if renderer == "GptOssRenderer":  # which else drops reasoning
        config = library.GptOssRendererConfig(auto_drop_analysis=False)
    with tables_for_harmony():
        return getattr(library, renderer)(Tokens(tok), config)


def prime(renderer: str) -> Callable[[ChatTokenizer, Conversation], list[int]]:
    """Prime Intellect's renderers."""

    def ids(tok: ChatTokenizer, chat: Conversation) -> list[int]:
        found: list[int] = _prime(renderer, tok).render(chat.to_openai()["messages"]).token_ids
        return found

    return ids


def tinker(renderer: str) -> Callable[[ChatTokenizer, Conversation], list[int]]:
    """The renderers of tinker-cookbook, which take reasoning as a part of the content."""

    def ids(tok: ChatTokenizer, chat: Conversation) -> list[int]:
        library = heavy("tinker_cookbook.renderers.base")
        call = library.ToolCall
        messages: list[Any] = []
        for message in chat.messages:
            content: Any = message.content
            if message.reasoning is not None:
                content = [{"type": "thinking", "thinking": message.reasoning}]
                content += [{"type": "text", "text": message.content}]
            given: dict[str, Any] = {"role": message.role, "content": content}
            if message.tool_calls:
                given["tool_calls"] = [
                    call(id=c.id, function=call.FunctionBody(name=c.name, arguments=c.arguments))
                    for c in message.tool_calls
                ]
            if message.role == "tool":
                given |= {"tool_call_id": message.call_id, "name": message.name}
            messages.append(given)
        module, _, name = renderer.partition(".")
        theirs = getattr(heavy(f"tinker_cookbook.renderers.{module}"), name)(Tokens(tok))
        everything = library.TrainOnWhat.ALL_TOKENS
        found: list[int] = theirs.build_supervised_example(messages, everything)[0].to_ints()
        return found

    return ids


class Opinion(NamedTuple):
    ours: Callable[[], ChatTokenizer]
    row: Carries
    theirs: Callable[[ChatTokenizer, Conversation], list[int]]


PLAIN, CALLS, ALL = Carries(), Carries(calls=True), Carries(reasoning=True, calls=True)
HARMONY = Carries(system=False, reasoning=True, calls=True)  # theirs are developer messages
OPINIONS = {
    "renderers Qwen3": Opinion(real("qwen-3", "qwen-3"), ALL, prime("Qwen3Renderer")),
    "renderers Qwen3VL": Opinion(real("qwen-3-vl", "qwen-3"), CALLS, prime("Qwen3VLRenderer")),
    "renderers PrimeQwen3": Opinion(real("qwen-3", "qwen-3"), PLAIN, prime("PrimeQwen3Renderer")),
    "renderers Llama3": Opinion(real("llama-3.2", "llama-3"), PLAIN, prime("Llama3Renderer")),
    "renderers KimiK2": Opinion(over_bytes("kimi-k2"), CALLS, prime("KimiK2Renderer")),
    "renderers GptOss": Opinion(gpt_oss, HARMONY, prime("GptOssRenderer")),
    "tinker Qwen3": Opinion(real("qwen-3", "qwen-3"), ALL, tinker("qwen3.Qwen3Renderer")),
    "tinker Qwen3Instruct": Opinion(
        real("qwen-3-2507", "qwen-3"), CALLS, tinker("qwen3.Qwen3InstructRenderer")
    ),
    "tinker Llama3": Opinion(real("llama-3", "llama-3"), PLAIN, tinker("llama3.Llama3Renderer")),
    "tinker KimiK2": Opinion(over_bytes("kimi-k2-thinking"), ALL, tinker("kimi_k2.KimiK2Renderer")),
    "tinker GptOss": Opinion(gpt_oss, HARMONY, tinker("gpt_oss.GptOssRenderer")),
}

EXPECTED = {
    # As the template: reasoning is kept after the last question only, an empty block before an
    # answer there.
    "renderers Qwen3": {EQUAL: 29, "assistant's reasoning": 71},
    "renderers Qwen3VL": {EQUAL: 100},
    "renderers PrimeQwen3": {EQUAL: 100},
    # As the template: dates come before what the system message says.
    "renderers Llama3": {"system's content": 100},
    "renderers KimiK2": {EQUAL: 100},
    # A system message of its own; an answer with calls is `final`, where the guide has
    # `commentary`; calls without <|constrain|>, which openai-harmony writes.
    "renderers GptOss": {
        "system's message": 37,
        "assistant's channel, assistant's content_type, system's message": 40,
        "assistant's content_type, system's message": 23,
    },
    # Reasoning as above, but of every message after the last question. Letters outside ASCII are
    # escaped in arguments. Each result has a frame of its own ("written otherwise"), where the
    # template has one for those that stand side by side.
    "tinker Qwen3": {
        EQUAL: 14,
        "assistant's reasoning": 30,
        "assistant's reasoning, assistant's tool_calls, written otherwise": 32,
        "assistant's reasoning, assistant's tool_calls": 12,
        "assistant's reasoning, written otherwise": 7,
        "assistant's tool_calls": 2,
        "assistant's tool_calls, written otherwise": 2,
        "written otherwise": 1,
    },
    "tinker Qwen3Instruct": {
        EQUAL: 51,
        "assistant's tool_calls": 15,
        "assistant's tool_calls, written otherwise": 30,
        "written otherwise": 4,
    },
    "tinker Llama3": {EQUAL: 100},
    # As the template: earlier reasoning is dropped, and an empty block is in its place.
    "tinker KimiK2": {EQUAL: 15, "assistant's reasoning": 85},
    "tinker GptOss": {EQUAL: 100},
}
"""What differs, and how often."""


def written(tok: ChatTokenizer, chat: Conversation) -> list[list[int]]:
    """What the row writes: as it is encoded, without its last tail too, and as it is trained."""
    ids = tok.encode(chat)
    special = {*tok.encoding.special_tokens.values()}
    end = max(index for index, token in enumerate(ids) if token in special)
    example = tok.encode_for_training(chat, allow_untrained=True)
    return [ids, ids[: end + 1], list(example.input_ids)]


def what_differs(tok: ChatTokenizer, chat: Conversation, theirs: list[int]) -> str:
    """How the conversation that they wrote differs from the one that was given."""
    if theirs in written(tok, chat):
        return EQUAL
    ours = tok.format.on_wire(chat).messages
    read = tok.decode(theirs)
    more = len(read.messages) - len(ours)
    changes = {f"{message.role}'s message" for message in read.messages[:more]}
    changes |= {
        f"{mine.role}'s {field}"
        for mine, other in zip(ours, read.messages[more:], strict=True)
        for field in Message.model_fields
        if getattr(mine, field) != getattr(other, field)
    }
    if theirs not in written(tok, read):
        changes.add("written otherwise")
    return ", ".join(sorted(changes))


def opinions(opinion: Opinion) -> Counter[str]:
    tok = opinion.ours()
    found: Counter[str] = Counter()
    for seed in range(CONVERSATIONS):
        chat = conversation(seed, opinion.row)
        theirs = opinion.theirs(tok, chat)
        if tok.format.name == "gpt-oss":
            chat = Conversation(messages=split_for_harmony(chat.messages))
        found[what_differs(tok, chat, theirs)] += 1
    return found


@pytest.mark.parametrize("name", OPINIONS)
def test_opinion(name: str) -> None:
    assert opinions(OPINIONS[name]) == EXPECTED[name]
