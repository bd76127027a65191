"""A faster encoder with the same ids, if the extra ``fast`` is installed: exact, or not used.

splintr (https://pypi.org/project/splintr-rs/) encodes a text several times as fast as tiktoken. It
is used for the split patterns below, after it has given some thousand texts the same ids as
tiktoken; otherwise there is one warning, and tiktoken is used. Texts that the two split differently
are known; these always go to tiktoken, as do very long ones.

``CHATFMT_FAST=0`` in the environment, or ``get_encoding(..., fast=False)``, switches it off. Ids
never depend on it.
"""

from __future__ import annotations

import binascii
import os
import re
import warnings
from array import array
from typing import TYPE_CHECKING, Any

from chatfmt.encodings.patterns import CL100K, CL100K_GREEDY, O200K, faster
from chatfmt.encodings.trial import trial_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import tiktoken

__all__ = ["DIFFERENCES", "LONGEST", "FastEncoder", "fast_encoder", "splintr_of"]

DIFFERENCES: dict[str, tuple[tuple[int, int], ...]] = {
    O200K: ((0x17F, 0x17F),),
    CL100K_GREEDY: (),
}
"""By split pattern, the characters with which splintr 0.22.0 may split differently from tiktoken
0.14.0: the first and the last of each range.

`make engines` tries all characters, and finds none that is missing here. U+017F is a small s to a
pattern that ignores case, and the engines disagree whether it is one in a contraction; no token
depends on that today, so it is here only to be safe.
"""
_KNOWN = {faster(pattern): pattern for pattern in DIFFERENCES} | {faster(CL100K): CL100K_GREEDY}
"""The patterns of encodings in the form that is faster with splintr."""
LONGEST = 20_000
"""Characters; longer texts gain little, and endless runs are among them."""
_OFF = "CHATFMT_FAST"


class FastEncoder:
    """Gives texts the ids of ``encoding``, faster.

    Args:
        encoding: the encoding that it must equal.
        encode: the faster encoder: from a text to packed uint32.
        name: the encoder's name, with its version.
        differences: ranges of characters for which it cannot be trusted.
    """

    def __init__(
        self,
        encoding: tiktoken.Encoding,
        encode: Callable[[str], bytes],
        name: str,
        differences: Iterable[tuple[int, int]] = (),
    ) -> None:
        self.name = name
        self._slow, self._fast = encoding._core_bpe.encode_ordinary, encode
        ranges = "".join(f"{chr(first)}-{chr(last)}" for first, last in differences)
        self._differs = re.compile(f"[{ranges}]" if ranges else r"(?!)").search

    def encode(self, texts: Iterable[str]) -> list[bytes]:
        """The packed ids of each text.

        Raises:
            UnicodeEncodeError: one of them has no UTF-8 form.
        """
        fast, differs = self._fast, self._differs
        return [
            self.exact(text) if len(text) > LONGEST or differs(text) else fast(text)
            for text in texts
        ]

    def exact(self, text: str) -> bytes:
        """The packed ids of a text, by tiktoken."""
        return array("I", self._slow(text)).tobytes()


def splintr_of(encoding: tiktoken.Encoding) -> FastEncoder:
    """The faster encoder with the ranks and the split pattern of this one, not yet tested.

    Raises:
        ImportError: it is not installed.
        ValueError: it cannot read them.
    """
    import splintr

    ranks = encoding._mergeable_ranks.items()
    table = b"".join([b"%s %d\n" % (_base64(token, newline=False), rank) for token, rank in ranks])
    # Without special tokens: their spellings are ordinary text.
    pattern = _KNOWN[faster(encoding._pat_str)]
    tokenizer: Any = splintr.Tokenizer.from_bytes(table, pattern)
    name = f"splintr {splintr.__version__}"
    return FastEncoder(encoding, tokenizer.encode_flat, name, DIFFERENCES[pattern])


_base64 = binascii.b2a_base64


def fast_encoder(encoding: tiktoken.Encoding) -> FastEncoder | None:
    """A faster encoder for this one that has passed the test, or None."""
    if os.environ.get(_OFF) == "0" or faster(encoding._pat_str) not in _KNOWN:
        return None
    try:
        found = splintr_of(encoding)
    except ImportError:
        return None
    except Exception as error:  # noqa: BLE001 - whatever another version may raise
        _warn(f"it cannot be built ({error})")
        return None
    for text in trial_texts():
        if found.encode([text]) != [found.exact(text)]:
            _warn(f"it gives other ids to the text {text[:20]!r}")
            return None
    return found


def _warn(reason: str) -> None:
    warnings.warn(
        f"splintr is not used, tiktoken is used instead: {reason}; "
        f"set {_OFF}=0 in the environment to hide this warning",
        RuntimeWarning,
        stacklevel=2,
    )
