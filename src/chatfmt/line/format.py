"""A chat format: one row of data, compiled and checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.errors import FormatError, shown
from chatfmt.line import rules
from chatfmt.line.build import Layout
from chatfmt.line.call_ids import CallIds
from chatfmt.line.choose import on_wire
from chatfmt.line.lines import Line, read_prologue
from chatfmt.line.machine import build_machine
from chatfmt.line.template import Rules, Template, compile_template, copy_template

if TYPE_CHECKING:
    from chatfmt.conversation import Conversation
    from chatfmt.line.language import Literal as LiteralText
    from chatfmt.line.language import Special
    from chatfmt.line.lines import Envelope
    from chatfmt.line.machine import Machine

__all__ = ["ChatFormat"]


@dataclass(frozen=True, kw_only=True)
class ChatFormat:
    r"""How conversations stand on the wire, as data.

    >>> tiny = ChatFormat(
    ...     name="tiny",
    ...     template="<|start|>{role}\n{content}<|end|>",
    ...     special_tokens=["<|start|>", "<|end|>"],
    ...     roles=["user", "assistant"],
    ... )
    >>> tiny.stop_spellings
    ('<|end|>',)

    Raises:
        FormatError: a part of it is malformed, or what it writes could not be read back.
    """

    name: str
    template: Template
    """The format line, or for each role one or several; see `chatfmt.line.language` for the
    language and `chatfmt.line.template` for how they are listed."""
    special_tokens: Sequence[str]
    """The spellings in the lines that are special tokens."""
    roles: Sequence[str] | Mapping[str, str] = ()
    """The roles; a mapping where the wire spells them otherwise (``{"assistant": "model"}``).
    With one line for each role these are the roles, and this may be left out."""
    prologue: str = ""
    """What stands once at the start."""
    ends: Mapping[str, Literal["stop", "continue"]] = field(default_factory=dict)
    """For lines with ``{end}``: each end token, and whether the model stops there or may continue
    with a further message. The first is the one that is written."""
    stops: Sequence[str] = ()
    """The special tokens that stop the model, if it goes on after some of the ends of the lines;
    without them every end stops it."""
    speakers: Sequence[str] = ()
    """The roles in which a model speaks; without them the assistant, or all if there is none."""
    generation_start: Literal["content", "role"] = "content"
    """Where the model begins to write: before the first free text, or right behind the role."""
    fences: Sequence[str] = ()
    """The texts that end a field where no special token does, each whole or how it begins; ``^``
    before one that only counts where the field begins. A message whose text would be read as one
    is refused."""
    call_ids: str = ""
    """What ids of calls look like where lines say the name of a tool only there, such as
    ``functions.{call.name}:{n}``."""
    longest_header: int = 4096
    """How many characters of text the header of a message may have."""
    encoding: str | None = None
    """Name of the bundled encoding, or None: the user brings one."""
    source: str = ""
    """Where these facts come from."""

    role_spellings: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Role to its spelling on the wire."""
    lines_of: Mapping[str, tuple[Line, ...]] = field(init=False, repr=False, compare=False)
    """Role to its lines, in the order in which they are tried; of an envelope, what stands for
    each message."""
    prologue_pieces: tuple[Special | LiteralText, ...] = field(
        init=False, repr=False, compare=False
    )
    lines: tuple[Line, ...] = field(init=False, repr=False, compare=False)
    """The lines that stand by themselves, each once."""
    envelopes: Mapping[str, Envelope] = field(init=False, repr=False, compare=False)
    """Role to the frame around all its messages that stand side by side."""

    def __post_init__(self) -> None:
        rules.check_kinds(self)
        self._keep_copies()
        rules.check_special_tokens(self)
        spellings = rules.role_spellings(self)
        where = f"format {self.name}"
        shared = Rules(
            special_tokens=self.special_tokens,
            ends=list(self.ends),
            generation_start=self.generation_start,
            role_alphabet=rules.role_alphabet(spellings),
            where=where,
        )
        compiled = compile_template(self.template, spellings, shared)
        self._set("role_spellings", MappingProxyType(spellings))
        self._set("lines_of", MappingProxyType(compiled.by_role))
        self._set("lines", compiled.lines)
        self._set("envelopes", MappingProxyType(compiled.envelopes))
        prologue = read_prologue(self.prologue, self.special_tokens, f"{where}, prologue")
        self._set("prologue_pieces", prologue)
        rules.check_compiled(self)

    @cached_property
    def machine(self) -> Machine:
        """What readers follow, and the proof: the lines as one graph of places.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").machine.fences
        []
        """
        layout = Layout(self.lines, self.envelopes, self.prologue_pieces, tuple(self.lines_of))
        return build_machine(layout)

    @cached_property
    def id_shape(self) -> CallIds | None:
        """What ids of calls look like, where lines say the name of a tool only there.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").id_shape
        """
        return CallIds(self.call_ids, f"format {self.name}") if self.call_ids else None

    @cached_property
    def templates(self) -> Mapping[str, Line]:
        """Role to its line, to the first where it has several."""
        return {role: lines[0] for role, lines in self.lines_of.items()}

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self.row(),)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ChatFormat:
        """A format from plain data of which nothing is known, such as a file's.

        >>> ChatFormat.from_row({"name": "x", "template": "{content}<e>"})
        Traceback (most recent call last):
            ...
        chatfmt.errors.FormatError: format x: there is no special_tokens

        Raises:
            FormatError: a member is missing, unknown or not what it must be; or as for
                `ChatFormat`.
        """
        name = row.get("name", "custom")
        members = [field.name for field in fields(cls) if field.init]
        for member in row:
            if member not in members:
                raise FormatError(
                    f"format {name}: there is no member {shown(member)}; there are "
                    + ", ".join(members)
                )
        for needed in ("template", "special_tokens"):
            if needed not in row:
                raise FormatError(f"format {name}: there is no {needed}")
        return cls(**{"name": name, **row})

    def row(self) -> dict[str, Any]:
        """The format as plain data, as JSON has it: what ``ChatFormat(**row)`` was made from.

        >>> import chatfmt
        >>> row = chatfmt.get_format("gpt-4o").row()
        >>> ChatFormat(**row) == chatfmt.get_format("gpt-4o")
        True
        """
        row: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        row["template"] = copy_template(self.template, "")
        for name in ("special_tokens", "roles", "ends", "stops", "speakers", "fences"):
            if isinstance(row[name], Mapping):
                row[name] = dict(row[name])
            elif not isinstance(row[name], str):
                row[name] = list(row[name])
        return row

    def on_wire(self, conversation: Conversation) -> Conversation:
        """What of a conversation stands on the wire: ``decode(encode(c)) == format.on_wire(c)``.

        Annotations are left out, and what the lines have no place for though messages need it
        elsewhere: ids of calls, and the name of the tool that answers.

        >>> import chatfmt
        >>> chat = chatfmt.Conversation(messages=[{"role": "tool", "name": "f", "content": "1"}])
        >>> chatfmt.get_format("chatml").on_wire(chat).messages
        (Message(role='tool', content='1'),)
        """
        messages = tuple(on_wire(self.lines_of.get(m.role, ()), m) for m in conversation.messages)
        return conversation.model_copy(update={"messages": messages, "tools": (), "metadata": {}})

    def ends_of(self, role: str) -> Mapping[str, bool]:
        """The tokens that end a message of this role, and whether the model stops there.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").ends_of("user")
        {'<|im_end|>': True}
        """
        lines = [*self.lines_of[role]]
        if role in self.envelopes:
            lines = [Line((role,), self.envelopes[role].close)]
        return {token: self.stops_at(token) for line in lines for token in line.ends}

    def stops_at(self, token: str) -> bool:
        """Whether a model stops at this end token.

        >>> import chatfmt
        >>> chatfmt.get_format("gpt-4o").stops_at("<|im_end|>")
        True
        """
        if self.ends:
            return self.ends.get(token) == "stop"
        return not self.stops or token in self.stops

    @cached_property
    def prompted(self) -> frozenset[str]:
        """The roles in which a model can be prompted: there text is cut where a prompt ends.

        Those of the speakers whose lines have ``{^}``; all roles where no line has it.

        >>> import chatfmt
        >>> "user" in chatfmt.get_format("gpt-4o").prompted
        True
        """
        lines = {
            role: any(line.says_prompt for line in self.lines_of[role]) for role in self.lines_of
        }
        if not any(lines.values()):
            return frozenset(self.lines_of)
        return frozenset(role for role in self._speaking if lines[role])

    @property
    def _speaking(self) -> list[str]:
        by_default = ["assistant"] if "assistant" in self.lines_of else [*self.lines_of]
        return [*self.speakers] or by_default

    @property
    def stop_spellings(self) -> tuple[str, ...]:
        """The special tokens at which the assistant stops (any speaker, if there is none).

        >>> import chatfmt
        >>> chatfmt.get_format("llama-3").stop_spellings
        ('<|eot_id|>',)
        """
        if self.stops:
            return tuple(self.stops)
        ends = (end for role in self._speaking for end in self.ends_of(role).items())
        return tuple(dict.fromkeys(token for token, stops in ends if stops))

    def _keep_copies(self) -> None:
        """What the caller does to the lists later is not to change the format."""
        self._set("template", copy_template(self.template, f"format {self.name}"))
        for name in ("special_tokens", "roles", "ends", "stops", "speakers", "fences"):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                self._set(name, dict(value))
            elif not isinstance(value, str):
                self._set(name, tuple(value))


def _make(row: dict[str, Any]) -> ChatFormat:
    return ChatFormat(**row)
