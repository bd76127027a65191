"""Conversations to training examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from chatfmt.facade.writing import Writing, as_conversation
from chatfmt.training.batch import EncodedBatch, encode_batch
from chatfmt.training.examples import training_examples
from chatfmt.training.fit import fit
from chatfmt.training.flat import FlatEncoder
from chatfmt.training.many import EncodedExamples, encode_examples
from chatfmt.transcript import Transcript, of_transcript

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    import tiktoken

    from chatfmt.encodings import TokenEncoding
    from chatfmt.facade.writing import Messages
    from chatfmt.line.format import ChatFormat
    from chatfmt.training.examples import Overlong, TrainingExample, Turns
    from chatfmt.training.fit import Fitted
    from chatfmt.training.weights import TrainOn

__all__ = ["Training"]


class Training(Writing):
    """Ids, labels and weights, of one conversation or of many."""

    def __init__(self, format: ChatFormat, encoding: tiktoken.Encoding | TokenEncoding) -> None:
        super().__init__(format, encoding)
        self._flat: dict[tuple[object, ...], FlatEncoder] = {}

    @overload
    def encode_for_training(
        self,
        conversation: Messages | Transcript,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        overlong: Literal["refuse", "fit"] = "refuse",
        allow_untrained: bool = False,
        ignore_index: int = -100,
        turns: Literal["whole"] = "whole",
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> TrainingExample: ...
    @overload
    def encode_for_training(
        self,
        conversation: Messages | Transcript,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        overlong: Literal["split"],
        allow_untrained: bool = False,
        ignore_index: int = -100,
        turns: Literal["whole"] = "whole",
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> list[TrainingExample]: ...
    @overload
    def encode_for_training(
        self,
        conversation: Messages | Transcript,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        overlong: Literal["refuse"] = "refuse",
        allow_untrained: bool = False,
        ignore_index: int = -100,
        turns: Literal["each"],
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> list[TrainingExample]: ...
    @overload
    def encode_for_training(
        self,
        conversation: Messages | Transcript,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        overlong: Overlong = "refuse",
        allow_untrained: bool = False,
        ignore_index: int = -100,
        turns: Turns = "whole",
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> TrainingExample | list[TrainingExample]: ...
    def encode_for_training(
        self,
        conversation: Messages | Transcript,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        overlong: Overlong = "refuse",
        allow_untrained: bool = False,
        ignore_index: int = -100,
        turns: Turns = "whole",
        prepare: bool = False,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
    ) -> TrainingExample | list[TrainingExample]:
        """Encode a conversation for training: ids, labels and weights.

        Args:
            conversation: a conversation; or a transcript, whose ids are used unchanged. With a
                transcript, the only other arguments are ``train_on``, ``train_end``,
                ``ignore_index`` and ``allow_untrained``.
            train_on: the messages to train on; see `chatfmt.training.weights.TrainOn`.
            train_end: whether the end token of a trained message is also trained.
            max_tokens: the longest allowed example, in ids.
            overlong: what to do with a longer one; see `chatfmt.training.examples.Overlong`.
                ``"split"`` returns a list of examples, even if there is only one.
            allow_untrained: accept an example in which nothing is trained.
            ignore_index: the label where the weight is 0.
            turns: ``"each"`` returns a list with an example for each turn of the assistant: the
                conversation up to the last answer of the turn, with only the answers of that turn
                trained; see `chatfmt.training.examples.Turns`.
            prepare: prepare the conversation first; with ``turns="each"``, as it is when that turn
                is prompted, so that the ids before an answer are its prompt and the answer keeps
                its thinking. An answer with empty thinking gets the prompt with ``thinking=False``,
                if the format has one.
            tools: as in `prepare`.
            values: as in `prepare`.
            history: as in `prepare`: ``"keep"`` keeps the thinking of earlier turns.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello"}]
        >>> tok.encode_for_training(chat).labels
        [-100, -100, -100, -100, -100, -100, -100, -100, 13225, 200265]
        >>> [len(one.input_ids) for one in tok.encode_for_training(chat * 2, turns="each")]
        [10, 20]

        Raises:
            RenderError: the format cannot carry the conversation.
            NothingToTrainError: every weight is 0.
            ContextOverflowError: it is too long, and may not or cannot be cut.
            ValueError: the arguments contradict each other.
        """
        if isinstance(conversation, Transcript):
            return of_transcript(
                conversation,
                train_on=train_on,
                train_end=train_end,
                ignore_index=ignore_index,
                allow_untrained=allow_untrained,
                is_alone=(max_tokens, overlong, turns) == (None, "refuse", "whole")
                and not prepare
                and (tools, values, history) == (None, None, "published"),
            )
        chat = as_conversation(conversation)
        examples = training_examples(
            self._renderer.for_tools(chat.tools),
            chat,
            train_on=train_on,
            train_end=train_end,
            max_tokens=max_tokens,
            overlong=overlong,
            allow_untrained=allow_untrained,
            ignore_index=ignore_index,
            turns=turns,
            prepare=prepare,
            tools=tools,
            values=values,
            history=history,
        )
        return examples if overlong == "split" or turns == "each" else examples[0]

    def encode_batch(
        self,
        conversations: Iterable[Messages],
        *,
        train_on: TrainOn = "assistant",
        num_threads: int = 1,
    ) -> EncodedBatch:
        """Encode many conversations to ids and weights in flat buffers.

        It is several times as fast as encoding one at a time, with the same ids. A conversation in
        which nothing is trained is not an error here: its weights are 0.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> batch = tok.encode_batch([[{"role": "user", "content": "hello"}], []])
        >>> list(batch.ids), list(batch.offsets)
        ([200264, 1428, 200266, 24912, 200265], [0, 5, 5])

        Args:
            conversations: any number of them.
            train_on: which messages are trained; see `chatfmt.training.weights.TrainOn`.
            num_threads: the number of threads that encode.

        Raises:
            RenderError: the format cannot carry one of them; a note on the error says which.
        """
        return encode_batch(
            self._renderer,
            [as_conversation(conversation) for conversation in conversations],
            train_on=train_on,
            num_threads=num_threads,
        )

    def encode_examples(
        self,
        conversations: Iterable[Messages],
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        max_tokens: int | None = None,
        allow_untrained: bool = False,
        ignore_index: int = -100,
    ) -> EncodedExamples:
        """Encode many conversations for training, in flat buffers.

        The result equals `encode_for_training` for each, several times as fast. It is meant for
        batches of a hundred conversations or more, as in ``datasets.map(batched=True)`` and Ray.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Hello"}]
        >>> examples = tok.encode_examples([chat, chat])
        >>> list(examples.offsets), len(examples.input_ids)
        ([0, 10, 20], 20)

        Args:
            conversations: any number of them.
            train_on: which messages are trained; see `chatfmt.training.weights.TrainOn`.
            train_end: whether the end token of a trained message is trained too.
            max_tokens: how long an example may be, in ids.
            allow_untrained: let an example pass in which nothing is trained.
            ignore_index: the label where the weight is 0.

        Raises:
            RenderError: the format cannot carry one of them. For this and the other errors, a note
                says which conversation.
            NothingToTrainError: every weight of one is 0.
            ContextOverflowError: one is too long.
            ValueError: the arguments contradict each other.
        """
        return encode_examples(
            self._renderer,
            self._flat_encoder(
                train_on=train_on, train_end=train_end, ignore_index=ignore_index, weights=True
            ),
            conversations,
            as_conversation,
            train_on=train_on,
            train_end=train_end,
            max_tokens=max_tokens,
            allow_untrained=allow_untrained,
            ignore_index=ignore_index,
        )

    def _flat_encoder(
        self,
        *,
        train_on: TrainOn = "assistant",
        train_end: bool = True,
        ignore_index: int = -100,
        weights: bool = True,
    ) -> FlatEncoder:
        """The encoder of `encode_examples` and corpora; it remembers the shapes it has seen."""
        key = (train_on, train_end, ignore_index, weights)
        found = self._flat.get(key)
        if found is None:
            found = FlatEncoder(
                self._renderer,
                train_on=train_on,
                train_end=train_end,
                ignore_index=ignore_index,
                weights=weights,
            )
            if not callable(train_on):  # a function may be a new one each time
                self._flat[key] = found
        return found

    def fit(self, conversation: Messages, max_tokens: int, *, reserve: int = 0) -> Fitted:
        """Drop the oldest turns of a conversation until it fits.

        A turn is a user message and everything up to the next one; messages before the first user
        message are also a turn. System and developer messages stay, and so does the last turn. A
        tool message goes with the call that it answers: the assistant message with its ``call_id``,
        or else the assistant message before it. Each message is encoded once.

        Args:
            conversation: the conversation.
            max_tokens: the largest allowed number of ids.
            reserve: how many of these to leave free, for the prompt and the reply.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = [{"role": role, "content": "hello"} for role in ("system", "user", "user")]
        >>> fitted = tok.fit(chat, 10)
        >>> [message.role for message in fitted.conversation.messages], fitted.dropped
        (['system', 'user'], (1,))

        Raises:
            RenderError: the format cannot carry it.
            ContextOverflowError: the messages that must stay have too many ids; with the counts.
            ValueError: ``max_tokens`` or ``reserve`` is negative.
        """
        conversation = as_conversation(conversation)
        counts, prologue = self.count_messages(conversation), len(self._renderer.prologue)
        return fit(conversation, counts, prologue, max_tokens, reserve=reserve)
