"""The definition of a schema: how to recognize it, read it and, where possible, write it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Default

from chatfmt.conversation import Conversation, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.adapters.rows import Row

__all__ = ["Item", "Preference", "Schema"]


class Preference(BaseModel):
    """A prompt and two continuations, of which people preferred the first.

    >>> prompt = Conversation(messages=[{"role": "user", "content": "2+2?"}])
    >>> good, bad = ({"role": "assistant", "content": text} for text in ("4", "5"))
    >>> Preference(prompt=prompt, chosen=(good,), rejected=(bad,)).chosen
    (Message(role='assistant', content='4'),)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: Conversation
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    metadata: dict[str, Any] = Default(default_factory=dict)
    """Other members of the row, and where it comes from; never written as ids."""


Item = Conversation | Preference
"""The result of reading a row of a data set."""


@dataclass(frozen=True, slots=True)
class Schema:
    """One outside schema.

    >>> from chatfmt.adapters import SCHEMAS
    >>> SCHEMAS["alpaca"].looks_for()
    'instruction + output'
    >>> SCHEMAS["alpaca"].detect({"prompt": "2+2?"})
    False
    """

    source: str
    """The project or page that defines it."""
    marks: tuple[tuple[str, ...], ...]
    """Its marks: a row fits if it has all the members of one of these tuples."""
    read: Callable[[Field, Options], list[Item]]
    write: Callable[[Item], dict[str, Any]] | None = None
    fits: Callable[[Mapping[str, Any]], bool] | None = None
    """A further test for a row that has the marks."""
    gather: Callable[[Iterable[Row]], Iterator[Row]] | None = None
    """For rows that belong together: joins the rows of a file into whole rows."""

    def detect(self, row: Mapping[str, Any]) -> bool:
        """Whether a row has the marks of this schema."""
        present = {key for key, value in row.items() if value is not None}
        marked = any(map(present.issuperset, self.marks))
        return marked and (self.fits is None or self.fits(row))

    def looks_for(self) -> str:
        """The marks, in words."""
        return " or ".join(" + ".join(mark) for mark in self.marks)
