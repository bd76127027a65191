"""The ids in a ``tokenizer.json``: each is a number of 32 bits, and stands for one token.

Hugging Face's tokenizers numbers added tokens that the model lacks by itself, whatever the file
says: each gets the number of tokens before it, the model's among them. (Source: what tokenizers
0.23 does; the tests compare.) So a file that says something else is refused. The model's own ids
may have gaps, as GPT-4o's do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.errors import EncodingError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_token_ids"]

_BOUND = 1 << 32
_MOST_GAPS = 1 << 20  # ids below the highest that belong to no token: models have an embedding each


def check_token_ids(document: Mapping[str, Any]) -> None:
    """Check the ids of a ``tokenizer.json``; parts of another shape are left to its readers.

    >>> check_token_ids({"model": {"vocab": {"a": 0, "b": True}}, "added_tokens": []})
    Traceback (most recent call last):
        ...
    chatfmt.errors.EncodingError: model.vocab['b']: expected an id, an integer from 0 to \
4294967295, found True

    Raises:
        EncodingError: an id is no such number, belongs to two tokens, or is not the one that
            tokenizers would give; or a token has two. The message names the place.
    """
    model, added = document.get("model"), document.get("added_tokens")
    vocab = model.get("vocab") if isinstance(model, dict) else None
    spellings = _of_model(vocab) if isinstance(vocab, dict) else {}
    if isinstance(added, list):
        _check_added(added, vocab if isinstance(vocab, dict) else {}, spellings)


def _check_id(token: object, where: str) -> int:
    if type(token) is not int or not 0 <= token < _BOUND:
        raise EncodingError(
            f"{where}: expected an id, an integer from 0 to {_BOUND - 1}, found {shown(token)}"
        )
    return token


def _of_model(vocab: Mapping[str, Any]) -> dict[int, str]:
    """The spelling of each id."""
    spellings: dict[int, str] = {}
    for spelling, token in vocab.items():
        where = f"model.vocab[{shown(spelling)}]"
        other = spellings.setdefault(_check_id(token, where), spelling)
        if other is not spelling:
            raise EncodingError(
                f"{where}: expected an id of its own, found {token}, which is also {shown(other)}"
            )
    highest = max(spellings, default=0)
    if highest - len(spellings) >= _MOST_GAPS:
        raise EncodingError(
            f"model.vocab[{shown(spellings[highest])}]: expected an id that leaves out at most "
            f"{_MOST_GAPS:,}, found {highest} in a vocabulary of {len(spellings):,} tokens"
        )
    return spellings


def _check_added(added: list[Any], vocab: Mapping[str, int], spellings: dict[int, str]) -> None:
    places: dict[str, int] = {}
    following = len(vocab)
    for at, entry in enumerate(added):
        content = entry.get("content") if isinstance(entry, dict) else None
        if not isinstance(content, str):
            continue
        where = f"added_tokens[{at}].id"
        token = _check_id(entry.get("id"), where)
        first = places.setdefault(content, at)
        if first != at:
            raise EncodingError(
                f"added_tokens[{at}]: expected each token once, found {shown(content)}, which "
                f"added_tokens[{first}] is already"
            )
        known = vocab.get(content)
        if known is not None and token != known:
            raise EncodingError(
                f"{where}: expected {known}, the id of {shown(content)} in model.vocab, found "
                f"{token}"
            )
        other = spellings.setdefault(token, content)
        if other != content:
            raise EncodingError(
                f"{where}: expected an id of its own for {shown(content)}, found {token}, which "
                f"is also {shown(other)}"
            )
        if known is None and token != following:
            raise EncodingError(
                f"{where}: expected {following} for {shown(content)}, the id that tokenizers "
                f"gives it whatever the file says, found {token}: list a token for each id "
                "between, or list this one in model.vocab, too"
            )
        following += known is None
