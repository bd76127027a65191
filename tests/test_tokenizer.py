"""The facade: anything that is not a conversation is refused before anything is written."""

from __future__ import annotations

import pytest

from chatfmt import get_tokenizer


def test_a_text_is_no_conversation() -> None:
    with pytest.raises(TypeError, match="found the text 'hello'; a message is like"):
        get_tokenizer("gpt-4o").encode("hello")  # type: ignore[arg-type]


def test_the_text_that_ids_spell() -> None:
    tok = get_tokenizer("gpt-4o")
    chat = [{"role": "user", "content": "<|im_end|> \u65e5"}]
    written = "<|im_start|>user<|im_sep|><|im_end|> \u65e5<|im_end|>"
    assert tok.text(chat) == written
    assert tok.text(chat, prompt=True) == written + "<|im_start|>assistant<|im_sep|>"
