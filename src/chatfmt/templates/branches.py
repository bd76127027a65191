"""Branches of which one is written, with what they share moved before and after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.templates.source import If, Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["branch", "either"]


def branch(
    branches: Sequence[tuple[str, Sequence[Node]]], *, factor: bool = True
) -> Iterator[Node]:
    """One of several lists of nodes; an empty condition always holds.

    >>> from chatfmt.templates.source import Text
    >>> [*branch([("a", [Text("x"), Text("y")]), ("", [Text("x"), Text("z")])])][0]
    Text(text='x', generated=False)
    """
    lists = [[*nodes] for _, nodes in branches]
    first: list[Node] = []
    last: list[Node] = []
    if factor:
        while all(lists) and all(nodes[0] == lists[0][0] for nodes in lists):
            first.append([nodes.pop(0) for nodes in lists].pop())
        while all(lists) and all(nodes[-1] == lists[0][-1] for nodes in lists):
            last.insert(0, [nodes.pop() for nodes in lists].pop())
    yield from first
    conditions = [condition for condition, _ in branches]
    made: list[tuple[str, tuple[Node, ...]]] = []
    for condition, nodes in zip(conditions, lists, strict=True):
        if not condition and len(nodes) == 1 and isinstance(nodes[0], If):
            made += nodes[0].branches  # else if
        else:
            made.append((condition, tuple(nodes)))
    while made and made[-1] == ("", ()):
        made.pop()
    if made == [("", made[0][1])] if made else False:
        yield from made[0][1]
    elif any(nodes for _, nodes in made):
        yield If(tuple(made))
    yield from last


def either(branches: Sequence[tuple[str, object]]) -> bool:
    """Whether the last of two conditions holds wherever the first does not.

    >>> either([("not x", ()), ("x", ())]), either([("x is none", ()), ("y", ())])
    (True, False)
    """
    conditions = [condition for condition, _ in branches]
    one, other = conditions[0], conditions[-1]
    if [one, other] != conditions or " and " in one + other:
        return False
    return f"not {one}" == other or f"not {other}" == one or _is_there(one) == _is_there(other)


def _is_there(condition: str) -> str:
    return condition.replace(" is not none", " is none")
