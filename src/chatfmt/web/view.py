"""A view: a transcript as the page shows it, in JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.show import blocks, one_line, signs, tint_name, totals
from chatfmt.web.limits import MOST_TEXT, MOST_TOKENS
from chatfmt.web.line import lines, segments_of
from chatfmt.web.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt import ChatFormat
    from chatfmt.conversation import Message
    from chatfmt.show import Block, Piece
    from chatfmt.transcript import Transcript
    from chatfmt.web.line import Line
    from chatfmt.web.vocabulary import Vocabulary

__all__ = ["check_size", "description", "piece_of", "view"]


def description(format: ChatFormat) -> dict[str, Any]:
    """The roles of a format, each with the role whose colours it has, and its lines."""
    return {
        "roles": {role: tint_name(role) for role in format.templates},
        "lines": [{"roles": line.roles, "segments": line.segments()} for line in lines(format)],
    }


def check_size(ids: Iterable[int], vocabulary: Vocabulary) -> None:
    """Refuse ids that would make the page too large, before any of it is made."""
    found = size = 0
    for token in ids:
        found += 1
        size += vocabulary.size(token)
    if found > MOST_TOKENS or size > MOST_TEXT:
        raise Refusal(
            "Refused",
            f"expected at most {MOST_TOKENS:,} tokens and {MOST_TEXT:,} bytes of text to show, "
            f"found {found:,} tokens and {size:,} bytes; show a part of it",
        )


def view(
    transcript: Transcript, format: ChatFormat, vocabulary: Vocabulary, *, whitespace: bool
) -> dict[str, Any]:
    """The tokens of a transcript."""
    check_size(transcript.ids, vocabulary)
    shown = blocks(transcript)
    all_lines = lines(format)
    messages = transcript.conversation.messages
    return {
        "tokens": len(transcript.ids),
        "trained": sum(block.trained for block in shown),
        "totals": totals(shown),
        "created": vocabulary.created,
        **description(format),
        "blocks": [
            _block(block, messages, all_lines, format, whitespace=whitespace) for block in shown
        ],
    }


def _block(
    block: Block,
    messages: tuple[Message, ...],
    all_lines: list[Line],
    format: ChatFormat,
    *,
    whitespace: bool,
) -> dict[str, Any]:
    if block.message is not None and block.message < len(messages):
        values = messages[block.message].model_dump()
    else:
        values = {"role": block.role, "name": block.name}
    spelled = format.role_spellings.get(block.role or "")
    roles = () if block.message is None else (block.role,)
    line = next(
        (i for i, line in enumerate(all_lines) if set(roles) <= set(line.roles) or not roles), None
    )
    segments = (
        [[] for _ in block.pieces]
        if line is None
        else segments_of(block, all_lines[line], values | {"role": spelled})
    )
    return {
        "message": block.message,
        "label": one_line(block.label),
        "name": None if block.name is None else one_line(block.name),
        "tint": tint_name(block.role),
        "tokens": block.tokens,
        "trained": block.trained,
        "line": line,
        "pieces": [
            piece_of(piece, own, whitespace=whitespace)
            for piece, own in zip(block.pieces, segments, strict=True)
        ],
    }


def piece_of(piece: Piece, segments: list[int], *, whitespace: bool) -> dict[str, Any]:
    """One token, or the tokens that share a character."""
    found: dict[str, Any] = {
        "ids": piece.ids,
        "text": piece.text,
        "part": piece.part,
        "kind": piece.kind,
        "weight": piece.weight,
        "segments": segments,
    }
    if len(piece.ids) > 1:
        found["bytes"] = [data.hex(" ") for data in piece.data]
    runs = signs(piece.text, whitespace=whitespace, newlines=True)
    if any(sign is not None for _, sign in runs):
        found["signs"] = runs
    return found
