"""Saved transcripts: their fields, and checks that these agree."""

from __future__ import annotations

import math
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, ValidationError, field_serializer

from chatfmt.conversation import Message
from chatfmt.errors import Issue, TranscriptError, shown
from chatfmt.line.choose import on_wire
from chatfmt.transcript.again import Start, before, cut_out, feed_again
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
    starts: list[Start]
    logprobs: list[float | None]
    partial: Message | None
    unfinished: StrictBool
    prompted: tuple[str, int] | None = None
    tools: list[dict[str, Any]] = []
    prepared: StrictBool = False

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
    except RecursionError:  # of an error that quotes a value of thousands of levels
        reason = "expected fewer levels of nesting, found thousands"
        raise TranscriptError(f"this is not a saved transcript: {reason}") from None
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        more = f"; and {len(others):,} more like it" if others else ""
        where = ".".join(map(str, first["loc"]))
        raise TranscriptError(
            f"this is not a saved transcript: {where}: {first['msg']}, found "
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
        raise TranscriptError(f"the spans do not cover exactly the {len(state.ids)} ids")
    prompts = [(start.role, start.position) for start in state.starts if start.role is not None]
    for role, position in [*prompts, *([state.prompted] if state.prompted else [])]:
        if role not in binding.format.templates or not 0 <= position <= len(state.ids):
            raise TranscriptError(
                f"expected a role of format {binding.format.name} that was prompted, and where in "
                f"the {len(state.ids)} ids; found {shown([role, position])}"
            )
    positions = [start.position for start in state.starts]
    ordered = positions == sorted(positions) and positions[-1:] <= [len(state.ids)]
    if positions[:1] != [0] or state.starts[0].role is not None or not ordered:
        raise TranscriptError(
            f"expected the positions in the {len(state.ids)} ids at which reading began, in order "
            f"and from 0 on; found {shown(positions)}"
        )
    _verify(renderer, state)
    return state


def _verify(renderer: Renderer, state: Saved) -> None:
    """Read the ids again: they must say what the spans and the messages say."""
    if difference := _difference(renderer, state):
        raise TranscriptError(f"ids, messages and spans do not agree: {difference}")


def _read(
    renderer: Renderer, state: Saved, messages: list[Message], spans: list[Span]
) -> StreamParser:
    """Read the ids again into these lists; the parser after the last one."""
    parser = StreamParser(renderer.binding, strict=False)
    for nth, starts in enumerate(runs := _runs(state.starts)):
        parser.close(followed=True)
        start = starts[0]
        stop = runs[nth + 1][0].position if nth + 1 < len(runs) else len(state.ids)
        parser = StreamParser(
            renderer.binding,
            strict=False,
            prologue=start.prologue,
            position=start.position,
            messages=messages,
            spans=spans,
            **before(renderer.binding, messages, spans, state.ids),
        )
        parser.know_tools(state.tools)
        feed_again(parser, state.ids, cut_out(state.spans, start.position, stop), starts[1:])
    return parser


def _difference(renderer: Renderer, state: Saved) -> str | None:
    messages: list[Message] = []
    spans: list[Span] = []
    parser = _read(renderer, state, messages, spans)
    complete, missing = len(messages), bool(parser.missing)
    opened, begun, standing = parser.open, parser.open_content, _by_id(spans)
    may_end = resume.ends_bare(renderer.binding, parser) and not (missing or state.unfinished)
    half = opened is None and not missing and parser.is_within_character
    may_end = may_end or (half and not state.unfinished)
    parser.close()  # as a parse has it that was not to be open: half a character is placed then
    if may_end:
        complete, opened = len(messages), None
    saved_spans = _by_id(state.spans)
    found = _first_difference(standing, saved_spans)
    if found and _first_difference(_by_id(spans), saved_spans):
        return f"id {found[0]} is in the {_place(found[1])}, but saved was the {_place(found[2])}"
    lines = renderer.format.lines_of
    saved = [
        said if said == read else on_wire(lines.get(said.role, ()), said)
        for said, read in zip_longest(state.messages, messages[:complete])
        if said is not None
    ]
    if found := _first_difference(messages[:complete], saved):
        return f"message {found[0]} reads {shown(found[1])}, but saved was {shown(found[2])}"
    unfinished = opened is not None or missing or (half and not may_end)
    if unfinished != state.unfinished:
        return f"the ids end {'with' if unfinished else 'without'} something missing"
    ended = next(iter(messages[complete:]), None)
    if state.partial not in (begun, ended):
        return f"the open message reads {shown(begun)}, but saved was {shown(state.partial)}"
    return None


def _runs(starts: Iterable[Start]) -> list[list[Start]]:
    """Each position at which reading began, with those of the prompts that were read from there."""
    runs: list[list[Start]] = []
    for start in starts:
        if start.role is None:
            runs.append([])
        runs[-1].append(start)
    return runs


def _by_id(spans: Iterable[Span]) -> list[tuple[Any, ...]]:
    return [span[2:5] for span in spans for _ in range(span.start, span.stop)]


def _first_difference(found: Sequence[Any], saved: Sequence[Any]) -> tuple[Any, Any, Any] | None:
    pairs = zip_longest(found, saved)
    return next(((at, one, two) for at, (one, two) in enumerate(pairs) if one != two), None)


def _place(place: tuple[Any, ...]) -> str:
    message, part, generated = place
    of = "" if message is None else f" of message {shown(message)}"
    return f"{part}{of}, {'' if generated else 'not '}generated"
