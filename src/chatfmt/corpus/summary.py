"""The results for the rows, by source and by reason."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import pc

if TYPE_CHECKING:
    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["Summary", "counted"]

_REASONS = 200  # kinds of reasons to distinguish, so that memory does not grow
_OTHER = "other reasons"


@dataclass
class Summary:
    """Counts: rows = output + rejected + filtered, in total and for each source.

    >>> summary = Summary(rows=3, output=2, rejected=1)
    >>> summary.to_dict()["output"]
    2
    """

    rows: int = 0
    """Rows that were read; a file that breaks off counts as one more row, which is rejected."""
    output: int = 0
    """Rows that gave examples."""
    rejected: int = 0
    filtered: int = 0
    """Rows left out as the mixture asks."""
    examples: int = 0
    tokens: int = 0
    trained_tokens: int = 0
    """Ids with a label; for preferences, the ids of both answers."""
    sources: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same counts for each source."""
    reasons: dict[str, int] = field(default_factory=dict)
    """How many rows were refused for each reason; N and … replace what differs from row to row."""
    special_text: int | None = None
    """Rows that were used although their text spells a special token; None if not asked for."""
    shards: int = 0
    packs: int | None = None
    fill_rate: float | None = None
    """For packs: the ids of examples divided by the ids that the packs have room for."""

    def add(self, other: Summary) -> None:
        """Add the counts of another summary; reasons beyond some hundreds become one.

        >>> summary = Summary(rows=1, output=1)
        >>> summary.add(Summary(rows=2, rejected=2, reasons={"no row": 2}))
        >>> summary.rows, summary.reasons
        (3, {'no row': 2})
        """
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for source, counts in other.sources.items():
            mine = self.sources.setdefault(source, dict.fromkeys(counts, 0))
            for name, number in counts.items():
                mine[name] += number
        for reason, count in other.reasons.items():
            known = reason in self.reasons or len(self.reasons) < _REASONS
            kind = reason if known else _OTHER
            self.reasons[kind] = self.reasons.get(kind, 0) + count
        if other.special_text is not None:
            self.special_text = (self.special_text or 0) + other.special_text

    def to_dict(self) -> dict[str, Any]:
        """The counts as JSON values, with the most frequent reasons first."""
        counts = {name: value for name, value in asdict(self).items() if value is not None}
        reasons = sorted(self.reasons.items(), key=lambda reason: (-reason[1], reason[0]))
        return {**counts, "reasons": dict(reasons)}


_COUNTED = ("rows", "output", "rejected", "filtered", "examples", "tokens", "trained_tokens")
"""The counts of each source, and in total."""


def counted(batch: RecordBatch, examples: RecordBatch, rejects: RecordBatch) -> Summary:
    """The summary of a batch of raw rows.

    >>> import chatfmt
    >>> from chatfmt.adapters import Source
    >>> from chatfmt.corpus import EncodeOptions, RawRow, batches, encode_records
    >>> source = Source(name="sums", paths=["sums.jsonl"])
    >>> options = EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=(source,))
    >>> [batch] = batches([RawRow("sums", "sums.jsonl", 1, b"{}")])
    >>> counted(batch, *encode_records(batch, options)).rejected
    1
    """
    found = Summary(reasons=dict(Counter(map(_kind, rejects["reason"].to_pylist()))))
    if "special_text" in examples.schema.names:
        spelled = pc.and_(pc.equal(examples["part"], 0), pc.not_equal(examples["special_text"], ""))
        found.special_text = pc.sum(spelled, min_count=0).as_py()
    rows = Counter(batch["source"].to_pylist())
    refused = Counter(rejects["source"].to_pylist())
    for source, count in rows.items():
        theirs = examples
        if len(rows) > 1:
            theirs = examples.filter(pc.equal(examples["source"], source))
        output = pc.sum(pc.equal(theirs["part"], 0), min_count=0).as_py()
        left_out = count - output - refused[source]
        numbers = count, output, refused[source], left_out, theirs.num_rows, *_tokens(theirs)
        found.sources[source] = dict(zip(_COUNTED, numbers, strict=True))
        for name, number in found.sources[source].items():
            setattr(found, name, getattr(found, name) + number)
    return found


# A number that is not part of a name such as gpt-4o, o200k_im or phi-3.5.
_NUMBER = re.compile(
    r"(?<![\w.-])-?(?:0x[0-9a-fA-F]+|\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w-]|\.\w)"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


def _kind(reason: str) -> str:
    r"""A reason without the parts that differ from row to row.

    >>> _kind("messages[3].role: expected text, found the number 7")
    'messages[N].role: expected text, found the number N'
    >>> _kind("unknown role 'cook' (format gpt-4o)")
    "unknown role '…' (format gpt-4o)"
    """
    return _NUMBER.sub("N", _QUOTED.sub("'…'", reason))[:200]


def _tokens(examples: RecordBatch) -> tuple[int, int]:
    """The number of ids, and of trained ids."""
    if examples.num_rows == 0:
        return 0, 0
    counts = {
        name: len(examples[name].flatten())
        for name in examples.schema.names
        if name.endswith("_ids")
    }
    if "input_ids" not in counts:
        return sum(counts.values()), counts.get("chosen_ids", 0) + counts.get("rejected_ids", 0)
    labels = examples["labels"].flatten()
    return counts["input_ids"], pc.sum(pc.not_equal(labels, -100)).as_py()
