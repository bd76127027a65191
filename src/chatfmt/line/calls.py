"""A call as a JSON object on the wire: the scanner of its parts, the reader and the writer.

The object around the arguments belongs to the layout; the arguments are in it verbatim. When it is
read, the keys may be in any order, with any white space between them.
"""

from __future__ import annotations

import json.decoder
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from chatfmt.errors import bounded
from chatfmt.line.arguments import members
from chatfmt.line.jsontext import CodeError, check_json, is_json, quoted, string_in, whole
from chatfmt.line.scanners import HEX, MAX_DEPTH, JsonObject, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Call",
    "CallLayout",
    "CallObject",
    "CallState",
    "parts_of_call",
    "read_call",
    "spell_call",
]


class CallState(NamedTuple):
    """The state of a scanner of calls."""

    json: State
    key: str | None = None
    """How much of a known key the current key spells; None if it cannot become one."""
    digits: str = ""
    r"""The digits of a ``\u`` in that key, so far."""
    member: str = ""
    """The part whose key was read last; empty after an unknown key."""
    seen: frozenset[str] = frozenset()
    part: str = "call"


@dataclass(frozen=True)
class _CallJson(JsonObject):
    most: ClassVar[int] = MAX_DEPTH + 1  # the arguments are inside the call


_CALL = _CallJson()
_ARGUMENTS = JsonObject()
_ESCAPED = dict(zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_string: Callable[[str, int], tuple[str, int]] = json.decoder.scanstring  # type: ignore[attr-defined]
_MAY_BEGIN: Mapping[str, str] = {"name": '"', "id": '"', "arguments": '{"'}


@dataclass(frozen=True)
class CallObject:
    """A call as a JSON object, with its keys in any order and other keys among them.

    The arguments are an object, or a string; the name and the id are strings. None of these keys
    may appear twice. `read_call` checks whether all are there, and gives the reason.

    The parts are ``name``, ``arguments`` and ``id``, each the raw spelling of that value; the
    rest is ``call``.

    >>> call = CallObject()
    >>> state, parts = call.start(), ""
    >>> for char in '{"arguments": {}, "name": "f"}':
    ...     state = call.step(state, char)
    ...     parts += call.part(state)[0]
    >>> parts
    'ccccccccccccccaaccccccccccnnnc'
    >>> call.complete(state)
    True
    """

    name: str = "name"
    arguments: str = "arguments"
    id: str | None = None

    first: ClassVar[str] = "{"
    last: ClassVar[str] = "}"
    more: ClassVar[str] = ""
    most: ClassVar[int] = _CALL.most
    parts: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """The key of each part: the known keys."""
    quoted: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Part to its key, as spelled in JSON."""

    def __post_init__(self) -> None:
        keys = [(self.name, "name"), (self.arguments, "arguments")]
        if self.id is not None:
            keys.append((self.id, "id"))
        parts = dict(keys)
        if len(parts) < len(keys) or not all(key and key.isascii() for key in parts):
            raise ValueError(f"expected different keys in ASCII, found {[key for key, _ in keys]}")
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "quoted", {part: quoted(key) for key, part in keys})

    def start(self) -> CallState:
        """The state before the first character."""
        return CallState(_CALL.start())

    def complete(self, state: CallState) -> bool:
        """Whether the object is closed."""
        return _CALL.complete(state.json)

    def part(self, state: CallState) -> str:
        """``name``, ``arguments``, ``id`` or ``call``."""
        return state.part

    def step(self, state: CallState, char: str) -> CallState | None:
        """The state after one more character; None if no call continues like this."""
        before, member = state.json, state.member
        json = _CALL.step(before, char)
        if json is None:
            return None
        at_top = before.inside == "{"
        if at_top and "colon" in {before.then, json.then}:
            return self._step_in_key(state, json, char)
        begins = at_top and before.at == "value" and json.at != "value"
        if begins and char not in _MAY_BEGIN.get(member, char):
            return None
        within = begins or before.quote or len(before.inside) > 1
        part = member if within and member else "call"
        return CallState(json, member=member, seen=state.seen, part=part)

    def _step_in_key(self, state: CallState, json: State, char: str) -> CallState | None:
        key, seen = state.key, state.seen
        if not state.json.quote:  # it opens
            return CallState(json, key="", seen=seen)
        if json.quote:
            return CallState(json, *self._spell_key(state, char), seen=seen)
        member = self.parts.get(key or "", "")
        if member in seen:
            return None
        return CallState(json, member=member, seen=seen | {member} if member else seen)

    def _spell_key(self, state: CallState, char: str) -> tuple[str | None, str]:
        """The known key that is spelled so far, and the digits of an incomplete escape."""
        at, key, digits = state.json.at, state.key, state.digits
        if key is None or (at == "text" and char == "\\") or (at == "escape" and char == "u"):
            return key, ""
        if at in HEX:
            digits += char
            if at == "hex1":
                char = chr(int(digits, 16))
        elif at == "escape":
            char = _ESCAPED[char]
        more = (known[len(key) :] for known in self.parts if known.startswith(key))
        if at in HEX and at != "hex1":
            hopeful = any(f"{ord(rest[0]):04x}".startswith(digits) for rest in more if rest)
            return (key, digits) if hopeful else (None, "")
        return (key + char if any(rest.startswith(char) for rest in more) else None), ""


class Call(NamedTuple):
    """The content of a call on the wire."""

    name: str
    arguments: str
    """A JSON object, verbatim; if it was in a string, the text of that string."""
    id: str | None
    other_keys: tuple[tuple[str, str], ...] = ()
    """Keys that the layout does not have, each with its value as spelled."""
    notes: tuple[str, ...] = ()
    """Differences from what this layout writes, in words."""


class CallLayout(NamedTuple):
    """How the object around a call is spelled: the order of its parts, and the text between."""

    order: tuple[str, ...] = ("name", "arguments", "id")
    comma: str = ", "
    colon: str = ": "


_LAYOUT = CallLayout()


def read_call(raw: str, keys: CallObject) -> Call:
    r"""The call in the text that ``keys`` has scanned.

    Raises:
        CodeError: it is not a JSON object, it lacks the name or the arguments, it has a known key
            twice, or a value is of the wrong kind.

    >>> read_call('{"arguments":"{\\"x\\": 1}", "type": "function", "name": "f"}', CallObject())[:4]
    ('f', '{"x": 1}', None, (('type', '"function"'),))
    >>> read_call('{"name": "f"}', CallObject())
    Traceback (most recent call last):
        ...
    chatfmt.line.jsontext.CodeError: offset 12: expected the key "arguments" in a call, found ...
    """
    check_json(raw, _CALL, "a call as a JSON object")
    found: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    notes: list[str] = []
    for key, value, offset in members(raw):
        part = keys.parts.get(key)
        if part is None:
            others.append((key, value))
            notes.append(f"{bounded(quoted(key), 100)} is not a key of a call in this layout")
            continue
        if part in found:
            raise CodeError(f"expected {quoted(key)} once in a call, found it again", offset)
        if value[0] not in _MAY_BEGIN[part]:
            kind = "a string" if part != "arguments" else "an object"
            raise CodeError(f"expected {kind} as {quoted(key)}, found {value[:20]!r}", offset)
        if part == "arguments" and value[0] == "{":
            found[part] = value
            continue
        found[part] = string_in(value, offset)
        if part == "arguments":
            _check_in_string(found[part], offset)
            notes.append(f"{quoted(key)} is a string with JSON in it, not an object")
    for key, part in keys.parts.items():
        if part not in found and part != "id":
            there = ", ".join(quoted(key) for key, _, _ in members(raw)) or "no key"
            raise CodeError(
                f"expected the key {quoted(key)} in a call, found {bounded(there, 200)}",
                len(raw) - 1,
            )
    return Call(found["name"], found["arguments"], found.get("id"), tuple(others), tuple(notes))


def _check_in_string(text: str, offset: int) -> None:
    try:
        check_json(text, JsonObject(), "a JSON object")
    except CodeError as error:
        reason = f"expected a JSON object in the string of arguments: at its {error}"
        raise CodeError(reason, offset) from None


def spell_call(
    name: str,
    arguments: str,
    id: str | None,
    keys: CallObject,
    layout: CallLayout = _LAYOUT,
) -> str:
    """The call as the layout writes it; an id that is None is left out.

    Raises:
        CodeError: the arguments are not a JSON object, a text has half of a surrogate pair in it,
            or there is an id but no key for it.

    >>> spell_call("f", '{"x":1}', None, CallObject(arguments="parameters"))
    '{"name": "f", "parameters": {"x":1}}'
    >>> spell_call("f", "{}", "c1", CallObject(id="id"), CallLayout(comma=",", colon=":"))
    '{"name":"f","arguments":{},"id":"c1"}'
    """
    check_json(arguments, _ARGUMENTS, "arguments that are a JSON object")
    spelled = {"name": quoted(whole(name, 0)), "arguments": arguments}
    if id is not None:
        if keys.id is None:
            raise CodeError("expected a call without an id, for which the layout has no key", 0)
        spelled["id"] = quoted(whole(id, 0))
    key_of = keys.quoted
    pairs = [
        key_of[part] + layout.colon + spelled[part] for part in layout.order if part in spelled
    ]
    return "{" + layout.comma.join(pairs) + "}"


def parts_of_call(raw: str, keys: CallObject) -> dict[str, str] | None:
    """Name, arguments and id of a call; None if `spell_call` would spell the call differently.

    >>> parts_of_call('{"name": "f", "parameters": {"x":1}}', CallObject(arguments="parameters"))
    {'name': 'f', 'arguments': '{"x":1}'}
    >>> parts_of_call('{"name":"f", "parameters": {}}', CallObject(arguments="parameters")) is None
    True
    """
    key_of, comma, colon = keys.quoted, _LAYOUT.comma, _LAYOUT.colon
    before, between = f"{{{key_of['name']}{colon}", f"{comma}{key_of['arguments']}{colon}"
    end, found = len(raw) - 1, {}
    try:
        if keys.id is not None and raw[-2:] == '"}':
            key = f"{comma}{key_of['id']}{colon}"
            end = raw.rfind(key, 0, end)
            found["id"], _ = _string(raw, end + len(key) + 1)
            if raw[end:-1] != key + quoted(found["id"]):
                return None
        name, _ = _string(raw, len(before) + 1)
    except ValueError:
        return None
    head = before + quoted(name) + between
    arguments = raw[len(head) : end]
    if raw.startswith(head) and raw[-1] == "}" and is_json(arguments, _ARGUMENTS):
        return {"name": name, "arguments": arguments, **found}
    return None
