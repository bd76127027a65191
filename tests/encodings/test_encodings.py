"""The bundled encodings against tiktoken's own definitions, and extensions of them."""

from __future__ import annotations

import functools
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
import tiktoken
import tiktoken_ext.openai_public  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken.load import load_tiktoken_bpe

import chatfmt
from chatfmt.encodings import (
    ENCODING_CONSTRUCTORS,
    TiktokenEncoding,
    TokenEncoding,
    as_token_encoding,
    bundled,
    extend_encoding,
    get_encoding,
)
from chatfmt.errors import EncodingError
from conftest import stock_pattern
from harmony_encoding import load_harmony
from rank_tables import pack_table, write_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(chatfmt.__file__).parent
IM_TOKENS = {
    "o200k_im": {"<|im_start|>": 200264, "<|im_end|>": 200265, "<|im_sep|>": 200266},
    "cl100k_im": {"<|im_start|>": 100264, "<|im_end|>": 100265, "<|im_sep|>": 100266},
}
each_name = pytest.mark.parametrize("name", IM_TOKENS)


def toy(special_tokens: Mapping[str, int] | None = None, **changes: Any) -> tiktoken.Encoding:
    """The 256 bytes, the token `ab` and a gap: small enough to be built by the hundred."""
    ranks = {bytes([i]): i for i in range(256)} | {b"ab": 256}
    arguments = {"pat_str": r"\w+|\W", "mergeable_ranks": ranks} | changes
    return tiktoken.Encoding(
        "toy", special_tokens=dict(special_tokens or {"<|end|>": 300}), **arguments
    )


def run(code: str, **environment: str) -> Any:
    """What a fresh interpreter prints, as JSON."""
    process = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


# --- the bundled encodings ---


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the rank tables as tiktoken publishes them."""
    directory = tmp_path_factory.mktemp("published")
    write_tables(directory)
    return directory


@each_name
def test_all_but_the_im_tokens_is_the_definition_of_tiktoken(
    name: str, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(url: str, expected_hash: str) -> dict[bytes, int]:
        return load_tiktoken_bpe(str(published / Path(url).name), expected_hash)

    monkeypatch.setattr(tiktoken_ext.openai_public, "load_tiktoken_bpe", load)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    base_name = name.replace("_im", "_base")
    expected = tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS[base_name]()
    found = ENCODING_CONSTRUCTORS[name]()
    assert found["name"] == name
    assert stock_pattern(found["pat_str"]) == expected["pat_str"]
    assert found["mergeable_ranks"] == expected["mergeable_ranks"]
    assert found["special_tokens"] == expected["special_tokens"] | IM_TOKENS[name]


@each_name
def test_the_bundled_table_is_what_is_packed_of_the_published_one(
    name: str, published: Path
) -> None:
    base_name = name.replace("_im", "_base")
    bundled = (SOURCE / "encodings" / "vocab" / f"{base_name}.tokens").read_bytes()
    assert pack_table((published / f"{base_name}.tiktoken").read_bytes()) == bundled


@pytest.mark.parametrize("table", [b"IQ== 1\n", b"IQ== 0\n", b"/w== 0\n/yE= 1\n"])
def test_a_table_that_cannot_be_packed_is_refused(table: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        pack_table(table)


@each_name
def test_there_is_one_object_per_process(name: str) -> None:
    assert get_encoding(name) is get_encoding(name)


@each_name
def test_special_tokens_of_text_stay_text(name: str) -> None:
    encoding = TiktokenEncoding(get_encoding(name))
    for spelling, token in encoding.special_tokens.items():
        ids = encoding.encode_ordinary(spelling)
        assert token not in ids
        assert b"".join(map(encoding.token_bytes, ids)) == spelling.encode()
        assert encoding.token_bytes(token) == spelling.encode()


def test_an_encoding_that_is_not_bundled_is_refused() -> None:
    with pytest.raises(
        EncodingError,
        match=r"'p50k_base'.* o200k_im, cl100k_im, o200k_base, o200k_harmony, cl100k_base;",
    ):
        get_encoding("p50k_base")


def tiktokens_own(name: str, tables: Path, monkeypatch: pytest.MonkeyPatch) -> tiktoken.Encoding:
    """tiktoken's definition of an encoding, over the files in a directory."""

    def load(url: str, expected_hash: str) -> dict[bytes, int]:
        return load_tiktoken_bpe(str(tables / Path(url).name), expected_hash)

    monkeypatch.setattr(tiktoken_ext.openai_public, "load_tiktoken_bpe", load)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    return tiktoken.Encoding(**tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS[name]())


@pytest.mark.parametrize("name", ["o200k_base", "o200k_harmony", "cl100k_base"])
def test_one_of_tiktokens_name_gives_tiktokens_ids(
    name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tiktokens_own(name, shared_data.parent / "vocab", monkeypatch)
    ours = get_encoding(name)
    assert ours.name == name
    special = dict(theirs._special_tokens)
    if name == "o200k_harmony":  # it has this id under <|reserved_200018|> too, as openai-harmony
        assert special.pop("<|endofprompt|>") == special["<|reserved_200018|>"] == 200018
    assert ours._special_tokens == special
    assert len({*special.values()}) == len(special)
    assert ours._mergeable_ranks == theirs._mergeable_ranks
    for path in sorted(shared_data.glob("*.json*")):
        for text in path.read_text("utf-8").splitlines(keepends=True):
            assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    for text in (*special, "  a\n\n \t<|im_end|>", "\0\x85\u2028", "١٢٣४५६", "👩🏽\u200d🚀"):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
        assert ours.encode(text, allowed_special="all") == theirs.encode(
            text, allowed_special="all"
        )


def test_the_special_tokens_of_harmony_are_those_of_openai_harmony() -> None:
    pytest.importorskip("openai_harmony", reason="a second opinion")
    theirs = load_harmony()
    special = get_encoding("o200k_harmony")._special_tokens
    # gpt-oss has no embedding for the last of theirs
    assert theirs.special_tokens_set - {*special} == {"<|reserved_201088|>"}
    for spelling, token in special.items():
        assert theirs.encode(spelling, allowed_special="all") == [token]
        assert theirs.decode([token]) == spelling


def test_tiktoken_keeps_its_own_encodings() -> None:
    """Two plug-ins that have the same name break tiktoken's registry."""
    theirs = tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS
    assert ENCODING_CONSTRUCTORS.keys().isdisjoint(theirs)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda _: b"",
        lambda data: data.replace(b"a\xffb\xff", b"b\xffa\xff", 1),
        lambda data: data + b"\xff",
    ],
)
def test_a_damaged_rank_table_is_refused(
    damage: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "vocab").mkdir()
    table = tmp_path / "vocab" / "cl100k_base.tokens"
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    monkeypatch.setattr(bundled, "_loaded", {})

    with pytest.raises(EncodingError, match=r"cannot be read.*install chatfmt again"):
        get_encoding("cl100k_im")
    data = (SOURCE / "encodings" / "vocab" / table.name).read_bytes()
    table.write_bytes(damage(data))
    with pytest.raises(EncodingError, match=r"is damaged: expected sha256 bd43.*install chatfmt"):
        get_encoding("cl100k_im")
    table.write_bytes(data)
    assert get_encoding("cl100k_im").n_vocab == 100277


# --- extend_encoding ---


def test_a_sequence_is_appended_after_the_highest_id() -> None:
    extended = extend_encoding(toy(), "more", ("<a>", "<b>"))
    assert extended._special_tokens == {"<|end|>": 300, "<a>": 301, "<b>": 302}
    assert (extended.name, extended.n_vocab) == ("more", 303)
    assert extended.encode("ab<b>", allowed_special="all") == [256, 302]


@pytest.mark.parametrize("kind", [dict, MappingProxyType])
def test_a_mapping_gives_the_ids(kind: type[Mapping[str, int]]) -> None:
    given_ids = kind({"<a>": 257, "<b>": 2**31 - 1, "<c>": 299})  # type: ignore[call-arg]
    extended = extend_encoding(toy(), "more", given_ids)
    assert extended._special_tokens == {"<|end|>": 300, **given_ids}
    assert extended.n_vocab == 2**31


def test_the_base_stays_as_it_was() -> None:
    base = toy()
    extend_encoding(base, "more", ["<a>"])
    assert base._special_tokens == {"<|end|>": 300}


@settings(deadline=None)
@given(st.text())
def test_text_still_encodes_as_before(text: str) -> None:
    base = get_encoding("cl100k_im")
    assert _extended().encode_ordinary(text) == base.encode_ordinary(text)


@functools.cache
def _extended() -> tiktoken.Encoding:
    return extend_encoding(get_encoding("cl100k_im"), "more", ["<a>", " the <b>"])


@pytest.mark.parametrize(
    ("special_tokens", "reason"),
    [
        ("<a>", "a sequence of spellings, or a mapping .* found '<a>'"),
        (b"<a>", "a sequence of spellings"),
        ({"<a>", "<b>"}, "a sequence of spellings"),
        (iter(["<a>"]), "a sequence of spellings"),
        (None, "a sequence of spellings"),
        ([""], "expected a spelling, found ''"),
        ([b"<a>"], "expected a spelling, found b'<a>'"),
        ([1], "expected a spelling, found 1"),
        (["\ud800"], "expected a spelling"),
        (["<a>", "<a>"], "<a> is a special token of toy already"),
        (["<|end|>"], r"<\|end\|> is a special token of toy already"),
        (["ab"], "ab is an ordinary token of toy already"),
        ({"<a>": 256}, "<a>: id 256 is taken; all from 301 on are free"),
        ({"<a>": 300}, "<a>: id 300 is taken; all from 301 on are free"),
        ({"<a>": 400, "<b>": 400}, "<b>: id 400 is taken; all from 401 on are free"),
        ({"<a>": -1}, "expected an id from 0"),
        ({"<a>": 2**31}, "expected an id from 0"),
        ({"<a>": True}, "expected an id from 0"),
        ({"<a>": "301"}, "expected an id from 0"),
        ({"<a>": 301.0}, "expected an id from 0"),
    ],
)
def test_clashes_and_what_is_no_token_are_refused(special_tokens: Any, reason: str) -> None:
    with pytest.raises(EncodingError, match=reason):
        extend_encoding(toy(), "more", special_tokens)


# --- the protocol ---


def test_bytes_of_every_id_and_a_key_error_for_all_others() -> None:
    encoding = TiktokenEncoding(toy())
    known = {**{i: bytes([i]) for i in range(256)}, 256: b"ab", 300: b"<|end|>"}
    for token in (*range(-3, 400), 2**31, 2**32, 2**32 + 1, 2**64, -(2**64)):
        if token in known:
            assert encoding.token_bytes(token) == known[token]
        else:
            with pytest.raises(KeyError):
                encoding.token_bytes(token)


def test_a_lone_surrogate_is_an_error_not_another_text() -> None:
    with pytest.raises(UnicodeEncodeError):
        TiktokenEncoding(toy()).encode_ordinary("a\ud800")


def test_what_has_the_protocol_passes_and_what_has_not_is_refused() -> None:
    encoding: TokenEncoding = TiktokenEncoding(toy())
    assert as_token_encoding(encoding) is encoding
    assert "fingerprint" not in vars(encoding)  # to look is not to compute
    wrapped = as_token_encoding(toy())
    assert isinstance(wrapped, TiktokenEncoding)
    assert wrapped.n_vocab == 301
    with pytest.raises(EncodingError, match=r"found str; chatfmt\.load_encoding .* chatfmt\.hf"):
        as_token_encoding("cl100k_im")  # type: ignore[arg-type]


def test_the_fingerprint_tells_what_decides_the_ids() -> None:
    ranks = toy()._mergeable_ranks
    swapped = ranks | {b"a": ranks[b"b"], b"b": ranks[b"a"]}
    fewer = {token: rank for token, rank in ranks.items() if token != b"ab"}
    backwards = dict(reversed(ranks.items()))
    same = [toy(), toy(mergeable_ranks=backwards), toy({"<|end|>": 300})]
    other = [
        toy({"<|end|>": 301}),
        toy({"<|End|>": 300}),
        toy({"<|end|>": 300, "<a>": 301}),
        toy({"<|end|>": 301, "<a>": 300}),
        toy({"<|end|>": 300, "ab": 256}, mergeable_ranks=fewer),
        toy(mergeable_ranks=swapped),
        toy(mergeable_ranks=fewer),
        toy(pat_str=r"\w|\W"),
    ]
    prints = [TiktokenEncoding(encoding).fingerprint for encoding in (*same, *other)]
    assert len(set(prints[: len(same)])) == 1
    assert len(set(prints)) == 1 + len(other)


def test_the_fingerprint_does_not_depend_on_the_process() -> None:
    code = "import json, sys; from chatfmt.encodings import *; print(json.dumps(TiktokenEncoding(get_encoding('cl100k_im')).fingerprint))"  # noqa: E501
    assert run(code) == TiktokenEncoding(get_encoding("cl100k_im")).fingerprint


@pytest.mark.parametrize("encoding", [toy(), extend_encoding(toy(), "more", ["<a>"])], ids=str)
def test_pickling_keeps_everything(encoding: tiktoken.Encoding) -> None:
    before = TiktokenEncoding(encoding)
    after = pickle.loads(pickle.dumps(before))
    assert after.fingerprint == before.fingerprint
    assert after.special_tokens == before.special_tokens
    assert after.encode_ordinary("ab <a>") == before.encode_ordinary("ab <a>")
    assert repr(after) == repr(before) == f"TiktokenEncoding({encoding.name!r})"


# --- imports, and tiktoken's plug-in ---


def test_importing_chatfmt_loads_nothing_heavy_and_reads_no_table() -> None:
    code = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import chatfmt, chatfmt.encodings
heavy = {"numpy", "pyarrow", "rich", "transformers", "tokenizers", "starlette", "uvicorn", "ray",
         "zstandard", "requests"}
tables = [path for path in opened if path.endswith(".tokens")]
chatfmt.encodings.get_encoding("cl100k_im")
first = [path for path in opened if path.endswith(".tokens")]
print(json.dumps([sorted(heavy & set(sys.modules)), tables, len(first)]))
"""
    assert run(code) == [[], [], 1]


def test_tiktoken_finds_the_encodings_lazily_and_offline() -> None:
    code = """
import json, sys
def refuse(event, args):
    assert not event.startswith("socket."), event
    assert event != "open" or args[1] is None or not set("wxa+") & set(args[1]), args
sys.addaudithook(refuse)
sys.dont_write_bytecode = True
import tiktoken
names = tiktoken.list_encoding_names()
assert "chatfmt" not in sys.modules
ids = [tiktoken.get_encoding(name).encode("<|im_sep|> a", allowed_special="all")
       for name in ("o200k_im", "cl100k_im")]
print(json.dumps([names, ids]))
"""
    names, ids = run(code)
    assert set(names) == {*tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS, *IM_TOKENS}
    assert ids == [[200266, 261], [100266, 264]]


def test_the_plug_in_names_the_encodings_that_are_bundled() -> None:
    from tiktoken_ext import chatfmt_encodings  # type: ignore[attr-defined,unused-ignore]

    assert chatfmt_encodings.ENCODING_CONSTRUCTORS.keys() == ENCODING_CONSTRUCTORS.keys()
    for name in IM_TOKENS:
        through_tiktoken = TiktokenEncoding(tiktoken.get_encoding(name))
        assert through_tiktoken.fingerprint == TiktokenEncoding(get_encoding(name)).fingerprint


def test_a_broken_chatfmt_does_not_break_the_registry_of_tiktoken() -> None:
    code = """
import json, sys
sys.modules["chatfmt"] = sys.modules["chatfmt.encodings"] = None  # importing them now fails
import tiktoken
try:
    tiktoken.get_encoding("o200k_im")
except ImportError as error:
    print(json.dumps([tiktoken.list_encoding_names(), str(error)]))
"""
    names, error = run(code)
    assert set(names) == {*tiktoken_ext.openai_public.ENCODING_CONSTRUCTORS, *IM_TOKENS}
    assert "chatfmt" in error
