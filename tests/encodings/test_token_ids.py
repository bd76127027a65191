"""The ids in a tokenizer.json: accepted exactly where tokenizers takes them as they are."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt.encodings.token_ids import check_token_ids
from chatfmt.errors import EncodingError
from chatfmt.hf import HFEncoding
from metaspace_file import document as metaspace_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLAGS = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
LEVELS = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BOUND = 1 << 32


def document(vocab: dict[str, Any], added: list[tuple[Any, Any]]) -> dict[str, Any]:
    """A byte-level tokenizer with these ids."""
    model: dict[str, Any] = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "fuse_unk": False,
        "merges": [],
    }
    return {
        "version": "1.0",
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor")),
        "added_tokens": [
            {"id": token, "content": content, **FLAGS, "special": True} for content, token in added
        ],
        "pre_tokenizer": LEVELS,
        "decoder": LEVELS,
        "model": {**model, "vocab": vocab},
    }


def is_taken(spec: dict[str, Any]) -> bool:
    try:
        check_token_ids(spec)
    except EncodingError:
        return False
    return True


def is_the_same_in_tokenizers(spec: dict[str, Any]) -> bool:
    """Whether tokenizers gives each token the id that the file gives it, and no other token."""
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    try:
        theirs = tokenizers.Tokenizer.from_str(json.dumps(spec))
    except Exception:  # noqa: BLE001 - tokenizers raises the bare Exception
        return False
    added = [(token["content"], token["id"]) for token in spec["added_tokens"]]
    listed = [*spec["model"]["vocab"].items(), *added]
    ids = {token for _, token in listed}
    once = len({content for content, _ in added}) == len(added)
    own = len(ids) == len({content for content, _ in listed})
    return once and own and all(theirs.token_to_id(content) == token for content, token in listed)


def drawn(chance: random.Random) -> dict[str, Any]:
    size = chance.randint(1, 5)
    vocab: dict[str, Any] = {letter: number for number, letter in enumerate("abcdef"[:size])}
    if chance.random() < 0.3:
        vocab[chance.choice([*vocab])] = chance.choice([0, 1, size, size + 2, -1, 1.0, "1", BOUND])
    added: list[tuple[Any, Any]] = []
    following = len(vocab)
    for content in chance.choices(["<x>", "<y>", "<z>", "a", "b"], k=chance.randint(0, 3)):
        token = vocab.get(content, following)
        following += content not in vocab
        if chance.random() < 0.2:
            token = chance.choice([following + 1, 0, -1, BOUND, BOUND - 1, 1.0, None])
        added.append((content, token))
    return document(vocab, added)


def test_ids_are_taken_exactly_where_tokenizers_takes_them() -> None:
    chance = random.Random(4)  # noqa: S311 - the same every time
    counted: Counter[bool] = Counter()
    for _ in range(3_000):
        spec = drawn(chance)
        taken = is_taken(spec)
        assert taken == is_the_same_in_tokenizers(spec), spec
        counted[taken] += 1
    assert min(counted.values()) > 500


LETTERS = {letter: number for number, letter in enumerate("abc")}
ID = "expected an id, an integer from 0 to 4294967295, found "
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "negative": (document({**LETTERS, "d": -1}, []), f"model.vocab['d']: {ID}-1"),
    "bool": (document(LETTERS, [("<e>", True)]), f"added_tokens[0].id: {ID}True"),
    "float": (document({**LETTERS, "d": 3.0}, []), f"model.vocab['d']: {ID}3.0"),
    "text": (document(LETTERS, [("<e>", "3")]), f"added_tokens[0].id: {ID}'3'"),
    "beyond 32 bits": (document(LETTERS, [("<e>", BOUND)]), f"added_tokens[0].id: {ID}{BOUND}"),
    "two tokens of the model": (
        document({**LETTERS, "d": 1}, []),
        "model.vocab['d']: expected an id of its own, found 1, which is also 'b'",
    ),
    "a token of the model and another": (
        document(LETTERS, [("<e>", 1)]),
        "added_tokens[0].id: expected an id of its own for '<e>', found 1, which is also 'b'",
    ),
    "two added tokens": (
        document(LETTERS, [("<e>", 3), ("<f>", 3)]),
        "added_tokens[1].id: expected an id of its own for '<f>', found 3, which is also '<e>'",
    ),
    "a token twice": (
        document(LETTERS, [("<e>", 3), ("<e>", 4)]),
        "added_tokens[1]: expected each token once, found '<e>', which added_tokens[0] is already",
    ),
    "another id in the model": (
        document({**LETTERS, "<e>": 3}, [("<e>", 4)]),
        "added_tokens[0].id: expected 3, the id of '<e>' in model.vocab, found 4",
    ),
    "a gap before an added token": (
        document(LETTERS, [("<e>", 5)]),
        (
            "added_tokens[0].id: expected 3 for '<e>', the id that tokenizers gives it whatever "
            "the file says, found 5: list a token for each id between, or list this one in "
            "model.vocab, too"
        ),
    ),
    "a gap of millions": (
        document({**LETTERS, "d": 1 << 21}, []),
        (
            "model.vocab['d']: expected an id that leaves out at most 1,048,576, found 2097152 in "
            "a vocabulary of 4 tokens"
        ),
    ),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_ids_are_named_with_file_and_place(kind: str, tmp_path: Path) -> None:
    spec, reason = ODD[kind]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(spec))
    readers: list[Callable[..., Any]] = [chatfmt.load_encoding, HFEncoding.from_file]
    for read in readers:
        with pytest.raises(EncodingError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: {reason}"


def test_a_vocabulary_with_byte_fallback_is_checked_too(tmp_path: Path) -> None:
    spec = metaspace_document()
    spec["model"]["vocab"]["]"] = -1
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(spec))
    with pytest.raises(EncodingError, match=r"tokenizer.json: model.vocab\['\]'\]: expected an id"):
        chatfmt.load_encoding(path)


def test_a_token_of_the_model_with_two_ids_is_refused(tmp_path: Path) -> None:
    text = json.dumps(document(LETTERS, [])).replace('"c": 2', '"c": 2, "c": 3')
    path = tmp_path / "tokenizer.json"
    path.write_text(text)
    for read in (chatfmt.load_encoding, HFEncoding.from_file):
        with pytest.raises(EncodingError, match=r"tokenizer.json: .* found 'c' twice"):
            read(path)


def test_gaps_between_ids_of_the_model_are_taken() -> None:
    check_token_ids(document({**LETTERS, "<e>": 7}, [("<e>", 7), ("<f>", 4)]))


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"model": None, "added_tokens": None},
        {"model": {"vocab": [["a", 0.1]]}, "added_tokens": [None, {"id": -1}]},
    ],
)
def test_parts_of_another_shape_are_left_to_the_readers(spec: dict[str, Any]) -> None:
    check_token_ids(spec)
