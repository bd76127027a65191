"""The `TokenEncoding` protocol over a Hugging Face tokenizer (extra ``hf``).

A ``tokenizer.json`` is a pipeline: normalizer, pre-tokenizer, model and decoder, and a separate
list of added tokens that are searched for in every text. Only byte-level BPE inverts exactly, so
anything else is refused. The search for added tokens is left out, because content could forge
structure; the model with its pre-tokenizer remains.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chatfmt.encodings.ids import as_id
from chatfmt.encodings.kinds import other_kind
from chatfmt.encodings.metaspace import has_byte_fallback, steps_of
from chatfmt.encodings.protocol import Capabilities
from chatfmt.encodings.text_bytes import missing_bytes, refuse_missing
from chatfmt.encodings.token_ids import check_token_ids
from chatfmt.errors import DataError, EncodingError, bounded, named, said, shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from tokenizers import Tokenizer

__all__ = ["FastTokenizer", "HFEncoding", "tokenizer_of"]

# Byte-level BPE spells each byte as one character: printable ones as themselves, the others from
# U+0100 on, in order. Source: bytes_to_unicode in github.com/openai/gpt-2, src/encoder.py.
_PRINTABLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTE_OF = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(256 + i): byte for i, byte in enumerate(_OTHERS)
}

# The pre-tokenizers that only cut a text, as long as their behavior is not "Removed".
_CUTTERS = {"Digits", "Punctuation", "Split"}


class FastTokenizer(Protocol):
    """A transformers tokenizer that is backed by a `tokenizers.Tokenizer`.

    >>> def size(tokenizer: FastTokenizer) -> int:
    ...     return tokenizer.backend_tokenizer.get_vocab_size()
    """

    @property
    def backend_tokenizer(self) -> Tokenizer:
        """The tokenizer that does the work."""


class HFEncoding:
    """The `TokenEncoding` protocol over a byte-level BPE tokenizer of Hugging Face.

    It takes a `tokenizers.Tokenizer` or a fast transformers tokenizer in its current state: tokens
    added to it later are not seen. Every added token is a special token here, even one that is not
    flagged ``special``, such as ``<think>``: no text encodes to it. Other text gets the same ids as
    from the tokenizer, with two exceptions:

    - An NFC normalizer (as in Qwen's) is left out, because it changes text and could not be
      inverted. Text that is already NFC gets the tokenizer's own ids; other text does not change.
    - If runs of spaces are added tokens (as in GPT-NeoX's), they are special tokens here, and
      spaces in text are encoded by the model.

    A vocabulary may lack bytes, as SmolLM2's does. Text that cannot be encoded because of that is
    refused; the tokenizer would drop it.

    Attributes:
        special_tokens: spelling to id of every added token.
        n_vocab: one more than the highest id.
        fingerprint: hex SHA-256 over model, pre-tokenizer and added tokens.

    >>> from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    >>> alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    >>> tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate(alphabet)}, []))
    >>> tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    >>> tokenizer.decoder = decoders.ByteLevel()
    >>> tokenizer.add_special_tokens(["<|end|>"])
    1
    >>> encoding = HFEncoding(tokenizer)
    >>> encoding.special_tokens
    {'<|end|>': 256}
    >>> b"".join(map(encoding.token_bytes, encoding.encode_ordinary("<|end|>")))
    b'<|end|>'

    Raises:
        EncodingError: the tokenizer is not byte-level BPE, changes text, or has an added token
            that its model can also make from ordinary text.
    """

    capabilities = Capabilities()
    special_tokens: Mapping[str, int]
    n_vocab: int
    fingerprint: str

    def __init__(self, tokenizer: Tokenizer | FastTokenizer) -> None:
        backend: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
        if not hasattr(backend, "to_str"):
            raise EncodingError(
                "expected a tokenizers.Tokenizer or a fast tokenizer of transformers, found "
                f"{type(tokenizer).__name__}"
            )
        self.__setstate__(backend.to_str())

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> HFEncoding:
        """The encoding that a ``tokenizer.json`` describes.

        >>> HFEncoding.from_file("no/tokenizer.json")
        Traceback (most recent call last):
            ...
        FileNotFoundError: [Errno 2] No such file or directory: 'no/tokenizer.json'

        Raises:
            EncodingError: the file has no tokenizer, or one that is refused.
            OSError: the file cannot be read.
            ImportError: the extra ``hf`` is not installed.
        """
        if Path(path).is_dir():
            raise EncodingError(
                f"{path}: expected a tokenizer.json, found a folder; chatfmt.load_encoding takes "
                "one, and finds the vocabulary in it"
            )
        data = Path(path).read_bytes()
        try:
            if not data.lstrip().startswith(b"{"):
                raise EncodingError(f"expected a tokenizer.json, found {other_kind(data, {})}")
            return cls.from_json(data.decode())
        except ValueError as error:
            raise EncodingError(f"{path}: {error}") from error

    @classmethod
    def from_json(cls, text: str) -> HFEncoding:
        """The encoding of a ``tokenizer.json`` with this text; errors as for `from_file`.

        >>> HFEncoding.from_json("[]")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        chatfmt.errors.EncodingError: expected the JSON of a Hugging Face tokenizer, found ...
        """
        try:
            document = loads(text)
        except DataError as error:
            raise EncodingError(
                f"expected the JSON of a Hugging Face tokenizer, but {error}"
            ) from error
        if isinstance(document, dict):
            check_token_ids(document)
        return cls(tokenizer_of(text))

    def __repr__(self) -> str:
        return f"HFEncoding(n_vocab={self.n_vocab}, special_tokens={len(self.special_tokens)})"

    def __getstate__(self) -> str:
        return self._json

    def __setstate__(self, text: str) -> None:
        """Build everything from a tokenizer's JSON; nothing else is pickled."""
        spec: dict[str, Any] = json.loads(text)
        model = spec["model"]
        if has_byte_fallback(spec):
            raise EncodingError(
                "expected a byte-level BPE tokenizer, found one with byte fallback; "
                "chatfmt.load_encoding reads its tokenizer.json"
            )
        objections = [*_objections_to_model(model), *_objections_to_steps(spec)]
        if objections:
            found = bounded("; ".join(objections), 500)
            raise EncodingError(f"expected a byte-level BPE tokenizer, found {found}")

        special = {token["content"]: token["id"] for token in spec["added_tokens"]}
        token_bytes = {token: _token_bytes(entry) for entry, token in model["vocab"].items()}
        token_bytes |= {token: spelling.encode() for spelling, token in special.items()}
        _leave_out(special, model)
        text_tokens = {_token_bytes(entry) for entry in model["vocab"] if len(entry) == 1}
        # unknown text is refused, not replaced
        off = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor"))
        off |= {"model": model | {"unk_token": None}, "added_tokens": []}

        self._json = text
        self._missing = missing_bytes(text_tokens)
        self._present = bytes(byte for byte in range(256) if byte not in self._missing)
        self._bytes = token_bytes
        self._ordinary = tokenizer_of(json.dumps(spec | off))
        self.special_tokens = special
        self.n_vocab = max(token_bytes) + 1
        decisive = [model, spec["pre_tokenizer"], special]
        self.fingerprint = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text; spellings of special tokens are ordinary text.

        Raises:
            EncodingError: the vocabulary lacks a byte of the text, and any longer token with it.
        """
        try:
            ids = list(self._ordinary.encode(text, add_special_tokens=False).ids)
        except TypeError:
            text.encode()  # a lone surrogate is a UnicodeEncodeError, as in tiktoken
            raise
        if self._missing:
            data = text.encode()
            # a piece that is a token as a whole does not need the tokens of its bytes
            if data.translate(None, self._present) and data != b"".join(
                map(self._bytes.__getitem__, ids)
            ):
                refuse_missing(text, self._missing)
        return ids

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError if the encoding has no such id."""
        return self._bytes[token if type(token) is int else as_id(token)]


def tokenizer_of(text: str) -> Tokenizer:
    """The tokenizer that some JSON describes.

    >>> tokenizer_of("{}")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    chatfmt.errors.EncodingError: expected the JSON of a Hugging Face tokenizer, found ...

    Raises:
        EncodingError: it is not a tokenizer.
        ImportError: the extra ``hf`` is not installed.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ImportError("chatfmt.hf needs tokenizers: pip install 'chatfmt[hf]'") from error
    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # tokenizers raises the bare Exception, so no other can be named
        raise EncodingError(
            f"expected the JSON of a Hugging Face tokenizer, found {said(error)}"
        ) from error


def _objections_to_model(model: Mapping[str, Any]) -> Iterator[str]:
    if model["type"] != "BPE":
        yield f"a {named(model['type'])} model (it does not give a text back exactly)"
        return
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        if model[affix]:
            yield f"{affix} {shown(model[affix])} (it adds to the text)"
    if model["dropout"]:
        yield f"dropout {model['dropout']} (ids are random; set it to None)"


def _objections_to_steps(spec: Mapping[str, Any]) -> Iterator[str]:
    for step in steps_of(spec["normalizer"], "normalizers"):
        if step["type"] != "NFC":
            yield f"the normalizer {named(step['type'])} (it changes the text)"

    cuts = steps_of(spec["pre_tokenizer"], "pretokenizers")
    byte_levels = [step for step in cuts if step["type"] == "ByteLevel"]
    if len(byte_levels) != 1:
        yield f"{len(byte_levels)} ByteLevel pre-tokenizers (there must be one)"
    if any(step["add_prefix_space"] for step in byte_levels):
        yield "add_prefix_space (it adds to the text; set it to False)"
    for step in cuts:
        if step["type"] not in _CUTTERS | {"ByteLevel"} or step.get("behavior") == "Removed":
            yield f"the pre-tokenizer {named(step['type'])} (it may change the text)"

    decoders = [step["type"] for step in steps_of(spec["decoder"], "decoders")]
    if decoders != ["ByteLevel"]:
        found = named(" + ".join(decoders)) if decoders else "None"
        yield f"the decoder {found} (it must be ByteLevel alone)"


def _token_bytes(entry: str) -> bytes:
    try:
        return bytes(map(_BYTE_OF.__getitem__, entry))
    except KeyError:  # no text becomes this token; its bytes are those that ByteLevel decodes to
        return entry.encode()


def _leave_out(special: Mapping[str, int], model: dict[str, Any]) -> None:
    """Take the special tokens out of the model's vocabulary, where many tokenizers also list them.

    Otherwise a text that spells one could become its id: with ``ignore_merges``, a piece that is
    an entry of the vocabulary becomes that entry at once.
    """
    ids = set(special.values())
    left_out = {entry for entry, token in model["vocab"].items() if token in ids}
    model["vocab"] = {e: token for e, token in model["vocab"].items() if e not in left_out}
    for left, right in model["merges"]:
        clash = left_out & {left, right, left + right}
        if clash:
            raise EncodingError(
                f"the added token {shown(clash.pop())} is part of the merge {shown(left)} + "
                f"{shown(right)}, so ordinary text could forge it: take it out of the added tokens"
            )
