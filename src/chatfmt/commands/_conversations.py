"""Read conversations as a command's input, from every supported kind of file and schema."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatfmt.commands._data import add_policies, for_each_row, policies
from chatfmt.commands._input import for_each
from chatfmt.commands._output import one_line, reader_may_leave
from chatfmt.conversation import Conversation

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from chatfmt.adapters import Item, Reading
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Lost", "add_conversations", "conversations_of", "for_each_conversation"]


def add_conversations(parser: argparse.ArgumentParser) -> None:
    """Add the options and the argument that tell `for_each_conversation` what to read."""
    add_policies(parser)
    parser.add_argument(
        "file",
        metavar="FILE",
        help="conversations, or rows of a data set: JSON (one per file or one per line), Parquet, "
        "or any other kind of file that `chatfmt convert` reads; - is standard input",
    )


def conversations_of(item: Item) -> list[Conversation]:
    """The conversation that was read; for a preference, both of its conversations."""
    if isinstance(item, Conversation):
        return [item]
    prompt, replies = item.prompt, (item.chosen, item.rejected)
    return [prompt.model_copy(update={"messages": (*prompt.messages, *reply)}) for reply in replies]


class Lost:
    """Warns on standard error, once for each kind, about parts of conversations that are lost."""

    def __init__(self, tok: ChatTokenizer, args: argparse.Namespace) -> None:
        self._command = args.command
        self._tools = not tok.format.writes_tools(prepared=args.prepare)
        self._thinking = tok.format.writes_thinking(prepared=args.prepare)

    def __call__(self, conversation: Conversation) -> None:
        """Warn about what this conversation loses; to be called before it is prepared."""
        from chatfmt.adapters.thinking import find_inline

        if self._tools and conversation.tools:
            self._tools = False
            self._say(
                "tool definitions are not written: use --prepare to write them as the model's "
                "template does, or --tools drop to leave them out"
            )
        if self._thinking and any(
            message.role == "assistant" and find_inline(message.content)
            for message in conversation.messages
        ):
            self._thinking = False
            self._say(
                "the text of an answer contains reasoning, for which the format has a field: use "
                "--option inline_thinking=read to move it there"
            )

    def _say(self, words: str) -> None:
        sys.stderr.write(f"chatfmt {self._command}: note: {one_line(words)}\n")


def for_each_conversation(
    args: argparse.Namespace, work: Callable[[Conversation], bool | None]
) -> int:
    """Call ``work`` with each conversation of a file, and return the exit code.

    An error in one is reported on standard error with its place, and reading continues. A
    conversation is bad if ``work`` raises a `ValueError`, or returns False after reporting the
    error itself.

    Raises:
        DataError: a policy or schema is unknown, or the file is not a mixture.
        OSError: the file cannot be read.
        ImportError: an extra is missing for files of this kind.
    """
    from chatfmt.adapters.anything import LENIENT, read_value

    if not _is_text(args.file):
        return _for_each_in_rows(args, work)
    options = policies(args, LENIENT)

    def all_of(value: Any) -> bool:  # noqa: ANN401 - any JSON value
        items = read_value(value, schema=args.schema, options=options)
        return _good([item for _, item in items], work)

    return for_each(args.file, all_of)


def _is_text(file: str) -> bool:
    """Whether a file is plain JSON, or of an unknown kind."""
    from chatfmt.adapters import FILE_FORMATS
    from chatfmt.adapters.chunks import file_kind
    from chatfmt.adapters.store import located

    kind, unpacker = file_kind(located(Path(), file))
    packed = unpacker is not None or kind == "toml" or kind in FILE_FORMATS
    return not packed or (unpacker is None and kind in ("json", "jsonl", "ndjson"))


def _for_each_in_rows(args: argparse.Namespace, work: Callable[[Conversation], bool | None]) -> int:
    from chatfmt.adapters.anything import LENIENT

    quietly_bad = 0

    def row(reading: Reading) -> None:
        nonlocal quietly_bad
        quietly_bad += not _good(reading.items, work)

    with reader_may_leave():
        _, bad = for_each_row(args.file, args, row, LENIENT)
    return 1 if bad or quietly_bad else 0


def _good(items: list[Item], work: Callable[[Conversation], bool | None]) -> bool:
    chats = [chat for item in items for chat in conversations_of(item)]
    done = [work(chat) is not False for chat in chats]  # every one, even after a bad one
    return all(done)
