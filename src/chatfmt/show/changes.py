"""Show what a preparation changed: removed text crossed out, added text marked."""

from __future__ import annotations

import html
import sys
from itertools import takewhile
from typing import TYPE_CHECKING, Literal, TypeAlias

from chatfmt.conversation import Message, ToolCall
from chatfmt.show.terminal import colour_console
from chatfmt.show.unseen import one_line, signed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from chatfmt.prepare.prepared import Change

__all__ = ["html_changes", "place_of", "print_changes", "runs_of"]

Kind: TypeAlias = Literal["same", "gone", "new"]

_LONGEST = {"same": 24, "gone": 200, "new": 200}
_PLAIN = {"same": "{}", "gone": "[-{}-]", "new": "{{+{}+}}"}
_STYLES = {"same": "dim", "gone": "strike red", "new": "green"}
_TAGS = {"same": "{}", "gone": "<del>{}</del>", "new": "<ins>{}</ins>"}


def print_changes(changes: Iterable[Change], *, file: TextIO | None = None) -> None:
    r"""Print the changes of `ChatTokenizer.prepare`, one per line.

    Prints in colour if the file is a colour terminal and rich is installed; otherwise as plain
    text, with ``[-…-]`` around removed text and ``{+…+}`` around added text. The middle of long
    texts is left out.

    >>> import chatfmt
    >>> print_changes([chatfmt.Change(1, "content", "strip", "Hi\n", "Hi")])
    message 1 content: Hi[-↵-] (strip)

    Args:
        changes: the changes of a `Prepared`.
        file: standard output if left out.
    """
    file = sys.stdout if file is None else file
    console = colour_console(file)
    for change in changes:
        place, runs = place_of(change), runs_of(change)
        if console is None:
            encoding = getattr(file, "encoding", None) or "utf-8"
            text = "".join(_PLAIN[kind].format(run) for kind, run in runs)
            line = f"{place}: {text} ({change.word})"
            file.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        else:
            from rich.text import Text

            styled = [(run, _STYLES[kind]) for kind, run in runs]
            console.print(
                Text.assemble(f"{place}: ", *styled, (f" ({change.word})", "dim")),
                highlight=False,
                soft_wrap=True,
            )


def html_changes(changes: Iterable[Change]) -> str:
    """The changes as an HTML list with ``<del>`` and ``<ins>``; empty if nothing changed.

    >>> import chatfmt
    >>> html_changes([chatfmt.Change(1, "name", "rename", "<b>", None)]).splitlines()[1]
    '<li>message 1 name: <del>&lt;b&gt;</del> (rename)</li>'
    """
    lines = [
        f"<li>{html.escape(place_of(change))}: "
        + "".join(
            _TAGS[kind].format(html.escape(run, quote=False)) for kind, run in runs_of(change)
        )
        + f" ({html.escape(change.word)})</li>\n"
        for change in changes
    ]
    return "".join(['<ul class="changes">\n', *lines, "</ul>\n"]) if lines else ""


def place_of(change: Change) -> str:
    """The message and field of a change, in words.

    >>> import chatfmt
    >>> place_of(chatfmt.Change(0, "content", "strip", " a", "a"))
    'message 0 content'
    >>> place_of(chatfmt.Change(None, "message", "system", None, "Be brief.", 0))
    'added message at 0'
    """
    if change.message is None and change.field == "tools" and change.after is None:
        return "tool definitions, which this format leaves out"
    where = f"message {change.message}"
    if change.message is None:  # one that was added, and may have been removed again
        where = "added message" + ("" if change.place is None else f" at {change.place}")
    return where if change.field == "message" else f"{where} {change.field}"


def runs_of(change: Change) -> list[tuple[Kind, str]]:
    """The text that a change keeps (``same``), removes (``gone``) and adds (``new``).

    Each run is on one line, with signs for white space at its edges; the middle of a long one is
    left out.

    >>> import chatfmt
    >>> runs_of(chatfmt.Change(0, "content", "strip", " a", "a"))
    [('gone', '·'), ('same', 'a')]
    """
    before, after = _text(change.before), _text(change.after)
    return [(kind, _shortened(text, _LONGEST[kind])) for kind, text in _compared(before, after)]


def _compared(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    """The removed and added text, between the common beginning and end."""
    parts: list[tuple[Kind, str]]
    if before and before in after:  # text was put around it
        start, _, end = after.partition(before)
        parts = [("new", start), ("same", before), ("new", end)]
    elif after and after in before:
        start, _, end = before.partition(after)
        parts = [("gone", start), ("same", after), ("gone", end)]
    else:
        first = _shared(before, after)
        last = _shared(before[first:][::-1], after[first:][::-1])
        parts = [
            ("same", before[:first]),
            ("gone", before[first : len(before) - last]),
            ("new", after[first : len(after) - last]),
            ("same", before[len(before) - last :]),
        ]
    return (part for part in parts if part[1])


def _shared(one: str, other: str) -> int:
    """The length of the common beginning of two texts."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _text(value: object) -> str:
    """A message, or the value of one of its fields, as text."""
    match value:
        case None:
            return ""
        case Message():
            names = [name for name in Message.model_fields if name not in ("role", "content")]
            more = [(name, getattr(value, name)) for name in names]
            fields = "".join(f" {name}={_text(field)}" for name, field in more if field)
            return f"{value.role}{fields}: {value.content}"
        case ToolCall(name=name, arguments=arguments, id=ident):
            return f"{'' if ident is None else f'{ident} '}{name}({arguments})"
        case {"function": {"name": str(name)}} | {"name": str(name)}:  # the definition of a tool
            return name
        case tuple():
            return ", ".join(map(_text, value))
        case _:
            return str(value)


def _shortened(text: str, longest: int) -> str:
    """One line, with signs for white space at the edges, and without the middle if too long."""
    if len(text) > longest:
        half = longest // 2
        return f"{_signed(text[:half])}…{_signed(text[-half:])}"
    return _signed(text)


def _signed(text: str) -> str:
    inner = text.strip()
    start, _, end = text.partition(inner) if inner else (text, "", "")
    edges = [signed(edge, whitespace=True).replace("\n", "") for edge in (start, end)]
    return f"{edges[0]}{one_line(inner)}{edges[1]}"
