"""Transcripts as HTML: all text escaped, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import html
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from chatfmt.show.changes import html_changes
from chatfmt.show.tints import TINTS, Tint, tint_name
from chatfmt.show.unseen import one_line, signs
from chatfmt.show.walk import blocks, summary, title

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatfmt.prepare.prepared import Change
    from chatfmt.show.walk import Block, Piece, Showable

__all__ = ["html_fragment", "stylesheet", "to_html"]


def to_html(
    transcript: Showable,
    *,
    ids: bool = False,
    whitespace: bool = False,
    weights: bool = False,
    changes: Iterable[Change] = (),
) -> str:
    """A complete HTML page without scripts: every token, with details on hover.

    The options are those of `print_transcript`. A character shown as a sign is in an ``<i
    data-char="…">`` with its hexadecimal code point, so the exact text can be recovered.
    ``changes`` are those of a `Prepared`; they come before the tokens.

    >>> import chatfmt
    >>> page = to_html(chatfmt.get_tokenizer("gpt-4o").render([{"role": "user", "content": "<u>"}]))
    >>> "&lt;u" in page, "<u>" in page
    (True, False)
    """
    body = _html_blocks(transcript, ids=ids, whitespace=whitespace, weights=weights)
    listed = html_changes(changes)
    body = f'<div class="chatfmt">\n{listed}</div>\n{body}' if listed else body
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{len(transcript.ids)} tokens</title>\n<style>\n{stylesheet()}</style>\n"
        f'</head>\n<body class="chatfmt-page">\n{body}</body>\n</html>\n'
    )


def html_fragment(
    transcript: Showable, *, ids: bool = False, whitespace: bool = False, weights: bool = False
) -> str:
    """The same as part of another page, such as a notebook; it includes its style sheet.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> html_fragment(tok.render([{"role": "user", "content": "hi"}])).startswith("<div><style>")
    True
    """
    body = _html_blocks(transcript, ids=ids, whitespace=whitespace, weights=weights)
    return f"<div><style>\n{stylesheet()}</style>\n{body}</div>"


@cache
def stylesheet() -> str:
    """The style sheet of tokens, blocks and tints, for these pages and the playground.

    >>> ".tint-user" in stylesheet()
    True
    """
    rules = resources.files("chatfmt.show").joinpath("tokens.css").read_text("utf-8")

    def variables(tint: Tint, *, dark: bool) -> str:
        plain, shaded = tint.dark if dark else tint.light
        ink = tint.dark_ink if dark else tint.light_ink
        return f"--plain: {plain}; --shaded: {shaded}; --ink: {ink};"

    def sheet(*, dark: bool) -> str:
        return "".join(
            f".chatfmt .tint-{name} {{ {variables(tint, dark=dark)} }}\n"
            for name, tint in TINTS.items()
        )

    dark = sheet(dark=True)
    return f"{sheet(dark=False)}@media (prefers-color-scheme: dark) {{\n{dark}}}\n{rules}"


def _html_blocks(transcript: Showable, *, ids: bool, whitespace: bool, weights: bool) -> str:
    shown = blocks(transcript)
    on = "".join(f" {name}" for name, is_on in (("ids", ids), ("weights", weights)) if is_on)
    parts = [f'<div class="chatfmt{on}">\n']
    for block in shown:
        label, facts = (
            html.escape(one_line(block.label)),
            html.escape(title(block, weights=weights)),
        )
        parts.append(
            f'<section class="block tint-{tint_name(block.role)}">\n'
            f'<h2 class="title"><b>{label}</b>{facts}</h2>\n<pre class="tokens">'
        )
        parts += (_html_piece(piece, block, whitespace=whitespace or ids) for piece in block.pieces)
        parts.append("</pre>\n</section>\n")
    parts.append(f'<p class="summary">{html.escape(summary(shown, weights=weights))}</p>\n')
    if transcript.issues:
        listed = (f"<li>{html.escape(one_line(str(issue)))}</li>\n" for issue in transcript.issues)
        parts += ['<ul class="issues">\n', *listed, "</ul>\n"]
    return "".join([*parts, "</div>\n"])


def _html_piece(piece: Piece, block: Block, *, whitespace: bool) -> str:
    kinds = ["token", f"part-{piece.part}", piece.kind]
    kinds += [] if piece.weight else ["untrained"]
    kinds += ["group"] if len(piece.ids) > 1 else []
    begin = f'<span class="{" ".join(kinds)}"'
    text = "".join(
        html.escape(run, quote=False)
        if sign is None
        else f'<i data-char="{ord(run):x}">{sign}</i>' + "<br>" * (run == "\n")
        for run, sign in signs(piece.text, whitespace=whitespace, newlines=True)
    )
    of = "" if piece.message is None else f" · message {piece.message} {one_line(block.label)}"
    facts = [
        f'data-id="{token}" title="id {token} · bytes {data.hex(" ") or "none"}'
        f'{html.escape(of)} · {piece.part} · weight {piece.weight:g}"'
        for token, data in zip(piece.ids, piece.data, strict=True)
    ]
    if len(piece.ids) == 1:
        return f"{begin} {facts[0]}>{text}</span>"
    tokens = "".join(
        f'<span class="bytes" data-bytes="{data.hex(" ")}" {fact}></span>'
        for data, fact in zip(piece.data, facts, strict=True)
    )
    return f"{begin}>{text}{tokens}</span>"
