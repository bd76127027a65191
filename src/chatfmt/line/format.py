"""A chat format: one row of data, compiled and checked when it is made."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from chatfmt.conversation import Conversation
from chatfmt.errors import FormatError, shown
from chatfmt.line import rules
from chatfmt.line.choose import on_wire
from chatfmt.line.faults import check_faults
from chatfmt.line.kinds import check_kinds
from chatfmt.line.lines import read_prologue
from chatfmt.line.speaking import Speaking
from chatfmt.line.template import Rules, compile_template, copy_template

if TYPE_CHECKING:
    from chatfmt.prepare.word import Word

__all__ = ["ChatFormat"]

_LISTS = ("special_tokens", "roles", "ends", "stops", "speakers", "fences", "prepare", "faults")


@dataclass(frozen=True, kw_only=True)
class ChatFormat(Speaking):
    r"""The layout of conversations on the wire, as data.

    >>> tiny = ChatFormat(
    ...     name="tiny",
    ...     template="<|start|>{role}\n{content}<|end|>",
    ...     special_tokens=["<|start|>", "<|end|>"],
    ...     roles=["user", "assistant"],
    ... )
    >>> tiny.stop_spellings
    ('<|end|>',)

    Raises:
        FormatError: a part of it is malformed, or its text could not be read back.
    """

    def __post_init__(self) -> None:
        self._compile()
        if self.generation_start is not None:
            warnings.warn(
                f"format {self.name}: generation_start is deprecated; write {{^}} in each line in "
                "which a prompt ends, and list all roles that are prompted as speakers",
                DeprecationWarning,
                stacklevel=3,
            )

    def _compile(self) -> None:
        check_kinds(self)
        self._keep_copies()
        rules.check_special_tokens(self)
        check_faults(self.faults, f"format {self.name}")
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
        self._set("preparation", self._read_preparation(where) if self.prepare else ())
        rules.check_compiled(self)

    def _read_preparation(self, where: str) -> tuple[Word, ...]:
        from chatfmt.prepare.words import read_words  # most conversations are not prepared

        try:
            return read_words(self.prepare)
        except ValueError as error:
            raise FormatError(f"{where}, {error}") from None

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self.row(),)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> ChatFormat:
        """A format from unchecked plain data, such as a file's.

        >>> ChatFormat.from_row({"name": "x", "template": "{content}<e>"})
        Traceback (most recent call last):
            ...
        chatfmt.errors.FormatError: format x: there is no special_tokens

        Raises:
            FormatError: a member is missing, unknown or of the wrong kind; or as for
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
        """The format as plain JSON data: the arguments of ``ChatFormat(**row)``.

        >>> import chatfmt
        >>> row = chatfmt.get_format("gpt-4o").row()
        >>> ChatFormat(**row) == chatfmt.get_format("gpt-4o")
        True
        """
        row: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        row["template"] = copy_template(self.template, "")
        for name in _LISTS:
            if isinstance(row[name], Mapping):
                row[name] = dict(row[name])
            else:
                row[name] = list(row[name])
        row["prepare"] = deepcopy(row["prepare"])
        return row

    def on_wire(self, conversation: Conversation) -> Conversation:
        """The part of a conversation on the wire: ``decode(encode(c)) == format.on_wire(c)``.

        It leaves out annotations, and fields that messages need elsewhere but the lines have no
        place for: ids of calls, and the name of the tool that answers.

        >>> import chatfmt
        >>> chat = chatfmt.Conversation(messages=[{"role": "tool", "name": "f", "content": "1"}])
        >>> chatfmt.get_format("chatml").on_wire(chat).messages
        (Message(role='tool', content='1'),)
        """
        messages = tuple(on_wire(self.lines_of.get(m.role, ()), m) for m in conversation.messages)
        return Conversation(messages=messages)

    def _keep_copies(self) -> None:
        """Copy the lists, so that later changes by the caller do not change the format."""
        self._set("template", copy_template(self.template, f"format {self.name}"))
        for name in _LISTS:
            value = getattr(self, name)
            if isinstance(value, Mapping):
                self._set(name, dict(value))
            else:
                self._set(name, tuple(deepcopy(value) if name == "prepare" else value))


def _make(row: dict[str, Any]) -> ChatFormat:
    """A format that was pickled; its maker has already been warned."""
    made = object.__new__(ChatFormat)
    vars(made).update(
        {"ends": {}, "faults": {}, **row}
    )  # other members have their defaults in the class
    made._compile()
    return made
