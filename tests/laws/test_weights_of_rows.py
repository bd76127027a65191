"""In a trained message exactly what its prompt does not write is trained, in every row."""

from __future__ import annotations

import pytest

from chatfmt import FORMAT_ROWS, ChatTokenizer, Message, RenderError
from rows import conversations, tokenizer


def fitting_prompt(
    tok: ChatTokenizer, before: list[Message], reply: Message, ids: list[int]
) -> list[int]:
    """The prompt that the reply may have answered; no or an empty reasoning is one that it wrote.

    Where none begins these ids, the row's own.
    """
    prompt: list[int] = []
    for thinking in (None, True) if reply.reasoning else (False, None, True):
        for name in (reply.name, None):
            try:
                prompt = tok.encode_prompt(before, role=reply.role, name=name, thinking=thinking)
            except RenderError:
                continue
            if ids[: len(prompt)] == prompt:
                return prompt
    assert prompt, reply
    return prompt


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_what_the_prompt_writes_is_not_trained_and_all_else_is(name: str) -> None:
    tok = tokenizer(name)
    tried = 0
    for chat in conversations(tok.format):
        *before, reply = chat.messages
        roles = [message.role for message in before]
        if reply.role not in tok.format.prompted or roles[-1:] == [reply.role]:
            continue
        try:
            ids = tok.encode(chat)
        except RenderError:
            continue
        prompt = fitting_prompt(tok, before, reply, ids)
        pairs = enumerate(zip(prompt, ids, strict=False))
        shared = next((at for at, (ours, its) in pairs if ours != its), len(prompt))
        transcript = tok.render(chat)
        trained = [weight > 0 for weight in transcript.weights("all")]
        of_reply = [s for s in transcript.spans if s.message == len(before)]
        start = of_reply[0].start
        stop = max((s.stop for s in of_reply if s.part != "tail"), default=len(ids))
        assert not any(trained[start:shared]), reply
        assert all(trained[shared : stop - 1]), reply
        tried += 1
    assert tried
