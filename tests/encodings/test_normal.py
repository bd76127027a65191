"""Text in NFC has its usual ids; other text is refused, wherever it is passed in."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from test_load import RANK_FILE
from test_rank_file import PATTERN

import chatfmt
from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.normal import NormalEncoding
from chatfmt.encodings.probe import probe
from chatfmt.encodings.sentencepiece_model import read_sentencepiece
from chatfmt.errors import EncodingError
from sentencepiece_file import model

if TYPE_CHECKING:
    from pathlib import Path

BASE = TiktokenEncoding(chatfmt.get_encoding("o200k_im"))
SAID = [{"role": "user", "content": "caf\u00e9"}]
OTHER = [{"role": "user", "content": "a cafe\u0301"}]


def test_ids_are_those_of_the_encoding() -> None:
    encoding = NormalEncoding(BASE, "NFC")
    probe(encoding)
    assert encoding.encode_ordinary("caf\u00e9") == BASE.encode_ordinary("caf\u00e9")
    assert (encoding.special_tokens, encoding.n_vocab) == (BASE.special_tokens, BASE.n_vocab)
    assert encoding.fingerprint == BASE.fingerprint
    again = pickle.loads(pickle.dumps(encoding))
    assert repr(again) == "NormalEncoding(TiktokenEncoding('o200k_im'), 'NFC')"
    assert again.encode_ordinary("a") == BASE.encode_ordinary("a")


@pytest.mark.parametrize(
    ("text", "offset", "found"),
    [("e\u0301", 0, "e\u0301"), ("abc \u212b.", 4, "\u212b."), ("\u0344", 0, "\u0344")],
)
def test_other_text_is_refused(text: str, offset: int, found: str) -> None:
    with pytest.raises(EncodingError, match=f"^offset {offset}: .* NFC, found {found!r}, which"):
        NormalEncoding(BASE, "NFC").encode_ordinary(text)


def test_a_format_takes_what_is_nfc_and_says_which_message_is_not() -> None:
    tok = chatfmt.ChatTokenizer(chatfmt.get_format("gpt-4o"), NormalEncoding(BASE, "NFC"))
    plain = chatfmt.get_tokenizer("gpt-4o")
    assert tok.encode(SAID) == plain.encode(SAID)
    assert tok.decode(tok.encode(SAID)).messages[0].content == SAID[0]["content"]
    with pytest.raises(EncodingError, match=r"^offset 5: "):
        tok.encode(OTHER)
    assert tok.encode_batch([SAID, SAID]).ids == plain.encode_batch([SAID, SAID]).ids
    with pytest.raises(EncodingError, match=r"^offset 5: ") as error:
        tok.encode_batch([SAID, OTHER])
    assert error.value.__notes__ == ["conversation 1"]
    # where the token that separates texts stands right before, it could become part of a letter
    solidus = [{"role": "user", "content": "\u0338"}]
    assert tok.encode_batch([SAID, solidus]).ids == plain.encode_batch([SAID, solidus]).ids


def test_it_is_asked_for_when_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(RANK_FILE)
    encoding = chatfmt.load_encoding(path, pattern=PATTERN, normalize="NFC")
    assert isinstance(encoding, NormalEncoding)
    assert chatfmt.load_encoding(path, pattern=PATTERN).encode_ordinary("e\u0301")
    for form in ("NFKC", "nfc", ""):
        with pytest.raises(EncodingError, match=f"expected the form NFC, found '{form}'"):
            chatfmt.load_encoding(path, pattern=PATTERN, normalize=form)


def test_what_the_encoding_cannot_do_it_cannot_either() -> None:
    slow = NormalEncoding(read_sentencepiece(model()), "NFC")
    assert slow.capabilities.encode_joined is None
    assert slow.capabilities.longest_run is None
    assert NormalEncoding(BASE, "NFC").capabilities.longest_run == 900_000
