"""An encoding states what it can do, and callers rely on that alone."""

from __future__ import annotations

import pytest

import chatfmt
from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.guard import LONGEST_RUN, find_endless_run
from chatfmt.encodings.protocol import Capabilities, capabilities_of

FORMAT = chatfmt.get_format("gpt-4o")
BASE = TiktokenEncoding(chatfmt.get_encoding("o200k_im"))


class Plain:
    """The five things that every encoding has, and methods that nobody has stated."""

    special_tokens = BASE.special_tokens
    n_vocab = BASE.n_vocab
    fingerprint = BASE.fingerprint

    def encode_ordinary(self, text: str) -> list[int]:
        return BASE.encode_ordinary(text)

    def token_bytes(self, token: int) -> bytes:
        return BASE.token_bytes(token)

    def encode_joined(self, joined: str, separator: str) -> bytes:
        raise AssertionError((joined, separator))

    def decode_bytes(self, ids: list[int]) -> bytes:
        raise AssertionError(ids)


class Limited(Plain):
    capabilities = Capabilities(longest_run=20)


class Odd(Plain):
    capabilities = "many"


def test_what_is_not_stated_is_not_used() -> None:
    said = [{"role": "user", "content": "hello " * 9}]
    for encoding in (Plain(), Odd()):
        assert capabilities_of(encoding) == Capabilities()
        tok = chatfmt.ChatTokenizer(FORMAT, encoding)
        ids = tok.encode(said)
        assert list(tok.encode_batch([said]).ids) == ids
        assert tok.decode(ids) == tok.decode(ids)


def test_tiktoken_states_all_of_them() -> None:
    can = capabilities_of(BASE)
    assert can.longest_run == LONGEST_RUN
    assert can.decode_bytes is not None
    assert can.decode_bytes([24912]) == b"hello"
    assert can.encode_joined is not None
    ids = memoryview(can.encode_joined("hello<|im_end|>hello", "<|im_end|>")).cast("I")
    assert ids.tolist() == [24912, 200265, 24912]


def test_runs_are_guarded_up_to_what_is_stated() -> None:
    said = [{"role": "user", "content": "x" + " " * 25}]
    with pytest.raises(chatfmt.RenderError, match="more than 20 characters without a break from o"):
        chatfmt.ChatTokenizer(FORMAT, Limited()).encode(said)
    with pytest.raises(chatfmt.RenderError, match="more than 20 characters without a break"):
        chatfmt.ChatTokenizer(FORMAT, Limited()).encode_batch([said])
    assert chatfmt.ChatTokenizer(FORMAT, Plain()).encode(said)
    assert find_endless_run("1" * 7 + "a" * 21 + "1", 20) == 7
    assert find_endless_run("1" * 7 + "a" * 20 + "1", 20) is None
