"""A reply read from its ids, with every call that the model tried, for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from chatfmt.errors import DataError
from chatfmt.json_text import loads
from chatfmt.serve.outputs import Output, bytes_of, spelled
from chatfmt.serve.pieces import Arguments, CallEnd, CallStart, Text, Turn
from chatfmt.wire.events import MessageEnd, MessageStart, ToolCallAbandoned, ToolCallEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.serve.pieces import Piece
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.wire.events import Event
    from chatfmt.wire.read.parser import StreamParser

__all__ = ["Reply", "TriedCall", "read_reply"]

_Status: TypeAlias = Literal["ok", "not_json", "unclosed", "malformed"]


class TriedCall(NamedTuple):
    """A call that the model has made or begun."""

    start: int
    """Index of its first id in the reply."""
    stop: int
    """Index after its last id."""
    raw: str
    """Its text, with special tokens spelled out."""
    name: str | None
    """None if no name was read."""
    arguments: str
    """JSON text, as far as it goes."""
    id: str | None
    """None if the format writes no ids."""
    status: _Status
    """``ok``; ``not_json``: it is whole, but its arguments are not a JSON object; ``unclosed``: it
    is cut off; ``malformed``: the format does not write calls like this."""


class Reply(NamedTuple):
    """The parts of a reply to one prompt."""

    content: str
    """The text, including strays."""
    reasoning: str | None
    """The reasoning; None if there is none."""
    calls: list[TriedCall]
    thinking_over: bool
    """Whether the ids end outside the reasoning."""
    stopped: bool
    """Whether there is a stop token."""


def read_reply(
    tok: ChatTokenizer,
    ids: Sequence[int],
    *,
    prompt: Sequence[int] = (),
    thinking: bool | None = None,
    tools: Iterable[Mapping[str, Any]] = (),
) -> Reply:
    """Read a reply; ids after the first stop token are not part of it.

    Args:
        tok: format and vocabulary.
        ids: the sampled ids.
        prompt: the ids of the prompt; by default a prompt of the format, made with ``thinking``.
        thinking: as in `ChatTokenizer.encode_prompt`.
        tools: as in `ChatTokenizer.parse`.
    """
    ids, prompt = [*ids], [*prompt]  # numpy's arrays are neither true nor false
    reader = _Reader(tok, ids)
    if prompt:
        reader.begin_after(prompt, tools)
    else:
        output = Output(tok, after=(thinking,), tools=tools)
        reader.begin(output.begun(ids[0] if ids else None))
    return reader.read()


class _Reader:
    """Makes a reply of events, and keeps track of the ids at which each call begins and ends."""

    def __init__(self, tok: ChatTokenizer, ids: Sequence[int]) -> None:
        self._tok, self._ids = tok, ids
        self._special = {*tok.encoding.special_tokens.values()} - tok.stop_tokens
        self._turn = Turn(stray="content", whole_calls=False, first_call=0, new_id=lambda _: "")
        self._texts: dict[str, list[str]] = {"content": [], "reasoning": []}
        self._calls: list[TriedCall] = []
        self._open: tuple[str | None, str | None, list[str]] = None, None, []
        self._message = self._call = 0  # where each begins
        self._text = 0  # after the last id that added text, or was part of the reasoning
        self._unclosed = False  # whether a special token may still close the last call
        self._at = 0  # after the last id that was fed

    def begin(self, parser: StreamParser) -> None:
        """Continue with a parser that has read a prompt."""
        self._parser = parser

    def begin_after(self, prompt: Sequence[int], tools: Iterable[Mapping[str, Any]]) -> None:
        """Read the prompt first; no part of it belongs to the reply."""
        self._parser = self._tok.stream(None, tools=tools)
        events, opened = self._parser.feed_all(prompt), self._parser.open
        begins = [event for event in events if isinstance(event, MessageStart)]
        if opened is not None and begins and begins[-1].index == opened.index:
            self._turn.take(events[events.index(begins[-1]) :])

    def read(self) -> Reply:
        """The reply."""
        stopped, part = False, self._part()
        texts, sinks = self._shortcut()
        for token in self._ids:
            self._at += 1
            if text := texts.get(token):  # nearly all
                for sink in sinks:
                    sink.append(text)
                self._text = self._at
                continue
            before, events = part, self._parser.feed(token)
            part = self._part()
            if part == "calls" and before != "calls":
                self._call = self._at - 1 if token in self._special else self._text
            self._take(events)
            self._close(token)
            if before == "reasoning":
                self._text = self._at
            stopped = token in self._tok.stop_tokens
            if stopped:
                part = before
                break
            texts, sinks = self._shortcut()
        if not stopped:
            self._take(self._parser.close(), closing=True)
        content, reasoning = ("".join(self._texts[field]) for field in ("content", "reasoning"))
        return Reply(content, reasoning or None, self._calls, part != "reasoning", stopped)

    def _part(self) -> str | None:
        """The open part of the message; a message of reasoning counts as ``reasoning``."""
        opened = self._parser.open
        if opened is None:
            return None
        thinks = opened.channel == "analysis" and opened.part != "header"
        return "reasoning" if thinks else opened.part

    def _shortcut(self) -> tuple[Mapping[int, str], list[list[str]]]:
        """The texts of ids that only add text, and the lists to append them to."""
        found = self._parser.shortcut
        field = None if found is None or self._unclosed else self._turn.goes_on_in(found)
        if found is None or not isinstance(field, str):
            return {}, []
        return found.texts, [found.sink, self._texts[field]]

    def _take(self, events: Iterable[Event], *, closing: bool = False) -> None:
        for event in events:
            if isinstance(event, ToolCallAbandoned):
                self._abandon(event, closing=closing)
            else:
                for piece in self._turn.take([event], closing=closing):
                    self._put(piece, is_part=isinstance(event, ToolCallEnd), closing=closing)
            if isinstance(event, MessageEnd):
                self._message = self._at

    def _put(self, piece: Piece, *, is_part: bool, closing: bool) -> None:
        match piece:
            case Text(field, text):
                self._texts[field].append(text)
                self._text = self._at
            case CallStart(_, identifier, name):
                self._open = name, identifier or None, []
            case Arguments(_, text):
                self._open[2].append(text)
            case CallEnd(_, is_whole):
                start = self._call if is_part else self._message
                self._end(start, "ok" if is_whole else "unclosed" if closing else "malformed")

    def _abandon(self, event: ToolCallAbandoned, *, closing: bool) -> None:
        """If a special token began it, it was meant as a call; otherwise it is text."""
        pieces = self._turn.take([event], closing=closing)
        if self._special.intersection(self._ids[self._call : self._at]):
            self._end(self._call, "unclosed" if closing else "malformed")
        else:
            self._open = None, None, []
            texts = [piece.text for piece in pieces if isinstance(piece, Text)]
            self._texts["content"] += texts or [event.text]

    def _end(self, start: int, status: _Status) -> None:
        name, identifier, texts = self._open
        arguments = "".join(texts)
        if status == "ok" and not _is_object(arguments):
            status = "not_json"
        stop = self._at
        if stop and self._ids[stop - 1] in self._tok.stop_tokens:
            stop -= 1
        while start < stop and self._is_space(self._ids[start]):
            start += 1
        raw = spelled(self._tok, self._ids[start:stop])
        self._calls.append(TriedCall(start, stop, raw, name, arguments, identifier, status))
        self._open = None, None, []
        self._call = stop
        self._unclosed = status == "ok" and self._ids[self._at - 1] not in self._special

    def _close(self, token: int) -> None:
        """Extend the last call by this token if the token closes it."""
        if not self._unclosed or self._at == self._call:
            return
        call = self._calls[-1]
        if token in self._special and token not in self._ids[call.start : call.stop]:
            raw = spelled(self._tok, self._ids[call.start : self._at])
            self._calls[-1] = call._replace(stop=self._at, raw=raw)
            self._call = self._at
        self._unclosed = not (token in self._special or self._text == self._at)

    def _is_space(self, token: int) -> bool:
        return token not in self._special and bytes_of(self._tok, token).isspace()


def _is_object(text: str) -> bool:
    try:
        return isinstance(loads(text), dict)
    except DataError:
        return False
