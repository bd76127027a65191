"""Transcripts of a conversation, of ids, and of what was saved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import NothingToTrainError, shown
from chatfmt.prepare.prepared import Prepared
from chatfmt.transcript.again import Start
from chatfmt.transcript.saved import read_saved
from chatfmt.transcript.transcript import Transcript
from chatfmt.wire.ids import as_ids
from chatfmt.wire.read.parser import StreamParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatfmt.conversation import Conversation
    from chatfmt.training.examples import TrainingExample
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.write import Renderer

__all__ = ["of_transcript", "parsed", "rendered", "restore"]


def rendered(renderer: Renderer, conversation: Conversation) -> Transcript:
    """What `ChatTokenizer.render` gives.

    Raises:
        RenderError: the format cannot carry it.
    """
    transcript = Transcript(
        renderer,
        ids=list(renderer.prologue),
        spans=list(renderer.prologue_spans),
        messages=list(conversation.messages),
        metadata=conversation.metadata,
        tools=conversation.tools,
        prepared=isinstance(conversation, Prepared),
    )
    renderer.extend_with_spans(transcript.ids, transcript.spans, conversation.messages)
    return transcript


def parsed(
    renderer: Renderer,
    ids: Iterable[int],
    *,
    strict: bool,
    allow_open: bool,
    prologue: bool,
    tools: Iterable[Mapping[str, Any]],
) -> Transcript:
    """What `ChatTokenizer.parse` gives; the arguments are its.

    Raises:
        ParseError: strict, and the ids are not what the format writes.
        TypeError: one of them is not an integer.
    """
    taken, definitions = list(as_ids(ids)), tuple(dict(tool) for tool in tools)
    parser = StreamParser(renderer.binding, strict=strict, prologue=prologue)
    parser.know_tools(definitions)
    parser.feed_all(taken)
    opened, partial, complete = parser.open, parser.open_content, len(parser.messages)
    missing = parser.missing
    if parser.may_end and not missing and opened is not None:
        # It has no end token, so it is whole; but the model can continue with its own, and a token
        # that stopped it has begun the next.
        goes_on = allow_open and opened.role in renderer.format.prompted
        if not (goes_on or parser.is_stopped):
            parser.close()
            opened, partial, complete = None, None, len(parser.messages)
    elif opened is None and not missing and parser.is_within_character:
        # No header tells whose it is, so nothing could go on with it: it is a message, or stray.
        parser.close()
        partial, complete = None, len(parser.messages)
    elif not allow_open:
        parser.close()
        partial = next(iter(parser.messages[complete:]), None)
    return Transcript(
        renderer,
        ids=taken,
        spans=parser.spans,
        messages=parser.messages[:complete],
        issues=parser.issues,
        partial=partial,
        unfinished=opened is not None or bool(missing),
        starts=[Start(0, prologue=prologue)],
        tools=definitions,
    )


def restore(renderer: Renderer, saved: dict[str, Any]) -> Transcript:
    """The transcript that `Transcript.to_dict` has saved.

    Raises:
        TranscriptError: it belongs to another format or encoding, or is damaged.
    """
    state = read_saved(renderer, saved)
    return Transcript(
        renderer.for_tools(state.tools),
        ids=state.ids,
        spans=state.spans,
        messages=state.messages,
        issues=state.issues,
        metadata=state.metadata,
        logprobs=state.logprobs,
        partial=state.partial,
        unfinished=state.unfinished,
        prompted=state.prompted,
        starts=state.starts,
        tools=tuple(state.tools),
        prepared=state.prepared,
    )


def of_transcript(
    transcript: Transcript,
    *,
    train_on: TrainOn,
    train_end: bool,
    ignore_index: int,
    allow_untrained: bool,
    is_alone: bool,
) -> TrainingExample:
    """What `ChatTokenizer.encode_for_training` makes of a transcript.

    ``is_alone``: nothing was asked for that would need other ids.

    Raises:
        ValueError: something was.
        NothingToTrainError: every weight is 0.
    """
    if not is_alone:
        raise ValueError(
            "the ids of a transcript are taken as they are: expected train_on, train_end, "
            "ignore_index and allow_untrained alone; Transcript.samples() gives the sequences of "
            "prompts that were prepared anew"
        )
    example = transcript.training_example(train_on, train_end=train_end, ignore_index=ignore_index)
    if not any(example.weights) and not allow_untrained:
        raise NothingToTrainError(
            "expected something to train, found that no id of this transcript has a weight "
            f"(train_on={shown(train_on)}, train_end={train_end}): leave it out, or let it pass "
            "with allow_untrained=True"
        )
    return example
