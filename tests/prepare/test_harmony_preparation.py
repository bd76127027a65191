"""OpenAI's own renderer as a second opinion on the preparation of gpt-oss.

Nothing is adjusted before the comparison: the same conversation is built from openai-harmony's own
parts (its system message, its developer message with functions, messages with channels), rendered
by it, and compared id for id with what is prepared and encoded here.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt import Message, ToolCall
from chatfmt.conversation.harmony import split_for_harmony
from chatfmt.prepare.schemas import check_tools
from chatfmt.prepare.typescript import typescript
from harmony_encoding import load_harmony
from strategies import FOREIGN_SPECIALS, call_texts, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

harmony: Any = pytest.importorskip("openai_harmony", reason="the second opinion")

TOK = chatfmt.get_tokenizer("gpt-oss")
DATE = dt.date(2025, 1, 2)
PER_TEST = settings(deadline=None, max_examples=50)
KINDS = ("string", "number", "integer", "boolean", "array", "object", "null", "any", "")


@pytest.fixture(scope="module")
def theirs() -> Any:
    return load_harmony()


# ---- types


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.integers(20, 22).map(lambda zeros: 10**zeros),
    st.builds(
        lambda digits, power: float(f"{digits}e{power}"),
        st.integers(-(10**14), 10**14),
        st.integers(-22, 22),
    ),
)
"""Numbers that they read exactly: their reader of JSON rounds others to a neighbour."""

VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | call_texts(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(call_texts(), inner, max_size=2),
    max_leaves=4,
)


@st.composite
def schemas(draw: st.DrawFn, *, depth: int = 3) -> Any:
    """A schema as they come, with members now and then that are something else than they are."""

    def odd() -> Any:
        return draw(VALUES)

    def some() -> Any:
        return draw(schemas(depth=depth - 1)) if draw(st.integers(0, 9)) else odd()

    def text() -> Any:
        return draw(call_texts()) if draw(st.integers(0, 9)) else odd()

    def several(one: Any) -> Any:
        count = draw(st.integers(-1, 3))
        return odd() if count < 0 else [one() for _ in range(count)]

    def kind() -> Any:
        return draw(st.sampled_from(KINDS))

    def properties() -> Any:
        names = draw(st.lists(st.sampled_from("abc") | call_texts(), max_size=3, unique=True))
        return {name: some() for name in names}

    def unions() -> Any:
        return several(some)

    members: dict[str, Callable[[], Any]] = {
        "type": lambda: kind() if draw(st.integers(0, 4)) else several(kind),
        "description": text,
        "title": text,
        "default": odd,
        "examples": lambda: several(text),
        "enum": lambda: several(text),
        "nullable": lambda: draw(st.booleans()),
        "required": lambda: several(lambda: draw(st.sampled_from("abc"))),
    }
    if depth:
        members |= {"properties": properties, "items": some, "oneOf": unions}
    made = {name: make() for name, make in members.items() if draw(st.booleans())}
    if made.get("type") == "object" and depth:
        made["properties"] = properties() if draw(st.integers(0, 9)) else odd()
    return made


def their_developer(
    theirs: Any, instructions: str | None, tools: Sequence[dict[str, Any]]
) -> list[int]:
    ids: list[int] = theirs.render(as_developer(instructions, tools))
    return ids


def as_developer(instructions: str | None, tools: Sequence[dict[str, Any]]) -> Any:
    content = harmony.DeveloperContent(instructions=instructions)
    if tools:
        content = content.with_function_tools(
            [
                harmony.ToolDescription.new(
                    tool["name"], tool.get("description") or "", tool.get("parameters")
                )
                for tool in tools
            ]
        )
    return harmony.Message.from_role_and_content(harmony.Role.DEVELOPER, content)


FUNCTIONS = st.fixed_dictionaries(
    {"name": st.sampled_from(("f", "get_weather", "a b", "é"))},
    optional={
        "description": call_texts() | st.none(),
        "parameters": schemas() | st.none(),
    },
)


@given(function=FUNCTIONS)
@settings(deadline=None, max_examples=300)
def test_types_are_theirs(theirs: Any, function: dict[str, Any]) -> None:
    written = theirs.decode_utf8(their_developer(theirs, None, [function]))
    before = "<|start|>developer<|message|># Tools\n\n## functions\n\nnamespace functions {\n\n"
    after = "\n\n} // namespace functions<|end|>"
    assert written == before + typescript(function) + after


@given(number=NUMBERS)
@PER_TEST
def test_numbers_are_theirs(theirs: Any, number: float) -> None:
    properties = {"a": {"default": number}}
    function = {"name": "f", "parameters": {"type": "object", "properties": properties}}
    assert typescript(function) in theirs.decode_utf8(their_developer(theirs, None, [function]))


# ---- conversations


FREE = texts((*TOK.format.special_tokens, *FOREIGN_SPECIALS), max_pieces=3)


class Twice:
    """A conversation as people hold it, and the same of openai-harmony's messages."""

    def __init__(self) -> None:
        self.ours: list[Message] = []
        self.theirs: list[Any] = []

    def says(self, role: str, content: str, channel: str | None = None, **more: str) -> None:
        author = harmony.Author(role=harmony.Role(role), name=more.pop("name", None))
        one = harmony.Message.from_author_and_content(author, content)
        self.theirs.append(one.model_copy(update={"channel": channel, **more}))

    def asks(self, content: str) -> None:
        self.ours.append(Message(role="user", content=content))
        self.says("user", content)

    def answers(self, thought: str | None, text: str) -> None:
        self.ours.append(Message(role="assistant", content=text, reasoning=thought))
        if thought is not None:
            self.says("assistant", thought, "analysis")
        self.says("assistant", text, "final")

    def calls(self, thought: str | None, text: str, made: list[tuple[str, str, str]]) -> None:
        calls = tuple(ToolCall(name=name, arguments=arguments) for name, arguments, _ in made)
        self.ours.append(
            Message(role="assistant", content=text, reasoning=thought, tool_calls=calls)
        )
        if thought is not None:
            self.says("assistant", thought, "analysis")
        if text:
            self.says("assistant", text, "commentary")
        for name, arguments, _ in made:
            to = {"recipient": f"functions.{name}", "content_type": "<|constrain|>json"}
            self.says("assistant", arguments, "commentary", **to)
        for name, _, result in made:
            self.ours.append(Message(role="tool", name=name, content=result))
            to = {"recipient": "assistant", "name": f"functions.{name}"}
            self.says("tool", result, "commentary", **to)


@st.composite
def chats(draw: st.DrawFn, *, turns: int) -> Twice:
    """Turns in which tools are called, the last of them perhaps without an answer yet."""
    chat = Twice()
    reasoning = st.none() | FREE
    arguments = FREE.map(lambda text: json.dumps({"a": text}))
    made = st.lists(st.tuples(st.sampled_from("fg"), arguments, FREE), min_size=1, max_size=2)
    for turn in range(turns):
        chat.asks(draw(FREE))
        for _ in range(draw(st.integers(0, 2))):
            chat.calls(draw(reasoning), draw(st.just("") | FREE), draw(made))
        if turn < turns - 1 or draw(st.booleans()):
            thought = draw(reasoning)
            text = draw(FREE if thought is None else FREE.filter(bool))
            chat.answers(thought, text)
    return chat


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "reasoning_effort": st.sampled_from(("low", "medium", "high")),
        "knowledge_cutoff": FREE,
        "model_identity": FREE,
    },
)


def is_taken(tools: list[dict[str, Any]]) -> bool:
    """Whether they are JSON schemas: theirs takes others, too."""
    try:
        check_tools(tools)
    except ValueError:
        return False
    return True


DEFINITIONS = st.lists(
    st.builds(lambda function: {"type": "function", "function": function}, FUNCTIONS), max_size=2
).filter(is_taken)


def headed(
    instructions: str | None, tools: Sequence[dict[str, Any]], values: dict[str, str]
) -> list[Any]:
    """Their system message, and their developer message if there is anything to say."""
    system = harmony.SystemContent.new().with_conversation_start_date("2025-01-02")
    for name, value in values.items():
        chosen = harmony.ReasoningEffort(value.title()) if name == "reasoning_effort" else value
        system = getattr(system, f"with_{name}")(chosen)
    messages = [harmony.Message.from_role_and_content(harmony.Role.SYSTEM, system)]
    if instructions is not None or tools:
        messages.append(as_developer(instructions, [tool["function"] for tool in tools]))
    return messages


def drops_as_the_guide_says(messages: Sequence[Any]) -> list[Any]:
    """Without the thinking before the last answer.

    OpenAI's guide: thinking is dropped once an answer in the channel final has ended it, and what
    came before the last such answer is not passed on while tools are called.
    """
    finals = [at for at, one in enumerate(messages) if one.channel == "final"]
    last = finals[-1] if finals else -1
    return [one for at, one in enumerate(messages) if at > last or one.channel != "analysis"]


def check(
    theirs: Any,
    messages: tuple[Sequence[Message], Sequence[Any]],
    head: tuple[str, str | None, list[dict[str, Any]], dict[str, str]],
    *,
    drop: bool,
) -> None:
    ours, other = messages
    role, instructions, tools, values = head
    if instructions is not None:
        ours = [Message(role=role, content=instructions), *ours]
    prepared = TOK.prepare(ours, tools=tools, values={**values, "date": DATE})
    config = harmony.RenderConversationConfig(auto_drop_analysis=drop)
    whole = harmony.Conversation.from_messages([*headed(instructions, tools, values), *other])
    assert TOK.encode(prepared) == theirs.render_conversation(whole, config)
    prompt = theirs.render_conversation_for_completion(whole, harmony.Role.ASSISTANT, config)
    assert TOK.encode_prompt(prepared) == prompt


HEADS = st.tuples(
    st.sampled_from(("system", "developer")),
    st.none() | FREE.filter(bool),
    DEFINITIONS,
    SETTINGS,
)


@given(chat=chats(turns=1), head=HEADS)
@PER_TEST
def test_one_turn_is_theirs(theirs: Any, chat: Twice, head: Any) -> None:
    check(theirs, (chat.ours, chat.theirs), head, drop=True)


@given(chat=st.integers(2, 3).flatmap(lambda turns: chats(turns=turns)), head=HEADS)
@PER_TEST
def test_several_turns_are_theirs(theirs: Any, chat: Twice, head: Any) -> None:
    check(theirs, (chat.ours, drops_as_the_guide_says(chat.theirs)), head, drop=False)


def test_where_their_own_rule_is_another(theirs: Any) -> None:
    """They drop only what is before the first answer, and nothing where a tool was called last."""
    answer = [
        harmony.Message.from_role_and_content(harmony.Role.ASSISTANT, text).with_channel(channel)
        for text, channel in (("think", "analysis"), ("say", "final"))
    ]

    def kept(messages: Sequence[Any]) -> int:
        chat = harmony.Conversation.from_messages(messages)
        return int(theirs.decode_utf8(theirs.render_conversation(chat)).count("think"))

    call = answer[1].model_copy(update={"channel": "commentary", "recipient": "functions.f"})
    assert kept(answer) == 0
    assert kept([*answer, *answer]) == 1
    assert kept([*answer, call]) == 1
    assert drops_as_the_guide_says([*answer, *answer, call]) == [answer[1], answer[1], call]


@given(chat=chats(turns=2))
@PER_TEST
def test_what_is_split_already_is_prepared_alike(chat: Twice) -> None:
    whole, split = (
        TOK.prepare(messages, values={"date": DATE}).messages
        for messages in (chat.ours, split_for_harmony(chat.ours))
    )
    assert whole == split
