"""Alpaca rows: ``instruction``, ``input``, ``output``, with ``system`` and ``history``.

Source: https://github.com/tatsu-lab/stanford_alpaca (alpaca_data.json: an empty ``input`` means
none); https://github.com/hiyouga/LLaMA-Factory, data/README.md, for ``system`` and ``history``,
whose answers are also trained.
"""

from __future__ import annotations

from functools import partial

from chatfmt.adapters.kinds.flat import Flat, read_flat
from chatfmt.adapters.schema import Schema

__all__ = ["SCHEMA"]

_ALPACA = Flat(
    "https://github.com/tatsu-lab/stanford_alpaca",
    "instruction",
    "output",
    context="input",
    history="history",
)

SCHEMA = Schema(
    source=_ALPACA.source,
    marks=((_ALPACA.question, _ALPACA.answer),),
    read=partial(read_flat, _ALPACA),
)
