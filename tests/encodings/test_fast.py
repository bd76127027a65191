"""The faster encoder gives tiktoken's ids, or is not used; here with doubles that have faults."""

from __future__ import annotations

import os
import pickle
import random
import sys
from array import array
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from fuzz.engines import NAMES, differences, ranges, scalars

import chatfmt
from chatfmt.encodings import TiktokenEncoding, get_encoding
from chatfmt.encodings.fast import DIFFERENCES, LONGEST, FastEncoder, fast_encoder
from chatfmt.encodings.patterns import CL100K_GREEDY, O200K
from chatfmt.encodings.tiktoken import bundled_encoding

if TYPE_CHECKING:
    from collections.abc import Callable

    import tiktoken


NASTY = (
    *" \n\r\t'sStTlLéÉ中文あ한🙂\u200d\ufe0f\u0301\u00a0\u017f\u212a01234!/.,(<|>_-\0\ufeff\u2028",
    *(
        "'ll",
        "'S",
        "  ",
        "\r\n",
        "<|im_end|>",
        "word",
        "Word",
        "WORD",
        "def f(x):\n    ",
        "\U0001e900",
    ),
)


def packed(encoding: tiktoken.Encoding, text: str) -> bytes:
    return array("I", encoding._core_bpe.encode_ordinary(text)).tobytes()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], bytes]], None]:
    """Installs an encoder as splintr."""

    def install(encode: Callable[[str], bytes]) -> None:
        module = ModuleType("splintr")
        made = SimpleNamespace(from_bytes=lambda *_: SimpleNamespace(encode_flat=encode))
        vars(module).update(Tokenizer=made, __version__="9")
        monkeypatch.setitem(sys.modules, "splintr", module)
        monkeypatch.delenv("CHATFMT_FAST", raising=False)

    return install


def test_one_that_stands_the_test_is_used_and_named(installed: Callable[..., None]) -> None:
    base = get_encoding("o200k_im")
    installed(lambda text: packed(base, text))
    encoding = TiktokenEncoding(base)
    assert encoding.encoder == "splintr 9"
    assert encoding.encode_texts(["a", ""]) == [packed(base, "a"), b""]


def test_one_that_does_not_is_refused_with_a_warning(installed: Callable[..., None]) -> None:
    base = get_encoding("o200k_im")
    installed(lambda text: packed(base, text.replace("'s", "' s")))
    with pytest.warns(RuntimeWarning, match="gives other ids to the text"):
        assert fast_encoder(base) is None


def test_one_that_cannot_be_built_is_refused(installed: Callable[..., None]) -> None:
    installed(len)
    vars(sys.modules["splintr"])["Tokenizer"] = None
    with pytest.warns(RuntimeWarning, match="cannot be built"):
        assert fast_encoder(get_encoding("o200k_im")) is None


def test_it_can_be_switched_off(
    installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = get_encoding("o200k_im")
    installed(lambda text: packed(base, text))
    plain = bundled_encoding("o200k_im", fast=False)
    assert plain.encoder.startswith("tiktoken ")
    assert plain.encode_texts(["a"]) is None
    again = pickle.loads(pickle.dumps(plain))
    assert again.encoding is plain.encoding
    monkeypatch.setenv("CHATFMT_FAST", "0")
    assert TiktokenEncoding(base).encoder.startswith("tiktoken ")


def test_without_the_extra_tiktoken_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "splintr", None)
    assert fast_encoder(get_encoding("cl100k_im")) is None


def test_a_pattern_that_nobody_has_compared_is_tiktokens(installed: Callable[..., None]) -> None:
    installed(len)
    base = get_encoding("o200k_im")
    other = chatfmt.encodings.extend_encoding(base, "other", [])
    other._pat_str = "."
    assert fast_encoder(other) is None


def test_what_they_split_differently_goes_to_tiktoken() -> None:
    base = get_encoding("o200k_im")
    encoder = FastEncoder(base, lambda _: b"fast", "x", DIFFERENCES[O200K])
    long = "a " * LONGEST
    texts = ["a", "it'\u017f", long]
    assert encoder.encode(texts) == [b"fast", packed(base, texts[1]), packed(base, long)]


def test_a_batch_is_the_same_with_it(installed: Callable[..., None]) -> None:
    base = get_encoding("o200k_im")
    plain = chatfmt.ChatTokenizer(
        chatfmt.get_format("gpt-4o"), get_encoding("o200k_im", fast=False)
    )
    seen: list[str] = []

    def encode(text: str) -> bytes:
        seen.append(text)
        return packed(base, text)

    installed(encode)
    tok = chatfmt.ChatTokenizer(chatfmt.get_format("gpt-4o"), TiktokenEncoding(base))
    chats = [
        [{"role": "user", "content": text}, {"role": "assistant", "content": "yes"}]
        for text in ("hello", "<|endoftext|>", "it'\u017f")
    ]
    seen.clear()
    assert tok.encode_batch(chats) == plain.encode_batch(chats)
    assert "hello" in seen
    assert "it'\u017f" not in seen
    lone = [{"role": "user", "content": "hello"}, {"role": "user", "content": "hello"}]
    broken = [chatfmt.Message(role="user", content="a").model_copy(update={"content": "\ud800"})]
    with pytest.raises(chatfmt.RenderError, match="lone surrogate"):
        tok.encode_batch([lone, broken])


# ---- with the real one


@pytest.fixture(scope="module")
def _real() -> None:
    pytest.importorskip("splintr", reason="the extra fast brings it")


@pytest.mark.usefixtures("_real")
@pytest.mark.parametrize("name", NAMES)
def test_the_real_one_stands_the_test(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHATFMT_FAST", raising=False)
    encoder = fast_encoder(get_encoding(name))
    assert encoder is not None
    assert encoder.name.startswith("splintr ")
    for kind in " aé中!\n1'\u0301🙂":
        for size in (1000, LONGEST, LONGEST + 1):
            assert encoder.encode([kind * size]) == [encoder.exact(kind * size)]


@pytest.mark.usefixtures("_real")
@pytest.mark.parametrize("name", NAMES)
def test_nasty_texts_get_the_same_ids(name: str) -> None:
    encoder = fast_encoder(get_encoding(name))
    assert encoder is not None
    chance = random.Random(name)  # noqa: S311 - the same every time
    for _ in range(5_000_000 if os.environ.get("CHATFMT_LARGE") else 5_000):
        text = "".join(chance.choices(NASTY, k=chance.randint(1, 12)))
        assert encoder.encode([text]) == [encoder.exact(text)], text


@pytest.mark.slow
@pytest.mark.usefixtures("_real")
@pytest.mark.parametrize("name", NAMES)
def test_no_character_makes_a_difference_that_is_not_written_down(name: str) -> None:
    pattern = {"o200k_im": O200K, "cl100k_im": CL100K_GREEDY}[name]
    known = {c for first, last in DIFFERENCES[pattern] for c in range(first, last + 1)}
    assert set(differences(name, scalars())) <= known


def test_neighbours_are_one_range() -> None:
    assert ranges([1, 2, 3, 7]) == ((1, 3), (7, 7))
