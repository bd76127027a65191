"""SentencePiece's own files: settings are followed, and those that change text are refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt.encodings.probe import probe
from chatfmt.encodings.sentencepiece import (
    DummyPrefix,
    SentencePieceEncoding,
    with_special_tokens,
)
from chatfmt.encodings.sentencepiece_model import is_sentencepiece, read_sentencepiece
from chatfmt.errors import EncodingError
from sentencepiece_file import BYTES, LISTED, UNUSED, USER_DEFINED, field, model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ID_OF = {text: token for token, (text, _, _) in enumerate(LISTED)}


def ids(*pieces: str) -> list[int]:
    return [ID_OF[piece] for piece in pieces]


def test_a_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "anything"
    path.write_bytes(model())
    encoding = chatfmt.load_encoding(path)
    assert isinstance(encoding, SentencePieceEncoding)
    assert repr(encoding) == f"SentencePieceEncoding(n_vocab={len(LISTED)}, special_tokens=4)"
    assert encoding.special_tokens == {t: ID_OF[t] for t in ("<unk>", "<s>", "</s>", "[REF]")}
    assert encoding.n_vocab == len(LISTED)
    assert encoding.dummy_prefix == DummyPrefix("special", always=True)
    assert read_sentencepiece(model(normalizer={3: 0})).dummy_prefix is None
    with pytest.raises(EncodingError, match="leave pattern out"):
        chatfmt.load_encoding(path, pattern=".")
    with pytest.raises(EncodingError, match="leave special_tokens out"):
        chatfmt.load_encoding(path, special_tokens=[])


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ab", ["ab"]),
        (" ab", ["▁ab"]),
        ("  ab ab", ["▁", "▁ab", "▁ab"]),
        ("     ", ["▁▁▁▁", "▁"]),
        ("cab", ["c", "ab"]),
        ("é", ["é"]),
        ("è", ["<0xC3>", "<0xA8>"]),
        ("a\n\n\nb", ["a", "\n\n", "\n", "b"]),
        ("<s>", ["<", "s", ">"]),
        ("▁", ["<0xE2>", "<0x96>", "<0x81>"]),
        ("a▁b", ["a", "<0xE2>", "<0x96>", "<0x81>", "b"]),
        ("[REF]", ["<0x5B>", "<0x52>", "<0x45>", "<0x46>", "<0x5D>"]),
        ("<0x41>", ["<", "<0x30>", "<0x78>", "<0x34>", "<0x31>", ">"]),
        ("", []),
    ],
)
def test_the_pieces_of_a_text(text: str, pieces: list[str]) -> None:
    encoding = read_sentencepiece(model())
    for _ in range(2):  # the second time from memory
        assert encoding.encode_ordinary(text) == ids(*pieces)
    assert b"".join(map(encoding.token_bytes, ids(*pieces))) == text.encode()
    for again in (pickle.loads(pickle.dumps(encoding)), read_sentencepiece(model())):
        assert again.encode_ordinary(text) == ids(*pieces)
        assert again.fingerprint == encoding.fingerprint


def test_it_keeps_what_every_format_builds_on() -> None:
    encoding = read_sentencepiece(model())
    probe(encoding)
    with pytest.raises(UnicodeEncodeError):
        encoding.encode_ordinary("\ud800")
    for token in (len(LISTED), -1):
        with pytest.raises(KeyError):
            encoding.token_bytes(token)
    assert encoding.token_bytes(ID_OF["<s>"]) == b"<s>"


def test_the_fingerprint_says_which_ids_there_are() -> None:
    changed = [*LISTED]
    changed[-2], changed[-3] = changed[-3], changed[-2]
    assert read_sentencepiece(model(changed)).fingerprint != read_sentencepiece(model()).fingerprint


def test_words_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatfmt.encodings.sentencepiece._MOST_WORDS", 3)
    encoding = read_sentencepiece(model())
    for text in ("a", "b", "c", "é", "ab", "a" * 65):
        encoding.encode_ordinary(text)
    assert set(encoding._known) == {"é", "ab"}


def test_white_space_that_is_a_symbol_is_found_first() -> None:
    more = [*LISTED, ("\n\n\n", 0.0, USER_DEFINED), ("▁▁▁", 0.0, USER_DEFINED)]
    encoding = read_sentencepiece(model(more))
    three, spaces = len(LISTED), len(LISTED) + 1
    assert encoding.encode_ordinary("a\n\n\n\n") == [ID_OF["a"], three, ID_OF["\n"]]
    assert encoding.encode_ordinary("    a") == [spaces, ID_OF["▁a"]]
    assert encoding.token_bytes(spaces) == b"   "
    probe(encoding)


def test_a_piece_with_a_space_inside_is_merged_across_words() -> None:
    listed = [*LISTED, ("b▁a", 1.0, 1), ("b▁", 2.0, 1)]
    encoding = read_sentencepiece(model(listed))
    assert encoding.encode_ordinary("b a") == [len(LISTED)]
    assert encoding.encode_ordinary("b▁a")[1:4] == ids("<0xE2>", "<0x96>", "<0x81>")


@pytest.mark.parametrize(
    ("trainer", "normalizer", "reason"),
    [
        ({3: 1}, {}, "found a Unigram model"),
        ({3: 9}, {}, "found a model of type 9"),
        ({35: 0}, {}, "found no byte fallback"),
        ({24: 1}, {}, "found spaces as suffixes"),
        ({}, {2: b"x"}, "found a normalizer"),
        ({}, {4: 1}, "found remove_extra_whitespaces"),
        ({}, {5: 0}, "found spaces that are not spelled"),
        ({3: 1, 35: 0}, {}, "a Unigram model .*; no byte fallback"),
    ],
)
def test_what_does_not_give_text_back_is_refused(
    trainer: Mapping[int, int], normalizer: Mapping[int, int | bytes], reason: str
) -> None:
    with pytest.raises(EncodingError, match=reason):
        read_sentencepiece(model(trainer=trainer, normalizer=normalizer))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (model()[:-1], "damaged: expected"),
        (field(1, field(1, "a") + field(2, b"x")), "damaged: expected a number"),
        (field(1, field(1, "a") + field(3, b"x")), "damaged: expected a number"),
        (field(1, 5), "damaged: expected bytes, found the number 5"),
        (field(1, field(1, b"\xff")), "damaged: 'utf-8' codec"),
        (model(LISTED[:10] + LISTED[11:]), "found none for 1 of them, beginning with <0x07>"),
        (model([*LISTED, ("a", 0.0, 1)]), "expected each piece once, found 'a' again"),
        (model([*LISTED, ("x", 0.0, UNUSED)]), "found 'x', which is marked as unused"),
    ],
)
def test_a_damaged_model_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(EncodingError, match=reason):
        read_sentencepiece(data)


def test_a_model_is_known_by_how_it_begins() -> None:
    assert is_sentencepiece(model())
    assert is_sentencepiece(model(BYTES))
    assert not any(map(is_sentencepiece, (b"", b"\n", b"\n\x0e\n\x05<unk>", b"{}", b"\n\n\n\n")))


def test_what_a_prefix_does() -> None:
    assert DummyPrefix("special", always=True).before(" a") == "  a"
    assert DummyPrefix("start", always=False).before(" a") == " a"
    assert DummyPrefix("start", always=True).before("a") == " a"
    assert DummyPrefix("start", always=True).before("") == ""


def test_further_special_tokens_take_no_id_that_has_a_meaning() -> None:
    encoding = read_sentencepiece(model())
    more = with_special_tokens(encoding, {"<x>": len(LISTED), "ab": ID_OF["ab"]})
    assert more.special_tokens == {
        **encoding.special_tokens,
        "<x>": len(LISTED),
        "ab": ID_OF["ab"],
    }
    assert more.encode_ordinary("ab") == ids("a", "b")
    for taken in (ID_OF["<0xC3>"], ID_OF["</s>"]):
        with pytest.raises(EncodingError, match=f"the id {taken} is taken"):
            with_special_tokens(encoding, {"<x>": taken})
