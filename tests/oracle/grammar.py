"""What the parser follows: the templates of all roles as one tree of runs and special tokens.

A *run* is the text between two special tokens. A `Node` holds the runs that may stand at one
point of a message. Header runs are *plain*: a regular expression for the text, and the special
token that closes it. A *free* run is header text that leads into a free-text field, which may be
closed by one of several tokens.

An optional group without a special token is part of its run's expression; one with a special
token is a fork of the tree. At each node it is checked that no text can be read in two ways, and
that what a text is can be told as it comes, not only once the token that closes it is there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import regex

from chatfmt.errors import FormatError
from oracle.ambiguity import Automaton
from oracle.template import FREE_TEXT, Field, GenerationStart, Group, Literal, Special

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from oracle.template import Piece, RoleTemplate

__all__ = ["GENERATION_START", "FreeRun", "Node", "PlainRun", "build_tree"]

GENERATION_START = "generation_start"
"""The (empty) regex group where the model begins to write."""

HeaderText: TypeAlias = "tuple[Piece, ...]"


@dataclass(eq=False, slots=True)
class PlainRun:
    """Header text, closed by a special token; ``behind`` is the node after that token."""

    text: HeaderText
    pattern: regex.Pattern[str]
    behind: Node


@dataclass(eq=False, slots=True)
class FreeRun:
    """Header text that leads into the free-text field ``field``.

    ``closers`` maps each special token that may close the field to the literal text before it and
    the node behind it. ``role`` is whose text it is, where the line itself fixes it.
    """

    text: HeaderText
    pattern: regex.Pattern[str]
    field: str
    closers: dict[str, tuple[str, Node]]
    role: str | None = None


@dataclass(eq=False, slots=True)
class Node:
    """What may stand at one point of a message.

    ``role`` is the role of all messages that pass here, where the line itself fixes it. A leaf,
    the node behind an end token, has a ``tail``: the literal text that follows.
    """

    plain: dict[str, list[PlainRun]] = field(default_factory=dict)
    free: list[FreeRun] = field(default_factory=list)
    role: str | None = None
    tail: str | None = None

    def role_of_prompt(self, text: str) -> str | None:
        """The role, as it is spelled, if a prompt that ends right behind it may end like this."""
        heads = [run.text for runs in self.plain.values() for run in runs]
        for head in (*heads, *(run.text for run in self.free)):
            if GenerationStart() in head:
                match = _compile(head[: head.index(GenerationStart())]).fullmatch(text)
                if match and "role" in match.re.groupindex:
                    return match["role"]
        return None

    @property
    def has_text(self) -> bool:
        """Whether any text but the empty one may stand here."""
        runs = (run for runs in self.plain.values() for run in runs)
        return bool(self.free) or any(run.text not in ((), (GenerationStart(),)) for run in runs)


def build_tree(templates: Mapping[str | None, RoleTemplate], where: str) -> Node:
    """The tree for the templates of a format; key None for one that serves every role.

    Raises:
        FormatError: what a template writes could be read in two ways, or could not be told from
            something else as it comes.
    """
    start = Node()
    for role, template in templates.items():
        for variant in _variants(template.pieces):
            _insert(start, variant, role, template.tail, where)
    _settle(start, where)
    return start


def _variants(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    """With and without each optional group that holds a special token."""
    if not pieces:
        yield ()
        return
    piece, *others = pieces
    for rest in _variants(others):
        if isinstance(piece, Group) and any(isinstance(inner, Special) for inner in piece.pieces):
            yield rest
            yield (*piece.pieces, *rest)
        else:
            yield (piece, *rest)


def _insert(node: Node, pieces: Sequence[Piece], role: str | None, tail: str, where: str) -> None:
    at = next(i for i, piece in enumerate(pieces) if isinstance(piece, Special))
    run, special, rest = tuple(pieces[:at]), pieces[at], pieces[at + 1 :]
    free = next(
        (i for i, p in enumerate(run) if isinstance(p, Field) and p.name in FREE_TEXT), None
    )
    for token in special.tokens:  # type: ignore[union-attr]
        if free is None:
            behind = _plain_run(node, run, token)
        else:
            suffix = "".join(piece.text for piece in run[free + 1 :] if isinstance(piece, Literal))
            behind = _free_run(node, run[:free], run[free].name, token, suffix, where=where)  # type: ignore[union-attr]
        if behind.tail is not None or (not rest and (behind.plain or behind.free)):
            raise FormatError(
                f"{where}: two roles have the same template up to an end token, so they could not "
                "be distinguished"
            )
        if rest:
            _insert(behind, rest, role, tail, where)
        else:
            behind.role, behind.tail = role, tail


def _plain_run(node: Node, text: HeaderText, token: str) -> Node:
    runs = node.plain.setdefault(token, [])
    for run in runs:
        if run.text == text:
            return run.behind
    runs.append(PlainRun(text, _compile(text), Node()))
    return runs[-1].behind


def _free_run(
    node: Node, text: HeaderText, name: str, token: str, suffix: str, *, where: str
) -> Node:
    run = next((run for run in node.free if (run.text, run.field) == (text, name)), None)
    if run is None:
        run = FreeRun(text, _compile(text), name, {})
        node.free.append(run)
    known, behind = run.closers.setdefault(token, (suffix, Node()))
    if known != suffix:
        raise FormatError(
            f"{where}: {{{name}}} is closed by {token} behind {known!r} or {suffix!r}; "
            "which of them is content could not be told"
        )
    return behind


def _compile(text: HeaderText) -> regex.Pattern[str]:
    return regex.compile("".join(map(_expression, text)), regex.V1)


def _expression(piece: Piece) -> str:
    match piece:
        case Literal(text):
            return regex.escape(text)
        case Field(name, alphabet) if alphabet is not None:
            return f"(?P<{name}>{alphabet.pattern})"
        case Group(_, pieces):
            return f"(?:{''.join(map(_expression, pieces))})?"
        case _:
            return f"(?P<{GENERATION_START}>)"


def _settle(node: Node, where: str) -> set[str | None]:
    """Check a node and all behind it, and note whose they are; the roles that pass here."""
    if node.tail is not None:
        return {node.role}
    _check(node, where)
    roles: set[str | None] = set()
    for run in (run for runs in node.plain.values() for run in runs):
        roles |= _settle(run.behind, where)
    for free in node.free:
        whose = set[str | None]().union(*(_settle(n, where) for _, n in free.closers.values()))
        if len(whose) > 1:
            raise FormatError(
                f"{where}: whose {{{free.field}}} it is would be known only at its end; begin the "
                "lines of different roles with different tokens"
            )
        [free.role] = whose
        roles |= whose
    node.role = next(iter(roles)) if len(roles) == 1 else None
    return roles


def _check(node: Node, where: str) -> None:
    plain = [(token, run) for token, runs in node.plain.items() for run in runs]
    automaton = Automaton(_literals([run.text for _, run in plain] + [r.text for r in node.free]))
    for token, run in plain:
        automaton.join(frozenset({token}), automaton.follow(run.text, {0}))
    tokens = frozenset(node.plain).union(*(run.closers for run in node.free))
    for free in node.free:
        head = automaton.follow(free.text, {0})
        automaton.join(frozenset(free.closers), head)
        automaton.join(tokens, [automaton.any_text(head)])
    witness = automaton.witness()
    if witness is not None:
        raise FormatError(
            f"{where}: {witness!r} could be read in two ways, or only be distinguished too late; "
            "put a special token, or a character that the field before it cannot have, between them"
        )


def _literals(texts: Sequence[HeaderText]) -> Iterator[str]:
    for text in texts:
        for piece in text:
            if isinstance(piece, Literal):
                yield piece.text
            elif isinstance(piece, Group):
                yield from _literals([piece.pieces])
