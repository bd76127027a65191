"""The known parts of the message that is being read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.conversation.made import message_of
from chatfmt.wire.read.calls import Calls
from chatfmt.wire.read.empty_reasoning import EmptyReasoning
from chatfmt.wire.read.heading import Heading
from chatfmt.wire.read.open_call import CallLayout
from chatfmt.wire.read.strings import string_so_far

if TYPE_CHECKING:
    from chatfmt.conversation import Message
    from chatfmt.line.place import Place
    from chatfmt.wire.binding import Binding
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.tell import Tell
    from chatfmt.wire.schemas import ArgumentTypes

__all__ = ["Known"]


class Known:
    """The fields of the message, as far as they have been read."""

    def __init__(
        self, binding: Binding, messages: list[Message], events: list[Event], tell: Tell
    ) -> None:
        self._binding = binding
        self._roles = binding.roles
        self.messages = messages
        self._events = events
        self._tell_wrong = tell
        row = binding.format
        self._calls_layout = CallLayout(row.id_shape, row.arguments, row.names_calls, {})
        self._clear()

    def _clear(self) -> None:
        self.index = len(self.messages)
        self.begins_at = 0
        self.role: str | None = None
        self.heading = Heading()
        self.texts: dict[str, list[str]] = {}
        self._coded: dict[str, list[str]] = {}  # fields spelled as JSON, so far
        self.node: Place | None = None
        """The place after that token."""
        self.origin: Place | None = None
        """The place of the last field or special token."""
        self.literal = ""
        """Literal text read since."""
        self._continued = False  # whether the model wrote it from its first id
        self._empty_reasoning: EmptyReasoning | None = None
        self._generating = False  # whether the model's own text has begun
        self.calls = Calls(
            self.index, self._events, self._tell_wrong.wrong_call, self._calls_layout
        )

    def know_tools(self, types: ArgumentTypes) -> None:
        """Set the types that the arguments of tools may have."""
        self._calls_layout = self._calls_layout._replace(types=types)
        self.calls.know_tools(types)

    def _begin_reasoning(self) -> None:
        """Begin reasoning; a message that the model wrote from its first id had no prompt."""
        if not self._continued:
            self._empty_reasoning = EmptyReasoning(self._binding.closers.get(self.role or ""))

    @property
    def _is_cut(self) -> bool:
        """Whether text is cut where the model begins to write: in a role in which it speaks."""
        return self.role is None or self.role in self._binding.format.prompted

    def message(self) -> Message:
        """The message, as far as it was read."""
        assert self.role is not None  # noqa: S101 - a message of unknown role is dropped
        made: dict[str, Any] = {**self.heading.fields, "role": self.role}
        for name, chunks in self.texts.items():
            made[name] = "".join(chunks)
        for name, chunks in self._coded.items():
            made[name], _ = string_so_far("".join(chunks))
        if self.calls:
            made["tool_calls"] = (*self.calls.whole,)
        return message_of(made)

    @property
    def header_fields(self) -> dict[str, str]:
        """The fields of the header except the role, as far as they were read."""
        return {name: value for name, value in self.heading.fields.items() if name != "role"}

    @property
    def likely_role(self) -> str | None:
        """The role, or the role it will be if the header continues with something else."""
        return self.role or self._roles.get(self.heading.fields.get("role", ""))

    @property
    def unknown_role(self) -> str | None:
        """The role that is being read, if the format lacks it."""
        spelling = self.heading.fields.get("role")
        return None if self.role is not None or spelling in self._roles else spelling

    @property
    def has_begun(self) -> bool:
        """Whether free text of it has been read."""
        begun = any(self.texts.values()) or "reasoning" in self.texts
        return begun or bool(self._coded) or bool(self.calls)
