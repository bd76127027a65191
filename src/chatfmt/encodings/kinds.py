"""The kind of a file that is not a vocabulary read here, and a hint that may help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import bounded, named, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HEAD", "READ", "is_binary", "is_tokenizer_json", "other_kind"]

READ = (
    "a rank file (.tiktoken, or the tokenizer.model of Llama 3 and 4), a tekken.json, a Hugging "
    "Face tokenizer.json, a SentencePiece model, or a GGUF file"
)
"""The files that `chatfmt.load_encoding` reads."""

HEAD = 256
"""How many bytes are enough to recognize a file."""
_INSTEAD = "take the tokenizer.json of the same model"
# The beginnings of files whose content is of no use here. They may have many gigabytes.
_BINARY = {
    b"version https://git-lfs.github.com/": (
        "a pointer of Git LFS to the file; fetch it with `git lfs pull`"
    ),
    b"\x1f\x8b": "a file compressed by gzip; unpack it first",
    b"PK\x03\x04": (
        f"a zip archive, such as the weights of PyTorch; {_INSTEAD}, or unpack it first"
    ),
    b"\x28\xb5\x2f\xfd": "a file compressed by Zstandard; unpack it first",
    b"\x80\x02": f"a pickle, such as the weights of PyTorch; {_INSTEAD}",
    b"\x80\x04": f"a pickle, such as the weights of PyTorch; {_INSTEAD}",
}
_WORDPIECE = "a vocab.txt of WordPiece, which does not give text back; no file of that model does"
_TEXTS = {
    b"#version": f"a merges.txt, which has no ids; {_INSTEAD}",
    b"[PAD]\n": _WORDPIECE,
    b"[PAD]\r\n": _WORDPIECE,
}
_SAFETENSORS = f"a safetensors file, which has weights and no vocabulary; {_INSTEAD}"


def is_binary(head: bytes) -> bool:
    r"""Whether a file that begins like this is never readable, whatever comes after.

    >>> is_binary(b"PK\x03\x04"), is_binary(b"{}")
    (True, False)
    """
    return head.startswith(tuple(_BINARY)) or _is_safetensors(head)


def is_tokenizer_json(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a ``tokenizer.json``, by its keys.

    >>> is_tokenizer_json({"model": {}, "added_tokens": []}), is_tokenizer_json({"model": {}})
    (True, False)
    """
    return "model" in document and "added_tokens" in document


def other_kind(data: bytes, document: Mapping[str, object]) -> str:
    """The kind of a file that no reader takes, and a hint that may help.

    ``document`` is its JSON object, or empty if it is not one.

    >>> other_kind(b"", {})
    'an empty file'
    """
    if not data:
        return "an empty file"
    if _is_safetensors(data):
        return _SAFETENSORS
    if document:
        return _json_kind(document)
    begins = (kind for start, kind in (_BINARY | _TEXTS).items() if data.startswith(start))
    return next(begins, f"one that begins {shown(data[:20])}")


def _json_kind(document: Mapping[str, object]) -> str:
    if not {"tokenizer_class", "chat_template"}.isdisjoint(document):
        return f"a tokenizer_config.json, which has no vocabulary; {_INSTEAD}, which is beside it"
    if all(isinstance(token, int) for token in document.values()):
        return f"a vocab.json, which has no merges; {_INSTEAD}"
    if "weight_map" in document:
        return f"an index of weights; {_INSTEAD}"
    if {"architectures", "model_type"} & document.keys():
        return f"a config.json, which has no vocabulary; {_INSTEAD}"
    return f"a JSON object with the keys {named(bounded(', '.join(document), 90))}"


def _is_safetensors(head: bytes) -> bool:
    """Whether this begins like a safetensors file: with a length, and a JSON object of that length.

    Source: the section "Format" of the README of github.com/huggingface/safetensors.
    """
    return head[8:9] == b"{" and head[5:8] == b"\0\0\0"
