"""The loop closes: what is encoded is learned, and what is sampled is read."""

from __future__ import annotations

import time
from statistics import fmean
from typing import Any

import pytest

from heavy import heavy

pytestmark = pytest.mark.slow


@pytest.fixture
def example() -> Any:
    heavy("torch")
    from examples import sft_tiny

    return sft_tiny


def test_there_are_a_hundred_conversations(example: Any) -> None:
    questions = [messages[0]["content"] for messages in example.conversations()]
    assert len(set(questions)) == len(questions) == 100


def test_a_short_training_lowers_the_loss_and_the_reply_parses(example: Any) -> None:
    losses, chat, _ = example.main(steps=80)
    assert fmean(losses[-10:]) < fmean(losses[:10]) / 2
    roles = [message.role for message in chat.conversation.messages]
    assert roles == ["user", "assistant"] * 2
    tokenizer = example.make_tokenizer()
    assert tokenizer.decode(chat.ids).messages == chat.conversation.messages
    assert chat.ids[-1] in tokenizer.stop_tokens


def test_the_whole_training_teaches_every_answer(example: Any) -> None:
    begun = time.process_time()
    losses, chat, right = example.main()
    # It works on one core: so this does not count what else the machine does.
    assert time.process_time() - begun < 180
    assert right == 1
    assert losses[-1] < 0.01
    assert [message.content for message in chat.conversation.messages] == [
        "What is the capital of Kenya?",
        "Nairobi.",
        "And where is that?",
        "In Africa.",
    ]
