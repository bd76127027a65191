"""Common vocabulary files: the content of a file decides which reader it gets."""

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
from chatfmt.encodings.token_ids import check_token_ids
from chatfmt.errors import DataError, EncodingError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["load_encoding", "vocabulary_in"]

_VOCABULARIES = ("tokenizer.json", "tekken.json", "tokenizer.model")
"""The files looked for in a folder; the first one found is taken, as in transformers."""


def load_encoding(
    path: str | os.PathLike[str],
    *,
    pattern: str | None = None,
    special_tokens: Sequence[str] | Mapping[str, int] | None = None,
    normalize: str | None = None,
) -> TokenEncoding:
    """The encoding in a vocabulary file, whose kind is recognized by its content.

    - Rank files, with a token in base 64 and its rank on each line: ``.tiktoken``, and the
      ``tokenizer.model`` of Llama 3 and 4. They need a ``pattern`` (`chatfmt.encodings.patterns`
      has some), and ``special_tokens`` as in `extend_encoding`.
    - Mistral's ``tekken.json``.
    - Hugging Face's ``tokenizer.json``: byte-level BPE (extra ``hf``), and SentencePiece's BPE with
      byte fallback, as in Llama 2, Mistral and Gemma.
    - SentencePiece's own files, such as their ``tokenizer.model``.
    - GGUF files, by their metadata (byte-level BPE: extra ``hf``).

    No encoding puts a space before text. If a vocabulary's owner does, its ``dummy_prefix`` says
    so (see ``chatfmt.encodings.sentencepiece``), and the format's line writes the space.

    Args:
        path: the file, or the folder of a model, in which the first one found is taken of
            ``tokenizer.json``, ``tekken.json``, ``tokenizer.model``, and a single GGUF file.
        pattern: the regular expression that splits text; only for a rank file.
        special_tokens: spellings, which get ids after the highest rank in that order, or spellings
            with ids; only for a rank file, because the other files have their own.
        normalize: ``"NFC"`` for a model whose tokenizer first converts text to NFC, as Qwen's do.
            Other text has ids that the model never saw. It is refused, not changed, so that
            encoded text always comes back exactly; convert it to NFC before you pass it in. By
            default, text is encoded unchanged, even if a ``tokenizer.json`` has such a normalizer.

    >>> import chatfmt
    >>> chatfmt.load_encoding("no/tekken.json")
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'no/tekken.json'

    Raises:
        EncodingError: the file is of another kind, which the message names, or damaged; a rank file
            without a pattern, or another file with one; an encoding that does not give text back;
            a folder with none of the files.
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
    """The file with a model's vocabulary.

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
    check_token_ids(document)
    if has_byte_fallback(document):
        return read_metaspace(document)
    from chatfmt.encodings.hf import HFEncoding, tokenizer_of

    return HFEncoding(tokenizer_of(data.decode()))


def _json_object(data: bytes) -> dict[str, object]:
    """A JSON object; an empty one for anything else."""
    if not data.lstrip().startswith(b"{"):
        return {}
    try:
        document: dict[str, object] = loads(data)
    except DataError as error:
        raise EncodingError(f"expected {READ}, found JSON that cannot be read: {error}") from error
    return document
