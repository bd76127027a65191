"""A format bound to an encoding: the ids of its special tokens, the bytes of every other id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from chatfmt.encodings.protocol import TokenEncoding
    from oracle.chatformat import ChatFormat

__all__ = ["Binding", "TextTable", "WholeTable"]


class TextTable(dict[int, bytes]):
    """Id to bytes of the ids that are text, filled as they are asked for.

    KeyError for what is no text: special tokens, and ids that the encoding does not have.
    """

    def __init__(self, encoding: TokenEncoding) -> None:
        super().__init__()
        self._encoding = encoding
        self._special = frozenset(encoding.special_tokens.values())

    def __missing__(self, token: int) -> bytes:
        if token in self._special:
            raise KeyError(token)
        found = self[token] = self._encoding.token_bytes(token)
        return found


class WholeTable(dict[int, str]):
    """Id to text of the ids that are whole characters, filled as they are asked for.

    An empty string for all others: parts of a character, special tokens, ids that are none.
    """

    def __init__(self, table: TextTable) -> None:
        super().__init__()
        self._table = table

    def __missing__(self, token: int) -> str:
        try:
            found = self[token] = self._table[token].decode()
        except (KeyError, UnicodeDecodeError):
            return ""
        return found


class Binding:
    """What rendering and parsing share.

    Raises:
        EncodingError: the encoding lacks special tokens of the format; the message names them.
    """

    def __init__(self, format: ChatFormat, encoding: TokenEncoding) -> None:
        known = encoding.special_tokens
        missing = [token for token in format.special_tokens if token not in known]
        if missing:
            raise EncodingError(
                f"the encoding lacks special tokens of format {format.name}: "
                f"{', '.join(missing)}; create them with extend_encoding, or bring the vocabulary "
                "of a model that was trained with them"
            )
        self.format = format
        self.encoding = encoding
        self.ids = {token: known[token] for token in format.special_tokens}
        """Spelling to id of the format's special tokens."""
        self.spellings = {token: spelling for spelling, token in known.items()}
        """Id to spelling of every special token of the encoding, the format's or not."""
        self.text = TextTable(encoding)
        self.whole = WholeTable(self.text)
        self.stops = frozenset(
            self.ids[spelling]
            for role in format.templates
            for spelling, stops in format.ends_of(role).items()
            if stops
        )
        """The ids at which a model stops, whatever role it speaks in: a mangled header may have
        another one than its prompt."""

    def spell(self, token: int) -> bytes:
        """What an id stands for; nothing for an id that the encoding does not have."""
        if token in self.spellings:
            return self.spellings[token].encode()
        try:
            return self.text[token]
        except KeyError:
            return b""

    def show(self, token: int) -> str:
        """One id, as error messages have it."""
        if token in self.spellings:
            return f"the special token {self.spellings[token]} ({token})"
        try:
            data = self.text[token]
        except KeyError:
            return f"the id {token}, which is not in the vocabulary"
        return f"the text {data.decode(errors='backslashreplace')!r} ({token})"
