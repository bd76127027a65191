"""The input of a server's parser: a model's output as ids, or as text that spells its tokens.

A server has its own tokenizer, and a parser is made only from a format. Text is read as single
bytes, so no vocabulary is needed; ids are read with the server's vocabulary.
"""

from __future__ import annotations

import codecs
import hashlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from chatfmt.encodings import get_encoding
from chatfmt.errors import EncodingError, RenderError
from chatfmt.line.format import ChatFormat
from chatfmt.line.formats import get_format
from chatfmt.serve.pieces import Turn
from chatfmt.tokenizer import ChatTokenizer
from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.spelled import SpelledText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chatfmt.serve.pieces import Piece

__all__ = [
    "Output",
    "Source",
    "bytes_of",
    "format_of",
    "ids_of",
    "over_ids",
    "over_text",
    "server_class",
    "spelled",
    "stops_in_order",
]

Source: TypeAlias = "str | ChatFormat | ChatTokenizer"
"""A format by its name, a format, or a tokenizer."""

_BYTES = 256


class _Bytes:
    """Single bytes, and the special tokens of a format."""

    def __init__(self, special_tokens: Sequence[str]) -> None:
        self.special_tokens = {token: _BYTES + at for at, token in enumerate(special_tokens)}
        self.n_vocab = _BYTES + len(special_tokens)
        self.fingerprint = hashlib.sha256("\0".join(special_tokens).encode()).hexdigest()

    def encode_ordinary(self, text: str) -> list[int]:
        """Its bytes."""
        return [*text.encode()]

    def token_bytes(self, token: int) -> bytes:
        """The byte."""
        if not 0 <= token < _BYTES:
            raise KeyError(token)
        return bytes([token])


def format_of(source: Source) -> ChatFormat:
    """The format that a source has or names.

    Raises:
        UnknownFormatError: there is no such format.
    """
    if isinstance(source, ChatTokenizer):
        return source.format
    return source if isinstance(source, ChatFormat) else get_format(source)


def server_class(
    ours: type[Any], base: str, module: str, of: Source, **members: object
) -> type[Any]:
    """A class for one source that inherits from a class of ours and from the server's.

    Args:
        ours: our class, which reads outputs.
        base: the name of the server's class.
        module: the server's module that has it.
        of: the source, whose name the class gets.
        members: further members of the class.

    Raises:
        ImportError: the server is not installed.
        UnknownFormatError: there is no such format.
    """
    name = f"{base} of {format_of(of).name}"
    theirs = getattr(import_module(module), base)
    about = {"__module__": ours.__module__, "__doc__": ours.__doc__}
    return type(name, (ours, theirs), {**about, **members})


def over_text(source: Source) -> ChatTokenizer:
    """A tokenizer for text of a format: over the format's own vocabulary, or else over bytes."""
    row = format_of(source)
    if row.encoding is not None:
        return ChatTokenizer(row, get_encoding(row.encoding))
    return ChatTokenizer(row, _Bytes([*row.special_tokens]))


def over_ids(source: Source, tokenizer: Any) -> ChatTokenizer:  # noqa: ANN401 - the server's
    """A tokenizer for the ids of a server's tokenizer.

    Raises:
        EncodingError: `chatfmt.hf.HFEncoding` cannot read the server's tokenizer.
    """
    if isinstance(source, ChatTokenizer):
        return source
    from chatfmt.encodings.hf import HFEncoding

    try:
        return ChatTokenizer(format_of(source), HFEncoding(tokenizer))
    except EncodingError as error:
        raise EncodingError(
            f"{error}; make the parser from a ChatTokenizer, which brings its own vocabulary"
        ) from error


def ids_of(tok: ChatTokenizer, text: str) -> list[int]:
    """The ids of a text that spells special tokens."""
    taken = SpelledText(tok.encoding)
    return [*taken.take(text), *taken.end()]


def bytes_of(tok: ChatTokenizer, token: int) -> bytes:
    """The text of an id; none if it is not in the vocabulary, as the padding of a model's matrix.

    So streams have it.
    """
    try:
        return tok.encoding.token_bytes(token)
    except KeyError:
        return b""


def spelled(tok: ChatTokenizer, ids: Iterable[int]) -> str:
    """Ids as text, with special tokens spelled out, and without half a character at the end."""
    spellings = {token: spelling for spelling, token in tok.encoding.special_tokens.items()}
    data = b"".join(
        spellings[token].encode() if token in spellings else bytes_of(tok, token) for token in ids
    )
    return codecs.getincrementaldecoder("utf-8")("replace").decode(data)


def usual_stops(tok: ChatTokenizer) -> frozenset[int]:
    """The stop tokens that may come after an answer."""
    parser = tok.stream()
    parser.feed_all(tok.encoding.encode_ordinary("x"))
    return parser.allowed().special_tokens & parser.stop_tokens or parser.stop_tokens


def stops_in_order(tok: ChatTokenizer) -> list[int]:
    """The stop tokens in the format's order, but those that may come after an answer first."""
    usual = usual_stops(tok)
    special = tok.encoding.special_tokens
    listed = dict.fromkeys(special[spelling] for spelling in tok.format.stop_spellings)
    return sorted([*listed, *sorted(tok.stop_tokens - listed.keys())], key=lambda t: t not in usual)


class Output:
    """A model's output, from ids or from text, as pieces.

    Args:
        tok: the format and its vocabulary.
        after: the values of ``thinking`` that `ChatTokenizer.encode_prompt` may have been given.
            The first whose prompt the output can follow is used.
        tools: as in `ChatTokenizer.stream`.
        whole_calls: as in `ReplyOptions`.
        new_id: as in `Turn`.
    """

    def __init__(
        self,
        tok: ChatTokenizer,
        *,
        after: Sequence[bool | None] = (None,),
        tools: Iterable[Mapping[str, Any]] = (),
        whole_calls: bool = False,
        new_id: Callable[[int], str] = "call_{}".format,
    ) -> None:
        self._tok = tok
        self._after = after
        self._tools = [*tools]
        self._text = SpelledText(tok.encoding)
        self._parser: StreamParser | None = None
        self._turn = Turn(stray="content", whole_calls=whole_calls, first_call=0, new_id=new_id)
        self.stopped = False
        """Whether a stop token has come."""

    @property
    def part(self) -> str | None:
        """The part of the open message, as in `OpenMessage`; None between messages."""
        opened = None if self._parser is None else self._parser.open
        return None if opened is None else opened.part

    def take(self, ids: Sequence[int]) -> list[Piece]:
        """The pieces that these ids add; ids after a stop token are not part of the output."""
        if self.stopped or not ids:
            return []
        events, self.stopped = self.begun(ids[0]).feed_some([*ids])
        return self._turn.take(events)

    def take_text(self, text: str) -> list[Piece]:
        """The pieces that more text adds."""
        return self.take(self._text.take(text))

    def end(self, *, cut: bool = False) -> list[Piece]:
        """The last pieces.

        Servers leave the stop token out of a text. So the model is assumed to have stopped at the
        end of the text, unless the text is known to be ``cut`` off there.
        """
        pieces = self.take(self._text.end())
        if self.stopped:
            return pieces
        parser = self.begun(None)
        if not cut and parser.open is not None:
            stops = parser.allowed().special_tokens & parser.stop_tokens or usual_stops(self._tok)
            return [*pieces, *self.take([min(stops)])]
        return [*pieces, *self._turn.take(parser.close(), closing=True)]

    def stands_with(self, other: StreamParser) -> bool:
        """Whether the output continues just as another parser's input does."""
        return self._parser is not None and self._parser.stands_with(other)

    def begun(self, first: int | None) -> StreamParser:
        """The parser that reads it, which begins after a prompt that this id can follow."""
        if self._parser is None:
            choices = [*self._choices()]
            fits = (one for one in choices if first in one.allowed().special_tokens)
            self._parser = next(fits, choices[0])
        return self._parser

    def _choices(self) -> Iterator[StreamParser]:
        """Parsers after each prompt of the format, and one between messages."""
        for thinking in (*self._after, None):
            try:
                parser = self._tok.stream(thinking=thinking, tools=self._tools)
            except RenderError:  # there is no such prompt
                continue
            yield parser
        between = StreamParser(parser.binding, strict=False, prologue=False)
        between.know_tools(self._tools)
        between.stop_tokens = parser.stop_tokens
        yield between
