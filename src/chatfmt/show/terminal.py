"""Print transcripts: in colour on a colour terminal, otherwise as plain text."""

from __future__ import annotations

import os
import sys
import unicodedata
from functools import cache
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

__all__ = ["colour_console", "paint", "print_transcript"]

_ON_DARK, _ON_LIGHT = "#eceef1", "#1b1f24"
# The light ones among the sixteen colours by whose numbers COLORFGBG names the background.
_LIGHT_COLOURS = ("7", "15")
_BADGE = "#ffffff on #6a7079"
_STRAY = ("#ffffff on #7d1c2b", "#ffffff on #9b2335")
# Unicode's categories of punctuation, which stays on the line of the text before it.
_CLOSING = ("Pe", "Pf", "Po")


def print_transcript(
    transcript: Showable,
    *,
    ids: bool = False,
    whitespace: bool = False,
    weights: bool = False,
    file: TextIO | None = None,
) -> None:
    r"""Print a transcript: one block per message, then the totals.

    Prints in colour if the file is a colour terminal and rich is installed; otherwise as plain
    text, with bars between the tokens. Light shades are used if the variable ``COLORFGBG``, which
    terminals set, names a light background.

    Args:
        transcript: the transcript to print.
        ids: show the id of every token.
        whitespace: show spaces, tabs, line ends and other invisible characters as signs.
        weights: highlight trained tokens.
        file: standard output if left out.

    >>> import chatfmt, io
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> file = io.StringIO()
    >>> print_transcript(tok.render([{"role": "user", "content": "hi"}]), file=file)
    >>> print(file.getvalue().partition("\n\n")[0])
    user 5 tokens
      <|im_start|>│user│<|im_sep|>│hi│<|im_end|>
    """
    file = sys.stdout if file is None else file
    shown = blocks(transcript)
    console = colour_console(file)
    if console is None:
        encoding = getattr(file, "encoding", None) or "utf-8"
        for line in _plain(shown, ids=ids, whitespace=whitespace, weights=weights):
            file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    else:
        for text in paint(shown, console.width, ids=ids, whitespace=whitespace, weights=weights):
            console.print(text, highlight=False)
    for issue in transcript.issues:
        file.write(f"{one_line(str(issue))}\n")


def colour_console(file: TextIO) -> Console | None:
    """A console, if the file can show colours; https://no-color.org defines NO_COLOR."""
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
    """The tokens with bars between them."""
    labels = ["".join(_labels(piece, whitespace=whitespace)) for piece in block.pieces]
    for line in "│".join(labels).removesuffix("\n").split("\n"):
        yield f"  {line}"


def _cells(piece: Piece) -> Iterator[tuple[str, int | None]]:
    """One line per token, with its id, after the line of a character that several tokens share."""
    labels = _labels(piece, whitespace=True)
    own = zip(labels[-len(piece.ids) :], piece.ids, strict=True)
    yield from ((label, None) for label in labels[: -len(piece.ids)])
    yield from ((label.replace("\n", ""), token) for label, token in own)


def _labels(piece: Piece, *, whitespace: bool) -> list[str]:
    """How to show a piece: its text and, if several tokens share it, the bytes of each in hex."""
    if piece.kind == "unknown":
        return [f"[id {piece.ids[0]}]"]
    text = signed(piece.text, whitespace=whitespace, newlines=True)
    if len(piece.ids) == 1:
        return [text]
    return [text, *(f"[{data.hex(' ')}]" for data in piece.data)]


def paint(
    shown: list[Block], width: int, *, ids: bool, whitespace: bool, weights: bool
) -> Iterator[Text]:
    """The lines, in colour, for a terminal of this width."""
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
                for place, (label, token) in enumerate(_cells(piece)):
                    gap_style = style if place else ""  # the tokens of one character stay together
                    flow.add_cell(label, "" if token is None else str(token), style, gap_style)
            else:
                for label in _labels(piece, whitespace=whitespace):
                    flow.add(label, style)
        yield from flow.lines()
        yield Text()
    yield Text(summary(shown, weights=weights), style="bold")


def _style(piece: Piece, role: str | None, shade: int, *, weights: bool) -> str:
    if piece.part == "stray" or piece.kind == "unknown":
        return _STRAY[shade]
    stands_out = bool(piece.weight) if weights else piece.part in ("content", "reasoning")
    tint = TINTS[tint_name(role) if stands_out else "frame"]
    text, shades = (_ON_LIGHT, tint.light) if _is_light() else (_ON_DARK, tint.dark)
    if piece.kind == "special":
        return f"#ffffff on {tint.light_ink}" if weights and piece.weight else _BADGE
    italic = "italic " if piece.part == "reasoning" else ""
    return f"{italic}{text} on {shades[shade]}"


def _is_light() -> bool:
    """Whether the terminal says that its background is light."""
    return os.environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_COLOURS


class _Flow:
    """Lays out tokens in lines by the width of their characters; nothing is cut off.

    Lines break between tokens, but not within a word that fits on a line.
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
        """Add one token, which may contain line ends."""
        # With a terminal's tabs, the width of a token would depend on its column.
        for number, run in enumerate(text.replace("\t", "    ").split("\n")):
            if number:
                self._end_line()
            if run:
                if not _joins(self._last, run[0]):
                    self._place_word()
                self._word.append((run, style))
                self._last = run[-1]

    def add_cell(self, above: str, below: str, style: str, gap_style: str) -> None:
        """Add one token on one line, with its id below; a gap separates tokens."""
        for number, part in enumerate(_chopped(above, self._width)):
            id_here = "" if number else below
            size = max(_width(part), len(id_here))
            gap = 1 if self._used else 0
            if self._used + gap + size > self._width:
                self._break()
                gap = 0
            padded = part + " " * (size - _width(part))
            self._line += [(" " * gap, gap_style), (padded, style)]
            self._below.append(" " * gap + id_here.ljust(size))
            self._used += gap + size

    def lines(self) -> list[Text]:
        """All lines."""
        self._end_line(last=True)
        return self._done

    def _place_word(self) -> None:
        size = sum(_width(run) for run, _ in self._word)
        if self._used and self._used + size > self._width:
            self._break()
        for run, style in self._word:
            first, *rest = _chopped(run, self._width, self._width - self._used)
            self._line.append((first, style))
            self._used += _width(first)
            for part in rest:
                self._break()
                self._line.append((part, style))
                self._used = _width(part)
        self._word = []

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
    if unicodedata.category(first) in _CLOSING:
        return not last.isspace()
    narrow = last < "\u2e80" and first < "\u2e80"
    return narrow and last.isalnum() and first.isalnum()


def _chopped(text: str, width: int, first: int | None = None) -> list[str]:
    """The text in parts of at most ``width``, and the first of at most ``first``."""
    parts = [""]
    left = width if first is None else first
    for char in text:
        size = _char_width(char)
        if size > left:
            parts.append("")
            left = width
        parts[-1] += char
        left -= size
    return parts


def _width(text: str) -> int:
    """The most columns that a text can take: terminals disagree on which characters combine."""
    return sum(map(_char_width, text))


@cache
def _char_width(char: str) -> int:
    from rich.cells import cell_len

    if "\U0001f3fb" <= char <= "\U0001f3ff":  # a skin tone alone is shown as a square
        return 2
    return 1 if char == "\ufe0f" else cell_len(char)  # it turns a narrow character into an emoji
