"""Conversation to ids and spans: the pieces of the format line, written from left to right."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import regex

from chatfmt.conversation import Message
from chatfmt.encodings.guard import LONGEST_RUN, find_endless_run
from chatfmt.errors import RenderError, shown
from chatfmt.line.language import Field, GenerationStart, Group, Literal, Special
from chatfmt.wire.kept import Kept
from chatfmt.wire.refuse import find_misread
from chatfmt.wire.spans import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from chatfmt.line.language import Piece
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.spans import Part

__all__ = ["FRAME_FIELDS", "Frame", "Renderer"]

_OPTIONAL = ("name", "recipient", "channel", "content_type", "reasoning", "tools")
FRAME_FIELDS = ("role", *_OPTIONAL, "tool_calls")
"""What decides a message's frame."""

_NO_PLACE = (
    "the format has no place for {}; leave them out or write them another way, such as "
    "`chatfmt.conversation.harmony.split_for_harmony` does"
)

Mark: TypeAlias = "tuple[int, int, Part, bool]"
"""Start, stop, part and generated of a span; positions count from 0 where the ids begin."""


class Frame(NamedTuple):
    """What stands around the content; the marks tile the ids."""

    head: list[int]
    head_marks: list[Mark]
    suffix: str
    """Literal text behind the content, encoded as one with it."""
    close: list[int]
    close_marks: list[Mark]


_Around: TypeAlias = "tuple[list[int], str, list[int]]"
"""Head, suffix and close of a frame: a plain tuple is taken apart in a third of the time."""

_Key: TypeAlias = "tuple[Any, ...]"
_key: Callable[[Mapping[str, Any]], _Key] = itemgetter(*FRAME_FIELDS)
"""Those fields out of a message's ``__dict__``, which is faster than six attributes."""


def _size(key: _Key, frame: Frame) -> int:
    """How many ids and characters a frame and its key are."""
    return len(frame.head) + len(frame.close) + sum(len(field) for field in key if field)


class Renderer:
    """Writes messages of one format in one encoding."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.format = binding.format
        writer = _Writer(binding.ids, binding.encoding.encode_ordinary, "prologue")
        writer.write(self.format.prologue_pieces, {})
        writer.flush()
        self.prologue = writer.ids
        """The ids that stand once at the start."""
        self.prologue_spans = [
            Span(start, stop, None, part, generated)
            for start, stop, part, generated in writer.marks
        ]
        self._frames: Kept[_Key, Frame] = Kept()
        self._continued_frames: Kept[_Key, Frame] = Kept()
        self._around: Kept[_Key, _Around] = Kept()
        self._words = {role: self.format.machine.words_of(role) for role in self.format.templates}
        """What the fields of a role never hold: where there are such, each text is checked."""
        self.continues = [*self.format.ends.values()][:1] == ["continue"]
        """Whether the end token that is written lets the model go on with another message."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Renderer, (self.binding,)

    def extend(self, ids: list[int], messages: Iterable[Message]) -> None:
        """Append the ids of ``messages`` to ``ids``.

        Raises:
            RenderError: the format cannot carry one of them.
        """
        known, encode, longest = (
            self._around.known,
            self.binding.encoding.encode_ordinary,
            LONGEST_RUN,
        )
        for index, message in enumerate(messages):
            fields = message.__dict__
            try:
                around = known[_key(fields)]
            except KeyError:  # what is raised in here would seem to come of this error
                around = None
            head, suffix, close = around or self._look_up(message, index)
            text = fields["content"] + suffix
            ids += head
            try:
                ids += encode(text) if len(text) <= longest else self.encode(text, index)
            except UnicodeEncodeError:
                self.encode(text, index)  # raises what says where
            ids += close

    def _look_up(self, message: Message, index: int) -> _Around:
        frame = self.frame(message, index)
        around = frame.head, frame.suffix, frame.close
        if self._is_kept(message):
            key = _key(message.__dict__)
            self._around.keep(key, around, _size(key, frame))
        return around

    def extend_with_spans(
        self,
        ids: list[int],
        spans: list[Span],
        messages: Sequence[Message],
        *,
        first: int = 0,
        continues: str | None = None,
        offset: int = 0,
    ) -> None:
        """Like `extend`, and append the spans.

        ``continues`` is the role that has ended a message and may go on with another, if there
        is one; ``offset`` is added to all positions.
        """
        # tuple.__new__ makes a named tuple in half the time of its class
        add, new = spans.append, tuple.__new__
        frames = self.frames(messages, first, continues)
        for index, (message, frame) in enumerate(zip(messages, frames, strict=True), first):
            head, head_marks, suffix, close, close_marks = frame
            start = offset + len(ids)
            for begin, end, part, generated in head_marks:
                add(new(Span, (start + begin, start + end, index, part, generated, False)))
            ids += head
            ids += self.encode(message.content + suffix, index)
            start += len(head)
            stop = offset + len(ids)
            if stop > start:
                add(new(Span, (start, stop, index, "content", True, False)))
            elif head_marks and head_marks[-1][2:] == close_marks[0][2:]:  # nothing between them
                spans[-1] = spans[-1]._replace(stop=stop + close_marks[0][1])
                close_marks = close_marks[1:]
            for begin, end, part, generated in close_marks:
                add(new(Span, (stop + begin, stop + end, index, part, generated, False)))
            ids += close

    def count_messages(self, messages: Iterable[Message]) -> list[int]:
        """How many ids each message has, frame included."""
        counts: list[int] = []
        for index, message in enumerate(messages):
            frame = self.frame(message, index)
            content = self.encode(message.content + frame.suffix, index)
            counts.append(len(frame.head) + len(content) + len(frame.close))
        return counts

    def prompt(self, role: str, name: str | None = None) -> list[int]:
        """The generation prompt: what the format writes before a model speaks in this role.

        Raises:
            RenderError: the format has no such role, or no place for the name in its prompts.
        """
        pieces = self._pieces(role, None)
        before = pieces[: pieces.index(GenerationStart())]
        if name is not None and "name" not in map(_held, before):
            raise self._error("a prompt of this format has no place for a name", None, "name")
        writer = self._writer(None, "name")
        values = {
            **dict.fromkeys(_OPTIONAL),
            "role": self.format.role_spellings[role],
            "name": name,
        }
        self._check_values(before, values, None)
        writer.write(before, values)
        writer.flush()
        return writer.ids

    def encode_prompt(
        self,
        messages: Sequence[Message],
        *,
        role: str,
        name: str | None,
        prefill: str,
        continue_last: bool,
    ) -> list[int]:
        """The ids of messages and of a prompt; the arguments are `ChatTokenizer.encode_prompt`'s.

        Raises:
            RenderError: the format cannot carry it, or there is no such last message.
        """
        if continue_last:
            begun = messages[-1] if messages else None
            if prefill or not begun or begun.role != role or name not in (None, begun.name):
                wanted = f"role {shown(role)}"
                wanted += "" if name is None else f" and name {shown(name)}"
                found = "none"
                if begun:
                    found = f"role {shown(begun.role)} and name {shown(begun.name)}"
                raise RenderError(
                    f"continue_last needs a last message of {wanted}, and no prefill; found {found}"
                    + " and a prefill" * bool(prefill),
                    self.format.name,
                )
            messages = messages[:-1]
        else:
            begun = Message(role=role, name=name, content=prefill) if prefill else None
        ids: list[int] = []
        self.extend(ids, messages)
        if begun:
            return ids + self.opening(begun, len(messages))
        return ids + self.prompt(role, name)

    def opening(self, message: Message, index: int | None) -> list[int]:
        """The ids of a message up to the end of its content, left open for a model to continue."""
        return self.frame(message, index).head + self.encode(message.content, index)

    def stops(self, role: str | None) -> frozenset[int]:
        """The ids at which a model stops that was prompted in this role."""
        if role is None or role not in self.format.templates:
            return self.binding.stops
        ends = self.format.ends_of(role)
        return frozenset(self.binding.ids[token] for token, stops in ends.items() if stops)

    def closing(self, role: str, part: Part) -> list[int]:
        """What ends a message that is open in ``part``: all that must follow it, and the tail.

        ``header`` stands for a message that has its generation prompt and nothing more.
        """
        templates = self.format.templates
        template = templates.get(role) or next(iter(templates.values()))
        writer = self._writer(None, "name")
        writer.write(_behind(template.pieces, part), dict.fromkeys((*_OPTIONAL, "content")))
        writer.write([Literal(template.tail)], {})
        writer.flush()
        return writer.ids

    def frames(
        self, messages: Iterable[Message], first: int = 0, continues: str | None = None
    ) -> Iterator[Frame]:
        """What stands around the content of each; the arguments are `extend_with_spans`'s."""
        known = self._frames.known.get
        for index, message in enumerate(messages, first):
            if continues is not None and continues == message.role:
                yield self.frame(message, index, continued=True)
            else:
                yield known(_key(message.__dict__)) or self.frame(message, index)
            if self.continues:
                continues = message.role

    def frame(self, message: Message, index: int | None, *, continued: bool = False) -> Frame:
        """What stands around the content of this message.

        ``continued``: the model wrote the header itself, behind an end token that let it go on.
        """
        frames = self._continued_frames if continued else self._frames
        key = _key(message.__dict__)
        frame = frames.known.get(key)
        if frame is None:
            frame = self._make_frame(message, index, continued=continued)
            if self._is_kept(message):
                frames.keep(key, frame, _size(key, frame))
        return frame

    def _is_kept(self, message: Message) -> bool:
        """Whether its frame is worth keeping, and is the same for every content."""
        return message.reasoning is None and not self._words[message.role]

    def _make_frame(self, message: Message, index: int | None, *, continued: bool) -> Frame:
        pieces = self._pieces(message.role, index)
        values = {name: getattr(message, name) for name in _OPTIONAL}
        values["role"] = self.format.role_spellings[message.role]
        self._check_values(pieces, values, index)
        if message.tool_calls:
            raise self._error(_NO_PLACE.format("tool_calls"), index, "tool_calls")
        written = _written(pieces, values)
        self._check_texts(written, {**values, "content": message.content}, message.role, index)
        content = next(i for i, piece in enumerate(written) if _held(piece) == "content")
        before, behind = written[:content], written[content + 1 :]
        suffix = ""
        while isinstance(piece := behind[0], Literal):
            suffix += piece.text
            del behind[0]
        head, close = self._writer(index, "reasoning"), self._writer(index, "header")
        head.generated, close.generated = continued, True
        head.write(before, values)
        head.flush()
        close.write(behind, values)
        close.cut("tail", generated=False)
        close.write([Literal(self.format.templates[message.role].tail)], values)
        close.flush()
        return Frame(head.ids, head.marks, suffix, close.ids, close.marks)

    def _writer(self, index: int | None, field: str) -> _Writer:
        return _Writer(self.binding.ids, lambda text: self.encode(text, index, field))

    def _pieces(self, role: str, index: int | None) -> tuple[Piece, ...]:
        template = self.format.templates.get(role)
        if template is None:
            known = ", ".join(self.format.templates)
            raise self._error(f"unknown role {shown(role)}; there are {known}", index, "role")
        return template.pieces

    def _check_values(
        self, pieces: Iterable[Piece], values: Mapping[str, str | None], index: int | None
    ) -> None:
        """Each field that is set has a place, and is what may stand there."""
        places = {_held(piece): piece for piece in pieces}
        for name, value in values.items():
            piece = places.get(name)
            if value is None:
                if isinstance(piece, Field):
                    raise self._error(f"the format needs a {name} in each message", index, name)
                continue
            if piece is None:
                if name == "role":  # a line that serves one role need not say which
                    continue
                if name == "tools":
                    raise self._error(_NO_PLACE.format(name), index, name)
                raise self._error(
                    f"the format has no place for a {name}, found {shown(value)}; leave it out or "
                    "use a format that carries it",
                    index,
                    name,
                )
            for field in piece.pieces if isinstance(piece, Group) else (piece,):
                if isinstance(field, Field) and field.alphabet is not None:
                    pattern = field.alphabet.pattern
                    if not regex.fullmatch(pattern, value, regex.V1):
                        raise self._error(
                            f"expected a {name} like {pattern}, found {shown(value)}", index, name
                        )

    def _check_texts(
        self,
        written: list[Piece],
        values: Mapping[str, str | None],
        role: str,
        index: int | None,
    ) -> None:
        """Nothing would be read as structure, and the header is not too long."""
        if words := self._words[role]:
            misread = find_misread(written, values, words)
            if misread is not None:
                raise self._error(
                    f"at offset {misread.offset} this would be read as structure: "
                    f"{shown(misread.word)}; leave it out, or put something between",
                    index,
                    misread.field,
                )
        length, longest = _header_length(written, values), self.format.longest_header
        if length > longest:
            raise self._error(
                f"the header would have {length:,} characters; expected at most {longest:,}",
                index,
                max(values, key=lambda name: len(values.get(name) or "")),
            )

    def encode(self, text: str, index: int | None, field: str = "content") -> list[int]:
        """The ids of a run of text.

        Raises:
            RenderError: it has no UTF-8 form, or a run that is too long to be encoded.
        """
        if len(text) > LONGEST_RUN:
            self._refuse_endless_run(text, index, field)
        try:
            return self.binding.encoding.encode_ordinary(text)
        except UnicodeEncodeError as error:
            found = f"U+{ord(error.object[error.start]):04X} at offset {error.start}"
            reason = f"the lone surrogate {found} has no UTF-8 form"
            raise self._error(reason, index, field) from None

    def _refuse_endless_run(self, text: str, index: int | None, field: str) -> None:
        offset = find_endless_run(text)
        if offset is not None:
            raise self._error(
                f"more than {LONGEST_RUN:,} characters without a break from offset {offset} on; "
                "an encoder takes minutes for such a run, or fails: break it up or leave it out",
                index,
                field,
            )

    def _error(self, reason: str, index: int | None, field: str) -> RenderError:
        return RenderError(reason, self.format.name, index, field)


class _Writer:
    """Ids, and the marks of their spans, as pieces are written."""

    def __init__(
        self,
        special: Mapping[str, int],
        encode: Callable[[str], list[int]],
        frame: Part = "header",
    ) -> None:
        self._special = special
        self._encode = encode
        self._text = ""
        self._frame: Part = frame
        self._part: Part = frame
        self.generated = False
        self.ids: list[int] = []
        self.marks: list[Mark] = []

    def write(self, pieces: Iterable[Piece], values: Mapping[str, str | None]) -> None:
        """Write pieces; text is encoded in runs, which end at special tokens and at cuts."""
        for piece in pieces:
            match piece:
                case Literal(text):
                    self._text += text
                case Special(tokens, end):
                    self.cut("end" if end else self._frame, generated=self.generated)
                    self.ids.append(self._special[tokens[0]])
                case Field(name, alphabet):
                    if alphabet is None:
                        self.cut("reasoning", generated=self.generated)
                    self._text += values[name] or ""
                case Group():
                    self.write(_written([piece], values), values)
                case _:  # GenerationStart
                    self.cut(self._part, generated=True)

    def cut(self, part: Part, *, generated: bool) -> None:
        """Encode the run of text that is waiting; what follows belongs to another part."""
        if self._text:
            self.ids += self._encode(self._text)
            self._text = ""
        if (part, generated) != (self._part, self.generated):
            self._end_span()
            self._part, self.generated = part, generated

    def flush(self) -> None:
        """Encode what is waiting, and end the last span."""
        self.cut(self._part, generated=self.generated)
        self._end_span()

    def _end_span(self) -> None:
        start = self.marks[-1][1] if self.marks else 0
        kind = (self._part, self.generated)
        if len(self.ids) > start:
            if self.marks and self.marks[-1][2:] == kind:  # what was between them is empty
                start = self.marks.pop()[0]
            self.marks.append((start, len(self.ids), *kind))


def _written(pieces: Iterable[Piece], values: Mapping[str, str | None]) -> list[Piece]:
    """The pieces, each optional group opened or left out."""
    written: list[Piece] = []
    for piece in pieces:
        if not isinstance(piece, Group):
            written.append(piece)
        elif values[piece.field] is not None:
            written += piece.pieces
    return written


def _header_length(written: Iterable[Piece], values: Mapping[str, str | None]) -> int:
    """How many characters of text a header has; what follows free text is not among them."""
    length, in_free_text = 0, False
    for piece in written:
        match piece:
            case Special():
                in_free_text = False
            case Field(_, None):
                in_free_text = True
            case Field(name, _):
                length += len(values[name] or "")
            case Literal(text) if not in_free_text:
                length += len(text)
    return length


def _behind(pieces: tuple[Piece, ...], part: Part) -> tuple[Piece, ...]:
    """The pieces behind a free-text field, or behind the place where a prompt ends."""
    if part == "header":
        return pieces[pieces.index(GenerationStart()) + 1 :]
    at = next(i for i, piece in enumerate(pieces) if _held(piece) == part)
    piece = pieces[at]
    inside = _behind(piece.pieces, part) if isinstance(piece, Group) else ()
    return (*inside, *pieces[at + 1 :])


def _held(piece: Piece) -> str | None:
    """The field that has its place in this piece."""
    match piece:
        case Field(name, _) | Group(name, _):
            return name
        case _:
            return None
