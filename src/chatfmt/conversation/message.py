"""A message and its tool calls, immutable and validated."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_serializer
from pydantic_core import ValidationError

from chatfmt.conversation.reading import read_call, read_fields
from chatfmt.conversation.wording import Fault, describe, reworded
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SerializerFunctionWrapHandler

__all__ = ["Message", "Record", "Text", "ToolCall", "read_with"]

T = TypeVar("T")

# A limit on the length makes pydantic encode the text as UTF-8, which fails for a lone surrogate.
Text = Annotated[str, StringConstraints(strict=True, max_length=sys.maxsize)]


def read_with(
    title: str, value: object, read: Callable[[Any], object], validate: Callable[[Any], T]
) -> T:
    """Validate a value with pydantic; if that fails, validate what ``read`` returns for it.

    Most values are valid, so they are validated before anything is read.

    Raises:
        pydantic.ValidationError: worded by `chatfmt.conversation.wording.objections`.
    """
    try:
        return validate(value)
    except ValidationError:
        return read_again(title, value, read, validate)


def read_again(
    title: str, value: object, read: Callable[[Any], object], validate: Callable[[Any], T]
) -> T:
    """Validate what ``read`` returns; see `read_with`."""
    try:
        return validate(read(value))
    except Fault as fault:
        raise fault.as_validation_error(title) from None
    except ValidationError as error:
        raise reworded(error) from None


class Record(BaseModel):
    """Base of the frozen models: hides empty fields in ``repr`` and reads older pickles."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        fields = ((name, getattr(self, name)) for name in type(self).model_fields)
        return [(name, value) for name, value in fields if value not in (None, (), {})]

    def __setstate__(self, state: dict[Any, Any]) -> None:
        # A pickle from an earlier version lacks the fields added since.
        fields = {
            name: field.get_default(call_default_factory=True)
            for name, field in type(self).model_fields.items()
        }
        super().__setstate__({**state, "__dict__": fields | state["__dict__"]})


class _Read(Record):
    """Base of the models that accept dicts in other shapes and explain errors in plain words."""

    # A subclass with more fields is validated again, and refused: no format would carry them.
    model_config = ConfigDict(revalidate_instances="subclass-instances")

    # type checkers take the fields from the class
    if not TYPE_CHECKING:  # pragma: no branch

        def __init__(self, /, **fields: Any) -> None:  # noqa: ANN401 - pydantic checks them
            try:
                super().__init__(**fields)
            except ValidationError:
                make = super().__init__
                read_again(type(self).__name__, fields, self._fields_of, lambda f: make(**f))

        __init__.__pydantic_base_init__ = True  # so that pydantic validates without it

    @classmethod
    def model_validate(cls, obj: Any, **how: Any) -> Self:  # noqa: ANN401 - as pydantic has it
        """Validate an object: an instance of this class, or a dict as the class describes.

        Raises:
            pydantic.ValidationError: it is neither. This is a ValueError.
        """
        validate = super().model_validate
        return read_with(cls.__name__, obj, cls._fields_of, lambda value: validate(value, **how))

    @classmethod
    @abstractmethod
    def _fields_of(cls, value: object) -> object:
        """The fields of a dict, or the value itself if it is an instance of this class.

        Raises:
            Fault: it is neither.
        """


class ToolCall(_Read):
    """A tool call: its name, and the arguments as JSON text, exactly as written.

    The text is never changed and need not be valid JSON, since models write anything. A dict may
    also have the shape of OpenAI's API, ``{"id", "type", "function": {"name", "arguments"}}``;
    arguments given as an object become text, without members that are null.

    >>> call = ToolCall(name="get_weather", arguments='{"city": "Lund"}', id="call_1")
    >>> call
    ToolCall(name='get_weather', arguments='{"city": "Lund"}', id='call_1')
    >>> call.parsed["city"]
    'Lund'
    """

    name: Text
    """The name of the function."""
    arguments: Text
    """JSON text, verbatim."""
    id: Text | None = None
    """The id that the result refers to; None where there are no ids."""

    @classmethod
    def _fields_of(cls, value: object) -> object:
        """The fields of a dict, or the call itself."""
        return value if isinstance(value, ToolCall) else read_call(value)

    @property
    def parsed(self) -> dict[str, Any]:
        """The arguments, parsed as a JSON object.

        >>> ToolCall(name="f", arguments="[1]").parsed
        Traceback (most recent call last):
            ...
        chatfmt.errors.DataError: arguments: expected a JSON object, found a list of 1

        Raises:
            DataError: they are not a JSON object.
        """
        try:
            value = loads(self.arguments)
        except DataError as error:
            raise DataError(error.reason, field="arguments") from None
        if not isinstance(value, dict):
            raise DataError(f"expected a JSON object, found {describe(value)}", field="arguments")
        return value


class Message(_Read):
    """One message. Immutable; unknown fields and lone surrogates are refused.

    On the wire are ``role``, ``name``, ``recipient``, ``channel``, ``content_type``, ``reasoning``,
    ``content``, ``tool_calls`` and ``tools``, where the format has a place for them; the rest are
    annotations. None means "absent", which is not the same as an empty string. A dict may also have
    the shape of OpenAI's API; docs/data.md describes it.

    >>> Message(role="user", content="What is 2+2?")
    Message(role='user', content='What is 2+2?')
    >>> call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    >>> Message.model_validate({"role": "assistant", "content": None, "tool_calls": [call]})
    ... # doctest: +NORMALIZE_WHITESPACE
    Message(role='assistant', content='',
            tool_calls=(ToolCall(name='f', arguments='{}', id='c1'),))
    """

    role: Text
    """The speaker: ``system``, ``developer``, ``user``, ``assistant``, ``tool``, …"""
    content: Text = ""
    """The exact text: nothing is ever trimmed. In a dict, null means an empty text."""
    name: Text | None = None
    """Distinguishes several speakers of one role."""
    recipient: Text | None = None
    """The addressee, such as ``functions.get_weather``."""
    channel: Text | None = None
    """``analysis``, ``commentary``, ``final``: harmony's channels."""
    content_type: Text | None = None
    """The type of the content, such as ``json``."""
    reasoning: Text | None = None
    """The thinking that comes before the content."""
    tool_calls: tuple[ToolCall, ...] = ()
    """The calls that the message makes, after its content."""
    tools: Text | None = None
    """The text of tool definitions, for a format whose line has a place for it."""
    weight: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None
    """Annotation: factor for this message's loss weights; None counts as 1."""
    call_id: Text | None = None
    """The id of the answered call; an annotation where no line has a place for it."""

    @classmethod
    def _fields_of(cls, value: object) -> object:
        """The fields of a dict, or the message itself."""
        if isinstance(value, Message):
            if further := type(value).model_fields.keys() - cls.model_fields.keys():
                raise Fault(
                    f"expected a {cls.__name__}, found a {type(value).__name__}, whose further "
                    f"fields no format would carry: {', '.join(sorted(further))}"
                )
            return value
        if isinstance(value, Mapping):
            return read_fields(value, cls.model_fields)
        hint = "; its model_dump() is one" if hasattr(value, "model_dump") else ""
        raise Fault(f"expected an object, found {describe(value)}{hint}")

    @model_serializer(mode="wrap")
    def _without_what_is_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Without calls, the dump is the one that earlier versions wrote and read.
        fields: dict[str, Any] = dump(self)
        if not self.tool_calls:
            fields.pop("tool_calls", None)
        if self.tools is None:
            fields.pop("tools", None)
        return fields

    def on_wire(self) -> Message:
        """The message without its annotations: what a parser can return.

        >>> Message(role="user", content="hello", weight=0.5).on_wire()
        Message(role='user', content='hello')
        """
        if self.weight is None and self.call_id is None:
            return self
        return self.model_copy(update={"weight": None, "call_id": None})
