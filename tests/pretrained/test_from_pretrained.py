"""A model's folder gives the ids that transformers gives, or an error with the condition."""

from __future__ import annotations

import json
import pickle
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jinja2", reason="the extra jinja is not installed")

import chatfmt
from chatfmt.errors import EncodingError, FormatError
from chatfmt.pretrained import Condition
from chatfmt.pretrained.files import read_model
from chatfmt.pretrained.load import on_wire
from chatfmt.pretrained.vocabulary import encoding_in
from pretrained.model_folder import CHATML, PHI, TOKENS, folder
from sentencepiece_file import model
from vocabularies import file_of

if TYPE_CHECKING:
    from pathlib import Path

PHI_TOKENS = ("<|endoftext|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
CHATS: list[list[dict[str, str]]] = [
    [{"role": "user", "content": "ab  ab\n x"}, {"role": "assistant", "content": "cab é🦉"}],
    [{"role": "user", "content": "a"}],
    [{"role": "system", "content": "b <s>"}, {"role": "user", "content": "▁"[:0] + "ab c"}],
]
WAYS: dict[str, dict[str, Any]] = {
    "no prefix": {},
    "tokens are sought in normal text": {"flags": ("normalized",)},
    "prefix at the start": {"pipeline": "first"},
    "prefix after special tokens": {"pipeline": "llama-2"},
    "prefix where no space is": {"pipeline": "split"},
    "white space is taken off": {
        "tokens": PHI_TOKENS,
        "flags": ("rstrip",),
        "template": PHI,
    },
    "white space is taken off, then a prefix": {
        "pipeline": "llama-2",
        "tokens": PHI_TOKENS,
        "flags": ("rstrip",),
        "template": PHI,
    },
}
KINDS = {
    "prefix where no space is": ["SPACE"],
    "white space is taken off": ["STRIPPED"],
    "white space is taken off, then a prefix": ["STRIPPED"],
}


@pytest.mark.parametrize("way", WAYS)
def test_ids_are_those_of_transformers(way: str, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    folder(tmp_path, **WAYS[way])
    tok = chatfmt.from_pretrained(tmp_path)
    assert [one.kind for one in tok.imported.conditions] == KINDS.get(way, [])
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    for chat in CHATS:
        if any(spelling in m["content"] for m in chat for spelling in tok.encoding.special_tokens):
            continue
        expected = theirs.apply_chat_template(chat, tokenize=True, return_dict=False)
        assert tok.encode(tok.prepare(chat)) == expected
        assert [m.content for m in tok.decode(expected).messages] == [m["content"] for m in chat]
        prompt = theirs.apply_chat_template(
            chat, tokenize=True, return_dict=False, add_generation_prompt=True
        )
        assert tok.encode_prompt(tok.prepare(chat)) == prompt


def test_what_is_said_of_it(tmp_path: Path) -> None:
    folder(tmp_path)
    tok = chatfmt.from_pretrained(tmp_path)
    about = tok.imported
    assert about.row == tok.format.name
    assert (about.vocabulary.name, about.template.name) == (
        "tokenizer.json",
        "tokenizer_config.json",
    )
    assert "equal" in str(about.evidence)
    again = pickle.loads(pickle.dumps(tok))
    assert again.imported.row == about.row
    assert again.encode(CHATS[0]) == tok.encode(CHATS[0])
    assert chatfmt.get_tokenizer("gpt-4o").imported is None
    assert chatfmt.from_pretrained(tmp_path, strict=True).format == tok.format


def change(path: Path, **parts: Any) -> None:
    document = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(document | parts), "utf-8")


def test_nfc_is_a_condition_or_refused(tmp_path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="the extra hf is not installed")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.BPE({char: i for i, char in enumerate(alphabet)}, [])
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.normalizer = tokenizers.normalizers.NFC()
    tokenizer.add_special_tokens([*TOKENS, "<unk>", "<s>", "</s>", "[REF]"])
    folder(tmp_path, config={"added_tokens_decoder": {}})
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    tok = chatfmt.from_pretrained(tmp_path)
    assert [one.kind for one in tok.imported.conditions] == ["NFC"]
    other = [{"role": "user", "content": unicodedata.normalize("NFD", "é")}]
    assert tok.decode(tok.encode(other)).messages[0].content == other[0]["content"]
    strict = chatfmt.from_pretrained(tmp_path, strict=True)
    assert strict.imported.conditions == ()
    with pytest.raises(EncodingError, match="expected text in the form NFC"):
        strict.encode(other)


def test_stop_tokens_are_those_of_the_folder(tmp_path: Path) -> None:
    ids = folder_ids(tmp_path)
    for stops in ([ids["<|im_end|>"]], [ids["<|im_end|>"], ids["<|endoftext|>"]]):
        folder(tmp_path, generation={"eos_token_id": stops})
        assert chatfmt.from_pretrained(tmp_path).stop_tokens == {*stops}
    folder(tmp_path, generation={"eos_token_id": 20})
    with pytest.raises(EncodingError, match=r"generation_config\.json: .*found the id 20"):
        chatfmt.from_pretrained(tmp_path)
    folder(tmp_path, generation={"eos_token_id": ids["<|endoftext|>"]})
    [condition] = chatfmt.from_pretrained(tmp_path).imported.conditions
    assert condition.kind == "STOPS"


def folder_ids(path: Path) -> dict[str, int]:
    folder(path)
    return {token: added.id for token, added in read_model(path).added.items()}


def test_strict_takes_no_condition(tmp_path: Path) -> None:
    folder(tmp_path, tokens=PHI_TOKENS, flags=("rstrip",), template=PHI)
    with pytest.raises(
        FormatError, match="expected no condition, found the owner's tokenizer strips"
    ):
        chatfmt.from_pretrained(tmp_path, strict=True)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder(tmp_path, template=None)
    with pytest.raises(FormatError, match=r"tokenizer_config\.json: expected a chat template, fou"):
        chatfmt.from_pretrained(tmp_path)
    named = [{"name": "rag", "template": CHATML}]
    folder(tmp_path, config={"chat_template": named})
    with pytest.raises(FormatError, match="found those named rag: say which as template"):
        chatfmt.from_pretrained(tmp_path)
    assert chatfmt.from_pretrained(tmp_path, template="rag").imported.row is not None
    with pytest.raises(FormatError, match="a chat template named 'x', found those named rag"):
        chatfmt.from_pretrained(tmp_path, template="x")
    (tmp_path / "chat_template.jinja").write_text("")
    with pytest.raises(FormatError, match=r"chat_template\.jinja: expected a chat template named"):
        chatfmt.from_pretrained(tmp_path, template="x")
    (tmp_path / "chat_template.jinja").write_text("\n{% for")
    with pytest.raises(FormatError, match=r"chat_template\.jinja: no chat template: .*: line 2: "):
        chatfmt.from_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(EncodingError, match="expected a folder with one of"):
        chatfmt.from_pretrained(tmp_path)


def test_tokens_that_stand_beside_the_vocabulary(tmp_path: Path) -> None:
    folder(tmp_path)
    added = {
        str(number): {"content": token}
        for number, token in ((277, "<|im_start|>"), (278, "<|im_end|>"), (1, "<s>"), (9, " "))
    }
    change(tmp_path / "tokenizer_config.json", added_tokens_decoder=added, eos_token=None)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "tokenizer.model").write_bytes(model())
    encoding = encoding_in(read_model(tmp_path))
    assert encoding.special_tokens["<|im_end|>"] == 278
    assert encoding.token_bytes(278) == b"<|im_end|>"
    change(tmp_path / "tokenizer_config.json", added_tokens_decoder={"5": {"content": "<x>"}})
    with pytest.raises(EncodingError, match=r"config\.json: added.*: <x>: the id 5 is taken"):
        encoding_in(read_model(tmp_path))
    change(tmp_path / "tokenizer_config.json", added_tokens_decoder={"5": {"content": "<s>"}})
    with pytest.raises(EncodingError, match="expected the id 5 for the special token <s>"):
        encoding_in(read_model(tmp_path))


@pytest.mark.parametrize(
    ("kind", "text", "holds"),
    [
        ("NFC", "e\u0301", False),
        ("NFC", "\u00e9", True),
        ("SPACE", " a", False),
        ("SPACE", "a ", True),
        ("STRIPPED", "a ", False),
        ("STRIPPED", "a b", True),
        ("STOPS", " e\u0301 ", True),
    ],
)
def test_a_condition_can_be_asked(kind: str, text: str, holds: bool) -> None:  # noqa: FBT001
    for field in ("content", "reasoning"):
        message = {"role": "assistant", "content": "a", field: text}
        chat = chatfmt.Conversation.model_validate({"messages": [message]})
        assert Condition(kind, "").holds(chat) is holds


def test_a_template_that_is_no_row(tmp_path: Path) -> None:
    odd = CHATML.replace("m.role", "m.role.replace('assistant', 'helper')").replace(
        "start|>assistant", "start|>helper"
    )
    folder(tmp_path, template=odd)
    tok = chatfmt.from_pretrained(tmp_path)
    assert tok.imported.row is None
    assert "equal" in str(tok.imported.evidence)
    said = [{"role": "user", "content": "ab  c"}]
    text = "<|im_start|>user\nab  c<|im_end|>\n<|im_start|>helper\n"
    ids = tok.encode_prompt(tok.prepare(said))
    assert b"".join(map(tok.encoding.token_bytes, ids)).decode() == text


@pytest.mark.parametrize(
    ("flag", "pipeline"), [("single_word", "never"), ("normalized", "llama-2")]
)
def test_tokens_that_are_text_in_some_places_are_refused(
    flag: str, pipeline: str, tmp_path: Path
) -> None:
    folder(tmp_path, flags=(flag,), pipeline=pipeline)
    with pytest.raises(EncodingError, match=f"found {flag} for <"):
        chatfmt.from_pretrained(tmp_path)


@pytest.mark.slow
def test_a_gguf_file_of_a_model() -> None:
    tok = chatfmt.from_pretrained(file_of("smollm-2-gguf"))
    assert tok.imported.row is None  # no row has this default system message
    assert {one.kind for one in tok.imported.conditions} == {"SYSTEM_FIRST", "NO_CALLS"}
    said = tok.prepare([{"role": "user", "content": "Hi"}])
    assert tok.text(said) == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
        "<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
    )
    assert tok.decode(tok.encode(said)).messages == said.on_wire().messages


def test_text_at_the_start_with_a_prefix_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, pipeline="first")
    tok = chatfmt.from_pretrained(tmp_path)
    files = read_model(tmp_path)
    line = {"user": "Q: {content}<|im_end|>"}
    rows: list[tuple[dict[str, Any], bool]] = [
        ({}, True),
        ({"prologue": "<s>"}, False),
        ({"prologue": "Hi<s>"}, True),
    ]
    for more, begins in rows:
        tokens = ["<|im_end|>", *(["<s>"] if more else [])]
        given = chatfmt.ChatFormat(name="x", template=line, special_tokens=tokens, **more)
        if begins:
            with pytest.raises(FormatError, match="the template begins with text"):
                on_wire(given, files, tok.encoding, {})
        else:
            assert on_wire(given, files, tok.encoding, {}) == (given, [])
