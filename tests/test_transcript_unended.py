"""Transcripts whose answer has no end token of its own and is left where it may not end."""

from __future__ import annotations

import pytest

from chatfmt import IssueKind, ParseError
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
