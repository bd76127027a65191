"""The table of models: every name leads to a row, or to an error that says why not."""

from __future__ import annotations

import re

import pytest
import tiktoken
from tiktoken.model import MODEL_TO_ENCODING

from chatfmt import (
    FORMAT_ROWS,
    MODELS,
    EncodingRequiredError,
    UnknownFormatError,
    extend_encoding,
    get_encoding,
    get_format,
    get_tokenizer,
    tokenizer_for_model,
)
from chatfmt.line.hub import HUB_MODELS, VOCABULARIES
from chatfmt.line.models import WITHOUT_LAYOUT

OPENAI = [name for name in MODELS if name not in HUB_MODELS and name not in FORMAT_ROWS]


def test_every_name_leads_to_a_row() -> None:
    assert set(MODELS.values()) == set(FORMAT_ROWS)
    assert len(MODELS.keys() - FORMAT_ROWS) >= 60
    assert not WITHOUT_LAYOUT.keys() & MODELS.keys()
    assert VOCABULARIES.keys() <= FORMAT_ROWS.keys()
    for name in FORMAT_ROWS:
        assert MODELS[name] == name


def test_repositories_are_spelled_as_the_hub_spells_them() -> None:
    for model in HUB_MODELS:
        assert re.fullmatch(r"[A-Za-z][\w-]+/[\w.-]+", model, re.ASCII), model
    assert len({model.casefold() for model in HUB_MODELS}) == len(HUB_MODELS)


@pytest.mark.parametrize("model", sorted({*MODEL_TO_ENCODING, *OPENAI, *WITHOUT_LAYOUT}))
def test_models_of_openai_have_the_vocabulary_that_tiktoken_gives_them(model: str) -> None:
    expected = tiktoken.encoding_name_for_model(model)
    if model in WITHOUT_LAYOUT:
        with pytest.raises(UnknownFormatError, match=f"{re.escape(model)} is known: i.*{expected}"):
            tokenizer_for_model(model)
    else:
        encoding = tokenizer_for_model(model).format.encoding
        assert encoding is not None
        assert encoding.partition("_")[0] == expected.partition("_")[0]


def test_a_model_without_a_bundled_vocabulary_takes_one() -> None:
    base = get_encoding("cl100k_base")
    tokens = [*get_format("qwen-3").special_tokens]
    tokens.remove("<|endoftext|>")  # which cl100k_base has
    encoding = extend_encoding(base, "qwen", tokens)
    tok = tokenizer_for_model("Qwen/Qwen3-8B", encoding=encoding)
    assert tok.format is get_format("qwen-3")
    assert tok.prepare([{"role": "user", "content": "hello"}]).format == "qwen-3"


@pytest.mark.parametrize(
    ("model", "advice"),
    [
        (
            "Qwen/Qwen3-8B",
            "the tokenizer.json in the repository of Qwen/Qwen3-8B, read by load_enc",
        ),
        ("mistralai/Mistral-Nemo-Instruct-2407", r"read by load_encoding\('tekken.json'\)$"),
        (
            "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
            r"read by load_encoding\('tekken.json'\)$",
        ),
        ("microsoft/Phi-3-medium-4k-instruct", r"read by load_encoding\('tokenizer\.model'\)"),
        ("moonshotai/Kimi-K2-Instruct", r"read by load_encoding\('tiktoken.model', pattern=…, sp"),
        ("google/gemma-3-4b-it", r"tokenizer.model .* read by load_encoding\('tokenizer\.model'\)"),
        ("qwen-3", r"a tiktoken.Encoding .* or chatfmt.load_encoding\('tokenizer.json'\)$"),
    ],
)
def test_what_is_missing_says_which_file_to_load_and_how(model: str, advice: str) -> None:
    with pytest.raises(EncodingRequiredError, match=advice) as error:
        tokenizer_for_model(model)
    assert get_format(MODELS[model]).special_tokens[0] in str(error.value)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("qwen3-8b", "Qwen/Qwen3-8B, "),
        ("Qwen/Qwen3-9B", "Qwen/Qwen3-4B, Qwen/Qwen3-8B, Qwen/Qwen3-14B"),
        ("DeepSeek-V3.1-Base", "deepseek-v3.1, deepseek-ai/DeepSeek-V3.1, "),
        ("gpt-4o-2099", "gpt-4o-mini, gpt-4o, gpt-4o-2024-05-13"),
        ("gpt4o", "gpt-4o, "),
        ("GPT-OSS", "gpt-oss, "),
        ("", ""),
        ("x" * 10_000, ""),
    ],
)
def test_an_unknown_name_has_the_three_nearest(name: str, nearest: str) -> None:
    with pytest.raises(UnknownFormatError, match=f"the nearest are {nearest}") as error:
        tokenizer_for_model(name)
    listed = str(error.value).partition("the nearest are ")[2].partition(". If you")[0]
    assert len(listed.split(", ")) == 3
    assert len(str(error.value)) < 400


def test_the_dated_models_are_the_undated_ones() -> None:
    assert tokenizer_for_model("gpt-4o-2024-08-06") is get_tokenizer("gpt-4o")
    assert tokenizer_for_model("gpt-4-0613") is get_tokenizer("gpt-4")
