"""For transformers: a tokenizer whose ids are chatfmt's, and a processor of logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from transformers import LogitsProcessor, PreTrainedTokenizerBase

    from chatfmt.serve.constrained import Constraint, State
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["logits_processor", "tokenizer"]


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


def logits_processor(
    constraint: Constraint, prompt_length: int, *, start: State | None = None
) -> LogitsProcessor:
    """A processor that keeps a model from sampling a malformed header or call; content stays free.

    Args:
        constraint: decides which tokens may be sampled.
        prompt_length: the number of ids in each row of the batch before the first sampled one,
            padding included.
        start: where the model begins; by default after the format's own prompt.

    >>> import chatfmt
    >>> from chatfmt.serve.constrained import Constraint
    >>> tok = chatfmt.get_tokenizer("gpt-oss")
    >>> prompt = tok.encode_prompt([{"role": "user", "content": "hello"}])
    >>> headers = logits_processor(Constraint(tok), len(prompt))  # doctest: +SKIP
    >>> model.generate(  # doctest: +SKIP
    ...     torch.tensor([prompt]), logits_processor=[headers], eos_token_id=sorted(tok.stop_tokens)
    ... )

    Raises:
        ImportError: transformers or torch is not installed.
    """
    from transformers import LogitsProcessor

    from chatfmt.serve.hf_logits import Headers

    made = type("HeaderProcessor", (Headers, LogitsProcessor), {})
    return made(constraint, prompt_length, start)
