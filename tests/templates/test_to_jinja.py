"""A format as a chat template: it writes what the row writes, with the same weights, or raises."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import chatfmt
from chatfmt import Conversation, Message
from chatfmt.templates import to_jinja
from generated_chats import chats
from letters import row
from rows import agent, conversations, tokenizer
from sizes import size

pytest.importorskip("jinja2", reason="transformers needs it for chat templates")
pytest.importorskip("transformers", reason="it is what renders templates")
from jinja_chats import check, rendered

if TYPE_CHECKING:
    from chatfmt import ChatTokenizer

MANY = 200


def _counted(tok: ChatTokenizer, some: list[Conversation]) -> Counter[str]:
    source = to_jinja(tok.format)
    return Counter(found for chat in some for found in check(tok, source, chat))


@pytest.mark.parametrize("name", chatfmt.FORMAT_ROWS)
def test_every_row_as_a_template(name: str) -> None:
    tok = tokenizer(name)
    assert _counted(tok, [agent(tok.format)])["equal"] > 0


@pytest.mark.parametrize("name", ["nemotron-3", "qwen-3"])
def test_empty_reasoning_may_be_the_prompts_or_the_models(name: str) -> None:
    turns = Message(role="user", content="Hi"), Message(role="assistant", reasoning="")
    assert _counted(tokenizer(name), [Conversation(messages=turns)])["equal"] > 0


@pytest.mark.parametrize(
    "constant",
    ["\U0001f3f4\U000e0067\U000e007f", "\x00\x85\u2028\ufeff", "'%\\}\\}"],
    ids=["beyond 16 bits", "not printable", "Jinja's"],
)
def test_constant_text_comes_out_as_it_is(constant: str) -> None:
    tok = row({"user": f"<s>{constant}{{content}}<e>"})
    chat = Conversation(messages=(Message(role="user", content="Hi"),))
    assert _counted(tok, [chat])["equal"] > 0


@pytest.mark.parametrize("prepare", [False, True])
def test_thinking_under_two_names_is_never_lost(*, prepare: bool) -> None:
    source = to_jinja(chatfmt.get_format("qwen-3"), prepare=prepare)
    answer = {"role": "assistant", "content": "Hi", "reasoning_content": "a"}
    same, other = (rendered(source, [{**answer, "thinking": text}]) for text in "ab")
    assert "a" in str(same.text)
    assert "message 0: expected the thinking once" in other.reason


@pytest.mark.slow
@pytest.mark.parametrize("name", chatfmt.FORMAT_ROWS)
def test_hard_conversations_of_every_row(name: str) -> None:
    tok = tokenizer(name)
    every = [*conversations(tok.format)]
    assert _counted(tok, every[:: len(every) // (MANY // 4) or 1])["equal"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [*chatfmt.FORMAT_ROWS][:: size(8, 1)])
def test_generated_conversations_of_every_row(name: str) -> None:
    tok = tokenizer(name)
    source = to_jinja(tok.format)
    counted: Counter[str] = Counter()

    @seed(17)
    @settings(
        max_examples=MANY,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(chats(name))
    def compare(chat: Conversation) -> None:
        counted.update(check(tok, source, chat))

    compare()
    assert counted["equal"] > 0
