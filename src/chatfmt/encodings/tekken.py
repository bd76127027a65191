"""Mistral's ``tekken.json``: ranks, split pattern and special tokens in one file.

Special tokens come first: the id of a text token is its rank plus the number of special tokens.
Source: mistral_common/tokens/tokenizers/tekken.py (mistral-common 1.13.1).
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.patterns import faster
from chatfmt.errors import EncodingError, said, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    import tiktoken

__all__ = ["is_tekken", "read_tekken"]

# The special tokens of a file that does not list them; only these versions may leave them out.
_UNLISTED_VERSIONS = ("v3", "v7")
_UNLISTED = (
    *("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"),
    *("[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]"),
    *("[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"),
    "[TOOL_CONTENT]",
)


def is_tekken(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a ``tekken.json``, by its keys.

    >>> is_tekken({"config": {"pattern": "."}, "vocab": []}), is_tekken({"model": {}})
    (True, False)
    """
    config = document.get("config")
    return isinstance(config, dict) and "pattern" in config and "vocab" in document


def read_tekken(document: Mapping[str, Any], name: str) -> tiktoken.Encoding:
    """The encoding that a ``tekken.json`` describes.

    >>> import base64
    >>> vocab = [{"rank": i, "token_bytes": base64.b64encode(bytes([i])).decode()}
    ...          for i in range(256)]
    >>> config = {"pattern": ".+", "default_vocab_size": 266, "default_num_special_tokens": 10}
    >>> special_tokens = [{"rank": 0, "token_str": "<s>"}]
    >>> encoding = read_tekken(
    ...     {"config": config, "vocab": vocab, "special_tokens": special_tokens}, "bytes")
    >>> encoding.encode("<s>a", allowed_special="all")
    [0, 107]

    Raises:
        EncodingError: a part is missing or invalid; the message names it.
    """
    import tiktoken

    config = document["config"]
    pattern = config["pattern"]
    if not isinstance(pattern, str):
        raise EncodingError(
            f"config.pattern: expected a regular expression, found {shown(pattern)}"
        )
    first = _number(config, "default_num_special_tokens")
    size = _number(config, "default_vocab_size")
    special = _special_tokens(document, first)
    ranks = _ranks(document["vocab"], first, size)
    try:
        return tiktoken.Encoding(
            name, pat_str=faster(pattern), mergeable_ranks=ranks, special_tokens=special
        )
    except ValueError as error:
        raise EncodingError(
            f"config.pattern: {shown(pattern)} cannot be read: {said(error)}"
        ) from error


def _number(config: Mapping[str, Any], key: str) -> int:
    number = config.get(key)
    if type(number) is not int or number < 0:
        raise EncodingError(f"config.{key}: expected a number of tokens, found {shown(number)}")
    return number


def _special_tokens(document: Mapping[str, Any], count: int) -> dict[str, int]:
    listed = document.get("special_tokens")
    if listed is None:
        version = document["config"].get("version")
        if version not in _UNLISTED_VERSIONS:
            raise EncodingError(
                "special_tokens: expected a list, which only files of version "
                f"{' or '.join(_UNLISTED_VERSIONS)} may leave out, found none in one of version "
                f"{shown(version)}"
            )
        listed = [{"rank": rank, "token_str": text} for rank, text in enumerate(_UNLISTED)]
    special: dict[str, int] = {}
    for rank, entry in enumerate(_entries(listed, "special_tokens")):
        spelling = entry.get("token_str")
        if entry.get("rank") != rank or not isinstance(spelling, str) or not spelling:
            raise EncodingError(
                f"special_tokens[{rank}]: expected a token_str and the rank {rank}, found "
                f"{shown(entry)}"
            )
        if spelling in special:
            raise EncodingError(
                f"special_tokens[{rank}]: expected a new token_str, found {shown(spelling)}, which "
                f"special_tokens[{special[spelling]}] has already"
            )
        special[spelling] = rank
    if len(special) > count:
        raise EncodingError(
            f"special_tokens: expected at most {count} of them, as "
            f"config.default_num_special_tokens says, found {len(special)}"
        )
    # The remaining ids of special tokens are named by number.
    return special | {f"<SPECIAL_{token}>": token for token in range(len(special), count)}


def _ranks(vocab: object, first: int, size: int) -> dict[bytes, int]:
    """Bytes to id; the ids follow those of the special tokens, and end with the model's."""
    ranks: dict[bytes, int] = {}
    entries = _entries(vocab, "vocab")
    if not 0 <= size - first <= len(entries):
        raise EncodingError(
            f"vocab: expected at least the {size - first} tokens that config asks for, found "
            f"{len(entries)}"
        )
    for rank, entry in enumerate(entries[: size - first]):
        try:
            token = binascii.a2b_base64(entry["token_bytes"], strict_mode=True)
        except (KeyError, TypeError, ValueError):
            token = None
        if token is None or entry.get("rank") != rank or token in ranks:
            raise EncodingError(
                f"vocab[{rank}]: expected the rank {rank} and the token_bytes, in base 64, of a "
                f"new token, found {shown(entry)}"
            )
        ranks[token] = first + rank
    return ranks


def _entries(value: object, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise EncodingError(f"{where}: expected a list of objects, found {shown(value)}")
    return value
