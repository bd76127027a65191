"""The sequences that a model saw and wrote, if each of its prompts was prepared separately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar

from chatfmt.conversation import Conversation
from chatfmt.errors import RenderError
from chatfmt.prepare.prepared import prepare
from chatfmt.transcript.replies import Replies
from chatfmt.wire.alone import reads

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from chatfmt.conversation import Message
    from chatfmt.prepare.prepared import Prepared
    from chatfmt.wire.spans import Span

__all__ = ["Sampling"]

_T = TypeVar("_T", bound="Sampling")


class Sampling(Replies):
    """The part of a transcript that returns the sequences in which its ids were sampled."""

    if TYPE_CHECKING:

        def append(self, *messages: Message | dict[str, Any], replace_stop: bool = False) -> None:
            """See `chatfmt.Transcript.append`."""

    @reads
    def samples(
        self,
        *,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> list[Self]:
        """The sequences that a model saw and wrote, if each prompt was prepared separately.

        Use it for policy gradients. If a chat template drops the thinking of earlier turns, the
        prompt of a turn does not begin with the prompt and answer of the turn before, so one
        sequence cannot give the context in which each id was sampled. This method returns several:
        one transcript for all prompts that continue each other, and a new one wherever
        `ChatTokenizer.prepare` changes earlier messages. Each sampled id is sampled in exactly one
        of them, unchanged; elsewhere it is history. This transcript does not change.

        This holds for a model that was given these prompts. While a prompt is open, give the ids of
        the last sample to the model. Train on ``sample.ids`` with ``sample.weights("sampled")`` and
        ``sample.logprobs``.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-oss")
        >>> chat = tok.render([{"role": "user", "content": "2+2?"}])
        >>> _ = chat.prompt()
        >>> shown = chat.samples(values={"date": "2025-06-28"})[-1].ids
        >>> prepared = tok.prepare(chat.conversation, values={"date": "2025-06-28"})
        >>> shown == tok.encode_prompt(prepared)
        True

        Args:
            tools: as in `ChatTokenizer.prepare`; None for those of the conversation.
            values: see there.
            history: see there; ``"keep"`` returns one sample, unless something else changes.

        Returns:
            Transcripts of prepared conversations; empty if nothing was sampled or prompted.

        Raises:
            RenderError: the transcript's conversation was already prepared; or as for
                `ChatTokenizer.prepare`.
        """
        return _samples(self, tools=tools, values=values, history=history)


class _Step(NamedTuple):
    """A prompt, and the ids sampled after it."""

    message: int
    """Index of the message that was prompted."""
    role: str
    start: int
    """Position of the prompt."""
    stop: int
    """Position after the sampled ids and the rest of that message."""


def _samples(
    whole: _T,
    *,
    tools: Iterable[Mapping[str, Any]] | None,
    values: Mapping[str, str | dt.date] | None,
    history: Literal["published", "keep"],
) -> list[_T]:
    """The implementation of `Sampling.samples`, with the same arguments."""
    form = whole._binding.format
    if whole._prepared:
        raise RenderError(
            "this transcript's conversation was already prepared, so its ids are one sample; "
            "expected a transcript of the original conversation",
            form.name,
        )
    listed = None if tools is None else [*tools]
    made: list[_T] = []
    for step in _steps(whole):
        before = Conversation(
            messages=tuple(whole._messages[: step.message]),
            metadata=whole._metadata,
            tools=whole._tools,
        )
        prepared = prepare(
            form.name, form.preparation, before, tools=listed, values=values, history=history
        )
        if not (made and _goes_on(made[-1], prepared)):
            made.append(_begun(whole, prepared))
        _write(made[-1], whole, step)
    return made


def _begun(whole: _T, prepared: Prepared) -> _T:
    """A transcript of the prepared conversation."""
    renderer = whole._renderer.for_tools(prepared.tools)
    sample = type(whole)(
        renderer,
        ids=list(renderer.prologue),
        spans=list(renderer.prologue_spans),
        messages=list(prepared.messages),
        metadata=prepared.metadata,
        tools=prepared.tools,
        prepared=True,
    )
    renderer.extend_with_spans(sample.ids, sample.spans, prepared.messages)
    return sample


def _goes_on(sample: Sampling, prepared: Prepared) -> bool:
    """Add the new part of the prepared conversation, if it begins with the whole sample."""
    on_wire = sample._binding.format.on_wire
    known = sample.conversation
    count = len(known.messages)
    begins = Conversation(messages=prepared.messages[:count])
    if on_wire(begins) != on_wire(known):
        return False
    try:
        sample.append(*prepared.messages[count:])
    except RenderError:  # a sampled stop token does not begin the next message
        return False
    return True


def _write(sample: Sampling, whole: Sampling, step: _Step) -> None:
    """Add a prompt and the ids sampled after it, unchanged."""
    sample._close_envelope()
    spans = [span for span in whole.spans if step.start <= span.start < step.stop]
    first = next((span.start for span in spans if span.sampled), step.stop)
    sample._write_prompt([*sample._missing(), *whole.ids[step.start : first]], step.role)
    sample._logprobs += [None] * (len(sample.ids) - len(sample._logprobs))
    sample._logprobs += whole.logprobs[first : step.stop]
    for span in spans:
        if span.start >= first:
            sample._write(whole.ids[span.start : span.stop], sampled=span.sampled)
    if step.stop < len(whole.ids) or whole._prompted is None:
        sample._prompted = None


def _steps(whole: Sampling) -> Iterator[_Step]:
    """All prompts after which something was sampled, and an open one at the end."""
    spans, known, opened = whole.spans, whole._messages_from(0), whole._opened()
    speaking = whole._binding.format.prompted
    at = message = stop = 0
    while at < len(spans):
        span = spans[at]
        if not span.sampled:
            message = message if span.message is None else span.message
            at += 1
            continue
        number = message
        if span.message is not None and not _ends_before(whole, span):
            number = span.message
        while at < len(spans) and spans[at].sampled:
            stop = spans[at].stop
            number_here = spans[at].message
            message = message if number_here is None else number_here
            at += 1
        while at < len(spans) and spans[at].message == message and not spans[at].sampled:
            if _ends_before(whole, spans[at - 1]):
                break
            stop = spans[at].stop
            at += 1
        role = known[number].role if number < len(known) else whole._speaker(opened)
        yield _Step(number, role or "assistant", whole._start_of(number), stop)
    if opened is not None and opened.role in speaking and stop < len(whole.ids):
        yield _Step(opened.index, opened.role, whole._start_of(opened.index), len(whole.ids))
    elif opened is None and whole._prompted is not None and whole._at_prompt():
        yield _Step(len(whole._messages), whole._prompted[0], len(whole.ids), len(whole.ids))


def _ends_before(whole: Sampling, span: Span) -> bool:
    """Whether this is a stop token that ended a message and has begun the next."""
    number = span.message
    return (
        number is not None
        and number > 0
        and span.part == "header"
        and span.sampled
        and span.stop == span.start + 1
        and whole._messages[number - 1].role in whole._binding.format.unended
    )
