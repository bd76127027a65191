"""Errors about values from outside, all worded alike: what was expected, what was found.

pydantic finds the errors, but its messages name Python types and link to its website. Here each is
put in the terms of people who write JSON. No value is echoed at length.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from chatfmt.errors import MANY_BITS, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic_core import ErrorDetails

__all__ = [
    "NO_SUCH_FIELD",
    "Fault",
    "Path",
    "at",
    "describe",
    "did_you_mean",
    "objections",
    "reworded",
    "surrogate_in",
]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Path = tuple[str | int, ...]
"""The path from a value to a part of it: keys and indices."""

NO_SUCH_FIELD = "there is no such field"

_LONGEST_NAME = 80  # how many characters of a key an error shows


class Fault(ValueError):  # noqa: N818 - it becomes one of the public errors
    """An error in a part of a value, with the path to that part.

    >>> str(Fault("expected text, found nothing", ("messages", 0, "role")))
    'messages.0.role: expected text, found nothing'
    """

    def __init__(self, reason: str, path: Path = ()) -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = tuple(map(_step, path))

    def __str__(self) -> str:
        return ": ".join(filter(None, (".".join(map(str, self.path)), self.reason)))

    def as_validation_error(self, title: str) -> ValidationError:
        """This error as pydantic's, for a model of that name."""
        detail = _detail("value_error", self.reason, self.path, None)
        return ValidationError.from_exception_data(title, [detail], hide_input=True)


def _step(key: str | int) -> str | int:
    if isinstance(key, int) or (len(key) <= _LONGEST_NAME and key.isprintable()):
        return key
    return repr(key[:_LONGEST_NAME])[1:-1] + "…" * (len(key) > _LONGEST_NAME)


def at(key: str | int, read: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    """Apply ``read`` to a part of a value, and add the key to a fault that it raises."""
    try:
        return read(*args)
    except Fault as fault:
        raise Fault(fault.reason, (key, *fault.path)) from None


def describe(value: object) -> str:
    """Describe a value in words that fit after "found".

    >>> describe(None), describe([]), describe("hello"), describe(True), describe(3)
    ('nothing', 'a list of 0', "the text 'hello'", 'true', 'the number 3')
    """
    match value:
        case None:
            words = "nothing"
        case bool():
            words = str(value).lower()
        case int() if value.bit_length() > MANY_BITS:
            words = shown(value)
        case int() | float():
            words = f"the number {value}"
        case str():
            words = f"the text {shown(value)}"
        case bytes():
            words = f"the bytes {shown(value)}"
        case list() | tuple():
            words = f"a list of {len(value)}"
        case Mapping():
            words = f"an object with {_keys(value)}" if value else "an empty object"
        case _:
            name = type(value).__name__
            words = f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    return words


def _keys(members: Mapping[Any, Any]) -> str:
    keys = ", ".join(str(key)[: _LONGEST_NAME + 1] for key in list(members)[:_LONGEST_NAME])
    short = keys if len(keys) <= _LONGEST_NAME else keys[:_LONGEST_NAME] + "…"
    return short if short.isprintable() else repr(short)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence that suggests the closest match, if one is close.

    >>> did_you_mean("contents", ["role", "content"]), did_you_mean("mood", ["role", "content"])
    ("; did you mean 'content'?", '')
    """
    import difflib

    near = difflib.get_close_matches(name[:_LONGEST_NAME], known, 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def surrogate_in(text: str) -> str:
    r"""The message for a lone surrogate in a text; empty where there is none.

    It has no UTF-8 form, and an encoder would silently put U+FFFD in its place.

    >>> surrogate_in("a\ud800")
    ... # doctest: +NORMALIZE_WHITESPACE
    'expected text, found the lone surrogate U+D800 at offset 1; decode the source with the right
     codec, or replace it on purpose'
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return (
            f"expected text, found the lone surrogate U+{ord(text[error.start]):04X} at offset "
            f"{error.start}; decode the source with the right codec, or replace it on purpose"
        )
    return ""


# pydantic's error types, each with what was expected.
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "an object",
    "model_type": "an object",
    "string_type": "text",
    "tuple_type": "a list",
}


def objections(error: ValidationError) -> list[tuple[Path, str]]:
    """Everything that pydantic refused: where, and why.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(tuple[float, ...]).validate_python([1, "x"])
    ... except ValidationError as error:
    ...     objections(error)
    [((1,), "expected a number, found the text 'x'")]
    """
    faults = error.errors(include_url=False)
    # A list is also reported as too short when it lacks only an element that was itself refused.
    inner = {fault["loc"][:end] for fault in faults for end in range(len(fault["loc"]))}
    return [
        _placed(fault)
        for fault in faults
        if fault["type"] != "too_short" or fault["loc"] not in inner
    ]


def reworded(error: ValidationError) -> ValidationError:
    """The same pydantic error, worded by `objections`.

    >>> from pydantic import TypeAdapter
    >>> try:
    ...     TypeAdapter(int).validate_python("x")
    ... except ValidationError as error:
    ...     print(reworded(error))
    1 validation error for int
      expected a whole number, found the text 'x' [type=int_parsing]
    """
    details = []
    for fault in error.errors(include_url=False):
        path, reason = _placed(fault)
        details.append(_detail(fault["type"], reason, path, fault["input"]))
    return ValidationError.from_exception_data(error.title, details, hide_input=True)


def _detail(kind: str, reason: str, path: Path, value: object) -> InitErrorDetails:
    told = PydanticCustomError(kind, "{reason}", {"reason": reason})
    return InitErrorDetails(type=told, loc=path, input=value)


def _placed(fault: ErrorDetails) -> tuple[Path, str]:
    inner = fault.get("ctx", {}).get("error")
    if isinstance(inner, Fault):
        return (*fault["loc"], *inner.path), inner.reason
    return tuple(map(_step, fault["loc"])), _reason(fault)


def _reason(fault: ErrorDetails) -> str:
    kind, found, context = fault["type"], fault["input"], fault.get("ctx", {})
    expected = _EXPECTED.get(kind.replace("_parsing", "_type"))
    match kind:
        case _ if "reason" in context:  # one of ours
            reason = str(context["reason"])
        case "missing":
            reason = "the field is missing"
        case "extra_forbidden":
            reason = NO_SUCH_FIELD
        case "value_error":
            reason = str(context["error"])
        case "too_short":
            least, length = context["min_length"], context["actual_length"]
            reason = f"expected at least {least}, found {length}"
        case "string_unicode":
            reason = surrogate_in(found)
        case "greater_than_equal":
            reason = f"expected a number of at least {context['ge']:g}, found {describe(found)}"
        case _:
            expected = expected or fault["msg"].removeprefix("Input should be ")
            reason = f"expected {expected}, found {describe(found)}"
    return reason
