"""Streams of which nothing but the text is asked for: no message is made of it, no span, no event.

After most prompts any text belongs to the content, up to a stop token. `TextOnly` tells it as
`chatfmt.wire.read.parser.StreamParser.texts` would, and becomes that parser once it is asked for
anything else.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from chatfmt.wire.read.parser import StreamParser
from chatfmt.wire.read.twin import twin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.wire.read.steps import State

__all__ = ["TextOnly"]


class TextOnly(StreamParser):
    """A parser after a prompt.

    Args:
        primed: one that has read the prompt, and never takes anything else.
    """

    def __init__(self, primed: StreamParser) -> None:
        self._primed = primed
        self._told: list[int] = []  # ids of which the text was told, and nothing else
        self.stop_tokens = primed.stop_tokens

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a parser has
        if "_primed" not in vars(self):  # it is being copied
            raise AttributeError(name)
        parser = _copied(self._primed)
        if self._told:
            parser.feed_all(self._told)
        parser.stop_tokens = self.stop_tokens
        self.__dict__ = vars(parser)
        self.__class__ = StreamParser  # type: ignore[assignment]
        return getattr(self, name)

    def texts(self, ids: Iterable[int]) -> Iterator[str]:
        """As `StreamParser.texts`."""
        told, stops, whole = self._told, self.stop_tokens, self._primed.binding.whole
        rest = iter(ids)
        left: Iterable[int] = ()
        state: State | None = None  # that of the content, once it has begun
        for given in rest:
            # whoever takes the texts may ask for more in between
            if given.__class__ is int and self.__class__ is TextOnly:
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
        yield from StreamParser.texts(self, left)

    def _begin(self, token: int) -> tuple[str, State | None]:
        """What the first id tells, and where the reader is then; of ids that it has read before.

        Any text belongs to the content there.
        """
        reader = self._primed._reader
        step = None if self._told else reader.steps.same(reader.state).steps.get(token)
        if step is None or step.state.field != "content" or step.left or step.invalid:
            return "", None
        [run] = step.shared
        return run.text, step.state


def _copied(primed: StreamParser) -> StreamParser:
    """A parser of its own that goes on as one which has read a prompt, and no more."""
    parser = twin(primed)
    parser.messages, parser.spans = [*primed.messages], [*primed.spans]
    parser.issues = [*primed.issues]
    parser._reader = primed._reader.copy(parser.messages, parser.spans, parser.issues)
    return parser
