"""The habits of public templates, each in a few lines, and the format that results."""

from __future__ import annotations

from typing import Any

import pytest

from chatfmt import ChatFormat, Conversation, Message
from chatfmt.errors import TemplateImportError
from chatfmt.templates.asks import Ask, all_written_by
from chatfmt.templates.compare import Verdict, compare
from chatfmt.templates.conditions import needed
from chatfmt.templates.imported import Imported, _check_ids, import_template
from chatfmt.templates.letters import ids_in, in_letters, spelled
from chatfmt.templates.probe import takes_parts
from chatfmt.templates.render import JinjaTemplate

CHAT = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Ho"},
    {"role": "user", "content": "a b"},
]
SYSTEM = {"role": "system", "content": "Be kind."}


def lines(found: Imported) -> dict[str, Any]:
    template = found.format.template
    assert isinstance(template, dict)
    return template


def words(found: Imported) -> list[dict[str, Any]]:
    return [word for word in found.format.row()["prepare"] if word["word"] != "reasoning"]


def kinds(found: Imported) -> set[str]:
    return {one.kind for one in found.conditions} - {"NO_CALLS", "NO_TOOLS", "NO_THINKING"}


def same(
    found: Imported, source: str, messages: list[dict[str, str]], *, bos: str = "", eos: str = ""
) -> bool:
    """Whether prompts have the same ids where every token of the template is one."""
    tokens = ["<s>", *found.format.special_tokens]
    tok = in_letters(found.format, tokens)
    with JinjaTemplate(source, bos=bos, eos=eos) as template:
        text = template.render(messages, prompt=True)
    assert isinstance(text, str)
    return tok.encode_prompt(tok.prepare(messages)) == ids_in(tok, text)


PREAMBLE = "<T><SYSTEM># Preamble{% if messages[0].role == 'system' %}\n# Yours\n"
CAPITALS = (
    PREAMBLE
    + "{{ messages[0].content }}{% endif %}<E>{% for m in messages %}{% if m.role != 'system' %}"
    "<T>{{ '<USER>' if m.role == 'user' else '<BOT>' }}{{ m.content }}<E>"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<T><BOT>{% endif %}"
)


def test_a_system_message_that_is_there_always_begins_with_all_its_tokens() -> None:
    found = import_template(CAPITALS, ["<T>", "<E>", "<USER>", "<BOT>", "<SYSTEM>"])
    assert lines(found)["system"] == "<T><SYSTEM>{content}<E>"
    assert words(found) == [
        {"word": "system", "before": "# Preamble# Yours\n", "default": "# Preamble"}
    ]
    assert kinds(found) == {"SYSTEM_FIRST"}
    assert same(found, CAPITALS, [SYSTEM, *CHAT])
    assert same(found, CAPITALS, CHAT)


def test_a_system_message_without_a_line_is_left_to_a_condition() -> None:
    source = CAPITALS.replace("messages[0].content", "messages[0].content ~ messages[0].content")
    found = import_template(source, ["<T>", "<E>", "<USER>", "<BOT>", "<SYSTEM>"])
    assert set(lines(found)) == {"user", "assistant"}
    assert kinds(found) == {"NO_SYSTEM"}
    assert same(found, source, CHAT)


INSTRUCTED = (
    "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('turns') }}{% endif %}{% if m.role == 'user' %}[I] {{ m.content }} [/I]"
    "{% else %}{{ m.content }}</s> {% endif %}{% endfor %}"
)


def test_an_answer_without_a_header_stands_only_after_a_question() -> None:
    found = import_template(INSTRUCTED, ["[I]", "[/I]", "</s>"], "<s>", "</s>")
    assert lines(found) == {
        "user": "[I] {content} [/I]",
        "assistant": {"line": "{^}{content}</s> ", "after": ["user"]},
    }
    assert words(found) == [{"word": "order", "alternate": True}]
    assert kinds(found) == {"SYSTEM_FIRST"}  # it does not look what else than a user speaks
    assert found.format.stop_spellings == ("</s>",)  # not the token with which a question begins
    assert same(found, INSTRUCTED, CHAT, bos="<s>", eos="</s>")


ENDLESS = (
    "<g> {% for m in messages %}{{ '<' ~ m.role ~ '> ' ~ m.content ~ ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}<assistant> {% endif %}"
)


def test_an_answer_without_an_end_stops_where_a_question_begins() -> None:
    tokens = ["<g>", "<system>", "<user>", "<assistant>"]
    found = import_template(ENDLESS, tokens)
    assert lines(found) == {
        "system": "<system> {content} {next}",
        "user": "<user> {content} {next}",
        "assistant": {"line": "<assistant> {^}{content} {next}", "training_end": "<user>"},
    }
    assert kinds(found) == set()
    assert same(found, ENDLESS, [SYSTEM, *CHAT])


def test_no_special_token_becomes_text_of_a_word() -> None:
    """Such a format writes the same text, and other ids."""
    source = (
        "<g> {% if messages[0].role == 'system' %}<sys> {{ messages[0].content }} {% endif %}"
        "{% for m in messages if m.role != 'system' %}"
        "{% if m.role == 'user' %}<u>{{ m.content }}{% else %}<a>{{ m.content }}<e>{% endif %}"
        "{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
    )
    found = import_template(source, ["<g>", "<sys>", "<u>", "<a>", "<e>"])
    assert "<sys>" not in str(found.format.prepare)
    assert same(found, source, CHAT)
    rows = {"user": "<u>{content}<e>", "assistant": "<a>{^}{content}<e>"}
    wrong = in_letters(
        ChatFormat(
            name="wrong",
            template={"system": "<g>{content}{next}", **rows},
            special_tokens=["<g>", "<u>", "<a>", "<e>"],
            speakers=["assistant"],
            stops=["<e>"],
            prepare=[{"word": "system", "before": "<e>"}],
        )
    )
    written = "<g><e>s<u>q<e>"
    chat = Conversation(
        messages=(Message(role="system", content="s"), Message(role="user", content="q"))
    )
    assert spelled(wrong, wrong.encode(wrong.prepare(chat))) == written
    assert compare(wrong, Ask(chat), written)[0] is Verdict.EQUAL
    with pytest.raises(TemplateImportError, match="would be written as text"):
        _check_ids(wrong, [(Ask(chat), written)])


PARTS = (
    "{% for m in messages %}<m>{{ m.role }}:{% for part in m.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}<e>{% endfor %}"
    "{% if add_generation_prompt %}<m>assistant:{% endif %}"
)


def test_a_template_that_takes_texts_as_parts() -> None:
    found = import_template(PARTS, ["<m>", "<e>"])
    assert lines(found)["user"] == "<m>user:{content}<e>"
    assert kinds(found) == set()
    with JinjaTemplate(PARTS) as template:
        assert takes_parts(template)
        ask = Ask(Conversation(messages=(Message(role="user", content="Hi"),)))
        template.parts = True
        assert all_written_by(template, [ask]) == [(ask, "<m>user:Hi<e>")]
    with JinjaTemplate(ENDLESS) as template:
        assert not takes_parts(template)


def test_a_condition_that_only_other_conversations_show() -> None:
    """The second round of conversations shows what the first did not: tags, without a system."""
    source = (
        "{% for m in messages if m.role != 'system' %}<m>{{ m.role }}:"
        "{{ m.content.split('</think>')[-1] if m.role == 'assistant' and loop.index > 3 "
        "else m.content }}<e>{% endfor %}"
    )
    found = import_template(source, ["<m>", "<e>"])
    assert "NO_THINK_TAGS" in kinds(found)
    answer = Message(role="assistant", content="a</think>b")
    question = Message(role="user", content="q")
    assert not found.holds(Conversation(messages=(question, answer)))


def test_texts_that_spell_special_tokens_are_texts() -> None:
    source = (
        "{% for m in messages %}<m>{{ m.role }}:{{ m.content }}<e>{% endfor %}"
        "{% if add_generation_prompt %}<m>assistant:{% endif %}"
    )
    found = import_template(source, ["<m>", "<e>", "</think>"])
    assert kinds(found) == set()


def test_a_rule_about_system_messages_in_the_middle() -> None:
    source = (
        "{% for m in messages %}{% if m.role != 'system' or m.content %}"
        "<m>{{ m.role }}:{{ m.content }}<e>{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<m>assistant:{% endif %}"
    )
    found = import_template(source, ["<m>", "<e>"])
    assert words(found) == [{"word": "system", "empty": "drop"}]
    assert kinds(found) == {"NO_EMPTY_SYSTEM"}
    odd = [Message(role="user", content="q"), Message(role="system", content="")]
    assert not found.holds(Conversation(messages=tuple(odd)), prompt=True)


def test_what_is_refused_is_a_word_of_its_own() -> None:
    """No other word is taken because it has the format refuse, too."""
    source = (
        "{% set turns = messages[1:] if messages[0].role == 'system' else messages %}"
        "{% if messages[0].role == 'system' %}<m>system:{{ messages[0].content }}<e>{% endif %}"
        "{% for m in turns %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('turns') }}{% endif %}<m>{{ m.role }}:{{ m.content | trim }}<e>"
        "{% endfor %}{% if add_generation_prompt %}<m>assistant:{% endif %}"
    )
    found = import_template(source, ["<m>", "<e>"])
    assert words(found) == [
        {"word": "strip", "roles": ["assistant", "user"], "side": "both"},
        {"word": "order", "alternate": True},
    ]
    assert {"word": "reasoning", "keep": "none"} in found.format.row()["prepare"]


def test_only_prompts_may_be_the_same() -> None:
    source = (
        "{% for m in messages %}<m>{{ m.role }}:{{ m.content | trim }}<e>{% endfor %}<m>assistant:"
    )
    found = import_template(source, ["<m>", "<e>"])
    assert kinds(found) == {"END_DIFFERS"}
    [strip] = words(found)
    assert (strip["word"], {*strip["roles"]}) == ("strip", {"system", "user", "assistant"})


THINKING = (
    "{% for m in messages %}<m>{{ m.role }}:{% if m.reasoning_content is defined %}"
    "<t>{{ m.reasoning_content | trim }}</t>{{ m.content.lstrip('\\n') }}"
    "{% else %}{{ m.content }}{% endif %}<e>{% endfor %}"
    "{% if add_generation_prompt %}<m>assistant:{% endif %}"
)


def test_reasoning_and_the_text_after_it_are_trimmed() -> None:
    found = import_template(THINKING, ["<m>", "<t>", "</t>", "<e>"])
    assert lines(found)["assistant"] == "<m>assistant:{^}[<t>{reasoning}</t>]{content}<e>"
    [thought] = words(found)
    assert (thought["field"], thought["roles"]) == ("reasoning", ["assistant"])
    assert kinds(found) == set()


def test_a_format_that_refuses_what_ends_its_field_is_guarded() -> None:
    guarded = ChatFormat(
        name="guarded",
        template={"assistant": "<a>{^}{reasoning}</t>{content}<e>"},
        special_tokens=["<a>", "<e>"],
        fences=["</t>"],
    )
    tok = in_letters(guarded)
    answer = Message(role="assistant", reasoning="a</t>b", content="c</t>d")
    ask = Ask(Conversation(messages=(answer,)))
    assert compare(tok, ask, "<a>a</t>b</t>c</t>d<e>")[0] is Verdict.GUARDED


def test_nothing_is_needed_where_nothing_differs() -> None:
    assert needed([], []) == ([], [])
