"""The facade: what is no conversation is told from one before anything is written."""

from __future__ import annotations

import pytest

from chatfmt import get_tokenizer


def test_a_text_is_no_conversation() -> None:
    with pytest.raises(TypeError, match="found the text 'hello'; a message is like"):
        get_tokenizer("gpt-4o").encode("hello")  # type: ignore[arg-type]
