"""Every exception of chatfmt, in one tree.

::

    ChatfmtError                   (each is a ValueError too)
    ├── FormatError                a format line is malformed, or could not be read back
    │   └── TemplateImportError    no line is proven to write what a chat template does
    ├── UnknownFormatError         no format, or no model, of that name (a LookupError)
    ├── EncodingError              an encoding lacks a token, clashes with one, or is damaged
    │   └── EncodingRequiredError  no vocabulary is bundled for this format
    ├── RenderError                a conversation that this format cannot carry
    ├── ParseError                 ids that are not a conversation in this format
    ├── TranscriptError            a saved transcript of another format or encoding
    ├── ContextOverflowError       even the shortest form does not fit into the context
    ├── NothingToTrainError        a training example in which nothing is trained
    └── DataError                  a row of a data set that cannot be used

Each message says what was expected, what was found, where, and how to fix it. All of them can be
pickled, so they cross process boundaries intact.
"""

from __future__ import annotations

import reprlib
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ChatfmtError",
    "ContextOverflowError",
    "DataError",
    "EncodingError",
    "EncodingRequiredError",
    "FormatError",
    "Issue",
    "IssueKind",
    "NothingToTrainError",
    "ParseError",
    "RenderError",
    "TemplateImportError",
    "TranscriptError",
    "UnknownFormatError",
    "bounded",
    "named",
    "said",
    "shown",
]

_LINE = 100
"""How many characters of a value an error shows."""

MANY_BITS = 4 * _LINE
"""Larger integers, in bits, are not written out: Python refuses very long ones."""


class _Containers(reprlib.Repr):
    """Containers, shortened; one may hold an integer that Python refuses to write out."""

    def repr_int(self, x: int, level: int) -> str:
        return _bits(x) if x.bit_length() > MANY_BITS else super().repr_int(x, level)


def _bits(value: int) -> str:
    return f"an integer of {value.bit_length():,} bits"


_containers = _Containers()
_containers.maxstring = _containers.maxother = _LINE


class ChatfmtError(ValueError):
    """The root: ``except ChatfmtError`` catches everything that chatfmt raises on purpose.

    >>> import chatfmt
    >>> try:
    ...     chatfmt.get_tokenizer("gpt-5o")
    ... except chatfmt.ChatfmtError as error:
    ...     print(type(error).__name__)
    UnknownFormatError
    """


class FormatError(ChatfmtError):
    """A format line is malformed, or what it writes could not be read back.

    >>> import chatfmt
    >>> row = {"name": "mine", "special_tokens": [], "roles": ["user"]}
    >>> chatfmt.ChatFormat(template="{role}: {content}", **row)
    Traceback (most recent call last):
        ...
    chatfmt.errors.FormatError: format mine: there is no end token, so no content could be read back
    """

    def __init__(self, reason: str) -> None:
        super().__init__(bounded(reason, 600))  # names, roles and tokens may be of any length


class TemplateImportError(FormatError):
    """A chat template for which no format is proven to write the same.

    Attributes:
        reasons: the differences, each a `chatfmt.templates.compare.Difference`: the conversation,
            the text of the template, and the text of the format.

    >>> TemplateImportError("it takes no plain conversation", ()).reasons
    ()
    """

    def __init__(self, reason: str, reasons: Iterable[object]) -> None:
        super().__init__(reason)
        self.reasons = (*reasons,)
        self.args = (*self.args, self.reasons)

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownFormatError(ChatfmtError, LookupError):
    """There is no format or model of this name; the message lists those there are.

    >>> import chatfmt
    >>> issubclass(chatfmt.UnknownFormatError, LookupError)
    True
    """


class EncodingError(ChatfmtError):
    """An encoding lacks a special token, clashes with one, or its rank table is damaged.

    >>> import chatfmt
    >>> chatfmt.extend_encoding(chatfmt.get_encoding("o200k_im"), "mine", ["<|im_end|>"])
    Traceback (most recent call last):
        ...
    chatfmt.errors.EncodingError: <|im_end|> is a special token of o200k_im already
    """


class EncodingRequiredError(EncodingError):
    """The format has no bundled vocabulary: pass an encoding that has its special tokens.

    >>> import chatfmt
    >>> try:
    ...     chatfmt.get_tokenizer("nanochat")
    ... except chatfmt.EncodingRequiredError as error:
    ...     print("<|user_start|>" in str(error))
    True
    """


class RenderError(ChatfmtError):
    """A conversation that the format cannot carry.

    Attributes:
        reason: the error and how to fix it.
        format: the name of the format.
        message: index of the message with the error, or None for the request as a whole.
        field: the field with the error; if `ChatTokenizer.prepare` lacks a value, its name; or
            None.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> try:
    ...     tok.encode([{"role": "user"}, {"role": "cook", "content": "Tea?"}])
    ... except chatfmt.RenderError as error:
    ...     print(error.format, error.message, error.field)
    gpt-4o 1 role
    """

    def __init__(
        self, reason: str, format: str, message: int | None = None, field: str | None = None
    ) -> None:
        super().__init__(reason, format, message, field)
        self.reason = reason
        self.format = format
        self.message = message
        self.field = field

    def __str__(self) -> str:
        where = "" if self.message is None else f"message {self.message}: "
        return f"{where}{self.reason} (format {self.format})"


class IssueKind(StrEnum):
    """The kinds of errors in a sequence of ids. The set is closed.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> tok.parse([200264, 1428], strict=False).issues[0].kind
    <IssueKind.OPEN_MESSAGE: 'open_message'>
    """

    UNEXPECTED_SPECIAL = "unexpected_special"
    """A special token where the format has none or a different one."""
    UNEXPECTED_TEXT = "unexpected_text"
    """Text where the format has a special token or other text."""
    UNKNOWN_ROLE = "unknown_role"
    """A well-formed header whose role the format does not list."""
    MALFORMED_HEADER = "malformed_header"
    """A header that the format could not have written."""
    MALFORMED_CALL = "malformed_call"
    """Text that cannot continue a tool call, or a call that is incomplete or has extra parts."""
    INVALID_UTF8 = "invalid_utf8"
    """Invalid UTF-8; a lenient parse puts U+FFFD in its place."""
    OUT_OF_VOCABULARY = "out_of_vocabulary"
    """An id that is not in the encoding."""
    STRADDLING_TOKEN = "straddling_token"  # noqa: S105 - the name of an issue
    """A token that begins in one part of a message and ends in the next. The text is still right,
    so this one is recorded but never raised."""
    OPEN_MESSAGE = "open_message"
    """The input ends inside a message, or inside the prologue."""


class Issue(NamedTuple):
    """One error in a sequence of ids, with its position.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> [issue] = tok.parse([200264, 1428, 200266, 24912], strict=False).issues
    >>> issue.position, issue.state, issue.found
    (4, 'the content of message 0', 'the end of the input')
    """

    kind: IssueKind
    position: int
    """Index into the ids; their number if the input ends too early."""
    state: str
    """Where the parser was, in words."""
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"id {self.position}: {self.kind.value.replace('_', ' ')}: in {self.state}, "
            f"expected {self.expected}, found {self.found}"
        )


class ParseError(ChatfmtError):
    """Ids that are not a conversation in this format. It has the fields of its `Issue`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> try:
    ...     tok.decode([24912])
    ... except chatfmt.ParseError as error:
    ...     print(error.kind, error.position)
    unexpected_text 0
    """

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue)
        self.issue = issue
        self.kind = issue.kind
        self.position = issue.position
        self.state = issue.state
        self.expected = issue.expected
        self.found = issue.found

    def __str__(self) -> str:
        return f"{self.issue}; parse(ids, strict=False) keeps what can be read and lists the issues"


class TranscriptError(ChatfmtError):
    """A saved transcript was made with another format or encoding, or is damaged.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> saved = chatfmt.get_tokenizer("gpt-4").render([]).to_dict()
    >>> tok.transcript_from_dict(saved)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    chatfmt.errors.TranscriptError: the transcript was saved in format 'gpt-4', which differs ...
    """


class ContextOverflowError(ChatfmtError):
    """Even the shortest permitted form of a conversation has more than ``max_tokens`` tokens.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> try:
    ...     tok.fit([{"role": "user", "content": "hello"}], 3)
    ... except chatfmt.ContextOverflowError as error:
    ...     print(error.needed, error.max_tokens)
    5 3
    """

    def __init__(self, needed: int, max_tokens: int, reserve: int = 0) -> None:
        super().__init__(needed, max_tokens, reserve)
        self.needed = needed
        self.max_tokens = max_tokens
        self.reserve = reserve

    def __str__(self) -> str:
        reserved = f" - {self.reserve} reserved" if self.reserve else ""
        return (
            f"the shortest permitted form has {self.needed} tokens, the limit is "
            f"{self.max_tokens}{reserved}: shorten the system message or the last turn, "
            f"or raise the limit"
        )


class NothingToTrainError(ChatfmtError):
    """A training example in which every weight is 0.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> try:
    ...     tok.encode_for_training([{"role": "user", "content": "hello"}])
    ... except chatfmt.NothingToTrainError as error:
    ...     print(str(error)[:48])
    expected something to train, found that no id of
    """


class DataError(ChatfmtError):
    """A row of a data set that cannot be used.

    Attributes:
        reason: the expected value and the one found.
        file: the file, or None for a row from memory.
        line: 1-based line (or row) in that file, or None.
        field: path of the field inside the row such as ``messages[3].content``, or None.

    >>> from chatfmt.adapters import read_row
    >>> read_row({"prompt": "2+2?", "completion": 4}, file="sums.jsonl", line=7)
    Traceback (most recent call last):
        ...
    chatfmt.errors.DataError: sums.jsonl:7: completion: expected text, found the number 4
    """

    def __init__(
        self,
        reason: str,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        reason = bounded(reason, 2000)
        if field is not None:  # the path may contain keys from the row
            field = bounded(field if field.isprintable() else repr(field)[1:-1], 300)
        super().__init__(reason, file, line, field)
        self.reason = reason
        self.file = file
        self.line = line
        self.field = field

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        return ": ".join(part for part in (where, self.field, self.reason) if part)


def bounded(text: str, longest: int) -> str:
    """A text, without its middle if it is long: it may quote a value of many megabytes.

    >>> bounded("found " + "x" * 1000 + " twice", 24)
    'found xxxx … xxxx twice'
    """
    if len(text) <= longest:
        return text
    half = longest // 2 - 2
    return f"{text[:half]} … {text[-half:]}"


def shown(value: object) -> str:
    """A value as errors show it: its ``repr``, or the beginning of that and the value's length.

    >>> shown("Tea?")
    "'Tea?'"
    >>> shown("x" * 1000)[-26:]
    "xxxxx'… (1,000 characters)"
    """
    if isinstance(value, str | bytes):
        if len(value) <= _LINE:
            return repr(value)
        unit = "characters" if isinstance(value, str) else "bytes"
        return f"{value[:_LINE]!r}… ({len(value):,} {unit})"
    if isinstance(value, int) and value.bit_length() > MANY_BITS:
        return _bits(value)
    text = " ".join(_containers.repr(value).splitlines())
    return text if len(text) <= _LINE else f"{text[:_LINE]}…"


def named(name: object) -> str:
    r"""A name or special token: bare if it is one short line, otherwise as `shown`.

    >>> named("<|im_end|>"), named("of two\nlines")
    ('<|im_end|>', "'of two\\nlines'")
    """
    bare = isinstance(name, str) and 0 < len(name) <= _LINE and name.isprintable()
    return str(name) if bare else shown(name)


def said(error: BaseException) -> str:
    r"""Another library's error message on one line; it may quote the input.

    >>> said(ValueError("cannot be read:\n    (\n    ^"))
    'cannot be read: ( ^'
    """
    return bounded(" ".join(str(error).split()), 2 * _LINE)
