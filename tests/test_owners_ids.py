"""Real conversations: the rows have the ids of the owners' own code over the owners' vocabularies.

Of Qwen and Llama that is the published template and the owner's encoder, of Llama its own code for
dialogues too, of Mistral mistral-common. What differs is listed, and why.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import chatfmt
from chatfmt import ChatTokenizer, Conversation, Message
from heavy import heavy
from mistral_encoder import VERSIONS, tekken_in, their_ids
from published_templates import published_text
from real_data import FILES, real_conversations
from vocabularies import owners_encoder, vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

EQUAL = "equal"
NFC = "Qwen's encoder makes text NFC"
TRIMMED = "white space is taken off the ends of a content"


def qwen(template: str) -> Callable[[Conversation], list[int]]:
    """The published template, and Qwen's encoder for the text between special tokens."""
    encode, special = owners_encoder("qwen-3"), vocabulary("qwen-3").special_tokens
    spellings = re.compile("(" + "|".join(map(re.escape, special)) + ")")

    def ids(chat: Conversation) -> list[int]:
        parts = spellings.split(published_text(template, chat.messages))
        return [i for p in parts for i in ([special[p]] if p in special else encode(p))]

    return ids


def llama_template(chat: Conversation) -> list[int]:
    """The published template, and Llama's encoder, which knows its special tokens."""
    theirs = heavy("llama_models.llama3.tokenizer").Tokenizer.get_instance()
    text = published_text("llama3", chat.messages, bos_token="<|begin_of_text|>")  # noqa: S106
    ids: list[int] = theirs.encode(text, bos=False, eos=False, allowed_special="all")
    return ids


def llama_code(chat: Conversation) -> list[int]:
    """Llama's own code for dialogues, less the prompt that it puts after them."""
    tokenizer = heavy("llama_models.llama3.tokenizer").Tokenizer.get_instance()
    library = heavy("llama_models.llama3.chat_format").ChatFormat(tokenizer)
    raw = heavy("llama_models.datatypes").RawMessage
    stop = heavy("llama_models.datatypes").StopReason.end_of_turn
    said = [
        raw(role=m.role, content=m.content)
        if m.role != "assistant"
        else raw(role=m.role, content=m.content, stop_reason=stop)
        for m in chat.messages
    ]
    ids: list[int] = library.encode_dialog_prompt(said).tokens
    prompt = ChatTokenizer(chatfmt.get_format("llama-3.1"), vocabulary("llama-3")).encode_prompt([])
    assert ids[-len(prompt) + 1 :] == prompt[1:]
    return ids[: len(ids) - len(prompt) + 1]


def with_system(chat: Conversation) -> Conversation:
    """Qwen 2.5's template puts a system message first, where there is none."""
    said = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
    first = () if chat.messages[0].role == "system" else (Message(role="system", content=said),)
    return Conversation(messages=(*first, *chat.messages))


def with_empty_reasoning(chat: Conversation) -> Conversation:
    """Qwen 3's template writes an empty think block before the last answer."""
    *before, last = chat.messages
    reasoning = {"reasoning": ""} if last.role == "assistant" else {}
    return Conversation(messages=(*before, last.model_copy(update=reasoning)))


def without_system(chat: Conversation) -> Conversation:
    """Version 3 of Mistral has no system message."""
    return Conversation(messages=tuple(m for m in chat.messages if m.role != "system"))


def as_it_is(chat: Conversation) -> Conversation:
    return chat


QWEN = {
    "qwen-2.5": ("qwen2_5", with_system),
    "qwen-3": ("qwen3", with_empty_reasoning),
    "qwen-3-2507": ("qwen3_instruct_2507", as_it_is),
    "qwen-3-vl": ("qwen3_vl", as_it_is),
}
LLAMA = {
    "llama-3": (llama_template, {EQUAL: 2217, TRIMMED: 8}),
    "llama-3.1": (llama_code, {EQUAL: 2225}),
}


def real(shared_data: Path) -> Iterator[tuple[str, Conversation]]:
    for file in FILES:
        for chat in real_conversations(shared_data / file):
            yield file, chat


def why(tok: ChatTokenizer, chat: Conversation, theirs: list[int]) -> str:
    """What the owner changes: the row reads what it wrote, and writes it again to the id."""
    assert not any(s in m.content for m in chat.messages for s in tok.encoding.special_tokens)
    read = tok.decode(theirs)
    assert tok.encode(read) == theirs
    assert len(read.messages) == len(chat.messages)
    changes = set()
    for ours, their in zip(chat.messages, read.messages, strict=True):
        if unicodedata.normalize("NFC", ours.content) == their.content != ours.content:
            changes.add(NFC)
        elif ours != their:
            assert their == ours.model_copy(update={"content": their.content})
            assert their.content in ours.content
            assert their.content.strip() == ours.content.strip()
            changes.add(TRIMMED)
    return " and ".join(sorted(changes))


def compare(
    tok: ChatTokenizer,
    theirs: Callable[[Conversation], list[int]],
    prepare: Callable[[Conversation], Conversation],
    shared_data: Path,
) -> Counter[str]:
    """Count what is equal, and what is not for which reason."""
    found: Counter[str] = Counter()
    multilingual: set[str] = set()
    for file, chat in real(shared_data):
        expected, given = theirs(chat), prepare(chat)
        equal = tok.encode(given) == expected
        found[EQUAL if equal else why(tok, given, expected)] += 1
        if equal and file == "messages_multilingual.jsonl":
            found["equal in many languages"] += 1
            multilingual |= {
                unicodedata.name(char, "?").split()[0] for m in chat.messages for char in m.content
            }
    assert found.pop("equal in many languages") > 300
    assert {"CJK", "CYRILLIC", "ARABIC", "HANGUL", "DEVANAGARI", "GREEK"} <= multilingual
    return found


@pytest.mark.parametrize("row", QWEN)
def test_qwen(row: str, shared_data: Path) -> None:
    template, prepare = QWEN[row]
    tok = ChatTokenizer(chatfmt.get_format(row), vocabulary("qwen-3"))
    found = compare(tok, qwen(template), prepare, shared_data)
    assert found == {EQUAL: 2197, NFC: 28}


@pytest.mark.parametrize("row", LLAMA)
def test_llama(row: str, shared_data: Path) -> None:
    tok = ChatTokenizer(chatfmt.get_format(row), vocabulary("llama-3"))
    theirs, expected = LLAMA[row]
    assert compare(tok, theirs, as_it_is, shared_data) == expected


CUT_FOR_ALL = {"chatml": None, "llama-3": "llama-3"}
"""Rows that cut text before every content once, and now before the assistant's alone."""


@pytest.mark.parametrize("row", CUT_FOR_ALL)
def test_how_many_ids_change_where_only_the_assistant_is_prompted(
    row: str, shared_data: Path
) -> None:
    own = CUT_FOR_ALL[row]
    encoding = chatfmt.get_encoding("cl100k_im") if own is None else vocabulary(own)
    members = chatfmt.FORMAT_ROWS[row]
    before = chatfmt.ChatFormat(name=row, **{**members, "speakers": members["roles"]})
    tok, was = (ChatTokenizer(f, encoding) for f in (chatfmt.get_format(row), before))
    assert tok.encode([Message(role="user", content="\n?")]) != was.encode(
        [Message(role="user", content="\n?")]
    )
    found = Counter(tok.encode(chat) == was.encode(chat) for _, chat in real(shared_data))
    assert found == {True: 2225}  # in none of them does another's content begin with white space


@pytest.mark.parametrize("row", VERSIONS)
def test_mistral(row: str, shared_data: Path, tmp_path: Path) -> None:
    path = tekken_in(tmp_path)
    tok = ChatTokenizer(chatfmt.get_format(row), chatfmt.load_encoding(path))
    prepare = without_system if row == "mistral-v3" else as_it_is

    def theirs(chat: Conversation) -> list[int]:
        return their_ids(path, VERSIONS[row], prepare(chat), ())

    found = compare(tok, theirs, prepare, shared_data)
    assert found == {EQUAL: 2219, TRIMMED: 6}
