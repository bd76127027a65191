"""Headers and calls as a grammar for llguidance, in its dialect of Lark.

The rules are made of the pieces of the lines, as the machine is. Text between two special tokens is
one terminal, because a lexer is greedy: a field by itself would also take the text after it.

Source: docs/syntax.md of llguidance, at https://github.com/guidance-ai/llguidance.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt.conversation.definitions import listed
from chatfmt.errors import FormatError
from chatfmt.line.calls import CallLayout, CallObject
from chatfmt.line.language import Calls, Field, Next, Special
from chatfmt.prepare.schemas import check_tools
from chatfmt.serve.constrained.rules import Rules
from chatfmt.serve.constrained.terminals import NAME, Terminals, quoted
from chatfmt.serve.constrained.unfolded import after_prompt, filled, is_reasoning, letters, variants
from chatfmt.wire.choosing import lines_at
from chatfmt.wire.prompting import pieces_of_prompt
from chatfmt.wire.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatfmt.line.language import Piece
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["lark_grammar"]

_OBJECT: Mapping[str, Any] = {"type": "object"}


def lark_grammar(
    tok: ChatTokenizer,
    *,
    role: str = "assistant",
    tools: Iterable[Mapping[str, Any]] | None = None,
    thinking: bool | None = None,
    before: str | None = "user",
) -> str:
    """The output that a model may sample after a prompt, through the token that stops it.

    Unlike a `Constraint`, it makes the arguments of calls follow the schemas of the tools, and
    allows only the layout's spelling of the object around a call.

    Args:
        tok: format and vocabulary: special tokens are named by their ids.
        role: who speaks.
        tools: as for `Constraint`.
        thinking: as in `ChatTokenizer.encode_prompt`.
        before: the role of the previous message; None at the start.

    >>> import chatfmt
    >>> print(lark_grammar(chatfmt.get_tokenizer("gpt-4o")))
    start: T0 <[200265]>
    T0: /(?s:.*)/

    Raises:
        FormatError: no such grammar can describe the calls of this format.
        RenderError: the format has no such role, or no such prompt.
        DataError: a tool has no name, or one that no call can have.
        ValueError: ``tools`` is no list of definitions, or a schema is invalid.
    """
    return _Grammar(tok, role, None if tools is None else [*listed(tools)]).text(thinking, before)


class _Grammar:
    def __init__(
        self, tok: ChatTokenizer, role: str, tools: list[Mapping[str, Any]] | None
    ) -> None:
        self._format, self._role = tok.format, role
        self._binding = tok.stream(role).binding
        rules = Rules(tok.format, tools)
        check_tools(tools or [])  # their schemas become rules
        self._splits = rules.splits
        self._text = Terminals(tok.format, role, rules)
        given: list[Mapping[str, Any] | None] = [None]
        self._tools = given if tools is None else [tool.get("function", tool) for tool in tools]
        self._terminals: dict[str, str] = {}
        self._rules: dict[str, str] = {}
        self._goes_on = False
        """Whether another message of the model may follow."""

    def text(self, thinking: bool | None, before: str | None) -> str:  # noqa: FBT001 - handed on
        """All rules."""
        lines = lines_at(self._format, self._role, None, before)
        prompt = pieces_of_prompt(self._format, lines, thinking=thinking)
        if prompt is None:
            raise FormatError(
                f"format {self._format.name}: a prompt has no place for thinking={thinking}"
            )
        written = letters(piece for piece in prompt if not is_reasoning(piece))
        first: dict[str, None] = {}
        ways = [pieces for line in lines for pieces in variants(line.pieces)]
        for pieces in ways:
            first |= dict.fromkeys(self._messages(after_prompt(letters(pieces), written)))
        rules = [f"start: {' | '.join(first)}"]
        if self._goes_on:
            again = dict.fromkeys(m for pieces in ways for m in self._messages(pieces))
            rules.append(f"more: {' | '.join(again)}")
        rules += [f"{name}: {text}" for text, name in self._rules.items()]
        rules += [f"{name}: {text}" for text, name in self._terminals.items()]
        return "\n".join(rules)

    def _messages(self, pieces: Sequence[Piece] | None) -> Iterator[str]:
        """The rest of a line, for each tool that it may call."""
        if pieces is None:
            return
        has_calls = any(isinstance(piece, Calls) for piece in pieces)
        is_call = any(isinstance(p, Field) and p.name == "recipient" for p in pieces)
        if self._tools or not (has_calls or is_call):
            for tool in self._tools if is_call else (None,):
                yield self._sequence(pieces, tool, is_call=is_call)

    # -- text and the pieces that divide it -----------------------------------------------------

    def _sequence(
        self, pieces: Sequence[Piece], tool: Mapping[str, Any] | None, *, is_call: bool = False
    ) -> str:
        """Pieces as part of a rule: terminals, special tokens, and other rules."""
        found: list[str] = []
        run: list[Piece] = []
        for piece in (*letters(pieces), None):
            other = None if piece is None else self._other(piece, tool, is_call=is_call)
            if piece is not None and other is None:
                run.append(piece)
                continue
            if run:
                found.append(self._terminal(self._text.run(run, tool)))
                run = []
            found += [other] if other else []
        return " ".join(found) or '""'

    def _other(self, piece: Piece, tool: Mapping[str, Any] | None, *, is_call: bool) -> str | None:
        """The symbol for a piece that is not text; None for text."""
        match piece:
            case Special(tokens, end):
                return self._end(tokens) if end else self._token(tokens)
            case Next():
                machine = self._format.machine
                begins = machine.all[machine.after[self._role]].specials
                return self._end([stop for stop in self._format.stop_spellings if stop in begins])
            case Calls():
                return self._list(piece, tool)
            case Field("call"):
                return self._call_object(piece, tool)
            case Field(name) if name == "call.arguments" or (
                name == "content" and is_call and self._splits
            ):
                return _arguments_of(tool)
            case Field(_, _, coder) if coder in {"json", "python"}:
                raise self._refusal(f"values of {piece.name} that are spelled as {coder}")
        return None

    def _token(self, tokens: Sequence[str]) -> str:
        ids = ",".join(str(self._binding.ids[token]) for token in tokens)
        return f"<[{ids}]>"

    def _end(self, tokens: Sequence[str]) -> str:
        """An end: after it the model stops, or another message of the model follows."""
        stops = [token for token in tokens if self._binding.ids[token] in self._binding.stops]
        others = [token for token in tokens if token not in stops]
        ways = [self._token(stops)] if stops else []
        if others:
            self._goes_on = True
            ways.append(f"{self._token(others)} more")
        return ways[0] if len(ways) == 1 else self._rule(" | ".join(ways))

    def _list(self, piece: Calls, tool: Mapping[str, Any] | None) -> str:
        if piece.arguments:
            return self._arguments(piece, tool)
        separator = self._sequence(piece.separator, None) if piece.separator else ""
        item = self._rule(" | ".join(self._sequence(piece.item, one) for one in self._tools))
        return f"{item} ({separator} {item})*".replace("( ", "(")

    def _arguments(self, piece: Calls, tool: Mapping[str, Any] | None) -> str:
        """The arguments of a tool in the order of its schema, because no key may come twice."""
        if tool is None:
            raise self._refusal("calls with arguments one by one, if no tools are given")
        if piece.separator:
            raise self._refusal("calls with text between their arguments")
        schema = tool.get("parameters") or _OBJECT
        types = types_of([tool]).get(tool["name"], {})
        found = []
        for key, value in (schema.get("properties") or {}).items():
            is_text = not types.get(key) or "string" in types[key]
            argument = self._argument(piece.item, key, None if is_text else value)
            found.append(argument if key in schema.get("required", ()) else f"({argument})?")
        return " ".join(found)

    def _argument(self, item: Sequence[Piece], key: str, schema: Mapping[str, Any] | None) -> str:
        """One argument, whose value is any text, or JSON that follows a schema."""
        flag = "false" if schema else "true"
        pieces = [filled(piece, {"arg.key": key, "arg.string": flag}) for piece in item]
        if schema is None:
            return self._sequence(pieces, None)
        held = [piece.name if isinstance(piece, Field) else None for piece in pieces]
        at = held.index("arg.value")
        around = [self._sequence(some, None) for some in (pieces[:at], pieces[at + 1 :])]
        return _json(schema).join((f"{around[0]} ", f" {around[1]}"))

    def _call_object(self, piece: Field, tool: Mapping[str, Any] | None) -> str:
        keys, layout = piece.scanner, CallLayout()
        assert isinstance(keys, CallObject)  # noqa: S101 - the language ensures it
        name = quoted(json.dumps(tool["name"])) if tool else f'"\\"" {NAME} "\\""'
        before = quoted("{" + keys.quoted["name"] + layout.colon)
        between = quoted(layout.comma + keys.quoted["arguments"] + layout.colon)
        head = self._terminal(f"{before} {name} {between}")
        tail = quoted("}")
        if keys.id is not None:
            key = quoted(layout.comma + keys.quoted["id"] + layout.colon)
            tail = self._terminal(f'({key} "\\"" /[A-Za-z0-9_.:\\-]+/ "\\"")? "}}"')
        return f"{head} {_arguments_of(tool)} {tail}"

    def _rule(self, text: str) -> str:
        return self._rules.setdefault(text, f"r{len(self._rules)}")

    def _terminal(self, text: str) -> str:
        return self._terminals.setdefault(text, f"T{len(self._terminals)}")

    def _refusal(self, what: str) -> FormatError:
        return FormatError(f"format {self._format.name}: no grammar of this kind has {what}")


def _arguments_of(tool: Mapping[str, Any] | None) -> str:
    return _json((tool or {}).get("parameters") or _OBJECT)


def _json(schema: Mapping[str, Any]) -> str:
    return f"%json {json.dumps(schema)}"
