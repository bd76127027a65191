"""Text between two special tokens as one terminal of a grammar in llguidance's dialect of Lark."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.conversation.harmony import CHANNELS, FUNCTIONS
from chatfmt.line.language import Field, Literal
from chatfmt.serve.constrained.unfolded import There, literals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.language import Piece
    from chatfmt.line.words import Word
    from chatfmt.serve.constrained.rules import Rules

__all__ = ["NAME", "Terminals", "quoted"]

NAME = r"/[A-Za-z0-9_.\-]+/"
"""The name of a tool."""
_ANY = "/(?s:.*)/"


class Terminals:
    """Writes the terminals of a role's lines."""

    def __init__(self, format: ChatFormat, role: str, rules: Rules) -> None:
        self._format = format
        self._rules = rules
        self._words = format.machine.words_of(role)

    def run(self, pieces: Sequence[Piece], tool: Mapping[str, Any] | None) -> str:
        """Text between special tokens as one regular expression."""
        found: list[str] = []
        at = 0
        while at < len(pieces):
            piece = pieces[at]
            after = "".join(p.text for p in literals(pieces[at + 1 :]))
            if isinstance(piece, Literal):
                after = "".join(p.text for p in literals(pieces[at:]))
                found.append(quoted(after))
                at += len(after)
                continue
            assert isinstance(piece, Field)  # noqa: S101 - no other piece is text
            text, taken = self._field(piece, after, tool)
            found.append(text)
            at += 1 + taken
        return " ".join(found)

    def _field(self, field: Field, after: str, tool: Mapping[str, Any] | None) -> tuple[str, int]:
        """A field, and how many characters of the following text its expression includes."""
        words = self._words.get(field.name, ())
        if field.alphabet is None:
            return _free(words, after, is_there=isinstance(field, There))
        if field.name == "call.id" and self._format.id_shape is not None:
            parts = {"{call.name}": quoted(tool["name"]) if tool else NAME, "{n}": "/[0-9]+/"}
            return " ".join(parts.get(p) or quoted(p) for p in self._format.id_shape.parts), 0
        if field.name == "call.name" and tool:
            return quoted(tool["name"]), 0
        if field.name == "recipient" and self._rules.splits:
            return quoted(FUNCTIONS) + " " + (quoted(tool["name"]) if tool else NAME), 0
        whole = {word.text for word in words if word.begins and word.ends}
        if field.name == "channel" and self._rules.splits:
            return f"({' | '.join(quoted(c) for c in CHANNELS if c not in whole)})", 0
        text = f"/{field.alphabet.pattern}/"
        return f"({' & '.join([text, *(f'~{quoted(word)}' for word in sorted(whole))])})", 0


def _free(words: Sequence[Word], after: str, *, is_there: bool) -> tuple[str, int]:
    """Free text without some words; a fence that follows it is part of the expression."""
    excluded = [f"~({quoted(word.text)} {_ANY})" for word in words if word.begins]
    taken = ""
    for word in words:
        if word.begins or word.ends:
            continue
        if after.startswith(word.text):
            taken = max(taken, word.text, key=len)
            excluded.append(f"~({_ANY} {quoted(word.text)} /(?s:.+)/)")
        else:
            excluded.append(f"~({_ANY} {quoted(word.text)} {_ANY})")
    text = "/(?s:.+)/" if is_there else _ANY
    text = f"{text} {quoted(taken)}" if taken else text
    if not excluded:
        return text, len(taken)
    return f"(({text}) & {' & '.join(excluded)})", len(taken)


def quoted(text: str) -> str:
    """A text as a literal."""
    return json.dumps(text, ensure_ascii=False)
