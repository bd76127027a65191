"""The flat path gives the bytes of the plain one, and leaves to it what it cannot do."""

from __future__ import annotations

import random
from array import array
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt import ChatfmtError, ChatTokenizer, Conversation, Message
from chatfmt.encodings.guard import LONGEST_RUN
from chatfmt.training import flat
from chatfmt.training.flat import FlatEncoder, FlatExample
from formats_under_test import FORMATS, tokenizer_for
from rows import tokenizer
from strategies import conversations

if TYPE_CHECKING:
    from chatfmt.training.shapes import Laid

TEXTS = ("hello", " two words\n", "<think>a</think>", "<|im_end|>", "\n\nfoo", "{", "é🙂", "")
CALL = {"name": "f", "arguments": '{"x": 1}', "id": "c1"}


def plain(tok: ChatTokenizer, chat: Conversation, **how: Any) -> FlatExample | None:
    """What `encode_for_training` gives, packed; None where it refuses."""
    try:
        example = tok.encode_for_training(chat, allow_untrained=True, **how)
    except ChatfmtError:
        return None
    return FlatExample(
        array("I", example.input_ids).tobytes(),
        array("i", example.labels).tobytes(),
        array("f", example.weights).tobytes(),
        any(example.weights),
    )


def check(tok: ChatTokenizer, chats: list[Conversation], **how: Any) -> int:
    """Hold the flat path to the plain one; how many of the conversations it has encoded."""
    encoder = tok._flat_encoder(**how)
    for _ in range(2):  # shapes are new, then known
        laid = [encoder.conversation(chat) for chat in chats]
        examples = encoder.encode(laid)
        assert len(examples) == len(chats)
        for chat, example in zip(chats, examples, strict=True):
            assert example is None or example == plain(tok, chat, **how)
        texts = encoder.encode(map(_as_texts, [encoder] * len(chats), chats))
        for chat, example in zip(chats, texts, strict=True):
            assert example is None or example == plain(tok, chat, **how)
    return sum(example is not None for example in examples)


def _as_texts(encoder: FlatEncoder, chat: Conversation) -> Laid | None:
    """A conversation of roles and texts alone, laid out without its messages."""
    bare = all(m == Message(role=m.role, content=m.content) for m in chat.messages)
    if not bare or not all(message.content for message in chat.messages):
        return None
    roles = tuple(message.role for message in chat.messages)
    return encoder.plain(roles, [message.content for message in chat.messages])


def drawn(chance: random.Random) -> Conversation:
    """Messages of any shape, most of which most formats can carry."""
    messages = []
    for _ in range(chance.randint(0, 4)):
        role = chance.choice(["user", "assistant", "assistant", "user", "tool", "system"])
        fields: dict[str, Any] = {"role": role, "content": chance.choice(TEXTS)}
        if chance.random() < 0.2:
            fields["reasoning"] = chance.choice(["", "hm"])
        if chance.random() < 0.2:
            fields["tool_calls"] = [CALL]
        if chance.random() < 0.1:
            fields["weight"] = chance.choice([0.0, 0.5, 1.0])
        if chance.random() < 0.1:
            fields["call_id"] = "c1"
        messages.append(Message(**fields))
    return Conversation(messages=tuple(messages))


SOME = ("gpt-4o", "llama-3.1", "gpt-oss", "qwen-3", "deepseek-r1", "glm-4.5", "gemma-3", "kimi-k2")


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("train_end", [True, False])
def test_every_shape_is_what_the_plain_path_gives(name: str, *, train_end: bool) -> None:
    tok, chance = tokenizer(name), random.Random(7)  # noqa: S311 - the same every time
    chats = [drawn(chance) for _ in range(60)]
    for train_on in ("assistant", "last", "all", "none"):
        assert check(tok, chats, train_on=train_on, train_end=train_end) > 10


@pytest.mark.slow
@pytest.mark.parametrize("name", chatfmt.FORMAT_ROWS)
def test_every_shape_of_every_format(name: str) -> None:
    tok, chance = tokenizer(name), random.Random(name)  # noqa: S311 - the same every time
    chats = [drawn(chance) for _ in range(150)]
    for train_on, train_end in (("assistant", True), ("all", False)):
        assert check(tok, chats, train_on=train_on, train_end=train_end) > 10


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_any_conversation(name: str, data: st.DataObject) -> None:
    chats = data.draw(st.lists(conversations(name), max_size=4))
    train_on = data.draw(st.sampled_from(["assistant", "last", "all", "none"]))
    check(tokenizer_for(name), chats, train_on=train_on, train_end=data.draw(st.booleans()))


def chat(*texts: str) -> Conversation:
    roles = ("user", "assistant") * len(texts)
    return Conversation(
        messages=tuple(Message(role=r, content=t) for r, t in zip(roles, texts, strict=False))
    )


def test_what_cannot_be_joined_is_encoded_text_by_text() -> None:
    tok = tokenizer_for("gpt-4o")
    separators = "".join(tok.encoding.special_tokens)
    chats = [chat("a", "b"), chat(separators, "c"), chat("d", separators)]
    assert check(tok, chats) == 3


def test_one_that_the_encoder_refuses_does_not_harm_the_others() -> None:
    tok = tokenizer_for("gpt-4o")
    encoder = tok._flat_encoder()
    endless = "b" * (LONGEST_RUN + 1)
    laid = [
        encoder.plain(("user", "assistant"), ["a", text]) for text in ("b", "\ud800", endless, "c")
    ]
    assert [example is None for example in encoder.encode(laid)] == [False, True, True, False]


def test_a_role_that_is_no_text_has_no_shape() -> None:
    assert tokenizer_for("gpt-4o")._flat_encoder().plain(("\ud800",), ["a"]) is None


def test_plans_are_not_asked_about_what_is_no_message() -> None:
    encoder = tokenizer("llama-3.1")._flat_encoder()
    assert encoder.plain(("user", "assistant"), ["a", "b"]) is not None
    assert encoder.plain(("user", "assistant"), ["a", "\ud800"]) is None


def test_what_would_be_read_as_structure_has_no_texts() -> None:
    encoder = tokenizer("llama-3.1")._flat_encoder()
    call = '{"name": "f", "parameters": {}}'
    assert encoder.plain(("user", "assistant"), ["a", call]) is None
    assert encoder.plain(("user", "assistant"), ["a", "b"]) is not None
    assert encoder.plain(("user", "assistant"), ["a", call]) is None
    assert encoder.conversation(chat("a", call)) is None


def test_a_function_chooses_message_by_message() -> None:
    tok = tokenizer_for("gpt-4o")
    factors = {"a": 0.5, "b": 0.0, "c": 2.0, "d": 0.0}
    chats = [chat("a", "b", "c"), chat("b", "c"), chat("d")]
    assert check(tok, chats, train_on=lambda message, _: factors[message.content]) == len(chats)


@pytest.mark.parametrize("name", ["glm-4.5", "gpt-4o"])
def test_tools_that_matter_to_the_writer_matter(name: str) -> None:
    types = {"type": "object", "properties": {"x": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": types}}
    with_tools = chat("a", "b").model_copy(update={"tools": (tool,)})
    assert check(tokenizer(name), [with_tools, with_tools, chat("a", "b")]) == 3
    if name == "glm-4.5":  # 2 is a string where the definitions say so, and refused elsewhere
        call = {"name": "f", "arguments": '{"x": "2"}'}
        calling = Message(role="assistant", content="", reasoning="", tool_calls=(call,))  # type: ignore[arg-type]
        messages = (*with_tools.messages, Message(role="user", content="c"), calling)
        calls = with_tools.model_copy(update={"messages": messages})
        assert check(tokenizer(name), [calls]) == 1
        assert check(tokenizer(name), [calls.model_copy(update={"tools": ()})]) == 0


def test_a_text_of_which_a_part_is_trained_is_encoded_with_what_is_around_it() -> None:
    """A model does not write the newline after the role, yet it is encoded with the content."""
    tok = tokenizer("chatml")
    chats = [chat("a", "b"), chat(" ", "b", "\n\nc")]
    assert check(tok, chats, train_on="all") == len(chats)
    laid = tok._flat_encoder(train_on="all").conversation(chats[0])
    assert laid is not None
    assert len(laid.texts) < len(chats[0].messages)


def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flat, "_CHUNK", 3)
    tok = tokenizer_for("gpt-3.5-turbo")
    chats = [chat("a", "b"), chat("hello"), Conversation(), chat("c", "d", "e")]
    assert check(tok, chats) == 4


def test_without_weights_there_are_none() -> None:
    encoder = tokenizer_for("gpt-4o")._flat_encoder(weights=False, ignore_index=-1)
    [example] = encoder.encode([encoder.conversation(chat("a", "b"))])
    assert example is not None
    assert example.weights == b""
    assert example.columns(weights=False) == (example.ids, example.labels)
    assert array("i", example.labels)[0] == -1
