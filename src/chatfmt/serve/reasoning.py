"""Separates reasoning from what follows it, as a server's reasoning parser does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import RenderError
from chatfmt.serve.outputs import Output
from chatfmt.serve.pieces import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["ReasoningSplitter", "is_over", "thinking_in"]


class ReasoningSplitter:
    """Splits the ids of an output into reasoning and the rest.

    Args:
        tok: the format and its vocabulary.
        thinking: the value that the prompt was made with; None for the format's default.
    """

    def __init__(self, tok: ChatTokenizer, thinking: bool | None = None) -> None:  # noqa: FBT001
        self._output = Output(tok, after=(thinking,))
        self._closed = _after_no_reasoning(tok)
        self._message: list[int] = []  # ids of the message that may belong to its header
        self._thinks = False  # whether it has reasoning
        self.count = 0
        """How many ids have brought text of the reasoning."""
        self.rest: list[int] | None = None
        """The ids that are not reasoning, including the header of a message without any;
        None as long as there is only reasoning."""

    def take(self, ids: Iterable[int]) -> str:
        """The reasoning in these ids."""
        texts: list[str] = []
        for token in ids:
            if self.rest is not None:
                self.rest.append(token)
            else:
                texts += self._read(token)
        return "".join(texts)

    def _read(self, token: int) -> list[str]:
        pieces = self._output.take([token])
        found = [p.text for p in pieces if isinstance(p, Text) and p.field == "reasoning"]
        self.count += bool(found)
        self._message.append(token)
        self._thinks = self._thinks or bool(found)
        if len(found) < len(pieces) or self._output.part == "calls":
            self.rest = [token] if self._thinks else self._message
        elif self._closed is not None and self._output.stands_with(self._closed):
            self.rest = []
        elif self._output.part is None:
            self._message, self._thinks = [], False
        elif self._closed is not None and self._output.part != "header":
            self._message = []  # they say that there is no reasoning
        return found


def _after_no_reasoning(tok: ChatTokenizer) -> StreamParser | None:
    """A parser after the prompt that says there is no reasoning, if the format has one."""
    try:
        return tok.stream(thinking=False)
    except RenderError:
        return None


def thinking_in(switches: dict[str, object] | None) -> bool | None:
    """The value of a request's thinking switch, under either name that chat templates use."""
    found = (switches or {}).get("enable_thinking", (switches or {}).get("thinking"))
    return found if isinstance(found, bool) else None


def is_over(tok: ChatTokenizer, ids: Sequence[int]) -> bool:
    """Whether the last message of a prompt and what follows it can have no more reasoning."""
    best: tuple[int, bool | None] = -1, None
    for thinking in (None, True, False):
        try:
            prompt = tok.encode_prompt([], thinking=thinking, prologue=False)
        except RenderError:  # there is no such prompt
            continue
        best = max(best, (_end_of_last(prompt, ids), thinking), key=lambda one: one[0])
        if thinking is False and ids[-len(prompt) :] == prompt:
            return True
    end, thinking = best
    splitter = ReasoningSplitter(tok, thinking)
    splitter.take(ids[end:] if end >= 0 else ids)
    return splitter.rest is not None


def _end_of_last(prompt: list[int], ids: Sequence[int]) -> int:
    """Where the last occurrence of a prompt in the ids ends; -1 if there is none."""
    size = len(prompt)
    starts = range(len(ids) - size, -1, -1)
    return next((at + size for at in starts if [*ids[at : at + size]] == prompt), -1)
