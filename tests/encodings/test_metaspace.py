"""A tokenizer.json with byte fallback gives the ids that tokenizers gives, or is refused."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.encodings.metaspace import has_byte_fallback, read_metaspace
from chatfmt.encodings.probe import probe
from chatfmt.encodings.sentencepiece import DummyPrefix, SentencePieceEncoding
from chatfmt.errors import EncodingError
from chatfmt.hf import HFEncoding
from metaspace_file import DECODERS, PIPELINES, REPLACE, document, metaspace, sequence

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")
PREFIXES = {
    "llama-2": DummyPrefix("special", always=True),
    "gemma": None,
    "first": DummyPrefix("start", always=False),
    "never": None,
    "split": DummyPrefix("special", always=False),
}


def added(text: str, number: int, **flags: bool) -> dict[str, Any]:
    return {"id": number, "content": text, **dict.fromkeys(FLAGS, False), **flags}


def texts(count: int) -> list[str]:
    chance = random.Random(3)  # noqa: S311 - the same every time
    letters = [*"abcé \n<s>[REF]", "  ", "\n\n", "è", "🦉", "ab", " ab"]
    return ["".join(chance.choices(letters, k=chance.randrange(12))) for _ in range(count)]


def theirs(spec: dict[str, Any]) -> Callable[[str], list[int]]:
    """The ids of tokenizers, which is not given the special tokens."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    white = [token for token in spec["added_tokens"] if token["content"].isspace()]
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(spec | {"added_tokens": white}))
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_ids_are_those_of_tokenizers(pipeline: str) -> None:
    spec = document(pipeline)
    special = {token["id"] for token in spec["added_tokens"]}
    encoding, expected = read_metaspace(spec), theirs(spec)
    assert encoding.dummy_prefix == PREFIXES[pipeline]
    probe(encoding)
    for text in texts(300):
        ids = encoding.encode_ordinary(text)
        assert b"".join(map(encoding.token_bytes, ids)) == text.encode()
        assert special.isdisjoint(ids)
        prefix = encoding.dummy_prefix
        given = prefix.before(text) if prefix else text
        if "[REF]" not in text:  # which merging would come to, if it were not a special token
            assert encoding.encode_ordinary(given) == expected(text)


def test_merging_never_comes_to_a_special_token() -> None:
    spec = document("gemma")
    number = spec["model"]["vocab"]["[REF]"]
    assert theirs(spec)("[REF]") == [number]
    encoding = read_metaspace(spec)
    assert encoding.encode_ordinary("[REF]") == [spec["model"]["vocab"][p] for p in ("[RE", "F]")]
    assert encoding.special_tokens["[REF]"] == number


def test_white_space_that_is_an_added_token_is_found_in_text() -> None:
    spec = document("first")
    last = max(spec["model"]["vocab"].values())
    spec["added_tokens"] += [added("\n\n\n", last + 1), added("  ", last + 2)]
    encoding, expected = read_metaspace(spec), theirs(spec)
    assert encoding.encode_ordinary("a\n\n\n\n")[1] == last + 1
    assert encoding.encode_ordinary("a   b")[1] == last + 2
    for text in texts(300):
        if text and "[REF]" not in text and text[0] not in " \n":
            assert encoding.encode_ordinary(f" {text}") == expected(text)
    probe(encoding)


def test_awkward_added_tokens_are_special_tokens_and_no_text_comes_to_them() -> None:
    spec = document("llama-2")
    last = max(spec["model"]["vocab"].values())
    names = [f"<|{flag}|>" for flag in FLAGS]
    for at, flag in enumerate(FLAGS):
        spec["added_tokens"].append(added(names[at], last + 1 + at, **{flag: True}))
    encoding = read_metaspace(spec)
    for at, name in enumerate(names):
        assert encoding.special_tokens[name] == last + 1 + at
        for text in (name, f" {name} ", f"a{name}\n", name * 2):
            ids = encoding.encode_ordinary(text)
            assert b"".join(map(encoding.token_bytes, ids)) == text.encode()
            assert set(encoding.special_tokens.values()).isdisjoint(ids)


def test_what_is_done_to_batches_does_not_count() -> None:
    batch: dict[str, Any] = {
        "truncation": {"direction": "Right", "max_length": 1, "strategy": "LongestFirst"},
        "padding": {"strategy": "BatchLongest", "pad_id": 0},
        "post_processor": {"type": "TemplateProcessing", "single": [], "pair": []},
    }
    plain, other = read_metaspace(document()), read_metaspace(document(**batch))
    assert other.encode_ordinary("ab ab ab") == plain.encode_ordinary("ab ab ab")
    assert other.fingerprint == plain.fingerprint


def test_older_files() -> None:
    old = {"type": "Metaspace", "replacement": "▁", "str_rep": "▁", "add_prefix_space": True}
    encoding = read_metaspace(document("first", pre_tokenizer=old))
    assert encoding.dummy_prefix == DummyPrefix("special", always=False)
    old["add_prefix_space"] = False
    assert read_metaspace(document("first", pre_tokenizer=old)).dummy_prefix is None
    spec = document()
    spec["model"]["merges"] = [merge.split(" ") for merge in spec["model"]["merges"]]
    assert read_metaspace(spec).fingerprint == read_metaspace(document()).fingerprint


def model(**changes: Any) -> dict[str, Any]:
    return {"model": document()["model"] | changes}


@pytest.mark.parametrize(
    ("pipeline", "changes", "reason"),
    [
        (
            "gemma",
            {"normalizer": {"type": "NFKC"}},
            "the normalizer NFKC .*; .*one step that makes",
        ),
        ("never", {"normalizer": REPLACE}, "expected one step that makes spaces ▁, found 2"),
        ("never", {"pre_tokenizer": None}, "expected one step that makes spaces ▁, found 0"),
        ("never", {"pre_tokenizer": {"type": "Whitespace"}}, "the pre-tokenizer Whitespace"),
        (
            "gemma",
            {"pre_tokenizer": PIPELINES["gemma"]["pre_tokenizer"] | {"behavior": "Removed"}},
            "the pre-tokenizer Split",
        ),
        (
            "never",
            {"pre_tokenizer": metaspace("never", split=False) | {"replacement": "_"}},
            "Metaspace with '_'",
        ),
        ("gemma", {"decoder": None}, "the decoder None"),
        ("gemma", {"decoder": sequence("decoders", DECODERS[:1])}, "the decoder Replace "),
        ("gemma", {"decoder": sequence("decoders", [*DECODERS, {"type": "CTC"}])}, r"Fuse \+ CTC"),
        ("gemma", model(dropout=0.1), "dropout 0.1"),
        ("gemma", model(ignore_merges=True), "ignore_merges"),
        ("gemma", model(end_of_word_suffix="</w>"), "end_of_word_suffix '</w>'"),
        ("gemma", model(continuing_subword_prefix="##"), "continuing_subword_prefix '##'"),
        ("gemma", {"added_tokens": [added("\n\n", 9, rstrip=True)]}, r"'\\n\\n' with rstrip"),
        ("llama-2", {"added_tokens": [added("\n\n", 9)]}, r"also after '\\n\\n'"),
        ("gemma", model(merges=["a b c"]), "a part missing or of another kind"),
        ("gemma", model(vocab=None), "a part missing or of another kind"),
        ("gemma", {"added_tokens": [{"id": 1}]}, "a part missing or of another kind: 'content'"),
        ("gemma", {"added_tokens": None}, "a part missing or of another kind"),
        ("gemma", model(vocab={"<s>": 1}), "expected a piece for each byte, found none for 256"),
        ("gemma", model(vocab=document()["model"]["vocab"] | {"x": 20}), "an id stands for"),
    ],
)
def test_what_may_change_text_is_refused(
    pipeline: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(EncodingError, match=reason):
        read_metaspace(document(pipeline, **changes))


def test_the_file_itself_says_that_it_is_of_this_kind(tmp_path: Path) -> None:
    path = tmp_path / "vocabulary"
    path.write_text(json.dumps(document()), "utf-8")
    assert isinstance(chatfmt.load_encoding(path), SentencePieceEncoding)
    with pytest.raises(EncodingError, match=r"vocabulary: .*byte fallback; chatfmt.load_encoding"):
        HFEncoding.from_file(path)
    assert not has_byte_fallback({"model": {"type": "Unigram", "byte_fallback": True}})
    assert not has_byte_fallback({"model": None})
