"""What is done to conversations before a command takes them, as options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

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

__all__ = ["TOOLS_OF_ROWS", "add_preparation", "preparation", "preparing"]

TOOLS_OF_ROWS = ("use", "drop")
"""What ``--tools`` says of the definitions that rows bring; anything else is a file."""


def add_preparation(parser: argparse.ArgumentParser, *, thinking: bool = False) -> None:
    """The options from which `preparation` knows what to do, and for prompts ``--thinking``."""
    group = parser.add_argument_group("preparation")
    group.add_argument(
        "--prepare",
        action="store_true",
        help="rewrite conversations as the chat template of the model does; `chatfmt formats` says "
        "how",
    )
    group.add_argument(
        "--tools",
        metavar="use|drop|FILE",
        help="definitions of tools: use those of the rows, leave them out, or take for each row "
        "those of a file: a list in JSON, as chat APIs have it",
    )
    group.add_argument(
        "--value",
        dest="values",
        metavar="NAME=VALUE",
        action="append",
        help="what the template needs, such as date=2026-11-27, or reasoning_effort=high; may be "
        "repeated",
    )
    group.add_argument(
        "--history",
        choices=("published", "keep"),
        help="the thinking of earlier turns: dropped as the template does, or kept (default: "
        "published)",
    )
    if thinking:
        parser.add_argument(
            "--thinking",
            action=argparse.BooleanOptionalAction,
            help="begin the reply with thinking, or with none (default: as the format has it)",
        )
    parser.set_defaults(thinking=None)


def preparation(args: argparse.Namespace, format: ChatFormat) -> PrepareOptions | None:
    """What the options ask for; None if conversations are to stay as they are.

    Raises:
        DataError: an option is there without ``--prepare``; a value is no NAME=VALUE, or the format
            has none of that name; the file of the tools has no definitions.
        OSError: that file cannot be read.
    """
    file = None if args.tools in TOOLS_OF_ROWS else args.tools
    given = {"--tools": file, "--value": args.values, "--history": args.history}
    if not args.prepare:
        for option, value in given.items():
            if value is not None:
                raise DataError(f"{option} says how to prepare: expected --prepare, too")
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
    tok: ChatTokenizer, options: PrepareOptions | None
) -> Callable[[Conversation], Conversation]:
    """What makes of a conversation what a command takes: the same, or what is prepared.

    It raises a RenderError that also says what to do about it.
    """
    if options is None:
        return lambda conversation: conversation

    def prepared(conversation: Conversation) -> Conversation:
        if options.tools is not None and conversation.tools:
            raise DataError(
                "expected tools once, found them in the conversation and in the file of --tools: "
                "leave --tools out"
            )
        try:
            return tok.prepare(conversation, **options.arguments())
        except RenderError as error:
            _refuse(error, tok.format, options)

    return prepared


def _refuse(error: RenderError, format: ChatFormat, options: PrepareOptions) -> NoReturn:
    name = error.field
    if error.message is None and name in _names(format) and name not in options.values:
        example = "2026-11-27" if name == "date" else "…"
        mend = f"give it with --value {name}={example}"
    else:
        mend = "without --prepare it is written as it is"
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
