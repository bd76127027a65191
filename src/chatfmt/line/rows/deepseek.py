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


def _row(thoughts: str, calls: str, tool: str | dict[str, str]) -> dict[str, Any]:
    """After a result the assistant goes on without a header, and without thinking."""
    after = "{^}{content}"
    begins = _ASSISTANT + thoughts + "{content}"
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
_V4_ANSWER = f"{_ASSISTANT}[<think>{{^}}{{reasoning}}]</think>{{content}}"
_V4_CALLS = (
    f'\n\n<{_DSML}tool_calls>\n[\n|<{_DSML}invoke name="{{call.name}}">\n[<{_DSML}parameter '
    f'name="{{arg.key}}" string="{{arg.string}}">{{arg.value:loose}}</{_DSML}parameter>\n]*'
    f"</{_DSML}invoke>]*\n</{_DSML}tool_calls>"
)

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
        "source": "chat_template in tokenizer_config.json of deepseek-ai/DeepSeek-V3",
    },
    "deepseek-r1": {
        **_row("[<think>\n{^}{reasoning}\n</think>\n\n]", _IN_CODE, _IN_ENVELOPE),
        "special_tokens": [*_TOKENS, _OUTPUTS, _OUTPUTS_END, "<think>", "</think>"],
        "prepare": [NO_THINKING, system(empty="drop")],
        "source": (
            "chat_template in tokenizer_config.json of deepseek-ai/DeepSeek-R1; where its thoughts "
            "stand: the model card"
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
        "source": "the model card of deepseek-ai/DeepSeek-V3.1, and its chat_template",
    },
    "deepseek-v4": {
        "prologue": _BEGIN,
        "template": {
            "system": [
                {"line": "{content}{next}", "after": "start"},
                {"line": "[{content}\n\n]" + _V4_TOOLS, "after": "start"},
            ],
            "user": _USER + "{content}{next}",
            "assistant": [_V4_ANSWER + _END, _V4_ANSWER + _V4_CALLS + _END],
            "tool": {
                "open": _USER,
                "each": "<tool_result>{content}</tool_result>",
                "sep": "\n\n",
                "close": "{next}",
            },
        },
        "special_tokens": [_BEGIN, _END, _USER, _ASSISTANT, _DSML, "<think>", "</think>"],
        "fences": ["^<tool_result>", "</tool_result>\n\n<tool_result>"],
        "thinking": False,
        "prepare": [
            NO_THINKING,
            system(empty="drop"),
            {**TOOLS_IN_SYSTEM, "spelling": {"function": True}},
        ],
        "source": "deepseek-ai-DeepSeek-V4.jinja of llama.cpp",
    },
}
