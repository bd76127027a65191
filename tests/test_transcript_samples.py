"""Samples of a transcript at its edges; tests/laws/test_samples_laws.py has the law."""

from __future__ import annotations

import pytest

import chatfmt
from chatfmt import RenderError
from chatfmt.transcript.samples import _goes_on as goes_on
from rows import ids_in, tokenizer

USER = {"role": "user", "content": "2+2?"}
MORE = {"role": "user", "content": "3+3?"}


def test_nothing_was_sampled() -> None:
    tok = tokenizer("qwen-3")
    assert tok.render([USER]).samples() == []
    opened = tok.parse(ids_in(tok, "<|im_start|>user\n2"), allow_open=True, strict=False)
    assert opened.samples() == []


def test_what_goes_on_is_one_sample_with_its_logprobs() -> None:
    tok = tokenizer("chatml")
    chat = tok.render([USER])
    chat.append_completion(ids_in(tok, "4<|im_end|>"), logprobs=[-0.5, -0.25])
    chat.append(MORE)
    chat.append_completion(ids_in(tok, "6"))
    [sample] = chat.samples()
    assert sample.ids == chat.ids
    assert sample.logprobs == chat.logprobs
    assert sample.weights("sampled") == chat.weights("sampled")
    assert sample.open == chat.open


def test_a_sample_ends_where_thinking_is_dropped() -> None:
    tok = tokenizer("qwen-3")
    chat = tok.render([USER])
    chat.append_completion(ids_in(tok, "<think>\na\n</think>\n\n4<|im_end|>"))
    chat.append(MORE)
    chat.append_completion(ids_in(tok, "<think>\nb\n</think>\n\n6<|im_end|>"))
    first, second = chat.samples()
    assert [message.reasoning for message in first.conversation.messages] == [None, "a"]
    said = [message.reasoning for message in second.conversation.messages]
    assert said == [None, None, None, "b"]
    assert len(chat.samples(history="keep")) == 1


def test_what_was_completed_by_hand_stays_in_the_sample() -> None:
    tok = tokenizer("chatml")
    chat = tok.render([USER])
    chat.append_completion(ids_in(tok, "4"))
    chat.append({"role": "assistant", "content": "4, I think"}, MORE)
    chat.prompt()
    [sample] = chat.samples()
    assert sample.ids == chat.ids
    assert sum(sample.weights("sampled")) == 1


def test_a_stop_token_that_begins_the_next_message_is_sampled_once() -> None:
    tok = tokenizer("glm-4")
    chat = tok.render([USER])
    chat.append_completion(ids_in(tok, "\n4<|user|>"))
    assert [sample.ids[-1] for sample in chat.samples()] == ids_in(tok, "<|user|>")
    chat.append(MORE)
    chat.append_completion(ids_in(tok, "\n6<|user|>"))
    assert sum(sum(s.weights("sampled")) for s in chat.samples()) == 6
    empty = tok.render([USER])
    empty.append_completion(ids_in(tok, "<|user|>"))
    assert [sum(sample.weights("sampled")) for sample in empty.samples()] == [1]


def test_a_sample_ends_where_its_stop_token_begins_no_such_message() -> None:
    tok = tokenizer("glm-4")
    sample = tok.render([USER])
    sample.append_completion(ids_in(tok, "\n4<|user|>"))
    chat = [USER, {"role": "assistant", "content": "4"}]
    assert goes_on(sample, tok.prepare([*chat, MORE]))
    other = tok.render([USER])
    other.append_completion(ids_in(tok, "\n4<|user|>"))
    assert not goes_on(other, tok.prepare([*chat, {"role": "system", "content": "x"}]))


def test_an_empty_prompt_is_one_too() -> None:
    tok = tokenizer("mistral-v7")
    chat = tok.render([USER])
    assert chat.samples() == []
    chat.prompt()
    [sample] = chat.samples()
    assert sample.ids == tok.encode_prompt(tok.prepare([USER]))


def test_what_belongs_to_no_message_is_kept() -> None:
    tok = tokenizer("chatml")
    chat = tok.render([USER])
    chat.append_completion([*ids_in(tok, "4<|im_end|>")])
    chat.append_completion([-1])
    assert sum(sum(s.weights("sampled")) for s in chat.samples()) == 3


def test_what_was_prepared_already_is_refused() -> None:
    tok = tokenizer("qwen-3")
    chat = tok.render(tok.prepare([USER]))
    restored = tok.transcript_from_dict(chat.to_dict())
    for one in (chat, chat.copy(), restored):
        with pytest.raises(RenderError, match="was already prepared"):
            one.samples()


def test_tools_may_be_an_iterator() -> None:
    tok = tokenizer("qwen-3")
    tool = {"type": "function", "function": {"name": "g"}}
    chat = tok.render([USER])
    chat.prompt()
    [sample] = chat.samples(tools=iter([tool]))
    assert sample.ids == tok.encode_prompt(tok.prepare([USER], tools=[tool]))
    assert isinstance(sample, chatfmt.Transcript)
