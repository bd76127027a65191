"""Byte-level BPE from Hugging Face: tiktoken is the oracle, over the same rank table."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("tokenizers", reason="the extra hf is not installed")
pytest.importorskip("transformers", reason="transformers converts the rank tables")

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
)
from transformers import PreTrainedTokenizerFast

from chatfmt import get_tokenizer
from chatfmt.encodings import TokenEncoding, as_token_encoding
from chatfmt.errors import EncodingError
from chatfmt.hf import HFEncoding
from conftest import CONVERTED, encoding_for
from hf_tokenizers import hf_tokenizer_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = CONVERTED

TIKTOKEN = encoding_for("llama-3")  # the one that others convert
ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())


@pytest.fixture(scope="module")
def cl100k() -> HFEncoding:
    return HFEncoding(hf_tokenizer_from(TIKTOKEN.encoding))


Merges: TypeAlias = Sequence[tuple[str, str]]


class Options(TypedDict, total=False):
    dropout: float
    continuing_subword_prefix: str
    end_of_word_suffix: str
    ignore_merges: bool


def tiny(
    vocab: dict[str, int] | None = None, merges: Merges = (), **model: Unpack[Options]
) -> Tokenizer:
    """Byte-level BPE over single bytes, and whatever else is given."""
    vocab = {char: i for i, char in enumerate(ALPHABET)} | (vocab or {})
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=list(merges), **model))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def texts() -> st.SearchStrategy[str]:
    """Any text, and text in which spellings of special tokens, digits and white space abound."""
    pieces = st.sampled_from(
        [*TIKTOKEN.special_tokens, "1234567", " \n\n ", "it'S ", "한국어", "🧑‍🚀"]
    )
    return st.lists(pieces | st.text(max_size=8), max_size=8).map("".join)


@settings(deadline=None)
@given(texts())
def test_text_gets_the_ids_that_tiktoken_gives_it(cl100k: HFEncoding, text: str) -> None:
    ids = cl100k.encode_ordinary(text)
    assert ids == TIKTOKEN.encode_ordinary(text)
    assert b"".join(map(cl100k.token_bytes, ids)).decode() == text
    assert set(cl100k.special_tokens.values()).isdisjoint(ids)


def test_real_text_gets_the_ids_that_tiktoken_gives_it(
    cl100k: HFEncoding, shared_data: Path
) -> None:
    compared = 0
    for path in sorted(shared_data.glob("*.json*")):
        text = path.read_text(encoding="utf-8")
        documents = (
            json.loads(text) if path.suffix == ".json" else map(json.loads, text.split("\n")[:-1])
        )
        for string in _strings(list(documents)):
            assert cl100k.encode_ordinary(string) == TIKTOKEN.encode_ordinary(string)
            compared += 1
    assert compared > 5000


def _strings(value: object) -> list[str]:
    """Every string inside a JSON value: a superset of the contents, whatever the schema."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [string for member in value for string in _strings(member)]
    return [value] if isinstance(value, str) else []


def test_every_id_has_the_bytes_and_every_special_token_the_id_of_tiktoken(
    cl100k: HFEncoding,
) -> None:
    assert cl100k.special_tokens == TIKTOKEN.special_tokens
    assert cl100k.n_vocab == TIKTOKEN.n_vocab
    for token in range(-1, cl100k.n_vocab + 1):
        try:
            expected: bytes | None = TIKTOKEN.token_bytes(token)
        except KeyError:
            expected = None
        if expected is None:
            with pytest.raises(KeyError):
                cl100k.token_bytes(token)
        else:
            assert cl100k.token_bytes(token) == expected


def test_it_has_the_protocol_and_survives_pickling(cl100k: HFEncoding) -> None:
    encoding: TokenEncoding = cl100k  # mypy sees the types, the next line the names
    assert as_token_encoding(encoding) is cl100k
    copy = pickle.loads(pickle.dumps(cl100k))
    assert copy.fingerprint == cl100k.fingerprint
    assert copy.special_tokens == cl100k.special_tokens
    assert copy.encode_ordinary("<|im_end|> ok") == cl100k.encode_ordinary("<|im_end|> ok")


def test_a_fast_tokenizer_and_a_file_give_the_same_encoding(tmp_path: Path) -> None:
    tokenizer = tiny({"ab": 256}, [("a", "b")])
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    fast: Any = PreTrainedTokenizerFast
    encodings = [
        HFEncoding(tokenizer),
        HFEncoding(fast(tokenizer_object=tokenizer)),
        HFEncoding.from_file(tmp_path / "tokenizer.json"),
    ]
    assert len({encoding.fingerprint for encoding in encodings}) == 1
    assert [encoding.special_tokens for encoding in encodings] == [{"<|end|>": 257}] * 3


def test_what_a_tokenizer_adds_to_a_text_is_left_out() -> None:
    tokenizer = tiny()
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=9)
    plain = HFEncoding(tiny())
    assert HFEncoding(tokenizer).encode_ordinary("abc") == plain.encode_ordinary("abc")


@pytest.mark.parametrize("ignore_merges", [False, True])
def test_a_special_token_in_the_vocabulary_never_comes_out_of_text(ignore_merges: bool) -> None:  # noqa: FBT001
    tokenizer = tiny({"<end>": 256}, ignore_merges=ignore_merges)
    tokenizer.add_tokens(["<end>"])
    encoding = HFEncoding(tokenizer)
    assert encoding.special_tokens == {"<end>": 256}
    assert encoding.encode_ordinary("<end>") == [ALPHABET.index(char) for char in "<end>"]
    assert encoding.token_bytes(256) == b"<end>"


def test_an_added_token_is_special_whether_or_not_it_is_flagged() -> None:
    tokenizer = tiny()
    tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("  ", normalized=True)])
    encoding = HFEncoding(tokenizer)
    assert encoding.special_tokens == {"<think>": 256, "  ": 257}
    assert {256, 257}.isdisjoint(encoding.encode_ordinary("<think>  "))


@pytest.mark.parametrize(
    "normalizer",
    [normalizers.NFC(), normalizers.Sequence([normalizers.NFC()]), normalizers.Sequence([])],
)
def test_nfc_is_left_out(normalizer: normalizers.Normalizer) -> None:
    tokenizer = tiny()
    tokenizer.normalizer = normalizer
    encoding = HFEncoding(tokenizer)
    for text in ("Ä", "A\u0308"):
        assert b"".join(map(encoding.token_bytes, encoding.encode_ordinary(text))) == text.encode()
    assert encoding.encode_ordinary("Ä") == tokenizer.encode("Ä").ids


def test_the_thirteen_bytes_that_are_in_no_text_may_be_missing() -> None:
    never = [ALPHABET.index(chr(byte)) for byte in (0xC0, 0xC1, *range(0xF5, 0x100))]
    vocab = {char: i for i, char in enumerate(ALPHABET) if i not in never}
    tokenizer = tiny()
    tokenizer.model = models.BPE(vocab=vocab, merges=[])
    encoding = HFEncoding(tokenizer)
    assert len(vocab) == 243
    for char in ("\0", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000", "\U0010ffff"):
        assert b"".join(map(encoding.token_bytes, encoding.encode_ordinary(char))) == char.encode()


def test_a_text_that_needs_a_byte_the_vocabulary_lacks_is_refused() -> None:
    """As SmolLM2's; the tokenizer itself would drop the byte, or give the id of <unk> for it."""
    missing = {spelled("\x0b"), spelled("é")[0], spelled("\U00040000")[0]}
    for extra in ({}, {"unk_token": "<unk>"}):
        tokenizer = tiny()
        vocab = {char: i for i, char in enumerate(ALPHABET) if char not in missing}
        tokenizer.model = models.BPE(
            vocab=vocab | {spelled("é!"): 256, "<unk>": 257}, merges=[], ignore_merges=True, **extra
        )
        tokenizer.add_special_tokens(["<unk>"])
        encoding = HFEncoding(tokenizer)
        assert encoding.encode_ordinary("é!") == [256]  # the whole piece is a token
        for text, offset, byte, char in [
            ("\x0b", 0, "0B", r"'\\x0b'"),
            ("né", 1, "C3", "'é'"),
            ("日本語é!\U00040000", 3, "C3", "'é'"),
            ("日本\U00040000", 2, "F1", ""),
        ]:
            with pytest.raises(
                EncodingError, match=rf"offset {offset}: .* byte 0x{byte} of {char}"
            ):
                encoding.encode_ordinary(text)
        for text in ("", "ok", "日本語 \n", "\U00010000", "<unk>"):
            ids = encoding.encode_ordinary(text)
            assert b"".join(map(encoding.token_bytes, ids)) == text.encode()
            assert 257 not in ids
        tok = get_tokenizer("chatml", HFEncoding(_with_im(tokenizer)))
        said = [{"role": "user", "content": "<unk> ok"}]
        assert tok.decode(tok.encode(said)).messages[0].content == "<unk> ok"
        with pytest.raises(EncodingError, match=r"offset 1: .* byte 0xC3"):
            tok.encode([{"role": "user", "content": "né"}])
        assert pickle.loads(pickle.dumps(encoding)).encode_ordinary("é!") == [256]


def spelled(text: str) -> str:
    """A text as the entries of a byte-level vocabulary spell it."""
    cutter = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return "".join(piece for piece, _ in cutter.pre_tokenize_str(text))


def _with_im(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>"])
    return tokenizer


def test_ids_of_any_type_are_the_integers_they_are() -> None:
    numpy = pytest.importorskip("numpy", reason="integers of other types")
    encoding = HFEncoding(tiny())
    for kind in (int, numpy.int64, numpy.uint16, numpy.array):
        assert encoding.token_bytes(kind(7)) == encoding.token_bytes(7)
        with pytest.raises(KeyError):
            encoding.token_bytes(kind(999))
    for wrong in (True, 7.0, numpy.float64(7), numpy.True_, "7", None):
        with pytest.raises(TypeError, match="expected integers as token ids"):
            encoding.token_bytes(wrong)  # type: ignore[arg-type]


def test_the_fingerprint_tells_what_decides_the_ids() -> None:
    plain, same, merged, special, cut, padded = (tiny() for _ in range(6))
    merged.model = tiny({"ab": 256}, [("a", "b")]).model
    special.add_special_tokens(["<|end|>"])
    cut.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    padded.enable_padding()
    prints = [HFEncoding(t).fingerprint for t in (plain, same, padded, merged, special, cut)]
    assert len(set(prints[:3])) == 1
    assert len(set(prints)) == 4


def test_a_lone_surrogate_raises_what_tiktoken_raises() -> None:
    for encoding in (HFEncoding(tiny()), TIKTOKEN):
        with pytest.raises(UnicodeEncodeError):
            encoding.encode_ordinary("\ud800")


def _with(**parts: object) -> Callable[[], Tokenizer]:
    def build() -> Tokenizer:
        tokenizer = tiny()
        for part, value in parts.items():
            setattr(tokenizer, part, value)
        return tokenizer

    return build


def _with_added(content: str, *, merges: Merges = (), vocab: dict[str, int]) -> Tokenizer:
    tokenizer = tiny(vocab, merges)
    tokenizer.add_tokens([content])
    return tokenizer


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (_with(model=models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")), "a WordPiece model"),  # noqa: S106
        (_with(model=models.Unigram([("a", 0.0)])), "a Unigram model"),
        (_with(model=models.WordLevel({"a": 0}, unk_token="a")), "a WordLevel model"),  # noqa: S106
        (lambda: tiny(dropout=0.1), "dropout"),
        (lambda: tiny(end_of_word_suffix="</w>"), "end_of_word_suffix"),
        (lambda: tiny(continuing_subword_prefix="##"), "continuing_subword_prefix"),
        (_with(pre_tokenizer=None), "0 ByteLevel pre-tokenizers"),
        (_with(pre_tokenizer=pre_tokenizers.Metaspace()), "the pre-tokenizer Metaspace"),
        (_with(pre_tokenizer=pre_tokenizers.Whitespace()), "the pre-tokenizer Whitespace"),
        (
            _with(
                pre_tokenizer=pre_tokenizers.Sequence(
                    [
                        pre_tokenizers.Split(" ", "removed"),
                        pre_tokenizers.ByteLevel(add_prefix_space=False),
                    ]
                )
            ),
            "the pre-tokenizer Split",
        ),
        (_with(pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=True)), "add_prefix_space"),
        (_with(normalizer=normalizers.NFKC()), "the normalizer NFKC"),
        (
            _with(normalizer=normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])),
            "the normalizer Lowercase",
        ),
        (_with(decoder=None), "the decoder None"),
        (_with(decoder=decoders.Metaspace()), "the decoder Metaspace"),
        (lambda: _with_added("ab", vocab={"ab": 256}, merges=[("a", "b")]), "forge"),
        (object, "found object"),
    ],
)
def test_anything_else_is_refused_with_the_reason(
    build: Callable[[], Tokenizer], reason: str
) -> None:
    with pytest.raises(EncodingError, match=reason):
        HFEncoding(build())


@pytest.mark.parametrize("content", [b"", b"{}", b"no JSON", b"\xff\xfe"])
def test_a_file_that_holds_no_tokenizer_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(EncodingError, match=r"tokenizer\.json: "):
        HFEncoding.from_file(path)
    with pytest.raises(FileNotFoundError):
        HFEncoding.from_file(tmp_path / "none.json")


def test_a_missing_extra_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    code = (
        "import sys; sys.modules['tokenizers'] = None\n"
        "from chatfmt.hf import HFEncoding\n"
        f"HFEncoding.from_file({str(tmp_path / 'tokenizer.json')!r})"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 1
    assert "pip install 'chatfmt[hf]'" in run.stderr


def test_an_entry_that_no_text_comes_to_has_the_bytes_it_decodes_to() -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({char: i for i, char in enumerate([*alphabet, "中"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    encoding = HFEncoding(tokenizer)
    assert repr(encoding) == "HFEncoding(n_vocab=257, special_tokens=0)"
    assert encoding.token_bytes(256) == "中".encode()
    assert tokenizer.decode([256]) == "中"
    assert 256 not in encoding.encode_ordinary("中")
    with pytest.raises(TypeError):
        encoding.encode_ordinary(NoText())  # type: ignore[arg-type]


class NoText:
    """What has the method of a text that is asked why it was refused."""

    def encode(self) -> bytes:
        return b""


def test_awkward_added_tokens_and_post_processors_change_no_text() -> None:
    """Flags say how an added token is found in text, which is never done here."""
    plain = tiny(merges=[], vocab=None)
    plain.add_special_tokens(["<|end|>"])
    flags = ("lstrip", "rstrip", "single_word", "normalized")
    names = [f"<{flag}>" for flag in flags]
    awkward = tiny()
    awkward.add_special_tokens(["<|end|>"])
    awkward.add_tokens(
        [AddedToken(name, **{flag: True}) for name, flag in zip(names, flags, strict=True)]
    )
    awkward.post_processor = processors.TemplateProcessing(
        single="<|end|> $A <|end|>", special_tokens=[("<|end|>", 256)]
    )
    awkward.enable_truncation(1)
    awkward.enable_padding(length=9)
    encoding, expected = HFEncoding(awkward), HFEncoding(plain)
    assert set(names) < set(encoding.special_tokens)
    for text in ("a b", *names, *(f" a {name} \n{name}b" for name in names)):
        ids = encoding.encode_ordinary(text)
        assert ids == expected.encode_ordinary(text)
        assert b"".join(map(encoding.token_bytes, ids)) == text.encode()
        assert set(encoding.special_tokens.values()).isdisjoint(ids)
