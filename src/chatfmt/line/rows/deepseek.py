"""DeepSeek."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, TOOLS_IN_SYSTEM, system

__all__ = ["ROWS"]

# So these tokens are spelled, with a wide bar and a block for the space.
_BEGIN, _END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"  # noqa: RUF001
_USER, _ASSISTANT = "<｜User｜>", "<｜Assistant｜>"  # noqa: RUF001
_CALLS, _CALLS_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"  # noqa: RUF001
_CALL, _SEP, _CALL_END = (
    "<｜tool▁call▁begin｜>",  # noqa: RUF001
    "<｜tool▁sep｜>",  # noqa: RUF001
    "<｜tool▁call▁end｜>",  # noqa: RUF001
)
_OUTPUTS, _OUTPUTS_END = "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>"  # noqa: RUF001
_OUTPUT, _OUTPUT_END = "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"  # noqa: RUF001
_TOKENS = [_BEGIN, _END, _USER, _ASSISTANT, _CALLS, _CALLS_END, _CALL, _SEP, _CALL_END]
_TOKENS += [_OUTPUT, _OUTPUT_END]

_IN_CODE = (
    f"{_CALLS}[\n|{_CALL}function{_SEP}{{call.name}}\n```json\n{{call.arguments:object}}\n```"
    f"{_CALL_END}]*{_CALLS_END}{_END}"
)
_BARE = (
    f"{_CALLS}[{_CALL}{{call.name}}{_SEP}{{call.arguments:object}}{_CALL_END}]*{_CALLS_END}{_END}"
)


def _row(reasoning: str, calls: str, tool: str | dict[str, str]) -> dict[str, Any]:
    """After a result the assistant goes on without a header, and without thinking."""
    after = "{^}{content}"
    begins = _ASSISTANT + reasoning + "{content}"
    return {
        "prologue": _BEGIN,
        "template": {
            "system": {"line": "{content}{next}", "after": "start"},
            "user": _USER + "{content}{next}",
            "assistant": [
                {"line": after + _END, "after": ["tool"]},
                {"line": after + calls, "after": ["tool"]},
                begins + _END,
                begins + calls,
            ],
            "tool": tool,
        },
        "special_tokens": _TOKENS,
    }


_DSML = "｜DSML｜"  # noqa: RUF001
_V4_TOOLS = (
    "## Tools\n\nYou have access to a set of tools to help answer the user's question. You can "
    f'invoke tools by writing a "<{_DSML}tool_calls>" block like the following:\n\n'
    f'<{_DSML}tool_calls>\n<{_DSML}invoke name="$TOOL_NAME">\n<{_DSML}parameter '
    f'name="$PARAMETER_NAME" string="true\\|false">$PARAMETER_VALUE</{_DSML}parameter>\n...\n'
    f'</{_DSML}invoke>\n<{_DSML}invoke name="$TOOL_NAME2">\n...\n</{_DSML}invoke>\n'
    f'</{_DSML}tool_calls>\n\nString parameters should be specified as is and set `string="true"`. '
    "For all other types (numbers, booleans, arrays, objects), pass the value in JSON format and "
    'set `string="false"`.\n\nIf thinking_mode is enabled (triggered by <think>), you MUST output '
    "your complete reasoning inside <think>...</think> BEFORE any tool calls or final response."
    "\n\nOtherwise, output directly after </think> with tool calls or final response.\n\n"
    "### Available Tool Schemas\n\n{tools}\n\nYou MUST strictly follow the above defined tool name "
    "and parameter schemas to invoke tool calls.\n{next}"
)
"""What the system message says about tools, word for word: models were trained with it."""
_V3_2_TOOLS = (
    "## Tools\n\nYou have access to a set of tools you can use to answer the user's question.\n"
    f'You can invoke functions by writing a "<{_DSML}function_calls>" block like the following as '
    f"part of your reply to the user:\n<{_DSML}function_calls>\n<{_DSML}invoke "
    f'name="$FUNCTION_NAME">\n<{_DSML}parameter name="$PARAMETER_NAME" string="true\\|false">'
    f"$PARAMETER_VALUE</{_DSML}parameter>\n...\n</{_DSML}invoke>\n<{_DSML}invoke "
    f'name="$FUNCTION_NAME2">\n...\n</{_DSML}invoke>\n</{_DSML}function_calls>\n\nString and '
    "scalar parameters should be specified as is without any escaping or quotes, while lists and "
    'objects should use JSON format. The "string" attribute should be set to "true" for string '
    'type parameters and "false" for other types (numbers, booleans, arrays, objects).\n\nIf the '
    "thinking_mode is enabled, then after function results you should strongly consider outputting "
    f"a thinking block. Here is an example:\n\n<{_DSML}function_calls>\n...\n"
    f"</{_DSML}function_calls>\n\n<function_results>\n...\n</function_results>\n\n"
    "<think>...thinking about results</think>\n\nHere are the functions available in JSONSchema "
    "format:\n<functions>\n{tools}\n</functions>"
    "\n{next}"
)
"""The same of V3.2."""
_DSML_ANSWER = f"{_ASSISTANT}[<think>{{^}}{{reasoning}}]</think>{{content}}"
_DSML_CALLS = (
    f'[\n|<{_DSML}invoke name="{{call.name}}">\n[<{_DSML}parameter '
    f'name="{{arg.key}}" string="{{arg.string}}">{{arg.value:loose}}</{_DSML}parameter>\n]*'
    f"</{_DSML}invoke>]*"
)
_V4_CALLS = f"\n\n<{_DSML}tool_calls>\n{_DSML_CALLS}\n</{_DSML}tool_calls>"
_V3_2_CALLS = f"\n\n<{_DSML}function_calls>\n{_DSML_CALLS}\n</{_DSML}function_calls>"


def _dsml(tools: str, calls: str, **others: dict[str, str]) -> dict[str, Any]:
    """Calls in tags that share a token, and before each argument whether it is a string."""
    return {
        "prologue": _BEGIN,
        "template": {
            "system": [
                {"line": "{content}{next}", "after": "start"},
                {"line": "[{content}\n\n]" + tools, "after": "start"},
            ],
            "user": _USER + "{content}{next}",
            "assistant": [_DSML_ANSWER + _END, _DSML_ANSWER + calls + _END],
            **others,
        },
        "special_tokens": [_BEGIN, _END, _USER, _ASSISTANT, _DSML, "<think>", "</think>"],
        "thinking": False,
        "prepare": [
            NO_THINKING,
            system(empty="drop"),
            {**TOOLS_IN_SYSTEM, "spelling": {"function": True}},
        ],
    }


_IN_TURN = {
    "open": _USER,
    "each": "<tool_result>{content}</tool_result>",
    "sep": "\n\n",
    "close": "{next}",
}
_IN_ENVELOPE = {
    "open": _OUTPUTS,
    "each": f"{_OUTPUT}{{content}}{_OUTPUT_END}",
    "close": _OUTPUTS_END,
}
_V3 = _row("{^}", _IN_CODE, {**_IN_ENVELOPE, "sep": "\n"})

ROWS: dict[str, dict[str, Any]] = {
    "deepseek-v3": {
        **_V3,
        "special_tokens": [*_TOKENS, _OUTPUTS, _OUTPUTS_END],
        "prepare": [NO_THINKING, system(empty="drop")],
        "faults": {
            "start": "V2.5's writes white space before the first token",
            "dropped_calls": "it leaves out calls and their results",
        },
        "source": "chat_template in tokenizer_config.json of deepseek-ai/DeepSeek-V3",
    },
    "deepseek-r1": {
        **_row("[<think>\n{^}{reasoning}\n</think>\n\n]", _IN_CODE, _IN_ENVELOPE),
        "special_tokens": [*_TOKENS, _OUTPUTS, _OUTPUTS_END, "<think>", "</think>"],
        "prepare": [NO_THINKING, system(empty="drop")],
        "faults": {
            "calls": "it opens calls and results only once",
            "split_text": "it takes an answer apart at </think>",
        },
        "source": (
            "chat_template in tokenizer_config.json of deepseek-ai/DeepSeek-R1; where its "
            "reasoning is: the model card"
        ),
    },
    "deepseek-v3.1": {
        **_row("[<think>{^}{reasoning}]</think>", _BARE, f"{_OUTPUT}{{content}}{_OUTPUT_END}"),
        "special_tokens": [*_TOKENS, "<think>", "</think>"],
        "thinking": False,
        "prepare": [
            {"word": "reasoning", "keep": "none", "empty": "all", "after_results": False},
            system(empty="drop"),
        ],
        "faults": {
            "prompt": "its prompt has <think></think>, its answers have </think>",
            "split_text": "it takes an answer apart at </think>",
        },
        "source": "the model card of deepseek-ai/DeepSeek-V3.1, and its chat_template",
    },
    "deepseek-v3.2": {
        **_dsml(_V3_2_TOOLS, _V3_2_CALLS),
        "faults": {
            "prompt": "its prompt has <think></think>, its answers have </think>",
        },
        "source": "deepseek-ai-DeepSeek-V3.2.jinja of llama.cpp, without results, which are text",
    },
    "deepseek-v4": {
        **_dsml(_V4_TOOLS, _V4_CALLS, tool=_IN_TURN),
        "fences": ["^<tool_result>", "</tool_result>\n\n<tool_result>"],
        "source": "deepseek-ai-DeepSeek-V4.jinja of llama.cpp",
    },
}
