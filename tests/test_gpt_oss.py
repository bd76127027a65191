"""The row gpt-oss against openai-harmony, on training data for agents.

Nothing is adjusted before the comparison: our messages become theirs field by field.
"""

from __future__ import annotations

import functools
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import Conversation, Message
from harmony_encoding import as_harmony, load_harmony

if TYPE_CHECKING:
    from collections.abc import Iterator

openai_harmony: Any = pytest.importorskip("openai_harmony", reason="the second opinion")

TOK = chatfmt.get_tokenizer("gpt-oss")
SPECIAL = TOK.encoding.special_tokens
STOPS = {SPECIAL["<|return|>"], SPECIAL["<|call|>"]}
TRAJECTORIES = 200

_WORDS = (
    "weather in Paris", " 20 °C", "\n\n# Plan\n1. look\n2. tell\n", "naïve café", "你好世界",
    "👩‍👩‍👧 ", "  spaces ", "<|end|>", "<|start|>assistant", "to=functions.f", "1234567", "it's",
    "\n", "\t", "```python\nprint('x')\n```", "assistant", "", "\r\n", "…", "{}", "<|return|>",
)  # fmt: skip


def _text(draw: random.Random, most: int = 5) -> str:
    return "".join(draw.choice(_WORDS) for _ in range(draw.randint(0, most)))


def _steps(draw: random.Random) -> Iterator[Message]:
    """What the assistant does between a question and its answer: thinks, speaks, calls, waits."""
    for _ in range(draw.randint(0, 3)):
        if draw.random() < 0.7:
            yield Message(role="assistant", channel="analysis", content=_text(draw))
        if draw.random() < 0.3:
            yield Message(role="assistant", channel="commentary", content=_text(draw))
        tools = [draw.choice(("functions.get_weather", "functions.add", "python"))]
        tools += ["functions.add"] * draw.choice((0, 0, 1, 2))
        for tool in tools:
            own = tool == "python"
            yield Message(
                role="assistant",
                recipient=tool,
                channel="analysis" if own else "commentary",
                content_type=draw.choice((None, "code") if own else ("json", "json", None)),
                content=_text(draw) if own else json.dumps({"x": _text(draw)}, ensure_ascii=False),
            )
        for tool in tools:
            channel = "analysis" if tool == "python" else "commentary"
            yield Message(
                role="tool", name=tool, recipient="assistant", channel=channel, content=_text(draw)
            )


def _trajectory(seed: int) -> Conversation:
    """An agent at work; one in four breaks off before its last answer."""
    draw = random.Random(seed)  # noqa: S311 - the same every time
    messages = [Message(role="system", content=_text(draw))]
    if draw.random() < 0.7:
        messages.append(Message(role="developer", content=_text(draw)))
    for _ in range(draw.randint(1, 4)):
        messages.append(Message(role="user", content=_text(draw)))
        messages += _steps(draw)
        if draw.random() < 0.6:
            messages.append(Message(role="assistant", channel="analysis", content=_text(draw)))
        messages.append(Message(role="assistant", channel="final", content=_text(draw)))
    if draw.random() < 0.25:
        del messages[draw.randint(len(messages) // 2, len(messages) - 1) :]
    return Conversation(messages=tuple(messages))


@functools.cache
def trajectories() -> list[Conversation]:
    return [_trajectory(seed) for seed in range(TRAJECTORIES)]


def test_trajectories_have_what_agents_do() -> None:
    messages = [message for chat in trajectories() for message in chat.messages]
    kinds = {(m.role, m.channel, m.recipient, m.content_type) for m in messages}
    assert {role for role, *_ in kinds} == {"system", "developer", "user", "assistant", "tool"}
    assert ("assistant", "commentary", "functions.add", "json") in kinds
    assert ("assistant", "analysis", "python", "code") in kinds
    last = {(chat.messages[-1].role, chat.messages[-1].channel) for chat in trajectories()}
    assert {("assistant", "final"), ("assistant", "analysis"), ("tool", "commentary")} <= last


def test_training_ids_equal_openai_harmony() -> None:
    theirs = load_harmony()
    keep_all = openai_harmony.RenderConversationConfig(auto_drop_analysis=False)
    equal = 0
    for chat in trajectories():
        given = openai_harmony.Conversation.from_messages(map(as_harmony, chat.messages))
        ids = theirs.render_conversation_for_training(given, keep_all)
        example = TOK.encode_for_training(chat, allow_untrained=True)
        assert example.input_ids == ids, theirs.decode(ids)
        assert TOK.encode(chat) == theirs.render_conversation(given, keep_all)
        equal += 1
    assert equal == TRAJECTORIES


def _speaks_on(messages: tuple[Message, ...], at: int) -> bool:
    """Whether the model itself goes on with a further message after this one."""
    return messages[at].recipient is None and (
        at + 1 < len(messages) and messages[at + 1].role == "assistant"
    )


def test_a_trained_message_stops_the_model_or_its_end_is_not_trained() -> None:
    stopped = untrained = 0
    for chat in trajectories():
        example = TOK.encode_for_training(chat, allow_untrained=True)
        for at, message in enumerate(chat.messages):
            follows = chat.messages[at + 1].role if at + 1 < len(chat.messages) else None
            if message.role != "assistant" or follows == "assistant":
                continue
            end = len(TOK.encode(chat.messages[: at + 1])) - 1
            if example.input_ids[end] in STOPS:
                assert example.weights[end] > 0
                stopped += 1
            else:
                assert example.input_ids[end] == SPECIAL["<|end|>"]
                assert example.weights[end] == 0
                untrained += 1
    assert stopped > TRAJECTORIES
    assert untrained > TRAJECTORIES / 2


def test_weights_are_the_complement_of_the_prompts() -> None:
    for chat in trajectories():
        example = TOK.encode_for_training(chat, allow_untrained=True)
        expected = [0.0] * len(example.input_ids)
        for at, message in enumerate(chat.messages):
            if message.role != "assistant":
                continue
            before = chat.messages[:at]
            prompt = TOK.encode_prompt(before)
            if at and before[-1].role == "assistant" and _speaks_on(chat.messages, at - 1):
                prompt = TOK.encode(before)  # the model has written the header itself
            stop = len(TOK.encode(chat.messages[: at + 1]))
            assert example.input_ids[: len(prompt)] == prompt
            expected[len(prompt) : stop] = [1.0] * (stop - len(prompt))
            last = example.input_ids[stop - 1]
            if last not in STOPS and not _speaks_on(chat.messages, at):
                expected[stop - 1] = 0.0
        assert example.weights == expected
        if example.input_ids == TOK.encode(chat):  # a transcript has no end of training's own
            assert TOK.render(chat).weights() == expected


def test_what_stands_in_training_reads_back() -> None:
    for chat in trajectories():
        ids = TOK.encode_for_training(chat, allow_untrained=True).input_ids
        assert TOK.decode(ids) == chat
