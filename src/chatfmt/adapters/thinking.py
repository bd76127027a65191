"""Find reasoning between tags in the text of an answer, and split it off.

Sources: ``<think>``: https://huggingface.co/deepseek-ai/DeepSeek-R1, where the template opens the
tag in the prompt, so that some data begin after it; ``<thinking>``: Anthropic's guide to prompts;
``[THINK]``: https://huggingface.co/mistralai/Magistral-Small-2507; ``<|begin_of_thought|>``:
https://huggingface.co/datasets/bespokelabs/Bespoke-Stratos-17k, where the answer has tags as well.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Inline", "find_inline"]


class _Tags(NamedTuple):
    begin: str
    end: str
    answer: tuple[str, str] | None = None
    """The tags around the answer after the reasoning, if any."""


_TAGS = (
    _Tags("<think>", "</think>"),
    _Tags("<thinking>", "</thinking>"),
    _Tags("<thought>", "</thought>"),
    _Tags("[THINK]", "[/THINK]"),
    _Tags(
        "<|begin_of_thought|>",
        "<|end_of_thought|>",
        ("<|begin_of_solution|>", "<|end_of_solution|>"),
    ),
)


class Inline(NamedTuple):
    """The reasoning in a text, and the rest of the text."""

    tag: str
    """The tag that begins it, or the tag that ends it if it has no beginning."""
    reasoning: str
    content: str | None
    """None: the reasoning has no end."""


def find_inline(text: str) -> Inline | None:
    r"""The reasoning at the beginning of a text; None if there is none.

    Line ends next to the tags belong to neither the reasoning nor the answer.

    >>> find_inline("<think>\n2 and 2\n</think>\n\n4")
    Inline(tag='<think>', reasoning='2 and 2', content='4')
    >>> find_inline("2 and 2</think>4").reasoning
    '2 and 2'
    """
    start = text.lstrip()
    for tags in _TAGS:
        begins = start.startswith(tags.begin)
        if not begins and (tags.end not in text or tags.begin in text):
            continue
        before, found, after = start.removeprefix(tags.begin).partition(tags.end)
        content = _answer(after.lstrip("\n"), tags) if found else None
        return Inline(tags.begin if begins else tags.end, before.strip("\n"), content)
    return None


def _answer(text: str, tags: _Tags) -> str:
    if tags.answer is None:
        return text
    begin, end = tags.answer
    inner = text.strip()
    if not inner.startswith(begin) or not inner.endswith(end):
        return text
    return inner.removeprefix(begin).removesuffix(end).strip("\n")
