"""A `ChatTokenizer`'s encoding with the methods of Hugging Face tokenizers that libraries call."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rows import ids_in, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt import ChatTokenizer

__all__ = ["Tokens"]


class _Backend:
    """A tokenizer of the library tokenizers: one that is told what to do with special tokens."""

    encode_special_tokens = False

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __deepcopy__(self, _: object) -> _Backend:
        return _Backend(self._tokens)

    def encode(self, text: str, *, add_special_tokens: bool) -> SimpleNamespace:
        assert not add_special_tokens
        split = self.encode_special_tokens
        return SimpleNamespace(ids=self._tokens.encode(text, split_special_tokens=split))


class Tokens:
    """A tokenizer of which special tokens are special in text, as theirs are."""

    unk_token_id = None
    bos_token = None

    def __init__(self, tok: ChatTokenizer) -> None:
        self.name_or_path = tok.format.name
        self.tok = tok
        self.eos_token_id = min(tok.stop_tokens)

    def encode(
        self, text: str, *, add_special_tokens: bool = False, split_special_tokens: bool = False
    ) -> list[int]:
        """Special tokens are special in it, as in theirs.

        Split are only those that Qwen's vocabulary marks as special, which <think>, <tool_call> and
        their like are not.
        """
        assert not add_special_tokens
        if not split_special_tokens:
            return ids_in(self.tok, text)
        parts = re.split(r"(</?(?:think|tool_call|tool_response)>)", text)
        known, encode = self.tok.encoding.special_tokens, self.tok.encoding.encode_ordinary
        return [i for p in parts for i in ([known[p]] if p in known else encode(p))]

    def decode(self, ids: Sequence[int], **_: object) -> str:
        return spelled(self.tok, ids)

    def convert_tokens_to_ids(self, token: str) -> int | None:
        return self.tok.encoding.special_tokens.get(token)

    def __call__(self, text: str, **_: object) -> dict[str, Any]:
        """Ids with the characters of each, as a fast tokenizer has them."""
        ids = ids_in(self.tok, text)
        return {"input_ids": ids, "offset_mapping": [*self._offsets(ids, text)]}

    @property
    def backend_tokenizer(self) -> _Backend:
        return _Backend(self)

    def _offsets(self, ids: Sequence[int], text: str) -> Iterator[tuple[int, int]]:
        starts = [at for at, letter in enumerate(text) for _ in letter.encode()]
        position = 0
        special = {token: name.encode() for name, token in self.tok.encoding.special_tokens.items()}
        for token in ids:
            data = special.get(token) or self.tok.encoding.token_bytes(token)
            first, position = position, position + len(data)
            yield starts[first], starts[position - 1] + 1
