"""One format line, checked: its pieces, where it may stand, and what is refused in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from chatfmt.errors import FormatError, shown
from chatfmt.line.fields import FREE_TEXT
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Next,
    Special,
    flat,
    read_pieces,
)
from chatfmt.line.pieces import (
    before_prompt_ends,
    narrow,
    places,
    spelled,
    variants,
    with_groups,
)
from chatfmt.line.within import check_fields, check_free_text, check_generated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece

__all__ = [
    "Line",
    "make_line",
    "read_prologue",
]


@dataclass(frozen=True)
class Line:
    """What is written for a message of these roles: the pieces through its end, and the tail."""

    roles: tuple[str, ...]
    pieces: tuple[Piece, ...]
    tail: str = ""
    after: tuple[str, ...] | None = None
    """Where the line may stand: after messages of these roles, at the ``start``; None: anywhere."""
    training_end: str | None = None
    """The end that the last message has in training, where it is another."""
    says_prompt: bool = False
    """Whether ``{^}`` is written in it; else its place follows from the row."""
    is_prompted: bool = True
    """Whether a prompt may come before it: not without ``{^}`` beside a line that has it."""
    is_silent: bool = False
    """Whether what it writes up to ``{^}`` tells the model not to think: it has no place for a
    reasoning, and its role has a line that has one and whose prompt is another."""

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """The tokens that may end the message, the one that is written first; or none."""
        last = self.pieces[-1]
        return last.tokens if isinstance(last, Special) else ()

    def may_follow(self, before: str | None) -> bool:
        """Whether it may be after a message of this role; None: at the start."""
        return self.after is None or (before or "start") in self.after

    @property
    def prompt(self) -> tuple[Piece, ...] | None:
        """What a prompt writes: all before ``{^}``, which may be in a group; None without it."""
        return before_prompt_ends(self.pieces) if self.is_prompted else None

    @cached_property
    def fields(self) -> dict[str, bool]:
        """The fields that have a place here, and whether they must be there."""
        return dict(places(self.pieces, needed=True))

    @property
    def has_calls(self) -> bool:
        """Whether it lists tool calls: then it is only for messages that have some."""
        return any(isinstance(piece, Calls) for piece in self.pieces)

    @property
    def has_call_ids(self) -> bool:
        """Whether the ids of calls are here."""
        fields = [piece for piece in flat(self.pieces) if isinstance(piece, Field)]
        return any(
            field.name == "call.id" or getattr(field.scanner, "id", None) is not None
            for field in fields
        )

    @property
    def fixed(self) -> list[tuple[str, str]]:
        """The header fields that have one value here, and that value."""
        return [(p.fixes, p.text) for p in self.pieces if isinstance(p, Literal) and p.fixes]

    @property
    def variants(self) -> Iterator[tuple[Piece, ...]]:
        """The line with and without each group after which its free text may still go on."""
        return variants(self.pieces)


def read_prologue(
    line: str, special_tokens: Sequence[str], where: str
) -> tuple[Special | Literal, ...]:
    """The pieces of a prologue: special tokens and literal text.

    Raises:
        FormatError: there is a field or a group in it.
    """
    pieces: list[Special | Literal] = []
    for piece in read_pieces(line, special_tokens, where):
        if not isinstance(piece, Special | Literal) or piece == Special((), end=True):
            raise FormatError(f"{where}: only special tokens and literal text may stand here")
        pieces.append(piece)
    return tuple(pieces)


def make_line(
    line: str,
    *,
    special_tokens: Sequence[str],
    ends: Sequence[str],
    generation_start: str | None,
    role: str | None,
    roles: Sequence[str],
    spelling: str,
    role_alphabet: Alphabet,
    where: str,
    after: tuple[str, ...] | None = None,
    training_end: str | None = None,
) -> Line:
    """Read and check one line.

    Args:
        line: the format line.
        special_tokens: the spellings that are special.
        ends: what ``{end}`` stands for, the default first; empty where the line has a fixed one.
        generation_start: where ``{^}`` is placed in a line without: at its ``content``, or after
            its ``role``. None is the former.
        role: the role that the line serves; None where it serves all of ``roles``.
        roles: the roles of the format.
        spelling: how the role is spelled on the wire.
        role_alphabet: what ``{role}`` may be on the wire.
        where: name of the line in error messages.
        after: where it may stand; see `Line`.
        training_end: see `Line`.

    Raises:
        FormatError: the line is malformed or breaks a rule of the language.
    """
    pieces = read_pieces(line, special_tokens, where)
    check_fields(pieces, role, generation_start, where)
    pieces, tail = _split_tail(pieces, ends, where)
    if training_end is not None:
        pieces = _with_training_end(pieces, training_end, special_tokens, where)
    check_free_text(pieces, where)
    says_prompt = any(isinstance(piece, GenerationStart) for piece in with_groups(pieces))
    if not says_prompt:
        pieces = _place_generation_start(pieces, generation_start, where)
    check_generated(pieces, where)
    if role is not None:
        pieces = spelled(pieces, spelling)
    return Line(
        (role,) if role is not None else tuple(roles),
        tuple(narrow(pieces, "", role_alphabet)),
        tail,
        after,
        training_end,
        says_prompt,
    )


def _with_training_end(
    pieces: list[Piece], token: str, special_tokens: Sequence[str], where: str
) -> list[Piece]:
    last = pieces[-1]
    own = last.tokens if isinstance(last, Special) else ()
    if token not in special_tokens or token in own:
        raise FormatError(
            f"{where}: training_end must be a special token that is not the line's own end, found "
            f"{shown(token)}"
        )
    if not isinstance(last, Special):
        return pieces
    return [*pieces[:-1], replace(last, tokens=(*own, token))]


def _split_tail(pieces: list[Piece], ends: Sequence[str], where: str) -> tuple[list[Piece], str]:
    """Find what ends the message, check it against ``ends``, and take the tail off."""
    if Next() in pieces:
        if pieces[-1] != Next():
            raise FormatError(f"{where}: nothing may follow {{next}}")
        return pieces, ""
    at = max((i for i, piece in enumerate(pieces) if isinstance(piece, Special)), default=None)
    if at is None:
        raise FormatError(f"{where}: there is no end token, so no content could be read back")
    last = pieces[at]
    marked = [piece for piece in flat(pieces) if isinstance(piece, Special) and piece.end]
    if bool(marked) != bool(ends) or len(marked) > 1 or (marked and marked != [last]):
        raise FormatError(
            f"{where}: {{end}} must be the last token of the line, and stand there exactly when "
            "the format lists its ends"
        )
    tail = pieces[at + 1 :]
    if not all(isinstance(piece, Literal) and piece.fixes is None for piece in tail):
        raise FormatError(f"{where}: only literal text may follow the end token")
    end = Special(tuple(ends) or last.tokens, end=True)  # type: ignore[union-attr]
    return [*pieces[:at], end], "".join(piece.text for piece in tail)  # type: ignore[union-attr]


def _place_generation_start(
    pieces: list[Piece], generation_start: str | None, where: str
) -> list[Piece]:
    def is_it(piece: Piece) -> bool:
        if generation_start == "role":
            return isinstance(piece, Field) and piece.name == "role"
        held = piece.field if isinstance(piece, Group) else getattr(piece, "name", None)
        return held in FREE_TEXT or isinstance(piece, Calls)

    at = next(i for i, piece in enumerate(pieces) if is_it(piece))
    at += generation_start == "role"
    for piece in flat(pieces[:at]):
        if isinstance(piece, Field) and piece.name in FREE_TEXT:
            raise FormatError(
                f"{where}: the model is to begin after {{role}}, yet {{{piece.name}}}, which it "
                "writes, comes before it"
            )
    return [*pieces[:at], GenerationStart(), *pieces[at:]]
