"""The requests of the playground's API, and what they may contain."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    StrictInt,
    Tag,
)

from chatfmt.conversation import Message
from chatfmt.conversation.wording import Fault, at, surrogate_in
from chatfmt.errors import shown
from chatfmt.web.limits import MOST_MESSAGES, MOST_TOKENS
from chatfmt.web.prepared import read_values

__all__ = ["OBJECT", "OTHER", "Import", "Read", "Show", "Text", "WithFormat"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _kind(value: object) -> str:
    # Distinguished by hand, so that an error is about the kind that was meant.
    return OBJECT if isinstance(value, dict) else OTHER


OBJECT, OTHER = "<object>", "<other>"
_either = Discriminator(_kind)

# The longer a line is, the longer it takes to check that it can be read back, and a user who
# follows a link has not typed the line. These limits are far beyond any line in use, and keep the
# check under a second.
_LONGEST_LINE, _LONGEST_WORD, _MANY, _LARGEST = 1000, 100, 20, 100_000


def _limited(value: object, longest: int = _LONGEST_LINE) -> object:
    """A part of a row, if it is not too large; `ChatFormat` checks its content."""
    match value:
        case str() if len(value) > longest:
            raise Fault(f"expected at most {longest} characters, found {len(value):,}")
        case int() if value > _LARGEST:
            raise Fault(f"expected at most {_LARGEST:,}, found {shown(value)}")
        case list() | dict() if len(value) > _MANY:
            raise Fault(f"expected at most {_MANY} elements, found {len(value):,}")
        case list():
            for index, item in enumerate(value):
                at(index, _limited, item, _LONGEST_WORD)
        case dict():
            for key, item in value.items():
                at(key, _limited, key, _LONGEST_WORD)
                at(key, _limited, item)
    return value


Row = Annotated[dict[str, Any], AfterValidator(_limited)]
"""A custom format: the arguments of `ChatFormat`, in JSON."""


def _at_most(most: int, what: str) -> BeforeValidator:
    """Refuse a list that is too long before its items are read."""

    def check(value: object) -> object:
        if isinstance(value, list) and len(value) > most:
            raise Fault(f"expected at most {most:,} {what}, found {len(value):,}")
        return value

    return BeforeValidator(check)


def _sound(text: str) -> str:
    if fault := surrogate_in(text):
        raise Fault(fault)
    return text


class WithFormat(_Request):
    """The members that requests for every kind of view share."""

    format: Annotated[Annotated[str, Tag(OTHER)] | Annotated[Row, Tag(OBJECT)], _either]
    """The name of a format of the table, or a custom format."""
    encoding: str | None = None
    """The name of an encoding of the table; None: that of the format, or the first one."""
    whitespace: bool = False
    """Whether to show white space as signs, too."""


class Show(WithFormat):
    """A conversation, to be shown as tokens."""

    messages: Annotated[list[Message], _at_most(MOST_MESSAGES, "messages")]
    tools: Annotated[str, AfterValidator(_sound)] | None = None
    """Tool definitions, as the text of a JSON list; only preparation reads them."""
    prompt: str | None = None
    """The role whose generation prompt to add after the messages."""
    prepare: Annotated[dict[str, str], AfterValidator(read_values)] | None = None
    """The values for preparing the conversation as its chat template does; None: do not prepare."""


class Read(WithFormat):
    """Ids, to be shown, and read as a conversation. They may end inside a message."""

    ids: Annotated[list[StrictInt], _at_most(MOST_TOKENS, "ids")]
    strict: bool = True
    """Whether to refuse ids that are not a conversation, instead of showing what can be read."""


class Text(WithFormat):
    """Any text, to be shown as tokens."""

    text: Annotated[str, AfterValidator(_sound)]
    special: bool = False
    """Whether to read the spelling of a special token of the format as that token."""


class Import(_Request):
    """JSON of any known schema, or JSON Lines."""

    text: str
    line: int | None = None
    """Which of several lines to read, counted from 1."""
