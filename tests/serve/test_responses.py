"""Events and items agree, and both agree with the chunks of the same ids."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter

import chatfmt
from chatfmt import Message, serve
from replies import HARMONY, in_chunks, put_together, replies, slowly
from rows import each_row, ids_in, tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OSS = chatfmt.get_tokenizer("gpt-oss")


def output_of(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items as deltas tell of them, checked against what the last events say."""
    items: list[dict[str, Any]] = []
    for number, event in enumerate(events):
        assert event["sequence_number"] == number
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            assert event["output_index"] == len(items)
            items.append({**event["item"], "text": ""})
            assert items[-1].pop("status") == "in_progress"
        elif kind.endswith(".delta"):
            assert event["item_id"] == items[event["output_index"]]["id"]
            items[event["output_index"]]["text"] += event["delta"]
        elif kind.endswith((".done",)) and "item_id" in event:
            told = event.get("text", event.get("arguments", event.get("part", {}).get("text")))
            assert told == items[-1]["text"]
        elif kind == "output_item.done":
            text = items[-1].pop("text")
            done = {**event["item"]}
            done.pop("status")
            assert text == done.get("arguments", "") + "".join(
                part["text"] for part in done.get("content", ())
            )
            items[-1] = event["item"]
    assert event["response"]["output"] == items
    return items


def message_of(items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The items as a message of a chat completion."""
    content = reasoning = ""
    calls = []
    for item in items:
        text = "".join(part["text"] for part in item.get("content", ()))
        if item["type"] == "message":
            content += text
        elif item["type"] == "reasoning":
            reasoning += text
        else:
            function = {"name": item["name"], "arguments": item["arguments"]}
            calls.append({"id": item["call_id"], "type": "function", "function": function})
    message: dict[str, Any] = {"role": "assistant", "content": content}
    message |= {"reasoning_content": reasoning} if reasoning else {}
    return message | ({"content": content or None, "tool_calls": calls} if calls else {})


@pytest.mark.parametrize("name", each_row("gpt-oss", "qwen-3"))
def test_events_are_the_message_in_every_row(name: str) -> None:
    tok = tokenizer(name)
    for _, ids, thinking in replies(tok):
        message, finish = put_together(serve.chat_chunks(tok, ids, thinking=thinking))
        events = [*serve.response_events(tok, ids, thinking=thinking)]
        items = output_of(events)
        assert message_of(items) == message
        assert events[-1]["type"] == f"response.{'in' * (finish == 'length')}complete" + (
            "" if finish == "length" else "d"
        )
        chunks = in_chunks(ids, name)
        assert output_of(serve.response_events(tok, chunks, thinking=thinking)) == items
        chat = tok.render([])
        chat.prompt(thinking=thinking)
        chat.append_completion(ids)
        if finish != "length":
            assert serve.response_output(chat) == items


def test_items_of_harmony() -> None:
    ids = ids_in(OSS, HARMONY)
    events = [*serve.response_events(OSS, ids, id="resp_7", model="m", prompt_tokens=2)]
    output = output_of(events)
    assert [(item["type"], item["id"], item["status"]) for item in output] == [
        ("reasoning", "rs_resp_7_0", "completed"),
        ("message", "msg_resp_7_1", "completed"),
        ("function_call", "fc_resp_7_2", "completed"),
    ]
    whole = events[-1]["response"]
    assert (whole["id"], whole["model"], whole["status"]) == ("resp_7", "m", "completed")
    assert whole["usage"]["output_tokens"] == len(ids)
    assert whole["usage"]["total_tokens"] == len(ids) + 2

    async def collected() -> list[dict[str, Any]]:
        options: serve.ResponseOptions = {"id": "resp_7", "model": "m", "prompt_tokens": 2}
        return [e async for e in serve.aresponse_events(OSS, slowly([*ids, 1]), **options)]

    assert asyncio.run(collected()) == events


def test_what_is_cut_off_is_incomplete() -> None:
    for text in (HARMONY[:-20], "<|channel|>final<|message|>Yes"):
        events = [*serve.response_events(OSS, ids_in(OSS, text))]
        assert output_of(events)[-1]["status"] == "incomplete"
        whole = events[-1]["response"]
        assert whole["incomplete_details"] == {"reason": "max_output_tokens"}
        chat = OSS.render([{"role": "user", "content": "hello"}])
        chat.append_completion(ids_in(OSS, text))
        assert serve.response_output(chat) == whole["output"]

    async def last() -> dict[str, Any]:
        return [e async for e in serve.aresponse_events(OSS, slowly([]))][-1]

    assert asyncio.run(last())["type"] == "response.incomplete"


def test_a_message_has_items() -> None:
    [item] = serve.response_output(Message(role="assistant", content="4"), first_call=3)
    assert item["content"][0]["text"] == "4"
    assert serve.response_output(Message(role="assistant")) == []


def members_unknown(model: Any) -> Iterator[str]:
    """What a model of the client has that its type does not name."""
    if isinstance(model, list):
        for one in model:
            yield from members_unknown(one)
    elif hasattr(model, "model_extra"):
        yield from (f"{type(model).__name__}.{name}" for name in model.model_extra or ())
        for name in type(model).model_fields:
            yield from members_unknown(getattr(model, name))


@pytest.mark.slow
@pytest.mark.parametrize("text", [HARMONY, HARMONY[:-20], "<|channel|>final<|message|>Yes"])
def test_events_are_what_the_client_knows(text: str) -> None:
    types = pytest.importorskip("openai.types.responses", reason="the group slow has openai")
    each = TypeAdapter(types.ResponseStreamEvent)
    for event in serve.response_events(OSS, ids_in(OSS, text), prompt_tokens=2):
        read = each.validate_python(event, strict=True)
        assert read.type == event["type"]
        # a function's name is told at the end, too: versions 2 of the client ask for it
        unknown = {*members_unknown(read)} - {"ResponseFunctionCallArgumentsDoneEvent.name"}
        assert not unknown


@pytest.mark.slow
def test_the_client_streams_them() -> None:
    openai = pytest.importorskip("openai", reason="the group slow has openai")
    applications = pytest.importorskip("starlette.applications")
    from starlette.responses import StreamingResponse
    from starlette.testclient import TestClient

    ids = ids_in(OSS, HARMONY)

    async def respond(_: object) -> StreamingResponse:
        events = serve.response_events(OSS, ids, model="m")
        lines = (f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        return StreamingResponse(lines, media_type="text/event-stream")

    app = applications.Starlette()
    app.add_route("/v1/responses", respond, methods=["POST"])
    http = TestClient(app, base_url="http://here/v1")
    api = openai.OpenAI(api_key="none", base_url="http://here/v1", http_client=http)
    events = [*api.responses.create(model="m", input="When is high tide?", stream=True)]
    assert [one.type for one in events] == [e["type"] for e in serve.response_events(OSS, ids)]
    assert events[-1].response.output_text == "Let me look."
    with api.responses.stream(model="m", input="When is high tide?") as stream:
        final = stream.get_final_response()
    reasoning, message, call = final.output
    assert [part.text for part in reasoning.content] == ["Hm.\n\nWell."]
    assert message.content[0].text == "Let me look."
    assert (call.name, call.arguments) == ("tide", '{"port": "Kiel"}')
