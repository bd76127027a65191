"""tiktoken's plug-in point: makes ``tiktoken.get_encoding("o200k_im")`` work once installed.

tiktoken imports every module of this namespace package at its first look-up, and an error in one
breaks all of them; so nothing is imported here before an encoding is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def _o200k_im() -> dict[str, Any]:
    from chatfmt.encodings import ENCODING_CONSTRUCTORS

    return ENCODING_CONSTRUCTORS["o200k_im"]()


def _cl100k_im() -> dict[str, Any]:
    from chatfmt.encodings import ENCODING_CONSTRUCTORS

    return ENCODING_CONSTRUCTORS["cl100k_im"]()


ENCODING_CONSTRUCTORS: dict[str, Callable[[], dict[str, Any]]] = {
    "o200k_im": _o200k_im,
    "cl100k_im": _cl100k_im,
}
