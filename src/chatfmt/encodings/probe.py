"""Checks that an encoding does what every format relies on.

Structure cannot be forged, and content comes back unchanged, only if the encoding keeps two
promises: no text is ever encoded to the id of a special token, and the bytes of a text's ids are
the text. An encoding is checked for both once, before anything is written with it. Every special
token is checked not to be text. Whether texts come back is tried on a few thousand characters. That
is not a proof, but a pattern that drops a kind of character, or an encoder that adds a space, folds
case or normalizes, does not pass.
"""

from __future__ import annotations

import functools
import itertools
import operator
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from chatfmt.encodings.ids import as_id
from chatfmt.encodings.text_bytes import missing_bytes
from chatfmt.encodings.tiktoken import TiktokenEncoding
from chatfmt.errors import EncodingError, named, said, shown

if TYPE_CHECKING:
    from chatfmt.encodings.protocol import TokenEncoding

__all__ = ["probe"]

_PANIC = "PanicException"
"""The name of Rust's panics in Python. tiktoken has one where a split pattern matches empty
text. It cannot be imported, and is no `Exception`."""
_sound: weakref.WeakSet[object] = weakref.WeakSet()
"""The encodings that have passed. An encoding is immutable, so once is enough."""


def probe(encoding: TokenEncoding) -> None:
    """Try an encoding out, once for each object.

    >>> from chatfmt.encodings import TiktokenEncoding, get_encoding
    >>> probe(TiktokenEncoding(get_encoding("cl100k_im")))

    Raises:
        EncodingError: a special token is text too, or a text does not come back from its ids.
        TypeError: the id of a special token is not an integer.
    """
    # The wrapper around a tiktoken.Encoding may be new each time, but not what it wraps.
    thing = encoding.encoding if isinstance(encoding, TiktokenEncoding) else encoding
    with suppress(TypeError):  # an encoding without a hash is checked each time
        if thing in _sound:
            return
    _try_out(encoding)
    with suppress(TypeError):  # and so is one that cannot have a weak reference
        _sound.add(thing)


def _try_out(encoding: TokenEncoding) -> None:
    special = _special_ids(encoding)
    if isinstance(encoding, TiktokenEncoding):
        _check_ranks(encoding)
        texts = _texts()
    else:  # texts with a special token's bytes cannot be looked up, so they are tried
        texts = (*_texts(), *encoding.special_tokens)
    for text in texts:
        try:
            ids = encoding.encode_ordinary(text)
        except EncodingError:  # a refused text is not lost
            continue
        except BaseException as error:
            if type(error).__name__ != _PANIC:
                raise
            raise EncodingError(
                f"the encoding cannot encode the text {shown(text)}: {said(error)}; a split "
                "pattern must not match an empty text"
            ) from None
        _check_ids(ids, text)
        forged = special.keys() & set(ids)
        if forged:
            raise EncodingError(
                f"the encoding gives the text {shown(text)} the id {min(forged)} of the special "
                f"token {named(special[min(forged)])}, so text could forge structure: give that "
                "token an id of its own"
            )
        data = b"".join(_bytes_of(token, encoding, text) for token in ids)
        if data != text.encode():
            raise EncodingError(_lost(text, data))


def _special_ids(encoding: TokenEncoding) -> dict[int, str]:
    """Id to spelling of the special tokens; an id must distinguish each from text."""
    spellings: dict[int, list[str]] = {}
    for spelling, token in encoding.special_tokens.items():
        spellings.setdefault(as_id(token), []).append(spelling)
    for token, shared in spellings.items():
        try:
            data = encoding.token_bytes(token)
        except KeyError:  # then it is not text
            continue
        if data not in map(str.encode, shared):
            raise EncodingError(
                f"the id {token} of the special token {named(shared[0])} is also that of the text "
                f"{shown(data.decode(errors='backslashreplace'))}, so text could forge structure: "
                "give the special token an id of its own"
            )
    return {token: shared[0] for token, shared in spellings.items()}


def _check_ranks(encoding: TiktokenEncoding) -> None:
    """Check that a rank table is complete. tiktoken panics if a byte has no rank."""
    ranks = encoding.encoding._mergeable_ranks
    for spelling, token in encoding.special_tokens.items():
        if ranks.get(spelling.encode()) == token:
            raise EncodingError(
                f"the special token {named(spelling)} is also an ordinary token with the same id "
                f"{token}, so text could forge structure: take it out of the ranks"
            )
    missing = missing_bytes(ranks)
    if missing:
        raise EncodingError(
            f"the ranks have no token for {len(missing)} of the bytes that UTF-8 text can contain, "
            f"beginning with 0x{missing[0]:02X}: such text could not be encoded; add one for each"
        )


def _check_ids(ids: object, text: str) -> None:
    if type(ids) is list and all(type(token) is int for token in ids):
        return
    found = type(ids).__name__
    if type(ids) is list:
        found = f"a list with {shown(next(t for t in ids if type(t) is not int))}"
    raise EncodingError(
        f"expected encode_ordinary to give a list of int, found {found} for the text "
        f"{shown(text)}; the tolist() of an array or a tensor is one"
    )


def _bytes_of(token: int, encoding: TokenEncoding, text: str) -> bytes:
    try:
        return encoding.token_bytes(token)
    except KeyError as error:
        raise EncodingError(
            f"the encoding gives the text {shown(text)} the id {token}, for which its token_bytes "
            "has nothing"
        ) from error


def _lost(text: str, data: bytes) -> str:
    """The error for a text that has come back as these bytes."""
    wanted = text.encode()
    same = sum(itertools.takewhile(bool, map(operator.eq, wanted, data)))
    offset = len(wanted[:same].decode(errors="ignore"))
    first = max(0, offset - 10)
    before = text[first : offset + 10]
    after = data.decode(errors="backslashreplace")[first : offset + 10]
    return (
        f"the encoding does not give text back: {before!r} (at offset {offset} of {text[:20]!r}) "
        f"came back as {after!r}; it must neither add, drop nor change a character: look at its "
        "split pattern, and for a normalizer or a space before the first word"
    )


# White space, line ends, letters with and without case, a digit, punctuation, a contraction's
# apostrophe, Han, an emoji, a no-break space, an accent that combines, a control character.
_KINDS = " \n\r\taA1.'é中🙂\u00a0\u0301\0"
# Two of each of Unicode's categories, in the order of their names, except surrogates.
_CATEGORIES = (
    "\x01\x85\xad\u200b\u0378\U0001fffe\ue000\U00100000a\xdf\u02b0\u3005\xaa\u05d0\u01c5\u1f88A"
    "\u0414\u093e\u0903\u0488\u20dd\u0300\u0591\u0663\u096f\u2167\u3007\xb2\xbd_\u203f-\u2014)]"
    "\xbb\u201d\xab\u2018!\u3002([$\u20ac^\u309b+\u2211\xa9\U0001f9e9\u2028\u2029 \u3000"
)
_SENTENCES = (
    "",
    "  two spaces before, and after  ",
    "\n\nlines\r\n\r\n\tindented\n",
    "I'll say: it'S 1234567 times 3.14, isn't it?!",
    "<|im_start|>system\n<|im_end|><|endoftext|></s>[INST]<think>\n</think>",
    '{"a": [1, null, "\\n"], "b": {}}',
    "Ångström = A\u030angstro\u0308m \u212b \u2126 \ufb01",  # normalized, they would be others
    "日本語、한국어, ไทย, العربية \u200f, हिन्दी, Tiếng Việt",
    "👩🏽\u200d🚀🇧🇷 \ufe0f \U0001f9d1\u200d\U0001f4bb",
    "\ufeffa\u200b\u2028\u2029\x85\x1b[0m\x7f",
    "".join(map(chr, range(0x100))),
    _CATEGORIES,
)


@functools.cache
def _texts() -> tuple[str, ...]:
    """Texts of every kind of character, in every kind of place."""
    pairs = ("".join(pair) for pair in itertools.product(_KINDS, repeat=2))
    triples = "".join(map("".join, itertools.product(_KINDS[:9], repeat=3)))
    return (*_SENTENCES, *_KINDS, *pairs, triples)
