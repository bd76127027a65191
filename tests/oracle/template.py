r"""The format line: its language, and what one line says, as *pieces*.

::

    <|im_start|>{role}[ name={name}]<|im_sep|>{content}<|im_end|>

A line holds special tokens (those the format lists, nothing is guessed), literal text,
``{fields}``, ``[optional groups]``, and an end token: the last special token, or ``{end}`` where
several may end a message. Literal text behind it is the *tail*. ``\[ \] \{ \} \\`` stand for the
characters themselves.

The renderer follows the pieces from left to right; `chatfmt.grammar` turns them into what the
parser follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import regex

from chatfmt.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = [
    "ALPHABETS",
    "FREE_TEXT",
    "Alphabet",
    "Field",
    "GenerationStart",
    "Group",
    "Literal",
    "Piece",
    "RoleTemplate",
    "Special",
    "parse_prologue",
    "parse_template",
]


class Alphabet(NamedTuple):
    """The values of a header field: one character of ``first``, then any number of ``rest``.

    Both are character classes of the `regex` library; ``most`` bounds the length.
    """

    first: str
    rest: str
    most: int | None = None

    @property
    def pattern(self) -> str:
        """A regular expression for the values."""
        return f"{self.first}{self.rest}" + ("*" if self.most is None else f"{{0,{self.most - 1}}}")

    def without(self, characters: Iterable[str]) -> Alphabet:
        """The values that have none of these characters."""
        either = regex.compile(f"{self.first}|{self.rest}", regex.V1)
        excluded = "".join(f"\\U{ord(c):08x}" for c in sorted(filter(either.match, characters)))
        if not excluded:
            return self
        return Alphabet(f"[{self.first}--[{excluded}]]", f"[{self.rest}--[{excluded}]]", self.most)


# Roles are lower-case words in every known format; a name is what the OpenAI API takes.
# White space as Python has it: the regex library leaves U+001C to U+001F out of \s.
_NAME, _WORD = r"[^\s\x1c-\x1f<|\\/>]", r"[^\s\x1c-\x1f<|>]"
ALPHABETS = {
    "role": Alphabet("[a-z]", r"[a-z0-9_\-]"),
    "name": Alphabet(_NAME, _NAME, 64),
    "recipient": Alphabet(_WORD, _WORD),
    "channel": Alphabet(_WORD, _WORD),
    "content_type": Alphabet(_WORD, _WORD),
}
"""Header field to the values it may have; narrowed by the literal text that follows it."""

FREE_TEXT = ("reasoning", "content")
"""The fields that may hold any text."""


@dataclass(frozen=True, slots=True)
class Special:
    """A special token. Several spellings: one of them ends the message, the first by default."""

    tokens: tuple[str, ...]
    end: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """The place of a message's field; ``alphabet`` is None for free text."""

    name: str
    alphabet: Alphabet | None


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that are written when ``field`` is not None."""

    field: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class GenerationStart:
    """Where a prompt ends and the model begins to write."""


Piece: TypeAlias = Special | Literal | Field | Group | GenerationStart


@dataclass(frozen=True, slots=True)
class RoleTemplate:
    """What one line says: the pieces up to the end token, and the tail behind it."""

    pieces: tuple[Piece, ...]
    tail: str

    @property
    def fields(self) -> dict[str, bool]:
        """The fields that have a place here, and whether they must be there."""
        places: dict[str, bool] = {}
        for piece in self.pieces:
            if isinstance(piece, Field):
                places[piece.name] = True
            elif isinstance(piece, Group):
                places[piece.field] = False
        return places


_ESCAPED = r"\\(?P<escaped>[\[\]{}\\])"
_OTHER = r"\{(?P<field>\w+)\}|(?P<open>\[)|(?P<close>\])|(?P<stray>[{}\\])|(?P<char>.)"
_LOOKS_SPECIAL = regex.compile(r"<\|[^\s|]*\|>")


def _scan(line: str, special_tokens: Sequence[str], where: str) -> Iterator[tuple[str, str]]:
    """Cut a line into ``(kind, text)``; the longest special token wins."""
    # Backwards, so that what another one begins with comes behind it.
    spellings = "|".join(map(regex.escape, sorted(special_tokens, reverse=True)))
    special = f"(?P<special>{spellings})|" if spellings else ""
    for match in regex.finditer(f"{special}{_ESCAPED}|{_OTHER}", line, flags=regex.DOTALL):
        kind = match.lastgroup or ""
        if kind == "stray":
            raise FormatError(
                f"{where}: stray {match[0]!r} at offset {match.start()}; "
                rf"write \{match[0]} for the character itself"
            )
        yield kind, match[kind]


def parse_prologue(
    line: str, special_tokens: Sequence[str], where: str
) -> tuple[Special | Literal, ...]:
    """The pieces of a prologue: special tokens and literal text.

    Raises:
        FormatError: there is a field or a group in it.
    """
    pieces: list[Special | Literal] = []
    for piece in _compile(line, special_tokens, where):
        if not isinstance(piece, Special | Literal) or piece == Special((), end=True):
            raise FormatError(f"{where}: only special tokens and literal text are allowed here")
        pieces.append(piece)
    return tuple(pieces)


def parse_template(
    line: str,
    *,
    special_tokens: Sequence[str],
    ends: Sequence[str],
    generation_start: str,
    role: str | None,
    role_alphabet: Alphabet,
    where: str,
) -> RoleTemplate:
    """Compile one line.

    Args:
        line: the format line.
        special_tokens: the spellings that are special.
        ends: what ``{end}`` stands for, the default first; empty where the line has a fixed one.
        generation_start: ``"content"`` or ``"role"``.
        role: for a line that serves one role, how that role is spelled on the wire.
        role_alphabet: what ``{role}`` may be on the wire.
        where: name of the line in error messages.

    Raises:
        FormatError: the line is malformed or breaks a rule of the language.
    """
    pieces = _compile(line, special_tokens, where)
    names = [piece.name for piece in _flat(pieces) if isinstance(piece, Field)]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(f"{where}: {{{name}}} appears twice")
    if "content" not in names:
        raise FormatError(f"{where}: there is no {{content}}")
    if "role" not in names and (role is None or generation_start == "role"):
        raise FormatError(f"{where}: there is no {{role}}")
    pieces, tail = _split_tail(pieces, ends, where)
    _check_free_text(pieces, where)
    pieces = _place_generation_start(pieces, generation_start, where)
    free = next(name for name in names if name in FREE_TEXT)
    if "role" in names and names.index("role") > names.index(free) and role is None:
        raise FormatError(
            f"{where}: whose {{{free}}} it is would be known only at its end; write {{role}} first"
        )
    written = list(_flat(pieces[pieces.index(GenerationStart()) + 1 : -1]))
    for piece in written:
        if isinstance(piece, Special) and set(piece.tokens) & set(pieces[-1].tokens):  # type: ignore[union-attr]
            raise FormatError(
                f"{where}: the end token {piece.tokens[0]} also appears in what the model writes "
                "before it, so generation would stop there"
            )
    if role is not None:
        pieces = [
            Literal(role) if piece == Field("role", ALPHABETS["role"]) else piece
            for piece in pieces
        ]
        pieces = _merge(pieces)
    return RoleTemplate(tuple(_narrow(pieces, "", role_alphabet)), tail)


def _compile(line: str, special_tokens: Sequence[str], where: str) -> list[Piece]:
    pieces = _merge(_pieces(_scan(line, special_tokens, where), where))
    for piece in _flat(pieces):
        if isinstance(piece, Literal) and (found := _LOOKS_SPECIAL.search(piece.text)):
            raise FormatError(
                f"{where}: {found[0]} looks like a special token but is not listed in "
                "special_tokens"
            )
    return pieces


def _pieces(scanned: Iterator[tuple[str, str]], where: str, *, group: bool = False) -> list[Piece]:
    pieces: list[Piece] = []
    for kind, text in scanned:
        if kind == "special":
            pieces.append(Special((text,)))
        elif kind in ("char", "escaped"):
            pieces.append(Literal(text))
        elif kind == "field":
            pieces.append(_field(text, where))
        elif kind == "open":
            if group:
                raise FormatError(f"{where}: a group is not allowed inside a group")
            pieces.append(_group(_pieces(scanned, where, group=True), where))
        elif group:
            return pieces
        else:
            raise FormatError(rf"{where}: ] without [; write \] for the character itself")
    if group:
        raise FormatError(rf"{where}: [ without ]; write \[ for the character itself")
    return pieces


def _field(name: str, where: str) -> Piece:
    if name == "end":
        return Special((), end=True)
    if name in FREE_TEXT:
        return Field(name, None)
    if name in ALPHABETS:
        return Field(name, ALPHABETS[name])
    known = ", ".join([*ALPHABETS, *FREE_TEXT, "end"])
    raise FormatError(f"{where}: unknown field {{{name}}}; there are {known}")


def _group(pieces: list[Piece], where: str) -> Group:
    names = [piece.name for piece in pieces if isinstance(piece, Field)]
    if len(names) != 1 or names[0] in ("role", "content"):
        found = ", ".join(f"{{{name}}}" for name in names) or "none"
        raise FormatError(
            f"{where}: an optional group needs exactly one field, and neither {{role}} nor "
            f"{{content}}, to say when it is written; found {found}"
        )
    if any(isinstance(piece, Special) and piece.end for piece in pieces):
        raise FormatError(f"{where}: {{end}} cannot be optional")
    return Group(names[0], tuple(_merge(pieces)))


def _merge(pieces: Iterable[Piece]) -> list[Piece]:
    """Join literal text that stands side by side."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if isinstance(piece, Literal) and isinstance(last, Literal):
            merged[-1] = Literal(last.text + piece.text)
        else:
            merged.append(piece)
    return merged


def _flat(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, Group):
            yield from piece.pieces
        else:
            yield piece


def _split_tail(pieces: list[Piece], ends: Sequence[str], where: str) -> tuple[list[Piece], str]:
    """Find the end token, check it against ``ends``, and take the tail off."""
    at = max((i for i, piece in enumerate(pieces) if isinstance(piece, Special)), default=None)
    if at is None:
        raise FormatError(f"{where}: there is no end token, so no content could be read back")
    last = pieces[at]
    marked = [piece for piece in _flat(pieces) if isinstance(piece, Special) and piece.end]
    if bool(marked) != bool(ends) or len(marked) > 1 or (marked and marked != [last]):
        raise FormatError(
            f"{where}: {{end}} must be the last token of the line, exactly when "
            "the format lists its ends"
        )
    tail = pieces[at + 1 :]
    if not all(isinstance(piece, Literal) for piece in tail):
        raise FormatError(f"{where}: only literal text may follow the end token")
    end = Special(tuple(ends) or last.tokens, end=True)  # type: ignore[union-attr]
    return [*pieces[:at], end], "".join(piece.text for piece in tail)  # type: ignore[union-attr]


def _check_free_text(pieces: list[Piece], where: str) -> None:
    """Behind free text only literal text may stand before the next special token."""
    for group in (piece.pieces for piece in pieces if isinstance(piece, Group)):
        free = [
            i
            for i, piece in enumerate(group)
            if isinstance(piece, Field) and piece.name in FREE_TEXT
        ]
        if free and not any(isinstance(piece, Special) for piece in group[free[0] :]):
            raise FormatError(
                f"{where}: the group of {{{group[free[0]].name}}} needs a special token behind it, "  # type: ignore[union-attr]
                "so that its end can be told"
            )
    _close_free_text(pieces, None, where)


def _close_free_text(pieces: Iterable[Piece], open_field: str | None, where: str) -> str | None:
    """The free-text field that is open behind the pieces, given the one that is open before."""
    for piece in pieces:
        if isinstance(piece, Special):
            open_field = None
        elif isinstance(piece, Group):
            # It may be left out, so its special tokens close nothing that was open before it.
            inner = _close_free_text(piece.pieces, open_field, where)
            open_field = open_field or inner
        elif isinstance(piece, Field) and open_field:
            raise FormatError(
                f"{where}: {{{piece.name}}} follows {{{open_field}}} without a special token "
                "between them, so they could not be distinguished"
            )
        elif isinstance(piece, Field) and piece.name in FREE_TEXT:
            open_field = piece.name
    return open_field


def _place_generation_start(pieces: list[Piece], generation_start: str, where: str) -> list[Piece]:
    def is_it(piece: Piece) -> bool:
        if generation_start == "role":
            return isinstance(piece, Field) and piece.name == "role"
        held = piece.field if isinstance(piece, Group) else getattr(piece, "name", None)
        return held in FREE_TEXT

    at = next(i for i, piece in enumerate(pieces) if is_it(piece))
    at += generation_start == "role"
    for piece in _flat(pieces[:at]):
        if isinstance(piece, Field) and piece.name in FREE_TEXT:
            raise FormatError(
                f"{where}: the model is to begin behind {{role}}, yet {{{piece.name}}}, which it "
                "writes, comes before it"
            )
    return [*pieces[:at], GenerationStart(), *pieces[at:]]


def _narrow(pieces: Sequence[Piece], behind: str, role_alphabet: Alphabet) -> Iterator[Piece]:
    """Take from each field's alphabet the characters that literal text may follow it with."""
    for i, piece in enumerate(pieces):
        follow = _first_characters(pieces[i + 1 :], behind)
        if isinstance(piece, Group):
            yield replace(piece, pieces=tuple(_narrow(piece.pieces, follow, role_alphabet)))
        elif isinstance(piece, Field) and piece.alphabet is not None:
            alphabet = role_alphabet if piece.name == "role" else piece.alphabet
            yield replace(piece, alphabet=alphabet.without(follow))
        else:
            yield piece


def _first_characters(pieces: Sequence[Piece], behind: str) -> str:
    found = ""
    for piece in pieces:
        if isinstance(piece, Group):
            found += _first_characters(piece.pieces, "")
        elif isinstance(piece, Literal):
            return found + piece.text[0]
        elif not isinstance(piece, GenerationStart):
            return found
    return found + behind
