"""Nodes with which a template rewrites ``prepared.messages``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.templates.source import For, If, Node, Set, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ALL", "add", "each", "last"]

ALL = "prepared.messages"
"""The messages as the words so far have left them."""


def each(*nodes: Node) -> Iterator[Node]:
    """Make the messages again one by one: the nodes add to ``made.messages``.

    >>> [type(node).__name__ for node in each(add("message"))]
    ['Set', 'For', 'Set']
    """
    yield Set("made.messages", "[]")
    yield For(f"message in {ALL}", nodes)
    yield Set(ALL, "made.messages")


def add(expression: str) -> Set:
    """Add one message to ``made.messages``.

    >>> add("message").expression
    'made.messages + [message]'
    """
    return Set("made.messages", f"made.messages + [{expression}]")


def last(role: str) -> Iterator[Node]:
    """Set ``made.at`` to the place of the last message of a role; -1 if there is none.

    >>> next(last("user"))
    Set(name='made.at', expression='-1')
    """
    yield Set("made.at", "-1")
    found = If(((f"message.role == {quoted(role)}", (Set("made.at", "loop.index0"),)),))
    yield For(f"message in {ALL}", (found,))
