"""examples/server.py with a client in common use: everything sampled stays as it was."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from starlette.testclient import TestClient

from chatfmt import get_tokenizer
from rows import ids_in, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt import ChatTokenizer

openai = pytest.importorskip("openai", reason="no openai: the group slow has it")
httpx = pytest.importorskip("httpx")
sys.path.append(str(Path(__file__).parents[1] / "examples"))
server = pytest.importorskip("server")
pytestmark = pytest.mark.slow

TOOL = {
    "type": "function",
    "function": {
        "name": "tide",
        "description": "When the tide is high.",
        "parameters": {"type": "object", "properties": {"port": {"type": "string"}}},
    },
}
OSS = get_tokenizer("gpt-oss")
VALUES = {"date": "2026-11-27"}
CALL = (
    "<|channel|>analysis<|message|>I look it up.<|end|><|start|>assistant<|channel|>commentary "
    'to=functions.tide <|constrain|>json<|message|>{"port": "Kiel"}<|call|>'
)
QWEN_CALL = '<tool_call>\n{"name": "tide", "arguments": {"port": "Kiel"}}\n</tool_call><|im_end|>'


class Script:
    """Samples the ids of one text after the other, and remembers what it was shown."""

    def __init__(self, tok: ChatTokenizer, *texts: str) -> None:
        self.texts = [ids_in(tok, text) for text in texts]
        self.shown: list[list[int]] = []
        self.sampled: list[list[int]] = []

    def __call__(self, prompt: Sequence[int]) -> Iterable[int]:
        self.shown.append([*prompt])
        ids = self.texts[len(self.sampled)]
        self.sampled.append([])
        for token in ids:
            self.sampled[-1].append(token)
            yield token


def client(tok: ChatTokenizer, script: Script) -> Any:
    app = server.Server(tok, script, VALUES if tok is OSS else {}).app
    http = TestClient(app, base_url="http://here/v1")
    return openai.OpenAI(api_key="none", base_url="http://here/v1", http_client=http, max_retries=0)


def ask(api: Any, messages: list[Any], *, stream: bool, **more: Any) -> tuple[dict[str, Any], str]:
    """The message and why it ended, whole or put together from chunks by the client's own way."""
    if not stream:
        done = api.chat.completions.create(model="m", messages=messages, **more)
        assert done.usage.completion_tokens > 0
        [choice] = done.choices
    else:
        with api.chat.completions.stream(model="m", messages=messages, **more) as events:
            for _ in events:
                pass
            [choice] = events.get_final_completion().choices
    message = choice.message.model_dump(exclude_none=True)
    for call in message.get("tool_calls") or ():
        call["function"].pop("parsed_arguments", None)
        call.pop("index", None)
    message.pop("parsed", None)
    return message, choice.finish_reason


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["gpt-oss", "qwen-3"])
def test_three_turns_with_a_tool(name: str, *, stream: bool) -> None:
    tok = OSS if name == "gpt-oss" else tokenizer(name)
    if name == "gpt-oss":
        final = "<|channel|>final<|message|>At {}.<|return|>"
        texts = [CALL, final.format("six"), CALL, final.format("seven")]
    else:
        texts = [
            f"<think>\nI look it up.\n</think>\n\n{QWEN_CALL}",
            "<think>\n\n</think>\n\nAt six.<|im_end|>",
        ]
        texts += [texts[0], texts[1].replace("six", "seven")]
    script = Script(tok, *texts)
    api = client(tok, script)
    messages: list[Any] = []
    for turn, hour in enumerate(["six", "seven"]):
        messages.append({"role": "user", "content": f"High tide in Kiel? ({turn})"})
        message, finish = ask(api, messages, stream=stream, tools=[TOOL])
        [call] = message["tool_calls"]
        assert (finish, call["function"]["name"]) == ("tool_calls", "tide")
        assert call["function"]["arguments"] == '{"port": "Kiel"}'
        assert message["reasoning_content"] == "I look it up."
        assert call["id"] == f"call_{turn}"
        messages.append(message)
        messages.append({"role": "tool", "tool_call_id": call["id"], "content": f"At {hour}."})
        message, finish = ask(api, messages, stream=stream, tools=[TOOL])
        assert (message["content"], finish) == (f"At {hour}.", "stop")
        messages.append(message)
    for before, sampled, after in zip(script.shown, script.sampled, script.shown[1:], strict=False):
        assert after[: len(before) + len(sampled)] == before + sampled
    assert script.sampled == script.texts  # no id beyond a stop token, and all before


def test_clients_need_not_send_reasoning_back() -> None:
    tok = tokenizer("qwen-3")
    script = Script(tok, "<think>\nHm.\n</think>\n\nYes<|im_end|>", "No<|im_end|>")
    api = client(tok, script)
    messages: list[Any] = [{"role": "user", "content": "Go?"}]
    message, _ = ask(api, messages, stream=False)
    assert message.pop("reasoning_content") == "Hm."
    ask(api, [*messages, message, {"role": "user", "content": "And?"}], stream=False)
    first = script.shown[0] + script.sampled[0]
    assert script.shown[1][: len(first)] == first


def test_the_first_prompt_is_that_of_the_template() -> None:
    script = Script(OSS, "<|channel|>final<|message|>Hello.<|return|>")
    ask(client(OSS, script), [{"role": "user", "content": "Hi"}], stream=False, tools=[TOOL])
    chat = OSS.prepare([{"role": "user", "content": "Hi"}], tools=[TOOL], values=VALUES)
    assert script.shown == [OSS.encode_prompt(chat)]


@pytest.mark.parametrize("stream", [False, True])
def test_stop_strings_cut_the_text_and_not_the_ids(*, stream: bool) -> None:
    tok = tokenizer("qwen-3-2507")
    script = Script(tok, "One, two, three<|im_end|>", "four<|im_end|>")
    api = client(tok, script)
    messages: list[Any] = [{"role": "user", "content": "Count."}]
    message, finish = ask(api, messages, stream=stream, stop=[", th", "x"])
    assert (message["content"], finish) == ("One, two", "stop")
    assert tok.encoding.token_bytes(script.sampled[0][-1]) == b"h"
    messages += [message, {"role": "user", "content": "On!"}]
    message, finish = ask(api, messages, stream=stream, stop="xx")
    assert (message["content"], finish) == ("four", "stop")
    first = script.shown[0] + script.sampled[0]
    assert script.shown[1][: len(first)] == first


def test_several_answers_and_the_longest() -> None:
    tok = tokenizer("qwen-3-2507")
    api = client(tok, Script(tok, "abc<|im_end|>", "d<|im_end|>", "abc"))
    messages = [{"role": "user", "content": "Go!"}]
    done = api.chat.completions.create(model="m", messages=messages, n=2, max_tokens=3)
    said = [(one.index, one.message.content, one.finish_reason) for one in done.choices]
    assert said == [(0, "abc", "length"), (1, "d", "stop")]
    assert done.usage.completion_tokens == 5
    options = {"include_usage": True}
    chunks = [
        *api.chat.completions.create(
            model="m", messages=messages, stream=True, stream_options=options
        )
    ]
    assert chunks[-1].usage.completion_tokens == 3
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]] == [None] * 4 + ["length"]


def test_thinking_is_asked_for_as_servers_do() -> None:
    tok = tokenizer("qwen-3")
    script = Script(tok, "Yes<|im_end|>")
    more = {"chat_template_kwargs": {"enable_thinking": False}}
    chat = [{"role": "user", "content": "Go!"}]
    message, _ = ask(client(tok, script), chat, stream=False, extra_body=more)
    assert message["content"] == "Yes"
    assert script.shown[0] == tok.encode_prompt(chat, thinking=False)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"messages": []}, "expected"),
        ({"n": 0, "messages": "x"}, "expected an object with a list of messages"),
        ({"n": 200}, "n must be from 1 to 128, found 200"),
        ({"max_tokens": -1}, "max_tokens must be at least 1, found -1"),
        ({"max_completion_tokens": 0}, "max_completion_tokens must be at least 1, found 0"),
        ({"n": True}, "n must be a whole number, found True"),
        ({"stop": 5}, "stop must be texts that are not empty"),
        ({"stop": {"a": 1}}, "stop must be texts that are not empty"),
        ({"messages": ["x"]}, r"messages\[0\] must be an object"),
        ({"tools": {"a": 1}}, "tools must be a list"),
        ({"stream": "no"}, "stream must be true or false, found 'no'"),
        ({"stream_options": "x"}, "stream_options must be an object"),
        ({"extra_body": {"chat_template_kwargs": "x"}}, "chat_template_kwargs must be an object"),
        ({"extra_body": {"chat_template_kwargs": {"a": 1}}}, "chat_template_kwargs.a 1 asks"),
        ({"stop": [""]}, "stop must be texts that are not empty"),
        ({"logprobs": True}, "this server gives no logprobs"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "wizard"),
    ],
)
def test_what_is_wrong_is_said_to_the_client(more: dict[str, Any], problem: str) -> None:
    tok = tokenizer("qwen-3-2507")
    api = client(tok, Script(tok, "<|im_end|>"))
    request = {"model": "m", "messages": [{"role": "user", "content": "Go!"}], **more}
    with pytest.raises(openai.BadRequestError, match=problem):
        api.chat.completions.create(**request)
    assert api.models.list().data[0].id == "qwen-3-2507"


def respond(api: Any, *, stream: bool, **request: Any) -> Any:
    """The response, whole or the one with which the stream ends, whose deltas make its items."""
    if not stream:
        return api.responses.create(model="m", **request)
    last: Any = None
    texts = arguments = ""
    for event in api.responses.create(model="m", stream=True, **request):
        texts += event.delta if event.type == "response.output_text.delta" else ""
        named = event.type == "response.function_call_arguments.delta"
        arguments += event.delta if named else ""
        last = event
    assert last.type in {"response.completed", "response.incomplete"}
    assert last.response.output_text == texts
    calls = [item.arguments for item in last.response.output if item.type == "function_call"]
    assert "".join(calls) == arguments
    return last.response


@pytest.mark.parametrize("by_id", [False, True])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", ["gpt-oss", "qwen-3"])
def test_three_turns_of_responses_with_a_tool(name: str, *, stream: bool, by_id: bool) -> None:
    tok = OSS if name == "gpt-oss" else tokenizer(name)
    if name == "gpt-oss":
        final = "<|channel|>final<|message|>At {}.<|return|>"
        texts = [CALL, final.format("six"), CALL, final.format("seven")]
    else:
        thought = f"<think>\nI look it up.\n</think>\n\n{QWEN_CALL}"
        said = "<think>\n\n</think>\n\nAt {}.<|im_end|>"
        texts = [thought, said.format("six"), thought, said.format("seven")]
    script = Script(tok, *texts)
    api = client(tok, script)
    tool = {"type": "function", **TOOL["function"]}  # type: ignore[dict-item]
    items: list[Any] = []
    before: dict[str, str] = {}
    for turn, hour in enumerate(["six", "seven"]):
        items.append({"role": "user", "content": f"High tide in Kiel? ({turn})"})
        sent = items[-1:] if by_id else items
        answer = respond(api, stream=stream, input=sent, tools=[tool], **before)
        reasoning, call = answer.output
        assert (answer.status, call.name, call.arguments) == (
            "completed",
            "tide",
            '{"port": "Kiel"}',
        )
        assert (reasoning.type, reasoning.content[0].text) == ("reasoning", "I look it up.")
        assert answer.usage.output_tokens == len(script.sampled[-1])
        before = {"previous_response_id": answer.id} if by_id else {}
        items += [item.model_dump(exclude_none=True) for item in answer.output]
        result = {"type": "function_call_output", "call_id": call.call_id, "output": f"At {hour}."}
        items.append(result)
        sent = items[-1:] if by_id else items
        answer = respond(api, stream=stream, input=sent, tools=[tool], **before)
        assert answer.output_text == f"At {hour}."
        before = {"previous_response_id": answer.id} if by_id else {}
        items += [item.model_dump(exclude_none=True) for item in answer.output]
    for shown, sampled, after in zip(script.shown, script.sampled, script.shown[1:], strict=False):
        assert after[: len(shown) + len(sampled)] == shown + sampled
    assert script.sampled == script.texts


def test_a_response_is_cut_off_and_instructions_hold_for_one() -> None:
    tok = tokenizer("qwen-3-2507")
    script = Script(tok, "abc", "d<|im_end|>", "<|im_end|>", "e<|im_end|>")
    api = client(tok, script)
    first = respond(api, stream=False, input="Go!", instructions="Be brief.", max_output_tokens=1)
    assert (first.status, first.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go!"}]
    assert script.shown[0] == tok.encode_prompt(chat)
    second = respond(api, stream=True, input="On!", previous_response_id=first.id)
    assert second.output_text == "d"
    chat = [chat[1], {"role": "assistant", "content": "a"}, {"role": "user", "content": "On!"}]
    assert script.shown[1] == tok.encode_prompt(chat)
    third = respond(api, stream=False, input="And?", previous_response_id=second.id)
    assert third.output == []
    respond(api, stream=False, input="Well?", previous_response_id=third.id)
    shown = script.shown[2] + script.sampled[2]
    assert script.shown[3][: len(shown)] == shown


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"input": ""}, "an input that is not empty"),
        ({"input": [{"type": "computer_call"}]}, "expected one of message, function_call"),
        ({"max_output_tokens": -1}, "max_output_tokens must be at least 1, found -1"),
        ({"previous_response_id": "resp_x"}, "'resp_x' is not known"),
        ({"text": {"format": {"type": "json_object"}}}, "cannot keep to 'json_object'"),
        ({"tools": [{"type": "web_search"}]}, "function"),
        ({"input": 5}, "an input that is not empty"),
        ({"max_output_tokens": 0}, "max_output_tokens must be at least 1, found 0"),
        ({"previous_response_id": []}, "previous_response_id must be text"),
        ({"text": "x"}, "text must be an object"),
        ({"text": {"verbosity": "low"}}, "text.verbosity 'low' asks"),
        ({"instructions": ["x"]}, "instructions must be text"),
        ({"reasoning": {"effort": "high"}}, "effort must be 'none' or missing, found 'high'"),
        ({"reasoning": {"summary": "auto"}}, "reasoning.summary 'auto' asks"),
        ({"store": False}, "store False asks"),
    ],
)
def test_what_is_wrong_with_a_response_is_said(more: dict[str, Any], problem: str) -> None:
    tok = tokenizer("qwen-3-2507")
    api = client(tok, Script(tok, "<|im_end|>"))
    with pytest.raises(openai.BadRequestError, match=problem):
        api.responses.create(**{"model": "m", "input": "Go!", **more})


def test_thinking_is_left_out_where_no_effort_is_asked_for() -> None:
    tok = tokenizer("qwen-3")
    script = Script(tok, "Yes<|im_end|>")
    respond(client(tok, script), stream=False, input="Go!", reasoning={"effort": "none"})
    assert script.shown[0] == tok.encode_prompt(
        [{"role": "user", "content": "Go!"}], thinking=False
    )


def post(path: str, body: bytes) -> Any:
    tok = tokenizer("qwen-3-2507")
    app = server.Server(tok, Script(tok, "abc<|im_end|>"), {}).app
    return TestClient(app, raise_server_exceptions=False).post(f"/v1/{path}", content=body)


PATHS = {"chat/completions": {"messages": [{"role": "user", "content": "Go!"}]}}
PATHS["responses"] = {"input": "Go!"}  # type: ignore[dict-item]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "expected JSON, found nothing"),
        (b"[" * 100_000, "levels of nesting"),
        (b'{"stream": false, "stream": true}', "found 'stream' twice"),
        (b"\xff", "expected UTF-8"),
        (b"5", "expected an object, found 5"),
    ],
)
def test_what_is_no_request_is_said(path: str, body: bytes, problem: str) -> None:
    answer = post(path, body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert problem in error["message"]
    assert len(answer.content) < 500


ASKING = [
    ("tool_choice", "required", "auto"),
    ("parallel_tool_calls", False, True),
    ("temperature", 0.5, 1.0),
    ("logit_bias", {"5": 100}, {}),
    ("metadata", {"a": "x" * 10_000}, {}),
    ("seed", 5, None),
    ("response_format", {"type": "json_object"}, {"type": "text"}),
    ("include", ["reasoning.encrypted_content"], []),
    ("invented", 1, None),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("name", "value", "usual"), ASKING)
def test_what_cannot_be_done_is_refused_by_name(
    path: str, name: str, value: object, usual: object
) -> None:
    answer = post(path, json.dumps({**PATHS[path], name: value}).encode())
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == name
    assert answer.json()["error"]["message"].startswith(name)
    assert len(answer.content) < 1000
    assert post(path, json.dumps({**PATHS[path], name: usual}).encode()).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_may_be_as_long_as_anyone_says(path: str) -> None:
    name = "max_output_tokens" if path == "responses" else "max_tokens"
    assert post(path, json.dumps({**PATHS[path], name: 10**30}).encode()).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_request_is_answered_while_another_is(path: str) -> None:
    tok = tokenizer("qwen-3-2507")
    second, waited = Event(), list[bool]()

    def sample(_: Sequence[int]) -> Iterable[int]:
        if waited:
            second.set()
        else:
            waited.append(False)
            waited[0] = second.wait(10)
        return ids_in(tok, "abc<|im_end|>")

    async def both() -> list[Any]:
        transport = httpx.ASGITransport(server.Server(tok, sample, {}).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://here/v1") as http:
            return await asyncio.gather(*(http.post(path, json=PATHS[path]) for _ in range(2)))

    assert [answer.status_code for answer in asyncio.run(both())] == [200, 200]
    assert waited == [True]


def test_threads_may_remember_and_find_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    chats = sys.modules["server_chats"]
    monkeypatch.setattr(chats, "KEPT", 2)
    latest = chats.Latest()
    for key in "abac":
        latest.keep(key, key)
    assert [latest.get(key) for key in "abc"] == ["a", None, "c"]

    def work(seed: int) -> None:
        for at in range(2000):
            key = str((at * seed) % 5)
            latest.keep(key, key)
            assert latest.get(key) in (key, None)

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(work, (1, 2, 3, 4))] == [None] * 4
