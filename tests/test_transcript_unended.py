"""Transcripts whose answer has no end token, and stops where it may not end."""

from __future__ import annotations

import pytest

from chatfmt import IssueKind, MessageStart, ParseError, Stray
from chatfmt.line.formats import FORMAT_ROWS
from rows import ids_in, spelled, tokenizer

GLM = tokenizer("glm-4.7")
QUESTION = {"role": "user", "content": "hi"}
BEFORE = "[gMASK]<sop><|user|>hi<|assistant|></think>"
CALL = "<tool_call>f<arg_key>a</arg_key><arg_value>1</arg_value></tool_call>"


def test_a_prompt_that_may_be_a_message_is_ended_as_one() -> None:
    chat = GLM.render([QUESTION])
    chat.prompt(thinking=False)
    for each in (chat.copy(), chat, GLM.transcript_from_dict(chat.to_dict())):
        each.append()
        assert each.open is None
        assert spelled(GLM, each.ids) == BEFORE
        assert [message.role for message in each.conversation.messages] == ["user", "assistant"]
        assert GLM.decode(each.ids) == each.conversation


@pytest.mark.parametrize("size", range(2, len(ids_in(GLM, CALL))))
def test_a_call_that_is_cut_off_is_reported_when_its_message_is_ended(size: int) -> None:
    chat = GLM.render([QUESTION])
    chat.prompt(thinking=False)
    chat.append_completion(ids_in(GLM, CALL)[:size])
    chat.append()
    assert chat.open is None
    assert chat.issues[0].kind is IssueKind.OPEN_MESSAGE
    with pytest.raises(ParseError):
        GLM.decode(chat.ids)
    assert GLM.transcript_from_dict(chat.to_dict()).to_dict() == chat.to_dict()
    chat.append(QUESTION)
    assert [message.role for message in chat.conversation.messages] == ["user", "assistant", "user"]
    assert GLM.transcript_from_dict(chat.to_dict()).to_dict() == chat.to_dict()


HEADLESS = [
    name
    for name, row in FORMAT_ROWS.items()
    for lines in [row["template"]]
    if isinstance(lines, dict) and "'after': 'start'" in repr(lines.get("system"))
]


@pytest.mark.parametrize("allow_open", [False, True])
@pytest.mark.parametrize("text", ["", "a"])
@pytest.mark.parametrize("name", HEADLESS)
def test_a_message_without_a_header_that_ends_within_a_character_is_kept(
    name: str, text: str, *, allow_open: bool
) -> None:
    tok = tokenizer(name)
    ids = ids_in(tok, f"{tok.format.prologue or ''}{text}")
    ids += tok.encoding.encode_ordinary("é")[:1]
    chat = tok.parse(ids, strict=False, allow_open=allow_open)
    assert tok.transcript_from_dict(chat.to_dict()).to_dict() == chat.to_dict()
    for grown in (chat.copy(), tok.transcript_from_dict(chat.to_dict())):
        grown.append(QUESTION)
        roles = [message.role for message in grown.conversation.messages]
        assert roles == ["system", "user"]
        assert grown.conversation.messages[0].content == f"{text}\N{REPLACEMENT CHARACTER}"
        assert IssueKind.INVALID_UTF8 in {issue.kind for issue in grown.issues}
        assert tok.parse(grown.ids, strict=False).conversation == grown.conversation
        assert tok.transcript_from_dict(grown.to_dict()).to_dict() == grown.to_dict()
    if not text:
        chat.prompt()
        chat.append_completion(ids_in(tok, "Good."))
        said = [message.role for message in chat.conversation.messages]
        assert said == ["system", "assistant"]


@pytest.mark.parametrize("name", HEADLESS)
def test_one_that_goes_on_with_another_message_is_restored(name: str) -> None:
    tok = tokenizer(name)
    half = tok.encoding.encode_ordinary("é")[:1]
    [question] = tok.format.lines_of["user"]
    begins = ids_in(tok, str(question.pieces[0].tokens[0]))  # type: ignore[union-attr]
    ids = [*ids_in(tok, tok.format.prologue or ""), *half, *begins, *ids_in(tok, "hi")]
    chat = tok.parse(ids, strict=False)
    assert [message.role for message in chat.conversation.messages] == ["system", "user"]
    assert tok.transcript_from_dict(chat.to_dict()).to_dict() == chat.to_dict()


@pytest.mark.parametrize("stray", ["[gMASK]", "<arg_value>", "</think>"])
def test_a_stop_token_before_a_stray_one_has_begun_a_message(stray: str) -> None:
    """It is no longer the last id, so it is a header, in the transcript as in the stream."""
    ids = ids_in(GLM, f"<|assistant|><|user|>{stray}")
    chat = GLM.parse(ids, strict=False)
    stream = GLM.stream(role=None, strict=False)
    events = [*stream.feed_all(ids), *stream.close()]
    starts = [event.index for event in events if isinstance(event, MessageStart)]
    [place] = [at for at, event in enumerate(events) if isinstance(event, Stray)]
    assert starts == [0, 1]
    assert events[place - 1] == MessageStart(1, "user")
    chat.append()
    assert [span.part for span in chat.spans] == ["header", "header", "stray"]
    assert [message.role for message in chat.conversation.messages] == ["assistant", "user"]
    assert list(chat.conversation.messages) == stream.messages


def test_half_a_character_without_a_header_is_a_message_when_it_ends() -> None:
    row = tokenizer("deepseek-v3.1")
    chat = row.render([{"role": "assistant", "content": ""}, {"role": "tool", "content": ""}])
    assert chat.append_completion([0xC2]).messages == ()
    assert chat.open is None
    chat.append()
    assert chat.conversation.messages[-1].content == "\ufffd"
    assert [issue.kind for issue in chat.issues] == [
        IssueKind.OPEN_MESSAGE,
        IssueKind.INVALID_UTF8,
    ]
