"""The content of a vocabulary file decides who reads it; an unreadable file is named."""

from __future__ import annotations

import gzip
import json
import pickle
import struct
from typing import TYPE_CHECKING, Any

import pytest
from test_rank_file import PATTERN, lines

import chatfmt
from broken_encodings import RANKS
from chatfmt.encodings import TiktokenEncoding
from chatfmt.errors import EncodingError
from chatfmt.hf import HFEncoding
from gguf_file import gguf
from tekken_file import document

if TYPE_CHECKING:
    from pathlib import Path

RANK_FILE = b"\n".join(lines(RANKS))


def test_a_rank_file_under_any_name(tmp_path: Path) -> None:
    for name in ("mine.tiktoken", "tokenizer.model", "mine"):
        (tmp_path / name).write_bytes(RANK_FILE)
        encoding = chatfmt.load_encoding(tmp_path / name, pattern=PATTERN, special_tokens=["<a>"])
        assert isinstance(encoding, TiktokenEncoding)
        assert encoding.special_tokens == {"<a>": 260}
        assert encoding.encode_ordinary("ab<a>") == [256, *b"<a>"]
    assert repr(encoding) == "TiktokenEncoding('mine')"
    assert chatfmt.load_encoding(str(tmp_path / "mine"), pattern=PATTERN).special_tokens == {}


def test_a_tekken_json(tmp_path: Path) -> None:
    path = tmp_path / "tekken_1.json"
    path.write_text(json.dumps(document()))
    encoding = chatfmt.load_encoding(path)
    assert encoding.encode_ordinary("ab") == [262]
    assert repr(encoding) == "TiktokenEncoding('tekken_1')"


def test_a_tokenizer_json(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE({char: i for i, char in enumerate(alphabet)}, [])
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(["<a>"])
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    encoding = chatfmt.load_encoding(path)
    assert isinstance(encoding, HFEncoding)
    assert encoding.fingerprint == HFEncoding.from_file(path).fingerprint

    given: dict[str, Any]
    for given in ({"pattern": "."}, {"special_tokens": ["<b>"]}, {"special_tokens": []}):
        (name,) = given
        with pytest.raises(EncodingError, match=f"has its own {name}: leave {name} out"):
            chatfmt.load_encoding(path, **given)
    tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer.save(str(path))
    with pytest.raises(EncodingError, match=r"tokenizer\.json: expected .*normalizer Low") as error:
        chatfmt.load_encoding(path)
    assert str(error.value).count(str(path)) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of Git LFS"),
        (gzip.compress(RANK_FILE), "a file compressed by gzip"),
        (b"\x28\xb5\x2f\xfdxyz", "a file compressed by Zstandard"),
        (
            b"PK\x03\x04xyz",
            "a zip archive, such as the weights of PyTorch; take the tokenizer.json",
        ),
        (pickle.dumps({}), "a pickle, such as the weights of PyTorch"),
        (struct.pack("<Q", 2) + b"{}", "a safetensors file, which has weights and no vocabulary"),
        (b'{"tokenizer_class": "A", "model_max_length": 1}', "a tokenizer_config.json"),
        (b'{"a": 0, "b": 1}', "a vocab.json, which has no merges"),
        (
            b'{"architectures": [], "model_type": "llama"}',
            "a config.json, which has no vocabulary",
        ),
        (b'{"metadata": {}, "weight_map": {}}', "an index of weights"),
        (b'{"model": 1, "b": "c"}', "a JSON object with the keys model, b"),
        (b"{}", r"one that begins b'\{\}'"),
        (b'{"model": ', "JSON that cannot be read"),
        (b"[1]", r"one that begins b'\[1\]'"),
        (b"#version: 0.2\nab c\n", "a merges.txt, which has no ids"),
        (b"[PAD]\n[UNK]\n", "a vocab.txt of WordPiece, which does not give text back"),
        (b"\n\n\n\n", "one that begins"),
        (b"\n\xff\n\xff", "one that begins"),
        (b"\xef\xbb\xbf{}", "one that begins"),
    ],
)
def test_a_file_of_another_kind_is_named(content: bytes, found: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(content)
    with pytest.raises(
        EncodingError, match=rf"tokenizer\.model: expected a rank file .*, found {found}"
    ):
        chatfmt.load_encoding(path, pattern=PATTERN)


def test_a_large_file_that_is_refused_is_not_read(tmp_path: Path) -> None:
    for begins, found in (
        (b"PK\x03\x04", "a zip archive"),
        (struct.pack("<Q", 2**30) + b"{", "a safetensors file"),
    ):
        path = tmp_path / "model.bin"
        with path.open("wb") as file:
            file.write(begins)
            file.truncate(2**42)  # a sparse file, too large for any memory
        with pytest.raises(EncodingError, match=rf"model\.bin: .* found {found}"):
            chatfmt.load_encoding(path)
    path = tmp_path / "model.gguf"
    with path.open("wb") as file:
        file.write(gguf({}))
        file.truncate(2**42)
    with pytest.raises(EncodingError, match=r"model\.gguf: expected a GGUF file with a vocabulary"):
        chatfmt.load_encoding(path)


@pytest.mark.parametrize("kind", ["Unigram", "WordPiece", "WordLevel"])
def test_a_model_that_does_not_give_text_back_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    path = tmp_path / "tokenizer.json"
    tokenizers.Tokenizer(getattr(tokenizers.models, kind)()).save(str(path))
    with pytest.raises(
        EncodingError, match=rf"found a {kind} model \(it does not give a text back"
    ):
        chatfmt.load_encoding(path)


def test_a_folder_is_no_tokenizer_json(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    with pytest.raises(EncodingError, match=r"found a folder; chatfmt\.load_encoding takes one"):
        HFEncoding.from_file(tmp_path)
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(EncodingError, match=r"tokenizer\.json: .*found a pointer of Git LFS"):
        HFEncoding.from_file(path)


def test_a_folder_is_the_first_vocabulary_in_it(tmp_path: Path) -> None:
    names = r"tokenizer\.json, tekken\.json, tokenizer\.model, or a GGUF file"
    with pytest.raises(EncodingError, match=rf"expected a folder with one of {names}, found none$"):
        chatfmt.load_encoding(tmp_path)
    scores = {"tokenizer.ggml.scores": [0.0], "tokenizer.ggml.model": "llama"}
    (tmp_path / "a.gguf").write_bytes(gguf(scores | {"tokenizer.ggml.tokens": ["a"]}))
    with pytest.raises(EncodingError, match=r"a\.gguf: expected a piece for each byte"):
        chatfmt.load_encoding(tmp_path)
    (tmp_path / "b.gguf").touch()
    with pytest.raises(EncodingError, match=r"found a\.gguf and b\.gguf: give the path of one$"):
        chatfmt.load_encoding(tmp_path)
    (tmp_path / "tekken.json").write_text(json.dumps(document()))
    assert chatfmt.load_encoding(tmp_path).encode_ordinary("ab") == [262]
    (tmp_path / "tokenizer.model").touch()
    assert chatfmt.load_encoding(tmp_path).encode_ordinary("ab") == [262]
    (tmp_path / "tekken.json").unlink()
    with pytest.raises(EncodingError, match=r"tokenizer\.model: .* found an empty file"):
        chatfmt.load_encoding(tmp_path)
    with pytest.raises(FileNotFoundError):
        chatfmt.load_encoding(tmp_path / "none")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "does not say how text is split: give the pattern"),
        ({"pattern": r"\S+"}, "does not give text back"),
        ({"pattern": "("}, "cannot be read"),
        ({"pattern": PATTERN, "special_tokens": ["ab"]}, "ab is an ordinary token of mine already"),
    ],
)
def test_what_is_wrong_with_a_rank_file_names_the_file(
    options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.tiktoken"
    path.write_bytes(RANK_FILE)
    with pytest.raises(EncodingError, match=rf"mine\.tiktoken: .*{reason}"):
        chatfmt.load_encoding(path, **options)
