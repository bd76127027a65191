"""Show a transcript to people: in colour in a terminal, as plain text, or as HTML.

`chatfmt.show.walk` turns spans into *pieces*, and `blocks` groups them by message. Every printer,
including the playground, shows only these. `chatfmt.show.changes` shows the changes of a
preparation.
"""

from chatfmt.show.changes import html_changes, place_of, print_changes, runs_of
from chatfmt.show.markup import html_fragment, stylesheet, to_html
from chatfmt.show.terminal import print_transcript
from chatfmt.show.tints import TINTS, Tint, tint_name
from chatfmt.show.unseen import one_line, signs
from chatfmt.show.walk import Block, Piece, blocks, pieces, totals

__all__ = [
    "TINTS",
    "Block",
    "Piece",
    "Tint",
    "blocks",
    "html_changes",
    "html_fragment",
    "one_line",
    "pieces",
    "place_of",
    "print_changes",
    "print_transcript",
    "runs_of",
    "signs",
    "stylesheet",
    "tint_name",
    "to_html",
    "totals",
]
