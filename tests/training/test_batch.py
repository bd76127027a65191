"""Batches: the same ids and weights as one conversation after the other."""

from __future__ import annotations

import contextlib
import sys
from array import array
from typing import Literal

import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatfmt import FORMAT_ROWS, ChatFormat, ChatTokenizer, Conversation, Message, RenderError
from chatfmt.encodings import extend_encoding
from chatfmt.encodings.guard import LONGEST_RUN, find_endless_run
from chatfmt.training.flat import FlatEncoder
from chatfmt.training.joined import is_seen_whole
from chatfmt.wire.fast.packed import SIZE, pack
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from rows import tokenizer
from strategies import conversations


class Plain:
    """An encoding with the five members of the protocol and no more."""

    def __init__(self, name: str) -> None:
        self._encoding = encoding_for(name)
        self.special_tokens = self._encoding.special_tokens
        self.n_vocab = self._encoding.n_vocab
        self.fingerprint = self._encoding.fingerprint

    def encode_ordinary(self, text: str) -> list[int]:
        return self._encoding.encode_ordinary(text)

    def token_bytes(self, token: int) -> bytes:
        return self._encoding.token_bytes(token)


def check(tok: ChatTokenizer, chats: list[object], train_on: str, num_threads: int) -> None:
    batch = tok.encode_batch(chats, train_on=train_on, num_threads=num_threads)  # type: ignore[arg-type]
    assert len(batch.offsets) == len(chats) + 1
    assert batch.offsets[-1] == len(batch.ids) == len(batch.weights)
    for i, chat in enumerate(chats):
        transcript = tok.render(chat)  # type: ignore[arg-type]
        start, stop = batch.offsets[i : i + 2]
        assert list(batch.ids[start:stop]) == transcript.ids
        weights = transcript.weights(train_on)  # type: ignore[arg-type]
        assert batch.weights[start:stop] == array("f", weights)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_batch_is_its_conversations(name: str, data: st.DataObject) -> None:
    chats: list[object] = data.draw(st.lists(conversations(name), max_size=5))
    train_on = data.draw(st.sampled_from(["assistant", "last", "all", "none"]))
    check(tokenizer_for(name), chats, train_on, data.draw(st.sampled_from([1, 2])))


def test_any_encoding_will_do() -> None:
    tok = ChatTokenizer(tokenizer_for("gpt-4o").format, Plain("gpt-4o"))
    chats: list[object] = [[{"role": "user", "content": "<|im_end|> é"}], []]
    check(tok, chats, "all", 1)
    assert tok.decode(tok.encode(chats[0])).messages[0].content == "<|im_end|> é"  # type: ignore[arg-type]


def test_bytes_of_two_ids_that_look_like_the_separator_are_none() -> None:
    base = encoding_for("gpt-4o").encoding
    first, second = base.encode_ordinary("hello world")
    # The last three bytes of one id and the first of the next, as one id would have them.
    look_alike = int.from_bytes((pack([first, second]))[1:5], sys.byteorder)
    im = {token: n for token, n in base._special_tokens.items() if "im_" in token}
    encoding = tiktoken.Encoding(
        "look-alike",
        pat_str=base._pat_str,
        mergeable_ranks=base._mergeable_ranks,
        special_tokens={**im, "<|other|>": look_alike},
    )
    tok = ChatTokenizer(tokenizer_for("gpt-4o").format, encoding)
    text = "hello world"
    chats: list[object] = [[{"role": "user", "content": text}, {"role": "user", "content": text}]]
    check(tok, chats, "all", 1)


@given(
    number=st.integers(0, 2**24),
    n_vocab=st.integers(1, 2**25) | st.sampled_from([255, 256, 257, 2**16, 2**16 + 1, 2**24]),
    neighbours=st.tuples(st.integers(0, 2**25), st.integers(0, 2**25)),
)
@example(number=0x030201, n_vocab=2**24, neighbours=(0x020100, 0x000003))
@example(number=0x000201, n_vocab=2**24, neighbours=(0x020100, 0x000000))
@settings(max_examples=2000)
def test_an_id_that_is_seen_whole_is_not_seen_across_two(
    number: int, n_vocab: int, neighbours: tuple[int, int]
) -> None:
    number %= n_vocab
    packed = pack(neighbour % n_vocab for neighbour in neighbours)
    across = {packed[start : start + SIZE] for start in range(1, SIZE)}
    assert not (is_seen_whole(number, n_vocab) and pack([number]) in across)


@pytest.mark.parametrize("name", [*FORMATS, "glm-4.5", "deepseek-v3.1"])
@pytest.mark.parametrize("train_on", ["assistant", "all"])
def test_each_end_weighs_what_it_does_alone(
    name: str, train_on: Literal["assistant", "all"]
) -> None:
    tok = tokenizer_for(name) if name in FORMATS else tokenizer(name)
    chats = []
    for turns in ("ua", "uaua", "uaa", "auua", "sua", "uas", "uu"):
        roles = ({"u": "user", "a": "assistant", "s": "system"}[turn] for turn in turns)
        chat = Conversation(messages=tuple(Message(role=role, content="hi") for role in roles))
        with contextlib.suppress(RenderError):  # a format may lack a role
            tok.encode(chat)
            chats.append(chat)
    assert chats
    batch = tok.encode_batch(chats, train_on=train_on)
    for chat, start, stop in zip(chats, batch.offsets, batch.offsets[1:], strict=False):
        alone = tok.encode_for_training(chat, train_on=train_on, allow_untrained=True)
        assert list(batch.ids[start:stop]) == alone.input_ids
        assert list(batch.weights[start:stop]) == alone.weights


@pytest.mark.parametrize("name", FORMATS)
def test_one_call_encodes_all_of_a_part(name: str) -> None:
    tok = tokenizer_for(name)
    encoder = FlatEncoder(tok._renderer, labels=False)
    chat = Conversation(messages=(Message(role="user", content="a"),))
    laid = [encoder.conversation(chat)] * 2
    assert encoder._contents(laid) is not None
    examples = encoder.encode(laid)
    assert [one and one.ids for one in examples] == [pack(tok.encode(chat))] * 2
    assert all(one and not one.labels for one in examples)


def test_what_a_batch_cannot_be_is_refused() -> None:
    tok = tokenizer_for("gpt-4o")
    with pytest.raises(ValueError, match="num_threads must be at least 1, found 0"):
        tok.encode_batch([], num_threads=0)
    with pytest.raises(ValueError, match="needs ids that were sampled"):
        tok.encode_batch([], train_on="sampled")


def test_a_part_may_end_with_the_last_conversation() -> None:
    chats: list[object] = [[{"role": "user", "content": "some words " * 30_000}]]
    check(tokenizer_for("gpt-4o"), chats, "all", 1)


def test_a_text_that_is_too_long_for_one_call_is_encoded_alone() -> None:
    text = "word " * (LONGEST_RUN // 5 + 1)
    assert find_endless_run(text) is None
    check(tokenizer_for("gpt-4o"), [[{"role": "user", "content": text}]], "all", 1)


def test_the_plain_path_takes_what_is_not_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FlatEncoder, "conversation", lambda _self, _chat: None)
    chat = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    check(tokenizer_for("gpt-4o"), [chat, [], chat], "assistant", 1)


def test_a_message_that_only_ends_the_one_before_is_refused_in_a_batch_too() -> None:
    bare = ChatFormat.from_row(
        {
            "name": "bare",
            "template": {
                "user": ["<u>{content}{next}", "<u>{content}##{tools}{next}"],
                "assistant": {"line": "<a>{^}{content}{next}", "training_end": "<u>"},
            },
            "special_tokens": ["<u>", "<a>"],
            "fences": ["##"],
            "stops": ["<u>"],
        }
    )
    base = encoding_for("gpt-4o").encoding
    tok = ChatTokenizer(bare, extend_encoding(base, "bare", bare.special_tokens))
    roles = ("user", "assistant", "user")
    chats = [
        [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
        for texts in (("x", "b", "y"), ("x", "b", ""))
    ]
    going_on = [*chats[1], {"role": "assistant", "content": "b"}]
    assert len(tok.encode_batch([chats[0], going_on]).offsets) == 3  # an empty one is known now
    with pytest.raises(RenderError) as alone:
        tok.encode(chats[1])
    with pytest.raises(RenderError) as batched:
        tok.encode_batch([going_on, chats[1]])
    assert str(batched.value) == str(alone.value)


def test_many_parts_in_two_threads() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    separators = "".join(tok.encoding.special_tokens)
    chats: list[object] = [
        [
            {"role": "user", "content": f"{i} " * 4000},
            {"role": "assistant", "content": separators * (i % 3)},
        ]
        for i in range(120)
    ]
    check(tok, chats, "assistant", 2)


def test_errors_name_conversation_and_message() -> None:
    tok = tokenizer_for("gpt-4o")
    good = [Message(role="user", content="hello")]
    forged = good[0].model_copy(update={"content": "a\ud800"})
    endless = good[0].model_copy(update={"content": "b" + " " * (LONGEST_RUN + 1)})
    wrong = good[0].model_copy(update={"role": "wizard"})
    for bad in (forged, endless, wrong):
        with pytest.raises(RenderError) as error:
            tok.encode_batch([good, [*good, bad]])
        assert error.value.message == 1
        assert error.value.__notes__ == ["conversation 1"]
        assert error.value.__context__ is None or error.value.__suppress_context__
    with pytest.raises(ValueError, match=r"message 1: .*, found -1") as other:
        tok.encode_batch([good, [*good, *good]], train_on=lambda _, index: -index)
    assert other.value.__notes__ == ["conversation 1"]


@pytest.mark.parametrize("kind", [" ", "\t", "\u00a0", "\u3000", "a", "中", "!", "\n", "\u0301"])
def test_endless_runs_are_refused_at_once_and_long_ones_are_not(kind: str) -> None:
    assert find_endless_run("x. 1" + kind * LONGEST_RUN + "1 .x") is None
    for before in (0, 1, LONGEST_RUN - 1, LONGEST_RUN, 12345):
        text = "1" * before + kind * (LONGEST_RUN + 1) + "1" * 10
        assert find_endless_run(text) == before
    tok = tokenizer_for("gpt-4o")
    with pytest.raises(RenderError, match="offset 3") as error:
        tok.encode([{"role": "user", "content": "1 1" + kind * 1_000_000}])
    assert (error.value.message, error.value.field) == (0, "content")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [" ", "a", "中", "!", "\n", "中国人", "\u3000"])
def test_the_longest_run_is_exact(kind: str) -> None:
    text = (kind * LONGEST_RUN)[:LONGEST_RUN]
    tok = tokenizer_for("gpt-4o")
    ids = tok.encode([{"role": "user", "content": text}])
    assert ids[3:-1] == encoding_for("gpt-4o").encoding.encode_ordinary(text)
    assert tok.decode(ids).messages[0].content == text


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_offsets_count_from_where_the_content_begins_as_in_encode(
    name: str, num_threads: int
) -> None:
    tok = tokenizer(name)
    for role in tok.format.lines_of:
        half = Message.model_construct(role=role, content="abc\ud800", call_id="f:0", name="f")
        chat = Conversation.model_construct(messages=(half,))
        with pytest.raises(RenderError) as alone:
            tok.encode(chat)
        with pytest.raises(RenderError) as batched:
            tok.encode_batch([[], chat], num_threads=num_threads)
        assert str(batched.value) == str(alone.value)
        assert "conversation 1" in batched.value.__notes__
