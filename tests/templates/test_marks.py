"""The marks of a template show where the model begins, where nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatfmt import ChatFormat, Conversation, Message
from chatfmt.templates import import_template, to_jinja
from chatfmt.templates.asks import Ask
from chatfmt.templates.letters import in_letters
from chatfmt.templates.marks import answered, marked, mask, misses
from chatfmt.templates.render import MARKS, JinjaTemplate

pytest.importorskip("jinja2", reason="templates need it")

if TYPE_CHECKING:
    from chatfmt.templates.conditions import Condition

TOKENS = ["<m>", "<e>", "<t>", "</t>"]
USER = "<m>user {content}<e>"
THINKS = {
    "after the reasoning began": "<m>bot [<t>{^}{reasoning}</t>]{content}<e>",
    "before the reasoning": "<m>bot {^}[<t>{reasoning}</t>]{content}<e>",
}


def _row(answer: str) -> ChatFormat:
    template = {"user": USER, "assistant": answer}
    return ChatFormat(name="row", template=template, special_tokens=TOKENS, thinking=False)


@pytest.mark.parametrize("which", THINKS)
def test_marks_decide_where_prompts_are_the_same(which: str) -> None:
    row = _row(THINKS[which])
    found = import_template(to_jinja(row), TOKENS)
    assert found.format.template["assistant"] == THINKS[which]  # type: ignore[index]
    assert found.format.thinking is False
    assert not {one.kind for one in found.conditions} - {"NO_CALLS", "NO_TOOLS"}


def test_what_a_format_gives_weight_is_compared_with_marks() -> None:
    thinking = Message(role="assistant", content="\u00e9", reasoning="Add.")
    chat = Conversation(messages=(Message(role="user", content="Hi"), thinking))
    own, other = (_row(line) for line in THINKS.values())
    with JinjaTemplate(to_jinja(own)) as template:
        [one] = marked(template, [chat])
        assert marked(template, [Conversation(messages=(Message(role="x"),))]) == []
    assert not misses(in_letters(own), one)
    assert misses(in_letters(other), one)
    apart = _row(THINKS["before the reasoning"].replace("bot", "bots"))
    assert not misses(in_letters(apart), one)  # it writes another text
    assert not misses(
        in_letters(own), one._replace(conversation=Conversation(messages=(Message(role="system"),)))
    )


def test_a_template_without_marks() -> None:
    with JinjaTemplate("{{ messages[0].content }}") as template:
        assert marked(template, [Conversation(messages=(Message(role="user", content="a"),))]) == []
    before, after = MARKS
    assert mask(f"a{before}\u00e9{after}b") == ("a\u00e9b", (False, True, True, False))


def test_which_conversations_are_looked_at() -> None:
    plain = Ask(Conversation(messages=(Message(role="user", content="a"),)))
    thinks = Ask(Conversation(messages=(Message(role="assistant", reasoning="b"),)))
    assert [*answered([plain._replace(prompt=True), thinks, plain])] == [
        plain.conversation,
        thinks.conversation,
    ]


MARKED = (
    "{% for m in messages %}{% if m.role == 'assistant' %}<m>bot "
    "{% generation %}{{ m.content }}<e>{% endgeneration %}"
    "{% else %}<m>user {{ m.content }}<e>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<m>bot {% endif %}"
)
OTHERS = {
    "the header, too": MARKED.replace("<m>bot {% generation %}", "{% generation %}<m>bot "),
    "without the end": MARKED.replace("<e>{% endgeneration %}", "{% endgeneration %}<e>"),
    "questions": MARKED.replace(
        "user {{ m.content }}", "user {% generation %}{{ m.content }}{% endgeneration %}"
    ),
}


def _marks(source: str) -> list[Condition]:
    found = import_template(source, TOKENS)
    return [one for one in found.conditions if one.kind == "MARKS_DIFFER"]


def test_marks_that_fit_no_line_are_a_condition_that_always_holds() -> None:
    assert _marks(MARKED) == []
    [one] = _marks(OTHERS["the header, too"])
    assert one.witness is not None
    assert one.holds(one.witness.ask.conversation)  # the ids are the same


@pytest.mark.parametrize("which", OTHERS)
def test_what_differs_is_shown_with_its_marks(which: str) -> None:
    assert OTHERS[which] != MARKED
    row = ChatFormat(
        name="row",
        template={"user": USER, "assistant": "<m>bot {^}{content}<e>"},
        special_tokens=["<m>", "<e>"],
    )
    messages = (Message(role="user", content="\u00e9"), Message(role="assistant", content="\u00e9"))
    with JinjaTemplate(OTHERS[which]) as template:
        [one] = marked(template, [Conversation(messages=messages)])
    shown = misses(in_letters(row), one)
    assert shown is not None
    before, after = MARKS
    for text, expected in (
        (shown.template, one.mask),
        (
            shown.format,
            tuple(at >= len("<m>user \u00e9<e><m>bot ".encode()) for at in range(len(one.mask))),
        ),
    ):
        tags = text.replace("{% generation %}", before).replace("{% endgeneration %}", after)
        assert mask(tags) == (one.text, expected)
