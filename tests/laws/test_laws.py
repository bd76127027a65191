"""The laws, as properties over every format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assertions import assert_events_tell_messages, assert_tiles
from chatfmt import (
    ChatfmtError,
    Conversation,
    ParseError,
)
from conftest import encoding_for
from formats_under_test import FORMATS, tokenizer_for
from recovery import ids_of
from reference import SPEAKERS, reference_decode, reference_encode, reference_prompt
from sizes import size
from strategies import conversations, mutated, random_ids, retokenized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import ChatTokenizer, Event, StreamParser, Transcript

relaxed = settings(
    deadline=None,
    max_examples=size(60, 120),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
every_format = pytest.mark.parametrize("name", FORMATS)


def chunked(parser: StreamParser, ids: Sequence[int], sizes: Sequence[int]) -> list[Event]:
    events: list[Event] = []
    at = 0
    for count in sizes:
        events += parser.feed_all(ids[at : at + count])
        at += count
    for token in ids[at:]:
        events += parser.feed(token)
    return events + parser.close()


@every_format
@given(data=st.data())
@relaxed
def test_inversion_and_agreement_with_the_reference(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    conversation = data.draw(conversations(name))
    written = reference_encode(name, conversation, encoding_for(name))
    ids = tok.encode(conversation)
    assert ids == [item.token for item in written]
    assert tok.decode(ids) == conversation.on_wire()
    assert tok.count(conversation) == len(ids)
    prologue = sum(item.message is None for item in written)
    assert sum(tok.count_messages(conversation)) == len(ids) - prologue

    rendered, parsed = tok.render(conversation), tok.parse(ids)
    assert rendered.ids == parsed.ids == ids
    assert rendered.spans == parsed.spans
    assert not parsed.issues
    assert_tiles(rendered.spans, len(ids))
    by_id = [
        (span.message, span.part, span.generated)
        for span in rendered.spans
        for _ in range(span.start, span.stop)
    ]
    assert by_id == [(item.message, item.part, item.generated) for item in written]
    assert rendered.conversation == conversation


@every_format
@given(data=st.data())
@relaxed
def test_structure_never_depends_on_text(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    conversation = data.draw(conversations(name))
    special = set(tok.encoding.special_tokens.values())
    bare = Conversation(
        messages=tuple(
            message.model_copy(
                update={
                    "content": "",
                    "reasoning": None if message.reasoning is None else "",
                    **{
                        field: None if getattr(message, field) is None else "x"
                        for field in ("name", "recipient", "channel", "content_type")
                    },
                }
            )
            for message in conversation.messages
        )
    )
    found = [token for token in tok.encode(conversation) if token in special]
    assert found == [token for token in tok.encode(bare) if token in special]


@every_format
@given(data=st.data())
@relaxed
def test_prefix(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    conversation = data.draw(conversations(name))
    cut = data.draw(st.integers(0, len(conversation.messages)))
    before = Conversation(messages=conversation.messages[:cut])
    ids = tok.encode(conversation)
    assert ids[: tok.count(before)] == tok.encode(before)
    if cut < len(conversation.messages):
        reply = conversation.messages[cut]
        if reply.role not in SPEAKERS[name]:
            return
        named = reply.name if name in ("gpt-4o", "gpt-4", "gpt-3.5-turbo") else None
        prompt = tok.encode_prompt(before, role=reply.role, name=named)
        assert ids[: len(prompt)] == prompt
        assert prompt == reference_prompt(name, before, encoding_for(name), reply.role, named)
        opened = tok.parse(prompt, allow_open=True)
        assert opened.conversation == before.on_wire()
        if tok.format.prologue or prompt:
            assert opened.open is not None
            assert (opened.open.role, opened.open.name) == (reply.role, named)


@every_format
@given(data=st.data())
@relaxed
def test_any_tokenization_of_the_text_is_read(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    conversation = data.draw(conversations(name, max_messages=2))
    ids = data.draw(retokenized(tok.encode(conversation), encoding_for(name)))
    transcript = tok.parse(ids)
    assert transcript.conversation == conversation.on_wire()
    assert transcript.ids == ids
    assert_tiles(transcript.spans, len(ids))
    assert reference_decode(name, ids, encoding_for(name)) == conversation.on_wire()


def check_any_ids(tok: ChatTokenizer, name: str, ids: list[int], sizes: list[int]) -> None:
    expected = reference_decode(name, ids, encoding_for(name))
    try:
        strict: Transcript | None = tok.parse(ids)
    except ParseError as error:
        strict, failure = None, error
    assert (strict.conversation if strict else None) == expected
    for _ in range(2):  # the second time what the first has taught is known
        try:
            decoded = tok.decode(ids)
        except ParseError as error:
            assert strict is None
            assert error.issue == failure.issue  # noqa: PT017 - the other way to fail is below
        else:
            assert strict is not None
            assert decoded == strict.conversation
    lenient = tok.parse(ids, strict=False)
    assert lenient.ids == ids
    assert_tiles(lenient.spans, len(ids))
    if strict:
        assert lenient.spans == strict.spans
        assert lenient.issues == strict.issues
    else:
        assert failure.issue in lenient.issues

    parser = tok.stream(role=None)
    events = chunked(parser, ids, sizes)
    assert tuple(parser.messages) == lenient.conversation.messages
    assert parser.issues == lenient.issues
    assert parser.spans == lenient.spans
    assert_events_tell_messages(events, parser.messages)

    strictly = tok.stream(role=None, strict=True)
    try:
        chunked(strictly, ids, sizes)
    except ParseError as error:
        assert strict is None
        assert error.issue == failure.issue  # noqa: PT017 - the other way to fail is above
    else:
        assert strict is not None
        assert strictly.spans == strict.spans

    opened = tok.parse(ids, strict=False, allow_open=True)
    assert_tiles(opened.spans, len(ids))
    try:
        again = opened.copy()
        again.append()  # or else a message of the open one's role would have to begin with it
        again.append({"role": "user", "content": "and?"})
    except ChatfmtError:  # nobody knows whose it is, or it is a user's that begins otherwise
        assert opened.open is not None
        assert opened.open.role in (None, "user")
    else:
        assert again.ids[: len(ids)] == ids
        assert_tiles(again.spans, len(again.ids))
        assert again.conversation.messages[-1].content == "and?"


sizes_strategy = st.lists(st.integers(1, 6), max_size=6)


@every_format
@given(data=st.data())
@relaxed
def test_mutated_sequences(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    ids = tok.encode(data.draw(conversations(name, max_messages=3)))
    ids = data.draw(retokenized(ids, encoding_for(name)) | st.just(ids))
    ids = data.draw(mutated(ids, tok.encoding.n_vocab))
    check_any_ids(tok, name, ids, data.draw(sizes_strategy))


@pytest.mark.parametrize(
    "pieces",
    [
        ("<|start|>", "system:ab", " to=x", "<|channel|>", "c", " ", ".", "<|message|>", "<|end|>"),
        (
            *("<|start|>", "system:ab", "<|channel|>", "c", " to=x", "<|channel|>", "d"),
            *("<|message|>", "<|end|>"),
        ),
    ],
)
def test_white_space_leads_back_to_where_it_began(pieces: Sequence[str]) -> None:
    """Not to another field that white space may follow: it would be written twice."""
    tok = tokenizer_for("harmony")
    check_any_ids(tok, "harmony", ids_of(tok, pieces), [])


@every_format
@given(data=st.data())
@relaxed
def test_random_sequences(name: str, data: st.DataObject) -> None:
    tok = tokenizer_for(name)
    special = [tok.encoding.special_tokens[token] for token in tok.format.special_tokens]
    ids = data.draw(random_ids(tok.encoding.n_vocab, special))
    check_any_ids(tok, name, ids, data.draw(sizes_strategy))
