"""Encodings: text to token ids and back, offline.

tiktoken does the byte-pair encoding; this module brings the rank tables (as package data, so
nothing is ever downloaded), creates special tokens, and says what the rest of the library needs
to know of an encoding: the `TokenEncoding` protocol.
"""

from __future__ import annotations

import functools
import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from chatfmt.errors import EncodingError
from chatfmt.patterns import CL100K, O200K, faster

if TYPE_CHECKING:
    from collections.abc import Callable

    import tiktoken

__all__ = [
    "ENCODING_CONSTRUCTORS",
    "TiktokenEncoding",
    "TokenEncoding",
    "as_token_encoding",
    "extend_encoding",
    "get_encoding",
]

_SURROGATE = re.compile("[\ud800-\udfff]")


@runtime_checkable
class TokenEncoding(Protocol):
    """What chatfmt asks of an encoding; anything with these five will do.

    >>> encoding: TokenEncoding = TiktokenEncoding(get_encoding("o200k_im"))
    >>> encoding.encode_ordinary("hello<|im_end|>")
    [24912, 27, 91, 321, 13707, 91, 29]
    >>> encoding.token_bytes(24912)
    b'hello'
    >>> encoding.special_tokens["<|im_end|>"], encoding.n_vocab, encoding.fingerprint[:8]
    (200265, 200267, '177fa078')
    """

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Spelling to id of every special token. No text ever encodes to one of these ids."""

    @property
    def n_vocab(self) -> int:
        """One more than the highest id; there may be gaps below it."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of everything that decides which ids a text gets."""

    def encode_ordinary(self, text: str) -> list[int]:
        """The ids of a text, special-token spellings being text like any other."""

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where the encoding has no such id."""


class TiktokenEncoding:
    """The `TokenEncoding` protocol over a `tiktoken.Encoding`.

    >>> encoding = TiktokenEncoding(get_encoding("o200k_im"))
    >>> encoding.encode_ordinary("hello"), encoding.token_bytes(24912)
    ([24912], b'hello')
    """

    def __init__(self, encoding: tiktoken.Encoding) -> None:
        self.encoding = encoding
        self.special_tokens: Mapping[str, int] = dict(encoding._special_tokens)
        self.n_vocab: int = encoding.n_vocab
        # The core's own method: like Encoding.encode_ordinary, but a lone surrogate raises
        # UnicodeEncodeError where the wrapper would put U+FFFD in its place without a word.
        self.encode_ordinary: Callable[[str], list[int]] = encoding._core_bpe.encode_ordinary
        self.decode_bytes: Callable[[list[int]], bytes] = encoding._core_bpe.decode_bytes

    def __repr__(self) -> str:
        return f"TiktokenEncoding({self.encoding.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if _loaded.get(self.encoding.name) is self.encoding:
            return _bundled, (self.encoding.name,)  # its name, not its two hundred thousand ranks
        return TiktokenEncoding, (self.encoding,)

    def encode_joined(self, joined: str, separator: str) -> bytes:
        """The ids of texts that are joined by a special token, as packed uint32."""
        buffer = self.encoding._core_bpe.encode_to_tiktoken_buffer(joined, {separator})
        return memoryview(buffer).tobytes()

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one id; KeyError where the encoding has no such id."""
        if not 0 <= token < self.n_vocab:
            raise KeyError(token)
        return self.encoding.decode_single_token_bytes(token)

    @functools.cached_property
    def fingerprint(self) -> str:
        """SHA-256 over split pattern, ranks and special tokens; the name does not count."""
        ranks = sorted((rank, token) for token, rank in self.encoding._mergeable_ranks.items())
        special = sorted(
            (token, spelling.encode()) for spelling, token in self.special_tokens.items()
        )
        digest = hashlib.sha256()
        pattern = faster(self.encoding._pat_str)
        for table in ([(0, pattern.encode())], ranks, special):
            # With every length written down, no two encodings hash the same bytes.
            digest.update(b"%d:" % len(table))
            for token, spelling in table:
                digest.update(b"%d %d " % (token, len(spelling)) + spelling)
        return digest.hexdigest()


def as_token_encoding(encoding: tiktoken.Encoding | TokenEncoding) -> TokenEncoding:
    """Wrap a `tiktoken.Encoding`; let anything that has the protocol pass.

    Raises:
        EncodingError: it is neither.
    """
    import tiktoken

    if isinstance(encoding, tiktoken.Encoding):
        return TiktokenEncoding(encoding)
    # Ours first: to check a protocol, Python 3.11 evaluates its properties, fingerprint included.
    if isinstance(encoding, (TiktokenEncoding, TokenEncoding)):
        return encoding
    raise EncodingError(
        f"expected a tiktoken.Encoding or an object with the TokenEncoding protocol, found "
        f"{type(encoding).__name__}; for a Hugging Face tokenizer see chatfmt.hf"
    )


def extend_encoding(
    base: tiktoken.Encoding, name: str, special_tokens: Sequence[str] | Mapping[str, int]
) -> tiktoken.Encoding:
    """Create special tokens on top of an encoding, as post-training does.

    A sequence of spellings gets fresh ids after the highest one, in order; a mapping gives the
    ids itself. Text still encodes as before, and often faster: see `chatfmt.patterns`.

    The model has never seen the new ids: its embedding (and output) matrix needs ``n_vocab``
    rows, the new ones initialised and then trained. Stock ``o200k_base`` has no ids
    200264-200266, and ``o200k_harmony`` calls them reserved.

    >>> from chatfmt.encodings import extend_encoding, get_encoding
    >>> tools = extend_encoding(get_encoding("o200k_im"), "o200k_tools", ["<|tool|>", "<|/tool|>"])
    >>> tools.encode("<|tool|>", allowed_special="all")
    [200267]

    Raises:
        EncodingError: a spelling or id is taken already, stands twice, or is no spelling or id.
    """
    import tiktoken

    ranks, taken = base._mergeable_ranks, dict(base._special_tokens)
    fresh = base.max_token_value + 1
    if isinstance(special_tokens, Mapping):
        new = list(special_tokens.items())
    elif isinstance(special_tokens, Sequence) and not isinstance(special_tokens, (str, bytes)):
        new = [(spelling, fresh + i) for i, spelling in enumerate(special_tokens)]
    else:  # a set has no order of its own: the same call would give other ids in another process
        raise EncodingError(
            "expected a sequence of spellings, or a mapping from spellings to ids, found "
            f"{special_tokens!r}"
        )
    ids = {*ranks.values(), *taken.values()}
    for spelling, token in new:
        if not isinstance(spelling, str) or not spelling or _SURROGATE.search(spelling):
            raise EncodingError(f"expected a spelling, found {spelling!r}")
        if type(token) is not int or not 0 <= token < 2**31:
            raise EncodingError(f"{spelling}: expected an id from 0 to 2**31 - 1, found {token!r}")
        if spelling in taken:
            raise EncodingError(f"{spelling} is a special token of {base.name} already")
        if spelling.encode() in ranks:
            raise EncodingError(f"{spelling} is an ordinary token of {base.name} already")
        if token in ids:
            raise EncodingError(
                f"{spelling}: id {token} is taken; all from {max(ids) + 1} on are free"
            )
        ids.add(token)
        taken[spelling] = token
    return tiktoken.Encoding(
        name, pat_str=faster(base._pat_str), mergeable_ranks=ranks, special_tokens=taken
    )


def _read_ranks(name: str, sha256: str) -> dict[bytes, int]:
    # Not tiktoken's own file and function: to read those takes as long as to build the encoder.
    try:
        data = resources.files("chatfmt").joinpath("vocab", f"{name}.tokens").read_bytes()
    except OSError as error:
        raise EncodingError(
            f"the bundled rank table cannot be read ({error}); install chatfmt again"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise EncodingError(
            f"the bundled rank table {name}.tokens is damaged: expected sha256 {sha256}, found "
            f"{found} in {len(data)} bytes; install chatfmt again"
        )
    # The tokens in the order of their ranks, and the byte FF between them, which no UTF-8 has: no
    # token but the one that is this byte has it, and that one is left empty.
    tokens = data.split(b"\xff")
    tokens[tokens.index(b"")] = b"\xff"
    return dict(zip(tokens, range(len(tokens)), strict=True))


# Special tokens, and the ranks, are those of tiktoken_ext/openai_public.py (tiktoken 0.14); the im
# tokens are those the Tiktokenizer page shows for these models.
def _o200k_im() -> dict[str, Any]:
    return {
        "name": "o200k_im",
        "pat_str": faster(O200K),
        "mergeable_ranks": _read_ranks(
            "o200k_base", "75a984bf59dfb77b03d00f651cb144e88345efa853f75797f4fdb2eb674a1c7e"
        ),
        "special_tokens": {
            "<|endoftext|>": 199999,
            "<|endofprompt|>": 200018,
            "<|im_start|>": 200264,
            "<|im_end|>": 200265,
            "<|im_sep|>": 200266,
        },
    }


def _cl100k_im() -> dict[str, Any]:
    return {
        "name": "cl100k_im",
        "pat_str": faster(CL100K),
        "mergeable_ranks": _read_ranks(
            "cl100k_base", "bd4318815e7f3812511bd1e8edbba1d503cfdd3d714e5f7cdc52496b1a166df3"
        ),
        "special_tokens": {
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|im_start|>": 100264,
            "<|im_end|>": 100265,
            "<|im_sep|>": 100266,
            "<|endofprompt|>": 100276,
        },
    }


ENCODING_CONSTRUCTORS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "o200k_im": _o200k_im,
    "cl100k_im": _cl100k_im,
}
"""The bundled encodings: name to the arguments of `tiktoken.Encoding`, made when called."""

_loaded: dict[str, tiktoken.Encoding] = {}
_loading = threading.Lock()


def get_encoding(name: str) -> tiktoken.Encoding:
    """One of the bundled encodings, ``o200k_im`` or ``cl100k_im``; built once per process.

    After installation ``tiktoken.get_encoding(name)`` gives an equal one.

    >>> get_encoding("o200k_im").encode("hello<|im_end|>", allowed_special="all")
    [24912, 200265]

    Raises:
        EncodingError: there is no bundled encoding of that name, or its table is damaged.
    """
    import tiktoken

    if name not in ENCODING_CONSTRUCTORS:
        raise EncodingError(
            f"no encoding {name!r} is bundled, there are {', '.join(ENCODING_CONSTRUCTORS)}; "
            "pass any other as a tiktoken.Encoding"
        )
    with _loading:
        if name not in _loaded:
            _loaded[name] = tiktoken.Encoding(**ENCODING_CONSTRUCTORS[name]())
        return _loaded[name]


def _bundled(name: str) -> TiktokenEncoding:
    return TiktokenEncoding(get_encoding(name))
