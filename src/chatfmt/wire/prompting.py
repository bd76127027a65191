"""The ids of prompts, and of the bare ends that close what follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.conversation import Message
from chatfmt.line.language import Field, Group, Literal, Special
from chatfmt.wire.choosing import lines_at
from chatfmt.wire.kept import Kept
from chatfmt.wire.prompts import end_of_reasoning, opens_reasoning, prompt_pieces
from chatfmt.wire.runs import RunWriter
from chatfmt.wire.spell import Refused, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.line.format import ChatFormat
    from chatfmt.line.language import Piece
    from chatfmt.line.lines import Line
    from chatfmt.wire.frame import Key
    from chatfmt.wire.frames import Frames

__all__ = ["Prompter", "pieces_of_prompt"]


class Prompter:
    """Writes prompts, for the format of some frames."""

    def __init__(self, frames: Frames) -> None:
        self._frames, self._maker, self._format = frames, frames.maker, frames.format
        self._prompts: Kept[Key, list[int]] = Kept()

    def prompt(
        self,
        role: str,
        name: str | None = None,
        *,
        before: str | None = None,
        thinking: bool | None = None,
    ) -> list[int]:
        """The generation prompt: the ids before a model speaks in this role.

        ``before`` is the role of the message before it; None at the start.

        Raises:
            RenderError: the format has no such role, or no such prompt.
        """
        key = role, name, before if role in self._format.placed else None, thinking
        ids = self._prompts.known.get(key)
        if ids is None:
            ids = self._make_prompt(role, name, before, thinking=thinking)
            self._prompts.keep(key, ids, len(ids) + len(name or ""))
        return [*ids]

    def _make_prompt(
        self, role: str, name: str | None, before: str | None, *, thinking: bool | None
    ) -> list[int]:
        lines = lines_at(self._format, role, None, before)
        if role not in self._format.prompted:
            speaking = ", ".join(sorted(self._format.prompted))
            reason = f"expected a role in which the model is prompted ({speaking}), found {role}"
            raise self._maker.error(reason, None, "role")
        written = pieces_of_prompt(self._format, lines, thinking=thinking)
        if written is None:
            reason = f"a prompt of this format has no place for thinking={thinking}"
            raise self._maker.error(reason, None, "reasoning")
        if name is not None and "name" not in map(_held, written):
            reason = "a prompt of this format has no place for a name"
            raise self._maker.error(reason, None, "name")
        return self._write(written, Message(role=role, name=name, reasoning=""), None)

    def _write(self, pieces: Iterable[Piece], message: Message, index: int | None) -> list[int]:
        try:
            atoms = spell(pieces, message, self._format.role_spellings[message.role])
        except Refused as refused:
            raise self._maker.error(refused.reason, index, refused.field) from None
        writer = RunWriter(
            self._maker.binding, lambda text, field: self._maker.encode(text, index, field)
        )
        writer.write(atoms)
        writer.flush()
        return writer.ids

    def prefilled(
        self,
        role: str,
        name: str | None,
        prefill: str,
        *,
        index: int | None,
        before: str | None,
        thinking: bool | None,
    ) -> list[int]:
        """A prompt, and the rest of the message in the field that the prompt leaves open.

        Raises:
            RenderError: there is no such prompt.
        """
        if prefill and thinking is None and self._format.thinking is None:
            lines = lines_at(self._format, role, None, before)
            if not any(opens_reasoning(line.pieces) for line in lines):
                message = Message(role=role, name=name, content=prefill)
                return self._frames.opening(message, index, before)
            thinking = True  # the row's own prompt leaves its reasoning open
        ids = self.prompt(role, name, before=before, thinking=thinking)
        if not prefill:
            return ids
        if thinking or (thinking is None and self._format.thinking):
            return ids + self._maker.encode(prefill, index)
        lines = lines_at(self._format, role, None, before)
        line = next((one for one in lines if one.is_silent), None)
        if line is None:
            forms = (one for one in lines if prompt_pieces(one.pieces, thinking=False) is not None)
            line = next(forms, lines[0])
        reasoning = None if end_of_reasoning(line.pieces) is None else ""
        begun = Message(role=role, name=name, content=prefill, reasoning=reasoning)
        return self._frames.opening_of(line, begun, index)

    def closing(self, role: str) -> list[int]:
        """The bare end of a message: everything that must follow a content, and the tail."""
        lines = self._format.lines_of.get(role) or next(iter(self._format.lines_of.values()))
        ends = ((line, _after_content(line.pieces)) for line in lines)
        found = next((end for end in ends if end[1] is not None), None)
        line, after = found or (lines[0], lines[0].pieces[-1:])
        rest = [piece for piece in after or () if isinstance(piece, Literal | Special)]
        return self._write([*rest, Literal(line.tail)], Message(role=line.roles[0]), None)


def pieces_of_prompt(
    format: ChatFormat, lines: Sequence[Line], *, thinking: bool | None
) -> Sequence[Piece] | None:
    """The text of a prompt in the lines for a place; None if it has no such form.

    ``thinking`` is as for `ChatTokenizer.encode_prompt`.
    """
    own = format.thinking if thinking is None else thinking
    written = _first(lines, thinking=own)
    if written is None and thinking is None:  # these lines have no such form
        return _first(lines, thinking=None)
    return written


def _first(lines: Sequence[Line], *, thinking: bool | None) -> Sequence[Piece] | None:
    """The prompt of the first line that has one of this form."""
    silent = [line for line in lines if line.is_silent]
    if thinking is False and silent:
        return silent[0].prompt
    prompts = (
        line.prompt if thinking is None else prompt_pieces(line.pieces, thinking=thinking)
        for line in lines
        if not line.is_silent
    )
    return next((pieces for pieces in prompts if pieces is not None), None)


def _after_content(pieces: tuple[Piece, ...]) -> tuple[Piece, ...] | None:
    for at, piece in enumerate(pieces):
        if isinstance(piece, Group):
            if (inside := _after_content(piece.pieces)) is not None:
                return (*inside, *pieces[at + 1 :])
        elif _held(piece) == "content":
            return pieces[at + 1 :]
    return None


def _held(piece: Piece) -> str | None:
    """The field that has its place in this piece."""
    match piece:
        case Field(name, _) | Group(name, _):
            return name
        case _:
            return None
