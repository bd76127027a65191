"""The base of all words of a preparation: options, and the messages that it returns."""

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
        """The values in its texts, with the default of each."""
        return getattr(self, "values", {})

    @property
    def looks_at(self) -> Literal["nothing", "user", "end"]:
        """The later messages that may change what happens to a message.

        None of them; the last user message, or an answer that ends a turn; or any message.
        """
        return "nothing"

    @abstractmethod
    def apply(self, items: list[Item], asked: Asked) -> list[Item]:
        """The messages after the word was applied.

        Raises:
            RenderError: the template does not accept the conversation, or a value is missing.
        """
