"""Vocabulary files as people have them: what a file is decides who reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.encodings.probe import probe
from chatfmt.encodings.rank_file import is_rank_line, read_rank_file
from chatfmt.encodings.tekken import is_tekken, read_tekken
from chatfmt.encodings.tiktoken import TiktokenEncoding
from chatfmt.errors import DataError, EncodingError, bounded, named, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["load_encoding"]

_READ = (
    "a rank file (.tiktoken, or the tokenizer.model of Llama 3 and 4), a tekken.json, or a Hugging "
    "Face tokenizer.json"
)
# How many bytes show what a file is; the first of GGUF, of a pointer of Git LFS, and of gzip's,
# zip's and Zstandard's files.
_HEAD = 256
_GGUF = b"GGUF"
_LFS = b"version https://git-lfs.github.com/"
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")
_VOCABULARIES = ("tokenizer.json", "tekken.json", "tokenizer.model")


def load_encoding(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Sequence[str] | Mapping[str, int] | None = None,
) -> TokenEncoding:
    """The encoding that a vocabulary file describes; what kind it is, the file itself says.

    - Rank files, one token in base 64 and its rank a line: ``.tiktoken``, and the
      ``tokenizer.model`` of Llama 3 and 4. They need a ``pattern`` (`chatfmt.encodings.patterns`
      has some), and ``special_tokens`` as `extend_encoding` takes them.
    - Mistral's ``tekken.json``.
    - Hugging Face's ``tokenizer.json``, if it is byte-level BPE (extra ``hf``).

    Args:
        path: the file, or the folder of a model that has just one of these: ``tokenizer.json``,
            ``tekken.json``, ``tokenizer.model``.
        pattern: the regular expression that splits text, for a rank file alone.
        special_tokens: spellings, which get ids after the highest rank in that order, or spellings
            and ids, for a rank file alone; the other files name their own.

    >>> import chatfmt
    >>> chatfmt.load_encoding("no/tekken.json")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no/tekken.json'

    Raises:
        EncodingError: the file is of another kind, which the message names, or damaged; a rank file
            without a pattern, or another with one; an encoding that does not give text back; a
            folder with none of the files, or several.
        OSError: the file cannot be read.
        ImportError: a ``tokenizer.json``, and the extra ``hf`` is not installed.
    """
    file = Path(path)
    if file.is_dir():
        file = path = _vocabulary_in(file)
    with file.open("rb") as stream:
        data = stream.read(_HEAD)
        if not data.startswith((_GGUF, _LFS, *_COMPRESSED)):  # some of those have many gigabytes
            data += stream.read()
    try:
        encoding = _read(file, data, pattern, special_tokens)
        probe(encoding)
    except EncodingError as error:
        where = "" if str(error).startswith(f"{path}: ") else f"{path}: "
        raise EncodingError(f"{where}{error}") from error
    return encoding


def _vocabulary_in(folder: Path) -> Path:
    there = [name for name in _VOCABULARIES if (folder / name).exists()]
    if len(there) != 1:
        found = f"{' and '.join(there)}: give the path of one" if there else "none"
        raise EncodingError(
            f"{folder}: expected a folder with one of {', '.join(_VOCABULARIES)}, found {found}"
        )
    return folder / there[0]


def _read(
    file: Path,
    data: bytes,
    pattern: str | None,
    special_tokens: Sequence[str] | Mapping[str, int] | None,
) -> TokenEncoding:
    if is_rank_line(data.lstrip(b"\r\n").partition(b"\n")[0]):
        if pattern is None:
            raise EncodingError(
                "a rank file does not say how text is split: give the pattern; "
                "chatfmt.encodings.patterns has some"
            )
        return TiktokenEncoding(read_rank_file(data, file.stem, pattern, special_tokens or ()))
    document = _json_object(data)
    known = "model" in document and "added_tokens" in document
    if not known and not is_tekken(document):
        raise EncodingError(f"expected {_READ}, found {_other_kind(data, document)}")
    for name, value in (("pattern", pattern), ("special_tokens", special_tokens)):
        if value is not None:
            raise EncodingError(f"the file has its own {name}: leave {name} out")
    if not known:
        return TiktokenEncoding(read_tekken(document, file.stem))
    from chatfmt.encodings.hf import HFEncoding

    return HFEncoding.from_file(file)


def _json_object(data: bytes) -> dict[str, object]:
    """A JSON object; an empty one for anything else."""
    if not data.lstrip().startswith(b"{"):
        return {}
    try:
        document: dict[str, object] = loads(data)
    except DataError as error:
        raise EncodingError(f"expected {_READ}, found JSON that cannot be read: {error}") from error
    return document


def _other_kind(data: bytes, document: Mapping[str, object]) -> str:
    """The name of what a file is that no reader takes, and what may help."""
    instead = "take the tokenizer.json of the same model"
    kinds = {
        "an empty file": not data,
        f"a GGUF file, which chatfmt does not read; {instead}": data.startswith(_GGUF),
        f"a SentencePiece model, which chatfmt does not read; {instead}": _is_sentencepiece(data),
        "a pointer of Git LFS to the file; fetch it with `git lfs pull`": data.startswith(_LFS),
        "a compressed file; unpack it first": data.startswith(_COMPRESSED),
        "a tokenizer_config.json, which has no vocabulary; take the tokenizer.json beside it": (
            not {"tokenizer_class", "chat_template"}.isdisjoint(document)
        ),
        f"a vocab.json, which has no merges; {instead}": (
            document != {} and all(isinstance(token, int) for token in document.values())
        ),
        f"a JSON object with the keys {named(bounded(', '.join(document), 90))}": document != {},
    }
    return next(
        (kind for kind, found in kinds.items() if found), f"one that begins {shown(data[:20])}"
    )


def _is_sentencepiece(data: bytes) -> bool:
    """Whether this begins as a SentencePiece model: with a piece, its text and its score.

    Source: sentencepiece_model.proto of github.com/google/sentencepiece, message ModelProto.
    """
    tag, size, inner, length, *rest = data[:_HEAD].ljust(4, b"\0")
    score = rest[length : length + 1]
    return (tag, inner) == (0x0A, 0x0A) and length + 2 < size and score == [0x15]
