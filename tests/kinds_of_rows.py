"""Kinds of rows that people have, each as one small row with every member of its schema.

All of them are written here by hand, after the documentation that the adapters name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["KINDS", "Kind"]


@dataclass(frozen=True)
class Kind:
    """A row of a kind, and what is known of its members."""

    schema: str
    """The adapter that reads it."""
    row: Any
    refused: dict[str, Any] = field(default_factory=dict)
    """Members of the schema that are refused: where to put them (``messages.0.images``), to a
    value."""
    idle: frozenset[str] = frozenset()
    """Members that say nothing that is not said otherwise, by name."""
    options: dict[str, Any] = field(default_factory=dict)
    """The policies that it takes."""


_SAYS_WHAT = frozenset({"type"})
_CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "tide", "arguments": '{"at":"Brest"}'},
}
_TOOL = {
    "type": "function",
    "function": {
        "name": "tide",
        "description": "The next high tide.",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}
_ASKED = {"role": "user", "content": "High tide at Brest?"}
_SAID = {"role": "assistant", "content": "At 16:02."}
_PART = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
_ROW_MEDIA = {"images": ["a.png"], "videos": ["a.mp4"], "audios": ["a.wav"], "documents": ["d"]}
_TURN_MEDIA = {
    f"messages.0.{name}": ["a.png"] for name in ("images", "videos", "audio", "documents", "files")
}

KINDS: dict[str, Kind] = {
    "openai": Kind(
        "openai",
        {
            "messages": [
                {"role": "developer", "content": "Be brief.", "name": "d"},
                {**_ASKED, "name": "ann"},
                {
                    "role": "assistant",
                    "content": "I look.",
                    "reasoning_content": "Tides.",
                    "tool_calls": [_CALL],
                    "weight": 0,
                },
                {"role": "tool", "tool_call_id": "c1", "content": "16:02"},
                _SAID,
            ],
            "tools": [_TOOL],
            "parallel_tool_calls": False,
            "model": "m",
        },
        refused={
            **_ROW_MEDIA,
            **_TURN_MEDIA,
            "messages.1.content": [_PART],
            "messages.4.refusal": "No.",
            "messages.4.audio": {"id": "a"},
            "messages.4.annotations": [{"type": "url_citation"}],
        },
        idle=_SAYS_WHAT,
    ),
    "openai functions (deprecated)": Kind(
        "openai",
        {
            "messages": [
                _ASKED,
                {
                    "role": "assistant",
                    "content": None,
                    "function_call": {"name": "tide", "arguments": "{}"},
                },
                {"role": "function", "name": "tide", "content": "16:02"},
            ],
            "functions": [_TOOL["function"]],
            "function_call": "auto",
        },
        idle=frozenset({"content"}),
    ),
    "messages with a system member": Kind(
        "openai",
        {"messages": [_ASKED, _SAID], "system": "Be brief.", "id": 7},
        refused={
            "messages.1.refusal": "No.",
            "enable_thinking": True,
            "chat_template_kwargs": {"enable_thinking": False},
            "system_prompt": "Be long.",
        },
    ),
    "messages with axolotl's switches": Kind(
        "openai",
        {"messages": [{**_ASKED, "train": False}, {**_SAID, "train": False}]},
        refused={"messages.1.train_detail": [{"begin_offset": 0, "end_offset": 2, "train": True}]},
    ),
    "messages with ms-swift's switches": Kind(
        "openai",
        {"messages": [_ASKED, {**_SAID, "loss": False}], "channel": "c"},
        refused={**_ROW_MEDIA, "messages.1.loss_mask": 0},
    ),
    "messages with torchtune's switches": Kind(
        "openai", {"messages": [{**_ASKED, "masked": True}, {**_SAID, "masked": True}]}
    ),
    "messages with a label (KTO)": Kind(
        "openai", {"messages": [_ASKED, _SAID], "label": False, "id": 3}
    ),
    "messages as JSON text": Kind(
        "openai",
        {
            "messages": '[{"role": "user", "content": "a"}, {"role": "assistant", "content": null,'
            ' "tool_calls": "[{\\"id\\": \\"c\\", \\"type\\": \\"function\\", \\"function\\":'
            ' {\\"name\\": \\"f\\", \\"arguments\\": \\"{}\\"}}]"}]',
            "tools": '[{"type": "function", "function": {"name": "f"}}]',
        },
    ),
    "preference, OpenAI": Kind(
        "preference",
        {
            "input": {"messages": [_ASKED], "tools": [_TOOL], "parallel_tool_calls": True},
            "preferred_output": [_SAID],
            "non_preferred_output": [{**_SAID, "content": "Who knows?"}],
            "id": 1,
        },
        refused={"images": ["a.png"], "input.images": ["a.png"], "system": "Be brief."},
        idle=_SAYS_WHAT,
    ),
    "preference, prompt and two replies (TRL)": Kind(
        "preference",
        {
            "prompt": [_ASKED],
            "chosen": [_SAID],
            "rejected": [{**_SAID, "content": "Who knows?"}],
            "tools": [_TOOL],
            "system": "Be brief.",
            "score_chosen": 2,
        },
        refused=_ROW_MEDIA,
        idle=_SAYS_WHAT,
    ),
    "preference, two whole conversations": Kind(
        "preference",
        {"chosen": [_ASKED, _SAID], "rejected": [_ASKED, {**_SAID, "content": "Who knows?"}]},
    ),
    "preference, HH's texts": Kind(
        "preference",
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Hello",
            "rejected": "\n\nHuman: Hi\n\nAssistant: What?",
        },
    ),
    "UltraChat": Kind("ultrachat", {"id": "7", "data": ["Hi!", "Hello!"], "system": "Be kind."}),
    "UltraChat 200k": Kind(
        "ultrachat", {"prompt": "Hi!", "prompt_id": "p", "messages": [_ASKED, _SAID]}
    ),
    "ShareGPT": Kind(
        "sharegpt",
        {
            "id": "7",
            "system": "Be brief.",
            "conversations": [
                {"from": "human", "value": "High tide?"},
                {"from": "gpt", "value": "I look.", "weight": 0},
                {"from": "function_call", "value": '{"name": "tide", "arguments": {"x": 1}}'},
                {"from": "observation", "value": "16:02"},
                {"from": "gpt", "value": "16:02", "loss": False},
            ],
            "tools": '[{"name": "tide"}]',
        },
        refused={**_ROW_MEDIA, "conversations.4.train_detail": [], "conversations.0.images": ["a"]},
    ),
    "ShareGPT with a label (LLaMA-Factory's KTO)": Kind(
        "sharegpt",
        {
            "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}],
            "kto_tag": False,
        },
    ),
    "WildChat": Kind(
        "wildchat",
        {
            "conversation_hash": "h",
            "model": "m",
            "conversation": [
                {
                    **_ASKED,
                    "country": "France",
                    "hashed_ip": "i",
                    "header": {"accept-language": "fr"},
                    "language": "English",
                    "redacted": False,
                    "state": "Brittany",
                    "timestamp": "2023-04-09T00:02:53",
                    "toxic": False,
                    "turn_identifier": 1,
                },
                {**_SAID, "language": "English", "toxic": False},
            ],
            "turn": 1,
            "language": "English",
            "toxic": False,
            "openai_moderation": [{"flagged": False}],
        },
    ),
    "LMSYS-Chat-1M": Kind(
        "wildchat",
        {
            "conversation_id": "c",
            "model": "m",
            "conversation": [_ASKED, _SAID],
            "turn": 1,
            "language": "English",
            "openai_moderation": [{"flagged": False}],
            "redacted": False,
        },
    ),
    "prompt and completion, texts": Kind(
        "prompt-completion",
        {"prompt": "2+2?", "completion": " 4", "label": False, "tools": [_TOOL]},
        refused={**_ROW_MEDIA, "chat_template_kwargs": {"a": 1}},
        idle=_SAYS_WHAT,
    ),
    "prompt and completion, lists": Kind(
        "prompt-completion",
        {"prompt": [_ASKED], "completion": [_SAID], "system": "Be brief.", "label": False},
    ),
    "Alpaca": Kind(
        "alpaca",
        {
            "instruction": "Add.",
            "input": "2 2",
            "output": "4",
            "system": "Be brief.",
            "history": [["Hi", "Hello"]],
            "tools": [_TOOL],
            "text": "Add. 2 2",
        },
        refused=_ROW_MEDIA,
        idle=_SAYS_WHAT,
    ),
    "Open Assistant, tree": Kind(
        "oasst",
        {
            "message_tree_id": "1",
            "tree_state": "ready_for_export",
            "prompt": {
                "message_id": "1",
                "text": "a",
                "role": "prompter",
                "lang": "en",
                "review_count": 3,
                "emojis": {"+1": 1},
                "replies": [
                    {
                        "message_id": "2",
                        "text": "b",
                        "role": "assistant",
                        "rank": 0,
                        "labels": {"quality": {"value": 0.7, "count": 2}},
                    }
                ],
            },
        },
    ),
    "Open Assistant, thread": Kind(
        "oasst",
        {
            "thread_id": "2",
            "thread": [
                {"message_id": "1", "text": "a", "role": "prompter", "user_id": "u"},
                {"message_id": "2", "text": "b", "role": "assistant", "created_date": "2023-01-01"},
            ],
        },
    ),
}  # fmt: skip
"""By what people call them."""
