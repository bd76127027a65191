"""The words of a preparation, and how a row lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

from pydantic import Field, TypeAdapter, ValidationError

from chatfmt.errors import shown
from chatfmt.prepare.definitions import Calls, Tools
from chatfmt.prepare.order import Order
from chatfmt.prepare.reasoning import Reasoning
from chatfmt.prepare.splitting import Split
from chatfmt.prepare.systems import Fold, Insert, System
from chatfmt.prepare.texts import Rename, Strip
from chatfmt.prepare.word import Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["WORDS", "Word", "read_words"]

AnyWord: TypeAlias = Annotated[
    System | Fold | Insert | Strip | Rename | Reasoning | Tools | Calls | Split | Order,
    Field(discriminator="word"),
]
WORDS = frozenset(one.model_fields["word"].default for one in get_args(get_args(AnyWord)[0]))
"""The names of all words."""
_WORDS: TypeAdapter[tuple[AnyWord, ...]] = TypeAdapter(tuple[AnyWord, ...])


def read_words(words: Sequence[Mapping[str, Any]]) -> tuple[Word, ...]:
    """The words of a row, in the order in which they are applied.

    >>> read_words([{"word": "calls", "ids": "{name}:{n}"}])
    (Calls(word='calls', ids='{name}:{n}'),)

    Raises:
        ValueError: there is no such word or option; it says which.
    """
    try:
        return _WORDS.validate_json(json.dumps(words))
    except TypeError:
        reason = f"prepare must be a list of words, as JSON has them; found {shown(words)}"
        raise ValueError(reason) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in ("prepare", *first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None
