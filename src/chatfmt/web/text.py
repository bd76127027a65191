"""Any text as tokens, without a conversation around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatfmt.show.walk import Piece, units
from chatfmt.web.view import check_size, description, piece_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chatfmt import ChatFormat
    from chatfmt.web.vocabulary import Vocabulary
    from chatfmt.wire.binding import Binding

__all__ = ["text_ids", "text_view"]


def text_ids(text: str, special: Mapping[str, int], vocabulary: Vocabulary) -> list[int]:
    """The ids of a text, in which the spellings of these special tokens become those tokens."""
    spelled = sorted(special, key=len, reverse=True)
    if not spelled:
        return vocabulary.encode_ordinary(text)
    found: list[int] = []
    for number, part in enumerate(re.split(f"({'|'.join(map(re.escape, spelled))})", text)):
        if number % 2:
            found.append(special[part])
        elif part:
            found += vocabulary.encode_ordinary(part)
    return found


def text_view(
    ids: list[int],
    format: ChatFormat,
    vocabulary: Vocabulary,
    binding: Binding,
    *,
    whitespace: bool,
) -> dict[str, Any]:
    """The view of text: one block, in which nothing is trained and no line is linked."""
    check_size(ids, vocabulary)
    shown = [piece_of(piece, [], whitespace=whitespace) for piece in _pieces(ids, binding)]
    block = {
        "message": None,
        "label": "text",
        "name": None,
        "tint": "user",
        "tokens": len(ids),
        "trained": 0,
        "line": None,
        "pieces": shown,
    }
    return {
        "tokens": len(ids),
        "trained": 0,
        "totals": {},
        "created": vocabulary.created,
        **description(format),
        "blocks": [block] if ids else [],
    }


def _pieces(ids: list[int], binding: Binding) -> Iterator[Piece]:
    at = 0
    for kind, text, data in units(binding, ids):
        own = tuple(ids[at : at + len(data)])
        yield Piece(at, own, data, text, kind, None, "content", 0.0)
        at += len(data)
