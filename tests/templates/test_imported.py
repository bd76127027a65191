"""One more rule in a template is a word or a condition of the format made from it."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from chatfmt import Conversation, FormatError, Message
from chatfmt.errors import TemplateImportError
from chatfmt.templates.imported import Imported, import_template
from chatfmt.templates.letters import Letters, spelled
from chatfmt.templates.probe import cut, reasoning_cut
from chatfmt.templates.render import JinjaTemplate

TOKENS = ["<m>", "<e>", "<t>", "</t>"]
HEAD, TEXT, END = "<m>{{ m.role }}\n", "{{ m.content }}", "<e>\n"
CHECK = "{% if m.role == 'tool' or m.tool_calls %}{{ raise_exception('no tools') }}{% endif %}"
PROMPT = "{% if add_generation_prompt %}<m>assistant\n{% endif %}"


def template(
    *, start: str = "", head: str = HEAD, text: str = TEXT, end: str = END, after: str = ""
) -> str:
    loop = f"{{% for m in messages %}}{CHECK}{head}{text}{end}{{% endfor %}}"
    return (
        "{{ bos_token }}"
        + start
        + loop.replace("\n", "{{ '\\n' }}")
        + after
        + PROMPT.replace("\n", "{{ '\\n' }}")
    )


def imported(source: str, **more: Any) -> Imported:
    return import_template(source, TOKENS, "<s>", "", **more)


def words(found: Imported) -> list[dict[str, Any]]:
    return [word for word in found.format.row()["prepare"] if word["word"] != "reasoning"]


def kinds(found: Imported) -> list[str]:
    return sorted(one.kind for one in found.conditions)


SYSTEM = "<m>system{{ '\\n' }}Be kind.<e>{{ '\\n' }}"
DEFAULT = "{% if messages[0].role != 'system' %}" + SYSTEM + "{% endif %}"
FIRST = "{% if loop.first %}"
MUTATIONS: dict[str, tuple[str, list[dict[str, Any]], list[str]]] = {
    "nothing": (template(), [], []),
    "trim": (
        template(text="{{ m.content|trim }}"),
        [{"word": "strip", "roles": ["system", "assistant", "user"], "side": "both"}],
        [],
    ),
    "trimmed answers": (
        template(text="{{ m.content.rstrip('\\n') if m.role == 'assistant' else m.content }}"),
        [{"word": "strip", "roles": ["assistant"], "side": "end", "characters": "\n"}],
        [],
    ),
    "default system": (
        template(start=DEFAULT),
        [{"word": "system", "default": "Be kind."}],
        [],
    ),
    "turns": (
        template(
            text="{% if (m.role == 'user') != (loop.index0 % 2 == 0) or m.role == 'system' %}"
            "{{ raise_exception('turns') }}{% endif %}{{ m.content }}"
        ),
        [{"word": "order", "alternate": True}],
        [],
    ),
    "merged turns": (
        template(head="{% if loop.first or loop.previtem.role != m.role %}" + HEAD + "{% endif %}"),
        [],
        ["NO_RUNS"],
    ),
    "epilogue": (
        template(after="{% if not add_generation_prompt %}!{% endif %}"),
        [],
        ["END_DIFFERS"],
    ),
    "loop.last": (
        template(end="{% if not loop.last or add_generation_prompt %}" + END + "{% endif %}"),
        [],
        ["END_DIFFERS"],
    ),
    "nothing for an empty answer": (
        template(
            head="{% if m.content or m.role != 'assistant' %}" + HEAD, end=END + "{% endif %}"
        ),
        [],
        ["NO_EMPTY_ANSWER"],
    ),
    "tags": (
        template(
            text="{{ m.content.split('</think>')[-1] if m.role == 'assistant' else m.content }}"
        ),
        [],
        ["NO_THINK_TAGS"],
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_one_rule_more_is_a_word_or_a_condition(name: str) -> None:
    source, expected, conditions = MUTATIONS[name]
    found = imported(source)
    assert words(found) == expected
    assert kinds(found) == conditions
    assert found.evidence.proven
    for one in found.conditions:
        assert one.witness is not None
        asked = one.witness.ask
        assert not found.holds(asked.conversation, prompt=asked.prompt)
        assert one.reason


def test_lines_are_what_the_template_writes() -> None:
    found = imported(template(), name="mine")
    assert found.format.name == "mine"
    assert found.format.prologue == "<s>"
    assert found.format.template == {
        "system": "<m>system\n{content}<e>\n",
        "user": "<m>user\n{content}<e>\n",
        "assistant": "<m>assistant\n{^}{content}<e>\n",
    }
    tok = found.tokenizer(Letters({token: 256 + at for at, token in enumerate(["<s>", *TOKENS])}))
    assert spelled(tok, tok.encode([{"role": "user", "content": "Hi"}])) == "<s><m>user\nHi<e>\n"
    assert found.holds(Conversation(messages=(Message(role="user", content="Hi"),)))


THINKS = "{% if m.reasoning_content is defined %}<t>{{ m.reasoning_content }}</t>{% endif %}"


def test_reasoning_has_a_place() -> None:
    found = imported(template(text=THINKS + TEXT))
    assert found.format.template["assistant"] == (  # type: ignore[index]
        "<m>assistant\n{^}[<t>{reasoning}</t>]{content}<e>\n"
    )
    assert kinds(found) == []
    assert found.format.prepare == ()


def test_a_prompt_may_open_reasoning_or_close_it() -> None:
    opened = imported(template(text=THINKS + TEXT) + "{% if add_generation_prompt %}<t>{% endif %}")
    assert "<t>{^}{reasoning}</t>" in str(opened.format.template)
    closed = template(text=THINKS + TEXT) + "{% if add_generation_prompt %}<t></t>{% endif %}"
    assert imported(closed).format.thinking is False


def test_reasoning_of_earlier_turns_is_dropped_by_a_word() -> None:
    later = "{% if loop.last %}" + THINKS + "{% endif %}"
    found = imported(template(text=later + TEXT))
    assert found.format.prepare == (
        {"word": "reasoning", "keep": "after_last_user", "empty": "none"},
    )


def test_a_system_message_that_becomes_text_of_the_users() -> None:
    first = (
        "{% set rest = messages %}{% if messages[0].role == 'system' %}"
        "{% set rest = messages[1:] %}{% set given = messages[0].content + '/' %}{% endif %}"
    )
    source = template(start=first, text="{{ given if loop.first }}" + TEXT)
    source = source.replace("for m in messages", "for m in rest")
    found = imported(source)
    assert {"word": "fold", "into": "first", "between": "/"} in words(found)
    assert "system" not in found.format.lines_of
    last = source.replace("given if loop.first", "'[' + given if given and loop.last")
    found = imported(last)
    assert words(found)[:2] == [
        {"word": "system", "before": "["},
        {"word": "fold", "into": "last", "between": "/"},
    ]


def test_a_system_message_that_is_left_out() -> None:
    source = template().replace("for m in messages", "for m in messages if m.role != 'system'")
    assert {"word": "system", "drop": True} in words(imported(source))


def test_a_message_without_an_end() -> None:
    source = template(end="{{ '<e>' if m.role == 'assistant' }}").replace("<m>system", "<t>system")
    found = imported(source)
    assert found.format.template["user"] == "<m>user\n{content}{next}"  # type: ignore[index]


def test_the_day_is_a_value() -> None:
    dated = DEFAULT.replace("Be kind.", "Today is {{ strftime_now('%d %B %Y') }}.")
    found = imported(template(start=dated))
    assert words(found) == [
        {"word": "system", "default": "Today is {date:%d %B %Y}.", "values": {"date": None}}
    ]
    with pytest.raises(TemplateImportError, match="DATED"):
        imported(template(head="<m>{{ m.role }}{{ strftime_now('%Y') }}\n"))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("{{ raise_exception('no chat') }}", "no plain conversation: TemplateError: no chat"),
        ("{{ messages[0].content }}", "its texts do not stand one after the other"),
        ("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", "read back"),
        (
            template(text="{{ m.content.upper() if 'a' in m.content else m.content }}"),
            "differ|left",
        ),
        (template(text="{{ m.content.replace('Paris', 'Rome')[:9] }}"), "differ|left"),
    ],
)
def test_what_cannot_be_proven_is_refused(source: str, why: str) -> None:
    with pytest.raises(TemplateImportError, match=why) as caught:
        imported(source)
    error = caught.value
    assert isinstance(error, FormatError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reasons) == (str(error), error.reasons)


def test_cuts() -> None:
    with JinjaTemplate("{{ messages[0].content * 2 }}") as one:
        assert cut(one, "u") is None
        assert reasoning_cut(one) is None
    with JinjaTemplate("{{ raise_exception('no') }}") as one:
        assert cut(one, "u") is None
        assert reasoning_cut(one) is None
