"""The conversations that templates are asked to write, the same every time.

Small ones come first, so that the first difference is a small one; the others are drawn at random.
"""

from __future__ import annotations

import itertools
import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation import Conversation, Message, ToolCall
from chatfmt.templates.render import Rendering

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from chatfmt.templates.render import JinjaTemplate, Refused

__all__ = ["TOOLS", "Ask", "Kinds", "all_written_by", "asks", "template_messages", "written_by"]

TOOLS: tuple[dict[str, Any], ...] = (
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Weather of a city",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "its name"}},
                "required": ["city"],
            },
        },
    },
)
"""The definitions given to conversations that have tools."""
_TEXTS = (
    "a</think>b",
    "Hi",
    "2+2?",
    "It is 4.",
    "a\n\nb",
    "\u00e9 \u65e5\u672c \U0001f1e8\U0001f1ed",
    '{"a": 1}',
    "The quick brown fox jumps over the lazy dog, and Paris is the capital of France. " * 2
    + "Is it?",
)
_MANY, _MANY_WORDS = 20, 2_000  # turns of a long conversation, words of a long text
_EDGES = ("", " x", "x ", "\n x\n\n", " ", "\tx", "\u2003x\u2003")


class Ask(NamedTuple):
    """A conversation for a template to write."""

    conversation: Conversation
    prompt: bool = False
    """Whether the beginning of an answer follows it."""
    thinking: bool | None = None
    """Whether that answer is to think; None: what the template does by itself."""

    def __str__(self) -> str:
        parts = (f"{m.role}: {m.content!r}" for m in self.conversation.messages)
        return " | ".join((*parts, *(["prompt"] if self.prompt else [])))


class Kinds(NamedTuple):
    """The kinds of content that conversations have besides plain texts of these roles."""

    roles: Sequence[str] = ("system", "user", "assistant")
    thinks: bool = False
    calls: bool = False
    switches: bool = True
    """If they think: whether prompts say that the answer shall think, or shall not."""


def asks(kinds: Kinds, *, seed: int = 0, drawn: int = 60) -> Iterator[Ask]:
    """All of them: each shape of few messages, each edge of a text, then the drawn ones.

    >>> [str(ask) for ask in asks(Kinds(("user", "assistant")), drawn=0)][:2]
    ["user: 'u0'", "user: 'u0' | prompt"]
    """
    chats = [*_shapes(kinds), *_edges(kinds), *_long(kinds), *_agents(kinds)]
    chance = random.Random(seed)  # noqa: S311 - the same every time
    chats += [_drawn(kinds, chance) for _ in range(drawn)]
    for messages, tools in chats:
        chat = Conversation(messages=tuple(messages), tools=tools)
        yield Ask(chat)
        if messages[-1].role in ("user", "tool"):
            yield Ask(chat, prompt=True)
            if kinds.thinks and kinds.switches:
                yield Ask(chat, prompt=True, thinking=False)
                yield Ask(chat, prompt=True, thinking=True)


_Chat = tuple[list[Message], tuple[dict[str, Any], ...]]


def _message(role: str, at: int, **fields: Any) -> Message:  # noqa: ANN401 - as `Message` has it
    return Message(role=role, **{"content": f"{role[0]}{at}", **fields})


def _turns(kinds: Kinds, *roles: str) -> list[Message]:
    return [_message(role, at) for at, role in enumerate(roles) if role in kinds.roles]


def _shapes(kinds: Kinds) -> Iterator[_Chat]:
    plain = [role for role in ("user", "assistant") if role in kinds.roles]
    for count in range(1, 5):
        for system in ((), ("system",)):
            yield _turns(kinds, *system, *itertools.islice(itertools.cycle(plain), count)), ()
    odd = itertools.chain.from_iterable(itertools.product(kinds.roles, repeat=n) for n in (1, 2, 3))
    for roles in odd:
        yield _turns(kinds, *roles), ()


def _edges(kinds: Kinds) -> Iterator[_Chat]:
    shapes = ("user assistant", "user system assistant user", "system user assistant user")
    for text, role in itertools.product((*_EDGES, *_TEXTS), kinds.roles):
        for roles in shapes if text in _EDGES else shapes[::2]:
            messages = _turns(kinds, *roles.split())
            for at, message in enumerate(messages):
                if message.role == role:
                    changed = message.model_copy(update={"content": text})
                    yield [*messages[:at], changed, *messages[at + 1 :]], ()


def _long(kinds: Kinds) -> Iterator[_Chat]:
    """Long conversations and texts, with and without a system message: a template may cut them."""
    turns = [role for role in ("user", "assistant") if role in kinds.roles]
    for system in (), ("system",):
        yield _turns(kinds, *system, *turns * _MANY, *turns[:1]), ()
        messages = _turns(kinds, *system, *turns, *turns[:1])
        yield [m.model_copy(update={"content": "word " * _MANY_WORDS + "."}) for m in messages], ()


def _agents(kinds: Kinds) -> Iterator[_Chat]:
    user, answer = _message("user", 0), _message("assistant", 1)
    if kinds.thinks:
        for reasoning in ("Add.", "", "\nAdd.\n\n"):
            thinking = answer.model_copy(update={"reasoning": reasoning})
            yield [user, thinking], ()
            yield [user, thinking, user, answer], ()
            yield [user, thinking, user, thinking], ()
        yield [user, thinking, thinking], ()
        yield [user, thinking.model_copy(update={"content": ""})], ()
    if kinds.calls:
        yield [user], TOOLS
        yield [_message("system", 0), user], TOOLS
        for count, text in itertools.product((1, 2), ("", "Wait.")):
            calling = answer.model_copy(update={"content": text, "tool_calls": _calls(count)})
            results = [_result(number) for number in range(count)]
            yield [user, calling, *results], TOOLS
            yield [user, calling, *results, answer], TOOLS
            yield [user, calling, *results, answer, user], TOOLS


def _calls(count: int) -> tuple[ToolCall, ...]:
    arguments = json.dumps({"city": "Paris", "days": 2})
    return tuple(
        ToolCall(name="get_weather", arguments=arguments, id=f"abcdefgh{number}")
        for number in range(count)
    )


def _result(number: int) -> Message:
    return Message(
        role="tool", name="get_weather", content='{"t": 20}', call_id=f"abcdefgh{number}"
    )


def _drawn(kinds: Kinds, chance: random.Random) -> _Chat:
    roles = [role for role in ("system",) if role in kinds.roles and chance.random() < 0.5]  # noqa: PLR2004
    turns = [role for role in ("user", "assistant") if role in kinds.roles]
    roles += itertools.islice(itertools.cycle(turns), chance.randint(1, 7))
    if chance.random() < 0.2:  # noqa: PLR2004
        roles.insert(chance.randint(0, len(roles)), chance.choice(kinds.roles))
    texts = (*_TEXTS, *_EDGES)
    made = [Message(role=role, content=chance.choice(texts)) for role in roles]
    return made, ()


def template_messages(conversation: Conversation) -> list[dict[str, Any]]:
    """The messages as templates take them.

    >>> template_messages(Conversation(messages=(Message(role="user", content="Hi"),)))
    [{'role': 'user', 'content': 'Hi'}]
    """
    return [_for_template(message) for message in conversation.messages]


def _for_template(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.reasoning is not None:
        made["reasoning_content"] = message.reasoning
    if message.name is not None:
        made["name"] = message.name
    if message.call_id is not None:
        made["tool_call_id"] = message.call_id
    if message.tool_calls:
        made["tool_calls"] = [
            {
                "type": "function",
                "id": call.id,
                "function": {"name": call.name, "arguments": call.parsed},
            }
            for call in message.tool_calls
        ]
    return made


def written_by(template: JinjaTemplate, ask: Ask) -> str | Refused:
    """The text that a template writes for a conversation.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> with JinjaTemplate("{{ messages[0].content }}") as template:
    ...     written_by(template, Ask(Conversation(messages=(Message(role="user", content="Hi"),))))
    'Hi'
    """
    return all_written_by(template, [ask])[0][1]


def all_written_by(
    template: JinjaTemplate, asked: Sequence[Ask], date: dt.date | None = None
) -> list[tuple[Ask, str | Refused]]:
    """Each conversation with what a template writes for it; ``date`` is the template's own if None.

    >>> from chatfmt.templates.render import JinjaTemplate
    >>> with JinjaTemplate("{{ add_generation_prompt }}") as template:
    ...     [text for _, text in all_written_by(template, [Ask(Conversation(), prompt=True)])]
    ['True']
    """
    texts = template.render_all([_rendering(ask, date) for ask in asked])
    return [*zip(asked, texts, strict=True)]


def _rendering(ask: Ask, date: dt.date | None) -> Rendering:
    names: dict[str, Any] = {}
    if ask.thinking is not None:
        names = {"enable_thinking": ask.thinking, "thinking": ask.thinking}
    chat = ask.conversation
    return Rendering(template_messages(chat), ask.prompt, chat.tools, names, date)
