"""The ids of a conversation, each with its message, whether it is sampled, and whether content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chatfmt.errors import RenderError
from chatfmt.facade.writing import as_conversation
from chatfmt.wire.trained import in_training

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.conversation import Conversation, Message
    from chatfmt.facade.writing import Messages
    from chatfmt.prepare.prepared import Prepared
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.transcript import Transcript

__all__ = ["Attributed", "Options", "bridged", "goes_on", "unweighted", "written"]

_INSTRUCTIONS = ("system", "developer")


class Options(NamedTuple):
    """How conversations are prepared; the fields are arguments of `ChatTokenizer.prepare`."""

    thinking: bool | None = None
    values: Mapping[str, str | dt.date] | None = None
    history: Literal["published", "keep"] = "published"

    def prepare(
        self, tok: ChatTokenizer, chat: Messages, tools: Iterable[Mapping[str, Any]] | None = None
    ) -> Prepared:
        """The conversation as the model's template has it."""
        return tok.prepare(
            chat, tools=tools, values=self.values, history=self.history, thinking=self.thinking
        )

    def after(self, tok: ChatTokenizer, messages: Sequence[Message]) -> Options:
        """The options for a prompt: in some formats no prompt after a result sets thinking."""
        if self.thinking is None or not messages or messages[-1].role != "tool":
            return self
        try:
            tok._renderer.prompt("assistant", before="tool", thinking=self.thinking)
        except RenderError:
            return self._replace(thinking=None)
        return self


class Attributed(NamedTuple):
    """Ids and the facts of each; all lists have the same length."""

    ids: list[int]
    messages: list[int]
    """Index of the id's message among the given ones; -1 if the template adds the id."""
    sampled: list[bool]
    """Whether the model samples the id."""
    content: list[bool]
    """Whether the id is part of a given text. In an answer this is the same as ``sampled``."""


def goes_on(tok: ChatTokenizer, options: Options) -> bool:
    """Whether a conversation keeps its ids when messages are added, whatever they are."""
    if not all(tok.format.ends_of("assistant").values()):
        return False  # the end of an answer depends on whether messages follow it
    if options.history == "published" or tok.format.prefix == "always":
        return tok.format.prefix == "always"
    return all(
        word.looks_at == "nothing" or (row["word"] == "reasoning" and row.get("empty") != "kept")
        for word, row in zip(tok.format.preparation, tok.format.prepare, strict=True)
    )


def written(
    tok: ChatTokenizer,
    chat: Messages,
    options: Options,
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    prompt: bool = False,
) -> Attributed:
    """A whole conversation, prepared; with ``prompt``, the beginning of a reply follows.

    Without ``prompt``, an answer at the end has the token at which a model stops, even if the
    format has another one between messages.

    Raises:
        RenderError: as for `ChatTokenizer.prepare` and `ChatTokenizer.encode_prompt`.
    """
    given = unweighted(as_conversation(chat))
    options = options.after(tok, given.messages)
    prepared = options.prepare(tok, given, tools)
    transcript = tok.render(prepared)
    trained = transcript.weights(_of_assistant)
    if prompt:
        ids = transcript.prompt(thinking=options.thinking)
    else:
        example = tok.encode_for_training(prepared, train_on=_of_assistant, allow_untrained=True)
        size = len(tok.encode(prepared))
        ids, trained = example.input_ids[:size], example.weights[:size]
    sampled = [weight > 0 for weight in trained] + [False] * (len(ids) - len(trained))
    origins = [-1 if origin is None else origin for origin in prepared.origins]
    messages, content = _attribute(transcript, ids, sampled, given.messages, origins)
    return Attributed(ids, messages, sampled, content)


def bridged(
    tok: ChatTokenizer,
    prompt: Sequence[int],
    completion: Sequence[int],
    following: Messages,
    options: Options,
    *,
    tools: Iterable[Mapping[str, Any]] | None = None,
    keep_thinking: bool = False,
) -> Attributed | None:
    """The next prompt, which begins with a prompt and its completion, unchanged.

    None if the template would continue differently: it drops the thinking of an earlier answer
    (unless ``keep_thinking``), adds a message among the new ones, or refuses them. Also None if
    ids follow the stop token, or if the new messages have one of the assistant, which would have to
    be encoded.
    """
    new = unweighted(as_conversation(following)).messages
    if not (len(prompt) and new) or any(message.role == "assistant" for message in new):
        return None
    transcript = tok.parse(prompt, strict=False, allow_open=True, tools=tools or ())
    if transcript.append_completion(completion).rest:
        return None
    known = transcript.conversation.messages
    if _moves_tools(tok, known, new):
        return None
    options = options.after(tok, new)
    before = [message for message in known if message.role not in _INSTRUCTIONS]
    try:
        prepared = options.prepare(tok, [*before, *_answering(before, new)], tools)
        added = _after(prepared, len(before))
        if added is None or (_drops_thinking(prepared, len(before)) and not keep_thinking):
            return None
        transcript.append(*prepared.messages[added:])
        ids = transcript.prompt(thinking=options.thinking)
    except RenderError:
        return None
    origins = [origin - len(before) for origin in prepared.origins[added:] if origin is not None]
    sampled = [False] * len(ids)
    spots = [-1] * len(known) + origins
    messages, content = _attribute(transcript, ids, sampled, new, spots)
    return Attributed(ids, messages, sampled, content)


def _of_assistant(message: Message, _: int) -> float:
    return float(message.role == "assistant")


def unweighted(chat: Conversation) -> Conversation:
    """The conversation without its weights, which do not say who writes what."""
    messages = tuple(message.model_copy(update={"weight": None}) for message in chat.messages)
    return chat.model_copy(update={"messages": messages})


def _attribute(
    transcript: Transcript,
    ids: Sequence[int],
    sampled: Sequence[bool],
    given: Sequence[Message],
    origins: Sequence[int],
) -> tuple[list[int], list[bool]]:
    """The message of each id, and whether it is content.

    ``origins`` has the index in ``given`` of each message of the transcript; any further message is
    part of a prompt.
    """
    written = transcript.conversation.messages
    binding = transcript._binding
    messages, content = [-1] * len(ids), [*sampled]
    last = -1
    for span in in_training(binding, transcript.ids, transcript.spans, written):
        if span.message is None or span.message >= len(origins):
            continue
        last = origins[span.message]
        messages[span.start : span.stop] = [last] * (span.stop - span.start)
        if span.part == "content" and last >= 0 and given[last].role != "assistant":
            text = [binding.text[token] for token in ids[span.start : span.stop]]
            content[span.start : span.stop] = _own(text, given[last].content.encode())
    rest = len(transcript.ids)  # the end of an envelope
    messages[rest:] = [last] * (len(ids) - rest)
    return messages, content


def _own(tokens: Sequence[bytes], given: bytes) -> list[bool]:
    """Which of these tokens have bytes of the given text; all of them if it was rewritten."""
    data = b"".join(tokens)
    own = given if given in data else given.strip()
    first = data.rfind(own)
    if first < 0 or not own:
        return [True] * len(tokens)
    found, at = [], 0
    for token in tokens:
        found.append(at < first + len(own) and at + len(token) > first)
        at += len(token)
    return found


def _moves_tools(tok: ChatTokenizer, known: Sequence[Message], new: Sequence[Message]) -> bool:
    """Whether definitions would move from their present place to the new question."""
    with_question = any(
        word.looks_at == "user" and row["word"] == "tools"
        for word, row in zip(tok.format.preparation, tok.format.prepare, strict=True)
    )
    asks = any(message.role == "user" for message in new)
    return with_question and asks and any(message.tools is not None for message in known)


def _answering(known: Sequence[Message], new: Sequence[Message]) -> list[Message]:
    """The new messages; results refer to calls by name if no call on the wire has an id."""
    has_ids = any(call.id is not None for message in known for call in message.tool_calls)
    return [
        message.model_copy(update={"call_id": None})
        if message.name is not None and not has_ids
        else message
        for message in new
    ]


def _after(prepared: Prepared, known: int) -> int | None:
    """Where the messages after the ``known`` ones begin; None if one is added among them."""
    origins = prepared.origins
    olds = (at for at, origin in enumerate(origins) if origin is not None and origin < known)
    first = max(olds, default=-1) + 1
    return None if None in origins[first:] else first


def _drops_thinking(prepared: Prepared, known: int) -> bool:
    """Whether one of the first ``known`` messages loses its thinking."""
    return any(
        change.message is not None
        and change.message < known
        and (change.field == "reasoning" or (change.field == "message" and change.after is None))
        and bool(change.before)
        for change in prepared.changes
    )
