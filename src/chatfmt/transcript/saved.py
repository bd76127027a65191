"""Saved transcripts: their fields, and checks that these agree."""

from __future__ import annotations

import math
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError, field_serializer

from chatfmt.conversation import Message
from chatfmt.errors import Issue, TranscriptError, shown
from chatfmt.line.choose import on_wire
from chatfmt.transcript.again import end_to_go_on_from, feed_again
from chatfmt.wire import resume
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spans import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.wire.write import Renderer

__all__ = ["Saved", "read_saved"]


class Saved(BaseModel):
    """A saved transcript."""

    model_config = ConfigDict(extra="forbid")

    format: dict[str, Any]
    encoding: str
    ids: list[StrictInt]
    spans: list[Span]
    messages: list[Message]
    issues: list[Issue]
    metadata: dict[str, Any]
    logprobs: list[float | None]
    partial: Message | None
    unfinished: bool
    prompted: tuple[str, int] | None = None
    tools: list[dict[str, Any]] = []
    prepared: bool = False

    @field_serializer("logprobs", when_used="json")
    def _as_json(self, logprobs: list[float | None]) -> list[float | str | None]:
        return [x if x is None or math.isfinite(x) else str(x) for x in logprobs]


def read_saved(renderer: Renderer, saved: dict[str, Any]) -> Saved:
    """Verify a saved transcript.

    Raises:
        TranscriptError: it belongs to another format or encoding, or is damaged.
    """
    try:
        state = Saved.model_validate(saved)
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        more = f"; and {len(others):,} more like it" if others else ""
        where = ".".join(map(str, first["loc"]))
        raise TranscriptError(
            f"this is no saved transcript: {where}: {first['msg']}, found "
            f"{shown(first['input'])}{more}"
        ) from None
    binding = renderer.binding
    if state.format != binding.format.row():
        raise TranscriptError(
            f"the transcript was saved in format {shown(state.format.get('name'))}, which differs "
            f"from this tokenizer's format {binding.format.name}"
        )
    if state.encoding != binding.encoding.fingerprint:
        raise TranscriptError(
            "the transcript was saved with another encoding: expected the fingerprint "
            f"{binding.encoding.fingerprint}, found {shown(state.encoding)}"
        )
    if len(state.logprobs) > len(state.ids):
        raise TranscriptError(
            f"expected at most {len(state.ids)} logprobs, one for each id, found "
            f"{len(state.logprobs)}"
        )
    borders = [0, *(span.stop for span in state.spans)]
    tiles = [span.start for span in state.spans] == borders[:-1] and borders == sorted({*borders})
    if not tiles or borders[-1] != len(state.ids):
        raise TranscriptError(f"the spans do not tile the {len(state.ids)} ids")
    role, position = state.prompted or (next(iter(binding.format.templates)), 0)
    if role not in binding.format.templates or not 0 <= position <= len(state.ids):
        raise TranscriptError(
            f"expected a role of format {binding.format.name} that was prompted, and where in the "
            f"{len(state.ids)} ids; found {shown(state.prompted)}"
        )
    _verify(renderer, state)
    return state


def _verify(renderer: Renderer, state: Saved) -> None:
    """Read the ids again: they must agree with the spans and the messages.

    Two things were not saved: whether the ids began with the prologue, and, for ids of no message,
    where each chunk ended.
    """
    first = state.spans[0].part if state.spans else "prologue"
    differences = [
        _difference(renderer, state, prologue=prologue)
        for prologue in ((True, False) if first == "prologue" else (False, True))
    ]
    if all(differences):
        raise TranscriptError(f"ids, messages and spans do not agree: {differences[0]}")


def _difference(renderer: Renderer, state: Saved, *, prologue: bool) -> str | None:
    messages: list[Message] = []
    spans: list[Span] = []

    def parser_at(position: int, goes_on: str | None, before: str | None) -> StreamParser:
        unended = before in renderer.format.unended and spans[-1].part != "end"
        parser = StreamParser(
            renderer.binding,
            strict=False,
            prologue=prologue and not position,
            position=position,
            goes_on=goes_on,
            before=before,
            unended=unended,
            messages=messages,
            spans=spans,
        )
        parser.know_tools(state.tools)
        return parser

    roles = {i: message.role for i, message in enumerate(state.messages)}
    if state.prompted is not None:
        roles[len(state.messages)] = state.prompted[0]
    parser = parser_at(0, None, None)
    index = None
    for following, run in groupby(state.spans, lambda span: span.message):
        ranges = [*run]
        start = ranges[0].start
        whole = parser.open is None and not parser.missing and not parser.in_envelope
        # a message without a header may consist of half a character
        whole = whole and not (parser.is_within_character and index == len(messages))
        if start and whole:  # as when a transcript continues
            goes_on = end_to_go_on_from(renderer.binding, spans, state.ids)
            before = messages[-1].role if messages else None
            parser = parser_at(start, before if goes_on else None, before)
        feed_again(parser, state.ids, ranges, roles)
        index = following
    complete, missing = len(messages), bool(parser.missing)
    opened, begun, standing = parser.open, parser.open_content, _by_id(spans)
    may_end = resume.ends_bare(renderer.binding, parser) and not (missing or state.unfinished)
    may_end = may_end or (opened is None and not missing and parser.is_within_character)
    parser.close()  # as in a parse that must not be open, which places half a character
    if may_end:
        complete, opened = len(messages), None
    saved_spans = _by_id(state.spans)
    found = _first_difference(standing, saved_spans)
    if found and _first_difference(_by_id(spans), saved_spans):
        return f"id {found[0]} is in the {_place(found[1])}, saved was the {_place(found[2])}"
    lines = renderer.format.lines_of
    saved = [on_wire(lines.get(message.role, ()), message) for message in state.messages]
    if found := _first_difference(messages[:complete], saved):
        return f"message {found[0]} reads {shown(found[1])}, saved was {shown(found[2])}"
    unfinished = opened is not None or missing
    if unfinished != state.unfinished:
        return f"the ids end {'with' if unfinished else 'without'} something missing"
    ended = next(iter(messages[complete:]), None)
    if state.partial not in (begun, ended):
        return f"the open message reads {shown(begun)}, saved was {shown(state.partial)}"
    return None


def _by_id(spans: Iterable[Span]) -> list[tuple[Any, ...]]:
    return [span[2:5] for span in spans for _ in range(span.start, span.stop)]


def _first_difference(found: Sequence[Any], saved: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    pairs = zip_longest(found, saved)
    return next(((at, one, two) for at, (one, two) in enumerate(pairs) if one != two), None)


def _place(place: tuple[Any, ...]) -> str:
    message, part, generated = place
    of = "" if message is None else f" of message {message}"
    return f"{part}{of}, {'' if generated else 'not '}generated"
