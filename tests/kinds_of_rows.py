"""The kinds of rows in use, each as one small row with every member of its schema.

All of them are written by hand, from the documentation that the adapters name.
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

_BLOCK_TOOL = {"name": "tide", "description": "High tide.", "input_schema": {"type": "object"}}
_RESPONSE_ITEMS = [
    {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "Tides."}]},
    {"type": "function_call", "id": "f", "call_id": "c", "name": "tide", "arguments": "{}",
     "status": "completed"},
    {"type": "function_call_output", "call_id": "c", "output": "16:02"},
    {"type": "message", "id": "m", "role": "assistant", "status": "completed",
     "content": [{"type": "output_text", "text": "At 16:02.", "annotations": []}]},
]  # fmt: skip
_FLAT_TOOL = {
    "type": "function",
    "name": "tide",
    "description": "d",
    "parameters": {},
    "strict": True,
}
_NODE: dict[str, Any] = {"id": "n", "message": None, "parent": None, "children": []}
_CONTENT = {"content_type": "text", "parts": ["Hi"]}


def _node(name: str, parent: str | None, role: str, text: str) -> dict[str, Any]:
    return {
        **_NODE,
        "id": name,
        "parent": parent,
        "message": {
            "id": name,
            "author": {"role": role, "name": None, "metadata": {}},
            "create_time": 1.5,
            "content": {"content_type": "text", "parts": [text]},
            "status": "finished_successfully",
            "weight": None,
            "metadata": {"model_slug": "m"},
            "recipient": "all",
        },
    }


_LANGCHAIN = {
    "type": "ai",
    "data": {
        "content": "I look.",
        "type": "ai",
        "id": "run",
        "name": "bot",
        "additional_kwargs": {"reasoning_content": "Tides.", "x": 1},
        "response_metadata": {"model": "m"},
        "tool_calls": [{"name": "tide", "args": {"x": 1}, "id": "c", "type": "tool_call"}],
        "invalid_tool_calls": [],
        "usage_metadata": {"input_tokens": 3},
    },
}
_RESULT = {"type": "tool", "data": {"content": "16:02", "tool_call_id": "c", "status": "success"}}
_HUMAN = {"type": "human", "data": {"content": "High tide?", "additional_kwargs": {}}}

KINDS |= {
    "a list of messages (nanochat)": Kind("openai", {"messages": [_ASKED, _SAID]}),
    "messages under conversations": Kind(
        "sharegpt", {"conversations": [_ASKED, {**_SAID, "weight": 0}], "system": "Be brief."}
    ),
    "ShareGPT pairs": Kind(
        "sharegpt-preference",
        {
            "conversations": [{"from": "human", "value": "2+2?"}],
            "chosen": {"from": "gpt", "value": "4"},
            "rejected": {"from": "gpt", "value": "5"},
            "system": "Be brief.",
            "tools": [_TOOL],
            "id": 1,
        },
        refused=_ROW_MEDIA,
        idle=_SAYS_WHAT,
    ),
    "Anthropic, request": Kind(
        "anthropic",
        {
            "model": "m",
            "max_tokens": 9,
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "e"}}],
            "tools": [_BLOCK_TOOL],
            "messages": [
                {"role": "user", "content": "High tide?"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Tides.", "signature": "s"},
                        {"type": "text", "text": "I look."},
                        {"type": "tool_use", "id": "c", "name": "tide", "input": {"x": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "c",
                            "is_error": False,
                            "content": [{"type": "text", "text": "16:02"}],
                        },
                        {"type": "text", "text": "So?"},
                    ],
                },
            ],
        },
        refused={
            "messages.0.content": [{"type": "image", "source": {}}],
            "messages.1.content": [{"type": "redacted_thinking", "data": "x"}],
            "messages.2.content": [{"type": "document", "source": {}}],
            **_ROW_MEDIA,
        },
    ),
    "Anthropic, answer": Kind(
        "anthropic",
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": "At 16:02."}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 3},
        },
    ),
    "OpenAI Responses, request": Kind(
        "openai-responses",
        {
            "model": "m",
            "instructions": "Be brief.",
            "tools": [_FLAT_TOOL],
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "High tide?"}]},
                *_RESPONSE_ITEMS,
            ],
        },
        refused={
            "input.0.content": [{"type": "input_image", "image_url": "x"}],
            "input.1.encrypted_content": "x",
        },
        idle=frozenset({"type", "annotations"}),
    ),
    "OpenAI Responses, answer": Kind(
        "openai-responses",
        {"id": "r", "object": "response", "status": "completed", "output": _RESPONSE_ITEMS},
        idle=frozenset({"type", "annotations"}),
    ),
    "chat completion, stored": Kind(
        "completions",
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "messages": [_ASKED],
            "choices": [
                {"index": 0, "message": {**_SAID, "annotations": []}, "finish_reason": "stop"}
            ],
            "usage": {"total_tokens": 3},
        },
        refused={"choices.0.message.refusal": "No.", "choices.0.message.audio": {"id": "a"}},
        idle=frozenset({"annotations"}),
    ),
    "batch, request": Kind(
        "completions",
        {
            "custom_id": "1",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": [_ASKED, _SAID], "max_tokens": 3},
        },
        refused={"body.images": ["a"]},
    ),
    "batch, answer": Kind(
        "completions",
        {
            "id": "b",
            "custom_id": "1",
            "response": {
                "status_code": 200,
                "request_id": "r",
                "body": {"choices": [{"index": 0, "message": _SAID}], "model": "m"},
            },
        },
    ),
    "batch of Anthropic": Kind(
        "completions",
        {
            "custom_id": "1",
            "params": {
                "model": "m",
                "max_tokens": 3,
                "messages": [
                    _ASKED,
                    {"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}]},
                ],
            },
        },
    ),
    "Gemini contents": Kind(
        "gemini",
        {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "tools": [{"functionDeclarations": [{"name": "tide", "description": "d"}]}],
            "contents": [
                {"role": "user", "parts": [{"text": "High tide?"}]},
                {
                    "role": "model",
                    "parts": [
                        {"text": "Tides.", "thought": True},
                        {"text": "I look.", "thoughtSignature": "s"},
                        {"functionCall": {"name": "tide", "args": {"x": 1}, "id": "c"}},
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"name": "tide", "id": "c", "response": {"at": 16}}}
                    ],
                },
            ],
            "generationConfig": {"temperature": 1},
        },
        refused={
            "contents.0.parts": [{"inlineData": {"mimeType": "image/png"}}],
            "contents.1.parts": [{"executableCode": {"code": "1"}}],
        },
    ),
    "LangChain messages": Kind(
        "langchain",
        {"messages": [_HUMAN, _LANGCHAIN, _RESULT], "tools": [_TOOL]},
        refused={
            "messages.0.data.content": [_PART],
            "messages.1.data.invalid_tool_calls": [{"name": "f"}],
        },
        idle=frozenset({"type", "additional_kwargs", "invalid_tool_calls"}),
    ),
    "LangChain, dumped": Kind(
        "langchain",
        {
            "messages": [
                {
                    "lc": 1,
                    "type": "constructor",
                    "id": ["langchain", "schema", "messages", "HumanMessage"],
                    "kwargs": {"content": "Hi", "type": "human"},
                }
            ]
        },
        idle=frozenset({"type", "lc"}),
    ),
    "LangSmith run": Kind(
        "langchain",
        {
            "id": "r",
            "inputs": {"messages": [_ASKED], "k": 3},
            "outputs": {"output": _LANGCHAIN},
            "run_type": "chain",
        },
        idle=frozenset({"type", "invalid_tool_calls"}),
    ),
    "Vercel UI messages, version 5": Kind(
        "vercel",
        {
            "id": "chat",
            "messages": [
                {"id": "1", "role": "user", "parts": [{"type": "text", "text": "High tide?"}]},
                {
                    "id": "2",
                    "role": "assistant",
                    "metadata": {"model": "m"},
                    "parts": [
                        {"type": "step-start"},
                        {"type": "reasoning", "text": "Tides."},
                        {
                            "type": "tool-tide",
                            "toolCallId": "c",
                            "state": "output-available",
                            "input": {"x": 1},
                            "output": {"at": "16:02"},
                        },
                        {"type": "step-start"},
                        {"type": "text", "text": "At 16:02."},
                    ],
                },
            ],
        },
        refused={
            "messages.0.parts": [{"type": "file", "mediaType": "image/png", "url": "x"}],
            "messages.1.parts": [{"type": "source-url", "url": "x"}],
        },
    ),
    "Vercel messages, version 4": Kind(
        "vercel",
        {
            "messages": [
                {"id": "1", "role": "user", "content": "High tide?", "createdAt": "2025-01-01"},
                {
                    "id": "2",
                    "role": "assistant",
                    "content": "At 16:02.",
                    "reasoning": "Tides.",
                    "toolInvocations": [
                        {
                            "state": "result",
                            "toolCallId": "c",
                            "toolName": "tide",
                            "args": {"x": 1},
                            "result": "16:02",
                        }
                    ],
                },
            ],
        },
        refused={"messages.0.experimental_attachments": [{"url": "x"}]},
    ),
    "ChatGPT export": Kind(
        "chatgpt-export",
        {
            "title": "Hi",
            "create_time": 1.0,
            "mapping": {
                "n": _NODE,
                "a": _node("a", "n", "user", "Hi"),
                "b": _node("b", "a", "assistant", "Hello"),
                "c": _node("c", "a", "assistant", "Hey"),
            },
            "current_node": "b",
            "conversation_id": "x",
        },
        refused={
            "mapping.b.message.content": {"content_type": "code", "text": "1"},
            "mapping.b.message.recipient": "python",
        },
        # What a node says twice, and nodes without a message.
        idle=frozenset(
            {"children", "message", "n", "id", "c", "current_node", "metadata", "name", "recipient",
             "weight"}
        ),
        options={"paths": "all"},
    ),
    "Claude export": Kind(
        "claude-export",
        {
            "uuid": "u",
            "name": "Hi",
            "created_at": "2025-01-01",
            "chat_messages": [
                {"uuid": "1", "sender": "human", "text": "Hi", "created_at": "2025-01-01"},
                {
                    "uuid": "2",
                    "sender": "assistant",
                    "text": "Hello",
                    "content": [
                        {"type": "thinking", "thinking": "A greeting."},
                        {"type": "text", "text": "Hello"},
                    ],
                },
            ],
        },
        refused={"chat_messages.0.files": [{"file_name": "a"}],
                 "chat_messages.1.content": [{"type": "tool_use", "name": "f"}]},
        idle=frozenset({"text"}),
    ),
    "ATIF (logs of agents)": Kind(
        "atif",
        {
            "schema_version": "ATIF-v1.4",
            "session_id": "s",
            "agent": {"name": "a", "version": "1", "tool_definitions": [_TOOL]},
            "steps": [
                {"step_id": 1, "source": "system", "message": "Be brief."},
                {"step_id": 2, "source": "user", "message": "High tide?"},
                {
                    "step_id": 3,
                    "timestamp": "2025-01-01",
                    "source": "agent",
                    "model_name": "m",
                    "message": "I look.",
                    "reasoning_content": "Tides.",
                    "tool_calls": [
                        {"tool_call_id": "c", "function_name": "tide", "arguments": {"x": 1}}
                    ],
                    "observation": {"results": [{"source_call_id": "c", "content": "16:02"}]},
                    "metrics": {"prompt_tokens": 3},
                },
            ],
            "final_metrics": {"total_steps": 3},
        },
        refused={"steps.2.observation.results.0.subagent_trajectory_ref": [{"session_id": "t"}]},
        idle=_SAYS_WHAT,
    ),
    "SWE-agent trajectory": Kind(
        "swe-agent",
        {
            "trajectory": [{"action": "ls"}],
            "history": [
                {"role": "system", "content": "Be brief.", "agent": "main"},
                {"role": "user", "content": "Mend it.", "message_type": "observation"},
                {"role": "assistant", "content": "ls", "thought": "I look.", "action": "ls"},
            ],
            "info": {"exit_status": "submitted"},
        },
    ),
    "Glaive": Kind(
        "glaive",
        {
            "system": 'SYSTEM: Use these: {"name": "tide"}',
            "chat": "USER: High tide?\n\n\nASSISTANT: <functioncall> "
            '{"name": "tide", "arguments": \'{"x": 1}\'} <|endoftext|>\n\n\n'
            'FUNCTION RESPONSE: {"at": "16:02"}\n\n\nASSISTANT: At 16:02. <|endoftext|>\n\n\n',
        },
    ),
    "xLAM": Kind(
        "xlam",
        {
            "id": 1,
            "query": "High tide?",
            "answers": '[{"name": "tide", "arguments": {"x": 1}}]',
            "tools": '[{"name": "tide", "description": "d", "parameters": {"x": {"type": "int"}}}]',
        },
    ),
    "Hermes": Kind(
        "hermes",
        {
            "id": "1",
            "conversations": [
                {"from": "system", "value": "Use <tools>"},
                {"from": "human", "value": "High tide?"},
                {
                    "from": "gpt",
                    "value": 'I look.\n<tool_call>\n{"name": "tide", "arguments": {"x": 1}}\n'
                    "</tool_call>",
                },
                {"from": "tool", "value": "<tool_response>\n16:02\n</tool_response>"},
                {"from": "gpt", "value": "At 16:02."},
            ],
            "tools": "[]",
            "category": "c",
            "task": "t",
        },
        idle=frozenset({"tools"}),
    ),
    "ms-swift": Kind(
        "swift",
        {
            "system": "Be brief.",
            "query": "2+2?",
            "response": "4",
            "history": [["Hi", "Hello"]],
            "rejected_response": "5",
            "tools": [_TOOL],
        },
        refused=_ROW_MEDIA,
        idle=_SAYS_WHAT,
    ),
    "Dolly": Kind(
        "dolly", {"instruction": "Add.", "context": "2 2", "response": "4", "category": "sums"}
    ),
    "OpenOrca": Kind(
        "openorca", {"id": "1", "system_prompt": "Be brief.", "question": "2+2?", "response": "4"}
    ),
    "question and answer (GSM8K)": Kind("question-answer", {"question": "2+2?", "answer": "4"}),
    "NeMo, input and output": Kind("nemo", {"input": "2+2?", "output": "4", "taskname": "sums"}),
    "Schema-Guided Dialogue, MultiWOZ 2.2": Kind(
        "sgd",
        {
            "dialogue_id": "1",
            "services": ["Tides_1"],
            "turns": [
                {"speaker": "USER", "utterance": "High tide?", "frames": [{"service": "T"}],
                 "turn_id": "0"},
                {"speaker": "SYSTEM", "utterance": "At 16:02.", "frames": []},
            ],
        },
    ),
    "MultiWOZ 2.1": Kind(
        "multiwoz",
        {
            "goal": {"info": {}},
            "log": [
                {"text": "High tide?", "metadata": {"a": 1}, "dialog_act": {}},
                {"text": "At 16:02.", "metadata": {}, "span_info": []},
            ],
        },
    ),
    "Cohere": Kind(
        "cohere",
        {
            "messages": [
                {"role": "System", "content": "Be brief."},
                {"role": "User", "content": "2+2?"},
                {"role": "Chatbot", "content": "4"},
            ]
        },
    ),
    "Bedrock": Kind(
        "bedrock",
        {
            "schemaVersion": "bedrock-conversation-2024",
            "system": [{"text": "Be brief."}],
            "messages": [
                {"role": "user", "content": [{"text": "2+2?"}]},
                {"role": "assistant", "content": [{"text": "4"}]},
            ],
        },
        refused={"messages.0.content": [{"image": {"format": "png"}}]},
    ),
    "prompt alone (TRL)": Kind(
        "prompt-only", {"prompt": [_ASKED], "solution": "16:02", "tools": [_TOOL]},
        refused={**_ROW_MEDIA, "completions": ["a"]},
        idle=_SAYS_WHAT,
    ),
    "prompt alone (verl)": Kind(
        "prompt-only",
        {
            "data_source": "gsm8k",
            "prompt": [_ASKED],
            "ability": "math",
            "reward_model": {"style": "rule", "ground_truth": "4"},
            "extra_info": {"index": 0},
        },
        refused=_ROW_MEDIA,
    ),
}  # fmt: skip
