"""The files of a model's folder are found where transformers looks; errors name the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chatfmt.errors import EncodingError
from chatfmt.pretrained.files import AddedToken, read_model
from gguf_file import gguf
from pretrained.model_folder import CHATML, folder

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), "utf-8")


def test_a_folder(tmp_path: Path) -> None:
    folder(tmp_path, generation={"eos_token_id": [5, 6]}, flags=("lstrip",))
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        found = read_model(path)
        assert found.vocabulary == tmp_path / "tokenizer.json"
        assert found.templates == {"default": CHATML}
        assert found.template_file == tmp_path / "tokenizer_config.json"
        assert (found.bos, found.eos, found.stops) == ("", "<|endoftext|>", (5, 6))
        assert found.added["<s>"] == AddedToken(1)
        assert found.added["<|im_end|>"].strips == ("lstrip",)


def test_bare_files(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").touch()
    found = read_model(tmp_path)
    assert (found.templates, found.added, found.bos, found.stops) == ({}, {}, "", ())
    write(tmp_path / "special_tokens_map.json", {"bos_token": {"content": "<s>"}})
    write(tmp_path / "generation_config.json", {"eos_token_id": 2})
    found = read_model(tmp_path)
    assert (found.bos, found.stops) == ("<s>", (2,))


def test_where_templates_stand(tmp_path: Path) -> None:
    folder(tmp_path)
    write(tmp_path / "chat_template.json", {"chat_template": "p"})
    assert read_model(tmp_path).templates == {"default": "p"}
    (tmp_path / "chat_template.jinja").write_text("j")
    more = tmp_path / "additional_chat_templates"
    more.mkdir()
    (more / "rag.jinja").write_text("r")
    found = read_model(tmp_path)
    assert found.templates == {"default": "j", "rag": "r"}
    assert found.template_file == tmp_path / "chat_template.jinja"


@pytest.mark.parametrize("name", ["chat_template.jinja", "additional_chat_templates/x.jinja"])
def test_a_template_that_is_not_utf8_is_named(name: str, tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "additional_chat_templates").mkdir()
    (tmp_path / "chat_template.jinja").write_text(CHATML)
    (tmp_path / name).write_bytes(CHATML.encode("utf-16"))
    with pytest.raises(EncodingError, match=rf"{name}: expected a chat template in UTF-8, found b"):
        read_model(tmp_path)


def test_named_templates(tmp_path: Path) -> None:
    named = [{"name": "default", "template": "d"}, {"name": "rag", "template": "r"}]
    folder(tmp_path, config={"chat_template": named})
    assert read_model(tmp_path).templates == {"default": "d", "rag": "r"}


@pytest.mark.parametrize(
    ("name", "document", "reason"),
    [
        ("tokenizer_config.json", [1], r"expected a JSON object, found \[1\]"),
        ("tokenizer_config.json", {"chat_template": 1}, "chat_template: expected a text, found 1"),
        (
            "tokenizer_config.json",
            {"chat_template": [{"name": "x"}]},
            "chat_template: expected a name and a template",
        ),
        ("tokenizer_config.json", {"chat_template": ["x"]}, "expected a name and a template"),
        ("tokenizer_config.json", {"bos_token": 1}, "bos_token: expected a spelling, found 1"),
        ("tokenizer_config.json", {"added_tokens_decoder": [1]}, "expected an object"),
        (
            "tokenizer_config.json",
            {"added_tokens_decoder": {"x": {"content": "a"}}},
            "expected ids",
        ),
        *(
            ("tokenizer_config.json", {"added_tokens_decoder": {digits: {"content": "a"}}}, "ids")
            for digits in ("\u0663", "9" * 5_000)
        ),
        (
            "tokenizer_config.json",
            {"added_tokens_decoder": {"1": "a"}},
            "expected ids with the con",
        ),
        (
            "tokenizer_config.json",
            {"added_tokens_decoder": {"1": {"content": "a"}, "2": {"content": "a"}}},
            "a has two ids",
        ),
        ("generation_config.json", {"eos_token_id": "x"}, "eos_token_id: expected ids, found 'x'"),
        ("generation_config.json", {"eos_token_id": [-1]}, "eos_token_id: expected ids"),
    ],
)
def test_a_malformed_file_is_named(name: str, document: Any, reason: str, tmp_path: Path) -> None:
    folder(tmp_path)
    write(tmp_path / name, document)
    with pytest.raises(EncodingError, match=rf"{name}: .*{reason}"):
        read_model(tmp_path)
    (tmp_path / name).write_text("{")
    with pytest.raises(EncodingError, match=rf"{name}: expected JSON"):
        read_model(tmp_path)


def test_a_gguf_file(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    said: dict[str, Any] = {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["a", "b"]}
    path.write_bytes(gguf(said))
    found = read_model(path)
    assert (found.templates, found.bos, found.stops) == ({}, "", ())
    more = {"tokenizer.chat_template": "x", "tokenizer.ggml.eos_token_id": 1}
    path.write_bytes(gguf(said | more | {"tokenizer.ggml.bos_token_id": 9}))
    found = read_model(tmp_path)
    assert found.templates == {"default": "x"}
    assert (found.bos, found.eos, found.stops) == ("", "b", (1,))
    path.write_bytes(gguf({}))
    with pytest.raises(EncodingError, match=r"model\.gguf: expected a GGUF file with a vocabulary"):
        read_model(path)
