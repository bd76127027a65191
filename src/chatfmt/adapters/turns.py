"""The order of turns in chat logs: the user begins, the speakers alternate, the assistant ends."""

from __future__ import annotations

from itertools import dropwhile, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["Turn", "checked_turns", "refuse_empty"]

Turn = tuple["Field", "Message"]


def refuse_empty(field: Field, options: Options) -> None:
    """Refuse an empty text, unless the options keep it."""
    if not field.text() and options.empty_turns != "keep":
        raise field.error('expected text, found empty text; pass empty_turns="keep" to accept it')


def checked_turns(log: Field, turns: Sequence[Turn], options: Options) -> tuple[Message, ...]:
    """The messages of a log. The options say what happens to turns that are out of order."""
    turns = _without_empty(turns, options)
    opening = [turn for turn in turns[:1] if turn[1].role == "system"]
    spoken = _from_user(turns[len(opening) :], options)
    spoken = _to_assistant(spoken, options)
    if not spoken:
        raise log.error("expected at least one turn of the user or the assistant, found none")
    turns = [*opening, *spoken]
    _refuse_repeated(turns, options)
    return tuple(message for _, message in turns)


def _without_empty(turns: Sequence[Turn], options: Options) -> Sequence[Turn]:
    if options.empty_turns == "keep":
        return turns
    full = [turn for turn in turns if not _is_empty(turn[1])]
    if options.empty_turns == "refuse" and len(full) < len(turns):
        field = next(field for field, message in turns if _is_empty(message))
        raise field.error(
            'expected a turn with text, found an empty one; pass empty_turns="keep" or "drop"'
        )
    return full


def _is_empty(message: Message) -> bool:
    return not message.content and not message.tool_calls


def _from_user(turns: Sequence[Turn], options: Options) -> Sequence[Turn]:
    if not turns or turns[0][1].role == "user" or options.starts_with_assistant == "keep":
        return turns
    field, message = turns[0]
    if options.starts_with_assistant == "refuse":
        raise field.error(
            f"expected the user to begin, found {message.role}; "
            'pass starts_with_assistant="keep" or "drop"'
        )
    return list(dropwhile(lambda turn: turn[1].role != "user", turns))


def _to_assistant(turns: Sequence[Turn], options: Options) -> Sequence[Turn]:
    if not turns or turns[-1][1].role == "assistant" or options.ends_with_user == "keep":
        return turns
    field, message = turns[-1]
    if options.ends_with_user == "refuse":
        raise field.error(
            f"expected the assistant to end, found {message.role}; "
            'pass ends_with_user="keep" or "drop"'
        )
    kept = list(dropwhile(lambda turn: turn[1].role != "assistant", reversed(turns)))
    return kept[::-1]


def _refuse_repeated(turns: Sequence[Turn], options: Options) -> None:
    if options.repeated_roles == "keep":
        return
    for (_, before), (field, message) in pairwise(turns):
        # Calls may be parallel, and so may their results.
        plain = message.role != "tool" and not message.tool_calls and not before.tool_calls
        if plain and message.role == before.role:
            raise field.error(
                f"expected turns to alternate, found a second turn of the {message.role} in a row; "
                'pass repeated_roles="keep" to accept such turns'
            )
