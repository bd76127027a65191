"""Every vector in both directions: whole, token by token, and with trailing data."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from chatfmt import Conversation, IssueKind, ParseError
from chatfmt.wire.spans import Span
from formats_under_test import FORMATS, tokenizer_for
from vectors import files, vectors


def spans_of(vector: dict[str, Any]) -> list[Span]:
    return [Span(*span) for span in vector["spans"]]


def by_token(vector: dict[str, Any]) -> tuple[Conversation, list[Any], list[Any]]:
    parser = tokenizer_for(vector["format"]).stream(role=None, strict=True)
    events = [event for token in vector["ids"] for event in parser.feed(token)]
    events += parser.close()
    return Conversation(messages=tuple(parser.messages)), parser.spans, events


@pytest.mark.parametrize("vector", vectors("conversation"))
def test_conversation(vector: dict[str, Any]) -> None:
    tok = tokenizer_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    assert tok.encode(conversation) == vector["ids"]
    assert tok.decode(vector["ids"]) == tok.format.on_wire(conversation)
    written = tok.render(conversation)
    assert written.spans == tok.parse(vector["ids"]).spans == spans_of(vector)
    assert written.weights() == vector["weights"]
    assert by_token(vector)[:2] == (tok.format.on_wire(conversation), written.spans)


@pytest.mark.parametrize("vector", vectors("conversation"))
def test_conversation_with_trailing_data(vector: dict[str, Any]) -> None:
    tok = tokenizer_for(vector["format"])
    foreign = tok.encoding.special_tokens["<|endoftext|>"]
    with pytest.raises(ParseError) as error:
        tok.decode([*vector["ids"], foreign])
    assert error.value.kind is IssueKind.UNEXPECTED_SPECIAL
    assert error.value.position == len(vector["ids"])
    lenient = tok.parse([*vector["ids"], foreign], strict=False)
    expected = Conversation.model_validate(vector["conversation"])
    assert lenient.conversation == tok.format.on_wire(expected)


@pytest.mark.parametrize("vector", vectors("prompt"))
def test_prompt(vector: dict[str, Any]) -> None:
    tok = tokenizer_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    assert tok.encode_prompt(conversation) == vector["ids"]
    transcript = tok.parse(vector["ids"], allow_open=True)
    assert transcript.conversation == tok.format.on_wire(conversation)
    assert transcript.open is not None
    assert transcript.open.role == "assistant"
    with pytest.raises(ParseError) as error:
        tok.decode(vector["ids"])
    assert error.value.kind is IssueKind.OPEN_MESSAGE
    assert error.value.position == len(vector["ids"])
    with pytest.raises(ParseError) as single:
        by_token(vector)
    assert single.value.issue == error.value.issue


@pytest.mark.parametrize("vector", vectors("reading"))
def test_reading(vector: dict[str, Any]) -> None:
    tok = tokenizer_for(vector["format"])
    conversation = Conversation.model_validate(vector["conversation"])
    transcript = tok.parse(vector["ids"])
    assert transcript.conversation == conversation
    straddling = [i.position for i in transcript.issues if i.kind is IssueKind.STRADDLING_TOKEN]
    assert straddling == vector["straddling"]
    assert transcript.ids == vector["ids"]
    assert transcript.spans == spans_of(vector)
    assert transcript.weights() == vector["weights"]
    assert by_token(vector)[:2] == (conversation, transcript.spans)


@pytest.mark.parametrize("vector", vectors("malformed"))
def test_malformed(vector: dict[str, Any]) -> None:
    tok = tokenizer_for(vector["format"])
    expected = (vector["error"]["kind"], vector["error"]["position"])
    with pytest.raises(ParseError) as whole:
        tok.decode(vector["ids"])
    assert (whole.value.kind, whole.value.position) == expected, str(whole.value)
    with pytest.raises(ParseError) as single:
        by_token(vector)
    assert single.value.issue == whole.value.issue
    lenient = tok.parse(vector["ids"], strict=False)
    assert whole.value.issue in lenient.issues


def test_the_set_is_what_its_readme_says() -> None:
    rows = [row for found in files().values() for row in found]
    assert len({row["id"] for row in rows}) == len(rows) >= 300
    assert all(row["origin"] for row in rows)
    used = {"qwen-3", "granite-4", "mistral-v13", "kimi-k2", "gpt-oss", *FORMATS}
    assert {row["format"] for row in rows if "error" in row} == used
    assert {row["format"] for row in rows if "error" not in row} == used
    kinds = Counter(row["error"]["kind"] for row in rows if "error" in row)
    # A straddling token is recorded, never raised.
    assert set(kinds) == set(IssueKind) - {IssueKind.STRADDLING_TOKEN}
    others = [
        path for path in files() if path.stem in ("huggingface", "openai-harmony", "tiktoken")
    ]
    assert len(others) == 3
    assert sum(len(files()[path]) for path in others) >= 50
