"""Transcripts in a terminal that has colours, and as plain text elsewhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from chatfmt.show.tints import TINTS, tint_name
from chatfmt.show.unseen import one_line, signed
from chatfmt.show.walk import blocks, summary, title

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from rich.console import Console
    from rich.text import Text

    from chatfmt.show.walk import Block, Piece, Showable

__all__ = ["paint", "print_transcript"]

_ON_DARK = "#eceef1"
_BADGE = "#ffffff on #6a7079"
_STRAY = "#ffffff on #9b2335"


def print_transcript(
    transcript: Showable,
    *,
    ids: bool = False,
    whitespace: bool = False,
    weights: bool = False,
    file: TextIO | None = None,
) -> None:
    """Print a transcript, one block a message and the totals.

    In colour where the file is a terminal that has it, and rich is installed; as plain text
    elsewhere, with bars between the tokens.

    Args:
        transcript: what to print.
        ids: the id of every token.
        whitespace: signs for spaces, tabs, line ends and other characters without a shape.
        weights: what is trained stands out.
        file: standard output if left out.
    """
    file = sys.stdout if file is None else file
    shown = blocks(transcript)
    console = _colour_console(file)
    if console is None:
        encoding = getattr(file, "encoding", None) or "utf-8"
        for line in _plain(shown, ids=ids, whitespace=whitespace, weights=weights):
            file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    else:
        for text in paint(shown, console.width, ids=ids, whitespace=whitespace, weights=weights):
            console.print(text, soft_wrap=True, highlight=False)
    for issue in transcript.issues:
        file.write(f"{one_line(str(issue))}\n")


def _colour_console(file: TextIO) -> Console | None:
    """A console, where colours can be shown; https://no-color.org defines NO_COLOR."""
    try:
        from rich.console import Console
    except ImportError:
        return None
    console = Console(file=file)
    unicode = (getattr(file, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    dumb = console.is_dumb_terminal or console.color_system is None
    painted = console.is_terminal and unicode and not dumb and not os.environ.get("NO_COLOR")
    return console if painted else None


def _plain(shown: list[Block], *, ids: bool, whitespace: bool, weights: bool) -> Iterator[str]:
    for block in shown:
        yield f"{one_line(block.label)}{title(block, weights=weights)}"
        if ids or weights:
            for piece in block.pieces:
                for label, token in _cells(piece):
                    number = f"{'' if token is None else token:>8}"
                    weight = f"{piece.weight:>6g}" if weights else ""
                    yield f"  {number if ids else ''}{weight}  {label}".rstrip()
        else:
            yield from _bars(block, whitespace=whitespace)
        yield ""
    yield summary(shown, weights=weights)


def _bars(block: Block, *, whitespace: bool) -> Iterator[str]:
    """The tokens with bars between them; every line end is shown, or a bar would hide it."""
    labels = ["".join(_labels(piece, whitespace=whitespace)) for piece in block.pieces]
    if not whitespace:
        labels = [label.replace("\n", "↵\n") for label in labels]
    for line in "│".join(labels).removesuffix("\n").split("\n"):
        yield f"  {line}"


def _cells(piece: Piece) -> Iterator[tuple[str, int | None]]:
    """Each token in one line, with its id; shared characters come first, without one."""
    labels = _labels(piece, whitespace=True)
    own = zip(labels[-len(piece.ids) :], piece.ids, strict=True)
    yield from ((label, None) for label in labels[: -len(piece.ids)])
    yield from ((label.replace("\n", ""), token) for label, token in own)


def _labels(piece: Piece, *, whitespace: bool) -> list[str]:
    """What to show of a piece: the text; and for each of several tokens its bytes."""
    if piece.kind == "unknown":
        return [f"[id {piece.ids[0]}]"]
    text = signed(piece.text, whitespace=whitespace)
    if len(piece.ids) == 1:
        return [text]
    return [text, *("".join(f"\\x{byte:02x}" for byte in data) for data in piece.data)]


def paint(
    shown: list[Block], width: int, *, ids: bool, whitespace: bool, weights: bool
) -> Iterator[Text]:
    """The lines for a terminal of that width, in colour."""
    from rich.text import Text

    for block in shown:
        ink = TINTS[tint_name(block.role)].light_ink
        yield Text.assemble(
            (f" {one_line(block.label)} ", f"bold #ffffff on {ink}"),
            title(block, weights=weights),
        )
        flow = _Flow(width)
        for number, piece in enumerate(block.pieces):
            style = _style(piece, block.role, number % 2, weights=weights)
            if ids:
                for label, token in _cells(piece):
                    flow.add_cell(label, "" if token is None else str(token), style)
            else:
                for label in _labels(piece, whitespace=whitespace):
                    flow.add(label, style)
        yield from flow.lines()
        yield Text()
    yield Text(summary(shown, weights=weights), style="bold")


def _style(piece: Piece, role: str | None, shade: int, *, weights: bool) -> str:
    if piece.part == "stray" or piece.kind == "unknown":
        return _STRAY
    stands_out = bool(piece.weight) if weights else piece.part in ("content", "reasoning")
    tint = TINTS[tint_name(role) if stands_out else "frame"]
    if piece.kind == "special":
        return f"#ffffff on {tint.light_ink}" if weights and piece.weight else _BADGE
    italic = "italic " if piece.part == "reasoning" else ""
    return f"{italic}{_ON_DARK} on {tint.dark[shade]}"


class _Flow:
    """Lays tokens out in lines, by the width of their characters; nothing is cut off.

    A line breaks between tokens, but not within a word as long as the word fits a line.
    """

    def __init__(self, width: int) -> None:
        self._width = max(width, 8)
        self._done: list[Text] = []
        self._line: list[tuple[str, str]] = []
        self._below: list[str] = []
        self._used = 0
        self._word: list[tuple[str, str]] = []
        self._last = " "

    def add(self, text: str, style: str) -> None:
        """One token, which may hold line ends."""
        # A terminal's tabs would make the widths of tokens depend on where they stand.
        for number, run in enumerate(text.replace("\t", "    ").split("\n")):
            if number:
                self._end_line()
            if run:
                if not _joins(self._last, run[0]):
                    self._place_word()
                self._word.append((run, style))
                self._last = run[-1]

    def add_cell(self, above: str, below: str, style: str) -> None:
        """One token in one line, and its id below."""
        from rich.cells import cell_len, chop_cells, set_cell_size

        for number, part in enumerate(chop_cells(above, self._width) or [""]):
            id_here = "" if number else below
            size = max(cell_len(part), len(id_here))
            gap = 1 if self._used else 0
            if self._used + gap + size > self._width:
                self._break()
                gap = 0
            self._line += [(" " * gap, ""), (set_cell_size(part, size), style)]
            self._below.append(" " * gap + id_here.ljust(size))
            self._used += gap + size

    def lines(self) -> list[Text]:
        """All lines."""
        self._end_line(last=True)
        return self._done

    def _place_word(self) -> None:
        from rich.cells import cell_len, chop_cells

        size = sum(cell_len(run) for run, _ in self._word)
        if self._used and self._used + size > self._width:
            self._break()
        for run, style in self._word:
            rest = run
            while self._used + cell_len(rest) > self._width:
                here = chop_cells(rest, self._width - self._used)[0] if self._fits(rest) else ""
                self._line.append((here, style))
                self._break()
                rest = rest[len(here) :]
            self._line.append((rest, style))
            self._used += cell_len(rest)
        self._word = []

    def _fits(self, text: str) -> bool:
        from rich.cells import cell_len

        return self._used + cell_len(text[0]) <= self._width

    def _end_line(self, *, last: bool = False) -> None:
        self._place_word()
        self._last = " "
        if self._line or not last:
            self._break()

    def _break(self) -> None:
        from rich.text import Text

        self._done.append(Text.assemble(*self._line))
        if self._below:
            self._done.append(Text("".join(self._below).rstrip(), style="dim"))
        self._line, self._below, self._used = [], [], 0


def _joins(last: str, first: str) -> bool:
    """Whether two tokens belong to one word of a script that has words."""
    narrow = last < "\u2e80" and first < "\u2e80"
    return narrow and last.isalnum() and first.isalnum()
