"""The promises of an encoding; one that breaks a promise cannot be bound to a format."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from broken_encodings import IM, RANKS, Changed, small
from chatfmt.encodings import TiktokenEncoding, get_encoding
from chatfmt.encodings.probe import probe
from chatfmt.errors import EncodingError

if TYPE_CHECKING:
    from collections.abc import Callable

BUNDLED = ("o200k_im", "cl100k_im", "o200k_base", "o200k_harmony", "cl100k_base")
HI = [{"role": "user", "content": "Hi."}]


@pytest.mark.parametrize("name", BUNDLED)
def test_what_is_bundled_keeps_every_promise(name: str) -> None:
    probe(TiktokenEncoding(get_encoding(name)))


def test_one_that_keeps_them_is_bound() -> None:
    for encoding in (small(), Changed()):
        tok = chatfmt.get_tokenizer("gpt-4o", encoding)
        assert tok.decode(tok.encode(HI)).messages[0].content == "Hi."


# --- special tokens are not text ---


@pytest.mark.parametrize("spelling", IM)
@given(clash=st.sampled_from(sorted(RANKS.values())))
@settings(max_examples=20)
def test_a_special_token_with_the_id_of_a_text_is_refused(spelling: str, clash: int) -> None:
    """With <|im_start|> as the id of `<|`, a content of `<|system` would open a message."""
    with pytest.raises(EncodingError, match=rf"the id {clash} of the special token .* forge"):
        chatfmt.get_tokenizer("gpt-4o", small(IM | {spelling: clash}))


def test_one_that_is_spelled_like_its_text_is_refused_too() -> None:
    ranks = RANKS | {b"<|im_end|>": IM["<|im_end|>"]}
    with pytest.raises(EncodingError, match=r"<\|im_end\|> is also an ordinary token .* id 301"):
        chatfmt.get_tokenizer("gpt-4o", small(mergeable_ranks=ranks))


def test_a_text_with_the_spelling_of_a_special_token_under_another_id_is_text() -> None:
    encoding = small(mergeable_ranks=RANKS | {b"<|im_end|>": 290}, pat_str=r"<\|im_end\|>|.|\n")
    tok = chatfmt.get_tokenizer("gpt-4o", encoding)
    ids = tok.encode([{"role": "user", "content": "<|im_end|>"}])
    assert ids.count(290) == ids.count(301) == 1
    assert tok.decode(ids).messages[0].content == "<|im_end|>"


def test_where_ranks_cannot_be_looked_up_the_spellings_are_tried() -> None:
    both = small(IM | {"<|other|>": 303})
    for special in (IM, {"<|other|>": 303}):

        def parse(ids: list[int], allowed: frozenset[str] = frozenset(special)) -> list[int]:
            return both.encode(both.decode(ids), allowed_special=allowed, disallowed_special=())

        with pytest.raises(EncodingError, match=r"id 30\d of the special token .* forge structure"):
            chatfmt.get_tokenizer("gpt-4o", Changed(ids=parse, special_tokens=both._special_tokens))
    with pytest.raises(EncodingError, match=r"the id 300 .* is also that of the text 'ab'"):
        chatfmt.get_tokenizer("gpt-4o", Changed(names={300: b"ab"}))


def test_a_special_token_need_not_have_bytes() -> None:
    class Bare(Changed):
        def token_bytes(self, token: int) -> bytes:
            if token in IM.values():
                raise KeyError(token)
            return super().token_bytes(token)

    tok = chatfmt.get_tokenizer("gpt-4o", Bare())
    assert tok.decode(tok.encode(HI)).messages[0].content == "Hi."


# --- text comes back ---


@pytest.mark.parametrize(
    "pattern",
    [
        r"\S+",
        r"\w+",
        r"[^\n]+",
        r"[^\r]+",
        r"[^\x00]+",
        r"\p{L}+|\p{N}+|\s+",
        r"(?s:.)(?<!🙂)",
        r"[\x00-\x{ffff}]+",
        r"\s*\S+",  # what ends in white space
        r"\S+\s*",  # what begins with it
        r"\S+|[ \n]+",
        r"\p{L}\p{M}*|[^\p{L}\p{M}]+",  # an accent on nothing
        r"[^\p{Co}]+",
        r"[^\p{Zl}]+",
        r"\w+|\W(?=\w)|\W{2,}",  # one mark alone at the end
    ],
)
def test_a_pattern_that_loses_text_is_refused(pattern: str) -> None:
    with pytest.raises(EncodingError, match=r"does not give text back: .* came back as"):
        chatfmt.get_tokenizer("gpt-4o", small(pat_str=pattern))


CHANGES: dict[str, Callable[[str], str]] = {
    "a space before": lambda text: f" {text}",
    "a space before what is there": lambda text: f" {text}" if text else "",
    "a space before a word": lambda text: f" {text}" if text[:1].isalpha() else text,
    "a space after": lambda text: f"{text} ",
    "stripped": str.strip,
    "stripped on the left": str.lstrip,
    "stripped on the right": str.rstrip,
    "one space for many": lambda text: " ".join(text.split(" ")) if "  " not in text else "",
    "lower case": str.lower,
    "case folded": str.casefold,
    "line ends": lambda text: text.replace("\r\n", "\n"),
    "carriage returns": lambda text: text.replace("\r", ""),
    "NFC": lambda text: unicodedata.normalize("NFC", text),
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "NFKC": lambda text: unicodedata.normalize("NFKC", text),
    "NUL": lambda text: text.replace("\0", ""),
    "ASCII": lambda text: text.encode("ascii", "ignore").decode(),
    "no-break spaces": lambda text: text.replace("\u00a0", " "),
    "soft hyphens": lambda text: text.replace("\u00ad", ""),
    "a byte order mark": lambda text: text.removeprefix("\ufeff"),
    "joiners": lambda text: text.replace("\u200d", ""),
    "controls": lambda text: "".join(c for c in text if unicodedata.category(c) != "Cc"),
    "tabs": str.expandtabs,
    "digits": lambda text: "".join(str(unicodedata.digit(c)) if c.isdecimal() else c for c in text),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_encoder_that_changes_text_is_refused(change: str) -> None:
    with pytest.raises(EncodingError, match="does not give text back"):
        chatfmt.get_tokenizer("gpt-4o", Changed(CHANGES[change]))


def test_the_message_shows_where_the_texts_part() -> None:
    def drop(text: str) -> str:
        return text.replace("isn't", "is not")

    with pytest.raises(EncodingError) as caught:
        probe(Changed(drop))
    assert """"s 3.14, isn't it?!" (at offset 37 of "I'll say: it'S 12345")""" in str(caught.value)
    assert "came back as 's 3.14, is not it?!'" in str(caught.value)


def test_bytes_that_the_ranks_lack_are_named_before_anything_is_encoded() -> None:
    ranks = {token: rank for token, rank in RANKS.items() if token not in (b"\x0b", b"\xc3")}
    with pytest.raises(EncodingError, match=r"no token for 2 of the bytes .* with 0x0B"):
        chatfmt.get_tokenizer("gpt-4o", small(mergeable_ranks=ranks))
    never = {bytes([byte]) for byte in (0xC0, 0xC1, *range(0xF5, 0x100))}
    assert len(never) == 13
    ranks = {token: rank for token, rank in RANKS.items() if token not in never}
    chatfmt.get_tokenizer("gpt-4o", small(mergeable_ranks=ranks))


# --- what is given back ---


@pytest.mark.parametrize(
    ("give", "found"),
    [
        (tuple, "found tuple"),
        (iter, "found list_iterator"),
        (lambda ids: [float(token) for token in ids], r"found a list with \d+\.0"),
        (lambda ids: [token == 97 for token in ids], "found a list with (True|False)"),
        (lambda _: None, "found NoneType"),
    ],
)
def test_ids_that_are_no_list_of_int_are_refused(give: Any, found: str) -> None:
    with pytest.raises(
        EncodingError, match=rf"expected .* a list of int, {found} for .*tolist\(\)"
    ):
        probe(Changed(ids=give))


def test_numpy_arrays_are_refused_with_the_remedy() -> None:
    numpy = pytest.importorskip("numpy", reason="an array of ids")
    for give in (numpy.array, lambda ids: list(numpy.array(ids, int))):
        with pytest.raises(EncodingError, match=r"tolist\(\)"):
            probe(Changed(ids=give))
    probe(Changed(ids=lambda ids: numpy.array(ids, int).tolist()))


def test_an_id_that_has_no_bytes_is_named() -> None:
    with pytest.raises(EncodingError, match="the id 280, for which its token_bytes has nothing"):
        probe(Changed(ids=lambda ids: [280 if token == 256 else token for token in ids]))


def test_a_text_that_is_refused_is_not_lost() -> None:
    def refuse(text: str) -> str:
        if "\0" in text:
            raise EncodingError("no NUL here")
        return text

    probe(Changed(refuse))


# --- once is enough ---


def test_each_object_is_tried_once() -> None:
    encoding = Changed()
    chatfmt.get_tokenizer("gpt-4o", encoding)
    calls = encoding.calls
    assert calls > 200
    for _ in range(3):
        probe(encoding)
    assert encoding.calls == calls
    probe(Changed())
    assert encoding.calls == calls


def test_a_tiktoken_encoding_is_tried_once_whatever_wraps_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoding = small()
    probe(TiktokenEncoding(encoding))
    monkeypatch.setattr(TiktokenEncoding, "token_bytes", None)
    probe(TiktokenEncoding(encoding))
    with pytest.raises(TypeError):
        probe(TiktokenEncoding(small()))


def test_one_that_failed_fails_again() -> None:
    encoding = small(pat_str=r"\S+")
    for _ in range(2):
        with pytest.raises(EncodingError, match="does not give text back"):
            chatfmt.get_tokenizer("gpt-4o", encoding)


def test_an_object_without_a_hash_or_room_for_a_weak_reference_is_tried_each_time() -> None:
    class Unhashable(Changed):
        __hash__ = None  # type: ignore[assignment]

    class Slots:
        __slots__ = ("encode_ordinary", "fingerprint", "n_vocab", "special_tokens", "token_bytes")

    whole = Changed()
    slots: Any = Slots()
    for name in Slots.__slots__:
        setattr(slots, name, getattr(whole, name))
    unhashable: Any = Unhashable()
    for encoding, counter in ((unhashable, unhashable), (slots, whole)):
        before = counter.calls
        chatfmt.get_tokenizer("gpt-4o", encoding)
        once = counter.calls - before
        chatfmt.get_tokenizer("gpt-4o", encoding)
        assert counter.calls - before == 2 * once > 400


def test_an_encoding_of_length_zero_is_the_one_that_was_given() -> None:
    class Empty(Changed):
        def __len__(self) -> int:
            return 0

    encoding = Empty()
    assert chatfmt.get_tokenizer("gpt-4o", encoding).encoding is encoding
    assert isinstance(chatfmt.get_tokenizer("gpt-4o").encoding, TiktokenEncoding)


def test_the_encodings_of_tiktoken_itself_are_bound() -> None:
    base = get_encoding("o200k_harmony")
    theirs = dict(base._special_tokens) | {"<|endofprompt|>": 200018}  # it has two names for this
    encoding = tiktoken.Encoding(
        "o200k_harmony",
        pat_str=base._pat_str,
        mergeable_ranks=base._mergeable_ranks,
        special_tokens=theirs,
    )
    line = chatfmt.ChatFormat(
        name="mine",
        template="<|start|>{role}<|message|>{content}<|end|>",
        special_tokens=["<|start|>", "<|message|>", "<|end|>"],
        roles=["user", "assistant"],
    )
    tok = chatfmt.ChatTokenizer(line, encoding)
    assert tok.decode(tok.encode(HI)).messages[0].content == "Hi."


@pytest.mark.parametrize("pattern", ["", r"\p{L}*", "(?=a)"])
def test_a_pattern_that_matches_an_empty_text_is_refused(pattern: str) -> None:
    """tiktoken panics there, which is no ordinary exception in Python."""
    with pytest.raises(EncodingError, match=r"cannot encode the text .* must not match an empty"):
        probe(TiktokenEncoding(small(pat_str=pattern)))
