"""Anything may be given as a saved transcript: it is restored as it is, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatfmt import TranscriptError, get_tokenizer
from odd_values import ODD, damaged

TOK = get_tokenizer("gpt-4o")


def _saved() -> dict[str, Any]:
    chat = TOK.render(
        {
            "messages": [{"role": "user", "content": "hello"}],
            "tools": [{"name": "f"}],
            "metadata": {"a": 1},
        }
    )
    chat.append_completion([13225, 11], logprobs=[-0.5, -0.25])
    saved: dict[str, Any] = json.loads(json.dumps(chat.to_dict()))
    return saved


_SAVED = _saved()
_PARTS = {"spans": _SAVED["spans"][:2], **{key: _SAVED[key] for key in ("metadata", "tools")}}


def test_any_value_anywhere_is_restored_or_refused() -> None:
    refused = 0
    for damage in damaged(_PARTS):
        try:
            TOK.transcript_from_dict({**_SAVED, **damage} if isinstance(damage, dict) else damage)
        except TranscriptError:
            refused += 1
    assert refused


@pytest.mark.parametrize("name", _SAVED)
def test_any_value_of_a_member_is_restored_or_refused(name: str) -> None:
    for value in ODD:
        try:
            again = TOK.transcript_from_dict({**_SAVED, name: value})
        except TranscriptError:
            continue
        assert again.ids == _SAVED["ids"]


@pytest.mark.parametrize("name", ["unfinished", "prepared"])
@pytest.mark.parametrize("value", [1, "1", "yes", 0.0])
def test_what_is_no_boolean_is_none(name: str, value: Any) -> None:
    with pytest.raises(TranscriptError, match=f"{name}: Input should be a valid boolean"):
        TOK.transcript_from_dict({**_SAVED, name: value})


def test_the_message_of_a_span_that_python_refuses_to_write_out() -> None:
    saved = _saved()
    saved["spans"][0][2] = 10**5000
    with pytest.raises(TranscriptError, match="of message an integer of 16,610 bits"):
        TOK.transcript_from_dict(saved)


@pytest.mark.parametrize("odd", [object(), {1, object()}], ids=["object", "set"])
def test_metadata_that_json_has_not_is_not_saved(odd: Any) -> None:
    chat = TOK.render({"messages": [], "metadata": {"a": odd}})
    with pytest.raises(TranscriptError, match="expected metadata that JSON has, too, to save it"):
        chat.to_dict()
