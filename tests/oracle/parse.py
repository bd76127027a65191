"""Ids to events, messages, spans and issues: one state machine, whole or token by token.

The machine is always in one of a few phases. Between messages, and in a header, it stands at a
`Node` of the format's tree and collects the text of a run until a special token closes it, or
until the header's expression is complete and a free-text field begins. In free text it decodes
bytes as they come. Everything else is what a malformed input needs.

In a strict parse each issue is raised as a `ParseError` (a straddling token excepted); in a
lenient one it is recorded, and the machine goes on like this:

- an end token always ends the message; what was read of it is kept;
- a special token that begins a message begins one, and the message before it is cut off;
- any other unexpected special token, and an id outside the vocabulary, is a stray id;
- a malformed header ends at the token that would have closed it. The message is kept if its role
  was known by then, without the fields of that run; otherwise all its ids are stray;
- invalid UTF-8 become U+FFFD.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from chatfmt.conversation import Message
from chatfmt.errors import Issue, IssueKind, ParseError
from chatfmt.wire.events import ContentDelta, HeaderField, MessageEnd, MessageStart
from oracle.grammar import GENERATION_START
from oracle.spanwriter import SpanWriter
from oracle.template import ALPHABETS, Literal
from oracle.utf8 import Utf8

if TYPE_CHECKING:
    from collections.abc import Sequence

    import regex

    from chatfmt.wire.events import Event
    from chatfmt.wire.spans import Span
    from oracle.binding import Binding
    from oracle.grammar import FreeRun, Node

__all__ = ["StreamParser"]

_new = tuple.__new__  # a named tuple's own constructor takes twice as long


class _Phase(Enum):
    LITERAL = auto()  # in the prologue or a tail: what comes is known
    HEADER = auto()  # at a node, in the text of a run
    FREE = auto()  # in a free-text field
    BROKEN = auto()  # in a malformed header of a message whose role is known
    SKIP = auto()  # in ids that belong to no message


class StreamParser:
    """The state machine. It appends to ``messages``, ``spans`` and ``issues``.

    Args:
        binding: format and encoding.
        strict: raise the first issue (straddling tokens excepted) instead of recording it.
        prologue: expect the format's prologue first.
        position: index of the first id that will be fed.
        goes_on: the role that has ended a message before and may go on with another.
        messages, spans, issues: lists to append to; new ones where left out.
    """

    # Set where a phase begins that has them:
    _phase: _Phase
    _expected: list[str | bytes]  # in LITERAL: the text and special tokens that must come next
    _tail: bytes  # the text behind an end token that has begun
    # the run of header text that is being read: its text, and where in it each id begins
    _node: Node
    _run: str
    _run_at: int
    _starts: list[tuple[int, int, bool]]
    # the message that is being read
    _in_message: bool
    _index: int
    _message_start: int
    _role: str | None
    _likely_role: str | None
    _reported_role: str | None
    _goes_on: str | None
    _continued: bool
    _fields: dict[str, str]
    _texts: dict[str, list[str]]
    _begun: bool
    # its free-text field
    _free: FreeRun | None
    _free_empty: bool
    _generated_before: bool
    _held: str
    _suffixes: list[str]
    # where text goes that needs no more thought: free text, nothing pending or held back
    _sink: list[str] | None
    _field: str

    def __init__(
        self,
        binding: Binding,
        *,
        strict: bool,
        prologue: bool = True,
        position: int = 0,
        goes_on: str | None = None,
        messages: list[Message] | None = None,
        spans: list[Span] | None = None,
        issues: list[Issue] | None = None,
    ) -> None:
        self.binding = binding
        self.strict = strict
        self.messages = [] if messages is None else messages
        self.spans = [] if spans is None else spans
        self.issues = [] if issues is None else issues
        self.position = position
        """Index of the next id."""
        self._format = binding.format
        self._table = binding.text
        self._whole = binding.whole
        self._roles = {wire: role for role, wire in self._format.role_spellings.items()}
        self._failure: ParseError | None = None
        self._events: list[Event] = []
        self._utf8 = Utf8()
        self._span = SpanWriter(self.spans, position)
        self._switch = self._span.switch
        self._tail = b""
        self._goes_on = goes_on
        self._sink = None
        self._between()
        if prologue and self._format.prologue_pieces:
            self._phase = _Phase.LITERAL
            self._span.part = "prologue"
            self._expected = [
                piece.text.encode() if isinstance(piece, Literal) else piece.tokens[0]
                for piece in self._format.prologue_pieces
            ]

    # -- what goes in ---------------------------------------------------------------------------

    def feed(self, token: int) -> list[Event]:
        """Take one id; the events that it brings about.

        Raises:
            ParseError: in a strict parse; the parser is then finished.
        """
        sink = self._sink
        if sink is not None:
            text = self._whole[token]
            if text:
                sink.append(text)
                self.position += 1
                return [_new(ContentDelta, (self._index, self._field, text))]
            self._sink = None
        self._take(token)
        self._find_sink()
        events = self._events
        if events:
            self._events = []
        return events

    # These two do without a call for each id, which would cost a third of the time more.

    def _find_sink(self) -> None:
        """From here on, until an id is no whole text, `feed` need not look at anything else."""
        free = self._free if self._phase is _Phase.FREE else None
        if free and not (self._suffixes or self._utf8.pending or self._free_empty):
            self._sink, self._field = self._texts[free.field], free.field

    def feed_all(self, ids: Sequence[int]) -> list[Event]:
        """Take any number of ids; the same as one after the other, but for the size of deltas."""
        if self._failure is not None:
            raise self._failure
        self._sink = None
        at, end = 0, len(ids)
        while at < end:
            if self._phase is _Phase.FREE:
                stop = self._free_run(ids, at)
                if stop > at:
                    at = stop
                    continue
            self._take(ids[at])
            at += 1
        self._span.write(self.position)
        events, self._events = self._events, []
        return events

    def _free_run(self, ids: Sequence[int], at: int) -> int:
        """Take the text from ``at`` to the next special token in one go; where it stopped."""
        table, stop, end = self._table, at, len(ids)
        chunks: list[bytes] = []
        try:
            while stop < end:
                chunks.append(table[ids[stop]])
                stop += 1
        except KeyError:
            pass
        if stop == at:
            return at
        try:
            text = (self._utf8.pending + b"".join(chunks)).decode()
        except UnicodeDecodeError:
            for token in ids[at:stop]:
                self._take(token)
            return stop
        self._utf8.pending = b""
        if self._free_empty:
            self._begin_free()
        self.position += stop - at
        self._emit(text)
        return stop

    def _take(self, token: int) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            data = self._table[token]
        except KeyError:
            if token in self.binding.spellings:
                self._special(token)
            else:
                self._unknown(token)
        else:
            self._text(data, token)
        self.position += 1

    # -- text -----------------------------------------------------------------------------------

    def _text(self, data: bytes, token: int) -> None:
        if self._phase is _Phase.FREE:
            if self._free_empty:
                self._begin_free()
            self._emit(self._decode(data))
        elif self._phase is _Phase.HEADER:
            self._header_text(data, token)
        elif self._phase is _Phase.LITERAL:
            expected = self._expected[0]
            if isinstance(expected, bytes) and expected.startswith(data):
                self._literal_is_there(expected[len(data) :])
            else:
                self._issue(IssueKind.UNEXPECTED_TEXT, self.binding.show(token))
                self._skip()

    def _decode(self, data: bytes) -> str:
        text, invalid = self._utf8.feed(data, self.position)
        for position in invalid:
            self._invalid(position)
        return text

    def _invalid(self, position: int) -> None:
        self._issue(IssueKind.INVALID_UTF8, "invalid bytes", "valid UTF-8", position)

    def _header_text(self, data: bytes, token: int) -> None:
        if not self._node.has_text:
            self._issue(IssueKind.UNEXPECTED_TEXT, self.binding.show(token))
            self._break()
            return
        if not self._in_message:
            self._begin()
        self._starts.append((self.position, len(self._run), bool(self._utf8.pending)))
        text = self._decode(data)
        if not text:
            return
        self._run += text
        alive = False
        likely: str | None = None
        for free in self._node.free:
            match = free.pattern.match(self._run, partial=True)
            if match and not match.partial:
                self._enter_free(free, match)
                return
            alive = alive or match is not None
            likely = likely or self._role_so_far(match)
        for runs in self._node.plain.values():
            for run in runs:
                match = run.pattern.fullmatch(self._run, partial=True)
                alive = alive or match is not None
                likely = likely or self._role_so_far(match)
        if alive:
            self._likely_role = likely
        else:
            self._issue(IssueKind.MALFORMED_HEADER, repr(self._run))
            self._break()

    def _role_so_far(self, match: regex.Match[str] | None) -> str | None:
        """The role in a header that has begun to match; an issue where it is complete, unknown."""
        if match is None or "role" not in match.re.groupindex or match["role"] is None:
            return None
        if match["role"] not in self._roles and match.end("role") < len(self._run):
            self._unknown_role(match["role"])
        return self._roles.get(match["role"])

    def _unknown_role(self, spelling: str) -> None:
        if spelling != self._reported_role:
            self._reported_role = spelling
            known = ", ".join(self._roles)
            self._issue(IssueKind.UNKNOWN_ROLE, repr(spelling), f"one of the roles {known}")

    # -- special tokens, and ids that do not exist ----------------------------------------------

    def _cut_character(self) -> None:
        """What is no text has come: a character that has begun will not be completed."""
        if self._utf8.pending:
            self._invalid(self._utf8.begun_at)
            text = self._utf8.flush()
            if self._phase is _Phase.FREE:
                self._emit(text)
            else:
                self._run += text

    def _special(self, token: int) -> None:
        spelling = self.binding.spellings[token]
        self._cut_character()
        if self._phase is _Phase.LITERAL:
            if self._expected[0] == spelling:
                self._literal_is_there(b"")
                return
            self._unexpected_special(token)
            self._skip()
        if self._phase is _Phase.SKIP:
            if self._is_end(spelling):
                self._between(self.position + 1)
            if not self._begins(spelling):
                return
            self._between()
        if self._phase is _Phase.HEADER:
            self._header_special(spelling, token)
        elif self._phase is _Phase.FREE:
            self._free_special(spelling, token)
        else:
            self._broken_special(spelling, token)

    def _header_special(self, spelling: str, token: int) -> None:
        node = self._node
        for run in node.plain.get(spelling, ()):
            match = run.pattern.fullmatch(self._run)
            if match:
                self._close_run(match, run.behind, token)
                return
        for free in node.free:
            match = free.pattern.fullmatch(self._run) if spelling in free.closers else None
            if match:
                self._enter_free(free, match)
                self._free_special(spelling, token)
                return
        if spelling in node.plain and self._in_message:
            self._issue(IssueKind.MALFORMED_HEADER, f"{self._run!r} and then {spelling}")
        else:
            self._unexpected_special(token)
        self._break()
        if self._phase is _Phase.BROKEN:
            self._broken_special(spelling, token, reported=True)
        elif self._is_end(spelling):
            self._between(self.position + 1)
        elif self._begins(spelling):
            self._between()
            self._header_special(spelling, token)

    def _free_special(self, spelling: str, token: int) -> None:
        free = self._free
        assert free is not None
        closer = free.closers.get(spelling)
        if closer is not None:
            suffix, behind = closer
            if self._held.endswith(suffix):
                self._held = self._held.removesuffix(suffix)
            else:
                self._issue(
                    IssueKind.UNEXPECTED_SPECIAL, self.binding.show(token), f"{suffix!r} before it"
                )
            self._release()
            self._go_behind(behind, token)
            return
        if self._free_empty:
            for run in self._node.plain.get(spelling, ()):
                match = run.pattern.fullmatch(self._run)
                if match:
                    del self._texts[free.field]
                    self._close_run(match, run.behind, token)
                    return
        self._unexpected_special(token)
        if self._is_end(spelling):
            self._release()
            self._end(token, "")
        elif self._begins(spelling):
            self._cut_off()
            self._between()
            self._header_special(spelling, token)
        else:
            self._stray()

    def _broken_special(self, spelling: str, token: int, *, reported: bool = False) -> None:
        behind = self._after(spelling)
        if behind is not None:
            self._go_behind(behind, token)
            return
        if not reported:
            self._unexpected_special(token)
        if self._is_end(spelling):
            self._end(token, "")
        elif self._begins(spelling):
            self._cut_off()
            self._between()
            self._header_special(spelling, token)

    def _unknown(self, token: int) -> None:
        self._cut_character()
        self._issue(IssueKind.OUT_OF_VOCABULARY, self.binding.show(token), "an id of the encoding")
        if self._phase is _Phase.FREE:
            self._stray()
        elif self._phase is _Phase.HEADER:
            self._break()
        elif self._phase is _Phase.LITERAL:
            self._skip()

    def _after(self, spelling: str) -> Node | None:
        """The node behind a token that may close something here, whatever stands before it."""
        for run in self._node.plain.get(spelling, ()):
            return run.behind
        for free in self._node.free:
            if spelling in free.closers:
                return free.closers[spelling][1]
        return None

    def _begins(self, spelling: str) -> bool:
        """Whether a message may begin with this token."""
        runs = self._format.tree.plain.get(spelling, ())
        return any(run.pattern.fullmatch("") for run in runs)

    def _is_end(self, spelling: str) -> bool:
        return any(spelling in self._format.ends_of(role) for role in self._format.templates)

    # -- from one state to the next -------------------------------------------------------------

    def _between(self, position: int | None = None) -> None:
        """Stand between two messages, ``position`` being the next id's."""
        at = self.position if position is None else position
        self._in_message = False
        self._phase = _Phase.HEADER
        self._stand_at(self._format.tree, at)
        self._switch(at, None, "stray", generated=False)

    def _begin(self) -> None:
        """The first id of a message."""
        self._in_message = True
        self._index = len(self.messages)
        self._message_start = self.position
        self._role = self._likely_role = self._reported_role = None
        self._fields, self._texts = {}, {}
        self._begun = self._continued = False
        self._switch(self.position, self._index, "header", generated=False)

    def _stand_at(self, node: Node, position: int) -> None:
        self._node, self._run, self._starts, self._free = node, "", [], None
        self._run_at = position

    def _literal_is_there(self, rest: bytes) -> None:
        if rest:
            self._expected[0] = rest
            return
        del self._expected[0]
        if not self._expected:
            self._between(self.position + 1)

    def _close_run(self, match: regex.Match[str], behind: Node, token: int) -> None:
        """A special token closes a run of header text."""
        if not self._in_message:
            self._begin()
        if self._free is not None:  # it turned out to be empty, and this to be more of the header
            generated = self._generated_before or self._continued
            self._switch(self.position, self._index, "header", generated=generated)
        self._read_fields(match)
        self._go_behind(behind, token)

    def _go_behind(self, behind: Node, token: int) -> None:
        if self._role is None and behind.role is not None:
            self._set_role(behind.role)
        if behind.tail is not None:
            self._end(token, behind.tail)
            return
        self._phase = _Phase.HEADER
        self._switch(self.position, self._index, "header", generated=self._span.generated)
        self._stand_at(behind, self.position + 1)
        for free in behind.free:
            match = free.pattern.fullmatch("")
            if match:
                self._enter_free(free, match, self.position + 1)

    def _enter_free(self, free: FreeRun, match: regex.Match[str], at: int | None = None) -> None:
        """A free-text field begins behind the header text that ``match`` has found."""
        if not self._in_message:
            self._begin()
        if self._role is None and self._node.role is not None:
            self._set_role(self._node.role)
        self._generated_before = self._span.generated
        self._read_fields(match)
        at = self._position_of(match.end()) if at is None else at
        self._switch(at, self._index, free.field, generated=True)  # type: ignore[arg-type]
        self._phase = _Phase.FREE
        self._free, self._held, self._free_empty = free, "", True
        self._suffixes = [suffix for suffix, _ in free.closers.values() if suffix]
        self._texts[free.field] = []
        rest, self._run = self._run[match.end() :], self._run[: match.end()]
        if rest or self._utf8.pending:
            self._begin_free()
            self._emit(rest)

    def _begin_free(self) -> None:
        """There is text in the field, so nothing else can stand here."""
        self._free_empty = False
        self._begun = True
        if self._role is None and self._free and self._free.role is not None:
            self._set_role(self._free.role)

    def _read_fields(self, match: regex.Match[str]) -> None:
        """Take the fields from a complete run, and mark where the model begins to write."""
        found = match.groupdict()
        if found.get("role") is not None and self._role is None:
            if found["role"] not in self._roles:
                self._unknown_role(found["role"])
            self._set_role(self._roles.get(found["role"], found["role"]))
        for name in ALPHABETS:
            value = found.get(name)
            if value is not None and name != "role" and name not in self._fields:
                self._fields[name] = value
                if self._role is not None:
                    self._events.append(HeaderField(self._index, name, value))
        if GENERATION_START in found:
            at = self._position_of(match.start(GENERATION_START))
            self._switch(at, self._index, "header", generated=True)

    def _set_role(self, role: str) -> None:
        self._role = role
        self._events.append(MessageStart(self._index, role))
        for name, value in self._fields.items():  # those that stand before it
            self._events.append(HeaderField(self._index, name, value))
        if role == self._goes_on:  # the model wrote this header from its first id
            self._continued = True
            self._span.generate(self._message_start)

    def _position_of(self, offset: int) -> int:
        """Position of the first id that begins at ``offset`` of the run's text, or behind it."""
        before: int | None = None
        for position, start, within in self._starts:
            if start >= offset:
                if before is not None and (start > offset or within):
                    self._straddles(before)
                return position
            before = position
        if before is None:
            return self._run_at
        if len(self._run) > offset or self._utf8.pending:
            self._straddles(before)
        return before + 1

    def _end(self, token: int, tail: str) -> None:
        """The end token of the message."""
        self._switch(self.position, self._index, "end", generated=self._span.generated)
        spelling = self.binding.spellings[token]
        goes_on = self._role if self._format.ends.get(spelling) == "continue" else None
        if self._role is None:
            self._skip()
            self._between(self.position + 1)
        else:
            self._finish(token)
            self._between(self.position + 1)
            if tail:
                self._phase = _Phase.LITERAL
                self._tail = tail.encode()
                self._expected = [self._tail]
                self._switch(self.position + 1, self._index, "tail", generated=False)
        self._goes_on = goes_on

    def _cut_off(self) -> None:
        """The message is over without its end token."""
        if self._role is None:
            self._skip()
        else:
            self._release()
            self._finish(None)
        self._goes_on = None

    def _finish(self, token: int | None) -> None:
        message = self._read_so_far()
        self.messages.append(message)
        self._events.append(MessageEnd(self._index, message, token))
        self._in_message = False

    def _read_so_far(self) -> Message:
        fields = {name: "".join(chunks) for name, chunks in self._texts.items()}
        return Message.model_validate({"role": self._role, **self._fields, **fields})

    def _break(self) -> None:
        """The header is malformed from this id on."""
        if not self._in_message:
            self._skip()
            return
        if self._role is None and self._likely_role is not None:
            self._set_role(self._likely_role)
        if self._role is None:
            self._skip()
        else:
            self._phase = _Phase.BROKEN
            self._utf8.flush()
            self._switch(self.position, self._index, "stray", generated=False)

    def _skip(self) -> None:
        """The ids from the beginning of the message (or from this one) on belong to none."""
        start = self._message_start if self._in_message else self.position
        self._in_message = False
        self._phase = _Phase.SKIP
        self._utf8.flush()
        self._switch(start, None, "stray", generated=False)

    def _stray(self) -> None:
        """This one id, in free text, belongs nowhere."""
        part = self._span.part
        self._switch(self.position, self._index, "stray", generated=False)
        self._switch(self.position + 1, self._index, part, generated=True)

    # -- what comes out -------------------------------------------------------------------------

    def _emit(self, text: str) -> None:
        """Text of the free field; what may be literal text before its end is held back."""
        free = self._free
        assert free is not None
        if self._suffixes:
            text = self._held + text
            keep = max(_overlap(text, suffix) for suffix in self._suffixes)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        if text:
            self._texts[free.field].append(text)
            self._events.append(ContentDelta(self._index, free.field, text))  # type: ignore[arg-type]

    def _release(self) -> None:
        """What was held back is text after all."""
        if self._free is not None and self._held:
            self._texts[self._free.field].append(self._held)
            self._events.append(ContentDelta(self._index, self._free.field, self._held))  # type: ignore[arg-type]
            self._held = ""

    def close(self) -> list[Event]:
        """The input ends here; in a strict parse not within a message."""
        self._sink = None
        if self._failure is not None:
            raise self._failure
        if self._in_message or (self._phase is _Phase.LITERAL and self._expected != [self._tail]):
            self._issue(IssueKind.OPEN_MESSAGE, "the end of the input")
        if self._utf8.pending:
            self._invalid(self._utf8.begun_at)
            text = self._utf8.flush()
            if self._phase is _Phase.FREE:
                self._emit(text)
        if self._in_message and self._role is not None:
            self._cut_off()
            if not self._begun:
                self.messages.pop()
        self._span.write(self.position)
        events, self._events = self._events, []
        return events

    # -- what is wrong --------------------------------------------------------------------------

    def _issue(
        self, kind: IssueKind, found: str, expected: str | None = None, position: int | None = None
    ) -> None:
        at = self.position if position is None else position
        expected = self._what_may_follow() if expected is None else expected
        issue = Issue(kind, at, self._where(), expected, found)
        if self.strict and kind is not IssueKind.STRADDLING_TOKEN:
            self._failure = ParseError(issue)
            raise self._failure
        self.issues.append(issue)

    def _unexpected_special(self, token: int) -> None:
        self._issue(IssueKind.UNEXPECTED_SPECIAL, self.binding.show(token))

    def _straddles(self, position: int) -> None:
        last = self.issues[-1] if self.issues else None
        if last and (last.kind, last.position) == (IssueKind.STRADDLING_TOKEN, position):
            return  # the same token, where two parts begin at one place
        self._issue(
            IssueKind.STRADDLING_TOKEN,
            "one that continues into the next",
            "a token that ends with its part",
            position,
        )

    def _where(self) -> str:
        if self._phase is _Phase.LITERAL and self._span.part == "tail":
            return f"the tail of message {self._index}"
        if self._phase is _Phase.LITERAL:
            return "the prologue"
        if self._phase is _Phase.FREE and self._free:
            return f"the {self._free.field} of message {self._index}"
        if self._in_message:
            return f"the header of message {self._index}"
        return "between messages"

    def _what_may_follow(self) -> str:
        if self._phase is _Phase.LITERAL:
            expected = self._expected[0]
            if isinstance(expected, str):
                return expected
            return repr(expected.decode(errors="backslashreplace"))
        tokens: list[str] = []
        text = False
        if self._free is not None:
            tokens += self._free.closers
            text = True
        if self._free is None or self._free_empty:
            tokens += self._node.plain
            text = text or self._node.has_text
            tokens += (token for free in self._node.free for token in free.closers)
        one_of = " or ".join(dict.fromkeys(tokens))
        if self._free is not None:
            return f"text or {one_of}"
        return f"header text and then {one_of}" if text else one_of


def _overlap(text: str, suffix: str) -> int:
    """How many characters at the end of ``text`` could be the beginning of ``suffix``."""
    return next(n for n in range(len(suffix), -1, -1) if text.endswith(suffix[:n]))
