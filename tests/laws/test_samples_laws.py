"""Samples of a transcript: each sampled id once, in the context that the model was given."""

from __future__ import annotations

import pytest

from asking import kinds, needed, prompts
from chatfmt import FORMAT_ROWS, ChatTokenizer, Conversation, Message, RenderError, ToolCall
from rows import tokenizer

CALL = ToolCall(name="f", arguments='{"a": 1}', id="functions.f:0")


def turns(name: str, *, calls: bool) -> list[Message]:
    """Two turns and a third, with all that a row can carry."""
    can = kinds(name)

    def answer(text: str, thought: str, *calls: ToolCall, after: bool = False) -> Message:
        thinks = can.thinking_after_results if after else can.thinking
        return Message(
            role="assistant",
            content=text,
            reasoning=thought if thinks else None,
            tool_calls=calls,
            recipient=can.recipient,
        )

    step = [
        answer("", "hm", CALL),
        Message(role="tool", content="1", name="f", call_id=CALL.id),
    ]
    return [
        Message(role="user", content="hello"),
        *(step if calls else ()),
        answer("hi", "so", after=calls),
        Message(role="user", content="more"),
        answer("bye", "well"),
        Message(role="user", content="again"),
        answer("no", "oh"),
    ]


def play(tok: ChatTokenizer, messages: list[Message]) -> None:
    """Sample each answer after the prompt that the samples give, and look at them all."""
    values = needed(tok.format.name)
    first = next(at for at, message in enumerate(messages) if message.role == "assistant")
    chat = tok.render(messages[:first])
    given: list[tuple[list[int], list[int]]] = []
    for at, message in enumerate(messages[first:], first):
        if message.role != "assistant":
            chat.append(message)
            continue
        until = messages[: at + 1]
        example = tok.encode_for_training(until, turns="each", prepare=True, values=values)[-1]
        prompt: list[int] = []
        for thinking in (None, True):  # one that the answer fits
            trial = chat.copy()
            trial.prompt(thinking=thinking)
            prompt = trial.samples(values=values)[-1].ids
            if example.input_ids[: len(prompt)] == prompt:
                break
        assert example.input_ids[: len(prompt)] == prompt
        history = Conversation(messages=tuple(messages[:at]))
        assert prompt in prompts(tok, history, message, {"values": values})
        chat = trial
        written = example.input_ids[len(prompt) :]
        completion = chat.append_completion(written)
        assert completion.stop_reason in {"stop", "overrun"}
        given.append((prompt, written[: len(written) - len(completion.rest)]))
    ids = list(chat.ids)
    samples = chat.samples(values=values)
    assert chat.ids == ids
    count = sum(len(written) for _, written in given)
    assert sum(chat.weights("sampled")) == count
    assert sum(sum(sample.weights("sampled")) for sample in samples) == count
    left = [*samples]
    for prompt, written in given:
        while left[0].ids[: len(prompt) + len(written)] != prompt + written:
            del left[0]
        weights = left[0].weights("sampled")
        assert weights[len(prompt) : len(prompt) + len(written)] == [1.0] * len(written)
    assert len(left) == 1


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_each_sampled_id_is_trained_once_after_what_the_model_was_given(name: str) -> None:
    tok = tokenizer(name)
    if kinds(name).calls:
        try:
            tok.render(turns(name, calls=True)[:1]).append(turns(name, calls=True)[2])
        except RenderError:  # results must be addressed, as they are once they are prepared
            assert name in {"gpt-oss", "reka-edge"}
        else:
            play(tok, turns(name, calls=True))
    play(tok, turns(name, calls=False))
