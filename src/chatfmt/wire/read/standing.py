"""The place of a reader, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.wire.read.following import free_field
from chatfmt.wire.read.readings import write_reading
from chatfmt.wire.read.tell import Nobody
from chatfmt.wire.read.walk import is_whole
from chatfmt.wire.spanwriter import SpanWriter

if TYPE_CHECKING:
    from chatfmt.line.place import Place
    from chatfmt.wire.read.draft import Draft
    from chatfmt.wire.read.readings import Reading
    from chatfmt.wire.read.state import State
    from chatfmt.wire.read.steps import Steps

__all__ = ["Standing"]


class Standing:
    """The state of a reader, the message that it reads, and questions about both."""

    def __init__(self, steps: Steps, draft: Draft, state: State) -> None:
        self.steps = steps
        self.draft = draft
        self.state = state
        self.readings: list[Reading] | None = None
        """The text of each reading on which they differ, if there are several."""
        self.lost: State | None = None
        """The place at which the reader was lost: when text came that it could not place."""

    def places(self) -> list[Place]:
        """The place of each reading."""
        return [self.steps.machine.all[place] for place, _ in self.state.threads]

    @property
    def expects_text(self) -> bool:
        """Whether any text may come next."""
        return any(place.moves for place in self.places())

    @property
    def may_end(self) -> bool:
        """Whether the input may end here."""
        return bool(self._accepting())

    def accepting(self) -> int:
        """The reading with which the input may end."""
        return self._accepting()[0]

    def _accepting(self) -> list[int]:
        threads = enumerate(zip(self.places(), self.state.threads, strict=True))
        return [i for i, (place, (_, scan)) in threads if place.accepts and is_whole(place, scan)]

    @property
    def in_calls(self) -> bool:
        """Whether it is among the calls of a message."""
        return all(place.meaning.part == "calls" for place in self.places())

    @property
    def is_within_call(self) -> bool:
        """Whether a call has begun that is not complete."""
        place, scan = self.places()[0], self.state.threads[0][1]
        if place.ends_call:
            return False
        scanned = place.scanner is not None and is_whole(place, scan)
        is_value = place.meaning.field == "arg.value"  # others may follow, and the end of the call
        begun = self.draft.is_open and self.draft.calls.open is not None
        return begun and (is_value or not scanned)

    @property
    def in_literal(self) -> bool:
        """Whether only fixed text of the format may come next: in the prologue, or the tail."""
        return bool(self.missing)

    @property
    def literal_is_whole(self) -> bool:
        """Whether literal text is complete, so that something else may follow it."""
        machine = self.steps.machine
        return any(
            place.specials or any(not machine.all[move.target].letter for move in place.moves)
            for place in self.places()
        )

    def may_follow(self, spelling: str) -> bool:
        """Whether a special token may come next, perhaps after some text."""
        machine = self.steps.machine
        node = self.draft.node or machine.all[machine.between]
        return spelling in self.steps.following.closers(node)

    def likeliest(self) -> int:
        """Of several readings, the one that more text would confirm."""
        places = self.places()
        free = [i for i, p in enumerate(places) if p.is_free]
        accepts = [i for i, place in enumerate(places) if place.accepts]
        prompts = [i for i, place in enumerate(places) if self._ends_prompt(place)]
        return [*free, *accepts, *prompts, 0][0]

    def _ends_prompt(self, place: Place) -> bool:
        """Whether a prompt may end here, and the model continue."""
        targets = (move.target for move in place.moves)
        is_next = any(self.steps.machine.all[target].meaning.generated for target in targets)
        return is_next and not place.meaning.generated

    def likely_draft(self) -> tuple[Draft, Place]:
        """The draft as it would be if the input continued with text, and its place."""
        thread = self.likeliest()
        place, draft = self.places()[thread], self.draft
        if self.readings is not None or place.held:
            draft = draft.copy(SpanWriter([], 0), [*draft.messages], [], Nobody())
            if self.readings is not None:
                write_reading(draft, self.readings[thread])
            if place.held and place.meaning.field:
                draft.add_text(place, place.held)
        return draft, place

    def field_at(self, place: Place) -> str | None:
        """The free-text field that is open at a place, or may begin there."""
        return None if self.lost is not None else free_field(self.steps.machine, place)

    @property
    def missing(self) -> list[str | bytes]:
        """The rest of the prologue or of a tail; see `StreamParser.missing`."""
        if self.draft.is_open or self.lost is not None or len(self.state.threads) > 1:
            return []
        missing = self.steps.machine.missing(self.state.threads[0][0])
        if missing and isinstance(missing[0], bytes):
            missing[0] = missing[0].removeprefix(self.state.pending)
        return missing
