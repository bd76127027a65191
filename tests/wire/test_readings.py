"""Text on which several readings agree is given out as it arrives."""

from __future__ import annotations

import pytest

from chatfmt import FORMAT_ROWS, ContentDelta, MessageStart
from rows import ids_in, tokenizer

HEADERS = {
    "gpt-oss": "<|channel|>final<|message|>",
    "muse-glimmer": " to=user<|message|>",
    "solar-open": "<|content|>",
}
"""What a model writes before its text."""


@pytest.mark.parametrize("name", FORMAT_ROWS)
def test_text_is_given_out_as_it_comes(name: str) -> None:
    """Also where a line without calls and one with them go on from it."""
    tok = tokenizer(name)
    parser = tok.stream()
    for token in ids_in(tok, HEADERS.get(name, "")):
        parser.feed(token)
    for letter in "ab c":
        events = [e for e in parser.feed(ord(letter)) if not isinstance(e, MessageStart)]
        assert [event.text for event in events if isinstance(event, ContentDelta)] == [letter]


def test_what_readings_differ_about_waits() -> None:
    """A newline is the end of the text if a call follows it."""
    tok = tokenizer("qwen-3")
    parser = tok.stream()
    assert parser.feed_all([*b"a\n"])[-1:] == [ContentDelta(0, "content", "a")]
    told = parser.feed_all([*b"\nb"])
    assert "".join(event.text for event in told if isinstance(event, ContentDelta)) == "\n\nb"
    parser.feed_all([*b"\n"])
    assert parser.feed_all(ids_in(tok, "<tool_call>")) == []
    assert parser.open_content is not None
    assert parser.open_content.content == "a\n\nb"


def test_one_token_may_hold_what_they_agree_about_and_more() -> None:
    tok = tokenizer("qwen-3")
    parser = tok.stream()
    step = parser._reader.steps.text(parser._reader.state, b"ab\n")
    assert step is not None
    assert [run.text for run in step.shared] == ["ab"]
    assert {tuple(run.text for run in runs) for runs in step.left} == {("\n",)}
    assert len(step.branches) == 3


def test_a_prompt_says_who_speaks() -> None:
    """A tool could have a name that begins with the prompt: nobody is made to speak as one."""
    tok = tokenizer("gpt-oss")
    parser = tok.stream()
    parser.feed_all(ids_in(tok, "final<|message|>ok<|return|>"))
    assert [message.role for message in parser.messages] == ["assistant"]
    assert tok.stream(role=None).open is None


def test_a_transcript_knows_who_was_prompted() -> None:
    """Also when it is saved, copied, or read again."""
    tok = tokenizer("gpt-oss")
    chat = tok.render([{"role": "user", "content": "hi"}])
    ids = ids_in(tok, "final<|message|>ok<|return|>")
    for at in range(len(ids)):
        again = chat.copy()
        again.append_completion(ids[:at])
        again = tok.transcript_from_dict(again.to_dict())
        again.copy().append_completion(ids[at:])
        again.append_completion(ids[at:])
        assert [m.role for m in again.conversation.messages] == ["user", "assistant"]
        assert tok.transcript_from_dict(again.to_dict()).to_dict() == again.to_dict()


def test_half_a_character_at_the_end_is_saved_as_it_was_read() -> None:
    tok = tokenizer("qwen-3-2507")
    ids = [*tok.encode_prompt([]), *"é".encode()[:1]]
    for allow_open in (True, False):
        saved = tok.parse(ids, strict=False, allow_open=allow_open).to_dict()
        assert tok.transcript_from_dict(saved).to_dict() == saved
