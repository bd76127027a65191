"""``chatfmt stats``: count rows and tokens of data sets, and show their lengths."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from chatfmt.commands._conversations import Lost, conversations_of
from chatfmt.commands._data import FILES, add_policies, for_each_row
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, turns_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from chatfmt.adapters import Reading
    from chatfmt.commands import Subparsers
    from chatfmt.transcript import Transcript

__all__ = ["Statistics", "add", "run"]

_PERCENTILES = (50, 90, 95, 99)
_BAR = 40


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "stats",
        help="count rows, messages, tokens by role and trained tokens of data sets",
        description="Count rows, messages, tokens by role and trained tokens of data sets, and "
        "show the distribution of lengths.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_turns(parser)
    add_policies(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("files", metavar="FILE", nargs="+", help=FILES)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the combined statistics of all files."""
    tok = tokenizer(args)
    ready = turns_of(tok, args, Lost(tok, args))
    found = Statistics()

    def work(reading: Reading) -> None:
        # All of a row is encoded first, so that a bad one counts for nothing.
        chats = [chat for item in reading.items for chat in conversations_of(item)]
        for transcript in [tok.render(one) for chat in chats for one in ready(chat)]:
            found.add(transcript)

    for file in args.files:
        rows, bad = for_each_row(file, args, work)
        found.rows += rows
        found.bad += bad
    if args.json:
        print_json({"format": tok.format.name, **found.to_dict()})
    else:
        _print(tok.format.name, found)
    return 1 if found.bad else 0


class Statistics:
    """The counts. Memory grows only with the number of different lengths."""

    def __init__(self) -> None:
        self.rows = self.bad = self.trained = 0
        self.messages: Counter[str] = Counter()
        """By role."""
        self.tokens: Counter[str] = Counter()
        """Tokens by role, frames included; the prologue belongs to no role."""
        self.lengths: Counter[int] = Counter()
        """Number of conversations by length in tokens."""

    def add(self, transcript: Transcript) -> None:
        """Count a conversation."""
        messages = transcript.conversation.messages
        self.messages.update(message.role for message in messages)
        for span in transcript.spans:
            if span.message is not None:
                self.tokens[messages[span.message].role] += span.stop - span.start
        self.trained += sum(weight > 0 for weight in transcript.weights())
        self.lengths[len(transcript.ids)] += 1

    def percentile(self, percent: int) -> int:
        """The smallest length that this percentage of the conversations does not exceed."""
        passed = 0
        for length, count in sorted(self.lengths.items()):
            passed += count
            if passed * 100 >= percent * self.lengths.total():
                return length
        raise ValueError("there are no conversations")

    def histogram(self) -> list[tuple[int, int, int]]:
        """The shortest length, longest length and number of conversations of each bin, in order.

        Each bin except those of 0 and 1 reaches to twice the length of the one before.
        """
        bins: Counter[int] = Counter()
        for length, count in self.lengths.items():
            bins[1 << (length - 1).bit_length() if length else 0] += count
        found = []
        last = min(bins, default=0)
        while last <= max(bins, default=-1):
            found.append((last // 2 + 1 if last else 0, last, bins[last]))
            last = 2 * last or 1
        return found

    def to_dict(self) -> dict[str, Any]:
        """All counts, as a JSON object."""
        conversations = self.lengths.total()
        tokens = sum(length * count for length, count in self.lengths.items())
        lengths = conversations and {
            "shortest": min(self.lengths),
            **{f"p{percent}": self.percentile(percent) for percent in _PERCENTILES},
            "longest": max(self.lengths),
            "mean": tokens / conversations,
        }
        return {
            "rows": self.rows,
            "bad_rows": self.bad,
            "conversations": conversations,
            "messages": self.messages.total(),
            "messages_by_role": dict(sorted(self.messages.items())),
            "tokens": tokens,
            "tokens_by_role": dict(sorted(self.tokens.items())),
            "trained_tokens": self.trained,
            "length": lengths or None,
            "histogram": [
                {"from": first, "to": last, "conversations": count}
                for first, last, count in self.histogram()
            ],
        }


# ---- in the terminal


def _print(format: str, found: Statistics) -> None:
    """Print in colour if standard output is a terminal and rich is installed."""
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        for label, rest in _lines(format, found):
            sys.stdout.write(f"{label}{rest}".rstrip() + "\n")
        return
    console = Console(file=sys.stdout, highlight=False)
    for label, rest in _lines(format, found):
        console.print(Text.assemble((label, "cyan"), rest.rstrip()), soft_wrap=True)


def _lines(format: str, found: Statistics) -> Iterator[tuple[str, str]]:
    """The label and the rest of each line."""
    every = found.to_dict()
    share = every["trained_tokens"] / (every["tokens"] or 1)
    yield f"{'format':<16}", f"{format:>14}"
    yield f"{'rows':<16}", f"{every['rows']:>14,}  {every['bad_rows']:,} of them bad"
    yield f"{'conversations':<16}", f"{every['conversations']:>14,}"
    yield f"{'messages':<16}", f"{every['messages']:>14,}"
    yield f"{'tokens':<16}", f"{every['tokens']:>14,}"
    yield f"{'trained tokens':<16}", f"{every['trained_tokens']:>14,}  {share:.1%} of them"
    if not every["conversations"]:
        return
    yield "", ""
    yield f"{'role':<16}{'messages':>14}{'tokens':>14}", ""
    for role, messages in every["messages_by_role"].items():
        yield f"{role:<16}", f"{messages:>14,}{every['tokens_by_role'].get(role, 0):>14,}"
    yield "", ""
    yield f"{'length':<16}{'tokens':>14}", ""
    for name, length in every["length"].items():
        yield f"{name:<16}", f"{round(length):>14,}"
    yield "", ""
    yield f"{'up to':<16}{'conversations':>14}", ""
    most = max(count for _, _, count in found.histogram())
    for _, last, count in found.histogram():
        yield f"{last:<16,}", f"{count:>14,}  {'█' * -(-count * _BAR // most)}"
