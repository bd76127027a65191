r"""The language of format lines: the text of a line as *pieces*.

::

    <|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>

A line has special tokens (only those that the format lists; nothing is guessed), literal text,
``{fields}``, ``[optional groups]``, lists ``[separator|item]*`` of calls or of their arguments,
``{^}`` where a prompt ends, and an end token: the last special token, or ``{end}`` if several may
end a message, or ``{next}`` if whatever follows ends it. Literal text after the end is the *tail*.
``\[ \] \{ \} \\ \| \*`` are the characters themselves.

The writer follows the pieces from left to right; `chatfmt.line.build` turns them into the machine
that everything else follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import regex

from chatfmt.errors import FormatError, shown
from chatfmt.line.fields import ALPHABETS, CODERS, FREE_TEXT, Alphabet, scanner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatfmt.line.scanners import Scanner

__all__ = [
    "Calls",
    "Field",
    "GenerationStart",
    "Group",
    "Literal",
    "Next",
    "Piece",
    "Special",
    "flat",
    "merge",
    "read_pieces",
]


@dataclass(frozen=True, slots=True)
class Special:
    """A special token. If it has several spellings, one ends the message, by default the first."""

    tokens: tuple[str, ...]
    end: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that is written unchanged. With ``fixes`` it is the only value of that field here."""

    text: str
    fixes: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """The place of a field; ``alphabet`` is None for free text.

    ``coder`` says how the value is spelled, if it is not written unchanged; ``keys`` are the
    layout's own names for the members of a call that is written as one JSON object.
    """

    name: str
    alphabet: Alphabet | None
    coder: str | None = None
    keys: tuple[str, ...] = ()

    @property
    def scanner(self) -> Scanner[Any] | None:
        """The scanner of the value, if single characters do not decide how it continues."""
        return scanner_of(self.coder, self.keys)


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces that are written if ``field`` is there, or ``always`` in one variant of a line."""

    field: str
    pieces: tuple[Piece, ...]
    always: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """A list: ``item`` once for each tool call (at least one), or for each argument of a call."""

    separator: tuple[Piece, ...]
    item: tuple[Piece, ...]
    arguments: bool = False


@dataclass(frozen=True, slots=True)
class GenerationStart:
    """Where a prompt ends and the model begins to write."""


@dataclass(frozen=True, slots=True)
class Next:
    """The message has no end of its own: whatever follows ends it."""


Piece: TypeAlias = Special | Literal | Field | Group | Calls | GenerationStart | Next

_ESCAPED = r"\\(?P<escaped>[\[\]{}\\|*])"
_CODER = r":(?P<coder>\w+)(?P<keys>(?: [\w.]+(?:, [\w.]+)*)?)"
_FIELD = rf"\{{(?P<field>[\w.]+)(?:{_CODER})?(?:=(?P<value>[^{{}}]+))?\}}"
_OTHER = r"(?P<prompt>\{\^\})|(?P<open>\[)|(?P<again>\]\*)|(?P<close>\])|(?P<bar>\|)"
_TEXT = r"(?P<stray>[{}\\])|(?P<char>.)"
_LOOKS_SPECIAL = regex.compile(r"<\|[^\s|]*\|>")
_DEEPEST = 3  # brackets: the arguments of a call within its list, and one that is refused there
_BAR = Literal("|", fixes="|")  # between separator and item, while a list is being read


def read_pieces(line: str, special_tokens: Sequence[str], where: str) -> list[Piece]:
    """The pieces of a line.

    Raises:
        FormatError: it is malformed.
    """
    pieces = merge(_pieces(_scan(line, special_tokens, where), where, ()))
    for piece in flat(pieces):
        if isinstance(piece, Literal) and (found := _LOOKS_SPECIAL.search(piece.text)):
            raise FormatError(
                f"{where}: {found[0]} looks like a special token but is not listed in "
                "special_tokens"
            )
    return pieces


def flat(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces, with groups and lists replaced by their content."""
    for piece in pieces:
        match piece:
            case Group(_, inner):
                yield from flat(inner)
            case Calls(separator, item):
                yield from flat(separator)
                yield from flat(item)
            case _:
                yield piece


def merge(pieces: Iterable[Piece]) -> list[Piece]:
    """Join adjacent literal texts."""
    merged: list[Piece] = []
    for piece in pieces:
        last = merged[-1] if merged else None
        if (
            isinstance(piece, Literal)
            and isinstance(last, Literal)
            and piece.fixes is last.fixes is None
        ):
            merged[-1] = Literal(last.text + piece.text)
        else:
            merged.append(piece)
    return merged


def _scan(
    line: str, special_tokens: Sequence[str], where: str
) -> Iterator[tuple[str, regex.Match[str]]]:
    """Cut a line into ``(kind, match)``; the longest special token wins."""
    # In reverse order, so that a token comes before those that it begins with.
    spellings = "|".join(map(regex.escape, sorted(special_tokens, reverse=True)))
    special = f"(?P<special>{spellings})|" if spellings else ""
    pattern = f"{special}{_ESCAPED}|{_FIELD}|{_OTHER}|{_TEXT}"
    for match in regex.finditer(pattern, line, flags=regex.DOTALL):
        kind = match.lastgroup or ""
        if kind == "stray":
            raise FormatError(
                f"{where}: stray {match[0]!r} at offset {match.start()}; "
                rf"write \{match[0]} for the character itself"
            )
        yield "field" if kind in ("coder", "keys", "value") else kind, match


def _pieces(
    scanned: Iterator[tuple[str, regex.Match[str]]], where: str, inside: tuple[str, ...]
) -> list[Piece]:
    pieces: list[Piece] = []
    for kind, match in scanned:
        if kind == "special":
            pieces.append(Special((match[0],)))
        elif kind in ("char", "escaped"):
            pieces.append(Literal(match[kind]))
        elif kind == "bar":
            pieces.append(_BAR if inside else Literal("|"))
        elif kind in ("field", "prompt"):
            pieces.append(GenerationStart() if kind == "prompt" else _field(match, where))
        elif kind == "open":
            if len(inside) == _DEEPEST:
                raise FormatError(f"{where}: a group is not allowed inside a group")
            pieces.append(_bracket(scanned, where, inside))
        elif inside:
            pieces.append(Literal(kind))  # taken off again by `_bracket`
            return pieces
        else:
            raise FormatError(rf"{where}: ] without [; write \] for the character itself")
    if inside:
        raise FormatError(rf"{where}: [ without ]; write \[ for the character itself")
    return pieces


def _bracket(
    scanned: Iterator[tuple[str, regex.Match[str]]], where: str, inside: tuple[str, ...]
) -> Piece:
    *pieces, closed = _pieces(scanned, where, (*inside, "["))
    if closed == Literal("again"):
        return _list(pieces, where)
    if inside:
        raise FormatError(f"{where}: a group is not allowed inside a group")
    return _group([Literal("|") if piece is _BAR else piece for piece in pieces], where)


def _field(match: regex.Match[str], where: str) -> Piece:
    name, coder, value = match["field"], match["coder"], match["value"]
    if name == "end":
        return Special((), end=True)
    if name == "next":
        return Next()
    known = [*ALPHABETS, *FREE_TEXT, "call", "end", "next", "^"]
    if name not in known:
        raise FormatError(f"{where}: unknown field {{{name}}}; there are {', '.join(known)}")
    if value is not None:
        alphabet = ALPHABETS.get(name)
        if (
            alphabet is None
            or alphabet.words  # it describes another field
            or not regex.fullmatch(alphabet.pattern, value, regex.V1)
        ):
            raise FormatError(f"{where}: {shown(value)} cannot be the value of {{{name}}}")
        return Literal(value, fixes=name)
    if coder is not None and coder not in CODERS.get(name, ()):
        takes = " or ".join(CODERS.get(name, ())) or "none"
        raise FormatError(f"{where}: {{{name}}} cannot be spelled as {coder}; it takes {takes}")
    if name == "call" and coder is None:
        raise FormatError(
            f"{where}: {{call}} needs to say how it is spelled: {{call:json name, arguments}}"
        )
    keys = tuple(match["keys"].strip().split(", ")) if match["keys"] else ()
    return Field(name, ALPHABETS.get(name), coder, keys)


def _group(pieces: list[Piece], where: str) -> Group:
    names = [piece.name for piece in pieces if isinstance(piece, Field)]
    if len(names) != 1 or names[0] == "role" or names[0].startswith(("call.", "arg.")):
        found = ", ".join(f"{{{name}}}" for name in names) or "none"
        raise FormatError(
            f"{where}: an optional group needs exactly one field, and not {{role}}, to say when it "
            f"is written; found {found}"
        )
    if any(isinstance(piece, Special) and piece.end for piece in pieces):
        raise FormatError(f"{where}: {{end}} cannot be optional")
    return Group(names[0], tuple(merge(pieces)))


def _list(pieces: list[Piece], where: str) -> Calls:
    bars = [i for i, piece in enumerate(pieces) if piece is _BAR]
    at = bars[0] if bars else None
    separator = () if at is None else tuple(merge(pieces[:at]))
    item = tuple(
        merge(Literal("|") if p is _BAR else p for p in pieces[0 if at is None else at + 1 :])
    )
    names = [piece.name for piece in item if isinstance(piece, Field)]
    if {"arg.key", "arg.value"} == {*names} - {"arg.string"}:
        _check_flag(item, where)
        return Calls(separator, item, arguments=True)
    if not names or not all(name == "call" or name.startswith("call.") for name in names):
        found = ", ".join(f"{{{name}}}" for name in names) or "none"
        raise FormatError(
            f"{where}: a list is for calls, with {{call.name}} and {{call.arguments}} or "
            "{call:json …}, or for their arguments, with {arg.key} and {arg.value}; found " + found
        )
    return Calls(separator, item)


def _check_flag(item: Sequence[Piece], where: str) -> None:
    """Check that a value's string flag comes before it, and that it decides everything."""
    fields = {piece.name: at for at, piece in enumerate(item) if isinstance(piece, Field)}
    if "arg.string" not in fields:
        return
    if fields["arg.string"] > fields["arg.value"]:
        raise FormatError(
            f"{where}: {{arg.string}} says how the value is read; write it before {{arg.value}}"
        )
    value = item[fields["arg.value"]]
    if isinstance(value, Field) and value.coder != "loose":
        raise FormatError(
            f"{where}: beside {{arg.string}} a string is written bare and everything else is JSON; "
            "write {arg.value:loose}"
        )
