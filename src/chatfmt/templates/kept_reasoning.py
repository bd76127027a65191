"""The word ``reasoning`` of a preparation as nodes of a template: which answers keep theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.templates.rewritten import ALL, add, each, last
from chatfmt.templates.source import For, If, Node, Set, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.prepare.reasoning import Reasoning

__all__ = ["reasoning_nodes"]


def reasoning_nodes(word: Reasoning) -> Iterator[Node]:
    """The nodes for the word: answers from ``made.at`` on keep their thinking."""
    is_answer = (
        "message.role == 'assistant' and not message.tool_calls"
        " and message.get('recipient') is none and message.get('channel') in [none, 'final']"
    )
    match word.keep:
        case "all":
            yield Set("made.at", "0")
        case "none":
            yield Set("made.at", f"{ALL} | length")
        case "after_last_user":
            yield from last("user")
        case "after_last_answer":
            yield Set("made.at", "0")
            after = If(((is_answer, (Set("made.at", "loop.index"),)),))
            yield For(f"message in {ALL}", (after,))
    is_reasoning = (
        "message.role == 'assistant' and message.get('channel') == 'analysis'"
        " and not message.tool_calls and message.get('recipient') is none and loop.index0 < made.at"
    )
    branches = [
        (is_reasoning, ()),
        ("message.role == 'assistant'", (*_answer(word), add("one.message"))),
        ("", (add("message"),)),
    ]
    yield from each(If((*branches,)))


def _answer(word: Reasoning) -> Iterator[Node]:
    """The nodes that make an answer with the thinking that it keeps, as ``one.message``."""
    yield Set("one", "namespace(message=message)")
    there = "message.reasoning_content is not none"
    branches = []
    if not word.blank:
        none = Set("one.message", "dict(message, reasoning_content=none)")
        branches.append((f"{there} and not message.reasoning_content.strip()", (none,)))
    if word.keep != "all":
        dropped = "none" if word.dropped is None else quoted(word.dropped)
        leaves = f"{quoted(word.leaves)} ~ message.content"
        text = f"message.content if message.tool_calls else {leaves}"
        more = f", content={text}" if word.leaves else ""
        forgotten = Set("one.message", f"dict(message, reasoning_content={dropped}{more})")
        branches.append((f"{there} and loop.index0 < made.at", (forgotten,)))
    if branches:
        yield If((*branches,))
    if word.empty == "none":
        return
    terms = ["one.message.reasoning_content is none"]
    if word.empty == "kept":
        terms.append("loop.index0 >= made.at")
    if not word.after_results:
        terms.append("(loop.first or loop.previtem.role != 'tool')")
    filled = Set("one.message", "dict(one.message, reasoning_content='')")
    yield If(((" and ".join(terms), (filled,)),))
