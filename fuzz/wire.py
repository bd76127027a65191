"""Any ids: a value or a `ParseError`, whole or token by token; and transcripts made of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chatfmt import (
    FORMAT_ROWS,
    ChatTokenizer,
    Message,
    ParseError,
    RenderError,
    TranscriptError,
    extend_encoding,
    get_encoding,
    get_format,
)
from formats_under_test import HARMONY, THINK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Event, Span, StreamParser, Transcript
    from fuzz.source import Source


def _tokenizers() -> list[ChatTokenizer]:
    # One encoding with the special tokens of all: each format meets those of the others, too.
    formats = [*map(get_format, FORMAT_ROWS), HARMONY, THINK]
    base = get_encoding("cl100k_im")
    spellings = dict.fromkeys(token for format in formats for token in format.special_tokens)
    new = [token for token in spellings if token not in base._special_tokens]
    encoding = extend_encoding(base, "fuzzed", new)
    return [ChatTokenizer(format, encoding) for format in formats]


_TOKENIZERS = _tokenizers()
_HEADERS = ("user", "assistant", "system\n", "tool", " name=", "a\n", " to=", "\n\n", "nobody", ":")
_ODD = (-1, -(2**31), 2**31, 2**32, 2**63, 2**64, 10**30)


def ids_from(source: Source, tok: ChatTokenizer) -> list[int]:
    """Ids of all kinds: special tokens, texts, single bytes, any of the vocabulary, and none."""
    encoding = tok.encoding
    special = list(tok.format.special_tokens)
    every = list(encoding.special_tokens.values())
    ids: list[int] = []
    for _ in range(source.number() % 40):
        if not source:
            break
        kind = source.number() % 16
        if kind < 7:
            ids.append(encoding.special_tokens[source.pick(special)])
        elif kind < 11:
            ids += encoding.encode_ordinary(source.pick(_HEADERS))
        elif kind == 11:
            ids += encoding.encode_ordinary(source.text())
        elif kind == 12:
            ids += [i for byte in source.take(3) for i in encoding.encode_ordinary(chr(byte))]
        elif kind == 13:
            ids.append(source.number(3) % (encoding.n_vocab + 2))
        elif kind == 14:
            ids.append(source.number())
        else:
            ids.append(source.pick((*_ODD, *every)))
    return ids


def check_spans(spans: Sequence[Span], length: int) -> None:
    """Spans tile the ids."""
    borders = [0, *(span.stop for span in spans)]
    assert [span.start for span in spans] == borders[:-1], spans
    assert borders[-1] == length, spans
    assert all(span.start < span.stop for span in spans), spans


def parse(source: Source) -> None:
    """Whole parses: strict and lenient, complete and open, and the decoder that has learnt."""
    tok = source.pick(_TOKENIZERS)
    prologue, allow_open = source.flag(), source.flag()
    check_parse(tok, ids_from(source, tok), prologue=prologue, allow_open=allow_open)


def check_parse(tok: ChatTokenizer, ids: list[int], *, prologue: bool, allow_open: bool) -> None:
    """A strict parse gives what a lenient one does, or raises the first of its issues."""
    lenient = tok.parse(ids, strict=False, allow_open=allow_open, prologue=prologue)
    assert lenient.ids == ids
    check_spans(lenient.spans, len(ids))
    try:
        strict = tok.parse(ids, allow_open=allow_open, prologue=prologue)
    except ParseError as error:
        assert error.issue in lenient.issues, (error.issue, lenient.issues)
    else:
        for told in ("conversation", "spans", "issues", "open"):
            assert getattr(strict, told) == getattr(lenient, told), told
    for _ in range(2):
        try:
            decoded = tok.decode(ids, prologue=prologue)
        except ParseError as error:
            whole = tok.parse(ids, strict=False, prologue=prologue)
            assert error.issue in whole.issues, (error.issue, whole.issues)
        else:
            assert decoded == tok.parse(ids, prologue=prologue).conversation


def _fed(parser: StreamParser, chunks: list[list[int]]) -> tuple[list[Event], ParseError | None]:
    events: list[Event] = []
    try:
        for chunk in chunks:
            events += parser.feed(chunk[0]) if len(chunk) == 1 else parser.feed_all(chunk)
        events += parser.close()
    except ParseError as error:
        return events, error
    return events, None


def stream(source: Source) -> None:
    """Parsers of any format, from the beginning of a sequence or of a reply."""
    tok = source.pick(_TOKENIZERS)
    role = source.pick((None, *sorted(tok.format.prompted)))
    strict = source.flag()
    ids = ids_from(source, tok)
    check_stream(tok, ids, source, role=role, strict=strict)


def check_stream(
    tok: ChatTokenizer, ids: list[int], source: Source, *, role: str | None, strict: bool
) -> None:
    """Parsers that are fed one at a time, in chunks and whole: all tell the same."""
    chunks: list[list[int]] = []
    at = 0
    while at < len(ids):
        size = 1 + source.number() % 5
        chunks.append(ids[at : at + size])
        at += size
    told = []
    for way in ([ids], chunks, [[token] for token in ids]):
        parser = tok.stream(role, strict=strict)
        events, error = _fed(parser, way)
        told.append(
            (
                parser.messages,
                parser.issues,
                None if error is None else error.issue,
                parser.spans if error is None else None,
                "".join(getattr(e, "text", "") for e in events) if error is None else None,
            )
        )
    assert told[0] == told[1] == told[2], told
    if role is None and not strict:
        whole = tok.parse(ids, strict=False)
        assert (whole.issues, whole.spans) == (told[0][1], told[0][3]), told
    if not strict:
        texts = tok.stream(role)
        once = "".join(map(texts.feed_text, ids))
        texts.close()
        assert (texts.messages, texts.issues) == told[0][:2], once


def _append(transcript: Transcript, source: Source) -> None:
    fields: dict[str, Any] = {"role": source.pick(("user", "assistant", "tool", "nobody"))}
    fields["content"] = source.text()
    for name in ("name", "channel", "reasoning"):
        if source.number() % 8 == 0:
            fields[name] = source.text()
    if source.flag():
        transcript.append(fields)
    else:
        transcript.append(Message.model_validate(fields), fields)


def transcript(source: Source) -> None:
    """Everything that can be done with a transcript, in any order."""
    tok = source.pick(_TOKENIZERS)
    start = ids_from(source, tok) if source.flag() else []
    current = tok.parse(start, strict=False, allow_open=source.flag(), prologue=source.flag())
    for _ in source.steps(8):
        current.open  # noqa: B018 - it is read when it is first asked for, and its issue is gone then
        before = current.to_dict()
        ids = list(current.ids)
        try:
            match source.number() % 6:
                case 0:
                    current.prompt(source.pick(("assistant", "user", "nobody")))
                case 1:
                    prefill = source.text()
                    name = source.text() if source.flag() else None
                    current.prompt(prefill=prefill, name=name)
                case 2:
                    _append(current, source)
                case 3:
                    current.append()
                case 4:
                    more = ids_from(source, tok)
                    logprobs = [-1.0] * len(more) if source.flag() else None
                    done = current.append_completion(more, logprobs=logprobs)
                    taken = more[: len(more) - len(done.rest)]
                    assert current.ids[len(current.ids) - len(taken) :] == taken
                case _:
                    saved = json.loads(json.dumps(before))
                    again = tok.transcript_from_dict(saved)
                    assert again.to_dict() == before
                    current = again.copy()
        except (RenderError, ValidationError):
            assert current.to_dict() == before, "a refusal has changed the transcript"
        assert current.ids[: len(ids)] == ids, "ids have changed"
        check_spans(current.spans, len(current.ids))
        assert len(current.weights()) == len(current.logprobs) == len(current.ids)
    _restore_damaged(source, tok, current.to_dict())


def _restore_damaged(source: Source, tok: ChatTokenizer, saved: dict[str, Any]) -> None:
    saved[source.pick(list(saved))] = source.pick(
        (None, 1, True, 0.5, 10**30, "", [], {}, [1], [None], [[]], {"a": 1}, {"": []})
    )
    try:
        tok.transcript_from_dict(saved).to_dict()
    except TranscriptError:
        return
