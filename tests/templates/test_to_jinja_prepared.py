"""Templates that prepare write what the row writes after preparation."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import ChatFormat, Conversation, FormatError, Message, RenderError, ToolCall
from chatfmt.templates import to_jinja
from chatfmt.templates.asks import TOOLS, Kinds, asks
from chatfmt.templates.letters import in_letters, spelled

pytest.importorskip("jinja2", reason="transformers needs it for chat templates")
pytest.importorskip("transformers", reason="it is what renders templates")
from jinja_chats import as_dicts, check, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHATS = [
    ask.conversation
    for ask in asks(Kinds(thinks=True, calls=True, switches=False), drawn=40)
    if not ask.prompt
]
EDGES = [
    Message(
        role="assistant" if at % 2 else "user", content=" a ", reasoning=" b " if at == 1 else None
    )
    for at in range(4)
]
CALLING = [
    Message(role="user", content="a"),
    Message(
        role="assistant",
        content="b",
        reasoning="c",
        tool_calls=(ToolCall(name="f", arguments="{}"), ToolCall(name="g", arguments="{}")),
    ),
    Message(role="tool", content="d"),
    Message(role="assistant", content="e"),
    Message(role="user", content="f"),
]
SOME = [
    Conversation(messages=(*EDGES,)),
    Conversation(messages=(Message(role="system"), Message(role="user", content="a"))),
    Conversation(messages=(*CALLING,), tools=TOOLS),
    *CHATS[8:72:16],
    *[chat for chat in CHATS if chat.tools][1::3],
    *[chat for chat in CHATS if any(m.reasoning is not None for m in chat.messages)][::2],
]
FIRST = [*SOME[:3], SOME[7]]
"""White space; a system message without text; calls beside reasoning; one with tools."""
FEW = ("llama-3.2", "nemotron-3")
REFUSED = {"gpt-oss": "split", "kimi-k2": "calls", "kimi-k2-thinking": "calls"}
"""Row to the word that no template can do."""
VALUES = {"date": "2 Jan 2025"}


def _values(row: ChatFormat) -> dict[str, str]:
    """The values that the row asks for."""
    return {name: VALUES.get(name, "low") for word in row.preparation for name in word.names}


def _compared(row: ChatFormat, chats: list[Conversation]) -> Counter[str]:
    tok, source, values = in_letters(row), to_jinja(row, prepare=True), _values(row)
    return Counter(found for chat in chats for found in _each(tok, source, chat, values))


def _each(
    tok: chatfmt.ChatTokenizer, source: str, chat: Conversation, values: Mapping[str, Any]
) -> Iterator[str]:
    try:
        prepared = tok.prepare(chat, values=values)
    except RenderError:
        found = rendered(source, as_dicts(chat), tools=[*chat.tools] or None, **values)
        assert found.text is None, chat
        yield "both refuse"
        return
    yield from check(tok, source, chat, prepared=prepared, variables=values)


@pytest.mark.parametrize("name", FEW)
def test_some_rows(name: str) -> None:
    assert _compared(chatfmt.get_format(name), CHATS[::7])["equal"] > len(CHATS[::7])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in chatfmt.FORMAT_ROWS if name not in REFUSED])
def test_every_row(name: str) -> None:
    """Rows that lack roles refuse most of the conversations, as their templates do."""
    chats = CHATS if os.environ.get("CHATFMT_LARGE") else CHATS[::4]
    assert _compared(chatfmt.get_format(name), chats)["equal"] > len(chats) // 5


@pytest.mark.parametrize("name", REFUSED)
def test_a_word_that_no_template_can_do_is_named(name: str) -> None:
    with pytest.raises(FormatError, match=f"the word {REFUSED[name]} of its preparation"):
        to_jinja(chatfmt.get_format(name), prepare=True)


def test_definitions_that_are_not_json_are_refused_where_there_are_some() -> None:
    row = chatfmt.get_format("qwen-3-coder")
    source = to_jinja(row, prepare=True)
    given = [{"role": "user", "content": "Hi"}]
    assert rendered(source, given).text is not None
    assert "the word tools" in rendered(source, given, tools=[*TOOLS]).reason


DEFINED: list[Any] = [
    {"type": "function", "function": {"name": "f", "description": None, "parameters": None}},
    {"name": "f", "input_schema": {"type": "object"}},
    {"type": "function"},
    {"type": "function", "function": None},
    {"type": "function", "function": {}},
    {"type": "function", "function": {"name": ""}},
    {"type": "function", "function": {"name": 7}},
    {"type": "function", "function": {"name": "f", "description": 7}},
    {"type": "function", "function": {"name": "f", "parameters": "object"}},
    {"type": "function", "function": {"name": "f", "input_schema": []}},
]


@pytest.mark.parametrize("name", ["chatml", "qwen-3"])
def test_definitions_are_refused_as_prepare_does(name: str) -> None:
    tok = in_letters(chatfmt.get_format(name))
    source = to_jinja(tok.format, prepare=True)
    given = [{"role": "user", "content": "Hi"}]
    for tool in DEFINED:
        found = rendered(source, given, tools=[*TOOLS, tool])
        try:
            expected = spelled(tok, tok.encode(tok.prepare(given, tools=[*TOOLS, tool])))
        except RenderError:
            assert found.reason.startswith("tools[1]: expected "), tool
        else:
            assert found.text == expected, tool


def test_a_value_that_is_missing() -> None:
    source = to_jinja(chatfmt.get_format("llama-3.2"), prepare=True)
    given = [{"role": "user", "content": "Hi"}]
    assert rendered(source, given).reason == (
        "the value date is needed, as text in the form %d %b %Y"
    )
    assert rendered(source, [{"role": "user", "content": [{"type": "text"}]}]).reason == (
        "message 0: expected text as content and as thinking"
    )


TOKENS = ["<s>", "<m>", "<e>", "<t>", "<c>"]
ROLES = ("system", "user", "assistant", "tool", "note")
WORDS: list[list[dict[str, Any]]] = [
    [{"word": "strip", "roles": ["user"], "side": "start", "earlier": True}],
    [{"word": "strip", "roles": ["assistant"], "field": "reasoning", "thinks": True}],
    [{"word": "strip", "roles": ["assistant"], "thinks": False, "calls": False}],
    [{"word": "rename", "role": "tool", "to": "user", "before": "(", "after": ")"}],
    [{"word": "rename", "role": "user", "to": "note", "quoted": True, "joined": True}],
    [{"word": "rename", "role": "user", "to": "user", "before": "Q: "}],
    [{"word": "system"}],
    [{"word": "system", "drop": True, "default": "a"}],
    [{"word": "system", "default": "{x} {y}", "values": {"x": "1"}, "before": "b", "after": "c"}],
    [{"word": "system", "default_with_tools": "a", "before_with_tools": "b", "empty": "default"}],
    [{"word": "system", "empty": "drop", "default": "a", "after_with_tools": "b", "after": "c"}],
    [{"word": "fold", "into": "first"}],
    [{"word": "fold", "into": "last", "between": "/", "drop_empty": True}],
    [{"word": "insert", "role": "note", "content": "{x}", "values": {"x": None}}],
    [{"word": "insert", "role": "note", "content": "x", "after_system": True}],
    *(
        [{"word": "reasoning", "keep": keep, "empty": empty}]
        for keep in ("all", "none", "after_last_user", "after_last_answer")
        for empty in ("none", "kept", "all")
    ),
    [{"word": "reasoning", "keep": "none", "dropped": "", "leaves": "\n", "blank": False}],
    [{"word": "reasoning", "keep": "all", "empty": "all", "after_results": False}],
    [{"word": "order", "tools": False, "system": False}],
    [{"word": "order", "first": ["system"], "alternate": True}],
    [{"word": "order", "calls": 1, "text_with_calls": False, "empty_answers": False}],
    *(
        [{"word": "tools", "into": into, "role": role, "field": "content", **more}]
        for into, role in (("system", "system"), ("first_user", "system"), ("last_user", "system"))
        for more in (
            {"before": "<", "after": ">", "between": "\n"},
            {"place": "after", "spelling": {"whole": True, "function": True, "indent": 2}},
        )
    ),
    [
        {"word": "insert", "role": "note", "content": ""},
        {"word": "tools", "into": "inserted", "role": "note", "field": "content"},
    ],
    [{"word": "tools", "into": "inserted", "role": "note", "field": "content"}],
    [
        {
            "word": "tools",
            "into": "message",
            "after_system": True,
            "role": "note",
            "field": "content",
            "spelling": {
                "before": "{name}: {description}\n",
                "after": ";",
                "between": ",",
                "compact": True,
                "sorted_keys": True,
                "function": True,
            },
        }
    ],
    [
        {
            "word": "tools",
            "into": "message",
            "role": "note",
            "field": "content",
            "spelling": {"whole": True, "before": "a", "after": "b"},
        }
    ],
]
CALLS = "[<c>{call.name}<m>{call.arguments:object}]*"


def _row(words: list[dict[str, Any]]) -> ChatFormat:
    lines: dict[str, Any] = {role: f"<s>{role} {{content}}<e>" for role in ROLES}
    answer = "<s>bot {^}[<t>{reasoning}<m>]{content}"
    lines["assistant"] = [answer + "<e>", answer + CALLS + "<e>"]
    return ChatFormat(name="mine", template=lines, special_tokens=TOKENS, prepare=words)


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_each_word_with_each_option(words: list[dict[str, Any]]) -> None:
    assert _compared(_row(words), FIRST)["equal"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_each_word_with_more_conversations(words: list[dict[str, Any]]) -> None:
    assert _compared(_row(words), SOME)["equal"] > 0


@pytest.mark.parametrize("values", [{}, {"x": "2"}])
def test_a_value_with_a_default(values: dict[str, str]) -> None:
    row = _row([{"word": "system", "default": "{x}", "values": {"x": "1"}}])
    tok, given = in_letters(row), [{"role": "user", "content": "Hi"}]
    expected = spelled(tok, tok.encode(tok.prepare(given, values=values)))
    assert rendered(to_jinja(row, prepare=True), given, **values).text == expected


def test_a_message_in_another_role_has_neither_name_nor_call_id() -> None:
    line = "<s>{role}[ name={name}][ id={call_id}]<m>{content}<e>"
    words = [{"word": "rename", "role": "tool", "to": "user"}]
    row = ChatFormat(
        name="mine",
        template={"user": line, "tool": line, "assistant": "<s>a{^}<m>{content}<e>"},
        special_tokens=TOKENS[:3],
        prepare=words,
    )
    result = Message(role="tool", content="a", name="f", call_id="c")
    assert _compared(row, [Conversation(messages=(result,))])["equal"] > 0


def test_a_prompt_comes_after_the_prepared_messages() -> None:
    lines = {
        "user": "<s>u{content}<e>",
        "tool": "<s>t{content}<e>",
        "assistant": [{"line": "<s>a{^}{content}<e>", "after": "user"}, "<m>{^}{content}<e>"],
    }
    words = [{"word": "rename", "role": "tool", "to": "user"}]
    row = ChatFormat(name="mine", template=lines, special_tokens=TOKENS[:3], prepare=words)
    chat = Conversation(messages=(Message(role="tool", content="a"),))
    assert _compared(row, [chat])["equal"] > 1


def test_thinking_that_is_a_message_of_its_own() -> None:
    lines = {"user": "<s>u{content}<e>", "assistant": "<s>a{^}[ {channel}]<m>{content}<e>"}
    for keep in ("all", "none", "after_last_user", "after_last_answer"):
        words = [{"word": "reasoning", "keep": keep}]
        row = ChatFormat(name="mine", template=lines, special_tokens=TOKENS[:3], prepare=words)
        said = ("analysis", None, "analysis", "final")
        answers = [Message(role="assistant", content="Hi", channel=channel) for channel in said]
        question = Message(role="user", content="a")
        chat = Conversation(messages=(question, *answers[:2], question, *answers[2:]))
        assert _compared(row, [chat])["equal"] > 0
