"""An envelope, checked: one frame around all consecutive messages of a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatfmt.errors import FormatError
from chatfmt.line.language import Literal, Next, Special, flat, read_pieces
from chatfmt.line.pieces import END, first_characters, narrow, spelled
from chatfmt.line.within import check_fields, check_free_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece

__all__ = ["Envelope", "make_envelope"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One frame around all consecutive messages of a role."""

    role: str
    open: tuple[Special | Literal, ...]
    each: tuple[Piece, ...]
    sep: tuple[Special | Literal, ...]
    close: tuple[Special | Literal | Next, ...]


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
        parts: ``open``, ``each``, ``sep`` and ``close``; only ``each`` is required.
        special_tokens: as for `make_line`, like all that follow.
        role: the role of the messages in it.
        spelling: the role's spelling.
        role_alphabet: the values that ``{role}`` may have on the wire.
        where: the name of the envelope in error messages.

    Raises:
        FormatError: a part is malformed or breaks a rule of the language.
    """
    opened, each, sep, close = (
        spelled(read_pieces(parts.get(name, ""), special_tokens, f"{where}, {name}"), spelling)
        for name in ("open", "each", "sep", "close")
    )
    check_fields(each, role, None, f"{where}, each")
    if END in flat(each):
        raise FormatError(
            f"{where}, each: {{end}} is not allowed in an envelope, which ends in its close; write "
            "the token"
        )
    is_open = close == [Next()]
    for name, pieces in (("open", opened), ("sep", sep), ("close", [] if is_open else close)):
        if not all(isinstance(p, Special | Literal) and not (p == END) for p in pieces):
            raise FormatError(
                f"{where}, {name}: only special tokens and literal text are allowed here"
            )
    if not any(isinstance(piece, Special) for piece in opened[:1] or each[:1]):
        raise FormatError(f"{where}: an envelope begins with a special token")
    ends = [i for i, piece in enumerate(close) if isinstance(piece, Special)]
    if not (ends or is_open):
        raise FormatError(f"{where}, close: expected an end token or {{next}}, found none")
    if ends:
        close[ends[-1]] = Special(close[ends[-1]].tokens, end=True)  # type: ignore[union-attr]
    check_free_text([*each, *close], where)
    check_free_text([*each, *(sep or opened or each)], where)
    after = "".join(first_characters(pieces, "") for pieces in (sep, close) if pieces)
    return Envelope(
        role,
        tuple(opened),  # type: ignore[arg-type]
        tuple(narrow(each, after, role_alphabet)),
        tuple(sep),  # type: ignore[arg-type]
        tuple(close),  # type: ignore[arg-type]
    )
