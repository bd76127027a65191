"""Who is told of what is wrong with a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Tell"]


class Tell(NamedTuple):
    """Who is told of what is wrong."""

    unknown_role: Callable[[str, int], None]
    """Called with the spelling of a role that the format lacks, and the position where it ends."""
    straddles: Callable[[int], None]
    """Called with the position of an id that holds the end of one part and begins another."""
    call: Callable[[str, str], None]
    """Called with what was expected in a tool call, and what was found."""
    string: Callable[[str], None]
    """Called with a JSON string that is whole, and yet no text."""
