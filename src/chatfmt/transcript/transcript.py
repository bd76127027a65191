"""A conversation and its ids, kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from chatfmt.conversation import Message
from chatfmt.errors import Issue, IssueKind, RenderError, shown
from chatfmt.transcript.growth import Growth
from chatfmt.transcript.samples import Sampling
from chatfmt.wire import resume
from chatfmt.wire.alone import grows, reads
from chatfmt.wire.ids import as_ids, as_logprobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chatfmt.wire.spans import OpenMessage, Span

__all__ = ["Completion", "Transcript"]


class Completion(NamedTuple):
    """The result of `Transcript.append_completion`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> completion = chat.append_completion([13225, 200265, 198])
    >>> completion.stop_reason, completion.stop_token, completion.rest
    ('overrun', 200265, [198])
    """

    messages: tuple[Message, ...]
    """The messages that these ids continued, began or ended, in their current state."""
    stop_reason: Literal["stop", "length", "overrun"]
    """``stop``: a stop token came last; ``length``: none came; ``overrun``: ids follow it."""
    stop_token: int | None
    rest: list[int]
    """The ids after the stop token; they are not part of the transcript."""
    issues: tuple[Issue, ...]


class Transcript(Sampling):
    """A conversation and its ids; both only grow.

    Ids are kept exactly as given, even if encoding their text again would return others.
    `ChatTokenizer.render`, `parse` and `transcript_from_dict` make transcripts.

    Use it in one thread at a time: if it changes while another thread uses it, that thread gets a
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
        spans: the piece of the format that wrote each run of ids; they tile ``ids``.
        issues: the errors in parsed ids.
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

        An open message is continued; nothing is written then.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.prompt(prefill="Hello")[-4:]
        [200264, 173781, 200266, 13225]

        Raises:
            RenderError: the format has no such prompt, or another message is open. The transcript
                is unchanged.
        """
        opened = self._opened()
        if opened is not None:
            if opened.role != role or prefill or name not in (None, opened.name):
                raise RenderError(
                    f"message {opened.index} ({opened.role}) is open; end it with append(), or "
                    "continue it with prompt() and no other arguments",
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

        If a message is open, a first message of the same role completes it: it must begin with the
        text that is there, such as a prefill or sampled ids, and the rest of it is written. A
        message of another role ends the open one, with an issue. Without messages, the open one is
        ended in its current state, and a missing tail is written. Ids written this way do not count
        as sampled.

        In formats in which a message ends where the next begins, a sampled stop token is the first
        id of the next message, and that message must begin with it. With ``replace_stop`` the stop
        token is removed if it does not.

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
                the open message, or that has no role yet. The transcript is unchanged.
            pydantic.ValidationError: one of them is not a message. This is a ValueError. The
                transcript is unchanged.
        """
        new = [Message.model_validate(message) for message in messages]
        if not new and self._stop_id() is not None:
            return  # it has ended its message
        end, following = self._ending(new, replace_stop=replace_stop)
        if end is not None:
            if following:
                trial = self._copied()
                end(trial)
                trial._append(following)  # what is refused is refused before anything changes
            end(self)
        self._append(following)
        self._prompted = None

    def _append(self, messages: list[Message]) -> None:
        """Add whole messages after what is whole."""
        missing, within = self._missing(), self._within()
        closes = bool(messages and messages[0].role != within)
        closing = self._renderer.close_envelope(within) if within and closes else ([], [])
        ids: list[int] = []
        spans: list[Span] = []
        self._renderer.extend_with_spans(
            ids,
            spans,
            messages,
            first=len(self._messages),
            continues=self._going_on(),
            before=self._last_role(),
            unended=self._is_unended(self._last_role()),
            within=None if closes else within,
            offset=len(self.ids) + len(closing[0]) + len(missing),
        )
        if missing:
            self._write(missing)
        self._add(*closing)
        if within is None or closes:
            self._begin()
        self.ids += ids
        self.spans += spans
        self._messages += messages

    def _ending(
        self, new: list[Message], *, replace_stop: bool
    ) -> tuple[Callable[[Self], None] | None, list[Message]]:
        """How what is open is ended when these messages come next, and those that then follow."""
        stop, opened = self._stop_id(), self._opened()
        if stop is not None and not self._begins_with(new[0], stop):
            self._check_stop(stop, new[0], allowed=replace_stop)
            return Growth._drop_stop, new
        if opened is not None and new and opened.role == new[0].role:
            return (lambda transcript: transcript._complete_open(new[0])), new[1:]
        if opened is not None:
            return (lambda transcript: transcript._close_open(new)), new
        standing = self._standing()
        if standing and standing.is_within_character:  # no one will complete it
            return (lambda transcript: transcript._end_reading(transcript._live())), new
        return None, new

    def _complete_open(self, message: Message) -> None:
        """The open message is this one."""
        self._end_open(resume.complete(self._renderer, self._begun(), message))
        self._messages[-1] = message  # with its annotations

    def _close_open(self, following: list[Message]) -> None:
        """The open message ends as it is; where another follows, that is an issue."""
        begun, stood = self._begun(), len(self.ids)
        self._end_open(resume.close(self._renderer, begun))
        if following:
            self.issues.append(_left_open(begun.opened, stood, following[0].role))

    def _check_stop(self, stop: int, following: Message, *, allowed: bool) -> None:
        """Refuse a sampled stop token that does not begin the next message."""
        if not allowed:
            raise RenderError(
                f"the model stopped with {self._binding.spellings[stop]}, but no message of role "
                f"{following.role} begins with that; append a message that does, or pass "
                "replace_stop=True to remove the token",
                self._binding.format.name,
                len(self._messages),
                "role",
            )

    def append_completion(
        self, ids: Iterable[int], *, logprobs: Sequence[float] | None = None
    ) -> Completion:
        """Add sampled ids verbatim, and return the messages in them.

        If no message is open, the assistant's prompt is written first, even if there are no ids. A
        message that the ids leave open is continued by the next call, or ended by `append`. Ids
        after the first stop token are not added, but returned in `Completion.rest`.

        Any ids are accepted, and read as in a lenient parse: an issue reports an id outside the
        vocabulary, invalid UTF-8 or a mangled header. Ids that belong to no message are ``stray``
        in the spans. Ids given in several calls are read as if given in one.

        Args:
            ids: the sampled ids, with the stop token where there was one.
            logprobs: optional, one for each id: the natural logarithm of its probability.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> chat.append_completion([13225]).stop_reason
        'length'
        >>> chat.append_completion([11, 2375, 200265]).messages
        (Message(role='assistant', content='Hello, world'),)

        Raises:
            ValueError: the numbers of logprobs and ids differ. The transcript is unchanged.
            TypeError: an id is not an integer, or a logprob is not a number. The transcript is
                unchanged.
            RenderError: the format has no assistant and none was prompted: begin one with
                `prompt`. The transcript is unchanged.
        """
        ids = as_ids(ids)
        logprobs = None if logprobs is None else as_logprobs(logprobs)
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

        self._live()  # it reads an open message again: the part that is there now was known before
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
        """A copy that grows independently of this transcript.

        >>> import chatfmt
        >>> tok = chatfmt.get_tokenizer("gpt-4o")
        >>> chat = tok.render([{"role": "user", "content": "hello"}])
        >>> branch = chat.copy()
        >>> branch.append({"role": "assistant", "content": "Hello"})
        >>> len(branch.ids), len(chat.ids)
        (10, 5)
        """
        return self._copied()


def _left_open(opened: OpenMessage, position: int, role: str) -> Issue:
    return Issue(
        IssueKind.OPEN_MESSAGE,
        position,
        f"the {opened.part} of message {opened.index}",
        f"the rest of it, as a message of role {opened.role} that begins like it, or append() "
        "without messages",
        f"a message of role {shown(role)}",
    )
