"""A sentence for people about what the words of a row do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.prepare.definitions import Calls, Tools
from chatfmt.prepare.order import Order
from chatfmt.prepare.reasoning import Reasoning
from chatfmt.prepare.splitting import Split
from chatfmt.prepare.systems import Fold, Insert, System
from chatfmt.prepare.texts import Rename, Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatfmt.prepare.word import Word

__all__ = ["summary"]


def summary(words: Sequence[Word]) -> str:
    """The actions of a preparation and the values it takes; empty if it changes nothing.

    >>> from chatfmt.prepare.words import read_words
    >>> summary(read_words([{"word": "strip", "roles": ["user"]}]))
    'prepare() strips white space from the content of user messages.'
    """
    done = _listed(
        dict.fromkeys(
            said
            for word in words
            if not isinstance(word, Order)
            for said in _SAID[type(word)](word)
        )
    )
    refused = _listed(
        (said for word in words if isinstance(word, Order) for said in _order(word)), "or"
    )
    values = {name: default for word in words for name, default in word.names.items()}
    parts = [
        f"prepare() {done}." if done else "",
        f"{'It' if done else 'prepare()'} refuses {refused}." if refused else "",
        _values("needs", [name for name, default in values.items() if default is None]),
        _values("takes", [name for name, default in values.items() if default is not None]),
    ]
    return " ".join(part for part in parts if part)


def _values(verb: str, names: Sequence[str]) -> str:
    return f"It {verb} the value{'s' * (len(names) > 1)} {_listed(names)}." if names else ""


def _listed(parts: Iterable[str], last: str = "and") -> str:
    *before, end = [*parts] or [""]
    comma = "," if len(before) > 1 and any(" " in part for part in (*before, end)) else ""
    return f"{', '.join(before)}{comma} {last} {end}" if before else end


def _system(word: System) -> Iterator[str]:
    what = f"{word.role} message"
    if word.drop:
        yield f"leaves out the {what}"
        return
    if word.default is not None:
        yield f"adds a {what} if there is none"
    elif word.default_with_tools is not None:
        yield f"adds a {what} if there are tools and it is missing"
    if any((word.before, word.before_with_tools, word.after, word.after_with_tools)):
        yield f"adds text to the {what}"
    if word.empty == "drop":
        yield f"leaves out an empty {what}"
    elif word.empty == "default":
        yield f"treats an empty {what} as none"


def _fold(word: Fold) -> Iterator[str]:
    yield f"puts the system message in front of the {word.into} user message"


def _insert(word: Insert) -> Iterator[str]:
    yield f"adds a {word.role} message at the start"


def _strip(word: Strip) -> Iterator[str]:
    what = "white space" if word.characters is None else _named(word.characters)
    side = {"start": " the start of", "end": " the end of", "both": ""}[word.side]
    if (word.field, *word.roles) == ("reasoning", "assistant"):
        yield f"strips {what} from{side} the thinking"
        return
    conditions = [
        {None: "", True: " with thinking", False: " without thinking"}[word.thinks],
        {None: "", True: " with calls", False: " without calls"}[word.calls],
        " before the last user message" if word.earlier else "",
    ]
    of = f"the {word.field} of {_listed(word.roles)} messages"
    yield f"strips {what} from{side} {of}{''.join(conditions)}"


def _named(characters: str) -> str:
    names = {"\n": "line ends", " ": "spaces", "\t": "tabs"}
    return _listed(names.get(character, repr(character)) for character in characters)


def _rename(word: Rename) -> Iterator[str]:
    if word.to != word.role:
        yield f"writes {word.role} messages as {word.to} messages"
    if word.quoted:
        yield f"writes the content of {word.role} messages as a JSON string"
    if word.before or word.after:
        yield f"adds text around {word.role} messages"
    if word.joined:
        yield f"joins {word.role} messages that follow each other"


def _reasoning(word: Reasoning) -> Iterator[str]:
    kept = {
        "none": "drops all thinking",
        "after_last_user": "drops the thinking before the last user message",
        "after_last_answer": "drops the thinking up to the last answer",
    }
    if word.keep in kept:
        yield kept[word.keep]
    if not word.blank:
        yield "treats thinking that is only white space as none"
    if word.empty != "none":
        which = "" if word.empty == "all" or word.keep == "all" else " later"
        yield f"gives{which} answers without thinking an empty block"
    if word.dropped is not None or word.leaves:
        yield "leaves a mark where it drops thinking"


def _tools(word: Tools) -> Iterator[str]:
    places = {
        "system": f"the {word.role} message",
        "first_user": "the first user message",
        "last_user": "the last user message",
        "message": f"a {word.role} message of their own",
        "inserted": f"the added {word.role} message",
    }
    yield f"writes tool definitions into {places[word.into]}"


def _calls(_: Calls) -> Iterator[str]:
    yield "gives tool calls and their results new ids"


def _split(_: Split) -> Iterator[str]:
    yield "turns thinking and tool calls into separate messages"


def _order(word: Order) -> Iterator[str]:
    if not word.system:
        yield "system messages"
    if word.alternate:
        yield "anything but user and assistant messages in turn"
    if word.first:
        yield f"{_listed(word.first)} messages after the start"
    if word.calls is not None:
        yield f"more than {word.calls} tool call{'s' * (word.calls != 1)} in a message"
    if not word.text_with_calls:
        yield "text beside tool calls"
    if not word.empty_answers:
        yield "answers without text"
    if not word.tools:
        yield "definitions of tools"


_SAID: dict[type[Word], Callable[[Any], Iterator[str]]] = {
    System: _system,
    Fold: _fold,
    Insert: _insert,
    Strip: _strip,
    Rename: _rename,
    Reasoning: _reasoning,
    Tools: _tools,
    Calls: _calls,
    Split: _split,
}
