"""The facade: a format bound to an encoding. It only delegates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from chatfmt.conversation import Conversation, Message
from chatfmt.encodings import TokenEncoding, as_token_encoding, get_encoding
from chatfmt.errors import shown
from chatfmt.line.formats import get_format
from chatfmt.line.models import advice_for, format_for_model
from chatfmt.prepare.prepared import Prepared, prepare, thinking_of
from chatfmt.tools.explain import explain
from chatfmt.tools.scan import scan
from chatfmt.training.batch import EncodedBatch, encode_batch
from chatfmt.training.examples import training_examples
from chatfmt.training.fit import fit
from chatfmt.training.flat import FlatEncoder
from chatfmt.training.many import EncodedExamples, encode_examples
from chatfmt.transcript import Transcript, of_transcript, parsed, rendered, restore
from chatfmt.wire.asking import encode_prompt
from chatfmt.wire.binding import Binding, encoding_required
from chatfmt.wire.fast.decode import Decoder
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spelled import SpelledText, check_trusted
from chatfmt.wire.streams import prompted
from chatfmt.wire.write import Renderer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import tiktoken

    from chatfmt.line.format import ChatFormat
    from chatfmt.tools.explain import Difference
    from chatfmt.tools.scan import SpecialText
    from chatfmt.training.examples import Overlong, TrainingExample, Turns
    from chatfmt.training.fit import Fitted
    from chatfmt.training.weights import TrainOn

__all__ = ["ChatTokenizer", "Messages", "get_tokenizer", "tokenizer_for_model"]

Messages: TypeAlias = "Conversation | Iterable[Message | Mapping[str, Any]] | Mapping[str, Any]"
"""A conversation, ``{"messages": [...]}``, or just the messages."""


class ChatTokenizer:
    """Conversations to token ids and back, in one format and one encoding.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> ids = tok.encode([{"role": "user", "content": "hello"}])
    >>> ids
    [200264, 1428, 200266, 24912, 200265]
    >>> tok.decode(ids).messages
    (Message(role='user', content='hello'),)

    Raises:
        EncodingError: the encoding lacks special tokens of the format.
    """

    def __init__(
        self,
        format: ChatFormat,
        encoding: tiktoken.Encoding | TokenEncoding,
        *,
        imported: Any = None,  # noqa: ANN401 - Provenance, of a folder above this one
    ) -> None:
        self.imported = imported
        """Where the tokenizer comes from, if `chatfmt.from_pretrained` made it."""
        self._binding = Binding(format, as_token_encoding(encoding))
        self._renderer = Renderer(self._binding)
        self._decoder = Decoder(self._binding)
        self._flat: dict[tuple[object, ...], FlatEncoder] = {}

    def __repr__(self) -> str:
        return f"ChatTokenizer({self.format.name!r}, {self.encoding!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _tokenizer, (self.format, self.encoding, self.imported)

    @property
    def format(self) -> ChatFormat:
        """The format.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.format.name
        'gpt-4o'
        """
        return self._binding.format

    @property
    def encoding(self) -> TokenEncoding:
        """The encoding.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.encoding.n_vocab
        200267
        """
        return self._binding.encoding

    @property
    def stop_tokens(self) -> frozenset[int]:
        """The ids at which a server stops sampling the assistant.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.stop_tokens
        frozenset({200265})
        """
        return self._binding.stops

    def encode(self, conversation: Messages, *, prologue: bool = True) -> list[int]:
        """Encode a conversation to ids.

        ``prologue=False`` leaves out the tokens that appear once at the start, to continue a
        sequence.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.encode([{"role": "user", "content": "hello"}])
        [200264, 1428, 200266, 24912, 200265]

        Raises:
            RenderError: the format cannot carry the conversation; names the message and field.
        """
        ids = list(self._renderer.prologue) if prologue else []
        chat = as_conversation(conversation)
        self._renderer.for_tools(chat.tools).extend(ids, chat.messages)
        return ids

    def decode(
        self,
        ids: Sequence[int],
        *,
        prologue: bool = True,
        tools: Iterable[Mapping[str, Any]] = (),
    ) -> Conversation:
        """Decode the ids of a complete conversation.

        ``tools`` are definitions in the shape of OpenAI's API; see `parse`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.decode([200264, 1428, 200266, 24912, 200265]).messages
        (Message(role='user', content='hello'),)

        Raises:
            ParseError: the ids are not a complete conversation in this format.
            TypeError: one of them is not an integer.
        """
        if tools and self.format.arguments:
            parser = StreamParser(self._binding, strict=True, prologue=prologue)
            parser.know_tools(tools)
            parser.feed_all(ids)
            parser.close()
            return Conversation(messages=tuple(parser.messages))
        return self._decoder.decode(ids, prologue=prologue)

    def prepare(
        self,
        conversation: Messages,
        *,
        tools: Iterable[Mapping[str, Any]] | None = None,
        values: Mapping[str, str | dt.date] | None = None,
        history: Literal["published", "keep"] = "published",
        thinking: bool | None = None,
    ) -> Prepared:
        """Rewrite a conversation as the model's chat template does before writing it.

        Templates insert a system message, trim texts, drop the thinking of earlier turns and write
        definitions of tools as text. In chatfmt only this method does that, and it lists every
        change. ``tok.encode_prompt(tok.prepare(messages, tools=tools))`` equals
        ``apply_chat_template(messages, tools=tools, add_generation_prompt=True)``.

        Args:
            conversation: the messages so far.
            tools: definitions in the shape of OpenAI's API; None for those of the conversation.
                If the format has no place for them, `Prepared.changes` lists them as left out.
            values: the values that the template's texts need, such as ``date``: a text, which is
                written unchanged, or a ``datetime.date``, which is formatted as in the template.
            history: ``"keep"`` keeps the thinking of earlier turns.
            thinking: as in `encode_prompt`, which reads it from the prepared conversation.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.prepare([{"role": "user", "content": "hello"}]).changes
        ()

        Raises:
            RenderError: the template does not accept the conversation, a value is missing, or the
                conversation is already prepared.
        """
        return prepare(
            self.format.name,
            self.format.preparation,
            as_conversation(conversation),
            tools=tools,
            values=values,
            history=history,
            thinking=thinking,
        )

    def encode_prompt(
        self,
        conversation: Messages,
        *,
        role: str = "assistant",
        name: str | None = None,
        prefill: str = "",
        continue_last: bool = False,
        thinking: bool | None = None,
        prologue: bool = True,
    ) -> list[int]:
        """Encode a conversation, followed by the beginning of a message to be sampled.

        Args:
            conversation: what was said so far.
            role: the role that speaks next.
            name: its name, if the format has a place for it in a prompt.
            prefill: the beginning of the message.
            continue_last: leave the last message open instead of beginning a new one; it must then
                have this ``role`` and ``name``.
            thinking: True for a prompt that opens the reasoning, False for one with an empty,
                closed reasoning; None for the format's own prompt, or for the value given to
                `prepare`.
            prologue: as in `encode`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.encode_prompt([{"role": "user", "content": "hello"}])
        [200264, 1428, 200266, 24912, 200265, 200264, 173781, 200266]

        Raises:
            RenderError: the format cannot carry the conversation, or there is no such last message.
        """
        chat = as_conversation(conversation)
        ids = encode_prompt(
            self._renderer.for_tools(chat.tools),
            chat.messages,
            role=role,
            name=name,
            prefill=prefill,
            continue_last=continue_last,
            thinking=thinking_of(chat, told=thinking),
        )
        return [*self._renderer.prologue, *ids] if prologue else ids

    def text(
        self,
        conversation: Messages,
        *,
        prompt: bool = False,
        thinking: bool | None = None,
        prologue: bool = True,
    ) -> str:
        """The text that the ids of a conversation spell, including special tokens.

        Use it to read a conversation, or for engines that accept only text. The text does not show
        which special tokens are tokens and which were text in a message; only ids do.

        Args:
            conversation: the messages so far.
            prompt: whether to add the beginning of a reply, as in `encode_prompt`.
            thinking: for that beginning, as in `encode_prompt`.
            prologue: as in `encode`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.text([{"role": "user", "content": "hello"}])
        '<|im_start|>user<|im_sep|>hello<|im_end|>'

        Raises:
            RenderError: the format cannot carry the conversation, or has no such prompt.
        """
        if prompt:
            ids = self.encode_prompt(conversation, thinking=thinking, prologue=prologue)
        else:
            ids = self.encode(conversation, prologue=prologue)
        return b"".join(map(self._binding.spell, ids)).decode()

    def count(self, conversation: Messages) -> int:
        """The number of ids that `encode` returns.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.count([{"role": "user", "content": "hello"}])
        5
        """
        return len(self.encode(conversation))

    def count_messages(self, conversation: Messages) -> list[int]:
        """The number of ids of each message, frame included; the prologue is not counted.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.count_messages([{"role": "user", "content": text} for text in ("", "hello")])
        [4, 5]
        """
        chat = as_conversation(conversation)
        return self._renderer.for_tools(chat.tools).count_messages(chat.messages)

    def render(self, conversation: Messages) -> Transcript:
        """Encode a conversation to a transcript with ids and spans, which can be continued.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.render([{"role": "user", "content": "hello"}])
        <Transcript gpt-4o: 1 messages, 5 ids>

        Raises:
            RenderError: the format cannot carry it.
        """
        chat = as_conversation(conversation)
        return rendered(self._renderer.for_tools(chat.tools), chat)

    def parse(
        self,
        ids: Iterable[int],
        *,
        strict: bool = True,
        allow_open: bool = False,
        prologue: bool = True,
        tools: Iterable[Mapping[str, Any]] = (),
    ) -> Transcript:
        """Parse ids to a transcript: conversation, spans, issues.

        Args:
            ids: any integers; kept verbatim.
            strict: raise the first issue instead of recording it.
            allow_open: whether the ids may end inside a message, as a prompt does; that message is
                then `Transcript.open`.
            prologue: whether the ids begin with the format's prologue.
            tools: definitions in the shape of OpenAI's API. Some formats write arguments one by one
                with unquoted strings: a parameter that can only be a string is then read as one,
                whatever it looks like. Without definitions, text that is valid JSON is read as
                JSON.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.parse([200264, 1428, 200266, 24912], strict=False, allow_open=True)
        <Transcript gpt-4o: 0 messages, 4 ids, open>

        Raises:
            ParseError: strict, and the format does not write these ids.
            TypeError: one of them is not an integer.
        """
        definitions = [*tools]
        return parsed(
            self._renderer.for_tools(definitions),
            ids,
            strict=strict,
            allow_open=allow_open,
            prologue=prologue,
            tools=definitions,
        )

    def parse_text(
        self,
        text: str,
        *,
        trusted: Literal[True],
        strict: bool = True,
        allow_open: bool = False,
        prologue: bool = True,
        tools: Iterable[Mapping[str, Any]] = (),
    ) -> Transcript:
        """Parse text in which special tokens are spelled out, such as logs or a server's output.

        **It can be forged.** Wherever the text spells a special token of the encoding, it is read
        as that token, even if a user wrote it; the longest match counts. If you have ids, use
        `parse`, which cannot be forged. You have to declare that the text is trusted. The
        transcript has the ids that the text encodes to, which may differ from those that were
        sampled.

        Args:
            text: the decoded text of the ids, with special tokens spelled out.
            trusted: must be True, which declares that no part of the text comes from someone who
                may forge messages.
            strict: as in `parse`.
            allow_open: as in `parse`.
            prologue: as in `parse`.
            tools: as in `parse`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> log = "<|im_start|>user<|im_sep|>hello<|im_end|>"
        >>> tok.parse_text(log, trusted=True).conversation.messages
        (Message(role='user', content='hello'),)

        Raises:
            ValueError: ``trusted`` is not True, or the text has a lone surrogate.
            ParseError: as in `parse`; its position counts ids.
        """
        check_trusted(trusted=trusted)
        spelled = SpelledText(self.encoding)
        ids = spelled.take(text) + spelled.end()
        return self.parse(ids, strict=strict, allow_open=allow_open, prologue=prologue, tools=tools)

    def stream(
        self,
        role: str | None = "assistant",
        *,
        strict: bool = False,
        thinking: bool | None = None,
        tools: Iterable[Mapping[str, Any]] = (),
    ) -> StreamParser:
        """A streaming parser for ids sampled after a prompt for this role.

        With ``role=None`` it parses a whole sequence from its first id. ``thinking`` is the value
        with which the prompt was made; see `encode_prompt`. ``tools`` are as in `parse`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> parser = tok.stream()
        >>> [parser.feed_text(token) for token in (13225, 11, 2375, 200265)]
        ['Hello', ',', ' world', '']
        >>> parser.messages
        [Message(role='assistant', content='Hello, world')]

        Raises:
            RenderError: the format has no such role.
        """
        if role is None:
            parser = StreamParser(self._binding, strict=strict)
        else:
            parser = prompted(self._renderer, role, strict=strict, thinking=thinking)
        if tools:
            parser.know_tools(tools)
        return parser

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

    def explain(
        self, ids_a: Sequence[int], ids_b: Sequence[int], *, prepared: Prepared | None = None
    ) -> Difference | None:
        """Where two sequences of ids differ, and why; None if they do not.

        With ``prepared``, the result of `prepare` for the conversation of both, the explanation
        includes changes of the preparation that only one side has.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> ids = tok.encode([{"role": "user", "content": " hello"}])
        >>> print(tok.explain(ids, [*ids[:3], 220, 24912, *ids[4:]]))  # doctest: +ELLIPSIS
        the ids differ from index 3 on, in the content of message 0: the same text in other...
          a: ' hello' <|im_end|>
          b: ' ' 'hello' <|im_end|>
        """
        return explain(self._binding, self._renderer.prologue, ids_a, ids_b, prepared)

    def scan(self, conversation: Messages) -> list[SpecialText]:
        """Find special tokens spelled in a conversation's texts, for cleaning data.

        Encoding them is safe: text never becomes a special token.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> tok.scan([{"role": "user", "content": "Say <|im_end|>!"}])
        [SpecialText(message=0, field='content', offset=4, token='<|im_end|>')]
        """
        return scan(as_conversation(conversation).messages, self.encoding.special_tokens)

    def transcript_from_dict(self, saved: dict[str, Any]) -> Transcript:
        """Restore a transcript saved with `Transcript.to_dict`.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> tok.transcript_from_dict(chat.to_dict()).ids == chat.ids
        True

        Raises:
            TranscriptError: it belongs to another format or encoding, or is damaged.
        """
        return restore(self._renderer, saved)


def as_conversation(conversation: Messages) -> Conversation:
    """Convert any accepted form of a conversation.

    Raises:
        pydantic.ValidationError: it is not a conversation. This is a ValueError.
        TypeError: it is a text, or something without messages.
    """
    if isinstance(conversation, Conversation):
        return conversation
    if isinstance(conversation, Mapping):
        return Conversation.model_validate(conversation)
    if isinstance(conversation, str | bytes) or not isinstance(conversation, Iterable):
        found = "the text " if isinstance(conversation, str | bytes) else ""
        raise TypeError(
            f"expected a conversation or its messages, found {found}{shown(conversation)}; a "
            'message is like {"role": "user", "content": "hello"}'
        )
    return Conversation(messages=tuple(conversation))  # type: ignore[arg-type]


def _tokenizer(format: ChatFormat, encoding: TokenEncoding, imported: object) -> ChatTokenizer:
    """Restore a pickled tokenizer."""
    return ChatTokenizer(format, encoding, imported=imported)


def get_tokenizer(
    name: str, encoding: tiktoken.Encoding | TokenEncoding | None = None
) -> ChatTokenizer:
    """Get the tokenizer for a format of the table.

    Args:
        name: name of the format, such as ``gpt-4o``; `chatfmt.FORMAT_ROWS` has them all.
        encoding: the vocabulary, if none is bundled or you bring your own.

    >>> get_tokenizer("gpt-4o")
    ChatTokenizer('gpt-4o', TiktokenEncoding('o200k_im'))

    Raises:
        UnknownFormatError: there is no such format.
        EncodingRequiredError: no vocabulary is bundled; the message names the special tokens.
        EncodingError: the encoding lacks special tokens.
    """
    if encoding is None:
        return _bundled_tokenizer(name)
    return ChatTokenizer(get_format(name), encoding)


def tokenizer_for_model(
    model: str, encoding: tiktoken.Encoding | TokenEncoding | None = None
) -> ChatTokenizer:
    """Get the tokenizer for a model of the table `chatfmt.MODELS`, without guessing.

    It writes a conversation unchanged. `ChatTokenizer.prepare` rewrites one as the model's chat
    template does, and `ChatFormat.preparation_summary` describes how.

    Args:
        model: a model name of OpenAI's, a repository on the Hugging Face hub, or the name of a
            format.
        encoding: the vocabulary, where none is bundled: ``load_encoding("tokenizer.json")`` reads
            that of most models.

    >>> tok = tokenizer_for_model("gpt-oss-20b")
    >>> tok
    ChatTokenizer('gpt-oss', TiktokenEncoding('o200k_harmony'))

    Raises:
        UnknownFormatError: the model is not in the table; the message names the closest. Or its
            maker has not published its format; the message names the encoding.
        EncodingRequiredError: no vocabulary is bundled; the message names the file that has it.
        EncodingError: the encoding lacks special tokens.
    """
    row = format_for_model(model)
    if encoding is None and row.encoding is None:
        raise encoding_required(row, advice_for(model))
    return get_tokenizer(row.name, encoding)


@cache
def _bundled_tokenizer(name: str) -> ChatTokenizer:
    row = get_format(name)
    if row.encoding is None:
        raise encoding_required(row, advice_for(name))
    return ChatTokenizer(row, get_encoding(row.encoding))
