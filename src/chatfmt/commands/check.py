"""``chatfmt check``: find conversations that break a law of the library.

The laws hold for every conversation that a format can carry, so anything printed is a bug in
chatfmt or in the given encoding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.commands._conversations import Lost, add_conversations, for_each_conversation
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import print_json
from chatfmt.commands._prepare import add_preparation
from chatfmt.commands._turns import add_turns, turns_of
from chatfmt.errors import ParseError
from chatfmt.line.language import Field, GenerationStart, Group

if TYPE_CHECKING:
    import argparse

    from chatfmt.commands import Subparsers
    from chatfmt.conversation import Conversation, Message
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["add", "broken_law", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "check",
        help="check that conversations survive a round trip, and that their ids only grow",
        description="Encode conversations, decode them again, and compare; then check that the ids "
        "of each conversation begin with the ids of its first messages. Prints what differs.",
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_turns(parser)
    add_conversations(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print an object for each conversation that breaks a law, and nothing for the others."""
    tok = tokenizer(args)
    ready = turns_of(tok, args, Lost(tok, args))

    def work(chat: Conversation) -> bool:
        found = [broken for one in ready(chat) if (broken := broken_law(tok, one))]
        for broken in found:
            print_json(broken)
        return not found

    return for_each_conversation(args, work)


def broken_law(tok: ChatTokenizer, conversation: Conversation) -> dict[str, Any] | None:
    """The law that a conversation breaks, and where; None if it breaks none.

    Inversion: decoding its ids returns it. Prefix: its ids begin with the ids of its first
    messages, and with the prompt for each of the assistant's replies.

    Raises:
        RenderError: the format cannot carry it.
    """
    ids = tok.encode(conversation)
    try:
        found = tok.decode(ids, tools=conversation.tools)
    except ParseError as error:
        return {"law": "inversion", "error": str(error.issue), "ids": ids}
    if found != tok.format.on_wire(conversation):
        return {"law": "inversion", "found": _plain(found), "ids": ids}

    messages = conversation.messages
    for number, message in enumerate(messages):
        before = messages[:number]
        begin = tok.encode(before)
        if ids[: len(begin)] != begin:
            return {"law": "prefix", "message": number, "before": begin, "ids": ids}
        prompt = _prompt(tok, before, message)
        if ids[: len(prompt)] != prompt:
            return {"law": "prefix", "message": number, "prompt": prompt, "ids": ids}
    return None


def _prompt(tok: ChatTokenizer, before: tuple[Message, ...], reply: Message) -> list[int]:
    """The prompt that this reply may follow; empty if there is none."""
    pieces = tok.format.templates[reply.role].pieces
    fixed = {
        piece.name if isinstance(piece, Field) else piece.field
        for piece in pieces[: pieces.index(GenerationStart())]
        if isinstance(piece, Field | Group)
    }
    # A prompt writes role and name. A reply that writes more before its generated part has no
    # prompt.
    more = any(getattr(reply, field) is not None for field in fixed - {"role", "name"})
    if reply.role != "assistant" or more:
        return []
    return tok.encode_prompt(before, name=reply.name if "name" in fixed else None)


def _plain(conversation: Conversation) -> list[dict[str, Any]]:
    return [message.model_dump(exclude_none=True) for message in conversation.messages]
