"""Answers that are two messages, one in each channel."""

from __future__ import annotations

import re
from typing import Any

import pytest

import chatfmt
from chatfmt import Conversation, Message
from chatfmt.templates.answers import Answers
from chatfmt.templates.asks import Ask, all_written_by
from chatfmt.templates.channels import channel_lines
from chatfmt.templates.compare import Verdict, compare
from chatfmt.templates.imported import import_template
from chatfmt.templates.letters import in_letters
from chatfmt.templates.render import JinjaTemplate
from chatfmt.templates.solve import hypotheses

TOKENS = ["<s>", "<t>", "<c>", "<e>", "<r>"]
SOURCE = (
    "<s>system<t>It is {{ strftime_now('%d %b %Y') }}.<e>"
    "{% set first = messages[0].content if messages[0].role == 'system' %}"
    "{% if first %}<s>developer<t># Rules\n{{ first }}<e>{% endif %}"
    "{% for m in messages %}"
    "{% if m.role == 'user' %}<s>user<t>{{ m.content }}<e>"
    "{% elif m.role == 'assistant' %}"
    "{% if loop.last and not add_generation_prompt %}"
    "{% if m.thinking is defined %}<s>assistant<c>analysis<t>{{ m.thinking }}<e>{% endif %}"
    "<s>assistant<c>final<t>{{ m.content }}<r>"
    "{% else %}<s>assistant<c>final<t>{{ m.content }}<e>{% endif %}"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<s>assistant{% endif %}"
)
"""Harmony in short: a dated message, channels, and another token at the end."""
LINES = {
    "system": "<s>system<t>{content}<e>",
    "developer": "<s>developer<t># Rules\n{content}<e>",
    "user": "<s>user<t>{content}<e>",
    "assistant": [
        {"line": "<s>assistant{^}<c>{channel=final}<t>{content}<e>", "training_end": "<r>"},
        "<s>assistant{^}<c>{channel=analysis}<t>{content}<e>",
    ],
}
HEAD, THOUGHT = "<s>assistant<c>final<t>", "<s>assistant<c>analysis<t>"


def answers(**changed: Any) -> Answers:
    found = Answers(HEAD, "<e>", None, "<s>assistant", None, (THOUGHT, f"<e>{HEAD}"))
    return found._replace(**changed)


def test_the_lines_write_the_text_that_they_are_made_of() -> None:
    ((final, analysis),) = channel_lines(answers(), TOKENS)
    for line, head in ((final, HEAD), (analysis, THOUGHT)):
        plain = re.sub(r"\{channel=(\w+)\}", r"\1", line.replace("{^}", ""))
        assert plain == head + "{content}<e>"


@pytest.mark.parametrize(
    "changed",
    [
        {"reasoning": None},
        {"reasoning": (THOUGHT, HEAD)},  # nothing ends the reasoning
        {"reasoning": (THOUGHT + "<c>", f"<e>{HEAD}")},
        {"reasoning": (THOUGHT.replace("analysis", "thoughts"), f"<e>{HEAD}")},
        {"reasoning": (THOUGHT.replace("<t>", "<r>"), f"<e>{HEAD}")},
        {"head": "final<t>", "reasoning": ("analysis<t>", "<e>final<t>")},
    ],
)
def test_other_reasoning_is_no_message_of_a_channel(changed: dict[str, Any]) -> None:
    assert [*channel_lines(answers(**changed), TOKENS)] == []


def test_a_prompt_that_is_no_beginning_of_the_answer_leaves_the_place_open() -> None:
    ((final, _),) = channel_lines(answers(prompt="<r>"), TOKENS)
    assert final == "<s>assistant<c>{channel=final}<t>{content}<e>"


def test_channels_and_the_dated_message_are_the_first_hypothesis() -> None:
    with JinjaTemplate(SOURCE) as template:
        found = next(hypotheses(template, TOKENS, ""))
    assert found.row["template"] == LINES
    assert found.row["stops"] == ["<r>"]
    assert [word["word"] for word in found.words] == ["rename", "insert", "split"]


@pytest.mark.slow
def test_a_template_with_channels_is_imported() -> None:
    found = import_template(SOURCE, TOKENS)
    assert found.format.template == LINES
    assert {one.kind for one in found.conditions} == {
        "SYSTEM_FIRST",
        "NO_CALLS",
        "NO_BARE_THINKING",
        "NO_THINKING_IN_RUNS",
    }
    thinks = Message(role="assistant", content="4", reasoning="2+2")
    question = Message(role="user", content="2+2?")
    rules = Message(role="system", content="Be brief.")
    chats = [[question, thinks], [rules, question, thinks, question], [question, thinks, question]]
    asked = [Ask(Conversation(messages=tuple(chat)), chat[-1].role == "user") for chat in chats]
    tok = in_letters(found.format)
    with JinjaTemplate(SOURCE) as template:
        for ask, text in all_written_by(template, asked):
            assert found.holds(ask.conversation, prompt=ask.prompt)
            assert compare(tok, ask, text)[0] is Verdict.EQUAL


def test_what_the_model_thinks_is_read_from_its_channel() -> None:
    row = chatfmt.ChatFormat(name="x", template=LINES, special_tokens=TOKENS, stops=["<r>"])
    tok = in_letters(row)
    thought, answer = (
        Message(role="assistant", channel="analysis", content="2+2"),
        Message(role="assistant", channel="final", content="4"),
    )
    chat = Conversation(messages=(Message(role="user", content="2+2?"), thought, answer))
    assert tok.decode(tok.encode(chat)) == chat
