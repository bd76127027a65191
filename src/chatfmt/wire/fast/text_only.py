"""Streams from which only text is requested: they make no messages, spans or events.

After most prompts any text belongs to the content, up to a stop token. `TextOnly` gives it as
`chatfmt.wire.read.parser.StreamParser.texts` would, and catches up when it is asked for anything
else.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from chatfmt.wire.ids import each_of
from chatfmt.wire.read.lenient import Lenient
from chatfmt.wire.read.parser import StreamParser

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.wire.read.state import State

__all__ = ["TextOnly"]

_MADE = {"messages", "spans", "issues", "_reader", "_lenient"}
"""A parser's own attributes; all others are the same for every parser after a prompt."""


class _Later:
    """An attribute that a parser has once it has caught up."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, parser: TextOnly, owner: type) -> Any:  # noqa: ANN401 - of any type
        parser._catch_up()
        return getattr(parser, self._name)


class TextOnly(StreamParser):
    """A parser after a prompt.

    Args:
        primed: a parser that has read the prompt, and never takes anything else.
    """

    _reader: Any = _Later()
    messages: Any = _Later()
    spans: Any = _Later()
    issues: Any = _Later()

    def __init__(self, primed: StreamParser) -> None:
        self._primed = primed
        self._told: list[int] | None = []  # ids of which only the text was given
        for name, value in vars(primed).items():
            if name not in _MADE:
                setattr(self, name, value)

    def _catch_up(self) -> None:
        told, primed, self._told = self._told, self._primed, None
        self.messages, self.spans = [*primed.messages], [*primed.spans]
        self.issues = [*primed.issues]
        self._reader = primed._reader.copy(self.messages, self.spans, self.issues)
        self._lenient = Lenient(self._reader)
        if told:
            self.feed_all(told)

    def texts(self, ids: Iterable[int]) -> Iterator[str]:
        """As in `StreamParser.texts`."""
        return super().texts(ids) if self._told is None else self._texts(ids)

    def _texts(self, ids: Iterable[int]) -> Iterator[str]:
        stops, whole = self.stop_tokens, self._any_text
        rest = each_of(ids)
        left: Iterable[int] = ()
        state: State | None = None  # the state in the content, once it has begun
        for given in rest:
            # the caller of this iterator may ask for more in between
            if given.__class__ is int and (told := self._told) is not None:
                text, state = (whole[given], state) if state else self._begin(given)
                if text:
                    told.append(given)
                    yield text
                    continue
                if state and given in stops and state.steps.get(given):
                    told.append(given)
                    return
            left = chain((given,), rest)
            break
        yield from super().texts(left)

    def _begin(self, token: int) -> tuple[str, State | None]:
        """The text of the first id, and the reader's state after it, for ids read before.

        Any text belongs to the content there.
        """
        reader = self._primed._reader
        step = None if self._told else reader.steps.same(reader.state).steps.get(token)
        if step is None or step.state.field != "content" or step.left or step.invalid:
            return "", None
        [run] = step.shared
        return run.text, step.state
