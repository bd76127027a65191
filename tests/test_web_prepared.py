"""The playground's JSON API with conversations that are prepared before they are shown."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from chatfmt import get_tokenizer
from chatfmt.web.api import CALLS, Refusal

CHAT: list[dict[str, Any]] = [
    {"role": "user", "content": "2+2?"},
    {"role": "assistant", "content": "4", "reasoning": "Add."},
    {"role": "user", "content": "3+3?"},
]
OWN = {
    "template": "<|im_start|>{role}\n{^}{content}<|im_end|>",
    "special_tokens": ["<|im_start|>", "<|im_end|>"],
    "roles": ["user", "assistant"],
    "prepare": [{"word": "strip", "roles": ["user"]}],
}


def show(**request: object) -> dict[str, Any]:
    return CALLS["show"](json.dumps({"messages": CHAT, **request}).encode())


def refused(**request: object) -> Refusal:
    with pytest.raises(Refusal) as caught:
        show(**request)
    return caught.value


def ids_of(answer: dict[str, Any]) -> list[int]:
    return [i for block in answer["blocks"] for piece in block["pieces"] for i in piece["ids"]]


def test_the_tokens_are_those_of_what_is_prepared() -> None:
    answer = show(format="gpt-oss", prepare={"date": "2026-11-27"}, prompt="assistant")
    tok = get_tokenizer("gpt-oss")
    prepared = tok.prepare(CHAT, values={"date": dt.date(2026, 11, 27)})
    assert ids_of(answer) == tok.encode_prompt(prepared)
    assert len(answer["changes"]) == len(prepared.changes)
    assert answer["changes"][0] == {
        "place": "message 1 reasoning",
        "word": "reasoning",
        "runs": [("gone", "Add.")],
    }
    again: dict[str, Any] = {}
    exec(answer["python"], again)  # noqa: S102 - it is ours
    assert again["ids"] == ids_of(answer)


def test_without_being_asked_nothing_is_prepared() -> None:
    chat = [{"role": "user", "content": "a "}]
    plain = show(format=OWN, messages=chat, prepare=None)
    prepared = show(format=OWN, messages=chat, prepare={})
    assert plain["changes"] == []
    assert len(prepared["changes"]) == 1
    assert plain["tokens"] > prepared["tokens"]
    for answer in (plain, prepared):
        again: dict[str, Any] = {}
        exec(answer["python"], again)  # noqa: S102 - it is ours
        assert again["ids"] == ids_of(answer)


def test_what_is_wrong_is_said() -> None:
    error = refused(format="gpt-oss", prepare={})
    assert (error.error, error.where) == ("RenderError", None)
    assert error.reason.startswith("the value date is needed")
    error = refused(format="gpt-oss", prepare={"day": "1"})
    assert "there is no value day; there are date" in error.reason
    error = refused(format="gpt-oss", prepare={"date": "2026-02-30"})
    assert (error.error, error.where) == ("ValidationError", "prepare.date")
    assert error.reason == "there is no such day as 2026-02-30"
    system = [*CHAT, {"role": "system", "content": "late"}]
    error = refused(format="gpt-oss", messages=system, prepare={"date": "2026-11-27"})
    assert error.where == "messages[3].role"


def test_what_cannot_be_written_afterwards_marks_no_message_of_the_editor() -> None:
    words = [{"word": "system", "default": "x"}]
    error = refused(format={**OWN, "prepare": words}, prepare={})
    assert (error.error, error.where) == ("RenderError", None)
    assert error.reason.startswith("after preparation, message 0: ")
