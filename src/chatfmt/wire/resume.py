"""The rest of a message that has begun, in whatever tokens it has."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.conversation import Message
from chatfmt.errors import RenderError, shown
from chatfmt.line.choose import on_wire
from chatfmt.line.language import Next
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.utf8 import Utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatfmt.wire.binding import Binding
    from chatfmt.wire.runs import Mark
    from chatfmt.wire.spans import OpenMessage
    from chatfmt.wire.write import Renderer

__all__ = ["Begun", "close", "complete", "ends_bare"]

_HEADER = ("name", "recipient", "channel", "content_type", "call_id")


class Begun(NamedTuple):
    """A message that has begun."""

    opened: OpenMessage
    content: Message | None
    """The text read of it so far, once a text has begun."""
    ids: list[int]
    placed: list[int]
    """Its ids that are not stray."""
    within: list[int]
    """The ids before it in its envelope: none if it begins one."""
    before: str | None
    """The role of the message before it; None if it is the first."""


def complete(renderer: Renderer, begun: Begun, message: Message) -> list[int]:
    """The ids that complete the begun message as this one, including its end token and tail.

    Raises:
        RenderError: the format cannot carry it, or the begun message is not its beginning.
    """
    index = begun.opened.index
    rest = _rest(renderer, begun, message)
    if rest is None or not _reads_as(renderer.binding, begun, rest, message):
        field, stands, expected = _disagreement(begun, message)
        raise RenderError(
            f"the message is open, and {stands}; expected the whole message, {expected}. If this "
            "is another message, end the open one first, with append() without messages",
            renderer.format.name,
            index,
            field,
        )
    return rest


def close(renderer: Renderer, begun: Begun) -> list[int]:
    """The ids that end the begun message with as little as the format needs.

    If its header is beyond repair, that is the bare end of a message.
    """
    role = begun.opened.role
    for number, message in enumerate(_ends(renderer.binding, begun)):
        try:
            rest = _rest(renderer, begun, message)
        except RenderError:  # the format has no place for this attempt
            continue
        # the first adds nothing, so that ids that are not well-formed text do no harm
        is_unended = _is_unended(renderer.binding, role)
        if (
            (rest or is_unended)
            and rest is not None
            and (not number or _reads_as(renderer.binding, begun, rest, message))
        ):
            return rest
    return renderer.closing(role or "")


def _ends(binding: Binding, begun: Begun) -> Iterator[Message]:
    """The possible messages if nothing more is added: as it is, then with a field ended."""
    opened = begun.opened
    fields = {name: getattr(opened, name) for name in _HEADER}
    as_it_is = begun.content or Message.model_validate({"role": opened.role, **fields})
    yield as_it_is
    if as_it_is.reasoning is None:
        yield as_it_is.model_copy(update={"reasoning": ""})
    if opened.part != "header":
        return
    run = _runs(binding, begun.placed)[-1:]
    if run and isinstance(run[0], str):
        values = [run[0][at.end() :] for at in re.finditer(r"^|\W", run[0])]
        for name in _fields_at_end(binding, begun):  # of no other has a value begun
            yield from (as_it_is.model_copy(update={name: value}) for value in values if value)


def _fields_at_end(binding: Binding, begun: Begun) -> list[str]:
    """The header fields that the text at the end may belong to."""
    parser = StreamParser(binding, strict=False, prologue=False, before=begun.before)
    parser.feed_all([*begun.within, *begun.ids])
    fields = {place.meaning.field for place in parser._reader.places()}
    return [name for name in _HEADER if name in fields and getattr(begun.opened, name) is None]


def _rest(renderer: Renderer, begun: Begun, message: Message) -> list[int] | None:
    """The ids of the message from where it has begun; None if it begins differently.

    If the begun text ends inside text that would be encoded as one, it is encoded from there on.
    """
    index = begun.opened.index
    runs = _runs(renderer.binding, begun.placed)
    rest: list[int] = []
    for piece, ids in _pieces(renderer, begun, message):
        stands = runs[0] if runs else ""
        if stands == "":
            rest += renderer.encode(str(piece), index) if ids is None else ids
        elif isinstance(piece, int) or isinstance(stands, int):
            if piece != stands:
                return None
            del runs[0]
        elif stands.startswith(piece):
            runs[:1] = [left] if (left := stands[len(piece) :]) else []
        elif piece.startswith(stands) and len(runs) == 1:
            del runs[0]
            rest += renderer.encode(piece[len(stands) :], index)
        else:
            return None
    return None if runs else rest


def _pieces(
    renderer: Renderer, begun: Begun, message: Message
) -> Iterator[tuple[str | int, list[int] | None]]:
    """Special tokens, and texts that are each encoded as one; the content's ids are left out."""
    within = message.role if begun.within else None
    [frame] = renderer.frames(
        [message], begun.opened.index, before=begun.before, within=within, close=False
    )
    binding = renderer.binding
    yield from _framed(binding, frame.head, _prompt_ends(frame.head_marks))
    if text := frame.text(message):
        yield text, None
    yield from _framed(binding, frame.close, _prompt_ends(frame.close_marks))


def _prompt_ends(marks: list[Mark]) -> list[int]:
    """Where the model begins to write."""
    return [now[0] for before, now in pairwise(marks) if before[3] != now[3]]


def _framed(
    binding: Binding, ids: list[int], cuts: list[int]
) -> Iterator[tuple[str | int, list[int]]]:
    start = 0
    for stop in range(1, len(ids) + 1):
        special = ids[stop - 1] in binding.spellings
        border = stop == len(ids) or stop in cuts or special or ids[stop] in binding.spellings
        if border:
            run = ids[start:stop]
            yield run[0] if special else b"".join(map(binding.spell, run)).decode(), run
            start = stop


def _runs(binding: Binding, ids: Sequence[int]) -> list[str | int]:
    """Special tokens, and the text between them as the parser reads it.

    An incomplete character at the end is left out.
    """
    runs: list[str | int] = []
    for special, tokens in groupby(ids, binding.spellings.__contains__):
        if special:
            runs += tokens
        else:
            text, _ = Utf8().feed(b"".join(map(binding.spell, tokens)), 0)
            runs += [text] if text else []
    return runs


def _reads_as(binding: Binding, begun: Begun, rest: list[int], message: Message) -> bool:
    parser = StreamParser(binding, strict=False, prologue=False, before=begun.before)
    parser.feed_all([*begun.within, *begun.ids, *rest])
    whole = not parser.missing
    if _is_unended(binding, message.role):
        whole = whole and parser.may_end
        parser.close()
    else:
        whole = whole and parser.open is None
    lines = binding.format.lines_of.get(message.role, ())
    last = parser.messages if not begun.within else parser.messages[-1:]
    return whole and last == [on_wire(lines, message)]


def _is_unended(binding: Binding, role: str | None) -> bool:
    """Whether messages of this role end where the next begins."""
    lines = binding.format.lines_of.get(role or "", ())
    return bool(lines) and lines[0].pieces[-1] == Next()


def ends_bare(binding: Binding, parser: StreamParser) -> bool:
    """Whether the open message ends, when it must, without an id that shows it."""
    opened = parser.open
    return opened is not None and (parser.may_end or _is_unended(binding, opened.role))


def _disagreement(begun: Begun, message: Message) -> tuple[str | None, str, str]:
    """The field that differs, its value so far, and the expected value."""
    opened, content = begun.opened, begun.content
    for name in _HEADER:
        stands = getattr(opened, name)
        if stands != getattr(message, name) and (stands is not None or opened.part != "header"):
            return name, _stands(name, stands), _found(name, getattr(message, name))
    for name in ("reasoning", "content"):
        stands = getattr(content, name) if content else None
        value = getattr(message, name)
        whole = name == "reasoning" and opened.part == "content"
        if value != stands if whole else not (value or "").startswith(stands or ""):
            begins = "is" if whole else "begins with"
            return (
                name,
                f"its {name} {begins} {shown(stands)}",
                f"whose {name} {begins} that, found {shown(value)}",
            )
    return None, "its ids are not the beginning of the message", "that agrees with them"


def _stands(name: str, value: str | None) -> str:
    return f"it has no {name}" if value is None else f"its {name} is {shown(value)}"


def _found(name: str, value: str | None) -> str:
    return f"with the same {name}, found {'none' if value is None else shown(value)}"
