"""Jinja source: expressions and blocks, and how they are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "For",
    "If",
    "Node",
    "Set",
    "Text",
    "Write",
    "fail",
    "laid_out",
    "listed",
    "quoted",
    "raising",
]

_ESCAPES = {"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", "\t": r"\t"}


def quoted(text: str) -> str:
    r"""A text as Jinja spells it.

    >>> print(quoted("it's\n"))
    'it\'s\n'
    """
    return f"'{''.join(map(_escaped, text))}'"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def listed(texts: Iterable[str]) -> str:
    """Texts as a Jinja list.

    >>> listed(["a", "b"])
    "['a', 'b']"
    """
    return f"[{', '.join(map(quoted, texts))}]"


@dataclass(frozen=True)
class Text:
    """Constant text."""

    text: str
    generated: bool = False
    """Whether the assistant writes it."""


@dataclass(frozen=True)
class Write:
    """The value of an expression."""

    expression: str
    generated: bool = False


@dataclass(frozen=True)
class Set:
    """An assignment to a variable, or to a member of a namespace."""

    name: str
    expression: str


@dataclass(frozen=True)
class If:
    """The nodes of the first branch whose condition holds; an empty condition always does."""

    branches: tuple[tuple[str, tuple[Node, ...]], ...]


@dataclass(frozen=True)
class For:
    """Nodes for each of several things, such as ``call in calls``."""

    each: str
    nodes: tuple[Node, ...]


Node: TypeAlias = Text | Write | Set | If | For


def raising(reason: str) -> Write:
    """A node that refuses, with an expression that says why.

    >>> raising("'no'").expression
    "raise_exception('no')"
    """
    return Write(f"raise_exception({reason})")


def fail(condition: str, reason: str) -> If:
    """Raise if a condition holds; ``reason`` is an expression, added to the number of the message.

    >>> print(laid_out([fail("not content", "'there is no content'")]))
    {%- if not content %}
        {{- raise_exception(where ~ 'there is no content') }}
    {%- endif %}
    """
    return If(((condition, (raising(f"where ~ {reason}"),)),))


def _marks(node: Node) -> set[bool]:
    """Whether a node's text is generated: all of it, none of it, or some."""
    match node:
        case Text() | Write():
            # a node that only raises counts for neither
            return set() if _raises(node) else {node.generated}
        case Set():
            return set()
        case If(branches):
            return {mark for _, nodes in branches for one in nodes for mark in _marks(one)}
        case For(_, nodes):
            return {mark for one in nodes for mark in _marks(one)}


def _raises(node: Node) -> bool:
    return isinstance(node, Write) and node.expression.startswith("raise_exception")


def laid_out(nodes: Sequence[Node], depth: int = 0) -> str:
    """The nodes as source, with marks around what the assistant writes.

    >>> print(laid_out([Text("<s>"), Write("content", generated=True), Text("<e>", True)]))
    {{- '<s>' }}
    {%- generation %}
        {{- content ~ '<e>' }}
    {%- endgeneration %}
    """
    return "\n".join(_lines(nodes, depth, marked=False))


def _lines(nodes: Sequence[Node], depth: int, *, marked: bool) -> Iterable[str]:
    indent, at = "    " * depth, 0
    while at < len(nodes):
        run = _generated_run(nodes[at:]) if not marked else 0
        if run:
            yield f"{indent}{{%- generation %}}"
            yield from _lines(nodes[at : at + run], depth + 1, marked=True)
            yield f"{indent}{{%- endgeneration %}}"
            at += run
            continue
        node = nodes[at]
        if isinstance(node, Text | Write):
            stop = at + 1
            while (
                not _raises(node) and stop < len(nodes) and _joins(nodes[stop], node, marked=marked)
            ):
                stop += 1
            yield f"{indent}{{{{- {_joined(nodes[at:stop])} }}}}"
            at = stop
            continue
        yield from _block(node, depth, marked=marked)
        at += 1


def _joins(node: Node, before: Text | Write, *, marked: bool) -> bool:
    return (
        isinstance(node, Text | Write)
        and not _raises(node)
        and (marked or node.generated == before.generated)
    )


def _generated_run(nodes: Sequence[Node]) -> int:
    """How many of the first nodes are generated; nodes that write nothing are counted with them."""
    count = 0
    for number, node in enumerate(nodes, 1):
        marks = _marks(node)
        if marks == {True}:
            count = number
        elif marks or not count or isinstance(node, Set):
            break
    return count


def _block(node: Node, depth: int, *, marked: bool) -> Iterable[str]:
    indent = "    " * depth
    match node:
        case Set(name, expression):
            yield f"{indent}{{%- set {name} = {expression} %}}"
        case For(each, inside):
            yield f"{indent}{{%- for {each} %}}"
            yield from _lines(inside, depth + 1, marked=marked)
            yield f"{indent}{{%- endfor %}}"
        case If(branches):
            for number, (condition, inside) in enumerate(branches):
                word = "elif" if number else "if"
                head = f"{word} {condition}" if condition else "else"
                yield f"{indent}{{%- {head} %}}"
                yield from _lines(inside, depth + 1, marked=marked)
            yield f"{indent}{{%- endif %}}"


def _joined(nodes: Sequence[Node]) -> str:
    """The texts and expressions joined, with neighbouring texts as one."""
    parts: list[str | Write] = []
    for node in nodes:
        if isinstance(node, Write):
            parts.append(node)
        elif isinstance(node, Text):
            last = parts.pop() if parts and isinstance(parts[-1], str) else ""
            parts.append(f"{last}{node.text}")
    written = (quoted(part) if isinstance(part, str) else part.expression for part in parts)
    return " ~ ".join(written)
