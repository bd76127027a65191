"""A reply agrees with its chunks, and gives the place of each call, even of a failed one."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import chatfmt
from chatfmt import ChatTokenizer, serve
from chatfmt.serve.parsed import Reply, read_reply
from completions.tables import TABLE
from replies import put_together
from rows import ids_in, spelled, tokenizer

QUICK = ("qwen-3", "gpt-oss", "llama-3.1")
SLOW = (
    "deepseek-v3",
    "deepseek-v3.1",
    "glm-4.5",
    "kimi-k2",
    "minimax-m2",
    "qwen-3-coder",
    "olmo-3",
)
ROWS = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


def tokenizer_for(name: str) -> ChatTokenizer:
    return chatfmt.get_tokenizer(name) if name == "gpt-oss" else tokenizer(name)


def read(name: str, text: str, **more: Any) -> Reply:
    tok = tokenizer_for(name)
    return read_reply(tok, ids_in(tok, text), **more)


@pytest.mark.parametrize("name", ROWS)
def test_whole_calls_are_those_of_chunks(name: str) -> None:
    tok = tokenizer_for(name)
    for what, case in TABLE[name].items():
        ids = ids_in(tok, case.text)
        chunks = serve.chat_chunks(tok, ids, thinking=case.thinking, whole_calls=True)
        message, _ = put_together(chunks)
        reply = read_reply(tok, ids, thinking=case.thinking)
        told = [call["function"] for call in message.get("tool_calls", ())]
        assert [
            {"name": call.name, "arguments": call.arguments}
            for call in reply.calls
            if call.status in ("ok", "not_json")
        ] == told, what
        assert (reply.reasoning or "") == message.get("reasoning_content", ""), what
        if all(call.status == "ok" for call in reply.calls):
            assert reply.content == (message["content"] or ""), what


@pytest.mark.parametrize("name", ROWS)
def test_spans_are_apart_and_have_the_text_of_the_call(name: str) -> None:
    tok = tokenizer_for(name)
    for what, case in TABLE[name].items():
        ids = ids_in(tok, case.text)
        calls = read_reply(tok, ids, thinking=case.thinking).calls
        stops = [0, *(call.stop for call in calls)]
        for call, before in zip(calls, stops, strict=False):
            assert before <= call.start <= call.stop, what
            assert call.raw == spelled(tok, ids[call.start : call.stop]), what


ONE = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'


def test_a_call_is_from_its_first_token_to_its_last() -> None:
    reply = read("qwen-3", f"Look.\n{ONE}\n{ONE}<|im_end|>")
    assert [call.raw for call in reply.calls] == [ONE, ONE]
    assert reply.content == "Look."
    assert reply.stopped


def test_a_call_that_is_a_message_begins_with_its_header() -> None:
    first = "<|channel|>commentary<|message|>Look.<|end|>"
    call = "<|start|>assistant to=functions.f<|channel|>commentary<|message|>{}"
    assert [one.raw for one in read("gpt-oss", f"{first}{call}<|call|>").calls] == [call]


def test_a_call_that_no_token_begins_is_all_of_its_text() -> None:
    one, other = '{"name": "f", "parameters": {}}', '{"name": "g", "parameters": {}}'
    calls = read("llama-3.1", f"{one}; {other}<|eot_id|>").calls
    assert [call.raw for call in calls] == [one, f"; {other}"]


def test_a_call_begins_after_text_and_reasoning() -> None:
    call = "<function_calls>\nf(a=1)\n</function_calls>"
    assert [one.raw for one in read("olmo-3", f"Look.{call}<|im_end|>").calls] == [call]
    call = '<minimax:tool_call>\n<invoke name="f">\n</invoke>\n</minimax:tool_call>'
    reply = read("minimax-m2", f"Hm.\n</think>\n\n\n{call}[e~[")
    assert [one.raw for one in reply.calls] == [call]
    assert (reply.content, reply.reasoning) == ("", "Hm.")


def test_a_stop_token_is_of_no_call() -> None:
    [call] = read("qwen-3", ONE.removesuffix("\n</tool_call>") + "<|im_end|>").calls
    assert (call.status, call.raw) == ("ok", ONE.removesuffix("\n</tool_call>"))


def test_a_call_that_is_none_is_kept_as_it_was_tried() -> None:
    bad = "<tool_call>\nf(1)\n</tool_call>"
    first, second = read("qwen-3", f"{bad}\n{ONE}<|im_end|>").calls
    assert (first.status, first.name, first.raw) == ("malformed", None, bad)
    assert (second.status, second.name, json.loads(second.arguments)) == ("ok", "f", {"a": 1})


def test_what_no_token_begins_is_text() -> None:
    text = '{"name": "Ann", "age": 3}'
    assert read("llama-3.1", f"{text}<|eot_id|>").content == text
    assert read("llama-3.1", '{"name": "An').content == '{"name": "An'


def test_a_call_without_an_end() -> None:
    [call] = read("qwen-3", '<tool_call>\n{"name": "f", "arguments": {"a').calls
    assert (call.status, call.name, call.arguments) == ("unclosed", "f", '{"a')
    header = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>"
    [call] = read("gpt-oss", header + '{"a').calls
    assert (call.status, call.raw) == ("unclosed", header + '{"a')


def test_arguments_that_are_no_object() -> None:
    header = "<|channel|>commentary to=functions.f<|message|>"
    [call] = read("gpt-oss", header + "[1]<|call|>").calls
    assert (call.status, call.arguments) == ("not_json", "[1]")


def test_ids_of_calls_are_those_on_the_wire() -> None:
    section = "<|tool_calls_section_begin|>{}<|tool_calls_section_end|><|im_end|>"
    one = "<|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{}<|tool_call_end|>"
    [call] = read("kimi-k2", section.replace("{}", one, 1)).calls
    assert (call.id, call.raw) == ("functions.f:0", one)
    assert read("qwen-3", ONE).calls[0].id is None


@pytest.mark.parametrize(
    ("name", "text", "over"),
    [
        ("qwen-3", "<think>\nHm", False),
        ("qwen-3", "<think>\nHm<|im_end|>", False),
        ("qwen-3", "<think>\nHm.\n</think>\n\n", True),
        ("qwen-3", "Hm", True),
        ("gpt-oss", "<|channel|>analysis<|message|>Hm", False),
        ("gpt-oss", "<|channel|>analysis<|message|>Hm<|end|>", True),
        ("gpt-oss", "<|channel|>final<|message|>Hm", True),
        ("qwen-3-thinking", "Hm", False),
    ],
)
def test_whether_thinking_is_over(name: str, text: str, over: bool) -> None:  # noqa: FBT001
    assert read(name, text).thinking_over is over


def test_a_prompt_is_read_first() -> None:
    """Nothing of it is in the reply, and it says that the reasoning has begun."""
    tok = tokenizer("qwen-3")
    prompt = tok.encode_prompt([{"role": "user", "content": "x"}], thinking=True)
    reply = read("qwen-3", "Hm.\n</think>\n\nYes<|im_end|>", prompt=prompt)
    assert (reply.content, reply.reasoning) == ("Yes", "Hm.")
    harmony = tokenizer_for("gpt-oss")
    opened = harmony.encode_prompt([]) + ids_in(harmony, "<|channel|>analysis<|message|>")
    assert read("gpt-oss", "Hm.<|end|>", prompt=opened).reasoning == "Hm."
    begun = tok.encode_prompt([{"role": "user", "content": "x"}], prefill="Sure, ")
    assert read("qwen-3", "yes<|im_end|>", prompt=begun).content == "yes"


def test_ids_after_the_stop_token_are_of_no_reply() -> None:
    assert read("qwen-3", "Yes<|im_end|>No").content == "Yes"
    assert read("qwen-3", "").content == ""


@pytest.mark.parametrize("name", ["qwen-3", "llama-3.1"])
def test_ids_out_of_the_vocabulary_have_no_text(name: str) -> None:
    """Those of a padded matrix may be sampled anywhere."""
    tok = tokenizer_for(name)
    ids = ids_in(tok, TABLE[name]["one"].text)
    for beyond in (-1, 10**6):
        for at in range(len(ids)):
            found = [*ids[:at], beyond, *ids[at:]]
            for call in read_reply(tok, found).calls:
                own = [token for token in found[call.start : call.stop] if token != beyond]
                assert call.raw == spelled(tok, own)


def test_ids_may_be_those_of_an_array() -> None:
    tok = tokenizer("qwen-3")
    ids = ids_in(tok, "<think>\nHm.\n</think>\n\nYes<|im_end|>")
    prompt = tok.encode_prompt([{"role": "user", "content": "x"}])
    array: Any = np.array(ids)
    before: Any = np.array(prompt)
    assert read_reply(tok, array) == read_reply(tok, ids)
    assert read_reply(tok, array[:0]) == read_reply(tok, [])
    assert read_reply(tok, array, prompt=before) == read_reply(tok, ids, prompt=prompt)
    assert read_reply(tok, array, prompt=array[:0]) == read_reply(tok, ids)
