"""SentencePiece's byte-pair encoding with byte fallback, as in Llama 2, Mistral and Gemma.

In such a vocabulary a space is spelled U+2581, and a character that no piece has is spelled by
bytes. `chatfmt.encodings.sentencepiece_model` reads SentencePiece's own files, and
`chatfmt.encodings.metaspace` those of Hugging Face.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import regex

from chatfmt.encodings.ids import as_id
from chatfmt.encodings.merging import merge
from chatfmt.encodings.protocol import Capabilities
from chatfmt.errors import EncodingError, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.encodings.merging import Priority

__all__ = [
    "SPACE",
    "DummyPrefix",
    "Pieces",
    "SentencePieceEncoding",
    "byte_piece",
    "with_special_tokens",
]

SPACE = "\u2581"
"""The spelling of a space in a piece."""

_LONGEST_WORD = 64
"""The largest number of characters in a word that is remembered."""
_MOST_WORDS = 100_000


class DummyPrefix(NamedTuple):
    """Where a vocabulary's owner puts a space before text.

    Such a space is layout: the line of a format has it, such as that of ``mistral-v7-spm``, and an
    encoding never adds one by itself.
    """

    where: Literal["start", "special"]
    """Whether only before text at the start, or also before text after a special token."""
    always: bool
    """Whether also before text that begins with a space."""

    def before(self, text: str) -> str:
        """The text with its prefix, if it gets one.

        >>> DummyPrefix("start", always=False).before("hi")
        ' hi'
        """
        return f" {text}" if text and (self.always or not text.startswith(" ")) else text


class Pieces(NamedTuple):
    """Everything that decides the ids of a text, as plain data."""

    ids: dict[str, int]
    """Piece to id, for the pieces that text may become; spaces are spelled `SPACE`."""
    bytes: list[int]
    """The ids of the 256 bytes."""
    special: dict[str, int]
    """Spelling to id of the special tokens."""
    scores: dict[str, float]
    """For each piece that merging can make; higher ones are merged sooner. Empty if pairs exist."""
    pairs: list[tuple[str, str]]
    """The pairs of neighbours that become one, in the order of priority."""
    found: list[str]
    """Texts that are found before anything is merged, longer ones first: runs of white space."""
    each_space: bool
    """Whether each space begins a word, and no piece of text extends beyond its word."""
    dummy_prefix: DummyPrefix | None


class SentencePieceEncoding:
    r"""The `TokenEncoding` protocol over byte pairs of characters, with bytes for all others.

    A text gets the ids that it would have within a longer one: no space is put before it. If a
    vocabulary's owner puts one, `dummy_prefix` says so, and the format's line writes it. There are
    two differences from the owner's encoder:

    - a U+2581 in text is spelled by its bytes; the owner's encoder turns it into a space;
    - text that spells a special token, or a symbol that the vocabulary's owner has defined, stays
      text; only symbols that are only white space, as in Gemma's, are found in text.

    Attributes:
        special_tokens: spelling to id.
        n_vocab: one more than the highest id.
        fingerprint: hex SHA-256 over everything that decides the ids of a text.
        dummy_prefix: where the owner puts a space before text; None for nowhere.

    >>> hello = {piece: i for i, piece in enumerate(["<s>", "\u2581", "h", "i", "hi", "\u2581hi"])}
    >>> encoding = SentencePieceEncoding(Pieces(
    ...     ids=hello, bytes=list(range(6, 262)), special={"<s>": 0}, scores={},
    ...     pairs=[("h", "i"), ("\u2581", "hi")], found=[], each_space=False, dummy_prefix=None))
    >>> encoding.encode_ordinary(" hi<")
    [5, 66]
    >>> encoding.token_bytes(5), encoding.token_bytes(66)
    (b' hi', b'<')

    Raises:
        EncodingError: an id stands for several things.
    """

    capabilities = Capabilities()

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self.special_tokens: Mapping[str, int] = dict(pieces.special)
        self.dummy_prefix = pieces.dummy_prefix
        special = set(pieces.special.values())
        self._ids = {piece: token for piece, token in pieces.ids.items() if token not in special}
        self._bytes = {token: spelled.encode() for spelled, token in pieces.special.items()}
        self._bytes |= {t: piece.replace(SPACE, " ").encode() for piece, t in self._ids.items()}
        self._bytes |= {token: bytes([byte]) for byte, token in enumerate(pieces.bytes)}
        if len(self._bytes) != len(special) + len(self._ids) + len(pieces.bytes):
            raise EncodingError("an id stands for a piece and a byte, or for two pieces")
        self.n_vocab = max(self._bytes) + 1
        self._priority = _priority_of(pieces, self._ids)
        self._words = _words_of(pieces, self._ids)
        self._found_ids = {each: self._ids[each.replace(" ", SPACE)] for each in pieces.found}
        longest_first = sorted(self._found_ids, key=len, reverse=True)
        any_of = "|".join(map(regex.escape, longest_first))
        self._found = regex.compile(f"({any_of})") if any_of else None
        self._known: dict[str, list[int]] = {}
        decisive = json.dumps([*pieces[:-1]], sort_keys=True)
        self.fingerprint = hashlib.sha256(f"sentencepiece {decisive}".encode()).hexdigest()

    def __repr__(self) -> str:
        special = len(self.special_tokens)
        return f"SentencePieceEncoding(n_vocab={self.n_vocab}, special_tokens={special})"

    def __reduce__(self) -> tuple[Any, ...]:
        return SentencePieceEncoding, (self._pieces,)

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text; spellings of special tokens are ordinary text."""
        text.encode()  # a lone surrogate is a UnicodeEncodeError, as in tiktoken
        if self._found is None:
            return self._encode_words(text)
        ids: list[int] = []
        for nth, part in enumerate(self._found.split(text)):
            # the texts found are between the others
            ids += [self._found_ids[part]] if nth % 2 else self._encode_words(part)
        return ids

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError if the encoding has no such id."""
        return self._bytes[token if type(token) is int else as_id(token)]

    def _encode_words(self, text: str) -> list[int]:
        ids: list[int] = []
        known = self._known
        for word in self._words.findall(text):
            some = known.get(word)
            if some is None:
                some = self._encode(word)
                if len(word) <= _LONGEST_WORD:
                    if len(known) >= _MOST_WORDS:
                        known.clear()
                    known[word] = some
            ids += some
        return ids

    def _encode(self, word: str) -> list[int]:
        """The ids of a word, by merging."""
        if word == SPACE:
            return [self._pieces.bytes[byte] for byte in word.encode()]
        ids: list[int] = []
        for piece in merge(word.replace(" ", SPACE), self._priority):
            token = self._ids.get(piece)
            if token is None:  # a character that is not a piece
                ids += [self._pieces.bytes[byte] for byte in piece.replace(SPACE, " ").encode()]
            else:
                ids.append(token)
        return ids


def with_special_tokens(
    encoding: SentencePieceEncoding, more: Mapping[str, int]
) -> SentencePieceEncoding:
    """The same vocabulary with further special tokens, as listed in files next to it.

    A piece with such an id is no longer text.

    Raises:
        EncodingError: the id is that of a byte, or of another special token.
    """
    pieces = encoding._pieces
    taken = {*pieces.bytes, *pieces.special.values()}
    for spelling, token in more.items():
        if token in taken:
            raise EncodingError(f"{named(spelling)}: the id {token} is taken")
    return SentencePieceEncoding(pieces._replace(special={**pieces.special, **more}))


def byte_piece(byte: int) -> str:
    """The spelling of a byte in a vocabulary.

    >>> byte_piece(10)
    '<0x0A>'
    """
    return f"<0x{byte:02X}>"


def _priority_of(pieces: Pieces, ids: Mapping[str, int]) -> Priority:
    """The pairs to merge and their order, without merges that would give a special token."""
    if pieces.pairs:
        ranks = {pair: rank for rank, pair in enumerate(pieces.pairs) if "".join(pair) in ids}
        return ranks.get
    priorities = {piece: -score for piece, score in pieces.scores.items() if piece in ids}
    return lambda pair: priorities.get(pair[0] + pair[1])


def _words_of(pieces: Pieces, ids: Mapping[str, int]) -> regex.Pattern[str]:
    """A pattern that cuts a text where no merge could ever cross, or where the vocabulary says so.

    If no piece has a space after another character, no merge crosses such a place.
    """
    if pieces.each_space:
        word = f" ?[^ {SPACE}]+| "
    elif any(SPACE in piece.lstrip(SPACE) for piece in ids):
        word = f"[^{SPACE}]+"
    else:
        word = f" *[^ {SPACE}]+| +"
    return regex.compile(f"{word}|{SPACE}")
