"""Chunks put together, by a way of its own: the oracle of what `chatfmt.serve` says of a reply."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["in_chunks", "put_together"]


def put_together(chunks: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], str | None]:
    """The message of one choice, and why it ended."""
    content, thoughts, finish = "", "", None
    calls: list[dict[str, Any]] = []
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            assert finish is None, "nothing comes after the end"
            finish = choice["finish_reason"]
            content += delta.get("content", "")
            thoughts += delta.get("reasoning_content", "")
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
    if thoughts:
        message["reasoning_content"] = thoughts
    if calls:
        message |= {"content": content or None, "tool_calls": calls}
    return message, finish


def in_chunks(ids: Sequence[int], seed: str) -> list[list[int] | int]:
    """The ids in chunks of random sizes, some of them single ids."""
    draw, length = random.Random(seed), len(ids)  # noqa: S311 - the same for each run
    cuts = sorted(draw.sample(range(1, length), k=min(length - 1, length // 4))) if length else []
    chunks = [[*ids[a:b]] for a, b in pairwise([0, *cuts, length])]
    return [chunk if len(chunk) > 1 else chunk[0] for chunk in chunks if chunk]
