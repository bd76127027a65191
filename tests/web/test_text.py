"""Plain text as tokens, and pasted lines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chatfmt
from chatfmt.web.api import CALLS, Refusal

ENCODING = chatfmt.get_encoding("o200k_im")


def call(name: str, **request: object) -> dict[str, Any]:
    return CALLS[name](json.dumps(request).encode())


def ids_of(answer: dict[str, Any]) -> list[int]:
    return [i for block in answer["blocks"] for piece in block["pieces"] for i in piece["ids"]]


@pytest.mark.parametrize("text", ["", "What is 2+2?", "<|im_end|>", "🤷🏽\n\n", " \t"])
def test_text_is_what_the_encoding_makes_of_it(text: str) -> None:
    answer = call("text", format="gpt-4o", text=text)
    assert ids_of(answer) == ENCODING.encode_ordinary(text)
    assert answer["tokens"] == len(ids_of(answer))
    found: dict[str, Any] = {}
    exec(answer["python"], found)  # noqa: S102 - that it runs is what is shown
    assert found["ids"] == ids_of(answer)


@settings(deadline=None)
@given(st.lists(st.text() | st.sampled_from(["<|im_start|>", "<|im_end|>", "<|im_sep|>"])))
def test_special_tokens_are_read_only_if_asked_for(parts: list[str]) -> None:
    text = "".join(parts)
    allowed = {"<|im_start|>", "<|im_end|>", "<|im_sep|>"}
    special = call("text", format="gpt-4o", text=text, special=True)
    assert ids_of(special) == ENCODING.encode(text, allowed_special=allowed, disallowed_special=())
    assert ids_of(call("text", format="gpt-4o", text=text)) == ENCODING.encode_ordinary(text)


def test_the_python_code_reads_special_tokens_alike() -> None:
    answer = call("text", format="gpt-4o", text="a<|im_end|>\nb<|im_start|>", special=True)
    found: dict[str, Any] = {}
    exec(answer["python"], found)  # noqa: S102 - that it runs is what is shown
    assert found["ids"] == ids_of(answer)
    assert 200265 in found["ids"]


def test_text_that_has_no_bytes_is_refused() -> None:
    with pytest.raises(Refusal, match="lone surrogate"):
        call("text", format="gpt-4o", text="\ud800")


def test_newlines_are_seen_without_signs_for_white_space() -> None:
    (block,) = call("text", format="gpt-4o", text="a\n b")["blocks"]
    signs = [run for piece in block["pieces"] for run in piece.get("signs", [])]
    assert [sign for sign in signs if sign[1]] == [("\n", "↵")]


LINES = '{"prompt": "2+2?", "completion": "4"}\n\n{"prompt": "3+3?", "completion": "6"}\n{"a":\n'


def test_of_several_lines_one_is_asked_for() -> None:
    assert call("import", text=LINES) == {"conversations": [], "lines": 3}
    found = call("import", text=LINES, line=2)
    assert [item["label"] for item in found["conversations"]] == ["Line 2"]
    assert found["conversations"][0]["messages"][1]["content"] == "6"


@pytest.mark.parametrize(
    ("text", "line", "where", "reason"),
    [
        (LINES, 3, "line 3", "expected JSON"),
        (LINES, 4, "line", "expected a line from 1 to 3, found 4"),
        (LINES, 0, "line", "expected a line from 1 to 3, found 0"),
        ("[]", 1, "line", "found a single value"),
        (json.dumps([{"prompt": "a", "completion": "b"}] * 1001), None, None, "at most 1,000"),
    ],
)
def test_a_line_that_cannot_be_had_is_refused(
    text: str, line: int | None, where: str | None, reason: str
) -> None:
    with pytest.raises(Refusal) as caught:
        call("import", text=text, line=line)
    assert caught.value.where == where
    assert reason in caught.value.reason


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def test_definitions_of_tools_are_imported_and_prepared() -> None:
    row = {"messages": [{"role": "user", "content": "hi"}], "tools": TOOLS}
    (item,) = call("import", text=json.dumps(row))["conversations"]
    assert item["tools"] == TOOLS
    text = json.dumps(TOOLS)
    answer = call("show", format="qwen-3", messages=item["messages"], tools=text, prepare={})
    tok = chatfmt.get_tokenizer(
        "qwen-3", chatfmt.extend_encoding(ENCODING, "own", answer["created"])
    )
    assert ids_of(answer) == tok.encode(tok.prepare(item["messages"], tools=TOOLS))
    found: dict[str, Any] = {}
    exec(answer["python"], found)  # noqa: S102 - that it runs is what is shown
    assert found["ids"] == ids_of(answer)


@pytest.mark.parametrize("tools", ["{", "{}", "[1]", '[{"a": 1, "a": 2}]'])
def test_what_does_not_define_tools_is_refused(tools: str) -> None:
    with pytest.raises(Refusal) as caught:
        call("show", format="gpt-4o", messages=[], tools=tools)
    assert caught.value.where == "tools"


# ---- limits


@pytest.mark.parametrize(
    ("name", "request_", "reason"),
    [
        ("text", {"text": "a b " * 60_000}, "at most 100,000 tokens"),
        ("text", {"text": "internationalization " * 50_000}, "1,000,000 bytes of text"),
        ("read", {"ids": [0] * 100_001}, "at most 100,000 ids, found 100,001"),
        ("show", {"messages": [{}] * 20_001}, "at most 20,000 messages, found 20,001"),
    ],
)
def test_what_would_make_too_large_a_page_is_refused(
    name: str, request_: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refusal, match=reason):
        call(name, format="gpt-4o", **request_)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (rb'{"\ud800": 1}', "keys without lone surrogates"),
        (rb'{"messages": [{"role": "user", "a\udfffb": 1}]}', "keys without lone surrogates"),
        (b'{"format": "gpt-4o", "format": "gpt-4"}', "'format' twice"),
        (b"\xff", "expected UTF-8"),
    ],
)
def test_a_body_that_is_not_sound_json_is_a_bad_request(body: bytes, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        CALLS["show"](body)
    assert caught.value.status == 400
    assert reason in caught.value.reason
    caught.value.reason.encode()
