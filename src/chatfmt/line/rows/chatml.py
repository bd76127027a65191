"""Layouts of ChatML's kind, by whoever has no module of his own."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, TOOLS_IN_SYSTEM, strip, system

__all__ = ["ROWS"]

_IM = ["<|im_start|>", "<|im_end|>"]
_SYSTEM = "<|im_start|>system\n{content}<|im_end|>\n"
_USER = "<|im_start|>user\n{content}<|im_end|>\n"
_TOOL = "<|im_start|>tool\n{content}<|im_end|>\n"
_ASSISTANT = "<|im_start|>assistant\n{^}"
_ANSWER = _ASSISTANT + "{content}<|im_end|>\n"

_HERMES = (
    "You are a function calling AI model. You are provided with function signatures within "
    "<tools></tools> XML tags. You may call one or more functions to assist with the user query. "
    "Don't make assumptions about what values to plug into functions. Here are the available "
    "tools: <tools> {tools} </tools>Use the following pydantic model json schema for each tool "
    r'call you will make: \{"properties": \{"name": \{"title": "Name", "type": "string"\}, '
    r'"arguments": \{"title": "Arguments", "type": "object"\}\}, "required": \["name", '
    r'"arguments"\], "title": "FunctionCall", "type": "object"\}\}'
    "\nFor each function call return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags as follows:\n<tool_call>\n"
    r'\{"name": <function-name>, "arguments": <args-dict>\}'
    "\n</tool_call>"
)
"""What the system message of Hermes says about tools, word for word."""

_PYTHONIC = "[, |{call.name}([, |{arg.key}={arg.value:python}]*)]*"
_LFM_CALLS = r"<|tool_call_start|>\[" + _PYTHONIC + r"\]<|tool_call_end|>" + "<|im_end|>\n"
_LFM_THINKS = "[<think>{reasoning}</think>]"

_NO_FUNCTIONS = "\nYou do not currently have access to any functions."
_FUNCTIONS = (
    "\n\nYou have access to the following functions. [...]\n\nHere are the available functions:\n"
    "<functions>\n"
)

_METADATA = (
    "## Metadata\n\n"
    "Knowledge Cutoff Date: June 2025\n"
    "Reasoning Mode: /think\n\n"
    "## Custom Instructions\n\n"
)
_SMOLLM = (
    "You are a helpful AI assistant named SmolLM, trained by Hugging Face. Your role as an "
    "assistant involves thoroughly exploring questions through a systematic thinking process "
    "before providing the final precise and accurate solutions. This requires engaging in a "
    "comprehensive cycle of analysis, summarizing, exploration, reassessment, reflection, "
    "backtracking, and iteration to develop well-considered thinking process. Please structure "
    "your response into two main sections: Thought and Solution using the specified format: "
    "<think> Thought section </think> Solution section. In the Thought section, detail your "
    "reasoning process in steps. Each step should include detailed considerations such as "
    "analysing questions, summarizing relevant findings, brainstorming new ideas, verifying the "
    "accuracy of the current steps, refining any errors, and revisiting previous steps. In the "
    "Solution section, based on various attempts, explorations, and reflections from the Thought "
    "section, systematically present the final solution that you deem correct. The Solution "
    "section should be logical, accurate, and concise and detail necessary steps needed to reach "
    "the conclusion."
)
"""What SmolLM3 is told where there is no system message, word for word."""

ROWS: dict[str, dict[str, Any]] = {
    "hermes-3": {
        "prologue": "<|begin_of_text|>",
        "template": {
            "system": [_SYSTEM, f"<|im_start|>system\n{_HERMES}<|im_end|>\n"],
            "user": _USER,
            "assistant": [
                _ANSWER,
                _ASSISTANT + "[{content}\n]"
                "[\n|<tool_call>\n{call:json name, arguments}\n</tool_call>]*<|im_end|>\n",
            ],
            "tool": {
                "open": "<|im_start|>tool\n",
                "each": "<tool_response>\n{content}\n</tool_response>\n",
                "close": "<|im_end|>",
            },
        },
        "special_tokens": ["<|begin_of_text|>", *_IM, "<tool_call>", "</tool_call>"],
        "fences": [
            "^You are a function calling AI model.",
            "\n</tool_response>\n",
        ],
        "prepare": [
            NO_THINKING,
            {"word": "tools", "into": "message"},
            system("You are a helpful assistant."),
        ],
        "faults": {
            "start": "default leaves out definitions; tool_use breaks lines within their strings",
            "calls": "tool_use leaves out the newline after a result that ends the list",
            "dropped_calls": "default leaves out calls, and writes results without <tool_response>",
            "dropped_text": "it leaves out the text of a message that has calls",
        },
        "source": (
            "both of the chat_template in tokenizer_config.json of "
            "NousResearch/Hermes-3-Llama-3.1-8B; not certain: that <tool_response> is no token"
        ),
    },
    "olmo-3": {
        "prologue": "<|endoftext|>",
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": [
                _ANSWER,
                _ASSISTANT + "{content}<function_calls>\n"
                "[\n|{call.name}([, |{arg.key}={arg.value:python}]*)]*\n"
                "</function_calls><|im_end|>\n",
            ],
            "tool": ["<|im_start|>tool\nFunction {name} returned:\n{content}<|im_end|>\n", _TOOL],
        },
        "special_tokens": ["<|endoftext|>", *_IM, "<function_calls>", "</function_calls>"],
        "stops": ["<|im_end|>", "<|endoftext|>"],
        "fences": ["^Function "],
        "prepare": [
            NO_THINKING,
            strip("system", "user", "assistant"),
            system(
                "You are a helpful function-calling AI assistant." + _NO_FUNCTIONS,
                default_with_tools="You are a helpful function-calling AI assistant.",
                after=_NO_FUNCTIONS,
                after_with_tools="",
            ),
            {
                **TOOLS_IN_SYSTEM,
                "field": "content",
                "spelling": {"function": True},
                "before": _FUNCTIONS,
                "after": "\n</functions>",
                "place": "after",
            },
        ],
        "faults": {
            "dropped_text": "it leaves out the text of a message that has calls",
        },
        "source": "the template for OLMo 3 of vLLM",
    },
    "smollm-3": {
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": _ASSISTANT + "[<think>\n{reasoning}\n</think>\n]{content}<|im_end|>\n",
        },
        "special_tokens": [*_IM, "<think>", "</think>"],
        "prepare": [
            NO_THINKING,
            {"word": "rename", "role": "tool", "to": "user"},
            strip("system", side="end"),
            strip("assistant", side="start", characters="\n"),
            system(f"{_METADATA}{_SMOLLM}\n\n", before=_METADATA, after="\n\n", empty="default"),
        ],
        "faults": {
            "dropped_calls": "it leaves out calls, and writes results as what the user says",
            "own_tokens": "its own instructions spell <think> and </think>",
        },
        "source": (
            "chat_template.jinja of HuggingFaceTB/SmolLM3-3B in its mode /think, without calls"
        ),
    },
    "lfm-2": {
        "prologue": "<|startoftext|>",
        "template": {
            "system": [
                _SYSTEM,
                "<|im_start|>system\n[{content}\n]List of tools: "
                r"<|tool_list_start|>\[{tools}\]<|tool_list_end|><|im_end|>" + "\n",
            ],
            "user": _USER,
            "assistant": [_ANSWER, _ASSISTANT + "{content}" + _LFM_CALLS],
            "tool": "<|im_start|>tool\n<|tool_response_start|>{content}<|tool_response_end|>"
            "<|im_end|>\n",
        },
        "special_tokens": [
            "<|startoftext|>",
            *_IM,
            "<|tool_list_start|>",
            "<|tool_list_end|>",
            "<|tool_response_start|>",
            "<|tool_response_end|>",
            "<|tool_call_start|>",
            "<|tool_call_end|>",
        ],
        "prepare": [
            NO_THINKING,
            system(empty="drop"),
            {**TOOLS_IN_SYSTEM, "spelling": {"between": ", "}},
        ],
        "faults": {
            "dropped_calls": "it leaves out calls",
        },
        "source": (
            "chat_template.jinja of LiquidAI/LFM2-1.2B; calls: chat_templates/lfm2_v2.jinja of TRL "
            "1.16, which puts strings in single quotes as they are; here they are Python's"
        ),
    },
    "lfm-2.5": {
        "prologue": "<|startoftext|>",
        "template": {
            "system": _SYSTEM,
            "user": _USER,
            "assistant": [
                _ASSISTANT + _LFM_THINKS + "{content}<|im_end|>\n",
                _ASSISTANT + _LFM_THINKS + "{content}" + _LFM_CALLS,
            ],
            "tool": _TOOL,
        },
        "special_tokens": [
            *("<|startoftext|>", *_IM, "<think>", "</think>"),
            *("<|tool_call_start|>", "<|tool_call_end|>"),
        ],
        "prepare": [
            {"word": "reasoning", "keep": "after_last_user"},
            system(empty="drop"),
            {
                **TOOLS_IN_SYSTEM,
                "field": "content",
                "spelling": {"whole": True},
                "before": "List of tools: ",
                "place": "after",
                "between": "\n",
            },
        ],
        "faults": {
            "calls": "it writes objects as JSON, and strings as they are between quotes",
            "reasoning": "it knows reasoning by another name than transformers has for it",
        },
        "source": (
            "chat_template.jinja of LiquidAI/LFM2.5-1.2B-Instruct, which puts strings in single "
            "quotes as they are; here they are Python's"
        ),
    },
}
