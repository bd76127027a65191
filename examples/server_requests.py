"""Requests of server.py: every member is read, asks for nothing, or is refused by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse

from chatfmt.errors import shown
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

T = TypeVar("T")

USUAL = {
    "background": False,
    "frequency_penalty": 0,
    "modalities": ["text"],
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "service_tier": "auto",
    "temperature": 1,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1,
    "truncation": "disabled",
}
"""Members that this server cannot follow, each with the value that asks for what it does anyway."""
UNHEEDED = frozenset({"model", "prompt_cache_key", "safety_identifier", "user"})
"""Members that ask for nothing in an answer; there is one model."""
NAMES = {bool: "true or false", dict: "an object", int: "a whole number", list: "a list"}


class BadRequestError(Exception):
    """A fault of a request, and the member that has it."""

    def __init__(self, reason: str, member: str | None = None) -> None:
        super().__init__(reason)
        self.member = member


def refused(error: Exception) -> JSONResponse:
    """The answer to a request in which something is wrong."""
    problem = {
        "message": str(error),
        "type": "invalid_request_error",
        "param": getattr(error, "member", None),
        "code": None,
    }
    return JSONResponse({"error": problem}, 400)


async def body_of(request: Request) -> dict[str, Any]:
    """The object that a request has; a key that comes twice is refused, as is too deep a nesting.

    Raises:
        DataError: it is not JSON.
        BadRequestError: it is not an object.
    """
    body = loads(await request.body())
    if not isinstance(body, dict):
        raise BadRequestError(f"expected an object, found {shown(body)}")
    return body


def only(
    body: Mapping[str, Any],
    read: frozenset[str],
    usual: Mapping[str, Any] | None = None,
    within: str = "",
) -> None:
    """Refuse each member that is not read, unless it asks for nothing."""
    usual = usual or {}
    for name, value in body.items():
        is_nothing = value in (None, "", [], {}) or (name in usual and value == usual[name])
        if name not in read and not is_nothing:
            reason = f"{within}{name} {shown(value)} asks for what this server cannot do"
            raise BadRequestError(reason, within + name)


def flag(body: Mapping[str, Any], name: str) -> bool:
    """A member that is true or false; false if it is missing or null."""
    return member(body, name, bool, otherwise=False)


def member(body: Mapping[str, Any], name: str, kind: type[T], otherwise: T) -> T:
    """A member of this type; ``otherwise`` if it is missing or null."""
    value = body.get(name)
    if value is None:
        return otherwise
    if type(value) is not kind:  # true is no number
        raise BadRequestError(
            f"{name} must be {NAMES.get(kind, 'text')}, found {shown(value)}", name
        )
    return value


def number(body: Mapping[str, Any], name: str, otherwise: int, *, most: int | None = None) -> int:
    """A member that is at least 1."""
    value = member(body, name, int, otherwise)
    if value < 1 or (most is not None and value > most):
        bounds = "at least 1" if most is None else f"from 1 to {most}"
        raise BadRequestError(f"{name} must be {bounds}, found {value}", name)
    return value
