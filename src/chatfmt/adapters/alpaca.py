"""Alpaca rows: ``instruction``, ``input``, ``output``, with ``system`` and ``history``.

Source: https://github.com/tatsu-lab/stanford_alpaca (alpaca_data.json: an empty ``input`` means
that there is none); https://github.com/hiyouga/LLaMA-Factory, data/README.md, for ``system`` and
``history``, whose answers are trained, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.turns import refuse_empty
from chatfmt.adapters.whole import whole

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_USED = ("instruction", "input", "output", "history")
_PAIR = 2


def _read(row: Field, options: Options) -> list[Item]:
    messages = []
    history = row.get("history")
    if history is not None and history.value != []:
        for pair in history.items():
            messages += _read_pair(pair, options)
    instruction, output = row.need("instruction"), row.need("output")
    messages.append(instruction.message(role="user", content=_request(row, options)))
    messages.append(_message("assistant", output, options))
    return [whole(row, messages, *_USED)]


def _request(row: Field, options: Options) -> str:
    instruction, further = row.need("instruction"), row.get("input")
    refuse_empty(instruction, options)
    parts = [instruction.text(), "" if further is None else further.text()]
    return options.input_separator.join(parts if parts[1] else parts[:1])


def _read_pair(pair: Field, options: Options) -> list[Message]:
    if not isinstance(pair.value, list) or len(pair.value) != _PAIR:
        raise pair.expected("a list of 2: what the user said, and the answer")
    user, answer = pair.items()
    return [_message("user", user, options), _message("assistant", answer, options)]


def _message(role: str, field: Field, options: Options) -> Message:
    refuse_empty(field, options)
    return field.message(role=role, content=field.value)


SCHEMA = Schema(
    source="https://github.com/tatsu-lab/stanford_alpaca",
    marks=(("instruction", "output"),),
    read=_read,
)
