"""Training examples: which tokens are trained, how long conversations are cut, and batches."""

from __future__ import annotations

import functools
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt import (
    ContextOverflowError,
    Message,
    NothingToTrainError,
    RenderError,
    TrainingExample,
    collate,
)
from chatfmt.training.turns import sections
from conftest import encoding_for
from formats_under_test import tokenizer_for
from real_data import FILES, real_conversations

if TYPE_CHECKING:
    from pathlib import Path

    from chatfmt import ChatTokenizer
    from chatfmt.training.weights import TrainOn

relaxed = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def trained(example: TrainingExample) -> list[int]:
    return [label for label in example.labels if label != -100]


# -- what is trained ----------------------------------------------------------------------------


def test_an_example_in_which_nothing_is_trained_is_refused() -> None:
    tok = tokenizer_for("gpt-4o")
    untrained: list[tuple[Any, dict[str, Any]]] = [
        ([], {}),
        ([{"role": "user", "content": "hello"}], {}),
        ([{"role": "assistant", "content": "Hello", "weight": 0}], {}),
        ([{"role": "assistant", "content": "Hello"}], {"train_on": "none"}),
        ([{"role": "assistant", "content": "Hello"}], {"train_on": lambda *_: 0}),
        ([{"role": "assistant", "content": ""}], {"train_end": False}),
    ]
    for chat, options in untrained:
        with pytest.raises(NothingToTrainError, match="allow_untrained=True"):
            tok.encode_for_training(chat, **options)
        example = tok.encode_for_training(chat, allow_untrained=True, **options)
        assert example.input_ids == tok.encode(chat)
        assert example.labels == [-100] * len(example.input_ids)
        assert example.weights == [0.0] * len(example.input_ids)


def test_what_the_format_cannot_carry_is_refused_with_its_place() -> None:
    chat = [{"role": "user", "content": "hi"}] * 3 + [{"role": "narrator"}]
    for options in ({}, {"max_tokens": 6, "overlong": "split"}):
        with pytest.raises(RenderError) as caught:
            tokenizer_for("gpt-4o").encode_for_training(chat, **options)  # type: ignore[call-overload]
        assert caught.value.message == 3


def test_a_long_conversation_is_split_between_turns() -> None:
    tok = tokenizer_for("gpt-4o")
    rules = Message(role="system", content="rules")
    turns = [
        (Message(role="user", content=f"{n}"), Message(role="assistant", content=f"{n}!"))
        for n in range(3)
    ]
    whole = [rules, *turns[0], *turns[1], *turns[2]]
    two, one = [rules, *turns[0], *turns[1]], [rules, *turns[2]]
    examples = tok.encode_for_training(whole, max_tokens=len(tok.encode(two)), overlong="split")
    assert [example.input_ids for example in examples] == [tok.encode(two), tok.encode(one)]
    most = len(tok.encode(one)) - 1
    with pytest.raises(ContextOverflowError) as caught:
        tok.encode_for_training(whole, max_tokens=most, overlong="split")
    assert (caught.value.needed, caught.value.max_tokens) == (most + 1, most)


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-3.5-turbo", "llama-3"])
@pytest.mark.parametrize("file", FILES)
def test_real_conversations_train_the_assistants_words_and_end_tokens(
    name: str, file: str, shared_data: Path
) -> None:
    tok, encoding = tokenizer_for(name), encoding_for(name)
    end = encoding.special_tokens["<|eot_id|>" if name == "llama-3" else "<|im_end|>"]
    for conversation in real_conversations(shared_data / file):
        example = tok.encode_for_training(conversation)
        assert tok.decode(example.input_ids) == conversation.on_wire()
        expected: list[int] = []
        for message in conversation.messages:
            if message.role == "assistant" and message.weight != 0:
                expected += [*encoding.encode_ordinary(message.content), end]
        assert trained(example) == expected
        assert [weight for weight in example.weights if weight] == [1.0] * len(expected)


def test_every_reply_of_a_tree_is_trained_once(shared_data: Path) -> None:
    tok = tokenizer_for("gpt-4o")
    file = shared_data / "oasst_trees_en.jsonl"
    total = sum(
        len(trained(tok.encode_for_training(conversation)))
        for conversation in real_conversations(file)
    )
    nodes = [json.loads(line)["prompt"] for line in file.read_text("utf-8").split("\n") if line]
    replies = 0
    expected = 0
    while nodes:
        node = nodes.pop()
        nodes += node["replies"]
        if node["role"] == "assistant":
            replies += 1
            expected += len(tok.encoding.encode_ordinary(node["text"])) + 1
    assert replies == 402
    assert total == expected


# -- conversations that are too long ------------------------------------------------------------


@st.composite
def long_conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Messages that can be told apart by their contents, in any order of roles."""
    roles = draw(
        st.lists(
            st.sampled_from(["user"] * 3 + ["assistant"] * 3 + ["system", "developer", "tool"]),
            max_size=12,
        )
    )
    return tuple(
        Message(
            role=role,
            content=f"{index} " + "word " * draw(st.integers(0, 8)),
            weight=draw(st.sampled_from([None, None, 0.0, 0.5])),
            call_id=draw(st.sampled_from([None, "a", "b"])),
        )
        for index, role in enumerate(roles)
    )


def slow_cuts(messages: tuple[Message, ...]) -> list[int]:
    """Where a conversation can be cut, by the definition: nobody's call is cut from its answer."""
    cuts = []
    for cut, first in enumerate(messages):
        if first.role != "user":
            continue
        split = False
        for index, message in enumerate(messages):
            if message.role != "tool" or index < cut:
                continue
            calls = [i for i in range(index) if messages[i].role == "assistant"]
            own = [i for i in calls if messages[i].call_id == message.call_id is not None]
            # A turn is one even where the call is another message's of it.
            split |= bool(own or calls) and (own or calls)[-1] < cut
        if not split:
            while cut and messages[cut - 1].role in ("system", "developer"):
                cut -= 1  # noqa: PLW2901 - instructions go with what follows
            cuts.append(cut)
    return [cut for cut in cuts if cut > 0]


# The late answer belongs to the first call, not to the one before it.
LATE_ANSWER = (
    Message(role="user"),
    Message(role="assistant", call_id="a"),
    Message(role="user"),
    Message(role="assistant", call_id="b"),
    Message(role="tool", call_id="a"),
    Message(role="user"),
)


@given(messages=long_conversations())
@example(messages=LATE_ANSWER)
@relaxed
def test_sections_end_where_nothing_is_torn_apart(messages: tuple[Message, ...]) -> None:
    found = sections(messages)
    assert [index for section in found for index in section] == [*range(len(messages))]
    assert [section.start for section in found][1:] == slow_cuts(messages)


@given(messages=long_conversations(), max_tokens=st.integers(0, 90), train=st.booleans())
@relaxed
def test_pieces_are_whole_turns_under_their_instructions(
    messages: tuple[Message, ...],
    max_tokens: int,
    train: bool,  # noqa: FBT001 - drawn by name
) -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    count = functools.cache(lambda message: tok.count([message]))
    train_on: TrainOn = "all" if train else "assistant"

    def instructions(before: int) -> list[Message]:
        return [m for m in messages[:before] if m.role in ("system", "developer")]

    def split() -> list[TrainingExample]:
        return tok.encode_for_training(
            messages,
            train_on=train_on,
            max_tokens=max_tokens,
            overlong="split",
            allow_untrained=True,
        )

    borders = [0, *slow_cuts(messages), len(messages)]
    alone = [
        [*instructions(start), *messages[start:stop]] for start, stop in itertools.pairwise(borders)
    ]
    if sum(map(count, messages)) <= max_tokens:
        expected = [list(messages)]
    elif any(sum(map(count, section)) > max_tokens for section in alone):
        with pytest.raises(ContextOverflowError) as caught:
            split()
        assert caught.value.max_tokens == max_tokens < caught.value.needed
        return
    else:  # one section after the other into the last piece, as long as there is room
        expected = []
        for start, stop in itertools.pairwise(borders):
            longer = [*(expected[-1] if expected else []), *messages[start:stop]]
            if expected and sum(map(count, longer)) <= max_tokens:
                expected[-1] = longer
            else:
                expected.append([*instructions(start), *messages[start:stop]])

    examples = split()
    decoded = [tok.decode(example.input_ids).messages for example in examples]
    assert decoded == [tuple(m.on_wire() for m in piece) for piece in expected]
    assert all(len(example.input_ids) <= max_tokens for example in examples)
    # Whatever the pieces: each id that counts in the whole counts in exactly one of them.
    whole = tok.encode_for_training(messages, train_on=train_on, allow_untrained=True)
    assert sorted(_counting(whole)) == sorted(x for piece in examples for x in _counting(piece))

    without = [example for example in examples if any(example.weights)]
    if without:
        found = tok.encode_for_training(
            messages, train_on=train_on, max_tokens=max_tokens, overlong="split"
        )
        assert found == without
    else:
        with pytest.raises(NothingToTrainError):
            tok.encode_for_training(
                messages, train_on=train_on, max_tokens=max_tokens, overlong="split"
            )


def _counting(example: TrainingExample) -> list[tuple[int, float]]:
    return [(i, w) for i, w in zip(example.labels, example.weights, strict=True) if w]


TURNS = [
    Message(role="system", content="Be kind."),
    Message(role="user", content="one"),
    Message(role="assistant", content="First."),
    Message(role="developer", content="Be brief."),
    Message(role="user", content="two"),
    Message(role="assistant", content="Second."),
]


def test_split_repeats_instructions_and_trains_them_once() -> None:
    tok = tokenizer_for("gpt-4o")
    limit = tok.count(TURNS) - 1
    pieces = tok.encode_for_training(TURNS, max_tokens=limit, overlong="split", train_on="all")
    assert [[m.content for m in tok.decode(piece.input_ids).messages] for piece in pieces] == [
        ["Be kind.", "one", "First."],
        ["Be kind.", "Be brief.", "two", "Second."],
    ]
    assert [tok.encoding.token_bytes(i) for i in trained(pieces[1])][:3] == [b"Be", b" brief", b"."]
    [whole] = tok.encode_for_training(TURNS, max_tokens=limit + 1, overlong="split")
    assert whole == tok.encode_for_training(TURNS)


def test_fit_drops_the_oldest_turns() -> None:
    tok = tokenizer_for("gpt-4o")
    limit = tok.count(TURNS) - 1
    fitted = tok.encode_for_training(TURNS, max_tokens=limit, overlong="fit")
    kept = [TURNS[0], *TURNS[3:]]
    assert fitted == tok.encode_for_training(kept)
    again = tok.encode_for_training(TURNS, max_tokens=limit + 1, overlong="fit")
    assert again == tok.encode_for_training(TURNS)
    with pytest.raises(ContextOverflowError) as caught:
        tok.encode_for_training(TURNS, max_tokens=tok.count(kept) - 1, overlong="fit")
    assert caught.value.needed == tok.count(kept)


def test_refuse_says_how_long_it_is() -> None:
    tok = tokenizer_for("llama-3")
    chat = [message for message in TURNS if message.role != "developer"]
    length = tok.count(chat)
    assert len(tok.encode_for_training(chat, max_tokens=length).input_ids) == length
    with pytest.raises(ContextOverflowError) as caught:
        tok.encode_for_training(chat, max_tokens=length - 1)
    assert (caught.value.needed, caught.value.max_tokens) == (length, length - 1)
    too_long = tok.count(chat[:3])  # the prologue counts, too
    with pytest.raises(ContextOverflowError) as caught:
        tok.encode_for_training(chat, max_tokens=too_long - 1, overlong="split")
    assert (caught.value.needed, caught.value.max_tokens) == (too_long, too_long - 1)
    assert len(tok.encode_for_training(chat, max_tokens=too_long, overlong="split")) == 2


def test_another_way_with_what_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="overlong must be refuse, fit or split, found 'truncate'"):
        tokenizer_for("gpt-4o").encode_for_training(
            TURNS,
            overlong="truncate",  # type: ignore[call-overload]
        )


@pytest.mark.parametrize("overlong", ["fit", "split"])
def test_a_cut_without_a_length_is_refused(overlong: str) -> None:
    with pytest.raises(ValueError, match=f"^overlong is '{overlong}': expected max_tokens too"):
        tokenizer_for("gpt-4o").encode_for_training(
            TURNS,
            overlong=overlong,  # type: ignore[call-overload]
        )


# -- batches ------------------------------------------------------------------------------------

examples = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 0.5, 1.0])), max_size=9).map(
        lambda pairs: TrainingExample(
            [token for token, _ in pairs],
            [token if weight else -100 for token, weight in pairs],
            [weight for _, weight in pairs],
        )
    ),
    max_size=5,
)


@given(batch=examples, left=st.booleans(), multiple=st.none() | st.integers(1, 8))
@relaxed
def test_padding_is_masked_by_length(
    batch: list[TrainingExample],
    left: bool,  # noqa: FBT001 - drawn by name
    multiple: int | None,
) -> None:
    # The padding is an id that stands in the examples, too.
    out = collate(batch, pad_id=5, side="left" if left else "right", pad_to_multiple_of=multiple)
    assert list(out) == ["input_ids", "labels", "attention_mask", "weights"]
    longest = max([len(example.input_ids) for example in batch] + [0])
    width = next(n for n in range(longest, longest + 9) if n % (multiple or 1) == 0)
    for rows in out.values():
        assert len(rows) == len(batch)
        assert all(len(row) == width for row in rows)
    for i, one in enumerate(batch):
        length = len(one.input_ids)
        inside = slice(width - length, width) if left else slice(0, length)
        outside = slice(0, width - length) if left else slice(length, width)
        assert out["input_ids"][i][inside] == one.input_ids
        assert out["labels"][i][inside] == one.labels
        assert out["weights"][i][inside] == one.weights
        assert out["attention_mask"][i][inside] == [1] * length
        padding = width - length
        assert out["input_ids"][i][outside] == [5] * padding
        assert out["labels"][i][outside] == [-100] * padding
        assert out["weights"][i][outside] == [0.0] * padding
        assert out["attention_mask"][i][outside] == [0] * padding


def test_the_end_token_may_be_the_padding() -> None:
    tok: ChatTokenizer = tokenizer_for("gpt-4o")
    [end] = tok.stop_tokens
    batch = [tok.encode_for_training(TURNS), tok.encode_for_training(TURNS[:3])]
    out = collate(batch, pad_id=end, ignore_index=-1)
    lengths = [len(example.input_ids) for example in batch]
    assert [sum(row) for row in out["attention_mask"]] == lengths
    assert [row.count(end) for row in out["labels"]] == [2, 1]
    assert out["labels"][1][lengths[1] :] == [-1] * (lengths[0] - lengths[1])


def test_an_empty_batch() -> None:
    out = collate([], pad_id=0, pad_to_multiple_of=8)
    assert out == {"input_ids": [], "labels": [], "attention_mask": [], "weights": []}


def test_nonsense_is_refused() -> None:
    good = TrainingExample([1], [1], [1.0])
    with pytest.raises(ValueError, match="side must be right or left, found 'top'"):
        collate([good], pad_id=0, side="top")  # type: ignore[arg-type]
    for multiple in (0, -8):
        with pytest.raises(ValueError, match=f"must be at least 1, found {multiple}"):
            collate([good], pad_id=0, pad_to_multiple_of=multiple)
    with pytest.raises(ValueError, match=r"example 1: .* found 2 ids, 1 labels and 2 weights"):
        collate([good, TrainingExample([1, 2], [1], [1.0, 1.0])], pad_id=0)


def test_what_the_format_writes_before_a_content_is_not_trained() -> None:
    """Where no prompt ends before it, it is encoded as one with the content."""
    row = chatfmt.ChatFormat(
        name="lines",
        template={
            "user": "<|im_start|>user\n{content}<|im_end|>\n",
            "assistant": "<|im_start|>assistant\n{^}{content}<|im_end|>\n",
        },
        special_tokens=["<|im_start|>", "<|im_end|>"],
    )
    tok = chatfmt.ChatTokenizer(row, chatfmt.get_encoding("o200k_im"))
    chat = [{"role": "user", "content": "hello"}]
    example = tok.encode_for_training(chat, train_on="all")
    assert example.weights == tok.render(chat).weights("all") == [0.0, 0.0, 0.0, 1.0, 1.0, 0.0]
    assert tok.encode_batch([chat], train_on="all").weights.tolist() == example.weights
