"""Replies of rows, and chunks joined in an independent way: the oracle of `chatfmt.serve`."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from chatfmt import Message, RenderError
from rows import agent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from chatfmt import ChatTokenizer

__all__ = ["HARMONY", "in_chunks", "put_together", "replies", "slowly"]

HARMONY = (
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>analysis<|message|>Well."
    "<|end|><|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.tide <|constrain|>json<|message|>"
    '{"port": "Kiel"}<|call|>'
)


def put_together(chunks: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], str | None]:
    """The message of one choice, and why it ended."""
    content, reasoning, finish = "", "", None
    calls: list[dict[str, Any]] = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            assert finish is None, "nothing comes after the end"
            finish = choice["finish_reason"]
            content += delta.get("content", "")
            reasoning += delta.get("reasoning_content", "")
            for call in delta.get("tool_calls", ()):
                if call["index"] == len(calls):
                    assert call.keys() == {"index", "id", "type", "function"}
                    calls.append({name: call[name] for name in ("id", "type", "function")})
                else:
                    assert call["index"] == len(calls) - 1, "one call after the other"
                    assert call.keys() == {"index", "function"}
                    before = calls[-1]["function"]
                    calls[-1]["function"] = {
                        "name": before["name"],
                        "arguments": before["arguments"] + call["function"]["arguments"],
                    }
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls:
        message |= {"content": content or None, "tool_calls": calls}
    return message, finish


def in_chunks(ids: Sequence[int], seed: str) -> list[list[int] | int]:
    """The ids in chunks of random sizes, some of them single ids."""
    draw, length = random.Random(seed), len(ids)  # noqa: S311 - the same for each run
    cuts = sorted(draw.sample(range(1, length), k=min(length - 1, length // 4))) if length else []
    chunks = [[*ids[a:b]] for a, b in pairwise([0, *cuts, length])]
    return [chunk if len(chunk) > 1 else chunk[0] for chunk in chunks if chunk]


async def slowly(ids: Iterable[Any]) -> AsyncIterator[Any]:
    for token in ids:
        await asyncio.sleep(0)
        yield token


def replies(tok: ChatTokenizer) -> Iterator[tuple[Message, list[int], bool | None]]:
    """Replies of a row, the ids that a model samples for them, and what it was prompted with."""
    for message in (*agent(tok.format).messages, Message(role="assistant", content="x")):
        if message.role != "assistant":
            continue
        more = [message, message.model_copy(update={"content": "a\nb é \U0001f30a"})]
        for reply in more:
            for thinking in (None, True, False):
                try:
                    prompt = tok.encode_prompt([], thinking=thinking, prologue=False)
                    whole = tok.encode([reply], prologue=False)
                except RenderError:
                    continue
                if whole[: len(prompt)] == prompt:
                    ids = whole[len(prompt) :]
                    stops = [at for at, token in enumerate(ids) if token in tok.stop_tokens]
                    yield reply, ids[: stops[0] + 1] if stops else ids, thinking
