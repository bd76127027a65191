"""Raw rows to examples: the one function that every engine calls, for a batch at a time."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from chatfmt.adapters import Preference, read_row
from chatfmt.adapters.strict import StrictJSON
from chatfmt.corpus.columns import Made, id_columns
from chatfmt.corpus.flat_rows import FlatRows
from chatfmt.errors import ChatfmtError, ContextOverflowError, DataError, bounded, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatfmt.adapters import Item, Source
    from chatfmt.conversation import Conversation, Message
    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.options import EncodeOptions
    from chatfmt.tokenizer import ChatTokenizer
    from chatfmt.training import TrainingExample
    from chatfmt.training.shapes import Laid

__all__ = ["encode_records"]

_LONGEST_REASON = 1000  # characters: a value that an error quotes may be as long as its row


class _Row(NamedTuple):
    """A row as far as it is read before all of a batch are encoded."""

    items: list[Item] | None = None
    """What it gives; None where that is read only if it has to be."""
    laid: Laid | None = None
    """The same for the flat path."""
    refusal: ChatfmtError | None = None


def encode_records(batch: RecordBatch, options: EncodeOptions) -> tuple[RecordBatch, RecordBatch]:
    r"""The examples of a batch of raw rows, and the rows that were refused.

    A row is used whole or refused whole; what is in neither batch was filtered: a source's
    ``where`` left it out, or its policies left nothing of it.

    Args:
        batch: rows of the schema `RAW`.
        options: what to do with them; the tokenizer is part of it.

    Returns:
        Examples of the schema ``example_schema(options)``, in the order of the rows, with
        ``source``, ``file``, ``row`` (1-based) and ``part`` (0-based, among the examples of a row),
        ``path`` (the ids of the messages, where the row is a tree; else null), and where asked to
        ``special_text``; and refused rows of the schema ``REJECTS``.

    >>> import chatfmt
    >>> from chatfmt.adapters import Source
    >>> from chatfmt.corpus import EncodeOptions, RawRow, batches, encode_records
    >>> options = EncodeOptions(
    ...     tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=[Source(name="a", paths=["a.jsonl"])]
    ... )
    >>> rows = [RawRow("a", "a.jsonl", 1, b'{"prompt": "2+2?", "completion": "4"}'),
    ...         RawRow("a", "a.jsonl", 2, b'{"prompt": "3+3?", "completion": NaN}')]
    >>> examples, rejects = encode_records(next(batches(rows)), options)
    >>> examples["input_ids"].to_pylist()
    [[200264, 1428, 200266, 17, 10, 17, 30, 200265, 200264, 173781, 200266, 19, 200265]]
    >>> rejects["reason"].to_pylist()
    ['expected JSON, found the constant NaN']
    """
    reader, made = _Reader(options), Made(options)
    rows = [reader.read(row) for row in zip(*map(_listed, batch.columns), strict=True)]
    examples = reader.flat.encode(row.laid for row in rows)
    names = ("source", "file", "line", "text")
    places = zip(*(_listed(batch[name]) for name in names), strict=True)
    for number, (place, row, example) in enumerate(zip(places, rows, examples, strict=True)):
        try:
            if row.refusal is not None:
                raise row.refusal
            if row.items is None and example is not None:
                made.add(number, [("", None, example.columns(weights=options.weights))], "")
                continue
            items = reader.items(*place) if row.items is None else row.items
            spelled = _special_text(items, options)
            if example is not None:
                [item] = items
                columns = example.columns(weights=options.weights)
                made.add(number, [("", _path(item), columns)], spelled)
            else:
                encoded = [
                    (_said(item, options), _path(item), one)
                    for item in items
                    for one in _encode(item, options)
                ]
                made.add(number, encoded, spelled)
        except ChatfmtError as refusal:
            *where, text = place
            made.rejects.append((*where, _reason(refusal), *_shown(text)))
    return made.batches(batch)


def _listed(column: Any) -> list[Any]:  # noqa: ANN401 - Arrow's
    return column.to_pylist()  # type: ignore[no-any-return]


class _Reader:
    """Reads the rows of a batch, each as far as has to be."""

    def __init__(self, options: EncodeOptions) -> None:
        self._sources = {source.name: source for source in options.sources}
        self._strict = StrictJSON()
        self.flat = FlatRows(options)

    def read(self, row: tuple[Any, ...]) -> _Row:
        """A row of the schema `RAW`."""
        name, file, line, text, fits, error = row
        if error is not None:
            return _Row(refusal=DataError(error))
        source = self._sources[name]
        try:
            value = self._value(file, line, text)
            if not fits and not source.fits(value):
                return _Row([])
            laid = self.flat.plain(source, value)
            if laid is not None:
                return _Row(None, laid)
            items = self._items(source, value)
            return _Row(items, self.flat.items(items))
        except ChatfmtError as refusal:
            return _Row(refusal=refusal)

    def items(self, name: str, file: str, line: int, text: bytes) -> list[Item]:
        """What a row gives that has passed `read`.

        Raises:
            DataError: it cannot be used.
        """
        return self._items(self._sources[name], self._value(file, line, text))

    def _value(self, file: str, line: int, text: bytes) -> dict[str, Any]:
        row = self._strict.line(file, line, text)
        if row.value is None:
            raise row.error or DataError("no row")
        return row.value

    def _items(self, source: Source, value: dict[str, Any]) -> list[Item]:
        items = read_row(value, schema=source.schema_name, options=source.options)
        return [source.finished(item) for item in items]


def _path(item: Item) -> list[str] | None:
    """``metadata["path"]``, where the reader of trees puts the ids of the messages, root first."""
    path = item.metadata.get("path")
    is_path = isinstance(path, list) and all(isinstance(name, str) for name in path)
    return path if is_path else None


def _said(item: Item, options: EncodeOptions) -> str:
    """What the row says besides, as JSON, where prompts are asked for: rewards need it."""
    if not options.prompts:
        return ""
    said = {key: value for key, value in item.metadata.items() if key != "provenance"}
    return json.dumps(said, ensure_ascii=False)


def _special_text(items: list[Item], options: EncodeOptions) -> str:
    """Where the texts of a row spell a special token; empty where they do not, or nobody asks.

    Raises:
        DataError: they do, and such a row is to be refused.
    """
    if options.special_text == "text":
        return ""
    spelled = [
        place
        for item in items
        for messages in _texts(item)
        for place in options.tokenizer.scan(messages)
    ]
    if not spelled:
        return ""
    message, field, offset, token = spelled[0]
    found = f"{shown(token)} in the {field} of message {message}, at character {offset}"
    if options.special_text == "refuse":
        raise DataError(f"expected texts that spell no special token, found {found}")
    return found


def _texts(item: Item) -> list[tuple[Message, ...]]:
    if isinstance(item, Preference):
        return [(*item.prompt.messages, *reply) for reply in (item.chosen, item.rejected)]
    return [item.messages]


def _shown(text: bytes | None) -> tuple[str | None, str | None]:
    """A row for people to read; or in Base64, where it is not text."""
    if text is None:
        return None, None
    try:
        return text.decode(), None
    except UnicodeDecodeError:
        return None, b64encode(text).decode()


def _reason(error: ChatfmtError) -> str:
    # Without the place, which stands beside it.
    if isinstance(error, DataError):
        reason = f"{error.field}: {error.reason}" if error.field else error.reason
    else:
        reason = str(error)
    return bounded(reason, _LONGEST_REASON)


# ---- what one item gives

_PLAIN = {None, 0.0, 1.0}
"""Weights of messages that labels can say; most have none, so no id needs to be looked at."""


def _encode(item: Item, options: EncodeOptions) -> list[tuple[bytes, ...]]:
    """The plain path: the lists of each example, packed."""
    names = id_columns(options)
    examples = _ENCODERS[options.kind](item, options)
    return [tuple(map(_packed, names, example)) for example in examples]


def _packed(name: str, numbers: Any) -> bytes:  # noqa: ANN401 - a list of them
    return array("f" if name == "weights" else "i", numbers).tobytes()


def _encode_conversation(item: Item, options: EncodeOptions) -> Iterable[TrainingExample]:
    if isinstance(item, Preference):
        raise DataError("expected a conversation, found a preference: --preferences takes these")
    conversation, each = item, dict[str, Any]()
    if options.turns == "whole":
        conversation = _prepared(item, options)
    elif options.prepare is not None:  # every turn anew
        each = options.prepare.arguments() | {"prepare": True}
        del each["thinking"]  # which is None; see the options
    encoded: Any = options.tokenizer.encode_for_training(
        conversation,
        train_on=options.train_on,
        train_end=options.train_end,
        max_tokens=options.max_tokens,
        overlong=options.overlong,
        turns=options.turns,
        allow_untrained=options.allow_untrained,
        **each,
    )
    examples: list[TrainingExample] = encoded if isinstance(encoded, list) else [encoded]
    if not options.weights and any(message.weight not in _PLAIN for message in item.messages):
        for example in examples:
            if odd := set(example.weights) - _PLAIN:
                found = min(odd)
                raise DataError(
                    f"expected weights of 0 or 1, found {found}: write a weights column"
                )
    return examples


def _encode_preference(item: Item, options: EncodeOptions) -> Iterable[tuple[list[int], ...]]:
    if not isinstance(item, Preference):
        raise DataError("expected a preference, found a conversation")
    tokenizer, prompt = options.tokenizer, item.prompt
    chosen, rejected = (
        _trained(tokenizer, _prepared(prompt.model_copy(update={"messages": messages}), options))
        for messages in _texts(item)
    )
    longest = max(len(chosen), len(rejected))
    if options.max_tokens is not None and longest > options.max_tokens:
        raise ContextOverflowError(longest, options.max_tokens)
    if options.preferences == "whole":
        return [(chosen, rejected)]
    shared = _shared_prompt(tokenizer, _prepared(prompt, options), chosen, rejected)
    return [(shared, chosen[len(shared) :], rejected[len(shared) :])]


def _trained(tokenizer: ChatTokenizer, conversation: Conversation) -> list[int]:
    """The ids up to the last that training counts: without what stands behind an end token.

    A trainer of pairs counts all ids of a reply, so there may be none that is not to be trained.
    """
    example = tokenizer.encode_for_training(conversation, allow_untrained=True)
    stop = len(example.weights)
    while stop and not example.weights[stop - 1]:
        stop -= 1
    return example.input_ids[: stop or None]


def _encode_prompt(item: Item, options: EncodeOptions) -> Iterable[tuple[list[int], ...]]:
    prompt = item.prompt if isinstance(item, Preference) else item
    if prompt.messages and prompt.messages[-1].role == "assistant":
        raise DataError("expected a prompt, found an answer at its end")
    thinking = None if options.prepare is None else options.prepare.thinking
    prepared = _prepared(prompt, options)
    ids = options.tokenizer.encode_prompt(prepared, thinking=thinking)
    if options.max_tokens is not None and len(ids) > options.max_tokens:
        raise ContextOverflowError(len(ids), options.max_tokens)
    return [(ids,)]


_ENCODERS: dict[str, Callable[[Item, EncodeOptions], Iterable[tuple[list[Any], ...]]]] = {
    "conversations": _encode_conversation,
    "preferences": _encode_preference,
    "prompts": _encode_prompt,
}


def _shared_prompt(
    tokenizer: ChatTokenizer, prompt: Conversation, chosen: list[int], rejected: list[int]
) -> list[int]:
    """The prompt for a reply, if both are the replies it asks for; else what was said before.

    Raises:
        DataError: it was prepared otherwise than before the replies.
    """
    for ids in (tokenizer.encode_prompt(prompt), tokenizer.encode(prompt)):
        if all(whole[: len(ids)] == ids for whole in (chosen, rejected)):
            return ids
    raise DataError(
        "expected a prompt with which both conversations begin; the template rewrites what is "
        "before a reply, such as its thinking: history=keep keeps that"
    )


def _prepared(conversation: Conversation, options: EncodeOptions) -> Conversation:
    if options.prepare is None:
        return conversation
    return options.tokenizer.prepare(conversation, **options.prepare.arguments())
