"""SentencePiece's own files, such as the ``tokenizer.model`` of Llama 2, Mistral and Gemma.

Source: sentencepiece_model.proto of github.com/google/sentencepiece. Only byte pairs with byte
fallback and without a normalizer give every text back.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.encodings.protobuf import fields, float_of
from chatfmt.encodings.sentencepiece import (
    SPACE,
    DummyPrefix,
    Pieces,
    SentencePieceEncoding,
    byte_piece,
)
from chatfmt.errors import EncodingError, bounded, named, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from chatfmt.encodings.protobuf import Value

__all__ = ["Piece", "is_sentencepiece", "pieces_of", "read_sentencepiece"]

# Fields of ModelProto, of its pieces, and of the two specifications.
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _TYPE = 1, 2, 3
_MODEL_TYPE, _SUFFIX, _BYTE_FALLBACK = 3, 24, 35
_CHARSMAP, _DUMMY_PREFIX, _EXTRA_WHITESPACES, _ESCAPE = 2, 3, 4, 5

_MODELS = {1: "Unigram", 2: "BPE", 3: "word", 4: "character"}
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""Types of pieces; GGUF has the same numbers."""
_SPECIAL = {UNKNOWN, CONTROL, USER_DEFINED}


class Piece(NamedTuple):
    """A piece as listed in files; its index in the list is its id."""

    text: str
    score: float
    type: int


def is_sentencepiece(data: bytes) -> bool:
    r"""Whether this begins like a SentencePiece model: with a piece, its text and its score.

    >>> is_sentencepiece(b"\n\x0e\n\x05<unk>\x15\x00\x00\x00\x00\x18\x02"), is_sentencepiece(b"{}")
    (True, False)
    """
    tag, size, inner, length, *rest = data[:256].ljust(4, b"\0")
    score = rest[length : length + 1]
    return (tag, inner) == (0x0A, 0x0A) and length + 2 < size and score == [0x15]


def read_sentencepiece(data: bytes) -> SentencePieceEncoding:
    """The encoding of a SentencePiece model.

    Raises:
        EncodingError: the file is damaged, or the model does not give every text back.
    """
    try:
        parts = [*fields(data)]
        listed = [_piece(dict(fields(_bytes(part)))) for kind, part in parts if kind == _PIECES]
        last = {kind: _bytes(part) for kind, part in parts if kind in (_TRAINER, _NORMALIZER)}
        trainer = dict(fields(last.get(_TRAINER, b"")))
        normalizer = dict(fields(last.get(_NORMALIZER, b"")))
    except ValueError as error:
        raise EncodingError(f"a SentencePiece model that is damaged: {error}") from error
    objections = bounded("; ".join(_objections(trainer, normalizer)), 500)
    if objections:
        raise EncodingError(
            f"expected a SentencePiece model of byte pairs that gives text back, found {objections}"
        )
    prefix = DummyPrefix("special", always=True) if normalizer.get(_DUMMY_PREFIX, 1) else None
    return SentencePieceEncoding(pieces_of(listed, prefix))


def pieces_of(listed: Iterable[Piece], dummy_prefix: DummyPrefix | None) -> Pieces:
    """The data that decide ids, from the pieces that a model lists.

    Raises:
        EncodingError: a byte is missing, or a piece is listed twice or not to be used.
    """
    listed = [*listed]
    count = Counter(piece.text for piece in listed)
    twice = [text for text, times in count.items() if times > 1]
    if twice:
        raise EncodingError(f"expected each piece once, found {shown(twice[0])} again")
    if any(piece.type == UNUSED for piece in listed):
        unused = next(piece.text for piece in listed if piece.type == UNUSED)
        raise EncodingError(
            f"expected pieces that are in use, found {shown(unused)}, which is marked as unused: "
            "such pieces are split again, which is not supported"
        )
    of_bytes = {piece.text: token for token, piece in enumerate(listed) if piece.type == BYTE}
    special, ids, scores, found = (
        dict[str, int](),
        dict[str, int](),
        dict[str, float](),
        list[str](),
    )
    for token, (text, score, kind) in enumerate(listed):
        spelled = text.replace(SPACE, " ")
        if kind == USER_DEFINED and spelled.isspace():
            ids[text] = token
            found.append(spelled)
        elif kind in _SPECIAL:
            special[text] = token
        elif kind != BYTE:
            ids[text] = token
            scores[text] = score
    return Pieces(
        ids=ids,
        bytes=bytes_in(of_bytes),
        special=special,
        scores=scores,
        pairs=[],
        found=found,
        each_space=False,
        dummy_prefix=dummy_prefix,
    )


def bytes_in(ids: Mapping[str, int]) -> list[int]:
    """The ids of the 256 bytes.

    Raises:
        EncodingError: some are missing.
    """
    missing = [byte_piece(byte) for byte in range(256) if byte_piece(byte) not in ids]
    if missing:
        raise EncodingError(
            f"expected a piece for each byte, found none for {len(missing)} of them, beginning "
            f"with {missing[0]}: characters that are not a piece would be lost"
        )
    return [ids[byte_piece(byte)] for byte in range(256)]


def _piece(values: Mapping[int, Value]) -> Piece:
    score = values.get(_SCORE, 0)
    kind = values.get(_TYPE, NORMAL)
    if not isinstance(score, int) or not isinstance(kind, int):
        raise ValueError("expected a number as the score and the type of a piece")  # noqa: TRY004
    return Piece(_bytes(values.get(_TEXT, b"")).decode(), float_of(score), kind)


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError(f"expected bytes, found the number {value}")  # noqa: TRY004 - as the others
    return value


def _objections(trainer: Mapping[int, Value], normalizer: Mapping[int, Value]) -> Iterator[str]:
    kind = trainer.get(_MODEL_TYPE, 1)
    if kind != 2:  # noqa: PLR2004 - named in _MODELS
        name = _MODELS.get(int(kind), f"model of type {kind!r}") if isinstance(kind, int) else "?"
        yield f"a {named(name)} model (which pieces a text gets is not decided by merging)"
    if not trainer.get(_BYTE_FALLBACK):
        yield "no byte fallback (characters that are not a piece would be lost)"
    if trainer.get(_SUFFIX):
        yield "spaces as suffixes (only prefixes are known here)"
    if normalizer.get(_CHARSMAP):
        yield "a normalizer (it changes the text)"
    if normalizer.get(_EXTRA_WHITESPACES, 1):
        yield "remove_extra_whitespaces (it removes spaces)"
    if not normalizer.get(_ESCAPE, 1):
        yield f"spaces that are not spelled {SPACE}"
