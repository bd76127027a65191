"""The encoding of a model's folder: its vocabulary, and the tokens listed outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.encodings import SentencePieceEncoding, load_encoding
from chatfmt.encodings.sentencepiece import with_special_tokens
from chatfmt.errors import EncodingError, named
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatfmt.encodings import TokenEncoding
    from chatfmt.pretrained.files import ModelFiles

__all__ = ["check_words", "encoding_in", "makes_nfc", "strips_in", "tokenizer_json"]


def encoding_in(files: ModelFiles) -> TokenEncoding:
    """The encoding, with all special tokens.

    Raises:
        EncodingError: the vocabulary is refused, or a file assigns another id to a token.
    """
    encoding = load_encoding(files.vocabulary)
    known = encoding.special_tokens
    for spelling, token in files.added.items():
        if known.get(spelling, token.id) != token.id:
            raise EncodingError(
                f"{files.vocabulary}: expected the id {token.id} for the special token "
                f"{named(spelling)}, as added_tokens_decoder in tokenizer_config.json says, found "
                f"{known[spelling]}"
            )
    missing = {
        spelling: token.id
        for spelling, token in files.added.items()
        if spelling not in known and not spelling.isspace()
    }
    if not missing:
        return encoding
    if isinstance(encoding, SentencePieceEncoding):
        try:
            return with_special_tokens(encoding, missing)
        except EncodingError as error:
            config = files.vocabulary.with_name("tokenizer_config.json")
            raise EncodingError(f"{config}: added_tokens_decoder: {error}") from error
    raise EncodingError(
        f"{files.vocabulary}: expected the special tokens that added_tokens_decoder in "
        f"tokenizer_config.json lists, found none of {named(', '.join(missing))}: save the "
        "tokenizer again with its save_pretrained"
    )


def strips_in(files: ModelFiles, document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The sides on which tokens strip white space, by spelling, for tokens that do."""
    found = {spelling: token.strips for spelling, token in files.added.items() if token.strips}
    for token in document.get("added_tokens", ()):
        sides = tuple(side for side in ("lstrip", "rstrip") if token.get(side))
        if sides:
            found.setdefault(token["content"], sides)
    return found


def check_words(files: ModelFiles, document: Mapping[str, Any], used: Iterable[str]) -> None:
    """Refuse tokens of a format that the owner's tokenizer finds in some places only.

    Raises:
        EncodingError: a token has the flag ``single_word``; or ``normalized``, where the normalizer
            puts something before each text, and so before the spelling that is sought.
    """
    steps = {step.get("type") for step in _normalizers(document)}
    flags = ("single_word", *(("normalized",) if "Prepend" in steps else ()))
    added = {token["content"]: token for token in document.get("added_tokens", ())}
    for flag in flags:
        found = [spelling for spelling in used if added.get(spelling, {}).get(flag)]
        if found:
            raise EncodingError(
                f"{files.vocabulary}: expected special tokens that are tokens wherever they stand, "
                f"found {flag} for {named(', '.join(found))}: in some places the owner's tokenizer "
                f"reads them as text; set {flag} to false"
            )


def makes_nfc(document: Mapping[str, Any]) -> bool:
    """Whether the owner's tokenizer normalizes text to NFC before splitting it."""
    return any(step.get("type") == "NFC" for step in _normalizers(document))


def _normalizers(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    normalizer: Any = document.get("normalizer")
    return [] if normalizer is None else [*normalizer.get("normalizers", [normalizer])]


def tokenizer_json(files: ModelFiles) -> Mapping[str, Any]:
    """The contents of a tokenizer.json; empty for other kinds of vocabulary."""
    if files.vocabulary.suffix != ".json":
        return {}
    document: Mapping[str, Any] = loads(files.vocabulary.read_bytes())
    return document
