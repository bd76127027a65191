"""The fields of a line as nodes: the checks first, then the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.line.calls import CallObject
from chatfmt.line.language import Calls, Field
from chatfmt.templates.around import after, before, following
from chatfmt.templates.guards import (
    crossings,
    excluded_from,
    in_parts,
    letters_of,
    misreadings,
    one_of,
)
from chatfmt.templates.source import For, If, Node, Set, Text, Write, fail, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.line.fields import Alphabet
    from chatfmt.line.language import Piece
    from chatfmt.line.words import Word
    from chatfmt.templates.around import Before
    from chatfmt.templates.shared import Shared

__all__ = ["Places"]

_VARIABLES = {
    "call.name": "call.name",
    "call.id": "tool_call.id",
    "arg.key": "key",
}
"""Field to its expression; for a field of a message, that is its name."""


class Places:
    """Writes the fields of one role's lines.

    Args:
        shared: what all lines share.
        words: field to the words that it never contains.
    """

    def __init__(self, shared: Shared, words: Mapping[str, Sequence[Word]]) -> None:
        self._shared, self._words = shared, words

    def field(
        self, piece: Field, past: set[Before], rests: Iterable[Sequence[Piece]], *, generated: bool
    ) -> Iterator[Node]:
        """The nodes of a field; ``rests`` are the pieces that can follow it."""
        rests = [*rests]
        value = _VARIABLES.get(piece.name, piece.name)
        yield from self._spelled(piece)
        if piece.name in ("call", "call.arguments", "arg.value", "arg.string") or piece.coder:
            value = "spelled"
        name = "call" if isinstance(piece.scanner, CallObject) else piece.name
        ends = {end for rest in rests for end in following(rest)}
        conditions = [*misreadings(value, self._words.get(name, ()), ends, self._shared.constants)]
        reasons = [(conditions, "would be read as structure")]
        whole = {end for rest in rests for end in after(rest)}
        spelling = [*crossings(value, self._shared.tokens, past, whole, piece.alphabet)]
        reasons.append((spelling, "spells a special token together with the text around it"))
        for found, reason in reasons:
            for some in in_parts(found):
                yield fail(one_of(some), quoted(f": {_noun(name)} {reason}"))
        if piece.alphabet is None:
            value = f"text({value}, where)"
        elif piece.name != "arg.string":
            value = self._header(piece.name, value, piece.alphabet)
        yield Write(value, generated)

    def _header(self, name: str, value: str, alphabet: Alphabet) -> str:
        """A call of the macro that checks a header field and returns it."""
        letters = letters_of(alphabet)
        if letters is not None:
            self._shared.macros.append("word_of")
            return f"word_of({value}, {quoted(letters)}, where ~ {quoted(f', {_noun(name)}')})"
        self._shared.macros.append("word")
        excluded = excluded_from(alphabet, self._shared.letters)
        most = "" if alphabet.most is None else f", {alphabet.most}"
        return f"word({value}, {quoted(excluded)}, where ~ {quoted(f', {_noun(name)}')}{most})"

    def _spelled(self, piece: Field) -> Iterator[Node]:
        """The spelling of a value, unless it is written unchanged."""
        match piece.name, piece.coder:
            case "call", _:
                yield from self._call(piece)
            case "call.arguments", "object":
                yield self._set("object(call.arguments, where)", "object")
            case "call.arguments", _:
                as_object = "object(call.arguments, where)"
                whole = f"call.arguments if call.arguments is string else {as_object}"
                yield self._set(whole, "object")
            case "arg.string", _:
                yield self._set("'true' if value is string else 'false'")
            case "arg.value", "python":
                yield Set("checked", "json(value, where, 2)")
                yield self._set("python(value, where)", "python")
            case "arg.value", None:
                yield self._set("json(value, where, 2)", "json")
            case "arg.value", coder:
                yield self._set("loose(value, where, types(call.name, key))", str(coder))
            case name, "json":
                yield self._set(f"text({name}, where) | tojson")

    def _set(self, expression: str, *macros: str) -> Set:
        self._shared.macros.extend(macros)
        return Set("spelled", expression)

    def _call(self, piece: Field) -> Iterator[Node]:
        keys = piece.scanner
        assert isinstance(keys, CallObject)  # noqa: S101 - a call has no other coder
        name, arguments = keys.quoted["name"], keys.quoted["arguments"]
        yield fail("call.name is not string", "': expected the name of a tool as text'")
        whole = (
            f"{quoted('{' + name + ': ')} ~ call.name | tojson"
            f" ~ {quoted(', ' + arguments + ': ')} ~ object(call.arguments, where)"
        )
        if keys.id is not None:
            number = f"{quoted(', ' + keys.quoted['id'] + ': ')} ~ tool_call.id | tojson"
            whole += f" ~ ({number} if tool_call.id is string else '')"
        yield self._set(f"{whole} ~ '}}'", "object")

    def calls(
        self, piece: Calls, past: set[Before], rest: Sequence[Piece], *, generated: bool
    ) -> Iterator[Node]:
        """The nodes of a list of calls."""
        again = past
        for one in (*piece.item, *piece.separator):
            again = before(again, one)
        inside: list[Node] = []
        if piece.separator:
            inside += self._separator(piece.separator, generated=generated)
        inside.append(Set("call", "tool_call.function or tool_call"))
        inside += self._ids()
        inside += self._item(piece, past | again, [rest], generated=generated)
        yield For("tool_call in message.tool_calls", tuple(inside))

    def _separator(self, pieces: Sequence[Piece], *, generated: bool) -> Iterator[Node]:
        written = "".join(getattr(one, "text", "") or one.tokens[0] for one in pieces)  # type: ignore[union-attr]
        yield If((("not loop.first", (Text(written, generated),)),))

    def _ids(self) -> Iterator[Node]:
        """The parts of an id, if a row writes the name of a tool only there."""
        shape = self._shared.format.call_ids
        if shape:
            start, _, end = shape.partition("{call.name}")
            between, _, end = end.partition("{n}")
            yield Set("begun", f"{quoted(start)} ~ call.name ~ {quoted(between)}")
            yield Set(
                "number", f"(tool_call.id or '').removeprefix(begun).removesuffix({quoted(end)})"
            )
            expected = quoted(f": expected an id of the shape {shape}, found ")
            whole = f"begun ~ number ~ {quoted(end)}"
            wrong = f"not number or number.strip('0123456789') or tool_call.id != {whole}"
            yield fail(wrong, f"{expected} ~ tool_call.id")

    def _item(
        self, piece: Calls, past: set[Before], rests: Sequence[Sequence[Piece]], *, generated: bool
    ) -> Iterator[Node]:
        """The nodes of one call, or of one argument."""
        item = piece.item
        flagged = any(isinstance(one, Field) and one.name == "arg.string" for one in item)
        for at, one in enumerate(item):
            inner = item[at + 1 :]
            ends = [(*inner, *piece.separator, *item), *((*inner, *rest) for rest in rests)]
            match one:
                case Field("arg.value") if flagged:
                    plain = "value if value is string else json(value, where, 2)"
                    yield self._set(plain, "json")
                    yield from self._said(one, past, ends, generated=generated)
                case Field():
                    yield from self.field(one, past, ends, generated=generated)
                case Calls():
                    yield from self._arguments(one, past, ends, generated=generated)
                case _:
                    yield from constant(one, generated=generated)
            past = before(past, one)

    def _said(
        self, piece: Field, past: set[Before], rests: Iterable[Sequence[Piece]], *, generated: bool
    ) -> Iterator[Node]:
        """A value next to which the line says whether it is a string."""
        nodes = [*self.field(piece, past, rests, generated=generated)]
        yield from (node for node in nodes if not isinstance(node, Set))

    def _arguments(
        self, piece: Calls, past: set[Before], rests: Sequence[Sequence[Piece]], *, generated: bool
    ) -> Iterator[Node]:
        again = past
        for one in (*piece.item, *piece.separator):
            again = before(again, one)
        inside: list[Node] = []
        if piece.separator:
            inside += self._separator(piece.separator, generated=generated)
        inside += self._item(piece, past | again, rests, generated=generated)
        yield Set("checked", "object(call.arguments, where)")
        self._shared.macros.append("object")
        yield For("key, value in call.arguments.items() if value is not none", tuple(inside))


def constant(piece: Piece, *, generated: bool) -> Iterator[Node]:
    """The node of a literal or a special token."""
    text = getattr(piece, "text", None) or getattr(piece, "tokens", ("",))[0]
    if text:
        yield Text(text, generated)


def _noun(name: str) -> str:
    owner, _, part = name.rpartition(".")
    return f"the {part}" + (
        f" of {'a call' if owner == 'call' else 'an argument'}" if owner else ""
    )
