"""A transformers tokenizer with chatfmt's ids, for libraries that ask for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import PreTrainedTokenizerBase

    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["tokenizer"]


def tokenizer(
    tok: ChatTokenizer, *, pad: str | None = None, values: Mapping[str, str] | None = None
) -> PreTrainedTokenizerBase:
    """A transformers tokenizer that wraps a chatfmt tokenizer.

    ``apply_chat_template`` calls `ChatTokenizer.prepare` and then `ChatTokenizer.encode`,
    `ChatTokenizer.encode_prompt`, or `ChatTokenizer.encode_for_training` for
    ``return_assistant_tokens_mask=True``. It never reads a message's text as special tokens. Text
    that is encoded on its own is read as transformers reads it: if it spells a special token, it
    gets that token, unless ``split_special_tokens=True``.

    Args:
        tok: the format and its vocabulary.
        pad: the token that fills up a batch; by default the token that ends an answer.
        values: as in `ChatTokenizer.prepare`; ``apply_chat_template`` takes more of them by name.

    >>> import chatfmt
    >>> made = tokenizer(chatfmt.get_tokenizer("gpt-4o"))  # doctest: +SKIP
    >>> made.apply_chat_template([{"role": "user", "content": "hello"}], tokenize=False)
    ... # doctest: +SKIP
    '<|im_start|>user<|im_sep|>hello<|im_end|>'

    Raises:
        ImportError: transformers is not installed.
        ValueError: ``pad`` is not a special token of the vocabulary.
    """
    from chatfmt.serve.hf_tokenizer import Tokenizer

    return Tokenizer(tok, pad=pad, values=values)
