"""A complete reply as pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.serve.pieces import Turn
from chatfmt.serve.sources import events_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.serve.pieces import Piece, Strays
    from chatfmt.transcript import Transcript

__all__ = ["pieces_of"]


def pieces_of(
    source: Transcript | Message | Sequence[Message],
    *,
    stray: Strays,
    whole_calls: bool,
    first_call: int | None,
) -> tuple[list[Piece], bool]:
    """The pieces of a reply, and whether it was cut off; the arguments are `chat_message`'s.

    Raises:
        ValueError: as for `chat_message`.
    """
    events, cut_off, before = events_of(source)
    number = before if first_call is None else first_call
    turn = Turn(stray=stray, whole_calls=whole_calls, first_call=number)
    return [*turn.take(events), *turn.take(cut_off, closing=True)], bool(cut_off)
