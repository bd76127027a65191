"""Ids to conversations and transcripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from chatfmt.conversation import Conversation
from chatfmt.conversation.definitions import listed
from chatfmt.facade.writing import Writing, as_conversation
from chatfmt.transcript import Transcript, parsed, rendered, restore
from chatfmt.wire.fast.decode import Decoder
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spelled import SpelledText, check_trusted
from chatfmt.wire.streams import prompted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import tiktoken

    from chatfmt.encodings import TokenEncoding
    from chatfmt.facade.writing import Messages
    from chatfmt.line.format import ChatFormat

__all__ = ["Reading"]


class Reading(Writing):
    """Ids to conversations, whole or as they are sampled."""

    def __init__(self, format: ChatFormat, encoding: tiktoken.Encoding | TokenEncoding) -> None:
        super().__init__(format, encoding)
        self._decoder = Decoder(self._binding)

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
            ValueError: ``tools`` is not a list of objects.
        """
        if tools and self.format.arguments:
            parser = StreamParser(self._binding, strict=True, prologue=prologue)
            parser.know_tools(tools)
            parser.feed_all(ids)
            parser.close()
            return Conversation(messages=tuple(parser.messages))
        return self._decoder.decode(ids, prologue=prologue)

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
            ValueError: ``tools`` is not a list of objects.
        """
        definitions = listed(tools)
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
            ValueError: ``tools`` is not a list of objects.
        """
        if role is None:
            parser = StreamParser(self._binding, strict=strict)
        else:
            parser = prompted(self._renderer, role, strict=strict, thinking=thinking)
        if tools:
            parser.know_tools(tools)
        return parser

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
