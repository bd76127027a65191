"""Many examples at once: the same as one after the other."""

from __future__ import annotations

from typing import Any

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message
from chatfmt.training.flat import FlatEncoder
from formats_under_test import tokenizer_for

CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
CHATS: list[Any] = [
    [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    [{"role": "user", "content": "c"}, {"role": "assistant", "content": ""}],
    {"messages": [{"role": "assistant", "content": "d"}]},
    Conversation(messages=(Message(role="assistant", content="e", weight=0.5),)),
    [Message(role="user", content="f"), {"role": "assistant", "content": "<|endoftext|>"}],
    ({"role": "assistant", "content": text} for text in "gh"),
]


def check(tok: ChatTokenizer, chats: list[Any], **how: Any) -> None:
    chats = [[*chat] if hasattr(chat, "__next__") else chat for chat in chats]
    examples = tok.encode_examples(chats, **how)
    assert len(examples.offsets) == len(chats) + 1
    for at, chat in enumerate(chats):
        one = tok.encode_for_training(chat, **how)
        part = slice(*examples.offsets[at : at + 2])
        assert examples.input_ids[part].tolist() == one.input_ids
        assert examples.labels[part].tolist() == one.labels
        assert examples.weights[part].tolist() == pytest.approx(one.weights)


@pytest.mark.parametrize("name", ["gpt-4o", "chatml", "llama-3"])
@pytest.mark.parametrize(
    "how",
    [
        {},
        {"train_on": "last", "train_end": False, "ignore_index": -1, "allow_untrained": True},
        {"train_on": "all", "max_tokens": 100},
        {"train_on": lambda _message, index: index + 1.0},
    ],
    ids=" ".join,
)
def test_the_same_as_one_after_the_other(name: str, how: dict[str, Any]) -> None:
    check(tokenizer_for(name), CHATS[:-1], **how)


def test_the_plain_path_takes_what_is_not_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlatEncoder, "plain", lambda _self, _roles, _contents: None)
    monkeypatch.setattr(FlatEncoder, "conversation", lambda _self, _chat: None)
    check(tokenizer_for("gpt-4o"), CHATS[:-1])


def test_a_function_sees_each_conversation_whose_roles_are_known() -> None:
    chats = [[{"role": "assistant", "content": text}] for text in ("a", "hello", "a")]
    check(tokenizer_for("gpt-4o"), chats, train_on=lambda message, _: float(len(message.content)))


def test_none_are_none() -> None:
    examples = tokenizer_for("gpt-4o").encode_examples([])
    assert list(examples.offsets) == [0]


def test_an_iterator_is_a_conversation_too() -> None:
    turns: Any = iter(CHATS[0])
    assert len(tokenizer_for("gpt-4o").encode_examples([turns]).labels) == 10
    weighed: list[Any] = [Message(role="user", content="a"), {"role": "assistant", "content": "b"}]
    found = tokenizer_for("gpt-4o").encode_examples([iter(weighed)], train_on=lambda _m, _i: 1.0)
    assert len(found.labels) == 10


@pytest.mark.parametrize(
    ("bad", "error", "how"),
    [
        ([{"role": "wizard", "content": "a"}], chatfmt.RenderError, {}),
        ([{"role": "user", "content": "a"}], chatfmt.NothingToTrainError, {}),
        (CHATS[0], chatfmt.ContextOverflowError, {"max_tokens": 9}),
        ([{"role": "user", "text": "a"}], ValueError, {}),
    ],
)
def test_errors_say_which(bad: Any, error: type[Exception], how: dict[str, Any]) -> None:
    good = [{"role": "assistant", "content": "a"}]
    with pytest.raises(error) as caught:
        tokenizer_for("gpt-4o").encode_examples([good, bad], **how)
    assert caught.value.__notes__ == ["conversation 1"]


@pytest.mark.parametrize(
    "how", [{"train_on": "sampled"}, {"train_on": "some"}, {"ignore_index": 7}]
)
def test_what_makes_no_sense_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sampled|some|ignore_index"):
        tokenizer_for("gpt-4o").encode_examples(CHATS[:1], **how)


def test_arrow_takes_it_as_it_is() -> None:
    pytest.importorskip("pyarrow", reason="the extra data brings it")
    examples = tokenizer_for("gpt-4o").encode_examples(CHATS[:1] * 2)
    table = examples.to_arrow()
    half = len(examples.labels) // 2
    assert table["labels"].to_pylist() == [examples.labels[:half].tolist()] * 2
    assert table["input_ids"].to_pylist() == [examples.input_ids[:half].tolist()] * 2
