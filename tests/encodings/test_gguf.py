"""The vocabulary of a GGUF file equals that of the tokenizer.json or model it was made from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.encodings.gguf import tokenizer_of
from chatfmt.encodings.gguf_splits import SPLITS
from chatfmt.encodings.sentencepiece import DummyPrefix, SentencePieceEncoding
from chatfmt.encodings.sentencepiece_model import read_sentencepiece
from chatfmt.errors import EncodingError
from gguf_file import gguf
from sentencepiece_file import LISTED, model

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ("ab  ab", "a\n\n\nb é è <s>[REF] 12345", "I'll 'tis  \n x", "▁")
SPM = {
    "tokenizer.ggml.model": "llama",
    "tokenizer.ggml.tokens": [text for text, _, _ in LISTED],
    "tokenizer.ggml.scores": [score for _, score, _ in LISTED],
    "tokenizer.ggml.token_type": [kind for _, _, kind in LISTED],
}


def load(metadata: dict[str, Any], tmp_path: Path) -> Any:
    path = tmp_path / "model.gguf"
    path.write_bytes(gguf(metadata))
    return chatfmt.load_encoding(path)


def test_sentencepiece(tmp_path: Path) -> None:
    expected = read_sentencepiece(model())
    encoding = load(SPM, tmp_path)
    assert isinstance(encoding, SentencePieceEncoding)
    assert encoding.special_tokens == expected.special_tokens
    assert encoding.fingerprint == expected.fingerprint
    assert encoding.dummy_prefix == DummyPrefix("special", always=True)
    for text in TEXTS:
        assert encoding.encode_ordinary(text) == expected.encode_ordinary(text)
    assert load(SPM | {"tokenizer.ggml.add_space_prefix": False}, tmp_path).dummy_prefix is None
    assert load(SPM | {"tokenizer.ggml.add_space_prefix": True}, tmp_path).dummy_prefix is not None
    padded = {
        "tokenizer.ggml.tokens": [*SPM["tokenizer.ggml.tokens"], "[PAD9]"],
        "tokenizer.ggml.scores": [*SPM["tokenizer.ggml.scores"], -1000.0],
        "tokenizer.ggml.token_type": [*SPM["tokenizer.ggml.token_type"], 5],
    }
    assert load(SPM | padded, tmp_path).special_tokens["[PAD9]"] == len(LISTED)


def byte_level() -> tuple[Any, dict[str, Any]]:
    """A tokenizer of tokenizers, and the same as metadata."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, "ab", "Ġab", "12", "ĠĠ", "'l", "'ll"]
    merges = [("a", "b"), ("Ġ", "ab"), ("1", "2"), ("Ġ", "Ġ"), ("'", "l"), ("'l", "l")]
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE({word: i for i, word in enumerate(words)}, merges)
    )
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    metadata = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*words, "<|end|>", "<think>", "[PAD9]"],
        "tokenizer.ggml.token_type": [*[1] * len(words), 3, 4, 5],
        "tokenizer.ggml.merges": [" ".join(merge) for merge in merges],
    }
    return tokenizer, metadata


@pytest.mark.parametrize("pre", SPLITS)
def test_byte_level(pre: str, tmp_path: Path) -> None:
    tokenizer, metadata = byte_level()
    tokenizers = pytest.importorskip("tokenizers")
    cuts = tokenizers.pre_tokenizers
    tokenizer.pre_tokenizer = cuts.Sequence(
        [
            *(
                cuts.Split(tokenizers.Regex(pattern), "isolated")
                for pattern in SPLITS[pre].patterns
            ),
            cuts.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    encoding = load(metadata | {"tokenizer.ggml.pre": pre}, tmp_path)
    assert encoding.special_tokens == {"<|end|>": 262, "<think>": 263, "[PAD9]": 264}
    for text in (*TEXTS, "<|end|><think>"):
        assert encoding.encode_ordinary(text) == tokenizer.encode(text).ids


def test_a_pattern_for_gpt_2_is_that_of_tokenizers(tmp_path: Path) -> None:
    tokenizer, metadata = byte_level()
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    encoding = load(metadata, tmp_path)
    for text in TEXTS:
        assert encoding.encode_ordinary(text) == tokenizer.encode(text).ids


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tokenizer.ggml.model": "bert"}, "found 'bert': WordPiece does not give text back"),
        ({"tokenizer.ggml.model": "t5"}, "found 't5': Unigram"),
        ({"tokenizer.ggml.model": "rwkv"}, "found 'rwkv': it is not known here"),
        (
            {"tokenizer.ggml.model": 1},
            "tokenizer.ggml.model: expected a value of type str, found 1",
        ),
        ({"tokenizer.ggml.model": "gpt2"}, r"known split pattern \(gpt-2, .*\), found None"),
        (
            {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "default"},
            "found 'default': take the tokenizer.json",
        ),
        ({"tokenizer.ggml.token_type": [1]}, "expected a type for each of .* tokens, found 1"),
        ({"tokenizer.ggml.scores": [1.0]}, "expected a score for each of .* tokens, found 1"),
    ],
)
def test_what_is_not_known_is_refused(changes: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match=rf"model\.gguf: .*{reason}"):
        load(SPM | changes, tmp_path)


def test_a_file_without_a_vocabulary_is_refused(tmp_path: Path) -> None:
    for metadata in ({}, {"tokenizer.ggml.model": "llama"}, {"general.name": "part 2"}):
        with pytest.raises(EncodingError, match="with a vocabulary, found none"):
            load(metadata, tmp_path)


def test_what_else_it_says_of_the_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    more = {"tokenizer.chat_template": "{{ x }}", "tokenizer.ggml.bos_token_id": 1}
    without_types = {k: v for k, v in SPM.items() if not k.endswith("token_type")}
    path.write_bytes(gguf(without_types | more | {"tokenizer.ggml.eos_token_id": 2}))
    found = tokenizer_of(path)
    assert (found.chat_template, found.bos, found.eos) == ("{{ x }}", 1, 2)
    assert set(found.types) == {1}
    assert json.dumps(found.tokens) == json.dumps(SPM["tokenizer.ggml.tokens"])
