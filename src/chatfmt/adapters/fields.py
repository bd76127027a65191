"""A value inside a row with its path, so that every error can say where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from chatfmt.conversation import Message
from chatfmt.conversation.wording import Fault, describe, objections
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt.conversation.wording import Path

__all__ = ["Field"]

T = TypeVar("T")


@dataclass(slots=True)  # not frozen: one is made for each member read, so it must be cheap
class Field:
    """A value of a row. Null and absent are the same: Parquet cannot tell them apart.

    >>> row = Field({"messages": [{"role": "user", "content": 3}]})
    >>> row.need("messages").items()[0].need("content").text()
    Traceback (most recent call last):
        ...
    chatfmt.errors.DataError: messages[0].content: expected text, found the number 3
    """

    value: Any
    key: str = ""
    parent: Field | None = None

    @property
    def path(self) -> str:
        """The path, such as ``messages[3].content``; empty for the row itself."""
        # The path is kept as links, and written out only when an error needs it.
        keys = []
        field: Field | None = self
        while field is not None:
            keys.append(field.key)
            field = field.parent
        return "".join(reversed(keys)).removeprefix(".")

    def error(self, reason: str) -> DataError:
        """The error to raise for this field."""
        return DataError(reason, field=self.path or None)

    def expected(self, what: str) -> DataError:
        """The error to raise if this field is not as expected."""
        return self.error(f"expected {what}, found {describe(self.value)}")

    def replaced(self, value: dict[str, Any]) -> Field:
        """The same place with another value: a row with its members renamed."""
        return Field(value, self.key, self.parent)

    def members(self) -> dict[str, Any]:
        """The members of an object, without those that are null."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        return {key: value for key, value in self.value.items() if value is not None}

    def rest(self, *used: str) -> dict[str, Any]:
        """The unused members, which become metadata."""
        return {key: value for key, value in self.members().items() if key not in used}

    def need(self, key: str) -> Field:
        """The member of that name; its value is None where it is missing."""
        if not isinstance(self.value, dict):
            raise self.expected("an object")
        return Field(self.value.get(key), f".{key}", self)

    def get(self, key: str) -> Field | None:
        """The member of that name, or None where it is missing or null."""
        if isinstance(self.value, dict) and self.value.get(key) is None:
            return None
        return self.need(key)

    def items(self) -> list[Field]:
        """The elements of a list that has at least one."""
        if not isinstance(self.value, list) or not self.value:
            raise self.expected("a list with at least one element")
        return [Field(value, f"[{index}]", self) for index, value in enumerate(self.value)]

    def text(self) -> str:
        """The value, which must be a text; it may be empty."""
        if not isinstance(self.value, str):
            raise self.expected("text")
        return self.value

    def label(self) -> str:
        """The value, which must be a text that is not empty: a name, an id."""
        if not isinstance(self.value, str) or not self.value:
            raise self.expected("text that is not empty")
        return self.value

    def one_of(self, choices: tuple[str, ...]) -> str:
        """The value, which must be one of these texts."""
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.expected(f"one of {', '.join(choices)}")
        return self.value

    def at(self, path: Path) -> Field:
        """A part of the value, to name in an error."""
        field = self
        for step in path:
            field = Field(None, f"[{step}]" if isinstance(step, int) else f".{step}", field)
        return field

    def made(self, make: Callable[..., T], *args: Any, **fields: Any) -> T:  # noqa: ANN401
        """The result of ``make``; its errors get the place in the row."""
        try:
            return make(*args, **fields)
        except Fault as fault:
            raise self.at(fault.path).error(fault.reason) from None
        except ValidationError as error:
            path, reason = objections(error)[0]
            raise self.at(path).error(reason) from None

    def message(self, **fields: Any) -> Message:  # noqa: ANN401 - pydantic checks them
        """This part of the row as a message."""
        try:
            return Message(**fields)
        except ValidationError as error:
            path, reason = objections(error)[0]
            raise self.at(path).error(reason) from None
