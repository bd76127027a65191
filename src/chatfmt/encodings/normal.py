"""Text in a Unicode normal form, for vocabularies whose owner converts all text to it.

Qwen's tokenizers convert text to NFC before they split it. An encoding that did so would give back
a different text than it was given, and could join the last letter of a format's line with an accent
that begins a content. So text in another form is refused here; convert it to NFC before you pass it
in. Encoded text then has the owner's ids, and comes back exactly.
"""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.protocol import Capabilities, capabilities_of
from chatfmt.errors import EncodingError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["NormalEncoding"]


class NormalEncoding:
    r"""An encoding that accepts only text in Unicode's form NFC.

    The ids are those of ``base``, and so is the fingerprint: no text gets other ids, it may only
    be refused.

    >>> from chatfmt.encodings import TiktokenEncoding, get_encoding
    >>> encoding = NormalEncoding(TiktokenEncoding(get_encoding("o200k_im")), "NFC")
    >>> encoding.encode_ordinary("caf\u00e9")
    [66, 103112]
    >>> encoding.encode_ordinary("cafe\u0301")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    chatfmt.errors.EncodingError: offset 3: expected text in the form NFC, found 'e\u0301', ...

    Raises:
        EncodingError: the form is another one; or, when encoding, the text is not in it.
    """

    def __init__(self, base: TokenEncoding, form: str) -> None:
        if form != "NFC":
            raise EncodingError(
                f"expected the form NFC, found {shown(form)}: no other is known that gives text "
                "back"
            )
        self.base = base
        self.special_tokens: Mapping[str, int] = base.special_tokens
        self.n_vocab = base.n_vocab
        self.token_bytes = base.token_bytes
        its = capabilities_of(base)
        joined = its.encode_joined and partial(_encode_joined, its.encode_joined)
        self.capabilities: Capabilities = its._replace(encode_joined=joined, encode_texts=None)

    def __repr__(self) -> str:
        return f"NormalEncoding({self.base!r}, 'NFC')"

    def __reduce__(self) -> tuple[Any, ...]:
        return NormalEncoding, (self.base, "NFC")

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the base."""
        return self.base.fingerprint

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text; spellings of special tokens are ordinary text.

        Raises:
            EncodingError: the text is not NFC.
        """
        _check(text)
        return self.base.encode_ordinary(text)


def _encode_joined(encode: Callable[[str, str], bytes], joined: str, separator: str) -> bytes:
    _check(joined)
    return encode(joined, separator)


def _check(text: str) -> None:
    if unicodedata.is_normalized("NFC", text):
        return
    normal = unicodedata.normalize("NFC", text)
    same = next((i for i, (a, b) in enumerate(zip(text, normal, strict=False)) if a != b))
    raise EncodingError(
        f"offset {same}: expected text in the form NFC, found {text[same : same + 2]!r}, which "
        "would come back as another; make it NFC where it comes in: unicodedata.normalize"
    )
