"""A conversation and its ids, kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chatfmt.conversation import Message
from chatfmt.errors import Issue, IssueKind, RenderError, shown
from chatfmt.transcript.samples import Sampling
from chatfmt.wire import resume
from chatfmt.wire.alone import grows, reads
from chatfmt.wire.ids import as_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatfmt.wire.spans import OpenMessage, Span

__all__ = ["Completion", "Transcript"]


class Completion(NamedTuple):
    """What `Transcript.append_completion` made of sampled ids.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> completion = chat.append_completion([13225, 200265, 198])
    >>> completion.stop_reason, completion.stop_token, completion.rest
    ('overrun', 200265, [198])
    """

    messages: tuple[Message, ...]
    """The messages that these ids continued, began or ended, as they stand now."""
    stop_reason: Literal["stop", "length", "overrun"]
    """``stop``: a stop token came last; ``length``: none came; ``overrun``: ids follow it."""
    stop_token: int | None
    rest: list[int]
    """The ids after the stop token; they are not part of the transcript."""
    issues: tuple[Issue, ...]


class Transcript(Sampling):
    """A conversation and its ids, which only ever grow.

    The ids are kept as they were given, also where encoding their text again would give others.
    Made by `ChatTokenizer.render`, `parse` and `transcript_from_dict`.

    It is for one thread at a time: where it changes while another thread uses it, that one gets a
    RuntimeError. Give each thread a `copy`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> chat.prompt()
    [200264, 1428, 200266, 24912, 200265, 200264, 173781, 200266]
    >>> chat.append_completion([13225, 200265]).messages
    (Message(role='assistant', content='Hello'),)
    >>> chat.append({"role": "user", "content": "bye"})
    >>> len(chat.conversation.messages)
    3

    Attributes:
        ids: the token ids.
        spans: which piece wrote which ids; they tile ``ids``.
        issues: what was wrong with ids that were parsed.
    """

    @grows
    def prompt(
        self,
        role: str = "assistant",
        *,
        name: str | None = None,
        prefill: str = "",
        thinking: bool | None = None,
    ) -> list[int]:
        """Begin a message for a model to write, and return all ids (a copy).

        ``thinking`` is that of `ChatTokenizer.encode_prompt`.

        A message that is open already is gone on with; nothing is then written.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.prompt(prefill="Hello")[-4:]
        [200264, 173781, 200266, 13225]

        Raises:
            RenderError: the format has no such prompt, or another message is open; nothing has
                changed then.
        """
        opened = self._opened()
        if opened is not None:
            if opened.role != role or prefill or name not in (None, opened.name):
                raise RenderError(
                    f"message {opened.index} ({opened.role}) is open; end it with append(), or go "
                    "on with it as it is",
                    self._binding.format.name,
                )
            return list(self.ids)
        begin = self._renderer.prefilled(
            role,
            name,
            prefill,
            index=len(self._messages),
            before=self._last_role(),
            thinking=thinking,
        )
        self._close_envelope()
        self._write_prompt([*self._missing(), *begin], role)
        return list(self.ids)

    @grows
    def append(self, *messages: Message | dict[str, Any], replace_stop: bool = False) -> None:
        """Add whole messages.

        Where a message is open, the first one of the same role is that message, whole: it must
        begin with what is there, such as a prefill or ids that were sampled, and the rest of it
        is written. One of another role ends the open one, with an issue. Without messages the open
        one is ended as it stands, and a tail that is missing is written. What is written so does
        not count as sampled.

        In formats in which a message ends where the next begins, a sampled stop token is the first
        id of the next message, and that message must begin with it. With ``replace_stop`` it is
        taken back where it does not.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.append({"role": "assistant", "content": "Hello"})
        >>> chat.ids[-5:]
        [200264, 173781, 200266, 13225, 200265]

        >>> _ = chat.prompt(prefill="Sure, ")
        >>> chat.append({"role": "assistant", "content": "Sure, 4."})
        >>> len(chat.conversation.messages)
        3

        Raises:
            RenderError: the format cannot carry one of them, or the first one does not begin with
                the open message, or that has no role yet; nothing has changed then.
            pydantic.ValidationError: one of them is no message; a ValueError. Nothing has changed.
        """
        new = [Message.model_validate(message) for message in messages]
        if not new and self._stop_id() is not None:
            return  # it has ended its message
        self._end_sampled(new, replace_stop=replace_stop)
        opened = self._opened()
        begun = self._begun(opened) if opened else None
        completes = bool(begun and new and new[0].role == begun.opened.role)
        if begun is None:
            rest, going_on, within = self._missing(), self._going_on(), self._within()
        else:
            if completes:
                rest = resume.complete(self._renderer, begun, new[0])
            else:
                rest = resume.close(self._renderer, begun)
            going_on = begun.opened.role if rest and self._continues(rest[-1]) else None
            within = begun.opened.role
            within = within if within in self._binding.format.envelopes else None
        following = new[completes:]
        closes = bool(following and following[0].role != within)
        closing = self._renderer.close_envelope(within) if within and closes else ([], [])
        ids: list[int] = []
        spans: list[Span] = []
        first = len(self._messages) + (begun is not None)
        self._renderer.extend_with_spans(
            ids,
            spans,
            following,
            first=first,
            continues=going_on,
            before=begun.opened.role if begun else self._last_role(),
            unended=begun.opened.role in self._binding.format.unended
            if begun
            else self._is_unended(self._last_role()),
            within=None if closes else within,
            offset=len(self.ids) + len(closing[0]) + len(rest),
        )
        stood = len(self.ids)
        if rest:
            self._write(rest)
        if begun:
            self._end_open()
        self._add(*closing)
        self._begin(within=None if closes else within)
        if completes:
            self._messages[-1] = new[0]  # with its annotations
        elif begun and new:
            self.issues.append(_left_open(begun.opened, stood, new[0].role))
        self.ids += ids
        self.spans += _numbered(spans, first - len(self._messages))
        self._messages += following
        self._prompted = None

    def _end_sampled(self, new: list[Message], *, replace_stop: bool) -> None:
        """What only the next id would tell is told by these messages, which come next."""
        stop, standing = self._stop_id(), self._standing()
        if stop is not None and not self._begins_with(new[0], stop):
            self._take_back(stop, new, allowed=replace_stop)
        elif standing and standing.is_within_character and standing.open is None:
            self._end_character(new)

    def _end_character(self, new: list[Message]) -> None:
        """Half a character that belongs to no message yet will not be completed."""
        trial = self._copied()
        trial._end_reading(trial._live())
        trial.append(*new)  # what is refused is refused before anything changes
        self._end_reading(self._live())

    def _take_back(self, stop: int, new: list[Message], *, allowed: bool) -> None:
        """A stop token was sampled with which the next message does not begin."""
        if not allowed:
            raise RenderError(
                f"the model stopped with {self._binding.spellings[stop]}, with which no message of "
                f"role {new[0].role} begins; expected one that does, or replace_stop=True to take "
                "it back",
                self._binding.format.name,
                len(self._messages),
                "role",
            )
        trial = self._copied()
        trial._drop_stop()
        trial.append(*new)  # what is refused is refused before anything changes
        self._drop_stop()

    def append_completion(
        self, ids: Iterable[int], *, logprobs: Sequence[float] | None = None
    ) -> Completion:
        """Add what a model has sampled, verbatim, and say what it is.

        The assistant's prompt is written first where no message is open, also where there are no
        ids. A message that the ids leave open is continued by the next call, or ended by `append`.
        Ids after the first stop token are not added; they come back in `Completion.rest`.

        Whatever the ids are, they are taken, and read as a lenient parse does: an issue reports
        an id outside the vocabulary, invalid UTF-8 or a mangled header. What
        belongs to no message for that is in the spans as ``stray``. Ids that are given in pieces
        are read like the whole.

        Args:
            ids: the sampled ids, with the stop token where there was one.
            logprobs: one for each id, if wanted; the natural logarithm of its probability.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.append_completion([13225]).stop_reason
        'length'
        >>> chat.append_completion([11, 2375, 200265]).messages
        (Message(role='assistant', content='Hello, world'),)

        Raises:
            ValueError: the number of logprobs is not that of the ids; nothing has changed then.
            TypeError: an id is no integer, or a logprob no number; nothing has changed then.
            RenderError: the format has no assistant and none was prompted: begin one with
                `prompt`. Nothing has changed then.
        """
        ids = as_ids(ids)
        logprobs = None if logprobs is None else [*map(float, logprobs)]
        if logprobs is not None and len(logprobs) != len(ids):
            raise ValueError(
                f"expected {len(ids)} logprobs, one for each id, found {len(logprobs)}"
            )
        return self._complete(ids, logprobs)

    @grows
    def _complete(self, ids: list[int], logprobs: list[float] | None) -> Completion:
        opened = self._opened()
        self._prompt_for_reply(opened)
        stops = self._renderer.stops(self._speaker(opened))
        stop = next((i for i, token in enumerate(ids) if token in stops), None)
        taken = ids if stop is None else ids[: stop + 1]
        rest = [] if stop is None else ids[stop + 1 :]

        self._live()  # it reads an open message again: what is there now was known before
        first, known_issues = len(self._messages), len(self.issues)
        if logprobs is not None:
            self._logprobs += [None] * (len(self.ids) - len(self._logprobs))
            self._logprobs += logprobs[: len(taken)]
        self._write(taken, sampled=True)
        self._prompted = self._prompted if stop is None else None
        return Completion(
            self._messages_from(first),
            "length" if stop is None else "overrun" if rest else "stop",
            None if stop is None else ids[stop],
            rest,
            tuple(self.issues[known_issues:]),
        )

    @reads
    def copy(self) -> Transcript:
        """A branch: it and this transcript go on independently.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> branch = chat.copy()
        >>> branch.append({"role": "assistant", "content": "Hello"})
        >>> len(branch.ids), len(chat.ids)
        (10, 5)
        """
        return self._copied()


def _numbered(spans: list[Span], fewer: int) -> list[Span]:
    """The spans of messages of which so many before have turned out not to be any."""
    return [s._replace(message=s.message and s.message - fewer) for s in spans] if fewer else spans


def _left_open(opened: OpenMessage, position: int, role: str) -> Issue:
    return Issue(
        IssueKind.OPEN_MESSAGE,
        position,
        f"the {opened.part} of message {opened.index}",
        f"the rest of it, as a message of role {opened.role} that begins like it, or append() "
        "without messages",
        f"a message of role {shown(role)}",
    )
