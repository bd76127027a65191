"""A tokenizer as a Hugging Face directory, which ``AutoTokenizer.from_pretrained`` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.hf import tokenizer_of
from chatfmt.errors import EncodingError, shown
from chatfmt.line.language import Special
from chatfmt.templates.to_jinja import to_jinja
from chatfmt.templates.vocabulary import tokenizer_json

if TYPE_CHECKING:
    import os

    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["export_hf"]

_PROBE = (
    "Hello, world! It's 1234567 o'clock.\n\n\tdef f(x):  return x ** 2\r\n\r\n   ",
    "na\u00efve \u65e5\u672c\u8a9e \u0645\u0631\u062d\u0628\u0627 \U0001f1e8\U0001f1ed A\u030a",
    "DON'T HTTPServer a1b2 \u0663\u0664\u0665\u0666 //\n/ \u00a0\u3000x",
)
"""Texts that an exported vocabulary must split as ours does."""


def export_hf(
    directory: str | os.PathLike[str], tok: ChatTokenizer, *, prepare: bool = False
) -> dict[str, int]:
    """Write the files with which transformers gives the ids of this tokenizer.

    These are ``tokenizer.json``, ``tokenizer_config.json``, ``chat_template.jinja`` (see
    `to_jinja`) and ``generation_config.json``, with the stop tokens.

    Args:
        directory: where to write; it is created, and must be empty if it exists.
        tok: the tokenizer.
        prepare: whether the chat template also does what `ChatTokenizer.prepare` does; see
            `to_jinja`.

    Returns:
        The name of each file, and its size in bytes.

    >>> import chatfmt, tempfile
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> with tempfile.TemporaryDirectory() as directory:  # doctest: +SKIP
    ...     export_hf(directory, tok)

    Raises:
        FileExistsError: the directory is not empty.
        EncodingError: the vocabulary cannot be written as a ``tokenizer.json``.
        FormatError: the format, or a word of its preparation, cannot be written as a template.
        ImportError: the extra ``hf`` is not installed.
    """
    path = Path(directory)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise FileExistsError(f"{path}: expected an empty directory, or none")
    to_jinja(tok.format, prepare=prepare)  # what it refuses need not wait for the vocabulary
    spec = tokenizer_json(tok.encoding)
    added = [token["content"] for token in spec["added_tokens"]]
    files = {
        "tokenizer.json": json.dumps(spec, ensure_ascii=False),
        "tokenizer_config.json": _json(_config(tok)),
        "chat_template.jinja": to_jinja(tok.format, special_tokens=added, prepare=prepare),
        "generation_config.json": _json({"eos_token_id": _stops(tok)}),
    }
    _check(files["tokenizer.json"], tok)
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8", newline="\n")
    return {name: len(text.encode()) for name, text in files.items()}


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _stops(tok: ChatTokenizer) -> list[int]:
    special = tok.encoding.special_tokens
    return [special[spelling] for spelling in tok.format.stop_spellings]


def _config(tok: ChatTokenizer) -> dict[str, Any]:
    first = tok.format.prologue_pieces[:1]
    begins = [("bos_token", one.tokens[0]) for one in first if isinstance(one, Special)]
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **dict(begins),
        "eos_token": tok.format.stop_spellings[0],
        "clean_up_tokenization_spaces": False,
    }


def _check(text: str, tok: ChatTokenizer) -> None:
    """Refuse a vocabulary that splits text differently, as one with another pattern can."""
    tokenizer = tokenizer_of(text)
    for probe in _PROBE:
        ours = tok.encoding.encode_ordinary(probe)
        theirs = tokenizer.encode(probe, add_special_tokens=False).ids
        if ours != theirs:
            raise EncodingError(
                "Hugging Face's engine does not split text as the encoding's pattern says: "
                f"expected {ours} for {shown(probe)}, found {theirs}"
            )
