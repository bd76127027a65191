"""The word ``tools`` of a preparation as nodes of a template: definitions as JSON, in a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.prepare.spelling import NAMED
from chatfmt.templates.rewritten import ALL
from chatfmt.templates.source import For, If, Node, Set, quoted, raising

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.prepare.definitions import Tools
    from chatfmt.prepare.spelling import Spelling

__all__ = ["checked_tools", "tool_nodes"]


def checked_tools() -> For:
    """Refuse definitions as `chatfmt.prepare.schemas` does, but look into no schema.

    >>> checked_tools().each
    'tool in tools or []'
    """
    function = Set("function", "tool.get('function', tool) if tool is mapping else tool")
    branches = [
        (f"function.get({quoted(name)}) {wrong}", f"{expected} as its {name}")
        for name, wrong, expected in (
            ("name", "is not string or not function.name", "text"),
            ("description", "is not none and function.description is not string", "text"),
            ("parameters", "is not none and function.parameters is not mapping", "an object"),
            ("input_schema", "is not none and function.input_schema is not mapping", "an object"),
        )
    ]
    nodes = (
        (wrong, (raising(f"'tools[' ~ loop.index0 ~ {quoted(f']: expected {expected}')}"),))
        for wrong, expected in (("function is not mapping", "a function as an object"), *branches)
    )
    return For("tool in tools or []", (function, If((*nodes,))))


def tool_nodes(word: Tools) -> Iterator[Node]:
    """The nodes that put the definitions into a message, if there are any."""
    if word.spelling.kind != "json":
        reason = (
            f"the word tools of the preparation spells definitions as {word.spelling.kind}, "
            "which a template cannot do"
        )
        yield If((("tools", (raising(quoted(reason)),)),))
        return
    yield If((("tools", (*_spelled(word.spelling), *_placed(word), _put(word))),))


def _spelled(spelling: Spelling) -> Iterator[Node]:
    """Set ``made.text`` to the definitions as text."""
    arguments = []
    if spelling.indent is not None:
        arguments.append(f"indent={spelling.indent}")
    if spelling.compact:
        arguments.append("separators=(',', ':')")
    if spelling.sorted_keys:
        arguments.append("sort_keys=true")
    tojson = "tojson" + (f"({', '.join(arguments)})" if arguments else "")
    one = "tool.get('function', tool)" if spelling.function else "tool"
    after = [quoted(spelling.after)] * bool(spelling.after)
    if spelling.whole:
        before = [quoted(spelling.before)] * bool(spelling.before)
        each = "tools"
        if spelling.function:
            yield Set("made.messages", "[]")
            yield For("tool in tools", (Set("made.messages", f"made.messages + [{one}]"),))
            each = "made.messages"
        yield Set("made.text", " ~ ".join((*before, f"{each} | {tojson}", *after)))
        return
    between = f"({quoted(spelling.between)} if not loop.first else '')"
    text = " ~ ".join(
        ("made.text", between, *_before(spelling.before), f"{one} | {tojson}", *after)
    )
    yield Set("made.text", "''")
    yield For("tool in tools", (Set("made.text", text),))


def _before(text: str) -> Iterator[str]:
    for at, part in enumerate(NAMED.split(text)):
        if at % 2:
            yield f"(tool.get('function', tool).get({quoted(part)}) or '')"
        elif part:
            yield quoted(part)


def _placed(word: Tools) -> Iterator[Node]:
    """Set ``made.at`` to the message that will hold the definitions; it may be a new one."""
    role = quoted(word.role)
    new = f"{{'role': {role}, 'content': '', 'reasoning_content': none}}"
    added = Set(ALL, f"{ALL}[:made.at] + [{new}] + {ALL}[made.at:]")
    is_second = f"{ALL} and {ALL}[0].role == 'system'"
    at = Set("made.at", f"1 if {is_second} else 0" if word.after_system else "0")
    if word.into == "message":
        yield from (at, added)
    elif word.into == "system":
        yield Set("made.at", "0")
        missing = f"not ({ALL} and {ALL}[0].role == {role})"
        yield If(((missing, (at, added)),))
    else:
        wanted = role if word.into == "inserted" else "'user'"
        first = "" if word.into == "last_user" else " and made.at < 0"
        found = f"message.role == {wanted}{first}"
        yield Set("made.at", "-1")
        yield For(f"message in {ALL}", (If(((found, (Set("made.at", "loop.index0"),)),)),))
        if word.into == "inserted":
            yield If((("made.at < 0", (at, added)),))
        else:
            reason = quoted("expected a message of the user to hold the tools, found none")
            yield If((("made.at < 0", (raising(reason),)),))


def _put(word: Tools) -> Set:
    message = f"{ALL}[made.at]"
    if word.field == "tools":
        changed = f"dict({message}, tools=made.text)"
    else:
        before = [quoted(word.before)] * bool(word.before)
        after = [quoted(word.after)] * bool(word.after)
        text = " ~ ".join((*before, "made.text", *after))
        between = [f"({quoted(word.between)} if {message}.content else '')"] * bool(word.between)
        given = f"{message}.content"
        parts = (text, *between, given) if word.place == "before" else (given, *between, text)
        changed = f"dict({message}, content={' ~ '.join(parts)})"
    return Set(ALL, f"{ALL}[:made.at] + [{changed}] + {ALL}[made.at + 1:]")
