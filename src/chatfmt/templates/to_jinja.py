"""A format as a Hugging Face chat template, which writes what the row writes, or raises.

A template is given messages as OpenAI's dicts. Where a call's arguments have to be a JSON object,
they are given as one, because a template cannot read JSON; text is refused. Everything else that
the row refuses is refused too, and so is a member of a message that has no place, or a text that
spells a special token: in the text that a template writes, the two would look the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.language import Field, Literal, flat
from chatfmt.templates.lines import message_nodes
from chatfmt.templates.macros import text_macro, with_needed
from chatfmt.templates.preparing import VALUE, prepared_nodes
from chatfmt.templates.prompts import prompt_nodes
from chatfmt.templates.shared import Shared, read_field
from chatfmt.templates.source import (
    For,
    If,
    Node,
    Set,
    Text,
    fail,
    laid_out,
    listed,
    quoted,
    raising,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.line.format import ChatFormat

__all__ = ["to_jinja"]

_MEMBERS = {
    "reasoning": ("reasoning_content", "reasoning", "thinking"),
    "tool_calls": ("tool_calls",),
    "call_id": (),  # every message may have one
    "content": (),
    "role": (),
}
"""Field to the members of a message that give it; others have one of the same name."""


def to_jinja(
    format: ChatFormat, *, special_tokens: Iterable[str] = (), prepare: bool = False
) -> str:
    """The chat template of a format, for transformers and whatever else renders such.

    What it writes with ``messages`` is the text of `ChatTokenizer.encode`, and with
    ``add_generation_prompt`` that of `ChatTokenizer.encode_prompt`, for ``enable_thinking`` as the
    argument ``thinking``; it knows the row's preparation only with ``prepare``. With
    ``training`` a last message of the assistant ends as in `ChatTokenizer.encode_for_training`.
    What ``{% generation %}`` marks is what has weight there.

    Args:
        format: the format.
        special_tokens: further special tokens of the vocabulary that no text may spell.
        prepare: whether the template also does what `ChatTokenizer.prepare` does, with ``tools``
            and with the values of the row as variables.

    >>> import chatfmt
    >>> to_jinja(chatfmt.get_format("phi-4")).splitlines()[0]
    '{%- macro text(value, where) %}'

    Raises:
        FormatError: something of the format, or a word of its preparation, cannot be said in a
            template.
    """
    tokens = [*dict.fromkeys((*format.special_tokens, *special_tokens))]
    shared = Shared(format, tokens)
    body = tuple(_body(shared))
    prologue = "".join(
        piece.text if isinstance(piece, Literal) else piece.tokens[0]
        for piece in format.prologue_pieces
    )
    nodes: list[Node] = [Text(prologue)] if prologue else []
    if shared.has_state:
        nodes.append(Set("state", "namespace(goes_on=false)"))
    given = "messages"
    if prepare:
        given = "prepared.messages"
        nodes[:0] = prepared_nodes(format)
    nodes.append(For(f"message in {given}", body))
    prompts = [*prompt_nodes(format, given)]
    if prompts:
        nodes.append(If((("add_generation_prompt", tuple(prompts)),)))
    head = [text_macro(tokens), *with_needed(dict.fromkeys(shared.macros)), _places(format)]
    if prepare:
        head.append(VALUE)
    head += [
        f"{{%- set {name} = {quoted(text)} %}}" for text, name in shared.constants.names.items()
    ]
    return "\n".join([*head, laid_out(nodes), ""])


def _places(format: ChatFormat) -> str:
    """Which members a message of each role may have."""
    rows = []
    for role, lines in format.lines_of.items():
        fields = dict.fromkeys(field for line in lines for field in line.fields)
        if role == "tool":
            fields["name"] = None  # an annotation, where no line has it
        members = [one for field in fields for one in _members(field)]
        rows.append(f"{quoted(role)}: {listed(dict.fromkeys(members))}")
    return "{%- set places = {" + ", ".join(rows) + "} %}"


def _members(field: str) -> tuple[str, ...]:
    if field.startswith(("call", "arg")) and field != "call_id":
        return ("tool_calls",)
    return _MEMBERS.get(field, (field,))


def _body(shared: Shared) -> Iterator[Node]:
    """The nodes of each message."""
    row = shared.format
    yield Set("where", "'message ' ~ loop.index0")
    known = quoted(f": expected a role of {', '.join(row.lines_of)}, found ")
    yield fail("message.role not in places", f"{known} ~ message.role")
    always = listed(["role", "content", "tool_call_id"])
    has = "message[field] is not none and message[field] != []"
    place = f"field not in places[message.role] + {always}"
    no_place = "': no place for ' ~ field ~ ' in a message of role ' ~ message.role"
    yield For(
        f"field in message if {has} and {place}",
        (raising(f"where ~ {no_place}"),),
    )
    if shared.looks_around:
        yield Set("before", "loop.previtem.role if not loop.first else 'start'")
        yield Set("after", "loop.nextitem.role if not loop.last else 'end'")
    used = dict.fromkeys(
        piece.name
        for some in row.lines_of.values()
        for line in some
        for piece in flat(line.pieces)
        if isinstance(piece, Field)
    )
    fixed = [name for some in row.lines_of.values() for one in some for name, _ in one.fixed]
    for field in dict.fromkeys((*used, *fixed)):
        if "." not in field and field not in ("role", "call"):
            yield from read_field(field)
    yield from message_nodes(shared)
