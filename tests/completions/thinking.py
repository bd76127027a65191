"""Completions after a prompt that opens the reasoning: Qwen's models that always think, and QwQ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from completions import START, Case, called, said
from completions.chatml import ONE, TWO, F, G

if TYPE_CHECKING:
    from chatfmt import Message
    from completions import Told

__all__ = ["THINKING"]

_END: Told = ("end", "<|im_end|>")
_CUT: Told = ("end", None)
_DONE = "Hm.\n</think>\n\n"


def _read(text: str, reply: Message, *told: Told, issues: str = "") -> Case:
    reasoning: list[Told] = [("reasoning", reply.reasoning)] if reply.reasoning else []
    return Case(f"{text}<|im_end|>", [reply], issues, [START, *reasoning, *told, _END])


def _answer(text: str, issues: str = "", *, reasoning: str = "Hm.") -> Case:
    return _read(text, said("Yes", reasoning=reasoning), ("content", "Yes"), issues=issues)


THINKING: dict[str, Case] = {
    "thinking, then an answer": _answer(_DONE + "Yes"),
    "lines in its reasoning": _answer(
        "One.\n\n- two\n\n\n</think>\n\nYes", reasoning="One.\n\n- two\n\n"
    ),
    "unicode": _answer("Küste 海 🌊\n</think>\n\nYes", reasoning="Küste 海 🌊"),
    "no reasoning": _answer("\n</think>\n\nYes", reasoning=""),
    "no reasoning and no line": _answer("</think>\n\nYes", "unexpected_special", reasoning=""),
    "no newline before </think>": _answer("Hm.</think>\n\nYes", "unexpected_special"),
    "no newline after </think>": _answer("Hm.\n</think>Yes", "malformed_header"),
    "one newline after </think>": _answer("Hm.\n</think>\nYes", "malformed_header"),
    "nothing after its reasoning": _read(_DONE, said(reasoning="Hm.")),
    "thinking, then a call": _read(_DONE + ONE, said("", F, reasoning="Hm."), *called(*F)),
    "thinking, text and calls": _read(
        f"{_DONE}Yes\n{ONE}\n{TWO}",
        said("Yes", F, G, reasoning="Hm."),
        *(("content", "Yes"), *called(*F), *called(*G)),
    ),
    "thinking, then what is no call": _read(
        f"{_DONE}<tool_call>\ntide()\n</tool_call>",
        said(reasoning="Hm."),
        ("abandoned", "tide()\n"),
        issues="malformed_call",
    ),
    "a call within its reasoning": _read(
        "Hm." + ONE, said("", F, reasoning="Hm."), *called(*F), issues="unexpected_special"
    ),
    "opened once more": Case(
        f"<think>\n{_DONE}Yes<|im_end|>",
        [said("Yes", reasoning="\nHm.")],
        "unexpected_special",
        [START, ("stray", "<think>"), ("reasoning", "\nHm."), ("content", "Yes"), _END],
    ),
    "ended within its reasoning": _read("Hm.", said(reasoning="Hm."), issues="unexpected_special"),
    "cut off within its reasoning": Case(
        "Hm", [said(reasoning="Hm")], "open_message", [START, ("reasoning", "Hm"), _CUT]
    ),
    "cut off within a call": Case(
        _DONE + '<tool_call>\n{"name": "ti',
        [said(reasoning="Hm.")],
        "open_message malformed_call",
        [START, ("reasoning", "Hm."), ("abandoned", '{"name": "ti'), _CUT],
    ),
}
