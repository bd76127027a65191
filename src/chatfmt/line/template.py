"""The member ``template`` of a row: one line for all roles, or the lines of each role.

::

    "<|start|>{role}<|message|>{content}<|end|>"                          one for all roles
    {"user": "…", "assistant": ["…", {"line": "…", "training_end": "…"}]}  lines for each role
    {"tool": {"open": "…", "each": "…", "sep": "…", "close": "…"}}         an envelope
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeGuard

from chatfmt.errors import FormatError, shown
from chatfmt.line.borders import check_borders
from chatfmt.line.envelopes import Envelope, make_envelope
from chatfmt.line.lines import Line, make_line
from chatfmt.line.pieces import generated_after

if TYPE_CHECKING:
    from chatfmt.line.fields import Alphabet

__all__ = ["Compiled", "Rules", "Template", "compile_template", "copy_template"]

Template: TypeAlias = "str | Mapping[str, Any]"
"""The values of a row's ``template``; `copy_template` checks them."""

_ENVELOPE = ("open", "each", "sep", "close")
_LINE = ("line", "after", "training_end")


class Rules(NamedTuple):
    """The members that all lines of a row share; see `chatfmt.line.lines.make_line`."""

    special_tokens: Sequence[str]
    ends: Sequence[str]
    generation_start: str | None
    role_alphabet: Alphabet
    where: str


class Compiled(NamedTuple):
    """A template, read and checked."""

    by_role: dict[str, tuple[Line, ...]]
    """Role to its lines in the order in which they are tried; an envelope's ``each`` is one."""
    lines: tuple[Line, ...]
    """The lines outside envelopes, each once."""
    envelopes: dict[str, Envelope]


def is_text(value: object) -> TypeGuard[str]:
    """Whether it is a text, without half of a surrogate pair in it."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def copy_template(template: object, where: str) -> Template:
    """An independent copy in one shape: role to a list of lines, or to an envelope.

    Raises:
        FormatError: it does not have this shape.
    """
    if is_text(template):
        return template
    if not isinstance(template, Mapping) or not all(map(is_text, template)):
        raise FormatError(
            f"{where}: template must be a string or a mapping of roles to lines, found "
            f"{shown(template)}"
        )
    return {role: _copy(lines, f"{where}, role {role}") for role, lines in template.items()}


def _copy(lines: object, where: str) -> str | dict[str, Any] | list[str | dict[str, Any]]:
    if is_text(lines):
        return lines
    if isinstance(lines, Mapping):
        if "line" in lines:
            return _copy_line(lines, where)
        return _texts(lines, _ENVELOPE, ("each",), where)
    if isinstance(lines, Sequence) and not isinstance(lines, str) and lines:
        return [line if is_text(line) else _copy_line(line, where) for line in lines]
    raise FormatError(
        f"{where}: template must be a line, a list of lines or an envelope, found {shown(lines)}"
    )


def _copy_line(line: object, where: str) -> dict[str, Any]:
    if not isinstance(line, Mapping):
        raise FormatError(f"{where}: expected a line or a mapping with a line, found {shown(line)}")
    after = line.get("after")
    rest = {key: value for key, value in line.items() if key != "after"}
    copied: dict[str, Any] = _texts(rest, _LINE, ("line",), where)
    if after is not None:
        roles = [after] if isinstance(after, str) else after
        if not isinstance(roles, Sequence) or not all(map(is_text, roles)):
            raise FormatError(
                f"{where}: after must be start or a list of roles, found {shown(after)}"
            )
        copied["after"] = list(roles)
    return copied


def _texts(
    given: Mapping[Any, Any], known: Sequence[str], needed: Sequence[str], where: str
) -> dict[str, Any]:
    for key, value in given.items():
        if key not in known:
            raise FormatError(
                f"{where}: there is no member {shown(key)}; there are {', '.join(known)}"
            )
        if not is_text(value):
            raise FormatError(f"{where}: {key} must be a string, found {shown(value)}")
    for key in needed:
        if key not in given:
            raise FormatError(f"{where}: there is no {key}")
    return dict(given)


def compile_template(template: Template, spellings: Mapping[str, str], rules: Rules) -> Compiled:
    """The lines and envelopes.

    Args:
        template: a result of `copy_template`.
        spellings: role to its spelling on the wire.
        rules: what all lines share.

    Raises:
        FormatError: a line is malformed or breaks a rule of the language, or two lines contradict
            each other.
    """
    shared = {**rules._asdict(), "roles": [*spellings]}
    if isinstance(template, str):
        line = make_line(template, **shared, role=None, spelling="")
        check_borders([line], {}, [*spellings], rules.where)
        return Compiled(dict.fromkeys(spellings, (line,)), (line,), {})
    by_role: dict[str, tuple[Line, ...]] = {}
    lines: list[Line] = []
    envelopes: dict[str, Envelope] = {}
    for role in template:
        given = template[role]
        where = f"{rules.where}, role {role}"
        if isinstance(given, Mapping) and "each" in given:
            envelope = envelopes[role] = make_envelope(
                given,
                special_tokens=rules.special_tokens,
                role=role,
                spelling=spellings[role],
                role_alphabet=rules.role_alphabet,
                where=where,
            )
            by_role[role] = (Line((role,), envelope.each),)
            continue
        made = []
        for one in [given] if isinstance(given, str | Mapping) else given:
            members = {"line": one} if isinstance(one, str) else {**one}
            members["after"] = tuple(members["after"]) if "after" in members else None
            more = {**shared, "where": where, **members}
            made.append(make_line(more.pop("line"), role=role, spelling=spellings[role], **more))
        by_role[role] = _beside_each_other(made)
        lines += by_role[role]
    check_borders(lines, envelopes, [*by_role], rules.where)
    return Compiled(by_role, tuple(lines), envelopes)


def _beside_each_other(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines of a role: if one has ``{^}``, those without it are never prompted.

    In these, the model writes everything after their common beginning with that one's prompt. A
    line with ``{^}`` but no reasoning may have a separate prompt, beside a line with both.
    """
    says = [line for line in lines if line.says_prompt]
    if not says:
        return tuple(lines)
    thinking = [line for line in says if "reasoning" in line.fields]
    prompt = (thinking or says)[0].prompt or ()
    beside = {line.after: line.prompt for line in thinking}
    return tuple(
        replace(line, pieces=generated_after(prompt, line.pieces), is_prompted=False)
        if not line.says_prompt
        else replace(line, is_silent=beside.get(line.after, line.prompt) != line.prompt)
        for line in lines
    )
