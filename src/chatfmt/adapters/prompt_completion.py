"""Prompt and completion: two texts, or two lists of OpenAI messages.

Source: Ouyang et al., "Training language models to follow instructions with human feedback"
(https://arxiv.org/abs/2203.02155), section 3: demonstrations are pairs of a prompt and a labeler's
text; https://huggingface.co/docs/trl/dataset_formats for the form with lists. The labelers'
guideline can be given as the system message: ``Options(system=...)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.openai import read_messages
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import refuse_empty
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]


def _read(row: Field, options: Options) -> list[Item]:
    prompt, completion = row.need("prompt"), row.need("completion")
    as_lists = isinstance(prompt.value, list)
    if as_lists is not isinstance(completion.value, list):
        raise completion.expected("a list, like the prompt" if as_lists else "text")
    read = _read_lists if as_lists else _read_texts
    return [whole(row, read(prompt, completion, options), "prompt", "completion")]


def _read_texts(prompt: Field, completion: Field, options: Options) -> tuple[Message, ...]:
    refuse_empty(prompt, options)
    refuse_empty(completion, options)
    return (
        prompt.message(role="user", content=prompt.value),
        completion.message(role="assistant", content=completion.value),
    )


def _read_lists(prompt: Field, completion: Field, options: Options) -> tuple[Message, ...]:
    before = read_messages(prompt, options)
    after = read_messages(completion, options, after=before)
    if after[0].role != "assistant":
        raise completion.items()[0].error(
            f"expected a completion that begins with the assistant, found {after[0].role}"
        )
    return before + after


SCHEMA = Schema(
    source="https://arxiv.org/abs/2203.02155",
    marks=(("prompt", "completion"),),
    read=_read,
)
