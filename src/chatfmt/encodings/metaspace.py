"""SentencePiece's byte pairs as Hugging Face writes them: a ``tokenizer.json`` with byte fallback.

In these files, spaces become U+2581 by a normalizer (Replace, with or without Prepend before it) or
by the Metaspace pre-tokenizer, and the decoder has ByteFallback. These steps decide where a space
is put before text; any other step may change text, and is refused. No library is needed: the file
lists pieces and merges.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.sentencepiece import SPACE, DummyPrefix, Pieces, SentencePieceEncoding
from chatfmt.encodings.sentencepiece_model import bytes_in
from chatfmt.errors import EncodingError, bounded, named, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["has_byte_fallback", "read_metaspace", "steps_of"]

_BYTE = re.compile("<0x[0-9A-F]{2}>")
_TO_SPACE = {"type": "Replace", "pattern": {"String": " "}, "content": SPACE}
_PREPEND = {"type": "Prepend", "prepend": SPACE}
# A split at spaces after a normalizer that leaves none, as in Gemma's; it cuts nothing.
_IDLE = {"type": "Split", "pattern": {"String": " "}}
_DECODERS = {"Replace", "ByteFallback", "Fuse", "Strip", "Metaspace"}


def has_byte_fallback(document: Mapping[str, Any]) -> bool:
    """Whether a ``tokenizer.json`` is of this kind.

    >>> has_byte_fallback({"model": {"type": "BPE", "byte_fallback": True}})
    True
    """
    model = document["model"]
    return (
        isinstance(model, dict) and model.get("type") == "BPE" and bool(model.get("byte_fallback"))
    )


def steps_of(stage: Mapping[str, Any] | None, members: str) -> list[Mapping[str, Any]]:
    """A stage of the pipeline as a list of steps, with nested sequences flattened.

    >>> steps_of({"type": "Sequence", "decoders": [{"type": "Fuse"}]}, "decoders")
    [{'type': 'Fuse'}]
    """
    if stage is None:
        return []
    if stage["type"] == "Sequence":
        return [step for child in stage[members] for step in steps_of(child, members)]
    return [stage]


def read_metaspace(document: Mapping[str, Any]) -> SentencePieceEncoding:
    """The encoding of such a ``tokenizer.json``.

    Raises:
        EncodingError: a step may change text, or the file is damaged; the message says how.
    """
    try:
        return _read(document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, EncodingError):
            raise
        raise EncodingError(
            f"expected a tokenizer.json, found one with a part missing or of another kind: {error}"
        ) from error


def _read(document: Mapping[str, Any]) -> SentencePieceEncoding:
    model = document["model"]
    normalizers = steps_of(document.get("normalizer"), "normalizers")
    cuts = steps_of(document.get("pre_tokenizer"), "pretokenizers")
    added = document["added_tokens"]
    prefix = _dummy_prefix(normalizers, cuts)
    white = [token for token in added if _is_white(token["content"]) and not token.get("special")]
    objections = [
        *_objections_to_model(model),
        *_objections_to_steps(normalizers, cuts),
        *_objections_to_decoder(steps_of(document.get("decoder"), "decoders")),
        *_objections_to_white(white, prefix),
    ]
    if objections:
        found = bounded("; ".join(objections), 500)
        raise EncodingError(f"expected byte pairs with byte fallback that give text back, {found}")
    vocab: dict[str, int] = model["vocab"]
    found_first = [token["content"] for token in white]
    special = {t["content"]: t["id"] for t in added if t["content"] not in found_first}
    taken = set(special.values())
    ids = {
        piece: token
        for piece, token in vocab.items()
        if token not in taken and not _BYTE.fullmatch(piece)
    }
    ids |= {t["content"].replace(" ", SPACE): t["id"] for t in white}
    return SentencePieceEncoding(
        Pieces(
            ids=ids,
            bytes=bytes_in(vocab),
            special=special,
            scores={},
            pairs=[_pair(merge) for merge in model["merges"]],
            found=found_first,
            each_space=any(_splits(cut) for cut in cuts),
            dummy_prefix=prefix,
        )
    )


def _pair(merge: str | list[str]) -> tuple[str, str]:
    """Two pieces; older files have them as one text, separated by a space."""
    left, right = merge.split(" ") if isinstance(merge, str) else merge
    return left, right


def _is_white(text: str) -> bool:
    """Whether this is only white space, as it appears in text."""
    return text.isspace()


def _splits(cut: Mapping[str, Any]) -> bool:
    """Whether each space begins a separate word, which is the default."""
    return cut["type"] == "Metaspace" and bool(cut.get("split", True))


def _dummy_prefix(
    normalizers: list[Mapping[str, Any]], cuts: list[Mapping[str, Any]]
) -> DummyPrefix | None:
    """Where a space is put before text.

    Source: src/normalizers/prepend.rs and src/pre_tokenizers/metaspace.rs of tokenizers 0.23: the
    first puts it before each text between added tokens, the second not before a space, and with
    the scheme "first" only at the very start.
    """
    if _PREPEND in normalizers:
        return DummyPrefix("special", always=True)
    for cut in cuts:
        if cut["type"] == "Metaspace":
            # older files have a flag in place of the scheme
            old = "always" if cut.get("add_prefix_space", True) else "never"
            scheme = cut.get("prepend_scheme", old)
            if scheme != "never":
                return DummyPrefix("start" if scheme == "first" else "special", always=False)
    return None


def _objections_to_model(model: Mapping[str, Any]) -> Iterator[str]:
    for affix in ("continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(affix):
            yield f"found {affix} {shown(model[affix])} (it adds to the text)"
    if model.get("dropout"):
        yield f"found dropout {model['dropout']} (ids are random; set it to null)"
    if model.get("ignore_merges"):
        yield "found ignore_merges (a word that is a piece would not be merged; not known here)"


def _objections_to_steps(
    normalizers: list[Mapping[str, Any]], cuts: list[Mapping[str, Any]]
) -> Iterator[str]:
    replaces = _TO_SPACE in normalizers
    for step in normalizers:
        if step not in (_PREPEND, _TO_SPACE):
            yield f"found the normalizer {named(step['type'])} (it changes the text)"
    metaspaces = [cut for cut in cuts if cut["type"] == "Metaspace"]
    for cut in cuts:
        if cut["type"] == "Metaspace":
            if cut.get("replacement") != SPACE:
                yield f"found Metaspace with {shown(cut.get('replacement'))} (not {SPACE})"
        elif not (replaces and _IDLE.items() <= cut.items() and cut.get("behavior") != "Removed"):
            yield f"found the pre-tokenizer {named(cut['type'])} (not known together with bytes)"
    if len(metaspaces) + replaces != 1:
        yield f"expected one step that makes spaces {SPACE}, found {len(metaspaces) + replaces}"


def _objections_to_decoder(steps: list[Mapping[str, Any]]) -> Iterator[str]:
    kinds = [step["type"] for step in steps]
    if "ByteFallback" not in kinds or not _DECODERS.issuperset(kinds):
        found = named(" + ".join(kinds)) if kinds else "None"
        yield f"found the decoder {found} (it must have ByteFallback, and make {SPACE} a space)"


def _objections_to_white(
    white: list[Mapping[str, Any]], prefix: DummyPrefix | None
) -> Iterator[str]:
    """Objections to white space found in text, if that would change the text around it."""
    for token in white:
        flags = [flag for flag in ("lstrip", "rstrip", "single_word") if token.get(flag)]
        if flags:
            spelled = shown(token["content"])
            yield f"found the added token {spelled} with {flags[0]} (it would change the text)"
    if white and prefix is not None and prefix.where == "special":
        spelled = shown(white[0]["content"])
        yield f"found a space put before text, also after {spelled}, which is an added token"
