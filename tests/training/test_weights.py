"""Loss weights against a slow count, against what was sampled, and against Hugging Face's mask."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatfmt import ChatTokenizer, Conversation, Message, Span, get_format
from chatfmt.training.weights import labels, message_weights, span_weights, spread
from conftest import CONVERTED, encoding_for
from formats_under_test import FORMATS, tokenizer_for
from real_data import FILES, real_conversations
from reference import reference_encode
from strategies import conversations

if TYPE_CHECKING:
    from pathlib import Path

relaxed = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def by_length(message: Message, index: int) -> float:
    return (len(message.content) + index) % 3 / 2


# By other code than the library's: which messages, and how much each of them counts.
SLOW_FACTORS: dict[Any, Any] = {
    "assistant": lambda m, _i, _all: 1.0 if m.role == "assistant" else 0.0,
    "last": lambda m, i, every: (
        1.0
        if m.role == "assistant" and "assistant" not in [x.role for x in every[i + 1 :]]
        else 0.0
    ),
    "all": lambda _m, _i, _all: 1.0,
    "none": lambda _m, _i, _all: 0.0,
    by_length: lambda m, i, _all: [0.0, 0.5, 1.0][(len(m.content) + i) % 3],
}


def slow_weights(
    name: str,
    conversation: Conversation,
    train_on: Any,
    *,
    train_end: bool,
) -> list[float]:
    found = []
    for written in reference_encode(name, conversation, encoding_for(name)):
        weight = 0.0
        if written.generated and written.message is not None:
            message = conversation.messages[written.message]
            weight = SLOW_FACTORS[train_on](message, written.message, conversation.messages)
            if message.weight is not None:
                weight *= message.weight
            following = conversation.messages[written.message + 1 : written.message + 2]
            goes_on = [m.role for m in following] == [message.role]
            stops = (
                name != "harmony" or written.token != encoding_for(name).special_tokens["<|end|>"]
            )
            if written.part == "end" and not (train_end and (stops or goes_on)):
                weight = 0.0
            assert written.part not in ("prologue", "tail")
        found.append(weight)
    return found


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data(), train_on=st.sampled_from([*SLOW_FACTORS]), train_end=st.booleans())
@relaxed
def test_weights_are_those_of_a_slow_count(
    name: str,
    data: st.DataObject,
    train_on: Any,
    train_end: bool,  # noqa: FBT001 - drawn by name
) -> None:
    tok = tokenizer_for(name)
    conversation = data.draw(conversations(name))
    expected = slow_weights(name, conversation, train_on, train_end=train_end)
    assert tok.render(conversation).weights(train_on, train_end=train_end) == expected
    # Whatever reads the ids knows the structure too, but not the annotations.
    bare = conversation.on_wire()
    read = tok.parse(tok.encode(conversation))
    assert read.weights(train_on, train_end=train_end) == slow_weights(
        name, bare, train_on, train_end=train_end
    )
    example = tok.encode_for_training(
        conversation, train_on=train_on, train_end=train_end, allow_untrained=True
    )
    assert example.input_ids == tok.encode(conversation)
    assert example.weights == expected
    assert example.labels == [
        token if weight != 0 else -100
        for token, weight in zip(example.input_ids, expected, strict=True)
    ]


def test_labels_are_ignored_exactly_where_the_weight_is_zero() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    transcript = tok.render(
        [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": "Hello", "weight": 1e-30},
            {"role": "assistant", "content": "Hello", "weight": 0},
        ]
    )
    weights = transcript.weights()
    for ignore_index in (-100, -1):
        assert transcript.labels(ignore_index=ignore_index) == [
            ignore_index if weight == 0 else token
            for token, weight in zip(transcript.ids, weights, strict=True)
        ]
    assert [weight for weight in weights if weight] == [1e-30, 1e-30]  # content and end token
    assert weights[-1] == weights[-2] == 0  # the tail, and an end token that is not trained
    with pytest.raises(ValueError, match="ignore_index must be negative, as no id is; found 0"):
        transcript.labels(ignore_index=0)


CHAT = (
    Message(role="user", content="hello"),
    Message(role="assistant", content="Hello", weight=1e300),
)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (-0.5, "-0.5"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (1e300, "inf"),  # times the weight of the message
        (None, "None"),
        ("1", "'1'"),
    ],
)
def test_a_function_must_return_a_weight(found: Any, shown: str) -> None:
    tok = tokenizer_for("gpt-4o")
    seen = []

    def train_on(message: Message, index: int) -> float:
        seen.append((message.role, index))
        return found if index else 0.0

    with pytest.raises(ValueError, match="message 1: expected a finite weight") as caught:
        tok.encode_for_training(CHAT, train_on=train_on)
    assert str(caught.value).endswith(f"found {shown}")
    assert seen == [("user", 0), ("assistant", 1)]


def test_another_train_on_is_refused() -> None:
    transcript = tokenizer_for("gpt-4o").render(CHAT)
    with pytest.raises(ValueError, match=r"^train_on must be assistant.* found 'user'$"):
        transcript.weights("user")  # type: ignore[arg-type]


# -- what was sampled ---------------------------------------------------------------------------


def test_sampled_ids_count_whatever_they_are() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    transcript = tok.render([{"role": "user", "content": "hello"}])
    written = len(transcript.prompt(prefill="Sure, "))
    im_end, im_start = (tok.encoding.special_tokens[s] for s in ("<|im_end|>", "<|im_start|>"))
    beyond = tok.encoding.n_vocab + 7
    mangled = transcript.copy()
    mangled.append_completion([15339, im_start, im_start, 882])
    assert mangled.issues
    assert mangled.weights("sampled") == [0.0] * written + [1.0] * 4

    sampled = [15339, beyond]
    transcript.append_completion(sampled)
    assert transcript.issues
    assert transcript.weights("sampled") == [0.0] * written + [1.0] * len(sampled)

    transcript.append({"role": "user", "content": "go on"})  # ends the message: not sampled
    before = transcript.weights("sampled")
    assert sum(before) == len(sampled)
    transcript.append_completion([15339, im_end])
    assert transcript.weights("sampled")[-2:] == [1.0, 1.0]
    assert transcript.weights("sampled", train_end=False)[-2:] == [1.0, 0.0]
    assert transcript.labels("sampled")[-2:] == [15339, im_end]
    assert sum(transcript.weights("sampled")) == len(sampled) + 2


def test_a_sampled_header_counts_before_its_content_has_begun() -> None:
    tok = tokenizer_for("harmony")
    transcript = tok.render([{"role": "user", "content": "hello"}])
    written = len(transcript.prompt())
    channel = tok.encoding.special_tokens["<|channel|>"]
    transcript.append_completion([channel, *tok.encoding.encode_ordinary("analysis")])
    sampled = len(transcript.ids) - written
    assert transcript.weights("sampled") == [0.0] * written + [1.0] * sampled


def test_only_a_transcript_knows_what_was_sampled() -> None:
    with pytest.raises(ValueError, match=r"it is for Transcript\.weights"):
        tokenizer_for("gpt-4o").encode_for_training(CHAT, train_on="sampled")


# -- Hugging Face's return_assistant_tokens_mask ------------------------------------------------

ENCODING = encoding_for("llama-3")
BLOCK = "{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
# Some templates leave the end token out of the block, so that it is not trained.
CONTENT_BLOCK = "{% generation %}{{ message['content'] }}{% endgeneration %}{{ '<|im_end|>' }}"


@functools.cache
def template_with(separator: str, tail: str, block: str) -> Any:
    """A tokenizer of theirs with a template that is written for this test."""
    pytest.importorskip("transformers", reason="transformers makes the mask")
    pytest.importorskip("jinja2", reason="transformers needs it for chat templates")
    from transformers import PreTrainedTokenizerFast

    from hf_tokenizers import hf_tokenizer_from

    untyped: Any = PreTrainedTokenizerFast
    fast = untyped(tokenizer_object=hf_tokenizer_from(ENCODING.encoding))
    header = "{{ '<|im_start|>' + message['role'] + '" + separator + "' }}"
    fast.chat_template = (
        f"{{% for message in messages %}}{header}{{% if message['role'] == 'assistant' %}}{block}"
        "{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}"
        f"{{{{ '{tail}' }}}}{{% endfor %}}"
    )
    return fast


def masks(fast: Any, conversation: Conversation) -> tuple[list[int], list[int]]:
    """Their ids, and their mask."""
    chat = [{"role": m.role, "content": m.content} for m in conversation.messages]
    out = fast.apply_chat_template(chat, return_assistant_tokens_mask=True, return_dict=True)
    return out["input_ids"], out["assistant_masks"]


LAYOUTS = {"phi-4": ("<|im_sep|>", ""), "chatml": ("\\n", "\\n")}


@CONVERTED
@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("train_end", [True, False])
def test_huggingface_has_the_same_mask_on_real_conversations(
    name: str,
    train_end: bool,  # noqa: FBT001 - a parameter
    shared_data: Path,
) -> None:
    tok = ChatTokenizer(get_format(name), ENCODING)
    fast = template_with(*LAYOUTS[name], BLOCK if train_end else CONTENT_BLOCK)
    compared = agreed = 0
    for file in FILES:
        for conversation in real_conversations(shared_data / file)[::12]:
            bare = conversation.on_wire()
            ids, mask = masks(fast, bare)
            transcript = tok.render(bare)
            assert transcript.ids == ids
            agrees = transcript.weights(train_end=train_end) == mask
            # Some of their releases cut a block that ends in a character of several tokens.
            odd = not train_end and any(map(ends_inside_a_character, bare.messages))
            assert agrees or odd
            compared += 1
            agreed += agrees
    assert compared > 180
    assert agreed >= compared * 0.95


def ends_inside_a_character(message: Message) -> bool:
    if message.role != "assistant" or not message.content:
        return False
    last = ENCODING.token_bytes(ENCODING.encode_ordinary(message.content)[-1])
    return len(last) < len(message.content[-1].encode())


@CONVERTED
@pytest.mark.parametrize(
    ("name", "content"),
    [
        # the newlines of header and content become one token, which they train as a whole
        ("chatml", "\nHello"),
        # what is spelled like a special token becomes one
        ("phi-4", "as in <|im_end|> here"),
    ],
)
def test_where_their_mask_is_wrong(name: str, content: str) -> None:
    tok = ChatTokenizer(get_format(name), ENCODING)
    chat = Conversation(
        messages=(
            Message(role="user", content="Well?"),
            Message(role="assistant", content=content),
        )
    )
    ids, mask = masks(template_with(*LAYOUTS[name], BLOCK), chat)
    transcript = tok.render(chat)
    ours = b"".join(
        ENCODING.token_bytes(token)
        for token, on in zip(transcript.ids, transcript.weights(), strict=True)
        if on
    )
    assert ours.decode() == content + "<|im_end|>"
    assert (ids, mask) != (transcript.ids, transcript.weights())


# -- small facts by hand -----------------------------------------------------------------------

WEIGHED = [
    Message(role="user", content="a"),
    Message(role="assistant", content="b"),
    Message(role="assistant", content="c", weight=0.5),
    Message(role="user", content="d", weight=2),
]


@pytest.mark.parametrize(
    ("train_on", "expected"),
    [
        ("assistant", [0, 1, 0.5, 0]),
        ("last", [0, 0, 0.5, 0]),
        ("all", [1, 1, 0.5, 2]),
        ("sampled", [1, 1, 0.5, 2]),
        ("none", [0, 0, 0, 0]),
        (lambda message, index: index / 4 if message.content != "c" else 3, [0, 0.25, 1.5, 1.5]),
    ],
)
def test_the_weight_of_each_message(train_on: Any, expected: list[float]) -> None:
    assert message_weights(WEIGHED, train_on) == expected
    assert message_weights([], train_on) == []


def test_the_last_of_no_assistant_is_nobody() -> None:
    assert message_weights(WEIGHED[:1] * 2, "last") == [0, 0]


def test_an_unknown_choice_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="found 'user'") as error:
        message_weights(WEIGHED, "user")  # type: ignore[arg-type]
    assert str(error.value) == (
        "train_on must be assistant, last, sampled, all, none, or a function of message and index; "
        "found 'user'"
    )
    with pytest.raises(ValueError, match="found -1") as error:
        message_weights(WEIGHED, lambda *_: -1)
    assert str(error.value) == (
        "message 0: expected a finite weight of at least 0 (what train_on returns, times the "
        "message's own), found -1"
    )


SPANS = [
    Span(0, 1, None, "prologue", generated=False),
    Span(1, 3, 1, "header", generated=False),
    Span(3, 5, 1, "content", generated=True),
    Span(5, 6, 1, "end", generated=True, sampled=True),
    Span(6, 7, 1, "tail", generated=False),
    Span(7, 8, None, "stray", generated=False, sampled=True),
    Span(8, 9, 4, "header", generated=True),
]


def test_the_weight_of_each_id() -> None:
    factors = [0, 0.5, 0, 0]
    assert spread(SPANS, factors) == [0, 0, 0, 0.5, 0.5, 0.5, 0, 0, 0]
    assert spread(SPANS, factors, train_end=False) == [0, 0, 0, 0.5, 0.5, 0, 0, 0, 0]
    assert spread(SPANS, factors, sampled=True) == [0, 0, 0, 0, 0, 0.5, 0, 1, 0]
    assert span_weights(SPANS, WEIGHED) == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert span_weights(SPANS, WEIGHED, "sampled") == [0, 0, 0, 0, 0, 1, 0, 1, 0]
    assert span_weights(SPANS, WEIGHED, train_end=False) == [0, 0, 0, 1, 1, 0, 0, 0, 0]


def test_labels_and_ids_are_of_one_length() -> None:
    assert labels([5, 6, 7], [0, 0.1, 1], -1) == [-1, 6, 7]
    for weights in ([], [0], [0, 1, 1, 1]):
        with pytest.raises(ValueError, match="zip"):
            labels([5, 6, 7], weights)
