"""Transcripts: how bad input is handled, and that nothing sampled is lost."""

from __future__ import annotations

import itertools
import json
import math
import pickle
import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from assertions import assert_tiles
from chatfmt import (
    ChatTokenizer,
    Conversation,
    IssueKind,
    Message,
    RenderError,
    Transcript,
    TranscriptError,
    get_tokenizer,
    stream_text,
)
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from reference import reference_encode
from strategies import conversations, messages, mutated, random_ids

if TYPE_CHECKING:
    from collections.abc import Callable

USER: dict[str, Any] = {"role": "user", "content": "2+2?"}
END = 200265  # <|im_end|> of o200k_im
RETURN, HARMONY_END = 200002, 200007  # <|return|> and <|end|> of o200k_harmony


@pytest.fixture
def tok() -> ChatTokenizer:
    return get_tokenizer("gpt-4o")


@pytest.fixture
def chat(tok: ChatTokenizer) -> Transcript:
    return tok.render([USER])


def through_json(transcript: Transcript) -> Transcript:
    tok = tokenizer_for(transcript.to_dict()["format"]["name"])
    saved = json.dumps(transcript.to_dict(), allow_nan=False)
    return tok.transcript_from_dict(json.loads(saved))


def through_pickle(transcript: Transcript) -> Transcript:
    loaded = pickle.loads(pickle.dumps(transcript))
    assert isinstance(loaded, Transcript)
    return loaded


rests = pytest.mark.parametrize("rest", [through_json, through_pickle, Transcript.copy])


# -- what was sampled stays ------------------------------------------------------------------------


@rests
def test_tokens_that_encoding_again_would_join_stay_apart(
    tok: ChatTokenizer, chat: Transcript, rest: Callable[[Transcript], Transcript]
) -> None:
    apart = [220, 24912]
    assert tok.encoding.encode_ordinary(" hello") != apart
    completion = chat.append_completion([*apart, END], logprobs=[-1.0, -0.25, -0.5])
    assert completion.messages == (Message(role="assistant", content=" hello"),)
    chat = rest(chat)
    chat.append({"role": "user", "content": "bye"})
    begin = len(tok.encode_prompt([USER]))
    assert chat.ids[begin : begin + 3] == [*apart, END]
    assert chat.logprobs[begin : begin + 4] == [-1.0, -0.25, -0.5, None]
    assert chat.conversation.messages[1].content == " hello"
    parsed = tok.parse(chat.ids)
    assert parsed.ids == chat.ids
    assert rest(parsed).ids == chat.ids
    assert parsed.conversation == chat.conversation
    trained = [
        token for token, weight in zip(chat.ids, chat.weights("sampled"), strict=True) if weight
    ]
    assert trained == [*apart, END]


def test_an_open_message_goes_on_and_then_ends(tok: ChatTokenizer, chat: Transcript) -> None:
    first = chat.append_completion([13225])
    assert (first.stop_reason, first.stop_token) == ("length", None)
    assert first.messages == (Message(role="assistant", content="Hello"),)
    assert chat.prompt() == chat.ids
    second = chat.append_completion([13225])
    assert second.messages == (Message(role="assistant", content="HelloHello"),)
    chat.append({"role": "user", "content": "bye"})
    assert chat.ids[len(tok.encode_prompt([USER])) :][:3] == [13225, 13225, END]
    end = next(span for span in chat.spans if span.part == "end" and span.message == 1)
    assert not end.sampled
    assert tok.decode(chat.ids) == chat.conversation


def test_a_missing_tail_is_written_first() -> None:
    tok = tokenizer_for("gpt-3.5-turbo")
    for go_on in (
        lambda chat: chat.append({"role": "user", "content": "b"}),
        Transcript.prompt,
        lambda chat: chat.append_completion([15339]),
        Transcript.append,
    ):
        chat = tok.render([USER])
        chat.append_completion([15339, 100265])
        assert chat.ids[-1] == 100265
        length = len(chat.ids)
        go_on(chat)
        assert chat.ids[length] == 198
        assert not chat.spans[-1].sampled or chat.open
        tail = next(s for s in chat.spans if s.start == length)
        assert (tail.part, tail.sampled) == ("tail", False)


def test_a_missing_prologue_is_written_first() -> None:
    tok = tokenizer_for("llama-3")
    chat = tok.parse([], allow_open=True)
    chat.append(USER)
    assert chat.ids == tok.encode([USER])
    assert tok.decode(chat.ids) == chat.conversation


def test_a_model_that_may_go_on_writes_its_next_header_itself() -> None:
    tok = tokenizer_for("harmony")
    said = [
        Message(role="assistant", channel="analysis", content="Hm."),
        Message(role="assistant", channel="final", content="4"),
    ]
    chat = tok.render([USER])
    prompt = len(tok.encode_prompt([USER]))
    sampled = [*tok.encode([USER, *said])[prompt:-1], RETURN]
    for cut in range(len(sampled) + 1):
        branch = chat.copy()
        heard = branch.append_completion(sampled[:cut])
        assert heard.stop_reason == ("stop" if cut == len(sampled) else "length")
        branch.append_completion(sampled[cut:])
        assert branch.ids[prompt : prompt + len(sampled)] == sampled
        if cut < len(sampled):
            assert branch.conversation.messages == (Message(**USER), *said)
            trained = branch.weights("sampled")
            assert [weight > 0 for weight in trained] == [i >= prompt for i in range(len(trained))]


def test_branches_are_independent(tok: ChatTokenizer, chat: Transcript) -> None:
    chat.append_completion([13225])
    saved = chat.to_dict()
    branches = [chat.copy() for _ in range(3)]
    for token, branch in enumerate(branches):
        branch.append_completion([15 + token, END])
        branch.append(USER)
    assert chat.to_dict() == saved
    contents = [branch.conversation.messages[1].content for branch in branches]
    assert contents == [f"Hello{tok.encoding.token_bytes(15 + n).decode()}" for n in range(3)]


# -- bad input -------------------------------------------------------------------------------------


def test_ids_outside_the_vocabulary_are_kept_and_told(chat: Transcript) -> None:
    before = len(chat.prompt())
    given = [13225, -1, 10**30, 2**31, 11, END]
    completion = chat.append_completion(given)
    assert chat.ids[before:] == given
    assert completion.messages[0].content == "Hello,"
    assert completion.stop_reason == "stop"
    assert [issue.kind for issue in completion.issues] == [IssueKind.OUT_OF_VOCABULARY] * 3
    assert [issue.position for issue in completion.issues] == [before + 1, before + 2, before + 3]
    assert [s.part for s in chat.spans if s.start >= before] == [
        "content",
        "stray",
        "content",
        "end",
    ]
    assert through_json(chat).ids == chat.ids


def test_what_follows_the_stop_token_is_given_back(chat: Transcript) -> None:
    before = len(chat.prompt())
    completion = chat.append_completion([13225, END, END], logprobs=[-1, -2, -3])
    assert completion.stop_reason == "overrun"
    assert completion.stop_token == END
    assert completion.rest == [END]
    assert chat.ids[before:] == [13225, END]
    assert chat.logprobs[before:] == [-1, -2]
    assert not completion.issues


def test_an_empty_completion_is_only_the_prompt(tok: ChatTokenizer, chat: Transcript) -> None:
    for _ in range(2):
        completion = chat.append_completion([], logprobs=[])
        assert completion == ((), "length", None, [], ())
        assert chat.ids == tok.encode_prompt([USER])
        assert chat.conversation.messages == (Message(**USER),)
        assert chat.open is not None


def test_a_completion_that_ends_at_once_is_an_empty_message(chat: Transcript) -> None:
    completion = chat.append_completion([END])
    assert completion.messages == (Message(role="assistant"),)
    assert completion.stop_reason == "stop"


def test_a_mangled_header_is_kept_and_told() -> None:
    tok = tokenizer_for("harmony")
    special = tok.encoding.special_tokens
    text = tok.encoding.encode_ordinary(" what is this?")
    given = [*text, special["<|message|>"], *text, RETURN]
    chat = tok.render([USER])
    before = len(chat.prompt())
    completion = chat.append_completion(given)
    assert chat.ids[before:] == given
    assert completion.stop_reason == "stop"
    assert IssueKind.MALFORMED_HEADER in [issue.kind for issue in completion.issues]
    chat.append(USER)
    assert chat.conversation.messages[-1] == Message(**USER)
    assert_tiles(chat.spans, len(chat.ids))


def test_a_header_that_is_cut_off_within_is_ended_where_no_prompt_is_like_it() -> None:
    tok = tokenizer_for("harmony")
    special, encode = tok.encoding.special_tokens, tok.encoding.encode_ordinary
    chat = tok.render([])
    sampled = [*chat.prompt(), *encode(":bob"), special["<|channel|>"], *encode("final")]
    chat.append_completion(sampled[len(chat.ids) :])  # prompts of this format have no name
    chat.append(USER)
    ending = [special["<|message|>"], HARMONY_END]
    assert chat.ids == [*sampled, *ending, *tok.encode([USER])]
    begun = Message(role="assistant", name="bob", channel="final")
    assert chat.conversation.messages == (begun, Message(**USER))
    assert [issue.position for issue in chat.issues] == [len(sampled)]


def test_a_header_cut_off_before_its_role_is_not_ended_but_goes_on() -> None:
    tok = tokenizer_for("harmony")
    start = tok.encoding.special_tokens["<|start|>"]
    chat = tok.parse([*tok.encode([USER]), start], allow_open=True)
    saved = chat.to_dict()
    with pytest.raises(RenderError, match=r"no role yet.*append_completion"):
        chat.append(USER)
    assert chat.to_dict() == saved
    rest = [*tok.encode([Message(role="assistant", content="4")])[1:-1], RETURN]
    assert chat.append_completion([*rest, 11]).rest == [11]
    assert chat.conversation.messages[-1].content == "4"


def test_bytes_that_are_no_utf8_become_replacement_characters(
    tok: ChatTokenizer, chat: Transcript
) -> None:
    half = tok.encoding.encode_ordinary("🙃")[0]
    assert len(tok.encoding.token_bytes(half)) < 4
    before = len(chat.prompt())
    completion = chat.append_completion([half, 13225, half, END])
    assert chat.ids[before:] == [half, 13225, half, END]
    assert completion.messages[0].content == "\ufffdHello\ufffd"
    assert [issue.kind for issue in completion.issues] == [IssueKind.INVALID_UTF8] * 2
    assert [issue.position - before for issue in completion.issues] == [0, 2]


def test_half_a_character_at_a_cut_waits_for_the_other_half(
    tok: ChatTokenizer, chat: Transcript
) -> None:
    first, *others = tok.encoding.encode_ordinary("🙃")
    assert chat.append_completion([13225, first]).messages[0].content == "Hello"
    for branch in (chat.copy(), through_json(chat)):
        completion = branch.append_completion([*others, END])
        assert completion.messages[0].content == "Hello🙃"
        assert not completion.issues
    chat.append()
    assert chat.conversation.messages[1].content == "Hello\ufffd"
    assert [issue.kind for issue in chat.issues] == [IssueKind.INVALID_UTF8]


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_in_pieces_it_is_the_same_as_whole(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    special = [tok.encoding.special_tokens[s] for s in tok.format.special_tokens]
    n_vocab = tok.encoding.n_vocab
    good = tok.encode(data.draw(conversations(name, max_messages=2)), prologue=False)
    given = data.draw(st.just(good) | mutated(good, n_vocab) | random_ids(n_vocab, special))
    whole, pieces = tok.render([]), tok.render([])
    taken = len(given) - len(whole.append_completion(given).rest)
    cuts = sorted(data.draw(st.sets(st.integers(0, taken), max_size=3)))
    for start, stop in pairwise([0, *cuts, taken]):
        if start and not pieces.open and pieces._going_on() is None:
            return  # what closed the message is no stop token: the next piece begins another one
        assert not pieces.append_completion(given[start:stop]).rest
    assert pieces.to_dict() == whole.to_dict()


def test_a_stream_stops_where_a_completion_does_though_another_was_prompted_before() -> None:
    """A user was prompted, and an answer came: what comes next is the assistant's."""
    tok = tokenizer_for("nanochat")
    special = tok.encoding.special_tokens
    transcript = tok.render([])
    transcript.prompt(role="user")
    answer = [special[f"<|{name}|>"] for name in ("bos", "assistant_start", "assistant_end")]
    assert transcript.append_completion(answer).stop_reason == "length"
    assert transcript.stream().stop_tokens == {special["<|assistant_end|>"]}
    more = [special["<|user_end|>"], special["<|assistant_end|>"], special["<|bos|>"]]
    assert transcript.append_completion(more).rest == more[2:]


def test_a_model_stops_at_its_own_stop_tokens_alone() -> None:
    """Where each role has an end token of its own; it is what a server does."""
    tok = tokenizer_for("nanochat")
    special = tok.encoding.special_tokens
    start, end = special["<|user_start|>"], special["<|user_end|>"]
    sampled = [15339, start, 15339, end, 15339]
    chat = tok.render([])
    completion = chat.append_completion(sampled)
    assert [message.role for message in completion.messages] == ["assistant", "user"]
    assert (completion.stop_reason, completion.rest) == ("length", [])
    assert chat.ids[-len(sampled) :] == sampled
    assert tok.stream().stop_tokens == tok.stop_tokens == {special["<|assistant_end|>"]}
    assert list(stream_text(tok.stream(), [15339, end, 15339])) == ["hello"]


def test_a_model_that_was_prompted_for_another_role_stops_with_it() -> None:
    tok = tokenizer_for("nanochat")
    end = tok.encoding.special_tokens["<|user_end|>"]
    chat = tok.render([])
    chat.prompt("user")
    for parser in (tok.stream("user"), chat.stream(), chat.copy().stream()):
        assert parser.stop_tokens == {end}
        ids = iter([15339, end, 15339])
        assert list(stream_text(parser, ids)) == ["hello"]
        assert list(ids) == [15339]
    completion = through_json(chat).append_completion([15339, end, 15339])
    assert (completion.stop_token, completion.rest) == (end, [15339])
    parsed = tok.parse(chat.ids, allow_open=True)
    assert parsed.append_completion([15339, end, 15339]).rest == [15339]


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_looking_changes_nothing(name: str, data: st.DataObject) -> None:
    """Also at ids that end inside a message, or a character, or a tail; and not a failed append."""
    tok = tokenizer_for(name)
    special = [tok.encoding.special_tokens[s] for s in tok.format.special_tokens]
    n_vocab = tok.encoding.n_vocab
    good = tok.encode(data.draw(conversations(name, max_messages=2)))
    ids = data.draw(mutated(good, n_vocab) | random_ids(n_vocab, special))
    parsed = tok.parse(ids, strict=False, allow_open=data.draw(st.booleans()))
    saved, conversation = parsed.to_dict(), parsed.conversation
    repr(parsed), parsed.open, parsed.stream(), parsed.copy(), parsed.weights(), parsed.logprobs
    with pytest.raises(RenderError):
        parsed.append({"role": "nobody"})
    with pytest.raises(RenderError):
        parsed.prompt("nobody")
    with pytest.raises(ValueError, match="expected 1 logprobs"):
        parsed.append_completion([1], logprobs=[])
    assert parsed.to_dict() == saved
    assert parsed.conversation == conversation
    assert parsed.ids == ids


def test_a_message_that_was_cut_off_goes_on_after_all(tok: ChatTokenizer) -> None:
    """What a parse said of the cut is taken back, and nothing else."""
    first, *others = tok.encoding.encode_ordinary("🙃")
    ids = [*tok.encode([USER]), -1, *tok.encode_prompt([]), 13225, first]
    parsed = tok.parse(ids, strict=False)
    lasting, cut, half = parsed.issues
    assert parsed.conversation.messages[-1].content == "Hello\ufffd"
    assert (cut.kind, half.kind) == (IssueKind.OPEN_MESSAGE, IssueKind.INVALID_UTF8)
    ended = parsed.copy()
    ended.append()
    assert ended.issues == [lasting, half._replace(state=ended.issues[-1].state)]
    completion = parsed.append_completion([*others, END])
    assert completion.messages == (Message(role="assistant", content="Hello🙃"),)
    assert not completion.issues
    assert parsed.issues == [lasting]


def test_a_prologue_that_was_missing_is_written_after_all() -> None:
    tok = tokenizer_for("llama-3")
    parsed = tok.parse([], strict=False)
    assert [issue.kind for issue in parsed.issues] == [IssueKind.OPEN_MESSAGE]
    parsed.append(USER)
    assert not parsed.issues
    assert parsed.ids == tok.encode([USER])


def test_a_prologue_that_another_message_stands_for_stays_an_issue() -> None:
    tok = tokenizer_for("llama-3")
    ids = tok.encode_prompt([], prologue=False)
    parsed = tok.parse(ids, strict=False, allow_open=True)
    [issue] = parsed.issues
    assert (issue.kind, issue.position) == (IssueKind.UNEXPECTED_SPECIAL, 0)
    parsed.append_completion([15339])
    assert parsed.issues == [issue]


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"role": "nobody", "content": "x"}, RenderError),
        ({"role": "user", "content": "x", "channel": "final"}, RenderError),
        ({"role": "user", "name": "a b"}, RenderError),
        ({"role": "user", "contents": "x"}, ValidationError),
        ({"role": "user", "content": "\ud800"}, ValidationError),
        ({"role": "user", "weight": -1.0}, ValidationError),
        ({"role": "user", "weight": math.nan}, ValidationError),
        ({"role": "user", "weight": math.inf}, ValidationError),
    ],
)
@pytest.mark.parametrize("sampled", [[], [13225], [13225, END]])
def test_a_message_that_cannot_be_appended_changes_nothing(
    chat: Transcript, message: dict[str, Any], error: type[Exception], sampled: list[int]
) -> None:
    chat.append_completion(sampled)
    saved = chat.to_dict()
    with pytest.raises(error):
        chat.append(USER, message)
    assert chat.to_dict() == saved
    chat.append(USER)
    assert chat.conversation.messages[-1] == Message(**USER)


@pytest.mark.parametrize("weight", [-1.0, math.nan, math.inf, "1", None])
def test_weights_are_finite_and_not_negative(chat: Transcript, weight: Any) -> None:
    with pytest.raises(ValueError, match="finite weight of at least 0"):
        chat.weights(lambda _message, _index: weight)


@pytest.mark.parametrize(
    ("ids", "logprobs", "error"),
    [
        ([1, 2], [-1.0], ValueError),
        ([1], [], ValueError),
        ([1.0], None, TypeError),
        (["1"], None, TypeError),
        ([1], ["x"], TypeError),
        ([1], [None], TypeError),
    ],
)
def test_a_completion_of_something_else_changes_nothing(
    chat: Transcript,
    ids: Any,
    logprobs: Any,
    error: type[Exception],
) -> None:
    saved = chat.to_dict()
    with pytest.raises(error):
        chat.append_completion(ids, logprobs=logprobs)
    assert chat.to_dict() == saved


def test_a_logprob_that_is_not_finite_is_kept(chat: Transcript) -> None:
    """A sampler that masks tokens gives -inf, and one that has failed NaN: hiding it helps none."""
    chat.append_completion([13225, 11, END], logprobs=[-math.inf, math.nan, 0.0])
    for other in (through_json(chat), through_pickle(chat)):
        infinite, nan, zero = other.logprobs[-3:]
        assert (infinite, zero) == (-math.inf, 0.0)
        assert nan is not None
        assert math.isnan(nan)


def test_integers_of_other_libraries_are_taken_as_integers(chat: Transcript) -> None:
    class Scalar:
        def __init__(self, value: int) -> None:
            self.value = value

        def __index__(self) -> int:
            return self.value

    chat.append_completion(map(Scalar, [13225, END]))  # type: ignore[arg-type]
    assert [type(token) for token in chat.ids[-2:]] == [int, int]
    assert chat.conversation.messages[-1].content == "Hello"


def test_prompts_that_cannot_be_change_nothing(chat: Transcript) -> None:
    saved = chat.to_dict()
    for role, name in (("nobody", None), ("assistant", "a b")):
        with pytest.raises(RenderError):
            chat.prompt(role, name=name)
        assert chat.to_dict() == saved
    ids = chat.prompt()
    for role, name, prefill in (
        ("user", None, ""),
        ("assistant", "Ann", ""),
        ("assistant", None, "Sure, "),
    ):
        with pytest.raises(RenderError, match=r"message 1 \(assistant\) is open"):
            chat.prompt(role, name=name, prefill=prefill)
        assert chat.ids == ids


# -- saved transcripts -----------------------------------------------------------------------------


def test_a_transcript_of_another_format_or_encoding_is_refused(
    tok: ChatTokenizer, chat: Transcript
) -> None:
    saved = chat.to_dict()
    with pytest.raises(TranscriptError, match="saved in format 'gpt-4o', which differs"):
        get_tokenizer("gpt-4").transcript_from_dict(saved)
    other = ChatTokenizer(tok.format, encoding_for("harmony"))
    with pytest.raises(TranscriptError, match="another encoding: expected the fingerprint"):
        other.transcript_from_dict(saved)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_manipulated_transcript_is_refused_and_an_honest_one_is_not(
    name: str, data: st.DataObject
) -> None:
    """Whatever was parsed, completed or cut comes back; and with a text, an id or a place changed,
    it does not."""
    tok = tokenizer_for(name)
    special = [tok.encoding.special_tokens[s] for s in tok.format.special_tokens]
    n_vocab = tok.encoding.n_vocab
    good = tok.encode(data.draw(conversations(name, max_messages=3)))
    ids = data.draw(st.just(good) | mutated(good, n_vocab) | random_ids(n_vocab, special))
    chat = tok.parse(ids, strict=False, allow_open=data.draw(st.booleans()))
    if data.draw(st.booleans()):
        chat.append_completion(data.draw(random_ids(n_vocab, special, max_size=8)))
    saved = json.loads(json.dumps(chat.to_dict()))
    assert tok.transcript_from_dict(saved).to_dict() == saved

    refused = pytest.raises(TranscriptError, match="ids, messages and spans do not agree: ")
    for index, message in enumerate(saved["messages"]):
        for field, value in (("content", message["content"] + "!"), ("role", "nobody")):
            messages = [*saved["messages"]]
            messages[index] = {**message, field: value}
            with refused:
                tok.transcript_from_dict({**saved, "messages": messages})
    if saved["messages"]:
        with refused:
            tok.transcript_from_dict({**saved, "messages": saved["messages"][1:]})
    for index, span in enumerate(saved["spans"]):
        start, stop, message, part, generated, sampled = span
        if part == "prologue":
            continue  # parse(prologue=False) has the same ids as stray
        for wrong in (
            [start, stop, message, part, not generated, sampled],
            [start, stop, message, "stray" if part != "stray" else "tail", generated, sampled],
            [start, stop, None if message is not None else 0, part, generated, sampled],
        ):
            spans = [*saved["spans"]]
            spans[index] = wrong
            with refused:
                tok.transcript_from_dict({**saved, "spans": spans})
    if saved["messages"]:  # no ids at all may lack a prologue, or not
        with refused:
            tok.transcript_from_dict({**saved, "unfinished": not saved["unfinished"]})


def test_every_short_sequence_comes_back() -> None:
    """Whatever is between messages, and wherever reading stopped: also after what is stray."""
    tok = tokenizer_for("harmony")
    start, end = (tok.encoding.special_tokens[name] for name in ("<|start|>", "<|end|>"))
    [system] = tok.encoding.encode_ordinary("system")
    for length in range(1, 6):
        for ids in itertools.product((start, end, system, -1), repeat=length):
            for cut in {length, length // 2}:
                chat = tok.parse(ids[:cut], strict=False)
                if cut < length:
                    chat.append_completion(ids[cut:])
                saved = chat.to_dict()
                assert tok.transcript_from_dict(saved).to_dict() == saved, (ids, cut)


def test_a_header_that_is_cut_off_is_generated_or_not_however_it_was_read() -> None:
    tok = tokenizer_for("harmony")
    answer = tok.encode([Message(role="assistant", channel="final", content="a")])
    for allow_open in (True, False):
        chat = tok.parse([*answer, *answer[:2]], strict=False, allow_open=allow_open)
        saved = chat.to_dict()
        [*spans, last] = saved["spans"]
        assert last == [len(answer), len(answer) + 2, 1, "header", False, False]
        changed = [*spans, [*last[:4], True, False]]
        with pytest.raises(TranscriptError, match="ids, messages and spans do not agree"):
            tok.transcript_from_dict({**saved, "spans": changed})


def test_what_was_manipulated_is_named_and_shown_in_a_line(tok: ChatTokenizer) -> None:
    chat = tok.render([USER, {"role": "assistant", "content": "x" * 5000}])
    saved = chat.to_dict()
    spans, messages = saved["spans"], saved["messages"]
    hidden = [[*span[:2], None, "stray", False, False] for span in spans[:3]] + spans[3:]
    for damage, told in (
        ({"messages": [{**messages[0], "content": "y" * 9999}, messages[1]]}, "message 0 reads"),
        ({"messages": messages[:1]}, "message 1 reads"),
        ({"messages": [*messages, USER]}, "message 2 reads None, but saved was"),
        ({"spans": hidden, "messages": messages[1:]}, "id 0 is in the header of message 0"),
        ({"ids": [*saved["ids"][:3], 11, *saved["ids"][4:]]}, "message 0 reads"),
        ({"ids": ["x" * 5000] * len(saved["ids"])}, "not a saved transcript: ids.0: "),
        ({"prompted": ["nobody", 0]}, "a role of format gpt-4o that was prompted"),
        ({"prompted": ["user", 1000]}, "and where in the"),
        ({"starts": [[0, "nobody", False]]}, "a role of format gpt-4o that was prompted"),
        ({"starts": [[0, "user", False]]}, "at which reading began, in order and from 0 on"),
        ({"starts": []}, "at which reading began"),
        ({"starts": [[0, None, True], [1000, None, False]]}, "at which reading began"),
        ({"starts": [[0, None, True], [5, None, False], [1, None, False]]}, "in order"),
        ({"starts": [[0, None, True], [3, None, False]]}, "id 3 is in the stray"),
        ({"encoding": "x" * 5000}, "another encoding"),
        ({"partial": USER}, "the open message reads None"),
        ({"unfinished": True}, "the ids end without something missing"),
    ):
        with pytest.raises(TranscriptError, match=re.escape(told)) as error:
            tok.transcript_from_dict({**saved, **damage})
        assert len(str(error.value)) < 600
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "damage",
    [
        {"ids": [1, 2]},
        {"spans": []},
        {"ids": ["x"]},
        {"ids": ["1"] * 5},
        {"ids": [1.0] * 5},
        {"spans": [[0, 5, 0, "content", False, False], [5, 5, 0, "end", False, False]]},
        {"logprobs": [0.0] * 100},
        {"more": 1},
        {"messages": [{"role": "user", "content": "\ud800"}]},
        {"messages": []},
        {"messages": [USER, USER]},
        {"partial": USER},
    ],
)
def test_a_damaged_transcript_is_refused(
    tok: ChatTokenizer, chat: Transcript, damage: dict[str, Any]
) -> None:
    saved = chat.to_dict()
    assert tok.transcript_from_dict(saved).to_dict() == saved
    with pytest.raises(TranscriptError):
        tok.transcript_from_dict({**saved, **damage})
    with pytest.raises(TranscriptError, match="not a saved transcript"):
        tok.transcript_from_dict({name: value for name, value in saved.items() if name != "ids"})


# -- prefill and continue --------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_prefill_is_a_prefix_of_the_bytes(name: str, data: st.DataObject) -> None:
    """The ids may part where the prefill ends; before that, and in their bytes, they do not."""
    tok = tokenizer_for(name)
    before = data.draw(conversations(name, max_messages=2))
    role = data.draw(st.sampled_from([role for role in tok.format.templates if role != "system"]))
    drawn = data.draw(messages(name).filter(lambda message: not message.reasoning))
    fields: dict[str, Any] = {"content": drawn.content, "role": role}
    if name in ("gpt-4o", "gpt-4", "gpt-3.5-turbo"):
        fields["name"] = drawn.name
    reply = Message.model_validate(fields)
    cut = data.draw(st.integers(0, len(reply.content)))
    prefill = reply.content[:cut]
    whole = tok.encode([*before.messages, reply])
    begun = reply.model_copy(update={"content": prefill})
    continued = tok.encode_prompt([*before.messages, begun], role=role, continue_last=True)
    spell = tok._binding.spell
    prompts = [continued]
    if prefill:
        prompts.append(tok.encode_prompt(before, role=role, name=reply.name, prefill=prefill))
    for ids in prompts:
        assert b"".join(map(spell, whole)).startswith(b"".join(map(spell, ids)))
        opened = tok.parse(ids, allow_open=True)
        rest = tok.encoding.encode_ordinary(reply.content[cut:])
        ends = tok.format.ends_of(role)
        stop = next(tok._binding.ids[spelling] for spelling in ends if ends[spelling])
        opened.append_completion([*rest, stop])
        assert opened.conversation.messages[-1] == reply
    if prefill:
        transcript = tok.render(before)
        assert transcript.prompt(role, name=reply.name, prefill=prefill) == continued
        assert not any(span.sampled for span in transcript.spans)


def test_continue_last_needs_a_last_message_of_that_role(tok: ChatTokenizer) -> None:
    refused = pytest.raises(RenderError, match="continue_last needs a last message")
    for said, prefill in (([], ""), ([USER], ""), ([{"role": "assistant"}], "x")):
        with refused:
            tok.encode_prompt(said, prefill=prefill, continue_last=True)
    ann = [{"role": "assistant", "name": "Ann"}]
    assert tok.encode_prompt(ann, name="Ann", continue_last=True)[-1] == 200266
    with pytest.raises(RenderError, match=r"name 'Bob', and no prefill; found .* name 'Ann'"):
        tok.encode_prompt(ann, name="Bob", continue_last=True)


# -- counting --------------------------------------------------------------------------------------


# OpenAI's cookbook, "How to count tokens with tiktoken": 3 tokens around each message, and 3 that
# prime the reply. Its names cost 1 token more, which is the chat API's secret: on the wire of the
# ChatML document they cost " name=" and themselves.
def cookbook(tok: ChatTokenizer, conversation: Conversation, around: int = 3) -> int:
    encode = tok.encoding.encode_ordinary
    return 3 + sum(
        around + len(encode(message.role)) + len(encode(message.content))
        for message in conversation.messages
    )


@pytest.mark.parametrize(("name", "around"), [("gpt-4o", 3), ("gpt-4", 3), ("gpt-3.5-turbo", 4)])
@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_a_prompt_has_as_many_ids_as_the_chat_api_counts(
    name: str, around: int, data: st.DataObject
) -> None:
    tok = tokenizer_for(name)
    drawn = data.draw(conversations(name))
    nameless = [message.model_copy(update={"name": None}) for message in drawn.messages]
    if (
        name == "gpt-3.5-turbo"
    ):  # where a newline before a content may be one id with what it begins
        nameless = [m for m in nameless if m.role == "assistant" or not m.content[:1].isspace()]
    conversation = Conversation(messages=tuple(nameless))
    assert len(tok.encode_prompt(conversation)) == cookbook(tok, conversation, around)
    assert tok.count(conversation) == cookbook(tok, conversation, around) - 3
    assert tok.count(conversation) == len(reference_encode(name, conversation, encoding_for(name)))


# -- growth ----------------------------------------------------------------------------------------


def test_growth_is_linear(tok: ChatTokenizer) -> None:
    """Turn 200 costs no more than three times turn 2, be it the encoding, the text or the spans."""
    question = Message(role="user", content="What is the answer to the next question? " * 8)
    answer = [*tok.encoding.encode_ordinary("It is what it was the last time. " * 8), END]

    def costs() -> list[float]:
        chat = tok.render([])
        took = []
        for _ in range(200):
            start = time.thread_time()
            chat.append(question)
            chat.append_completion(answer, logprobs=[-1.0] * len(answer))
            took.append(time.thread_time() - start)
        return took

    runs = [costs() for _ in range(5)]
    fastest = [min(run[turn] for run in runs) for turn in range(200)]
    assert min(fastest[-5:]) <= 3 * max(fastest[1:6])
