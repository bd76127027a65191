"""The options for preparing conversations before a command uses them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from chatfmt.conversation import Conversation
from chatfmt.errors import DataError, RenderError, shown
from chatfmt.json_text import loads
from chatfmt.prepare.options import PrepareOptions, read_value
from chatfmt.prepare.schemas import check_tools

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from chatfmt.line.format import ChatFormat
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["TOOLS_OF_ROWS", "add_preparation", "made_ready", "preparation", "preparing"]

T = TypeVar("T")

TOOLS_OF_ROWS = ("use", "drop")
"""Values of ``--tools`` for definitions in rows; any other value is a file."""


def add_preparation(parser: argparse.ArgumentParser, *, thinking: bool = False) -> None:
    """Add the options that `preparation` reads, and ``--thinking`` for prompts."""
    group = parser.add_argument_group("preparation")
    group.add_argument(
        "--prepare",
        action="store_true",
        help="first rewrite conversations as the model's chat template does; `chatfmt formats` "
        "says how",
    )
    group.add_argument(
        "--tools",
        metavar="use|drop|FILE",
        help="tool definitions: use those of the rows (use), leave them out (drop), or use those "
        "of a file for every row: a JSON list in the shape of chat APIs",
    )
    group.add_argument(
        "--value",
        dest="values",
        metavar="NAME=VALUE",
        action="append",
        help="a value that the template needs, such as date=2026-11-27 or reasoning_effort=high; "
        "may be repeated",
    )
    group.add_argument(
        "--history",
        choices=("published", "keep"),
        help="the reasoning of earlier turns: treat it as the template does (published), or keep "
        "it (default: published)",
    )
    if thinking:
        parser.add_argument(
            "--thinking",
            action=argparse.BooleanOptionalAction,
            help="let the reply begin with thinking, or without it (default: the format decides)",
        )
    parser.set_defaults(thinking=None)


def preparation(args: argparse.Namespace, format: ChatFormat) -> PrepareOptions | None:
    """The preparation that the options choose; None to leave conversations unchanged.

    Raises:
        DataError: an option is given without ``--prepare``; a value is not NAME=VALUE, or the
            format has no value of that name; the file of ``--tools`` contains no definitions.
        OSError: that file cannot be read.
    """
    file = None if args.tools in TOOLS_OF_ROWS else args.tools
    given = {"--tools": file, "--value": args.values, "--history": args.history}
    if not args.prepare:
        for option, value in given.items():
            if value is not None:
                raise DataError(f"expected --prepare with {option}, found none")
        return None
    values = _values(args.values or [])
    known = _names(format)
    for name in values:
        if name not in known:
            there = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise DataError(f"--value {name}: format {format.name} has no such value; {there}")
    return PrepareOptions(
        tools=None if file is None else _tools(file),
        values=values,
        history=args.history or "published",
        thinking=args.thinking,
    )


def preparing(
    tok: ChatTokenizer, options: PrepareOptions | None, look: Callable[[Conversation], None]
) -> Callable[[Conversation], Conversation]:
    """A function that prepares a conversation; without options, it returns it unchanged.

    It calls ``look`` with the conversation first. A RenderError of the preparation says how to fix
    it with options of the command line.
    """

    def make(conversation: Conversation, asked: dict[str, Any] | None) -> Conversation:
        return conversation if asked is None else tok.prepare(conversation, **asked)

    return made_ready(tok, options, look, make)


def made_ready(
    tok: ChatTokenizer,
    options: PrepareOptions | None,
    look: Callable[[Conversation], None],
    make: Callable[[Conversation, dict[str, Any] | None], T],
) -> Callable[[Conversation], T]:
    """A function that checks a conversation and then makes something of it.

    ``make`` gets the conversation and the keyword arguments of `ChatTokenizer.prepare`, or None to
    prepare nothing.
    """

    def ready(conversation: Conversation) -> T:
        look(conversation)
        if options is None:
            return make(conversation, None)
        if options.tools is not None and conversation.tools:
            raise DataError(
                "expected tool definitions once, found them in the conversation and in the file of "
                "--tools: leave --tools out"
            )
        try:
            return make(conversation, options.arguments())
        except RenderError as error:
            _refuse(error, tok.format, options)

    return ready


def _refuse(error: RenderError, format: ChatFormat, options: PrepareOptions) -> NoReturn:
    name = error.field
    if error.message is None and name in _names(format) and name not in options.values:
        example = "2026-11-27" if name == "date" else "…"
        mend = f"give it with --value {name}={example}"
    else:
        mend = "leave out --prepare to write the conversation unchanged"
    raise RenderError(
        f"{error.reason}; {mend}", error.format, error.message, error.field
    ) from error


def _names(format: ChatFormat) -> set[str]:
    return {name for word in format.preparation for name in word.names}


def _values(pairs: list[str]) -> dict[str, str | dt.date]:
    found: dict[str, str | dt.date] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise DataError(f"expected --value NAME=VALUE, found {shown(pair)}")
        if name in found:
            raise DataError(f"expected each value once, found {shown(name)} twice")
        try:
            found[name] = read_value(text)
        except ValueError as error:
            raise DataError(f"--value {name}: {error}") from None
    return found


def _tools(file: str) -> tuple[dict[str, Any], ...]:
    try:
        value = loads(Path(file).read_bytes())
        if isinstance(value, dict) and "tools" in value:
            value = value["tools"]
        check_tools(value)
    except DataError as error:
        raise DataError(error.reason, file, error.line) from None
    except ValueError as error:
        raise DataError(str(error), file) from None
    return Conversation(tools=value).tools
