"""One example for each turn: what is refused, what is chosen, and where a turn breaks."""

from __future__ import annotations

from typing import Any

import pytest

import chatfmt
from chatfmt import (
    ChatFormat,
    ContextOverflowError,
    Conversation,
    Message,
    NothingToTrainError,
    RenderError,
    ToolCall,
)
from chatfmt.prepare.prepared import Prepared
from rows import spelled, tokenizer

USER, MORE = Message(role="user", content="2+2?"), Message(role="user", content="3+3?")
CALL = ToolCall(name="f", arguments="{}", id="1")
TOOL = {"type": "function", "function": {"name": "g", "description": "d", "parameters": {}}}


def answer(content: str, reasoning: str | None = None, *calls: ToolCall, **more: Any) -> Message:
    return Message(role="assistant", content=content, reasoning=reasoning, tool_calls=calls, **more)


THINKING = [USER, answer("4", "two and two"), MORE, answer("6", "three and three")]
STEPS = [
    USER,
    answer("", "ask f", CALL),
    Message(role="tool", content="4", call_id="1"),
    answer("4", "f knows"),
]


def test_earlier_thinking_is_dropped_and_that_of_the_turn_is_trained() -> None:
    tok = tokenizer("qwen-3")
    first, second = tok.encode_for_training(THINKING, turns="each", prepare=True)
    assert "two and two" in spelled(tok, first.input_ids)
    assert "two and two" not in spelled(tok, second.input_ids)
    trained = [
        token for token, weight in zip(second.input_ids, second.weights, strict=True) if weight
    ]
    assert spelled(tok, trained) == "<think>\nthree and three\n</think>\n\n6<|im_end|>"


def test_history_may_be_kept() -> None:
    tok = tokenizer("qwen-3")
    _, second = tok.encode_for_training(THINKING, turns="each", prepare=True, history="keep")
    whole = tok.encode_for_training(THINKING, prepare=True, history="keep")
    assert second.input_ids == whole.input_ids
    assert sum(second.weights) < sum(whole.weights)


def test_whole_is_what_is_prepared() -> None:
    tok = tokenizer("qwen-3")
    whole = tok.encode_for_training(THINKING, prepare=True, tools=iter([TOOL]))
    assert whole == tok.encode_for_training(tok.prepare(THINKING, tools=[TOOL]))
    assert '"g"' in spelled(tok, whole.input_ids)


def test_a_turn_with_tools_is_one_example() -> None:
    tok = tokenizer("qwen-3")
    [example] = tok.encode_for_training(STEPS, turns="each", prepare=True, tools=iter([TOOL]))
    assert spelled(tok, example.input_ids).count("<think>") == 2
    trained = [
        token for token, weight in zip(example.input_ids, example.weights, strict=True) if weight
    ]
    assert spelled(tok, trained).count("<|im_end|>") == 2


def test_a_turn_breaks_where_the_template_drops_thinking_within_it() -> None:
    tok = tokenizer("qwq")
    first, second = tok.encode_for_training(STEPS, turns="each", prepare=True)
    assert "ask f" in spelled(tok, first.input_ids)
    assert "f knows" not in spelled(tok, first.input_ids)
    assert "ask f" not in spelled(tok, second.input_ids)
    assert "f knows" in spelled(tok, second.input_ids)


def test_white_space_alone_stays_where_it_is_to_be_written() -> None:
    tok = tokenizer("nemotron-3")
    [example] = tok.encode_for_training([USER, answer("4", "")], turns="each", prepare=True)
    assert "<think>\n\n</think>\n4" in spelled(tok, example.input_ids)


@pytest.mark.parametrize(("thought", "thinking"), [("", True), (None, False)])
def test_an_answer_follows_the_prompt_that_fits_it(thought: str | None, *, thinking: bool) -> None:
    tok = tokenizer("nemotron-3")
    [example] = tok.encode_for_training([USER, answer("4", thought)], turns="each", prepare=True)
    prompt = tok.encode_prompt(tok.prepare([USER]), thinking=thinking)
    assert example.input_ids[: len(prompt)] == prompt
    assert not any(example.weights[: len(prompt)])
    assert all(example.weights[len(prompt) : -1])  # the last is the newline after the end


def test_an_answer_that_no_prompt_is_followed_by_is_refused() -> None:
    tok = tokenizer("deepseek-r1")
    with pytest.raises(RenderError, match="expected reasoning") as caught:
        tok.encode_for_training([USER, answer("4")], turns="each", prepare=True)
    assert (caught.value.message, caught.value.field) == (1, "reasoning")
    assert caught.value.__notes__ == ["in the turn that ends with message 1"]
    assert tok.encode_for_training([USER, answer("4", "")], turns="each", prepare=True)


def test_a_greeting_is_a_turn_of_its_own() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    examples = tok.encode_for_training([answer("hi"), USER, answer("4")], turns="each")
    assert [tok.decode(one.input_ids).messages[-1].content for one in examples] == ["hi", "4"]


def test_a_name_is_in_the_prompt() -> None:
    tok = tokenizer("gpt-3.5-turbo")
    [example] = tok.encode_for_training([USER, answer("4", name="bob")], turns="each")
    prompt = tok.encode_prompt([USER], name="bob")
    assert example.input_ids[: len(prompt)] == prompt


def test_a_name_that_no_prompt_has_is_the_models() -> None:
    tokens = ["<s>", "<m>", "<e>"]
    line = "<s>{role}{^}[ name={name}]<m>{content}<e>"
    named = ChatFormat(
        name="named", template=line, special_tokens=tokens, roles=["user", "assistant"]
    )
    base = chatfmt.get_encoding("o200k_base")
    tok = chatfmt.ChatTokenizer(named, chatfmt.extend_encoding(base, "named", tokens))
    [example] = tok.encode_for_training([USER, answer("4", name="bob")], turns="each")
    prompt = tok.encode_prompt([USER])
    assert example.weights == [0.0] * len(prompt) + [1.0] * (len(example.weights) - len(prompt))


def test_what_to_train_is_chosen_among_the_answers() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    chat = [USER, answer("4", weight=0), MORE, answer("6")]
    [example] = tok.encode_for_training(chat, turns="each")
    assert tok.decode(example.input_ids).messages[-1].content == "6"
    both = tok.encode_for_training(chat, turns="each", allow_untrained=True)
    assert [sum(one.weights) for one in both] == [0.0, 2.0]
    of_all = tok.encode_for_training(chat, turns="each", train_on="all")
    assert of_all == [example]
    with pytest.raises(NothingToTrainError):
        tok.encode_for_training(chat, turns="each", train_on="none")
    with pytest.raises(NothingToTrainError):
        tok.encode_for_training([USER], turns="each")


def test_what_is_too_long_is_refused() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    chat = [USER, answer("4"), MORE, answer("6")]
    assert len(tok.encode_for_training(chat, turns="each", max_tokens=26)) == 2
    with pytest.raises(ContextOverflowError) as caught:
        tok.encode_for_training(chat, turns="each", max_tokens=25)
    assert (caught.value.needed, caught.value.max_tokens) == (26, 25)
    assert caught.value.__notes__ == ["in the turn that ends with message 3"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"turns": "all"}, "turns must be whole or each, found 'all'"),
        ({"tools": []}, "need prepare=True"),
        ({"values": {}}, "need prepare=True"),
        ({"history": "keep"}, "need prepare=True"),
        ({"prepare": True, "history": "all"}, "history must be published or keep"),
        ({"turns": "each", "overlong": "fit", "max_tokens": 9}, "shorten the conversation first"),
        ({"prepare": True, "overlong": "split", "max_tokens": 9}, "shorten the conversation first"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(asked: dict[str, Any], reason: str) -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    with pytest.raises(ValueError, match=reason):
        tok.encode_for_training([USER, answer("4")], **asked)


def test_what_is_prepared_already_is_not_prepared_again() -> None:
    tok = tokenizer("qwen-3")
    prepared = tok.prepare(THINKING, history="keep")
    with pytest.raises(RenderError, match="already prepared"):
        tok.encode_for_training(prepared, turns="each", prepare=True)
    assert len(tok.encode_for_training(prepared, turns="each")) == 2
    assert isinstance(prepared, Conversation)


def test_turns_are_what_the_examples_encode() -> None:
    tok = tokenizer("nemotron-3")
    chat = [USER, answer("4", "x"), MORE, answer("6", "")]
    seen = tok.turns(chat, prepare=True)
    examples = tok.encode_for_training(chat, turns="each", prepare=True)
    assert [tok.encode(one) for one in seen] == [one.input_ids for one in examples]
    assert [tok.render(one).weights() for one in seen] == [one.weights for one in examples]
    assert [len(one.messages) for one in seen] == [3, 5]  # with an added system message
    assert {type(one) for one in seen} == {Prepared}
    assert tok.turns([USER]) == []


def test_only_the_answers_of_a_turn_keep_their_weight() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    heavy = USER.model_copy(update={"weight": 2.0})
    chat = [heavy, USER, answer("4"), MORE, answer("6", weight=0.5)]
    weights = [[message.weight for message in one.messages] for one in tok.turns(chat)]
    assert weights == [[0, None, None], [0, None, 0, None, 0.5]]


def test_what_prepares_turns_needs_prepare() -> None:
    tok = chatfmt.get_tokenizer("gpt-4o")
    with pytest.raises(ValueError, match="need prepare=True"):
        tok.turns([USER, answer("4")], history="keep")
