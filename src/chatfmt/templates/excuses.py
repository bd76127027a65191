"""The faults of a published template that a text shows, compared with the text that a row writes.

A difference counts as a fault only if it is where faults of that kind are, and if nothing else
differs. `chatfmt.templates.compare` checks it against the ``faults`` that a row says its template
has.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.conversation import Conversation, Message
from chatfmt.errors import RenderError
from chatfmt.line.language import Field, Group, Literal, Special
from chatfmt.templates.letters import ids_in, spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatfmt.line.language import Piece
    from chatfmt.tokenizer import ChatTokenizer

__all__ = ["Case", "faults_shown", "spells_own_tokens", "write"]


class Case(NamedTuple):
    """A conversation, and what a template writes for it."""

    tok: ChatTokenizer
    given: Conversation
    prompt: bool
    text: str
    prepare: Callable[[Conversation], Conversation]
    """May raise `RenderError`."""


def write(tok: ChatTokenizer, conversation: Conversation, *, prompt: bool) -> list[str]:
    """The row's texts for a conversation: a prompt, or the encoded and the trained text."""
    if prompt:
        return [spelled(tok, tok.encode_prompt(conversation))]
    example = tok.encode_for_training(conversation, allow_untrained=True)
    return [spelled(tok, tok.encode(conversation)), spelled(tok, example.input_ids)]


def faults_shown(case: Case) -> Iterator[frozenset[str]]:
    """Each way to explain the text by kinds of faults."""
    for one in (_without_text_beside_calls, _up_to_calls, _differing, _up_to_reasoning_in_text):
        yield from one(case)


def spells_own_tokens(case: Case) -> bool:
    """Whether preparation adds the spelling of a special token that was not in the conversation.

    The template then writes the same letters, but they are read as tokens.
    """
    written = case.tok.encode(case.prepare(case.given))
    theirs = ids_in(case.tok, spelled(case.tok, written))
    given = "\0".join(_texts(case.given))
    tokens = case.tok.format.special_tokens
    return theirs != written and not any(token in given for token in tokens)


def _texts(conversation: Conversation) -> list[str]:
    fields = ("content", "reasoning")
    values = (getattr(message, name) for message in conversation.messages for name in fields)
    calls = (call for message in conversation.messages for call in message.tool_calls)
    return [*(value or "" for value in values), *(call.arguments for call in calls)]


# -- Conversations that are compared in part -------------------------------------------------------


def _without_text_beside_calls(case: Case) -> Iterator[frozenset[str]]:
    """``dropped_text``, if the rest is explained without the text of messages that have calls."""
    messages = case.given.messages
    dropped = [m.content for m in messages if m.tool_calls and m.content]
    if dropped and not any(text in case.text for text in dropped):
        left = (m.model_copy(update={"content": ""} if m.tool_calls else {}) for m in messages)
        yield from (found | {"dropped_text"} for found in _differing(_with(case, left)))


def _up_to_calls(case: Case) -> Iterator[frozenset[str]]:
    """``dropped_calls``, if no call is there and the text before the first one is explained."""
    messages = case.given.messages
    calls = [call.arguments for message in messages for call in message.tool_calls]
    if calls and not any(arguments in case.text for arguments in calls):
        before = takewhile(lambda message: not message.tool_calls, messages)
        found = _differing(_with(case, before, prompt=False), is_beginning=True)
        yield from (kinds | {"dropped_calls"} for kinds in found)


def _up_to_reasoning_in_text(case: Case) -> Iterator[frozenset[str]]:
    """``split_text``, if a text with the tag is missing and the text before it is explained."""
    messages = case.given.messages
    if any("</think>" in m.content and m.content not in case.text for m in messages):
        before = takewhile(lambda message: "</think>" not in message.content, messages)
        found = _differing(_with(case, before, prompt=False), is_beginning=True)
        yield from (kinds | {"split_text"} for kinds in found)


def _with(case: Case, messages: Iterable[Message], **changes: Any) -> Case:  # noqa: ANN401 - as in `Case`
    given = case.given.model_copy(update={"messages": tuple(messages)})
    return case._replace(given=given, **changes)


# -- One text and another --------------------------------------------------------------------------


def _differing(case: Case, *, is_beginning: bool = False) -> Iterator[frozenset[str]]:
    """Kinds that explain how the text differs from the row's; none if it does not differ.

    Args:
        case: the conversation, and the text.
        is_beginning: whether the text may continue after what the row writes.
    """
    try:
        prepared = case.prepare(case.given)
        written = write(case.tok, prepared, prompt=case.prompt)
    except RenderError:
        return
    for ours in written:
        yield from _between(case, prepared, ours, is_beginning=is_beginning)


def _between(
    case: Case, prepared: Conversation, ours: str, *, is_beginning: bool
) -> Iterator[frozenset[str]]:
    tok, messages = case.tok, prepared.messages
    prologue = len(spelled(tok, tok.encode([])))
    question = next((m for m in messages if m.role == "user"), None)
    if question is None:
        return
    asked = spelled(tok, tok.encode([question]))[prologue:]
    at, start = case.text.find(asked), ours.find(asked)
    if at < 0 and not question.content:  # the template may have left it out
        at = start = 0
    if at < 0 or start < 0:
        return
    kinds = frozenset({"start"} if case.text[:at] != ours[:start] else ())
    text, rest = case.text[at:], ours[start:]
    text = text[: len(rest)] if is_beginning else text
    if text == rest:
        yield kinds
    else:
        yield from (kinds | {kind} for kind in _kinds(case, prepared, text, rest, start))


def _kinds(case: Case, prepared: Conversation, text: str, ours: str, start: int) -> Iterator[str]:
    """The kinds that explain how two texts differ, both of which begin with the first question."""
    tok, messages = case.tok, prepared.messages
    pattern = _reasoning_pattern(tok)
    if pattern and re.sub(pattern, "", text) == re.sub(pattern, "", ours):
        yield "reasoning"
    if case.prompt and text.startswith(spelled(tok, tok.encode(messages))[start:]):
        yield "prompt"
    if not case.prompt and ours.startswith(text) and _ending(tok).endswith(ours[len(text) :]):
        yield "end"
    is_empty = any(not m.content and not m.tool_calls for m in messages)
    if is_empty and _is_less_one_stretch(text, ours):
        yield "empty"
    calling = next((at for at, m in enumerate(messages) if _is_call(m)), None)
    if calling is not None:
        until = len(spelled(tok, tok.encode(messages[:calling]))) - start
        if text[:until] == ours[:until]:
            yield "calls"


def _is_call(message: Message) -> bool:
    return bool(message.tool_calls) or (message.recipient or "").startswith("functions.")


def _is_less_one_stretch(text: str, other: str) -> bool:
    """Whether a text is another one with a single stretch left out."""
    same = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(text, other, strict=False))
    )
    return len(text) < len(other) and other.endswith(text[same:])


def _ending(tok: ChatTokenizer) -> str:
    """The text after the content of an answer."""
    prologue, mark = len(spelled(tok, tok.encode([]))), "\x02"
    for recipient in (None, "user"):
        answer = Message(role="assistant", content=mark, recipient=recipient)
        try:
            return spelled(tok, tok.encode([answer]))[prologue:].partition(mark)[2]
        except RenderError:
            continue
    return ""


def _reasoning_pattern(tok: ChatTokenizer) -> str | None:
    """A pattern for reasoning and the text that the row writes around it."""
    for line in tok.format.lines_of["assistant"]:
        for piece in line.pieces:
            if isinstance(piece, Group) and piece.field == "reasoning":
                return "".join(_pattern(piece.pieces))
    return None


def _pattern(pieces: Sequence[Piece]) -> list[str]:
    parts = []
    for piece in pieces:
        if isinstance(piece, Special):
            parts.append("|".join(map(re.escape, piece.tokens)).join(("(?:", ")")))
        elif isinstance(piece, Literal):
            parts.append(re.escape(piece.text))
        elif isinstance(piece, Field):
            parts.append("(?s:.*?)")
    return parts
