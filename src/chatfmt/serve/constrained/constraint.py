"""The tokens that a model may write next, so that everything it writes can be read.

A `Constraint` walks the machine of a format by characters, as the reader does. Fields whose faults
the machine alone cannot see have a check as well. All text that it allows can still be completed,
and a strict reader accepts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.line.place import FIRST_CALL
from chatfmt.serve.constrained.checks import Name, NewKey
from chatfmt.serve.constrained.reach import alive, begun_after
from chatfmt.serve.constrained.rules import Rules, Told
from chatfmt.serve.constrained.state import State, Thread
from chatfmt.wire.read.characters import decode
from chatfmt.wire.read.walk import is_whole

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from chatfmt.line.place import Move, Place
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["Constraint"]

_MOST_STATES = 20_000
_MOST_MASKS = 500  # each has a byte for every id


class Constraint:
    """The tokens that may be sampled for a role of a format.

    Under a constraint, every header, call and end is one that the format has. Content is free,
    except for texts that would be read as something else. No message of another role begins.

    Args:
        tok: format and vocabulary.
        role: who speaks.
        tools: the tools that may be called, as OpenAI's API defines them. An empty list allows no
            calls; the default allows calls to any tool.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-oss")
    >>> constraint = Constraint(tok)
    >>> state = constraint.start()
    >>> for token in tok.encoding.encode_ordinary(" to=functions.f"):
    ...     state = constraint.after(state, token)
    >>> [tok.encoding.special_tokens[t] for t in ("<|channel|>", "<|message|>")]
    [200005, 200008]
    >>> constraint.after(state, 200005) is None, constraint.after(state, 200008) is None
    (False, True)

    Raises:
        RenderError: the format has no such role.
        FormatError: tools are given, and the format does not say which messages are calls.
        DataError: a tool has no name, or one that no call can have.
    """

    def __init__(
        self,
        tok: ChatTokenizer,
        *,
        role: str = "assistant",
        tools: Iterable[Mapping[str, Any]] | None = None,
    ) -> None:
        self.tok = tok
        self.role = role
        self.binding = tok.stream(role).binding
        self.machine = tok.format.machine
        self._rules = Rules(tok.format, tools)
        self._states: dict[tuple[tuple[Thread, ...], bytes], State] = {}
        self._masked: list[State] = []
        self._alive = alive(tok.format, role, has_calls=self._rules.has_calls)
        self._begins = {place.index: begun_after(self.machine, place) for place in self.machine.all}

    def start(self, parser: StreamParser | None = None, *, thinking: bool | None = None) -> State:
        """Where the model begins.

        Args:
            parser: a parser that has read the prompt, such as one of `Transcript.stream`; by
                default one of `ChatTokenizer.stream`. A prefill must not end within a call.
            thinking: as in `ChatTokenizer.encode_prompt`, if there is no parser.

        Raises:
            ValueError: the parser reads another format, or stands in a call or in a message of
                another role.
        """
        if parser is None:
            parser = self.tok.stream(self.role, thinking=thinking)
        self._refuse_elsewhere(parser)
        state = parser._reader.state
        threads = []
        for place, scan in state.threads:
            if place not in self._alive:
                continue
            at = self.machine.all[place]
            is_open = at.border is None and at.meaning.part not in ("end", "tail", "prologue")
            threads.append(Thread(place, scan, Told(open=is_open)))
        if not threads:
            raise ValueError(f"expected a parser where {self.role} may speak, found {parser.open}")
        return self._state(tuple(threads), state.pending)

    def _refuse_elsewhere(self, parser: StreamParser) -> None:
        """Where a call was begun, what of it was checked is not known."""
        theirs, ours, opened = parser.binding.format, self.tok.format, parser.open
        if theirs != ours:
            raise ValueError(f"expected a parser of {ours.name}, found one of {theirs.name}")
        if opened is not None and (opened.part == "calls" or opened.recipient is not None):
            raise ValueError("expected a parser that is outside of calls, found one in a call")

    def after(self, state: State, token: int) -> State | None:
        """The state after a token; None if the token must not come."""
        spelling = self.binding.spellings.get(token)
        if spelling is not None:
            return self.special(state, spelling)
        try:
            data = self.binding.text[token]
        except KeyError:
            return None
        return self.text(state, data) if data else None

    def text(self, state: State, data: bytes) -> State | None:
        """After text, whose last character may be incomplete; None if it must not come."""
        characters, rest, _, invalid = decode(state.pending, data)
        if invalid or state.is_stopped:
            return None
        at: State | None = self._state(state.threads, b"")
        for character, _ in characters:
            at = at and self.character(at, character)
        if at is None or not rest:
            return at
        return self._state(at.threads, rest) if self.may_begin(at, rest) else None

    def may_begin(self, state: State, data: bytes) -> bool:
        """Whether a character that begins with these bytes may come."""
        begun = self.machine.characters.begun_by(data)
        return any(self.character(state, character) is not None for character in begun)

    def character(self, state: State, character: str) -> State | None:
        """After a character, if none is pending; None if it must not come."""
        try:
            return state.after[character]
        except KeyError:
            pass
        kind = self.machine.characters.kind(character)
        found: dict[Thread, None] = {}
        for thread in state.threads:
            place = self.machine.all[thread.place]
            if place.scanner is not None:
                scan = place.scanner.step(thread.scan, character)
                if scan is not None:
                    found.update(_one(self._goes_on(thread, place, scan, character)))
                if not place.scanner.complete(thread.scan):
                    continue
            for move in place.moves:
                if kind & move.characters and move.target in self._alive:
                    found.update(_one(self._moved(thread, place, move, character)))
        after = state.after[character] = self._state(tuple(found), b"") if found else None
        return after

    def special(self, state: State, spelling: str) -> State | None:
        """After a special token; None if it must not come."""
        if state.pending or state.is_stopped:
            return None
        stops = self.binding.ids.get(spelling) in self.binding.stops
        found: dict[Thread, None] = {}
        for thread in state.threads:
            place = self.machine.all[thread.place]
            targets = place.specials.get(spelling, ()) if is_whole(place, thread.scan) else ()
            told = self._over(thread, place, place.held, None) if targets else None
            if told is None:
                continue
            if stops:
                return self._state((), b"")
            for target in targets:
                at = self.machine.all[target]
                if target in self._alive and (not told.open or not _opens_message(at)):
                    is_open = told.at(at.meaning.opens)._replace(open=at.meaning.part != "end")
                    found[Thread(target, None, is_open)] = None
        return self._state(tuple(found), b"") if found else None

    # -- threads --------------------------------------------------------------------------------

    def _goes_on(self, thread: Thread, place: Place, scan: Hashable, text: str) -> Thread | None:
        """More text of the field at a place."""
        return _checked(thread._replace(place=place.index, scan=scan), text)

    def _moved(self, thread: Thread, place: Place, move: Move, character: str) -> Thread | None:
        target, text = self.machine.all[move.target], place.held + character
        if not move.enters or _is_same_word(place, target):
            return self._goes_on(thread, target, None, _without(text, len(target.held)))
        told = self._over(thread, place, _without(text, move.back + 1), target)
        if told is None or (told.open and _opens_message(target)):
            return None
        told = told.at(target.meaning.opens)
        scan = None
        if target.scanner is not None:
            scan = target.scanner.step(target.scanner.start(), character)
        check = self._rules.check(target, told)
        begun = Thread(target.index, scan, told, check, check and check.start())
        return _checked(begun, _without(character, len(target.held)))

    def _over(self, thread: Thread, place: Place, text: str, target: Place | None) -> Told | None:
        """The facts known once the current field ends with this text; None if it may not end.

        It may not end either if a field that needs some text would be passed over.
        """
        whole = _checked(thread, text)
        if whole is None:
            return None
        if whole.check is not None and not whole.check.complete(whole.checked):
            return None
        told = thread.told.after(place.meaning.field, str(whole.checked))
        for passed in self._begins.get(place.index, ()):
            check = self._rules.check(passed, told)
            is_entered = target is not None and target.meaning.field == passed.meaning.field
            if check is not None and not is_entered and not check.complete(check.start()):
                return None
        return told

    def blurred(self, state: State) -> State:
        """One state that stands for many in which the same tokens may come."""
        threads = tuple(map(_blurred, state.threads))
        return state if threads == state.threads else self._state(threads, state.pending)

    def _state(self, threads: tuple[Thread, ...], pending: bytes) -> State:
        key = threads, pending
        found = self._states.get(key)
        if found is None:
            if len(self._states) >= _MOST_STATES:
                self.forget()
            found = self._states[key] = State(threads, pending)
        return found

    def keep_mask(self, state: State, mask: bytes) -> bytes:
        """Remember which tokens may come in a state."""
        if len(self._masked) >= _MOST_MASKS:
            for known in [*self._masked]:
                known.mask = None
            self._masked.clear()
        self._masked.append(state)
        state.mask = mask
        return mask

    def forget(self) -> None:
        """Drop everything remembered of states; any of these states can still be continued."""
        for known in [*self._states.values()]:
            known.after, known.loops = {}, None
        self._states.clear()


def _one(thread: Thread | None) -> dict[Thread, None]:
    return {} if thread is None else {thread: None}


def _checked(thread: Thread, text: str) -> Thread | None:
    """After more text of its field; None if no valid text continues like that."""
    if thread.check is None:
        return thread
    checked = thread.checked
    for character in text:
        checked = thread.check.step(checked, character)
        if checked is None:
            return None
    return thread._replace(checked=checked)


def _blurred(thread: Thread) -> Thread:
    check, checked = thread.check, thread.checked
    if not isinstance(check, Name | NewKey):
        return thread
    return thread._replace(checked=check.blurred(checked))  # type: ignore[arg-type]


def _without(text: str, end: int) -> str:
    return text[: max(len(text) - end, 0)]


def _is_same_word(place: Place, target: Place) -> bool:
    """Whether two letters spell the same field with a fixed value."""
    field = place.meaning.field
    return bool(field and place.letter and target.letter and field == target.meaning.field)


def _opens_message(place: Place) -> bool:
    return place.meaning.opens in ("message", FIRST_CALL)
