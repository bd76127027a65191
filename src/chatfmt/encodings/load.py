"""Vocabulary files as people have them: what a file is decides who reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.encodings.gguf import read_gguf
from chatfmt.encodings.gguf_metadata import MAGIC
from chatfmt.encodings.kinds import HEAD, READ, is_binary, is_tokenizer_json, other_kind
from chatfmt.encodings.metaspace import has_byte_fallback, read_metaspace
from chatfmt.encodings.normal import NormalEncoding
from chatfmt.encodings.probe import probe
from chatfmt.encodings.rank_file import is_rank_line, read_rank_file
from chatfmt.encodings.sentencepiece_model import is_sentencepiece, read_sentencepiece
from chatfmt.encodings.tekken import is_tekken, read_tekken
from chatfmt.encodings.tiktoken import TiktokenEncoding
from chatfmt.errors import DataError, EncodingError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["load_encoding", "vocabulary_in"]

_VOCABULARIES = ("tokenizer.json", "tekken.json", "tokenizer.model")
"""What a folder may have; the first that is there is taken, as transformers does."""


def load_encoding(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Sequence[str] | Mapping[str, int] | None = None,
    normalize: str | None = None,
) -> TokenEncoding:
    """The encoding that a vocabulary file describes; what kind it is, the file itself says.

    - Rank files, one token in base 64 and its rank a line: ``.tiktoken``, and the
      ``tokenizer.model`` of Llama 3 and 4. They need a ``pattern`` (`chatfmt.encodings.patterns`
      has some), and ``special_tokens`` as `extend_encoding` takes them.
    - Mistral's ``tekken.json``.
    - Hugging Face's ``tokenizer.json``: byte-level BPE (extra ``hf``), and SentencePiece's BPE with
      byte fallback, as Llama 2, Mistral and Gemma have it.
    - SentencePiece's own files, such as their ``tokenizer.model``.
    - GGUF files, by what their metadata says (byte-level BPE: extra ``hf``).

    No encoding puts a space before text. Where a vocabulary's owner does, its ``dummy_prefix`` says
    so (see ``chatfmt.encodings.sentencepiece``), and the format's line writes the space.

    Args:
        path: the file, or the folder of a model: the first is taken that is there, of
            ``tokenizer.json``, ``tekken.json``, ``tokenizer.model``, and a single GGUF file.
        pattern: the regular expression that splits text, for a rank file alone.
        special_tokens: spellings, which get ids after the highest rank in that order, or spellings
            and ids, for a rank file alone; the other files name their own.
        normalize: ``"NFC"`` for a model whose tokenizer makes text NFC first, as Qwen's do. Other
            text then has ids that the model never saw. It is refused, not changed: what is encoded
            comes back as it was. Make it NFC where it comes in. Without this, text is encoded as it
            is, also where a ``tokenizer.json`` has such a normalizer.

    >>> import chatfmt
    >>> chatfmt.load_encoding("no/tekken.json")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no/tekken.json'

    Raises:
        EncodingError: the file is of another kind, which the message names, or damaged; a rank file
            without a pattern, or another with one; an encoding that does not give text back; a
            folder with none of the files.
        OSError: the file cannot be read.
        ImportError: the vocabulary is byte-level BPE, and the extra ``hf`` is not installed.
    """
    file = Path(path)
    if file.is_dir():
        file = path = vocabulary_in(file)
    with file.open("rb") as stream:
        data = stream.read(HEAD)
        if not data.startswith(MAGIC) and not is_binary(data):  # those may have many gigabytes
            data += stream.read()
    try:
        encoding = _read(file, data, pattern, special_tokens)
        if normalize is not None:
            encoding = NormalEncoding(encoding, normalize)
        probe(encoding)
    except EncodingError as error:
        where = "" if str(error).startswith(f"{path}: ") else f"{path}: "
        raise EncodingError(f"{where}{error}") from error
    return encoding


def vocabulary_in(folder: Path) -> Path:
    """The file that is a model's vocabulary.

    Raises:
        EncodingError: there is none, or there are several GGUF files and nothing else.
    """
    for name in _VOCABULARIES:
        if (folder / name).is_file():
            return folder / name
    there = sorted(folder.glob("*.gguf"))
    if len(there) == 1:
        return there[0]
    found = "none"
    if there:
        found = f"{' and '.join(file.name for file in there)}: give the path of one"
    raise EncodingError(
        f"{folder}: expected a folder with one of {', '.join(_VOCABULARIES)}, or a GGUF file, "
        f"found {found}"
    )


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
    document = {} if is_binary(data) else _json_object(data)
    binary = data.startswith(MAGIC) or is_sentencepiece(data)
    if not binary and not is_tokenizer_json(document) and not is_tekken(document):
        raise EncodingError(f"expected {READ}, found {other_kind(data, document)}")
    for name, value in (("pattern", pattern), ("special_tokens", special_tokens)):
        if value is not None:
            raise EncodingError(f"the file has its own {name}: leave {name} out")
    if data.startswith(MAGIC):
        return read_gguf(file)
    if binary:
        return read_sentencepiece(data)
    if is_tekken(document):
        return TiktokenEncoding(read_tekken(document, file.stem))
    if has_byte_fallback(document):
        return read_metaspace(document)
    from chatfmt.encodings.hf import HFEncoding

    return HFEncoding.from_file(file)


def _json_object(data: bytes) -> dict[str, object]:
    """A JSON object; an empty one for anything else."""
    if not data.lstrip().startswith(b"{"):
        return {}
    try:
        document: dict[str, object] = loads(data)
    except DataError as error:
        raise EncodingError(f"expected {READ}, found JSON that cannot be read: {error}") from error
    return document
