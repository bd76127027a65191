"""A server's work: for each answer the conversation is prepared again, and the model prompted."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt import Conversation, Message, RenderError, ToolCall, get_format
from rows import tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt import ChatTokenizer, TrainingExample, Transcript

__all__ = ["Kinds", "check_each_turn", "kinds", "needed", "prompts", "runs"]


RESULTS_ARE_THE_USERS = "reka-edge"
"""In which results of tools are messages of the user once they are prepared."""


class Kinds(NamedTuple):
    """What answers a row can carry."""

    recipient: str | None
    """To whom each answer is addressed, where that is needed."""
    thinking: bool
    calls: bool
    thinking_after_results: bool


@functools.cache
def kinds(name: str) -> Kinds:
    """What answers this row can carry, in a conversation that is prepared."""
    tok, values = tokenizer(name), needed(name)

    def carries(*messages: Message) -> bool:
        user = Message(role="user", content="a")
        try:
            tok.encode(tok.prepare([user, *messages], history="keep", values=values))
        except RenderError:
            return False
        return True

    call = ToolCall(name="f", arguments='{"a": 1}', id="functions.f:0")
    calls = (
        Message(role="assistant", content="", tool_calls=(call,)),
        Message(role="tool", content="d", name="f", call_id=call.id),
    )
    plain = Message(role="assistant", content="b")
    thinking = plain.model_copy(update={"reasoning": "c"})
    return Kinds(
        None if carries(plain) else "user",
        carries(thinking),
        carries(*calls, plain),
        carries(*calls, thinking),
    )


def needed(name: str) -> dict[str, str]:
    """The values without which the row's preparation cannot do."""
    words = get_format(name).preparation
    return {key: "1" for word in words for key, default in word.names.items() if default is None}


def runs(messages: Sequence[Message]) -> Iterator[tuple[int, int, int]]:
    """Turn, start and stop of all that the model writes at a time."""
    turn = start = 0
    for at, message in enumerate([*messages, Message(role="user", content="")]):
        if message.role == "assistant":
            continue
        if start < at:
            yield turn, start, at
        start = at + 1
        turn += message.role == "user"


def prompts(
    tok: ChatTokenizer, history: Conversation, answer: Message, asked: dict[str, Any] | None
) -> list[list[int]]:
    """The prompts that there are at this point, those first that fit the answer best."""
    prepared = history if asked is None else tok.prepare(history, **asked)
    found = []
    for name in (answer.name, None):
        for thinking in (None, True) if answer.reasoning else (False, None, True):
            try:
                found.append(tok.encode_prompt(prepared, name=name, thinking=thinking))
            except RenderError:
                continue
    return found


def check_each_turn(
    tok: ChatTokenizer,
    chat: Conversation,
    examples: Sequence[TrainingExample],
    asked: dict[str, Any] | None,
) -> None:
    """Each example begins with what a server asks for its answers, and no other is trained."""
    left = [*examples]
    turn_before, first, known = None, 0, list[int]()
    for turn, start, stop in runs(chat.messages):
        if all(message.weight == 0 for message in chat.messages[start:stop]):
            continue
        history = chat.model_copy(update={"messages": chat.messages[:start]})
        here = prompts(tok, history, chat.messages[start], asked)
        goes_on = turn == turn_before and _follows(known, here, after=first)
        if not goes_on:
            assert left, f"no example for the answer in message {start}"
            example = left.pop(0)
            known = example.input_ids
            found = _follows(known, here, after=0)
            assert found, f"the example for message {start} does not begin with its prompt"
            first = min(at for at, weight in enumerate(example.weights) if weight)
            assert first == found, f"of message {start} another part is trained than is prompted"
            tools = () if asked is None else asked.get("tools") or chat.tools
            given = tok.parse(known, tools=tools).conversation
            whole = tok.render(given.model_copy(update={"tools": tuple(tools)}))
            assert example.weights == _expected(tok, whole, known, first)
            assert example.labels == [
                token if weight else -100
                for token, weight in zip(known, example.weights, strict=True)
            ]
            later = [span.message for span in whole.spans if span.start >= first]
            roles = {given.messages[at].role for at in later if at is not None}
            is_result = asked is not None and tok.format.name == RESULTS_ARE_THE_USERS
            assert "user" not in roles or is_result
            turn_before = turn
    assert not left
    _check_turns(tok, chat, examples, asked)


def _check_turns(
    tok: ChatTokenizer,
    chat: Conversation,
    examples: Sequence[TrainingExample],
    asked: dict[str, Any] | None,
) -> None:
    """`turns` returns what the examples encode, but for an end that only training writes."""
    seen = tok.turns(chat, prepare=asked is not None, **(asked or {}))
    trained = [
        tok.render(one)
        for one in seen
        if any(said.role == "assistant" and said.weight != 0 for said in one.messages)
    ]
    for one, example in zip(trained, examples, strict=True):
        size = len(one.ids) - 1
        assert example.input_ids[:size] == one.ids[:-1]
        assert example.weights[:size] == one.weights()[:size]


def _expected(tok: ChatTokenizer, whole: Transcript, ids: list[int], first: int) -> list[float]:
    """What the transcript says from there on; and where training has an end of its own, that."""
    weights = [0.0] * first + whole.weights()[first:]
    if whole.ids == ids:
        return weights
    assert whole.ids[: len(ids) - 1] == ids[:-1]
    assert ids[-1] in tok.stop_tokens
    return [*weights[: len(ids) - 1], 1.0]


def _follows(ids: Sequence[int], prompts: Sequence[Sequence[int]], *, after: int) -> int:
    """Where the first of the prompts ends with which these ids begin; 0 if with none."""
    fitting = (len(p) for p in prompts if [*ids[: len(p)]] == [*p] and len(p) < len(ids))
    return next((length for length in fitting if length > after), 0)
