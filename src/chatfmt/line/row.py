"""The members of a format's row, declared once, and what follows from its lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.line.build import Layout
from chatfmt.line.call_ids import CallIds
from chatfmt.line.coders import CODERS
from chatfmt.line.language import Field, flat
from chatfmt.line.machine import build_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatfmt.line.coders import Coder
    from chatfmt.line.envelopes import Envelope
    from chatfmt.line.language import Literal as LiteralText
    from chatfmt.line.language import Special
    from chatfmt.line.lines import Line
    from chatfmt.line.machine import Machine
    from chatfmt.line.template import Template
    from chatfmt.prepare.word import Word

__all__ = ["Row"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """The arguments of `ChatFormat`, and what its compiled lines say."""

    name: str
    template: Template
    """The format line, or for each role one or several; see `chatfmt.line.language` for the
    language and `chatfmt.line.template` for how they are listed."""
    special_tokens: Sequence[str]
    """The spellings in the lines that are special tokens."""
    roles: Sequence[str] | Mapping[str, str] = ()
    """The roles; a mapping if the wire spells them differently (``{"assistant": "model"}``).
    With one line for each role these are the roles, and this may be left out."""
    prologue: str = ""
    """Special tokens and text that appear once at the start."""
    ends: Mapping[str, Literal["stop", "continue"]] = field(default_factory=dict)
    """For lines with ``{end}``: each end token, and whether the model stops there or may continue
    with a further message. The first one is written."""
    stops: Sequence[str] = ()
    """The special tokens that stop the model, if it continues after some of the ends of the lines;
    without them every end stops it."""
    speakers: Sequence[str] = ()
    """The roles in which a model speaks; without them the assistant, or all if there is none."""
    generation_start: Literal["content", "role"] | None = None
    """Deprecated: use ``{^}`` in the lines instead. It places one in each line without: before
    the first free text, or right after the role."""
    thinking: bool | None = None
    """Whether the row's own prompt opens the reasoning (True), or writes it closed and empty
    (False). None: it ends at ``{^}``."""
    fences: Sequence[str] = ()
    """The texts that end a field if no special token does, each complete or only its beginning;
    ``^`` before one that only counts where the field begins. The value of an argument ends where
    the listed text is complete, any other field where the whole text is. A message whose text would
    be read as one is refused."""
    call_ids: str = ""
    """The shape of call ids, if lines give the name of a tool only there, such as
    ``functions.{call.name}:{n}``."""
    prepare: Sequence[Mapping[str, Any]] = ()
    """The rewriting that the published chat template does before it writes a conversation: the
    words of `chatfmt.prepare.words`, in the order in which they are applied."""
    faults: Mapping[str, str] = field(default_factory=dict)
    """The faults of the published chat template that the row does not copy: each kind of
    `chatfmt.line.faults`, with a sentence that describes it."""
    longest_header: int = 4096
    """The largest number of characters of text in the header of a message."""
    encoding: str | None = None
    """Name of the bundled encoding, or None: the user brings one."""
    source: str = ""
    """Where these facts come from."""

    role_spellings: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Role to its spelling on the wire."""
    lines_of: Mapping[str, tuple[Line, ...]] = field(init=False, repr=False, compare=False)
    """Role to its lines, in the order in which they are tried; for an envelope, its ``each``."""
    preparation: tuple[Word, ...] = field(init=False, repr=False, compare=False)
    """The words of `prepare`, compiled."""
    prologue_pieces: tuple[Special | LiteralText, ...] = field(
        init=False, repr=False, compare=False
    )
    lines: tuple[Line, ...] = field(init=False, repr=False, compare=False)
    """The lines outside envelopes, each once."""
    envelopes: Mapping[str, Envelope] = field(init=False, repr=False, compare=False)
    """Role to the frame around all its consecutive messages."""

    @cached_property
    def machine(self) -> Machine:
        """The lines as one graph of places, which readers follow and which is proved.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").machine.fences
        []
        """
        layout = Layout(
            self.lines,
            self.envelopes,
            self.prologue_pieces,
            tuple(self.lines_of),
            self.fences,
            f"format {self.name}",
        )
        return build_machine(layout)

    @cached_property
    def id_shape(self) -> CallIds | None:
        """The shape of call ids, if lines give the name of a tool only there.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").id_shape
        """
        return CallIds(self.call_ids, f"format {self.name}") if self.call_ids else None

    @cached_property
    def arguments(self) -> tuple[Coder | None, ...]:
        """How the values of arguments are spelled that are written one by one; empty if none are.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").arguments
        ()
        """
        found = dict.fromkeys(field.coder for field in self._fields if field.name == "arg.value")
        return tuple(None if name is None else CODERS[name] for name in found)

    @cached_property
    def names_calls(self) -> bool:
        """Whether the names of tools are among other text of the lines.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").names_calls
        False
        """
        return any(field.name == "call.name" for field in self._fields)

    @cached_property
    def preparation_summary(self) -> str:
        """A sentence about what `ChatTokenizer.prepare` does; empty if it does nothing.

        >>> import chatfmt
        >>> chatfmt.get_format("phi-4").preparation_summary
        'prepare() drops all thinking.'
        """
        from chatfmt.prepare.summary import summary  # most conversations are not prepared

        return summary(self.preparation)

    @property
    def _fields(self) -> Iterator[Field]:
        lines = (line for lines in self.lines_of.values() for line in lines)
        pieces = flat(piece for line in lines for piece in line.pieces)
        return (piece for piece in pieces if isinstance(piece, Field))

    @cached_property
    def templates(self) -> Mapping[str, Line]:
        """Role to its line, or to the first of several.

        >>> import chatfmt
        >>> [*chatfmt.get_format("nanochat").templates]
        ['user', 'assistant']
        """
        return {role: lines[0] for role, lines in self.lines_of.items()}
