"""An exported directory for transformers has chatfmt's ids, masks and prompts."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import tiktoken

pytest.importorskip("tokenizers", reason="it checks what is written")

from chatfmt import ChatTokenizer, EncodingError, FormatError, get_format, get_tokenizer
from chatfmt.encodings.hf import HFEncoding
from chatfmt.templates import export_hf, to_jinja
from chatfmt.templates.asks import Kinds, asks
from heavy import heavy
from jinja_chats import as_dicts
from letters import BYTES, row
from real_data import FILES, real_conversations
from rows import ids_in, spelled
from sizes import size
from vocabularies import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatfmt import Conversation

CHAT = [
    {"role": "user", "content": "hello"},
    {"role": "assistant", "content": "na\u00efve \U0001f1e8\U0001f1ed\n"},
]


def small(
    *, gap: int = 3, pattern: str = r"\p{L}+|[^\p{L}]", more: dict[str, int] | None = None
) -> ChatTokenizer:
    """A tokenizer over a vocabulary with merges, and ids that stand for nothing."""
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks |= {b"he": 256, b"ll": 257, b"hell": 258, b"hello": 259, b"xyz": 260}
    ranks |= {word.encode(): rank for word, rank in (more or {}).items()}
    encoding = tiktoken.Encoding(
        "small",
        pat_str=pattern,
        mergeable_ranks=ranks,
        special_tokens={"<s>": 261 + gap, "<e>": 262 + gap},
    )
    line = {"user": "<s>u{content}<e>", "assistant": "<s>a{^}{content}<e>"}
    tok = row(line)
    return ChatTokenizer(tok.format, encoding)


def test_what_is_written(tmp_path: Path) -> None:
    tok = small()
    sizes = export_hf(tmp_path / "new", tok)
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "new").iterdir()}
    assert {name: len(text.encode()) for name, text in files.items()} == sizes
    spec = json.loads(files["tokenizer.json"])
    assert [token["content"] for token in spec["added_tokens"]] == [
        *(f"<|reserved_{number}|>" for number in (261, 262, 263)),
        *("<s>", "<e>"),
    ]
    assert spec["model"]["merges"] == [["h", "e"], ["l", "l"], ["he", "ll"], ["hell", "o"]]
    assert json.loads(files["generation_config.json"]) == {"eos_token_id": [265]}
    assert "bos_token" not in json.loads(files["tokenizer_config.json"])
    assert "'<|reserved_261|>'" in files["chat_template.jinja"]


def test_it_reads_back(tmp_path: Path) -> None:
    tok = small()
    export_hf(tmp_path, tok)
    encoding = HFEncoding.from_file(tmp_path / "tokenizer.json")
    again = ChatTokenizer(tok.format, encoding)
    assert encoding.n_vocab == tok.encoding.n_vocab
    assert again.encode(CHAT) == tok.encode(CHAT)
    for text in ("hello", "xyz", "shell xyzhell\u00e9"):  # xyz is no merge, but a whole piece
        assert encoding.encode_ordinary(text) == tok.encoding.encode_ordinary(text)
    export_hf(tmp_path / "again", again)
    assert (tmp_path / "again" / "chat_template.jinja").read_text("utf-8") == (
        tmp_path / "chat_template.jinja"
    ).read_text("utf-8")


def test_the_first_token_of_a_prologue(tmp_path: Path) -> None:
    ranks = BYTES._mergeable_ranks
    tokens = {token: 256 + at for at, token in enumerate(get_format("nanochat").special_tokens)}
    encoding = tiktoken.Encoding(
        "b", pat_str=r"[\s\S]", mergeable_ranks=ranks, special_tokens=tokens
    )
    export_hf(tmp_path, get_tokenizer("nanochat", encoding))
    config = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    assert (config["bos_token"], config["eos_token"]) == ("<|bos|>", "<|assistant_end|>")


def test_names_of_reserved_tokens_are_new(tmp_path: Path) -> None:
    tokens = {"<s>": 300, "<e>": 301, "<|reserved_256|>": 257}
    encoding = tiktoken.Encoding(
        "b", pat_str=r"[\s\S]", mergeable_ranks=BYTES._mergeable_ranks, special_tokens=tokens
    )
    export_hf(tmp_path, ChatTokenizer(small().format, encoding))
    template = (tmp_path / "chat_template.jinja").read_text("utf-8")
    assert "range(258, 300) if '<|reserved_id_' ~ n ~ '|>' in value" in template


def test_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    for taken in (tmp_path, tmp_path / "x"):
        with pytest.raises(FileExistsError, match="expected an empty directory"):
            export_hf(taken, small())


class Plain(NamedTuple):
    """An encoding of which nothing but the protocol is known."""

    special_tokens: dict[str, int]
    n_vocab: int = 258
    fingerprint: str = "plain"

    def encode_ordinary(self, text: str) -> list[int]:
        return [*text.encode()]

    def token_bytes(self, token: int) -> bytes:
        return bytes([token]) if token < 256 else [*self.special_tokens][token - 256].encode()


def test_what_cannot_be_written(tmp_path: Path) -> None:
    plain = ChatTokenizer(small().format, Plain({"<s>": 256, "<e>": 257}))
    with pytest.raises(EncodingError, match="found Plain: how it splits"):
        export_hf(tmp_path, plain)
    with pytest.raises(EncodingError, match="65,536 unused ids, found 70,000"):
        export_hf(tmp_path, small(gap=70_000))
    # its ^ is the beginning of a line, that of tiktoken's engine the beginning of the text
    with pytest.raises(EncodingError, match="does not split text as"):
        export_hf(tmp_path, small(pattern=r"^\tdef|[\s\S]", more={"\tdef": 261}))
    assert [*tmp_path.iterdir()] == []


def test_a_format_is_refused_before_its_vocabulary_is_looked_at(tmp_path: Path) -> None:
    row = get_format("kimi-k2")
    special = {token: 256 + at for at, token in enumerate(row.special_tokens)}
    tok = ChatTokenizer(row, Plain(special, n_vocab=256 + len(special)))
    with pytest.raises(EncodingError, match="found Plain"):
        export_hf(tmp_path, tok)
    with pytest.raises(FormatError, match="the word calls"):
        export_hf(tmp_path, tok, prepare=True)


def test_a_template_that_prepares(tmp_path: Path) -> None:
    row = get_format("qwen-3")
    special = {token: 256 + at for at, token in enumerate(row.special_tokens)}
    encoding = tiktoken.Encoding(
        "b", pat_str=r"[\s\S]", mergeable_ranks=BYTES._mergeable_ranks, special_tokens=special
    )
    export_hf(tmp_path, get_tokenizer("qwen-3", encoding), prepare=True)
    expected = to_jinja(row, special_tokens=special, prepare=True)
    assert (tmp_path / "chat_template.jinja").read_text("utf-8") == expected


@pytest.mark.slow
def test_transformers_prepares(tmp_path: Path) -> None:
    transformers = heavy("transformers")
    tok = real("qwen-3")
    export_hf(tmp_path / "new", tok, prepare=True)
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "new")
    chats = [
        ask.conversation
        for ask in asks(Kinds(thinks=True, calls=True, switches=False), drawn=20)
        if ask.prompt
    ]
    equal = 0
    for chat in chats:
        prepared = tok.prepare(chat)
        expected = tok.encode_prompt(prepared)
        if ids_in(tok, spelled(tok, expected)) != expected:
            continue  # a text spells a token
        given = {"tools": [*chat.tools] or None, "add_generation_prompt": True}
        found = theirs.apply_chat_template(as_dicts(chat), return_dict=False, **given)
        assert found == expected, chat
        equal += 1
    assert equal > len(chats) // 2


# -- The real vocabularies ------------------------------------------------------------------------


def real(name: str) -> ChatTokenizer:
    """A format over the vocabulary of its models."""
    return get_tokenizer(name) if name == "gpt-4o" else get_tokenizer(name, vocabulary(name))


@pytest.fixture(scope="module", params=["gpt-4o", "qwen-3"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tokenizer of ours, and what transformers loads of its directory."""
    transformers = heavy("transformers")
    tok = real(request.param)
    directory = tmp_path_factory.mktemp(request.param)
    start = time.process_time()
    sizes = export_hf(directory, tok)
    told = f"{request.param}: {time.process_time() - start:.1f} s, {sum(sizes.values()):,} bytes"
    sys.stdout.write(f"\n{told}\n")
    return tok, transformers.AutoTokenizer.from_pretrained(directory)


@pytest.mark.slow
def test_the_size_of_the_vocabulary(exported: Any) -> None:
    tok, theirs = exported
    assert len(theirs) == tok.encoding.n_vocab


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_ids_masks_and_prompts_on_real_conversations(
    exported: Any, shared_data: Path, file: str
) -> None:
    tok, theirs = exported
    compared = differ = refused = 0
    for chat in real_conversations(shared_data / file):
        result = _compared(tok, theirs, chat)
        compared += result is True
        refused += result is None
        differ += result is False
    told = f"{compared} equal, {differ} cut otherwise, {refused} refused"
    sys.stdout.write(f"\n{tok.format.name}, {file}: {told}\n")
    assert compared > 0


def _compared(tok: ChatTokenizer, theirs: Any, chat: Conversation) -> bool | None:
    """Whether ids, masks and prompts are equal; None where both have a reason to refuse.

    They differ only where white space stands right after a prompt, in a layout in which a prompt
    ends in text: there chatfmt cuts.
    """
    chat = chat.on_wire()  # without weights, which marks cannot say
    given = as_dicts(chat)
    try:
        ids = tok.encode(chat)
    except ValueError:
        with pytest.raises(Exception, match="message"):
            theirs.apply_chat_template(given)
        return None
    if ids_in(tok, spelled(tok, ids)) != ids:
        if not _begins_with_space(chat):
            with pytest.raises(Exception, match="spells the token"):
                theirs.apply_chat_template(given)
            return None
        assert theirs.apply_chat_template(given, tokenize=False) == spelled(tok, ids)
        return False
    out = theirs.apply_chat_template(given, return_dict=True, return_assistant_tokens_mask=True)
    assert out["input_ids"] == ids
    weights = tok.render(chat).weights()
    assert out["assistant_masks"] == [int(weight > 0) for weight in weights]
    prompt = theirs.apply_chat_template(given, add_generation_prompt=True, return_dict=False)
    assert prompt == tok.encode_prompt(chat)
    return True


def _begins_with_space(chat: Conversation) -> bool:
    return any(m.role == "assistant" and m.content[:1].isspace() for m in chat.messages)


def _texts() -> Iterator[str]:
    """Every code point in four surroundings, many in one text; of the usual run every eighth."""
    around = ("a{}b", " {} ", "1{}\n", "{0}{0}'s")
    points = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    points = points[:: size(8, 1)]
    for pattern in around:
        for at in range(0, len(points), 500):
            yield "\n0\n".join(map(pattern.format, points[at : at + 500]))


@pytest.mark.slow
def test_code_points_in_four_surroundings(exported: Any) -> None:
    tok, theirs = exported
    fast = theirs.backend_tokenizer
    for text in _texts():
        assert fast.encode(text, add_special_tokens=False).ids == tok.encoding.encode_ordinary(text)
