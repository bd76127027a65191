"""Chunks add up to the message, whatever the row, and however the ids arrive."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

import chatfmt
from chatfmt import Conversation, Message, ToolCall, serve
from replies import HARMONY, in_chunks, put_together, replies, slowly
from rows import each_row, ids_in, tokenizer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence


GPT = chatfmt.get_tokenizer("gpt-4o")
OSS = chatfmt.get_tokenizer("gpt-oss")
USER = {"role": "user", "content": "hello"}


def in_async(source: Any, ids: Sequence[Any], **options: Any) -> list[dict[str, Any]]:
    async def collected() -> list[dict[str, Any]]:
        return [chunk async for chunk in serve.achat_chunks(source, slowly(ids), **options)]

    return asyncio.run(collected())


def expected(message: Message) -> dict[str, Any]:
    """What OpenAI's dicts have of one message."""
    if message.recipient not in (None, "self", "user"):
        call = (message.recipient.removeprefix("functions."), message.content)
        message = Message(role="assistant", tool_calls=(ToolCall(name=call[0], arguments=call[1]),))
    elif message.channel == "analysis" or message.recipient == "self":
        message = Message(role="assistant", reasoning=message.content)
    found: dict[str, Any] = {"role": "assistant", "content": message.content}
    if message.reasoning:
        found["reasoning_content"] = message.reasoning
    if message.tool_calls:
        found["content"] = message.content or None
        found["tool_calls"] = [
            {
                "id": f"call_{at}" if call.id is None else call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for at, call in enumerate(message.tool_calls)
        ]
    return found


@pytest.mark.parametrize("name", each_row())
def test_chunks_are_the_message_in_every_row(name: str) -> None:
    tok = tokenizer(name)
    found = [*replies(tok)]
    assert found
    for reply, ids, thinking in found:
        message, finish = put_together(serve.chat_chunks(tok, ids, thinking=thinking))
        parser = tok.stream(thinking=thinking)
        [*chatfmt.stream_events(parser, ids)]
        assert parser.messages == [tok.format.on_wire(Conversation(messages=(reply,))).messages[0]]
        assert message == expected(parser.messages[0]) == serve.chat_message(parser.messages)
        reason = "tool_calls" if "tool_calls" in message else "stop"
        assert finish == (reason if ids[-1] in tok.stop_tokens else "length")
        more = [ids] if ids[-1] in tok.stop_tokens else []
        for chunks in (in_chunks(ids, name), [ids, *more]):
            assert put_together(serve.chat_chunks(tok, chunks, thinking=thinking))[0] == message
        assert put_together(in_async(tok, in_chunks(ids, name), thinking=thinking))[0] == message
        assert put_together(serve.chat_chunks(tok, ids, thinking=thinking, whole_calls=True)) == (
            message,
            finish,
        )
        chat = tok.render([])
        chat.prompt(thinking=thinking)
        assert put_together(serve.chat_chunks(chat, ids)) == (message, finish)
        chat.append_completion(ids)
        assert serve.chat_message(chat) == message


def test_the_shape_of_chunks() -> None:
    options: serve.ChunkOptions = {"id": "x", "model": "m", "created": 7, "index": 1}
    options["prompt_tokens"] = 3
    chunks = [*serve.chat_chunks(GPT, [13225, 11, 200265, 1], **options)]
    head = {"id": "x", "object": "chat.completion.chunk", "created": 7, "model": "m"}
    deltas = [{"role": "assistant", "content": ""}, {"content": "Hello"}, {"content": ","}, {}]
    finish = [None, None, None, "stop"]
    assert chunks[:-1] == [
        {**head, "choices": [{"index": 1, "delta": delta, "finish_reason": reason}]}
        for delta, reason in zip(deltas, finish, strict=True)
    ]
    usage = {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
    assert chunks[-1] == {**head, "choices": [], "usage": usage}
    assert chunks == in_async(GPT, [13225, 11, 200265, 1], **options)
    whole = serve.chat_completion(chunks)
    message = {"role": "assistant", "content": "Hello,"}
    choice = {"index": 1, "message": message, "finish_reason": "stop"}
    assert whole == {**head, "object": "chat.completion", "choices": [choice], "usage": usage}


def test_no_id_is_taken_after_the_stop_token() -> None:
    each = iter([13225, 200265, 11])
    assert put_together(serve.chat_chunks(GPT, each))[1] == "stop"
    assert next(each) == 11


def test_messages_of_harmony_are_one_reply() -> None:
    ids = ids_in(OSS, HARMONY)
    message, finish = put_together(serve.chat_chunks(OSS, ids))
    function = {"name": "tide", "arguments": '{"port": "Kiel"}'}
    assert message == {
        "role": "assistant",
        "content": "Let me look.",
        "reasoning_content": "Hm.\n\nWell.",
        "tool_calls": [{"id": "call_0", "type": "function", "function": function}],
    }
    assert finish == "tool_calls"
    chat = OSS.render([USER])
    assert chat.append_completion(ids).stop_reason == "stop"
    assert serve.chat_message(chat) == message == serve.chat_message(chat.conversation.messages[1:])
    assert put_together(serve.chat_chunks(OSS, ids, whole_calls=True))[0] == message
    # the next call in this conversation is another one
    chat.append({**(chat.conversation.messages[0].model_dump()), "content": "More!"})
    again, _ = put_together(serve.chat_chunks(chat, ids))
    assert again["tool_calls"][0]["id"] == "call_1"
    chat.append_completion(ids)
    assert serve.chat_message(chat) == again
    assert serve.chat_message(chat, first_call=7)["tool_calls"][0]["id"] == "call_7"


def test_a_call_that_is_cut_off_is_there_as_far_as_it_goes() -> None:
    ids = ids_in(OSS, HARMONY)[:-3]
    message, finish = put_together(serve.chat_chunks(OSS, ids))
    [call] = message["tool_calls"]
    assert call["function"] == {"name": "tide", "arguments": '{"port": "K'}
    assert (message["content"], finish) == ("Let me look.", "length")
    chat = OSS.render([USER])
    chat.append_completion(ids)
    assert serve.chat_message(chat) == message
    # unless only whole calls are wanted: then it is text
    message, _ = put_together(serve.chat_chunks(OSS, ids, whole_calls=True))
    assert message["content"] == 'Let me look.\n\n{"port": "K'
    assert "tool_calls" not in message
    assert serve.chat_message(chat, whole_calls=True) == message
    header = ids_in(OSS, "<|channel|>commentary to=functions.tide <|constrain|>json<|message|>")
    [call] = put_together(serve.chat_chunks(OSS, header))[0]["tool_calls"]
    assert call["function"] == {"name": "tide", "arguments": ""}


def test_a_message_to_nobody_known_is_a_call_and_one_of_another_role_is_stray() -> None:
    text = "<|channel|>analysis to=python<|message|>1+1<|call|>"
    [call] = put_together(serve.chat_chunks(OSS, ids_in(OSS, text)))[0]["tool_calls"]
    assert call["function"] == {"name": "python", "arguments": "1+1"}
    text = "<|channel|>analysis<|message|>Hm.<|end|><|start|>user<|message|>Go on.<|end|>"
    ids = ids_in(OSS, text)
    message, finish = put_together(serve.chat_chunks(OSS, ids))
    assert (message["content"], message["reasoning_content"], finish) == ("Go on.", "Hm.", "length")
    assert put_together(serve.chat_chunks(OSS, ids, stray="drop"))[0]["content"] == ""


QWEN = [
    ("<tool_call>\ntide()\n</tool_call>", "tide()\n", None),
    ('<tool_call>\n{"name": "tide", "arguments": {"a": 1,}}\n</tool_call>', "{all}", '{"a": 1,'),
    ("Yes.<think>No</think>", "Yes.<think>No</think>", None),
]


@pytest.mark.parametrize(("text", "content", "arguments"), QWEN)
def test_what_has_no_place_is_content(text: str, content: str, arguments: str | None) -> None:
    tok = tokenizer("qwen-3")
    ids = ids_in(tok, text + "<|im_end|>")
    message, finish = put_together(serve.chat_chunks(tok, ids))
    inner = text.removeprefix("<tool_call>\n").removesuffix("</tool_call>")
    assert message["content"] == content.replace("{all}", inner)
    calls = message.get("tool_calls", [])
    assert [call["function"]["arguments"] for call in calls] == [arguments] * bool(arguments)
    assert finish == "stop"
    whole, _ = put_together(serve.chat_chunks(tok, ids, whole_calls=True))
    assert whole == {"role": "assistant", "content": message["content"]}
    dropped, _ = put_together(serve.chat_chunks(tok, ids, stray="drop", whole_calls=True))
    assert dropped["content"] == ("Yes.No" if "Yes" in text else "")
    chat = tok.render([USER])
    chat.append_completion(ids)
    every: list[dict[str, Any]] = [{}, {"whole_calls": True}, {"stray": "drop"}]
    for options in every:
        by_chunks, _ = put_together(serve.chat_chunks(tok, ids, **options))
        assert serve.chat_message(chat, **options) == by_chunks


def test_a_parser_of_ones_own_keeps_what_it_has_read() -> None:
    parser = GPT.stream()
    put_together(serve.chat_chunks(parser, [13225] * 5000 + [200265]))
    assert parser.messages == [Message(role="assistant", content="Hello" * 5000)]


def test_a_parser_may_have_read_something_before() -> None:
    parser = GPT.stream()
    parser.feed(13225)
    said = {"role": "assistant", "content": "Hello" * 3}
    assert put_together(serve.chat_chunks(parser, [13225] * 3)) == (said, "length")


def test_memory_does_not_grow_with_the_text() -> None:
    def peak(count: int, chunks: Any) -> int:
        tracemalloc.start()
        for _ in chunks(13225 for _ in range(count)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    def of_tokenizer(ids: Iterator[int]) -> Iterator[Any]:
        return serve.chat_chunks(GPT, ids)

    peak(10, of_tokenizer)
    assert peak(18_000, of_tokenizer) < peak(9_000, of_tokenizer) + 20_000
    assert peak(18_000, lambda ids: serve.chat_chunks(GPT.stream(), ids)) > 140_000

    async def at_once(ids: Iterator[int]) -> AsyncIterator[int]:
        for token in ids:
            yield token

    def in_async(ids: Iterator[int]) -> Iterator[Any]:
        async def taken() -> None:
            async for _ in serve.achat_chunks(GPT, at_once(ids)):
                pass

        asyncio.run(taken())
        yield from ()

    peak(10, in_async)
    for _ in serve.response_events(GPT, [13225] * 5000):  # whose text is kept: it is told again
        pass
    assert peak(18_000, in_async) < peak(9_000, in_async) + 20_000


def test_half_a_character_at_the_end() -> None:
    chunks = [*serve.chat_chunks(GPT, [13225, 9552])]
    assert put_together(chunks) == ({"role": "assistant", "content": "Hello \ufffd"}, "length")
    assert in_async(GPT, [13225, 9552]) == chunks


def test_a_call_without_arguments() -> None:
    call = ToolCall(name="f", arguments="", id="x")
    message = serve.chat_message(Message(role="assistant", tool_calls=(call,)))
    function = {"name": "f", "arguments": ""}
    assert message["tool_calls"] == [{"id": "x", "type": "function", "function": function}]


def test_what_is_no_reply_is_refused() -> None:
    chat = GPT.render([USER])
    with pytest.raises(ValueError, match="expected a transcript that ends with a model's reply"):
        serve.chat_message(chat)
    with pytest.raises(ValueError, match=r"or the messages of one reply, found \[\]"):
        serve.chat_message([])
    with pytest.raises(ValueError, match="stray must be content or drop, found 'hide'"):
        serve.chat_chunks(GPT, [], stray="hide")  # type: ignore[arg-type]
    for source in (chat, GPT.stream()):
        with pytest.raises(ValueError, match="tools and thinking are for a tokenizer: expected"):
            serve.chat_chunks(source, [], thinking=True)
    with pytest.raises(TypeError, match="expected integers as token ids, found str"):
        [*serve.chat_chunks(GPT, ["a"])]  # type: ignore[list-item]


def test_a_reply_in_a_role_of_its_own() -> None:
    chat = GPT.render([USER])
    assert chat.last_reply is None
    assert chat.last_reply_events() == ([], [])
    chat.prompt("critic") if "critic" in GPT.format.roles else chat.prompt("user")
    chat.append_completion([13225, 200265])
    assert chat.last_reply == 1
    assert serve.chat_message(chat)["content"] == "Hello"
