"""What was measured, as rows: for the terminal, as JSON, and as docs/performance.md."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.timing import Pair

__all__ = ["Row", "Target", "markdown", "pooled", "terminal"]

_SCALES = {
    "µs a message": 1e6,
    "µs a row": 1e6,
    "ns a token": 1e9,
    "ns a message": 1e9,
    "ms": 1e3,
    "s": 1,
    "MB": 1,
}


class Target(NamedTuple):
    """What is wanted of the ratio of medians, or of the cost of chatfmt itself."""

    of: Literal["ratio", "chatfmt"]
    sign: Literal["≥", "≤"]
    bound: float

    def is_met(self, found: Mapping[str, float]) -> bool:
        """Whether the figures of that row are so."""
        figure = found[self.of]
        return figure >= self.bound if self.sign == "≥" else figure <= self.bound

    def __str__(self) -> str:
        return f"{self.of} {self.sign} {self.bound:g}"

    @classmethod
    def parse(cls, text: str) -> Target:
        """What `str` has written."""
        of, sign, bound = text.split()
        return cls(cast("Any", of), cast("Any", sign), float(bound))


class Row(NamedTuple):
    """One comparison. A ratio is the peer's cost by chatfmt's: above 1, chatfmt is ahead."""

    name: str
    on: str
    peer: str
    unit: str
    chatfmt: float
    theirs: float
    ratio: float
    """Of the medians."""
    ratio_of_minima: float
    rounds: int
    target: str = ""
    met: bool | None = None
    note: str = ""

    @classmethod
    def of(
        cls,
        name: str,
        on: str,
        peer: str,
        unit: str,
        pair: Pair,
        *,
        per: float = 1,
        target: Target | None = None,
        note: str = "",
    ) -> Row:
        """The row of a pair, whose figures are for ``per`` units together."""
        scale = _SCALES[unit] / per
        ours, theirs = (scale * statistics.median(figures) for figures in pair)
        found = {"chatfmt": _rounded(ours), "ratio": _rounded(theirs / ours)}
        return cls(
            name,
            on,
            peer,
            unit,
            found["chatfmt"],
            _rounded(theirs),
            found["ratio"],
            _rounded(min(pair.theirs) / min(pair.ours)),
            len(pair.ours),
            str(target or ""),
            target.is_met(found) if target else None,
            note,
        )


def pooled(rows: Sequence[Row]) -> Row:
    """One comparison in several processes, as one row: the medians of what they found.

    Where only some of them could be held to the target, it is those that count.
    """
    counted = [row for row in rows if row.target] or rows
    figures = ("chatfmt", "theirs", "ratio", "ratio_of_minima")
    found = {
        figure: _rounded(statistics.median(getattr(row, figure) for row in counted))
        for figure in figures
    }
    row = sorted(counted, key=lambda row: row.ratio)[len(counted) // 2]
    met = Target.parse(row.target).is_met(found) if row.target else None
    rounds = sum(row.rounds for row in counted)
    return Row(**{**row._asdict(), **found, "rounds": rounds, "met": met})


def _rounded(figure: float) -> float:
    return float(f"{figure:.3g}")


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


_HEADER = ("what", "on", "chatfmt", "peer", "takes", "", "ratio", "of minima", "wanted", "")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        row.on,
        _shown(row.chatfmt),
        row.peer + (f" ({row.note})" if row.note else ""),
        _shown(row.theirs),
        row.unit,
        _shown(row.ratio),
        _shown(row.ratio_of_minima),
        row.target,
        {True: "met", False: "not met", None: ""}[row.met],
    )


_WIDTHS = (20, 6, 9, 58, 9, 13, 8, 10, 16, 0)


def terminal(rows: Iterable[Row] | None = None) -> str:
    """Lines for the terminal; without rows the header."""
    lines = [_HEADER] if rows is None else [_cells(row) for row in rows]
    return "\n".join(
        " ".join(f"{cell:{width}}" for cell, width in zip(line, _WIDTHS, strict=True)).rstrip()
        for line in lines
    )


def markdown(results: Mapping[str, Any]) -> str:
    """The page docs/performance.md."""
    rows = [Row(**row) for row in results["rows"]]
    wanted = [row for row in rows if row.met is not None]
    missed = [row for row in wanted if not row.met]
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        _INTRODUCTION,
        f"Measured with Python {machine['python']} on {machine['system']} with",
        f"{machine['processors']} processors; {versions}.",
        f"Load of the machine before and after: {machine['load']}.",
        *_busy(machine),
        "",
        f"{len(wanted) - len(missed)} of {len(wanted)} targets are met; not met:",
        "",
    ]
    lines += [
        f"- {', '.join(filter(None, (row.name, row.on)))}, beside {row.peer}: {_verdict(row)}"
        for row in missed
    ]
    lines += ["", "| " + " | ".join(_HEADER) + " |", _ALIGNED]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    return "\n".join([*lines, ""])


def _busy(machine: Mapping[str, Any]) -> list[str]:
    """A warning if other programs ran at the same time."""
    loads = map(float, machine["load"].split(" and "))
    if max(loads) < 2 * machine["processors"]:
        return []
    return [
        "**The machine was busy with other work**, so rows with threads, with several workers or",
        "with short texts show less than it can do; measure them again before you rely on them.",
    ]


def _verdict(row: Row) -> str:
    found = row.ratio if row.target.startswith("ratio") else row.chatfmt
    return f"wanted {row.target}, found {_shown(found)}"


_ALIGNED = "| --- | --- | ---: | --- | ---: | --- | ---: | ---: | --- | --- |"

_INTRODUCTION = """\
# Performance

This page is written by `make bench`; the same figures are in `benchmarks/results.json`.

Every row compares two ways to do one thing. Four processes run one after another; in each of them
the two ways take turns (A, B, A, B, …), and the row shows the medians of the four. Where a row
says so, each run has a fresh process instead. The clock is the processor time of the process,
which other processes disturb least; for rows with threads and for fresh processes it is
wall-clock time. *chatfmt* and *takes* are medians. *ratio* is the peer's median divided by
chatfmt's, so above 1 chatfmt is ahead; *of minima* is the same for the fastest rounds. Ratios are
similar on other machines; times are not. Garbage collection is off while timing, except in fresh
processes and where a row says "gc on". Before timing, conversations are turned into the objects
that each side takes, and the ids of both sides are compared. A conversation that a peer refuses,
or gives other ids, is left out for both, and the row says how many are compared.

The rows that begin with *tokenize* come first, because they measure what you would do instead.
They turn a file of 20,000 conversations of about 450 ids each into Parquet, and compare chatfmt
with a script of 25 lines over tiktoken that checks nothing, with `datasets.map` and a chat
template that marks what is trained, and with mistral-common. There, the clock is the processor
time of all processes, from start to end, and each text is in the file once. If the extra `fast`
is installed, it is measured too. *Reading and writing alone* is the process that hands out rows
and writes what its workers give back, while the workers return at once, compared with the time to
encode those rows: it limits how many workers are of use.

The sets: *short* has about 17 tokens in a message and *long* about 1500, *code* is Python, and
*cjk* is Chinese characters; all are made from words of a varied vocabulary. *real* is
conversations of Open Assistant, ShareGPT and KdConv, and user-interface strings in 30 languages.

- *the raw loop* is tiktoken's `encode_ordinary`, message by message, over the contents alone:
  without headers, and without keeping a list.
- *one raw call* is tiktoken's `encode_to_numpy` over all contents as one text, again without
  headers; a batch also gives weights and offsets.
- *raw decode* is `encoding.decode` of the same ids, special tokens included.

In all of these, and in peers that use tiktoken, tiktoken has the split patterns of its own
`o200k_base` and `cl100k_base`. The encodings of chatfmt have equivalent patterns that tiktoken's
engine runs faster (`chatfmt/encodings/patterns.py`; tests check that the ids are the same). The
rows *raw loop of o200k_im* and *raw loop of cl100k_im* show the gain from this alone, and why
chatfmt can be faster than a loop that does less. On short texts, the place of an encoder's tables
in memory changes its time by a tenth. So chatfmt's tables are built first in two of the four
processes, and tiktoken's in the others; even so, these ratios vary by some hundredths from run to
run.
"""
