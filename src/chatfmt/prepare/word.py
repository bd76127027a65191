"""What every word of a preparation is: options, and what it makes of the messages."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatfmt.prepare.items import Asked, Item

__all__ = ["Word"]


class Word(BaseModel):
    """Options of a word, checked strictly."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @property
    def names(self) -> Mapping[str, str | None]:
        """The values in its texts, each with what stands for it where it is not given."""
        return getattr(self, "values", {})

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """What follows a message and may change what happens to it.

        Nothing; the last message of the user, or an answer that ends a turn; or any at all.
        """
        return "nothing"

    @abstractmethod
    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages as the word leaves them.

        Raises:
            RenderError: the template takes no such conversation, or a value is missing.
        """
