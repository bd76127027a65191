"""DeepSeek."""

from __future__ import annotations

from typing import Any

from chatfmt.line.rows.rewriting import NO_THINKING, system

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
}
