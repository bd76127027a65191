"""One format line, checked: its pieces, where it may stand, and what is refused in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatfmt.errors import FormatError, shown
from chatfmt.line.fields import ALPHABETS, FREE_TEXT
from chatfmt.line.language import (
    Calls,
    Field,
    GenerationStart,
    Group,
    Literal,
    Next,
    Special,
    flat,
    merge,
    read_pieces,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece

__all__ = ["Envelope", "Line", "make_envelope", "make_line", "read_prologue"]


@dataclass(frozen=True, slots=True)
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

    @property
    def ends(self) -> tuple[str, ...]:
        """The tokens that may end the message, the one that is written first; or none."""
        last = self.pieces[-1]
        return last.tokens if isinstance(last, Special) else ()

    @property
    def prompt(self) -> tuple[Piece, ...] | None:
        """What a prompt writes: all before ``{^}``, which may stand in a group; None without it."""
        return _before_prompt_ends(self.pieces)

    @property
    def fields(self) -> dict[str, bool]:
        """The fields that have a place here, and whether they must be there."""
        return dict(_places(self.pieces, needed=True))

    @property
    def has_call_ids(self) -> bool:
        """Whether the ids of calls stand here."""
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
        return _variants(self.pieces)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One frame around all messages of a role that stand side by side."""

    role: str
    open: tuple[Special | Literal, ...]
    each: tuple[Piece, ...]
    sep: tuple[Special | Literal, ...]
    close: tuple[Special | Literal, ...]


def _before_prompt_ends(pieces: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    for at, piece in enumerate(pieces):
        inside = _before_prompt_ends(piece.pieces) if isinstance(piece, Group) else None
        if piece == GenerationStart() or inside is not None:
            return tuple(merge((*pieces[:at], *(inside or ()))))
    return None


def _places(pieces: Iterable[Piece], *, needed: bool) -> Iterator[tuple[str, bool]]:
    for piece in pieces:
        match piece:
            case Field(name):
                yield name, needed
            case Literal(_, fixes) if fixes is not None:
                yield fixes, needed
            case Group(_, inner):
                yield from _places(inner, needed=False)
            case Calls(_, inner):
                yield from _places(inner, needed=needed)


def _variants(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, ...]]:
    for at, piece in enumerate(pieces):
        if isinstance(piece, Group) and _stays_open(piece):
            there = Group(piece.field, piece.pieces, always=True)
            for rest in _variants(pieces[at + 1 :]):
                yield (*pieces[:at], there, *rest)
                yield tuple(merge((*pieces[:at], *rest)))
            return
    yield pieces


def _stays_open(piece: Group) -> bool:
    free = [i for i, p in enumerate(piece.pieces) if isinstance(p, Field) and p.name in FREE_TEXT]
    return (
        not piece.always
        and bool(free)
        and not any(isinstance(p, Special) for p in piece.pieces[free[0] :])
    )


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
    generation_start: str,
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
        generation_start: where a line without ``{^}`` is prompted: ``content`` or ``role``.
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
    _check_fields(pieces, role, generation_start, where)
    pieces, tail = _split_tail(pieces, ends, where)
    if training_end is not None:
        pieces = _with_training_end(pieces, training_end, special_tokens, where)
    _check_free_text(pieces, where)
    says_prompt = any(isinstance(piece, GenerationStart) for piece in _with_groups(pieces))
    if not says_prompt:
        pieces = _place_generation_start(pieces, generation_start, where)
    _check_generated(pieces, where)
    if role is not None:
        pieces = _spelled(pieces, spelling)
    return Line(
        (role,) if role is not None else tuple(roles),
        tuple(_narrow(pieces, "", role_alphabet)),
        tail,
        after,
        training_end,
        says_prompt,
    )


def make_envelope(
    parts: Mapping[str, str],
    *,
    special_tokens: Sequence[str],
    role: str,
    spelling: str,
    role_alphabet: Alphabet,
    where: str,
) -> Envelope:
    """Read and check an envelope.

    Args:
        parts: ``open``, ``each``, ``sep`` and ``close``; all but ``each`` may be left out.
        special_tokens: as for `make_line`, like all that follow.
        role: the role of the messages in it.
        spelling: how it is spelled.
        role_alphabet: what ``{role}`` may be on the wire.
        where: name of the envelope in error messages.

    Raises:
        FormatError: a part is malformed or breaks a rule of the language.
    """
    opened, each, sep, close = (
        _spelled(read_pieces(parts.get(name, ""), special_tokens, f"{where}, {name}"), spelling)
        for name in ("open", "each", "sep", "close")
    )
    _check_fields(each, role, "content", f"{where}, each")
    for name, pieces in (("open", opened), ("sep", sep), ("close", close)):
        if not all(isinstance(p, Special | Literal) and not (p == _END) for p in pieces):
            raise FormatError(
                f"{where}, {name}: only special tokens and literal text may stand here"
            )
    if not any(isinstance(piece, Special) for piece in opened[:1] or each[:1]):
        raise FormatError(f"{where}: an envelope begins with a special token")
    ends = [i for i, piece in enumerate(close) if isinstance(piece, Special)]
    if not ends:
        raise FormatError(f"{where}, close: expected an end token, found none")
    close[ends[-1]] = Special(close[ends[-1]].tokens, end=True)  # type: ignore[union-attr]
    _check_free_text([*each, *close], where)
    _check_free_text([*each, *(sep or opened or each)], where)
    after = "".join(_first_characters(pieces, "") for pieces in (sep, close) if pieces)
    return Envelope(
        role,
        tuple(opened),  # type: ignore[arg-type]
        tuple(_narrow(each, after, role_alphabet)),
        tuple(sep),  # type: ignore[arg-type]
        tuple(close),  # type: ignore[arg-type]
    )


_END = Special((), end=True)


def _spelled(pieces: Iterable[Piece], spelling: str) -> list[Piece]:
    """The pieces of one role's line: ``{role}`` is text."""
    named = Field("role", ALPHABETS["role"])
    return merge(Literal(spelling) if piece == named else piece for piece in pieces)


def _with_training_end(
    pieces: list[Piece], token: str, special_tokens: Sequence[str], where: str
) -> list[Piece]:
    last = pieces[-1]
    if not isinstance(last, Special):
        return pieces
    if token not in special_tokens or token in last.tokens:
        raise FormatError(
            f"{where}: training_end must be a special token that is not the line's own end, found "
            f"{shown(token)}"
        )
    return [*pieces[:-1], replace(last, tokens=(*last.tokens, token))]


def _check_fields(pieces: list[Piece], role: str | None, generation_start: str, where: str) -> None:
    names = [name for name, _ in _places(pieces, needed=True)]
    for name in names:
        if names.count(name) > 1:
            raise FormatError(f"{where}: {{{name}}} stands there twice")
    for piece in _with_groups(pieces):
        if isinstance(piece, Field) and piece.name.split(".")[0] in ("call", "arg"):
            raise FormatError(
                f"{where}: {{{piece.name}}} belongs to a call, so it stands in a list of them: "
                f"[…{{{piece.name}}}…]*"
            )
        if isinstance(piece, Calls) and not all(
            isinstance(inner, Special | Literal) and inner != _END for inner in piece.separator
        ):
            raise FormatError(
                f"{where}: only special tokens and literal text may stand between two calls"
            )
    says = {"content", "tools"} & {*names} or any(isinstance(piece, Calls) for piece in pieces)
    if not says:
        raise FormatError(f"{where}: there is no {{content}}")
    prompted = any(isinstance(piece, GenerationStart) for piece in _with_groups(pieces))
    needs_role = role is None or (generation_start == "role" and not prompted)
    if "role" not in names and needs_role:
        raise FormatError(f"{where}: there is no {{role}}")
    if "role" in names and role is None:
        free = next((name for name in names if name in FREE_TEXT), "role")
        if names.index("role") > names.index(free):
            raise FormatError(
                f"{where}: whose {{{free}}} it is could only be told at its end; write {{role}} "
                "first"
            )


def _with_groups(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        yield piece
        if isinstance(piece, Group):
            yield from piece.pieces


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


def _check_free_text(pieces: Sequence[Piece], where: str) -> None:
    """After free text something stands that tells where it ends: literal text or a token."""
    for variant in _variants(tuple(pieces)):
        _close_free_text(variant, None, where)


def _close_free_text(pieces: Iterable[Piece], open_field: str | None, where: str) -> str | None:
    """The free-text field that is open after the pieces, given the one that is open before."""
    for piece in pieces:
        match piece:
            case Special() | Literal():
                open_field = None
            case Group(_, inner, always):
                after = _close_free_text(inner, open_field, where)
                open_field = after if always else open_field or after
            case Calls(separator, item):
                after = _close_free_text(item, open_field, where)
                _close_free_text([*separator, *item], after, where)
                open_field = after
            case Field(name) if open_field:
                raise FormatError(
                    f"{where}: {{{name}}} follows {{{open_field}}} without a special token or "
                    "text between them, so they could not be told apart"
                )
            case Field(name) if name in FREE_TEXT and piece.scanner is None:
                open_field = name
    return open_field


def _place_generation_start(pieces: list[Piece], generation_start: str, where: str) -> list[Piece]:
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
                "writes, stands before it"
            )
    return [*pieces[:at], GenerationStart(), *pieces[at:]]


def _check_generated(pieces: Sequence[Piece], where: str) -> None:
    """The end token stands nowhere else in what the model writes."""
    flattened = [*flat(pieces)]
    if not isinstance(last := flattened[-1], Special):
        return
    for piece in flattened[flattened.index(GenerationStart()) + 1 : -1]:
        if isinstance(piece, Special) and set(piece.tokens) & set(last.tokens):
            raise FormatError(
                f"{where}: the end token {piece.tokens[0]} also stands in what the model writes "
                "before it, so generation would stop there"
            )


def _narrow(pieces: Sequence[Piece], after: str, role_alphabet: Alphabet) -> Iterator[Piece]:
    """Take from each field's alphabet the characters that literal text may follow it with."""
    for i, piece in enumerate(pieces):
        follow = _first_characters(pieces[i + 1 :], after)
        if isinstance(piece, Group):
            yield replace(piece, pieces=tuple(_narrow(piece.pieces, follow, role_alphabet)))
        elif isinstance(piece, Calls):
            again = _first_characters((*piece.separator, *piece.item), "") + follow
            yield replace(piece, item=tuple(_narrow(piece.item, again, role_alphabet)))
        elif isinstance(piece, Field) and piece.alphabet is not None:
            alphabet = role_alphabet if piece.name == "role" else piece.alphabet
            yield replace(piece, alphabet=alphabet.without(follow))
        else:
            yield piece


def _first_characters(pieces: Sequence[Piece], after: str) -> str:
    found = ""
    for piece in pieces:
        if isinstance(piece, Group):
            found += _first_characters(piece.pieces, "")
        elif isinstance(piece, Calls) and piece.arguments:
            found += _first_characters(piece.item, "")
        elif isinstance(piece, Literal):
            return found + piece.text[0]
        elif not isinstance(piece, GenerationStart):
            return found
    return found + after
