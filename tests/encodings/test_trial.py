"""The canary changes its ids with the engine's Unicode tables, and the fingerprint with it."""

from __future__ import annotations

import tiktoken

from chatfmt.encodings import TiktokenEncoding, get_encoding
from chatfmt.encodings.trial import _ADDED, CANARY, trial_texts


def _knows(encoding: tiktoken.Encoding, character: str) -> bool:
    [contraction] = encoding.encode_ordinary("'s")
    return encoding.encode_ordinary(f"{character}'s")[-1] == contraction


def test_the_canary_shows_what_the_engine_takes_for_a_letter() -> None:
    for name in ("o200k_im", "cl100k_im"):
        encoding = get_encoding(name)
        known = {version: [_knows(encoding, c) for c in _ADDED[version]] for version in _ADDED}
        if name == "o200k_im":  # to cl100k, marks are no letters
            assert all(all(known[version]) for version in _ADDED if float(version) < 15)
        [contraction] = encoding.encode_ordinary("'s")
        assert encoding.encode_ordinary(CANARY).count(contraction) == sum(map(sum, known.values()))


def test_an_engine_with_other_tables_has_another_fingerprint() -> None:
    base = get_encoding("o200k_im")
    newest = _ADDED["16.0"][0]
    ours = TiktokenEncoding(base)
    other = TiktokenEncoding(base)  # to whose engine that character is no letter
    other.encode_ordinary = lambda text: ours.encode_ordinary(text.replace(newest, "!"))
    assert other.fingerprint != ours.fingerprint
    assert TiktokenEncoding(base).fingerprint == ours.fingerprint


def test_an_encoding_that_lacks_bytes_has_a_fingerprint_all_the_same() -> None:
    ranks = {bytes([byte]): byte for byte in range(128)}
    ascii_only = tiktoken.Encoding("ascii", pat_str=".", mergeable_ranks=ranks, special_tokens={})
    assert len(TiktokenEncoding(ascii_only).fingerprint) == 64


def test_there_are_some_thousand_trial_texts() -> None:
    texts = [*trial_texts()]
    assert len(texts) > 3000
    assert CANARY in texts
