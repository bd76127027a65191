"""Headers, calls and ends that cannot be malformed, whatever a model would sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.serve.constrained.constraint import Constraint
from chatfmt.serve.constrained.grammar import lark_grammar
from chatfmt.serve.constrained.masks import mask_of
from chatfmt.serve.constrained.state import State

if TYPE_CHECKING:
    from llguidance import LLTokenizer

    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Constraint", "State", "lark_grammar", "llguidance_tokenizer", "mask_of"]


def llguidance_tokenizer(tok: ChatTokenizer) -> LLTokenizer:
    """The vocabulary of a tokenizer, for llguidance; make it once, because it takes a while.

    It has one id more than the vocabulary, for the end of a grammar, which follows the token that
    stops the model.

    >>> import chatfmt
    >>> from llguidance import LLMatcher  # doctest: +SKIP
    >>> tok = chatfmt.get_tokenizer("gpt-oss")
    >>> matcher = LLMatcher(llguidance_tokenizer(tok), lark_grammar(tok))  # doctest: +SKIP

    Raises:
        ImportError: llguidance is not installed.
    """
    from chatfmt.serve.constrained.for_llguidance import make_tokenizer

    return make_tokenizer(tok)
