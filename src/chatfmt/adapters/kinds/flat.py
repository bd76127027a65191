"""Rows with a question and an answer in separate members, which are listed here as data.

Sources: OpenOrca: https://huggingface.co/datasets/Open-Orca/OpenOrca; Dolly:
https://huggingface.co/datasets/databricks/databricks-dolly-15k; ms-swift: its page "Custom dataset"
(query, response, history, rejected_response); GSM8K: https://huggingface.co/datasets/openai/gsm8k;
NeMo: its page "Dataset formats" (input, output).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from chatfmt.adapters.schema import Item, Preference, Schema
from chatfmt.adapters.turns import refuse_empty
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMAS", "Flat", "read_flat"]


class Flat(NamedTuple):
    """The meaning of a row's members."""

    source: str
    question: str
    answer: str
    context: str | None = None
    """The context of the question, before it or after it."""
    history: str | None = None
    """Pairs of earlier turns."""
    rejected: str | None = None
    """The rejected answer."""
    context_first: bool = False


def read_flat(flat: Flat, row: Field, options: Options) -> list[Item]:
    """The conversation of a row; two answers are a preference."""
    messages: list[Message] = []
    history = None if flat.history is None else row.get(flat.history)
    if history is not None and history.value != []:
        for pair in history.items():
            messages += _read_pair(pair, options)
    question, answer = row.need(flat.question), row.need(flat.answer)
    messages.append(question.message(role="user", content=_request(flat, row, options)))
    members = (flat.question, flat.answer, flat.context, flat.history, flat.rejected)
    used = [name for name in members if name is not None]
    rejected = None if flat.rejected is None else row.get(flat.rejected)
    if rejected is None:
        messages.append(_message("assistant", answer, options))
        return [whole(row, messages, *used)]
    prompt = whole(row, messages, *used)
    chosen, other = (_message("assistant", reply, options) for reply in (answer, rejected))
    if chosen == other:
        raise rejected.error("expected two different replies, found the same twice")
    bare = prompt.model_copy(update={"metadata": {}})
    return [Preference(prompt=bare, chosen=(chosen,), rejected=(other,), metadata=prompt.metadata)]


def _request(flat: Flat, row: Field, options: Options) -> str:
    question = row.need(flat.question)
    further = None if flat.context is None else row.get(flat.context)
    refuse_empty(question, options)
    parts = [question.text(), "" if further is None else further.text()]
    if not parts[1]:
        return parts[0]
    return options.input_separator.join(parts[::-1] if flat.context_first else parts)


_PAIR = 2


def _read_pair(pair: Field, options: Options) -> list[Message]:
    if not isinstance(pair.value, list) or len(pair.value) != _PAIR:
        raise pair.expected("a list of two texts: the user's, and the answer")
    user, answer = pair.items()
    return [_message("user", user, options), _message("assistant", answer, options)]


def _message(role: str, field: Field, options: Options) -> Message:
    refuse_empty(field, options)
    return field.message(role=role, content=field.value)


_FLAT = {
    "swift": Flat(
        "https://github.com/modelscope/ms-swift/blob/main/docs/source_en/Customization/"
        "Custom-dataset.md",
        "query",
        "response",
        history="history",
        rejected="rejected_response",
    ),
    "dolly": Flat(
        "https://huggingface.co/datasets/databricks/databricks-dolly-15k",
        "instruction",
        "response",
        context="context",
    ),
    "openorca": Flat(
        "https://huggingface.co/datasets/Open-Orca/OpenOrca", "question", "response"
    ),
    "question-answer": Flat(
        "https://huggingface.co/datasets/openai/gsm8k", "question", "answer", context="context",
        context_first=True,
    ),
    "nemo": Flat(
        "https://docs.nvidia.com/nemo-framework/user-guide/latest/sft_peft/index.html",
        "input",
        "output",
    ),
}  # fmt: skip


SCHEMAS = {
    name: Schema(
        source=flat.source,
        marks=((flat.question, flat.answer),),
        read=partial(read_flat, flat),
    )
    for name, flat in _FLAT.items()
}
