"""The nodes of a message: the line of its role, and what is around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.fields import OPTIONAL
from chatfmt.line.language import Calls, Field, GenerationStart, Literal, Special, flat
from chatfmt.templates.branches import branch, either
from chatfmt.templates.fields import constant
from chatfmt.templates.headers import header_limit
from chatfmt.templates.pieces import AT_END, written
from chatfmt.templates.shared import TRAINED, Shared
from chatfmt.templates.source import If, Node, Set, Text, fail, listed, quoted, raising

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.line.envelopes import Envelope
    from chatfmt.line.lines import Line

__all__ = ["message_nodes"]


def message_nodes(shared: Shared) -> Iterator[Node]:
    """The nodes of a message, for all roles."""
    by_nodes: dict[tuple[Node, ...], list[str]] = {}
    for role in shared.format.lines_of:
        by_nodes.setdefault(tuple(_role(shared, role)), []).append(role)
    groups = [*by_nodes.items()]
    has_one_line = isinstance(shared.format.template, str)
    if has_one_line:
        groups.sort(key=lambda group: len(group[1]))
    branches = [
        (
            f"message.role in {listed(roles)}"
            if len(roles) > 1
            else f"message.role == {quoted(roles[0])}",
            nodes,
        )
        for nodes, roles in groups
    ]
    branches[-1] = ("", branches[-1][1])  # the role is one of these
    yield from branch(branches, factor=has_one_line)


def _role(shared: Shared, role: str) -> Iterator[Node]:
    """The lines of a role; the first that fits the message is written."""
    lines = shared.format.lines_of[role]
    places = [*dict.fromkeys(place for line in lines for place in line.after or ())]
    branches: list[tuple[str, tuple[Node, ...]]] = []
    seen: list[set[str]] = []
    for line in sorted(lines, key=lambda line: line.after is None):
        terms = [*_terms(line, lines)]
        if line.after is not None:
            terms.insert(0, f"before in {listed(line.after)}")
        elif places:
            terms.insert(0, f"before not in {listed(places)}")
        if any(earlier <= {*terms} for earlier in seen):
            continue  # an earlier line covers this case
        seen.append({*terms})
        branches.append((" and ".join(terms), tuple(_line(shared, role, line))))
    if branches[-1][0] and either(branches):
        branches[-1] = ("", branches[-1][1])
    elif branches[-1][0]:
        reason = quoted(": no line of this role is for such a message")
        branches.append(("", (raising(f"where ~ {reason}"),)))
    yield from branch(branches, factor=False)


def _terms(line: Line, lines: Sequence[Line]) -> Iterator[str]:
    """When a line fits a message: it has every field that must be there, and no other.

    A field that has a place in none of the lines is refused earlier.
    """
    fixed = dict(line.fixed)
    known = {field for one in lines for field in one.fields}
    for field in (*OPTIONAL, "call_id"):
        annotation = field == "call_id" or (line.roles[0], field) == ("tool", "name")
        if line.fields.get(field) and field not in fixed:
            yield f"{field} is not none"
        elif field in known and field not in line.fields and not annotation:
            yield f"{field} is none"
    if "content" not in line.fields:
        yield "not content"
    if any(isinstance(piece, Calls) for one in lines for piece in one.pieces):
        mine = any(isinstance(piece, Calls) for piece in line.pieces)
        yield "message.tool_calls" if mine else "not message.tool_calls"
    for field, text in line.fixed:
        yield f"{field} == {quoted(text)}"


def _line(shared: Shared, role: str, line: Line) -> Iterator[Node]:
    """The nodes of a line, after those that refuse the message as a whole."""
    yield from header_limit(shared.format, line, role)
    envelope = shared.format.envelopes.get(role)
    if envelope is not None:
        yield from _enveloped(shared, role, line, envelope)
        return
    yield from _traceless(line)
    yield from _bare(shared, line)
    nodes = written(shared, role, line, line.pieces)
    if shared.has_state and role == TRAINED:
        again = f"state.goes_on and before == {quoted(role)}"
        continued = written(shared, role, line, line.pieces, generated=True)
        yield from branch([(again, continued), ("", nodes)])
    else:
        yield from nodes
    if shared.has_state:
        goes_on = role == TRAINED and shared.goes_on(line)
        yield Set("state.goes_on", "true" if goes_on else "false")
    if line.tail:
        yield Text(line.tail)
    if role in shared.format.unended and line.training_end is not None:
        yield If(((AT_END, (Text(line.training_end, role == TRAINED),)),))


def _enveloped(shared: Shared, role: str, line: Line, envelope: Envelope) -> Iterator[Node]:
    """A message that may share one frame with others."""
    first = written(shared, role, line, (*envelope.open, *line.pieces))
    more = written(shared, role, line, (*envelope.sep, *line.pieces))
    yield from branch([(f"before != {quoted(role)}", first), ("", more)])
    # The closing text continues the message: a line in which no model begins is not the model's.
    generated = role == TRAINED and GenerationStart() in flat(line.pieces)
    close = tuple(node for one in envelope.close for node in constant(one, generated=generated))
    if close:
        yield If(((f"after != {quoted(role)}", close),))


def _traceless(line: Line) -> Iterator[Node]:
    """Refuse a message that would leave no trace in the text."""
    if not any(isinstance(piece, Special | Literal) for piece in line.pieces):
        fields = [piece.name for piece in flat(line.pieces) if isinstance(piece, Field)]
        empty = " and ".join(f"not {name}" for name in fields)
        yield fail(empty, quoted(": an empty message of this role would leave no trace"))


def _bare(shared: Shared, line: Line) -> Iterator[Node]:
    """Refuse a last message that is only a token that could just as well end the one before."""
    first, rest = line.pieces[0], line.pieces[1:]
    row = shared.format
    stops = isinstance(first, Special) and first.tokens[0] in row.stop_spellings
    if row.unended and stops and not any(isinstance(p, Special | Literal | Calls) for p in rest):
        last = f"before in {listed(sorted(row.unended))} and after == 'end'"
        reason = quoted(": nothing tells an empty message from the end of the one before")
        yield fail(f"{last} and not content and not add_generation_prompt", reason)
