"""Show where two sequences of ids differ, and why, such as those of a trainer and a server."""

from __future__ import annotations

from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

from chatfmt.errors import named
from chatfmt.tools.because import because
from chatfmt.tools.side import Side, readable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.prepare.prepared import Prepared
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.spans import Part

__all__ = ["Cause", "Difference", "explain"]

_QUOTED = 40  # characters
_PLACES = {"stray": "ids that have no place in the format"}


class Cause(StrEnum):
    """The known reasons why two sequences of ids differ. The set is closed.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> ids = tok.encode([{"role": "user", "content": "hello"}])
    >>> tok.explain(ids, [*ids[:3], *tok.encoding.encode_ordinary(" hello"), *ids[4:]]).cause
    <Cause.WHITE_SPACE: 'white_space'>
    """

    PROLOGUE = "prologue"
    """One side has the prologue more often than the other, or lacks it."""
    TOKENIZATION = "tokenization"
    """The same text up to the next special token, but in other tokens."""
    SPELLED = "spelled"
    """A special token on one side, text that spells it on the other."""
    DROPPED_MESSAGE = "dropped_message"
    """One side lacks messages that the other has; the rest is the same."""
    PREPARATION = "preparation"
    """One side is a prepared conversation, the other is not. Reported only if
    `ChatTokenizer.explain` is given the prepared conversation."""
    WHITE_SPACE = "white_space"
    """Text that differs only in white space, up to the next special token."""


class Difference(NamedTuple):
    """The first difference of two sequences of ids; ``str()`` describes it.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> difference = tok.explain([200264, 1428], [200264, 173781])
    >>> difference.position, difference.tokens_a, difference.tokens_b
    (1, ("'user'",), ("'assistant'",))
    """

    position: int
    """Index of the first id that differs; the length of the shorter one, if it is a prefix."""
    message: int | None
    """Index of the message it is in, or None outside of any."""
    part: Part | None
    """The part of the format it is in, as in `Span`; None if there is none."""
    text_a: str
    """The text of the first sequence there, up to and including the next special token."""
    text_b: str
    """The same of the second."""
    cause: Cause | None
    """The cause; None if it is unknown."""
    reason: str
    """The explanation, and how to fix it."""
    tokens_a: tuple[str, ...]
    """The first ids from ``position``, each as text; at most eight."""
    tokens_b: tuple[str, ...]

    def __str__(self) -> str:
        place = "" if self.part is None else f", in {_PLACES.get(self.part, f'the {self.part}')}"
        place += "" if self.message is None else f" of message {self.message}"
        return (
            f"the ids differ from index {self.position} on{place}: {self.reason}\n"
            f"  a: {' '.join(self.tokens_a) or '(nothing more)'}\n"
            f"  b: {' '.join(self.tokens_b) or '(nothing more)'}"
        )


def explain(
    binding: Binding,
    prologue: Sequence[int],
    ids_a: Sequence[int],
    ids_b: Sequence[int],
    prepared: Prepared | None = None,
) -> Difference | None:
    """The first difference, or None; see `ChatTokenizer.explain`."""
    a, b = Side("a", binding, ids_a, prologue), Side("b", binding, ids_b, prologue)
    position = _common(a.ids, b.ids)
    if position == len(a.ids) == len(b.ids):
        return None
    cause, reason = _cause(a, b, position)
    if prepared is not None and cause in (None, Cause.DROPPED_MESSAGE, Cause.WHITE_SPACE):
        made = binding.format.on_wire(prepared).messages
        done = because(prepared.changes, made, a.messages, b.messages)
        cause, reason = (cause, reason) if done is None else (Cause.PREPARATION, done)
    message, part = _place(a, b, position)
    if cause is Cause.PROLOGUE:
        message, part = None, "prologue"
    return Difference(
        position,
        message,
        part,
        a.text_from(position),
        b.text_from(position),
        cause,
        reason,
        a.shown(position),
        b.shown(position),
    )


def _place(a: Side, b: Side, position: int) -> tuple[int | None, Part | None]:
    """Message and part; those of the text, where the other side has a special token."""
    sides = sorted((a, b), key=lambda side: side.run(position) == b"")
    spans = filter(None, (side.span_at(position) for side in sides))
    span = next(spans, None)
    return (span.message, span.part) if span else (None, None)


def _cause(a: Side, b: Side, position: int) -> tuple[Cause | None, str]:
    # Differing tokens may contain earlier text, so the whole run of text is compared.
    start = position
    while start > 0 and not a.is_special(a.ids[start - 1]):
        start -= 1
    run_a, run_b = a.run(start), b.run(start)
    behind_a, behind_b = a.special_behind(start), b.special_behind(start)
    for one, other, run, behind, text in (
        (a, b, run_a, behind_a, run_b),
        (b, a, run_b, behind_b, run_a),
    ):
        if behind and text.startswith(run + behind):
            return Cause.SPELLED, (
                f"{named(behind.decode())} is a special token in {one.name}, and text that "
                f"spells it in {other.name}; {other.name} has encoded structure as text, or "
                f"{one.name} has let text become structure"
            )
    if a.prologues != b.prologues:
        return Cause.PROLOGUE, _prologue(a, b)
    if run_a == run_b and behind_a == behind_b:
        return Cause.TOKENIZATION, (
            "the same text in other tokens; one side encoded again text that already had ids, or "
            "encoded it in other pieces"
        )
    for longer, shorter in ((a, b), (b, a)):
        missing = _missing(longer.messages, shorter.messages)
        if missing is not None and longer.text_without(missing) == shorter.text_without(range(0)):
            return Cause.DROPPED_MESSAGE, _dropped(longer, shorter, missing)
    if run_a != run_b and behind_a == behind_b and _bare(run_a) == _bare(run_b):
        return Cause.WHITE_SPACE, (
            f"the text differs only in white space: {_apart(readable(run_a), readable(run_b))}; a "
            "template that trims, or a newline after an end token, is the usual reason"
        )
    return None, _what(a, b, position)


def _what(a: Side, b: Side, position: int) -> str:
    """The explanation if the cause is unknown."""
    longer, shorter = (a, b) if len(a.ids) > len(b.ids) else (b, a)
    more = len(longer.ids) - len(shorter.ids)
    if position == len(shorter.ids):
        return f"{shorter.name} ends here and {longer.name} goes on"
    for index, (one, other) in enumerate(zip(a.messages, b.messages, strict=False)):
        here, there = _texts(one), _texts(other)
        for field in {**here, **there}:
            if here.get(field) != there.get(field):
                found = _apart(here.get(field), there.get(field))
                return f"the {field} of message {index} is {found}"
    if more and longer.ids[position + more :] == shorter.ids[position:]:
        return f"only {longer.name} has ids here; the rest is the same"
    return "the ids there differ"


def _texts(message: Message) -> dict[str, str | None]:
    """The fields of a message, with each field of each call separate."""
    texts: dict[str, str | None] = {
        field: value for field, value in message if isinstance(value, str)
    }
    for number, call in enumerate(message.tool_calls):
        texts |= {f"{field} of call {number}": value for field, value in call}
    return texts


def _prologue(a: Side, b: Side) -> str:
    often, seldom = (a, b) if a.prologues > b.prologues else (b, a)
    if seldom.prologues == 0:
        return (
            f"the prologue is missing in {seldom.name} and present in {often.name}; write it once, "
            "or leave it out of both"
        )
    return (
        f"the prologue is {often.prologues} times in {often.name}, "
        f"{seldom.prologues} {'times' if seldom.prologues > 1 else 'time'} in {seldom.name}; a "
        "tokenizer that adds it to ids that already have it is the usual reason"
    )


def _missing(longer: Sequence[Message], shorter: Sequence[Message]) -> range | None:
    """The messages that only one side has, if there is no other difference."""
    count = len(longer) - len(shorter)
    first = _common(longer, shorter)
    if count <= 0 or list(longer[first + count :]) != list(shorter[first:]):
        return None
    return range(first, first + count)


def _dropped(longer: Side, shorter: Side, missing: range) -> str:
    first = longer.messages[missing[0]]
    told = f"{named(first.role)}: {_short(first.content)!r}"
    if len(missing) == 1:
        which = f"message {missing[0]} of {longer.name} ({told}) is"
    else:
        which = f"messages {missing[0]} to {missing[-1]} of {longer.name} (from {told} on) are"
    return f"{which} not in {shorter.name}; the rest is the same"


def _common(a: Sequence[object], b: Sequence[object]) -> int:
    """The number of equal items at the start."""
    pairs = zip(a, b, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _bare(run: bytes) -> str:
    return "".join(readable(run).split())


def _short(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


def _apart(a: str | None, b: str | None) -> str:
    """Show two values, from shortly before they differ."""
    same = _common(a or "", b or "")
    start = same - _QUOTED // 4 if same > _QUOTED // 2 else 0
    lead = "…" if start else ""
    a, b = (value and lead + _short(value[start:]) for value in (a, b))
    alike = normalize("NFC", a or "") == normalize("NFC", b or "")
    quoted = (
        ascii if alike else repr
    )  # the code points show a difference between characters that look the same
    return f"{quoted(a)} in a and {quoted(b)} in b"
