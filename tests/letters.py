"""Rows over an encoding whose tokens are single bytes: each text has one sequence of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tiktoken

from chatfmt import ChatFormat, ChatTokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

SPECIALS = ("<s>", "<m>", "<e>", "<z>")
BYTES = tiktoken.Encoding(
    "letters",
    pat_str=r"(?s).",
    mergeable_ranks={bytes([byte]): byte for byte in range(256)},
    special_tokens={spelling: 256 + i for i, spelling in enumerate(SPECIALS)},
)


def row(template: Any, **more: Any) -> ChatTokenizer:
    """A tokenizer for a format of one's own."""
    used = [spelling for spelling in SPECIALS if spelling in f"{template} {more.get('ends')}"]
    return ChatTokenizer(
        ChatFormat(name="row", template=template, special_tokens=used, **more), BYTES
    )


def bytewise(format: ChatFormat) -> ChatTokenizer:
    """A tokenizer for any format, over an encoding of its own whose tokens are single bytes."""
    encoding = tiktoken.Encoding(
        f"bytes of {format.name}",
        pat_str=r"(?s).",
        mergeable_ranks={bytes([byte]): byte for byte in range(256)},
        special_tokens={token: 256 + i for i, token in enumerate(format.special_tokens)},
    )
    return ChatTokenizer(format, encoding)


def ids_of(text: str) -> list[int]:
    """The ids of a text in which special tokens are special."""
    return BYTES.encode(text, allowed_special="all")


def in_pieces(pieces: Iterable[str]) -> list[int]:
    """The ids of pieces, of which those that are special tokens are special."""
    return [token for piece in pieces for token in ids_of(piece)]
