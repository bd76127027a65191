"""The text of a line as ids: text is encoded in runs, and each id belongs to a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from chatfmt.errors import RenderError
from chatfmt.line.language import GenerationStart, Literal, Special
from chatfmt.wire.spell import Cut, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatfmt.wire.binding import Binding
    from chatfmt.wire.spans import Part
    from chatfmt.wire.spell import Atom

__all__ = ["Mark", "RunWriter", "Text", "begun_before"]

Mark: TypeAlias = "tuple[int, int, Part, bool]"
"""Start, stop, part and generated of a span; positions count from 0 where the ids begin."""


class Text(NamedTuple):
    """Text that waits to be encoded, and its part."""

    text: str
    field: str
    part: Part
    generated: bool


def begun_before(binding: Binding, ids: Iterable[int], border: int) -> int:
    """How many of these text ids begin before this many bytes."""
    count = offset = 0
    for token in ids:
        if offset >= border:
            break
        offset += len(binding.text[token])
        count += 1
    return count


def _begun_before(binding: Binding, ids: list[int], before: int, after: int) -> int:
    """`begun_before`, from the nearer end, if the number of bytes after the border is known."""
    if before <= after:
        return begun_before(binding, ids, before)
    at, left = len(ids), after
    while at and (left := left - len(binding.text[ids[at - 1]])) >= 0:
        at -= 1
    return at


class RunWriter:
    """Ids, and the marks of their spans, as a line is written.

    A run of text ends at a special token and, if ``cuts``, where the model begins to write.
    Within a run an id may contain the end of one part and the beginning of the next: it counts to
    the part in which it begins.
    """

    def __init__(
        self,
        binding: Binding,
        encode: Callable[[str, str], list[int]],
        part: Part = "header",
        *,
        generated: bool = False,
        cuts: bool = True,
    ) -> None:
        self._binding = binding
        self._encode = encode
        self._part: Part = part
        self._cuts = cuts
        self._run: list[Text] = []
        self.generated = generated
        self.ids: list[int] = []
        self.marks: list[Mark] = []

    def write(self, atoms: Iterable[Atom | Literal]) -> None:
        """Write some atoms; the last text may wait for `flush`."""
        for atom in atoms:
            match atom:
                case Written(text, field):
                    if text:
                        self._run.append(Text(text, field or "", self._part, self.generated))
                case Literal(text):
                    self._run.append(Text(text, "", self._part, self.generated))
                case Special(tokens):
                    self.flush()
                    self.ids.append(self._binding.ids[tokens[0]])
                    self._mark(len(self.ids), self._part, generated=self.generated)
                case GenerationStart() | Cut():
                    if self._cuts:
                        self.flush()
                    self.generated = self.generated or isinstance(atom, GenerationStart)
                case _:
                    self._part = atom

    def flush(self) -> None:
        """Encode the waiting run of text."""
        if not self._run:
            return
        run, self._run = self._run, []
        start = len(self.ids)
        try:
            field = next((text.field for text in reversed(run) if text.field), "")
            self.ids += self._encode("".join(text.text for text in run), field)
        except RenderError:
            for text in run:  # to find the field and the place
                self._encode(text.text, text.field)
            raise
        if all(text[2:] == run[0][2:] for text in run):
            self._mark(len(self.ids), run[0].part, generated=run[0].generated)
            return
        sizes = [len(text.text.encode()) for text in run]
        before, after, ids = 0, sum(sizes), self.ids[start:]
        for text, size in zip(run, sizes, strict=True):
            before, after = before + size, after - size
            at = start + _begun_before(self._binding, ids, before, after)
            self._mark(at, text.part, generated=text.generated)

    def take(self, ids: list[int], marks: Iterable[Mark]) -> None:
        """Add ids and their marks."""
        start = len(self.ids)
        self.ids += ids
        for _, stop, part, generated in marks:
            self._mark(start + stop, part, generated=generated)

    def encode(self, run: Iterable[Text]) -> None:
        """Encode a run of text."""
        self._run += [text for text in run if text.text]
        self.flush()

    def _mark(self, stop: int, part: Part, *, generated: bool) -> None:
        """Mark everything up to ``stop`` that has no mark yet as this part."""
        start = self.marks[-1][1] if self.marks else 0
        if stop == start:
            return
        kind = (part, generated)
        if self.marks and self.marks[-1][2:] == kind:
            start = self.marks.pop()[0]
        self.marks.append((start, stop, *kind))
