"""Messages side by side in one frame: written, read, and continued."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt import ChatTokenizer, Message, RenderError
from letters import ids_of, row

if TYPE_CHECKING:
    from chatfmt import Transcript

TEMPLATE: dict[str, Any] = {
    "user": "<s>user<m>{content}<e>",
    "assistant": "<s>ai<m>{^}{content}<e>",
}
WITH_TAIL = row(
    {
        **TEMPLATE,
        "tool": {"open": "<s>tool", "each": "<m>{content}<z>", "sep": ", ", "close": "<e>\n"},
    }
)
BARE = row({**TEMPLATE, "tool": {"open": "<s>tool", "each": "<m>{content}<z>", "close": "<e>"}})
TWO_CLOSERS = row(
    {**TEMPLATE, "tool": {"open": "<s>t", "each": "<m>{content}<z>", "close": "</r><z><e>"}}
)
ROWS = pytest.mark.parametrize("tok", [WITH_TAIL, BARE, TWO_CLOSERS])
USER, REPLY = Message(role="user", content="q"), Message(role="assistant", content="a")


def results(*contents: str) -> list[Message]:
    return [Message(role="tool", content=content) for content in contents]


def saved(tok: ChatTokenizer, transcript: Transcript) -> Transcript:
    return tok.transcript_from_dict(json.loads(json.dumps(transcript.to_dict())))


@pytest.mark.parametrize(
    ("tok", "written"),
    [
        (WITH_TAIL, "<s>tool<m>1<z>, <m>2<z><e>\n"),
        (BARE, "<s>tool<m>1<z><m>2<z><e>"),
        (TWO_CLOSERS, "<s>t<m>1<z><m>2<z></r><z><e>"),
    ],
)
def test_they_are_written_in_one_frame(tok: ChatTokenizer, written: str) -> None:
    chat = [USER, *results("1", "2"), REPLY]
    ids = ids_of(f"<s>user<m>q<e>{written}<s>ai<m>a<e>")
    assert tok.encode(chat) == ids
    assert tok.render(chat).ids == ids
    assert tok.decode(ids).messages == tuple(chat)
    assert tok.parse(ids).spans == tok.render(chat).spans
    assert sum(tok.count_messages(chat)) == len(ids)
    assert tok.encode(chat[:3]) == ids_of(f"<s>user<m>q<e>{written}")
    parts = [span.part for span in tok.render(chat).spans if span.message == 2]
    assert parts[-1] == ("tail" if tok is WITH_TAIL else "end")


@ROWS
def test_two_others_between_them_make_two_frames(tok: ChatTokenizer) -> None:
    chat = [*results("1"), USER, *results("2", "3"), REPLY, *results("")]
    assert tok.decode(tok.encode(chat)).messages == tuple(chat)
    assert tok.encode(chat) == [
        *tok.encode(chat[:1]),
        *tok.encode(chat[1:2]),
        *tok.encode(chat[2:4]),
        *tok.encode(chat[4:5]),
        *tok.encode(chat[5:]),
    ]


@ROWS
def test_one_after_the_other_they_are_in_one_frame(tok: ChatTokenizer) -> None:
    chat = [USER, *results("1", "2", "3"), REPLY, *results("4"), USER]
    transcript = tok.render([])
    for message in chat:
        transcript.append(message)
        assert transcript.open is None
    assert transcript.ids == tok.encode(chat)
    assert transcript.spans == tok.parse(transcript.ids).spans


@ROWS
def test_a_frame_stays_open_until_something_else_follows(tok: ChatTokenizer) -> None:
    transcript = tok.render([USER, *results("1", "2")])
    whole = tok.encode(transcript.conversation)
    assert len(transcript.ids) < len(whole)
    assert tok.parse(transcript.ids).spans == transcript.spans
    for branch in (transcript.copy(), saved(tok, transcript), tok.parse(transcript.ids)):
        assert branch.open is None
        going_on = branch.copy()
        going_on.append(*results("3"))
        going_on.append(REPLY)
        assert going_on.ids == tok.encode([USER, *results("1", "2", "3"), REPLY])
        prompted = branch.copy()
        assert prompted.prompt() == tok.encode_prompt([USER, *results("1", "2")])
        sampled = branch.copy()
        done = sampled.append_completion(ids_of("a<e>"))
        assert done.messages == (REPLY,)
        assert sampled.ids == tok.encode([USER, *results("1", "2"), REPLY])
        assert sampled.spans[:-2] == tok.parse(sampled.ids).spans[:-2]
        branch.append(USER)
        assert branch.ids == tok.encode([USER, *results("1", "2"), USER])
        assert branch.spans == tok.parse(branch.ids).spans


@ROWS
@pytest.mark.parametrize("number", [1, 2])
def test_a_message_that_is_open_in_a_frame_goes_on(tok: ChatTokenizer, number: int) -> None:
    before = tok.render([USER, *results("1")[: number - 1]])
    ids = tok.render([USER, *results("1", "2")[:number]]).ids
    [*_, message] = results("1", "2")[:number]
    tried = 0
    for cut in range(len(before.ids) + 1, len(ids)):
        transcript = tok.parse(ids[:cut], strict=False, allow_open=True)
        if transcript.open is None or transcript.open.role is None:
            continue
        assert transcript.open.index == number
        tried += 1
        for branch in (transcript.copy(), saved(tok, transcript)):
            branch.append(message, *results("3"))
            branch.append(REPLY)
            chat = [USER, *results("1", "2")[:number], *results("3"), REPLY]
            assert branch.ids == tok.encode(chat)
            assert branch.spans == tok.parse(branch.ids).spans
            assert branch.conversation.messages == tuple(chat)
        transcript.append(message)
        assert transcript.ids == ids
        assert transcript.open is None
    assert tried


@ROWS
def test_a_message_that_is_open_in_a_frame_is_ended_before_another_role(tok: ChatTokenizer) -> None:
    whole = tok.encode([USER, *results("1", "22"), REPLY])
    stop = whole.index(ord("2")) + 1
    transcript = tok.parse(whole[:stop], strict=False, allow_open=True)
    ended = transcript.copy()
    transcript.append(REPLY)
    assert transcript.ids == tok.encode([USER, *results("1", "2"), REPLY])
    assert transcript.spans == tok.parse(transcript.ids).spans
    assert [issue.kind.value for issue in transcript.issues] == ["open_message"]
    ended.append()
    assert ended.open is None
    ended.append(REPLY)
    assert ended.ids == transcript.ids


def test_a_message_that_begins_otherwise_is_refused() -> None:
    begun = ids_of("<s>tool<m>1<z>, <m>2")
    transcript = WITH_TAIL.parse(begun, strict=False, allow_open=True)
    with pytest.raises(RenderError) as error:
        transcript.append(*results("3"))
    assert error.value.reason == (
        "the message is open, and its content begins with '2'; expected the whole message, whose "
        "content begins with that, found '3'. If this is another message, end the open one "
        "first, with append() without messages"
    )
    assert (error.value.message, error.value.field) == (1, "content")
    assert transcript.ids == begun


def test_a_frame_has_no_message_to_continue() -> None:
    with pytest.raises(RenderError) as error:
        BARE.encode_prompt(results("1"), role="tool", continue_last=True)
    assert error.value.reason == "such a message has no content to continue"


@ROWS
def test_training_counts_every_id(tok: ChatTokenizer) -> None:
    chat = [USER, *results("1", "2"), REPLY]
    example = tok.encode_for_training(chat)
    assert example.input_ids == tok.encode(chat)
    assert sum(example.weights) == len(ids_of("a<e>"))
    batch = tok.encode_batch([chat, chat[:3]])
    assert [*batch.ids] == [*tok.encode(chat), *tok.encode(chat[:3])]
    assert [*batch.weights[: len(example.weights)]] == example.weights
    assert not any(batch.weights[len(example.weights) :])


@pytest.mark.parametrize("opening", ["<s>", ""])
@pytest.mark.parametrize("between", ["<z>", "<s><z>", ""])
def test_an_envelope_without_an_opening_begins_with_its_first_message(
    opening: str, between: str
) -> None:
    parts = {"open": opening, "each": "<m>{content}<z>", "sep": between, "close": "x<e>"}
    tok = row({"tool": parts, "user": "<s>user<m>{content}<e>"})
    chat = [Message(role=role, content=role) for role in ("tool", "tool", "user", "tool")]
    assert list(tok.decode(tok.encode(chat)).messages) == chat
