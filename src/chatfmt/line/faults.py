"""The kinds of faults of published chat templates that a row does not copy.

A row names each kind of fault that its template has, with a sentence that describes it. When the
row is compared with the template, no other difference is excused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import FormatError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FAULT_KINDS", "check_faults"]

FAULT_KINDS: dict[str, str] = {
    "start": "the text before the user's first message is different",
    "calls": "from the first call on, calls or their results are spelled differently",
    "dropped_calls": "calls are left out silently; the row writes or refuses them",
    "dropped_text": "the text of a message that has calls is left out",
    "split_text": "a text that contains </think> is split there",
    "own_tokens": "words that the template adds spell special tokens, and become them",
    "reasoning": "reasoning is where none belongs, or is missing where it belongs",
    "empty": "something that belongs to a message without text is left out",
    "end": "the end of the last answer is left out",
    "prompt": "the text after the last message is not the beginning of an answer",
}
"""The kinds of faults, and how a template that has one differs from the row."""


def check_faults(faults: Mapping[str, str], where: str) -> None:
    """Check that each fault is of one of the kinds.

    >>> check_faults({"typo": "it says teh"}, "format x")
    Traceback (most recent call last):
        ...
    chatfmt.errors.FormatError: format x: faults has the kind 'typo'; there are start, calls, \
dropped_calls, dropped_text, split_text, own_tokens, reasoning, empty, end, prompt

    Raises:
        FormatError: a fault is of another kind.
    """
    for kind in faults:
        if kind not in FAULT_KINDS:
            known = ", ".join(FAULT_KINDS)
            raise FormatError(f"{where}: faults has the kind {shown(kind)}; there are {known}")
