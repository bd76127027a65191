"""A chat format: one row of data, compiled and checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import regex

from chatfmt.errors import FormatError
from oracle.grammar import build_tree
from oracle.template import ALPHABETS, Alphabet, Field, Special, parse_prologue, parse_template
from oracle.template import Literal as LiteralText

if TYPE_CHECKING:
    from oracle.grammar import Node
    from oracle.template import RoleTemplate

__all__ = ["ChatFormat"]

_WIRE_ROLE = Alphabet("[A-Za-z]", r"[A-Za-z0-9_\-]")

_TEXT, _LIST, _NONE = "a string", "a list of strings", "None"
_MAPPING = "a mapping of strings to strings"
_KINDS = {
    "name": (_TEXT,),
    "template": (_TEXT, _MAPPING),
    "special_tokens": (_LIST,),
    "roles": (_LIST, _MAPPING),
    "prologue": (_TEXT,),
    "ends": (_MAPPING,),
    "generation_start": (_TEXT,),
    "encoding": (_TEXT, _NONE),
    "source": (_TEXT,),
}
"""What each argument may be; a row may come from a file, so no type checker has seen it."""


@dataclass(frozen=True, kw_only=True)
class ChatFormat:
    r"""How conversations stand on the wire, as data.

    Raises:
        FormatError: a part of it is malformed, or what it writes could not be read back.
    """

    name: str
    template: str | Mapping[str, str]
    """The format line, or one for each role; see `chatfmt.template` for the language."""
    special_tokens: Sequence[str]
    """The spellings in the lines that are special tokens."""
    roles: Sequence[str] | Mapping[str, str] = ()
    """The roles; a mapping where the wire spells them otherwise (``{"assistant": "model"}``).
    With one line for each role these are the roles, and this may be left out."""
    prologue: str = ""
    """What stands once at the start."""
    ends: Mapping[str, Literal["stop", "continue"]] = field(default_factory=dict)
    """For lines with ``{end}``: each end token, and whether the model stops there or may continue
    with a further message. The first is the one that is written."""
    generation_start: Literal["content", "role"] = "content"
    """Where the model begins to write: before the first free text, or right behind the role."""
    encoding: str | None = None
    """Name of the bundled encoding, or None: the user brings one."""
    source: str = ""
    """Where these facts come from."""

    role_spellings: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Role to its spelling on the wire."""
    templates: Mapping[str, RoleTemplate] = field(init=False, repr=False, compare=False)
    """Role to its compiled line."""
    prologue_pieces: tuple[Special | LiteralText, ...] = field(
        init=False, repr=False, compare=False
    )
    tree: Node = field(init=False, repr=False, compare=False)
    """What a parser follows."""

    def __post_init__(self) -> None:
        self._check_kinds()
        self._keep_copies()
        self._check_special_tokens()
        single = isinstance(self.template, str)
        lines: dict[str | None, str] = {}
        if isinstance(self.template, str):
            lines[None] = self.template
        else:
            lines.update(self.template)
        spellings = self._role_spellings(None if single else list(self.template))
        lower = all(regex.fullmatch(ALPHABETS["role"].pattern, s) for s in spellings.values())
        compiled = {
            role: parse_template(
                line,
                special_tokens=self.special_tokens,
                ends=list(self.ends),
                generation_start=self.generation_start,
                role=None if role is None else spellings[role],
                role_alphabet=ALPHABETS["role"] if lower else _WIRE_ROLE,
                where=f"format {self.name}" + ("" if role is None else f", role {role}"),
            )
            for role, line in lines.items()
        }
        prologue = parse_prologue(
            self.prologue, self.special_tokens, f"format {self.name}, prologue"
        )
        templates = {role: compiled[None if single else role] for role in spellings}
        self._set("role_spellings", MappingProxyType(spellings))
        self._set("templates", MappingProxyType(templates))
        self._set("prologue_pieces", prologue)
        self._check_roles()
        self._check_ends()
        self._check_boundaries()
        self._check_all_used()
        self._set("tree", build_tree(compiled, f"format {self.name}"))

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def ends_of(self, role: str) -> Mapping[str, bool]:
        """The tokens that end a message of this role, and whether the model stops there."""
        if self.ends:
            return {token: what == "stop" for token, what in self.ends.items()}
        return {_end(self.templates[role]).tokens[0]: True}

    @property
    def stop_spellings(self) -> tuple[str, ...]:
        """The special tokens at which the assistant stops (any speaker, if there is none)."""
        speakers = ["assistant"] if "assistant" in self.templates else self.templates
        ends = (end for role in speakers for end in self.ends_of(role).items())
        return tuple(dict.fromkeys(token for token, stops in ends if stops))

    def _check_kinds(self) -> None:
        for name, kinds in _KINDS.items():
            value = getattr(self, name)
            if _kind(value) not in kinds:
                raise FormatError(
                    f"format {self.name}: {name} must be {' or '.join(kinds)}, found {value!r}"
                )
        if self.generation_start not in ("content", "role"):
            raise FormatError(
                f'format {self.name}: generation_start must be "content" or "role", found '
                f"{self.generation_start!r}"
            )

    def _keep_copies(self) -> None:
        """What the caller does to the lists later is not to change the format."""
        for name in ("template", "special_tokens", "roles", "ends"):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                self._set(name, dict(value))
            elif not isinstance(value, str):
                self._set(name, tuple(value))

    def _check_special_tokens(self) -> None:
        where = f"format {self.name}: special_tokens"
        if "" in self.special_tokens:
            raise FormatError(f"{where} has an empty string, which would match everywhere")
        if twice := _first_twice(self.special_tokens):
            raise FormatError(f"{where} has {twice} twice")

    def _role_spellings(self, lined: list[str] | None) -> dict[str, str]:
        where = f"format {self.name}"
        if isinstance(self.roles, Mapping):
            pairs = dict(self.roles)
        elif twice := _first_twice(self.roles):
            raise FormatError(f"{where}: roles has {twice} twice")
        else:
            pairs = {role: role for role in self.roles or lined or ()}
        if not pairs:
            raise FormatError(f"{where}: expected at least one role, found none")
        if lined is not None and set(pairs) != set(lined):
            raise FormatError(
                f"{where}: expected the roles that have a line, {', '.join(lined) or 'none'}; "
                f"found {', '.join(pairs)}"
            )
        for role, spelling in pairs.items():
            if not regex.fullmatch(ALPHABETS["role"].pattern, role):
                raise FormatError(
                    f"{where}: expected a role that matches [a-z][a-z0-9_-]*, found {role!r}"
                )
            if not regex.fullmatch(_WIRE_ROLE.pattern, spelling):
                raise FormatError(f"{where}: {spelling!r} cannot be how a role is spelled")
        if len(set(pairs.values())) < len(pairs):
            raise FormatError(f"{where}: two roles are spelled the same")
        return pairs

    def _check_roles(self) -> None:
        for role, template in self.templates.items():
            for piece in template.pieces:
                if isinstance(piece, Field) and piece.alphabet and piece.name == "role":
                    spelling = self.role_spellings[role]
                    if not regex.fullmatch(piece.alphabet.pattern, spelling, regex.V1):
                        raise FormatError(
                            f"format {self.name}: the role {spelling!r} could not be distinguished "
                            "from the text that follows it in the line"
                        )

    def _check_ends(self) -> None:
        where = f"format {self.name}"
        for token, what in self.ends.items():
            if token not in self.special_tokens:
                raise FormatError(f"{where}: the end {token} is not listed in special_tokens")
            if what not in ("stop", "continue"):
                raise FormatError(f'{where}: {token} must be "stop" or "continue", not {what!r}')
        if not self.stop_spellings:
            raise FormatError(f"{where}: no end token stops the model; mark one of ends as stop")
        tails = any(template.tail for template in self.templates.values())
        if tails and "continue" in self.ends.values():
            raise FormatError(
                f"{where}: a model that continues after an end token does not write the tail, "
                "so the two do not go together"
            )

    def _check_boundaries(self) -> None:
        """Text may not stand on both sides of the border between two messages."""
        texts = [template.tail for template in self.templates.values()]
        texts += [
            piece.text for piece in self.prologue_pieces[-1:] if isinstance(piece, LiteralText)
        ]
        begins = [next(iter(template.pieces)) for template in self.templates.values()]
        if any(texts) and not all(isinstance(piece, Special) for piece in begins):
            raise FormatError(
                f"format {self.name}: a message that begins with text cannot follow a tail or a "
                "prologue that ends in text; begin it with a special token"
            )

    def _check_all_used(self) -> None:
        used = set(self.ends)
        for pieces in (self.prologue_pieces, *(t.pieces for t in self.templates.values())):
            for piece in pieces:
                for inner in getattr(piece, "pieces", (piece,)):
                    used.update(getattr(inner, "tokens", ()))
        for token in self.special_tokens:
            if token not in used:
                raise FormatError(
                    f"format {self.name}: {token} is listed in special_tokens but "
                    "appears nowhere in the format"
                )


def _kind(value: object) -> str | None:
    """The name of what a value is in `_KINDS`; None for anything else, such as a lone surrogate."""
    match value:
        case None:
            return _NONE
        case str():
            return _TEXT if regex.fullmatch(r"\P{Cs}*", value) else None
        case Mapping():
            kind, texts = _MAPPING, [*value.keys(), *value.values()]
        case Sequence():
            kind, texts = _LIST, [*value]
        case _:
            return None
    return kind if all(_kind(text) == _TEXT for text in texts) else None


def _first_twice(texts: Sequence[str]) -> str | None:
    return next((text for i, text in enumerate(texts) if text in texts[:i]), None)


def _end(template: RoleTemplate) -> Special:
    return next(p for p in template.pieces if isinstance(p, Special) and p.end)
