"""Conversations to ids, and what can be asked of a format bound to an encoding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from chatfmt.conversation import Conversation, Message
from chatfmt.encodings import as_token_encoding
from chatfmt.errors import shown
from chatfmt.prepare.prepared import Prepared, prepare, thinking_of
from chatfmt.tools.explain import explain
from chatfmt.tools.scan import scan
from chatfmt.wire.asking import encode_prompt
from chatfmt.wire.binding import Binding
from chatfmt.wire.write import Renderer

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import tiktoken

    from chatfmt.encodings import TokenEncoding
    from chatfmt.line.format import ChatFormat
    from chatfmt.tools.explain import Difference
    from chatfmt.tools.scan import SpecialText

__all__ = ["Messages", "Writing", "as_conversation"]

Messages: TypeAlias = "Conversation | Iterable[Message | Mapping[str, Any]] | Mapping[str, Any]"
"""A conversation, ``{"messages": [...]}``, or just the messages."""


class Writing:
    """A format bound to an encoding: conversations to ids."""

    def __init__(self, format: ChatFormat, encoding: tiktoken.Encoding | TokenEncoding) -> None:
        self._binding = Binding(format, as_token_encoding(encoding))
        self._renderer = Renderer(self._binding)

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
