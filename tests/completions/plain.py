"""Completions of layouts that have no place for calls: Phi 4 mini, Command R7B and SmolLM 3."""

from __future__ import annotations

from completions import START, Case, Told, said

__all__ = ["COMMAND_R7B", "PHI_4_MINI", "SMOLLM_3"]

_UNEXPECTED = "unexpected_special"


def _read(
    text: str, *told: Told, issues: str = "", reasoning: str | None = None, end: str | None = None
) -> Case:
    """An answer, of which that is told; what is passed over stands in it as ``stray``."""
    thought: list[Told] = [("reasoning", reasoning)] if reasoning else []
    content = "".join(str(text) for part, text in told if part == "content")
    message = said(content, reasoning=reasoning)
    return Case(text, [message], issues, [START, *thought, *told, ("end", end)])


def _plain(ends: str, stop: str) -> dict[str, Case]:
    """Answers.

    Args:
        ends: what is written after an answer.
        stop: the token at which the model stops.
    """

    def text(content: str) -> Case:
        told: list[Told] = [("content", content)] if content else []
        return _read(content + ends, *told, end=stop)

    def cut(content: str) -> Case:
        return _read(content, ("content", content), issues="open_message")

    return {
        "an answer": text("Good."),
        "nothing": text(""),
        "lines and unicode": text("\n- Küste 海\n\n- 🌊\n"),
        "a newline": text("\n"),
        "prose that spells tags": text("Use <tool_call>, </s> and <|eot_id|>."),
        "a call as others write it": text(
            '<tool_call>\n{"name": "tide", "arguments": {}}\n</tool_call>'
        ),
        "a list of calls": text('[{"name": "tide", "arguments": {"port": "Kiel"}}]'),
        "a call in Python": text("[tide(port='Kiel')]"),
        "code": text("```python\ntide(port='Kiel')\n```"),
        "cut off": cut("Goo"),
        "cut off after a newline": cut("Good.\n"),
        "cut off within a line of a list": cut("- a\n- "),
    }


_PHI = "<|end|>"
PHI_4_MINI = _plain(_PHI, _PHI) | {
    "its tag for calls is text": _read(
        f'<|tool_call|>[{{"name": "tide"}}]<|/tool_call|>{_PHI}',
        ("content", '<|tool_call|>[{"name": "tide"}]<|/tool_call|>'),
        end=_PHI,
    ),
    "the text ends": _read(
        "Good.<|endoftext|>",
        *(("content", "Good."), ("stray", "<|endoftext|>")),
        issues=f"{_UNEXPECTED} open_message",
    ),
    "a stray closing tag": _read(
        f"Good.<|/tool|>Bye{_PHI}",
        *(("content", "Good."), ("stray", "<|/tool|>"), ("content", "Bye")),
        issues=_UNEXPECTED,
        end=_PHI,
    ),
    "the user speaks": Case(
        f"Good.<|user|>Hi{_PHI}",
        [said("Good."), said("Hi").model_copy(update={"role": "user"})],
        _UNEXPECTED,
        [
            *(START, ("content", "Good."), ("end", None)),
            *(("start", "user"), ("content", "Hi"), ("end", _PHI)),
        ],
    ),
}

_TURN = "<|END_OF_TURN_TOKEN|>"
_ENDS = f"<|END_RESPONSE|>{_TURN}"
COMMAND_R7B = _plain(_ENDS, _TURN) | {
    "reasoning is text": _read(
        f"<|START_THINKING|>Hm.<|END_THINKING|>Good.{_ENDS}",
        ("content", "<|START_THINKING|>Hm.<|END_THINKING|>Good."),
        end=_TURN,
    ),
    "the response is not closed": _read(
        f"Good.{_TURN}", ("content", "Good."), issues=_UNEXPECTED, end=_TURN
    ),
    "opened once more": _read(
        f"<|START_RESPONSE|>Good.{_ENDS}",
        *(("stray", "<|START_RESPONSE|>"), ("content", "Good.")),
        issues=_UNEXPECTED,
        end=_TURN,
    ),
    "closed twice": _read(
        f"Good.<|END_RESPONSE|>{_ENDS}",
        *(("content", "Good."), ("stray", "<|END_RESPONSE|>")),
        issues=_UNEXPECTED,
        end=_TURN,
    ),
    "a newline after the response": _read(
        f"Good.<|END_RESPONSE|>\n{_TURN}",
        *(("content", "Good."), ("stray", "\n")),
        issues="unexpected_text",
        end=_TURN,
    ),
    "text after the response": _read(
        f"Good.<|END_RESPONSE|>Bye{_TURN}",
        *(("content", "Good."), ("stray", "Bye")),
        issues="unexpected_text",
        end=_TURN,
    ),
    "cut off before the end": _read(
        "Good.<|END_RESPONSE|>", ("content", "Good."), issues="open_message"
    ),
    "a token of a role": _read(
        f"Good.<|USER_TOKEN|>Hi{_ENDS}",
        *(("content", "Good."), ("stray", "<|USER_TOKEN|>"), ("content", "Hi")),
        issues=_UNEXPECTED,
        end=_TURN,
    ),
}

_IM = "<|im_end|>"


def _thought(text: str, content: str, issues: str = "", *, reasoning: str = "Hm.") -> Case:
    answer = ("content", content)
    return _read(f"{text}{_IM}", answer, issues=issues, reasoning=reasoning, end=_IM)


SMOLLM_3 = _plain(_IM, _IM) | {
    "thinking": _thought("<think>\nHm.\n</think>\nGood.", "Good."),
    "empty thinking": _thought("<think>\n\n</think>\nGood.", "Good.", reasoning=""),
    "lines of reasoning": _thought(
        "<think>\nKüste 🌊\n\n- a\n</think>\nGood.", "Good.", reasoning="Küste 🌊\n\n- a"
    ),
    "an empty line after thinking": _thought("<think>\nHm.\n</think>\n\nGood.", "\nGood."),
    "no newlines": _thought(
        "<think>Hm.</think>Good.", "Good.", f"malformed_header {_UNEXPECTED} malformed_header"
    ),
    "no newline after </think>": _thought(
        "<think>\nHm.\n</think>Good.", "Good.", "malformed_header"
    ),
    "</think> alone": _read(
        f"Hm.\n</think>\nGood.{_IM}",
        *(("content", "Hm.\n"), ("stray", "</think>"), ("content", "\nGood.")),
        issues=_UNEXPECTED,
        end=_IM,
    ),
    "thinking twice": _read(
        f"<think>\nHm.\n</think>\nYes.<think>No</think>{_IM}",
        *(("content", "Yes."), ("stray", "<think>"), ("content", "No"), ("stray", "</think>")),
        issues=f"{_UNEXPECTED} {_UNEXPECTED}",
        reasoning="Hm.",
        end=_IM,
    ),
    "ended within thinking": _read(
        f"<think>\nHm.{_IM}", issues=_UNEXPECTED, reasoning="Hm.", end=_IM
    ),
    "cut off within thinking": _read("<think>\nHm", issues="open_message", reasoning="Hm"),
    "cut off after thinking": _read(
        "<think>\nHm.\n</think>\n", issues="open_message", reasoning="Hm."
    ),
    "to think": _thought("Hm.\n</think>\nGood.", "Good.")._replace(thinking=True),
    "not to think": _thought("Good.", "Good.", reasoning="")._replace(thinking=False),
}
