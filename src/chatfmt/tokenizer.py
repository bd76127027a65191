"""The facade: a format bound to an encoding. It only delegates."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chatfmt.encodings import TokenEncoding, get_encoding
from chatfmt.facade.reading import Reading
from chatfmt.facade.turns import ByTurn
from chatfmt.facade.writing import Messages
from chatfmt.line.formats import get_format
from chatfmt.line.models import advice_for, format_for_model
from chatfmt.wire.binding import encoding_required

if TYPE_CHECKING:
    import tiktoken

    from chatfmt.line.format import ChatFormat

__all__ = ["ChatTokenizer", "Messages", "get_tokenizer", "tokenizer_for_model"]


class ChatTokenizer(Reading, ByTurn):
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
        super().__init__(format, encoding)
        self.imported = imported
        """Where the tokenizer comes from, if `chatfmt.from_pretrained` made it."""

    def __repr__(self) -> str:
        return f"ChatTokenizer({self.format.name!r}, {self.encoding!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _tokenizer, (self.format, self.encoding, self.imported)


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
