r"""The table of formats, one row each with its source.

To add a format that fits the language, add a row; nothing else changes.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cache
from heapq import nlargest
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from chatfmt.errors import UnknownFormatError, shown
from chatfmt.line.format import ChatFormat
from chatfmt.line.rows import (
    bytedance,
    chatml,
    cohere,
    deepseek,
    google,
    ibm,
    inclusion,
    internlm,
    keys,
    lg,
    meetkai,
    meta,
    microsoft,
    minimax,
    mistral,
    moonshot,
    muse,
    openai,
    others,
    parameters,
    plain,
    qwen,
    servicenow,
    swiss,
    tencent,
    upstage,
    zhipu,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FORMAT_ROWS", "get_format", "nearest"]

FORMAT_ROWS: dict[str, dict[str, Any]] = {
    **plain.ROWS,
    **openai.ROWS,
    **qwen.ROWS,
    **google.ROWS,
    **meta.ROWS,
    **meetkai.ROWS,
    **microsoft.ROWS,
    **ibm.ROWS,
    **cohere.ROWS,
    **chatml.ROWS,
    **others.ROWS,
    **internlm.ROWS,
    **mistral.ROWS,
    **moonshot.ROWS,
    **upstage.ROWS,
    **inclusion.ROWS,
    **swiss.ROWS,
    **deepseek.ROWS,
    **zhipu.ROWS,
    **lg.ROWS,
    **parameters.ROWS,
    **bytedance.ROWS,
    **minimax.ROWS,
    **keys.ROWS,
    **tencent.ROWS,
    **servicenow.ROWS,
    **muse.ROWS,
}
"""Name of the format to the arguments of `ChatFormat`."""


@cache
def get_format(name: str) -> ChatFormat:
    """The format with this name, compiled at the first call.

    >>> get_format("gpt-4o").template
    '<|im_start|>{role}[ name={name}]<|im_sep|>{^}{content}<|im_end|>'

    Raises:
        UnknownFormatError: there is no such format; the message names the nearest names.
        TypeError: the name is not a text.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected the name of a format, found {shown(name)}")
    if name not in FORMAT_ROWS:
        raise UnknownFormatError(
            f"unknown format {shown(name)}; of the {len(FORMAT_ROWS)} in chatfmt.FORMAT_ROWS the "
            f"nearest are {', '.join(nearest(name, FORMAT_ROWS))}. For your own layout make a "
            "ChatFormat"
        )
    return ChatFormat(name=name, **FORMAT_ROWS[name])


def nearest(name: str, table: Iterable[str]) -> list[str]:
    """The three names in a table that are most like this one; a common beginning counts twice.

    Upper and lower case are equal here, and the owner of a repository may be left out.

    >>> nearest("qwen3-8b", ["gpt-4", "llama-3", "phi-4", "Qwen/Qwen3-8B"])[0]
    'Qwen/Qwen3-8B'
    """
    asked = name[:100].casefold()
    matcher = SequenceMatcher(b=asked)

    def likeness(known: str) -> float:
        matcher.set_seq1(known)
        pairs = zip(known, asked, strict=False)
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return matcher.ratio() + same / max(len(known), len(asked))

    def best(known: str) -> float:
        spelled = known.casefold()
        return max(likeness(spelled), likeness(spelled.rpartition("/")[2]))

    return nlargest(3, table, key=best)
