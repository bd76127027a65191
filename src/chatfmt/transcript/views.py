"""The read-only views of a transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import TranscriptError, said
from chatfmt.training import weights
from chatfmt.training.examples import TrainingExample
from chatfmt.transcript.again import before, feed_again
from chatfmt.transcript.growth import Growth
from chatfmt.transcript.saved import Saved
from chatfmt.wire.alone import reads
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.trained import in_training

if TYPE_CHECKING:
    from chatfmt.conversation import Conversation
    from chatfmt.training.weights import TrainOn
    from chatfmt.wire.spans import OpenMessage

__all__ = ["Views"]


class Views(Growth):
    """The read-only half of `chatfmt.transcript.Transcript`."""

    def __repr__(self) -> str:
        return (
            f"<Transcript {self._binding.format.name}: {len(self._messages)} messages, "
            f"{len(self.ids)} ids{', open' if self.open else ''}>"
        )

    def _repr_html_(self) -> str:
        """The HTML for notebooks."""
        from chatfmt.show import html_fragment

        return html_fragment(self)

    @property
    @reads
    def conversation(self) -> Conversation:
        """The messages so far, including an open one whose content has begun.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.conversation.messages
        (Message(role='user', content='hello'),)
        """
        return self._conversation()

    @property
    @reads
    def open(self) -> OpenMessage | None:
        """The message that has begun but not ended.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.open is None
        True
        >>> _ = chat.prompt()
        >>> chat.open.role
        'assistant'
        """
        return self._opened()

    @property
    @reads
    def logprobs(self) -> list[float | None]:
        """The given logprob of each sampled id; None for all other ids.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265], logprobs=[-0.5, -0.25])
        >>> chat.logprobs[-3:]
        [None, -0.5, -0.25]
        """
        return [*self._logprobs, *[None] * (len(self.ids) - len(self._logprobs))]

    @reads
    def weights(self, train_on: TrainOn = "assistant", *, train_end: bool = True) -> list[float]:
        """The loss weight of each id; see `chatfmt.training.weights.TrainOn`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.weights()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0]
        """
        messages = self._messages_from(0)
        spans = in_training(self._binding, self.ids, self.spans, messages)
        return weights.span_weights(spans, messages, train_on, train_end=train_end)

    def labels(self, train_on: TrainOn = "assistant", ignore_index: int = -100) -> list[int]:
        """The ids, unshifted, with ``ignore_index`` exactly where the weight is 0.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.labels()[-3:]
        [-100, 13225, 200265]
        """
        return weights.labels(self.ids, self.weights(train_on), ignore_index)

    def training_example(
        self, train_on: TrainOn = "assistant", *, train_end: bool = True, ignore_index: int = -100
    ) -> TrainingExample:
        """Ids, labels and weights, without encoding anything again.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> _ = chat.append_completion([13225, 200265])
        >>> chat.training_example("sampled").labels[-3:]
        [-100, 13225, 200265]

        Raises:
            ValueError: ``ignore_index`` could be an id.
        """
        spread = self.weights(train_on, train_end=train_end)
        labels = weights.labels(self.ids, spread, ignore_index)
        return TrainingExample([*self.ids], labels, spread)

    @reads
    def stream(self, *, strict: bool = False) -> StreamParser:
        """A streaming parser for the next sampled message; the transcript does not change.

        If a message is open, the first events report the part that is there, such as a prefill.
        Index 0 is the open or next message, and position 0 is the first sampled id. Give the ids to
        `append_completion` afterwards.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> parser = chat.stream()
        >>> parser.feed_text(13225), len(chat.ids)
        ('Hello', 5)
        """
        grown, opened = self._copied(), self._opened()
        grown._prompt_for_reply(opened)
        start, count = grown._start_again(), len(grown.ids)
        is_open, following = grown._unfinished, len(grown._messages)
        again = grown._take_off(start.position)
        parser = StreamParser(
            self._binding,
            strict=strict,
            prologue=start.prologue,
            position=start.position - count,
            **before(self._binding, grown._messages, grown.spans, grown.ids),
        )
        parser.know_tools(self._tools)
        if is_open:
            parser.expect_reply(following - len(grown._messages))
            prompts = grown._prompts_from(start.position)
            parser.report_first(feed_again(parser, grown.ids, again, prompts))
        parser.stop_tokens = self._renderer.stops(grown._speaker(opened))
        return parser

    @reads
    def to_dict(self) -> dict[str, Any]:
        """The whole transcript as JSON data; `ChatTokenizer.transcript_from_dict` restores it.

        A logprob that is not finite is written as text, since JSON has no such number.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.to_dict()["ids"]
        [200264, 1428, 200266, 24912, 200265]

        Raises:
            TranscriptError: the metadata has something that JSON does not have.
        """
        state = self._copied()
        saved = Saved(
            format=self._binding.format.row(),
            encoding=self._binding.encoding.fingerprint,
            ids=state.ids,
            spans=state.spans,
            messages=state._messages,
            issues=state.issues,
            metadata=state._metadata,
            logprobs=state._logprobs,
            partial=state._partial,
            unfinished=state._unfinished,
            prompted=state._prompted,
            starts=state._starts,
            tools=[*state._tools],
            prepared=state._prepared,
        )
        try:
            return saved.model_dump(mode="json")
        except ValueError as error:  # of another type, or endless
            raise TranscriptError(
                f"expected metadata that JSON has, too, to save it; found otherwise: {said(error)}"
            ) from None
