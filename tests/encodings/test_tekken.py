"""Mistral's tekken.json: special tokens first, and an error names its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.encodings import TiktokenEncoding
from chatfmt.encodings.probe import probe
from chatfmt.encodings.tekken import is_tekken, read_tekken
from chatfmt.errors import EncodingError
from tekken_file import LISTED, config, document

if TYPE_CHECKING:
    from collections.abc import Callable


def test_text_has_the_ids_after_those_of_the_special_tokens() -> None:
    encoding = TiktokenEncoding(read_tekken(document(), "mine"))
    probe(encoding)
    assert encoding.encode_ordinary("abc[INST]") == [262, *(byte + 6 for byte in b"c[INST]")]
    assert encoding.special_tokens == {
        **{text: token for token, text in enumerate(LISTED)},
        "<SPECIAL_4>": 4,
        "<SPECIAL_5>": 5,
    }
    assert encoding.n_vocab == 263
    assert repr(encoding) == "TiktokenEncoding('mine')"


@pytest.mark.parametrize("version", ["v3", "v7"])
def test_old_files_need_not_list_their_special_tokens(version: str) -> None:
    old = document(config=config(version=version, default_num_special_tokens=30))
    old["config"]["default_vocab_size"] = 287
    del old["special_tokens"]
    special = read_tekken(old, "mine")._special_tokens
    assert [special[text] for text in ("<s>", "[/INST]", "[TOOL_CONTENT]", "<SPECIAL_20>")] == [
        *(1, 4, 19, 20)
    ]
    assert sorted(special.values()) == list(range(30))


def _without(key: str) -> dict[str, Any]:
    return {name: value for name, value in document().items() if name != key}


def _vocab(change: Callable[[list[dict[str, Any]]], object]) -> dict[str, Any]:
    whole = document()
    change(whole["vocab"])
    return whole


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (_without("special_tokens"), "special_tokens: .* version v3 or v7 .* of version 'v13'"),
        (document(special_tokens={}), "special_tokens: expected a list of objects"),
        (document(special_tokens=["<s>"]), "special_tokens: expected a list of objects"),
        (
            document(special_tokens=[{"rank": 1, "token_str": "a"}]),
            r"special_tokens\[0\]: .*rank 0",
        ),
        (document(special_tokens=[{"rank": 0, "token_str": ""}]), r"special_tokens\[0\]: expected"),
        (document(special_tokens=[{"rank": 0, "token_str": 7}]), r"special_tokens\[0\]: expected"),
        (
            document(special_tokens=[{"rank": rank, "token_str": "<s>"} for rank in range(2)]),
            r"special_tokens\[1\]: .* '<s>', which special_tokens\[0\] has",
        ),
        (
            document(special_tokens=[{"rank": n, "token_str": f"<{n}>"} for n in range(7)]),
            "at most 6 .* found 7",
        ),
        (document(config=config(default_vocab_size=None)), r"config\.default_vocab_size: .* None"),
        (document(config=config(default_num_special_tokens=-1)), r"special_tokens: .* -1"),
        (document(config=config(default_num_special_tokens=True)), r"special_tokens: .* True"),
        (document(config=config(default_vocab_size=265)), "at least the 259 tokens .* found 258"),
        (document(config=config(default_vocab_size=5)), "at least the -1 tokens"),
        (document(config=config(pattern="(")), r"config\.pattern: '\(' cannot be read"),
        (document(config=config(pattern=None)), r"config\.pattern: .* expression, found None"),
        (document(vocab=None), "vocab: expected a list of objects, found None"),
        (_vocab(lambda vocab: vocab.pop(7)), r"vocab\[7\]: expected the rank 7"),
        (_vocab(lambda vocab: vocab[7].pop("token_bytes")), r"vocab\[7\]: expected .* new token"),
        (_vocab(lambda vocab: vocab[7].update({"token_bytes": "*"})), r"vocab\[7\]: expected"),
        (_vocab(lambda vocab: vocab[7].update({"token_bytes": 7})), r"vocab\[7\]: expected"),
        (_vocab(lambda vocab: vocab[7].update({"token_bytes": "AQ=="})), r"vocab\[7\]: expected"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(broken: dict[str, Any], reason: str) -> None:
    assert is_tekken(broken)
    with pytest.raises(EncodingError, match=reason):
        read_tekken(broken, "mine")
