"""What the playground's JSON API does: a request, validated, to plain data.

Nothing here knows of HTTP. Whatever is wrong with a request is raised as a `Refusal`.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    StrictInt,
    Tag,
    ValidationError,
    field_validator,
)

from chatfmt import FORMAT_ROWS, ChatFormat, ChatTokenizer, get_format
from chatfmt.adapters import Preference
from chatfmt.adapters.anything import read_value
from chatfmt.conversation import Message
from chatfmt.conversation.wording import Fault, at, objections
from chatfmt.encodings import ENCODING_CONSTRUCTORS
from chatfmt.errors import ChatfmtError, DataError, ParseError, RenderError, shown
from chatfmt.json_text import loads
from chatfmt.show import blocks, one_line, signs, tint_name, totals
from chatfmt.web.line import lines, segments_of
from chatfmt.web.prepared import described, python_of, read_values
from chatfmt.web.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatfmt import Change, Prepared
    from chatfmt.show import Block, Piece
    from chatfmt.transcript import Transcript
    from chatfmt.web.line import Line

__all__ = ["CALLS", "Import", "Read", "Refusal", "Show", "formats"]


class Refusal(Exception):  # noqa: N818 - it is what the caller is answered
    """A request that cannot be served.

    Attributes:
        error: the kind of error, the name of a class.
        reason: what was expected, what was found, how to mend it.
        where: the place in the request, such as ``messages[3].name`` or ``ids[12]``, or None.
        index: for ids that are no conversation, the index of the one at fault.
    """

    def __init__(
        self, error: str, reason: str, where: str | None = None, index: int | None = None
    ) -> None:
        super().__init__(error, reason, where, index)
        self.error, self.reason, self.where, self.index = error, reason, where, index

    def body(self) -> dict[str, Any]:
        """The refusal as JSON has it."""
        return {
            "error": self.error,
            "reason": self.reason,
            "where": self.where,
            "index": self.index,
        }


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _kind(value: object) -> str:
    # Told apart by hand, so that an error is about the one that was meant.
    return _OBJECT if isinstance(value, dict) else _OTHER


_OBJECT, _OTHER = "<object>", "<other>"
_either = Discriminator(_kind)

# Whether a line can be read back takes longer to find out the longer it is, and whoever follows a
# link to one has not typed it. These are far beyond any line in use, and answered within a second.
_LONGEST_LINE, _LONGEST_WORD, _MANY, _LARGEST = 1000, 100, 20, 100_000


def _limited(value: object, longest: int = _LONGEST_LINE) -> object:
    """A part of a row, if it is not too large; what may stand there, `ChatFormat` knows."""
    match value:
        case str() if len(value) > longest:
            raise Fault(f"expected at most {longest} characters, found {len(value):,}")
        case int() if value > _LARGEST:
            raise Fault(f"expected at most {_LARGEST:,}, found {shown(value)}")
        case list() | dict() if len(value) > _MANY:
            raise Fault(f"expected at most {_MANY} of them, found {len(value):,}")
        case list():
            for index, item in enumerate(value):
                at(index, _limited, item, _LONGEST_WORD)
        case dict():
            for key, item in value.items():
                at(key, _limited, key, _LONGEST_WORD)
                at(key, _limited, item)
    return value


Row = Annotated[dict[str, Any], AfterValidator(_limited)]
"""A format of one's own: the arguments of `ChatFormat`, in JSON."""

_DEFAULTS = {
    field.name: list(field.default) if isinstance(field.default, tuple) else field.default
    for field in fields(ChatFormat)
} | {field.name: {} for field in fields(ChatFormat) if field.default_factory is dict}


class _WithFormat(_Request):
    format: Annotated[Annotated[str, Tag(_OTHER)] | Annotated[Row, Tag(_OBJECT)], _either]
    """The name of a format of the table, or a format of one's own."""
    encoding: str | None = None
    """A bundled encoding; None: the format's own, or the first one."""
    whitespace: bool = False
    """Signs for white space, too."""

    @field_validator("encoding")
    @classmethod
    def _is_bundled(cls, name: str | None) -> str | None:
        if name is not None and name not in ENCODING_CONSTRUCTORS:
            known = ", ".join(ENCODING_CONSTRUCTORS)
            raise ValueError(f"expected one of {known}, found {shown(name)}")
        return name


class Show(_WithFormat):
    """A conversation, to be shown as tokens."""

    messages: list[Message]
    prompt: str | None = None
    """The role for which a generation prompt is to follow."""
    prepare: Annotated[dict[str, str], AfterValidator(read_values)] | None = None
    """The values with which it is prepared first, as its chat template does; None: it is not."""


class Read(_WithFormat):
    """Ids, to be shown, and read as a conversation. They may end inside a message."""

    ids: list[StrictInt]
    strict: bool = True
    """Refuse what is no conversation, instead of showing what can be read of it."""


class Import(_Request):
    """JSON of any schema that is known, as text."""

    text: str


def formats() -> dict[str, Any]:
    """The formats of the table and the bundled encodings."""
    listed = []
    for name in FORMAT_ROWS:
        known = get_format(name)
        row = known.row()
        encoding, source = row.pop("encoding"), row.pop("source")
        facts = {"name": name, "encoding": encoding, "source": source, "row": row}
        listed.append(facts | _description(known))
    return {"formats": listed, "encodings": list(ENCODING_CONSTRUCTORS)}


def show(request: Show) -> dict[str, Any]:
    """The tokens of a conversation."""
    tokenizer, vocabulary, encoding = _tokenizer(request)
    changes: tuple[Change, ...] = ()
    if request.prepare is None:
        transcript = tokenizer.render(request.messages)
    else:
        prepared = tokenizer.prepare(request.messages, values=request.prepare)
        changes, transcript = prepared.changes, _rendered(tokenizer, prepared)
    if request.prompt is not None:
        transcript.prompt(request.prompt)
    view = _view(transcript, request, tokenizer.format, vocabulary)
    return view | {
        "encoding": encoding,
        "python": _python(request, vocabulary, encoding),
        "changes": described(changes),
    }


def _rendered(tokenizer: ChatTokenizer, prepared: Prepared) -> Transcript:
    try:
        return tokenizer.render(prepared)
    except RenderError as error:  # its message is one of those that were prepared
        raise Refusal("RenderError", f"as it was prepared, {error}") from None


def read(request: Read) -> dict[str, Any]:
    """The tokens that ids are, and the conversation."""
    tokenizer, vocabulary, encoding = _tokenizer(request)
    transcript = tokenizer.parse(request.ids, strict=request.strict, allow_open=True)
    opened = transcript.open
    messages = transcript.conversation.messages
    # A message that has not begun is a generation prompt, and no message.
    prompt = opened.role if opened is not None and opened.index == len(messages) else None
    again = Show(
        format=request.format, encoding=request.encoding, messages=list(messages), prompt=prompt
    )
    return _view(transcript, request, tokenizer.format, vocabulary) | {
        "encoding": encoding,
        "python": _python(again, vocabulary, encoding),
        "messages": [message.model_dump(exclude_none=True) for message in messages],
        "prompt": prompt,
        "open": opened is not None and prompt is None,
        "issues": [str(issue) for issue in transcript.issues],
    }


def import_text(request: Import) -> dict[str, Any]:
    """The conversations that pasted JSON holds."""
    found: list[dict[str, Any]] = []
    try:
        items = read_value(loads(request.text))
    except ValidationError as error:
        refusal = _invalid(error)
        raise DataError(refusal.reason, field=refusal.where) from None
    for number, item in items:
        if isinstance(item, Preference):
            prompt = item.prompt.messages
            for label, reply in (("chosen", item.chosen), ("rejected", item.rejected)):
                found.append(_imported(f"{number}, {label}", (*prompt, *reply)))
        else:
            found.append(_imported(f"{number}", item.messages))
    return {"conversations": found}


def _imported(label: str, messages: tuple[Message, ...]) -> dict[str, Any]:
    return {
        "label": f"Conversation {label}",
        "messages": [message.model_dump(exclude_none=True) for message in messages],
    }


def _tokenizer(request: _WithFormat) -> tuple[ChatTokenizer, Vocabulary, str]:
    chosen = request.format
    row = get_format(chosen) if isinstance(chosen, str) else ChatFormat.from_row(chosen)
    encoding = request.encoding or row.encoding or next(iter(ENCODING_CONSTRUCTORS))
    vocabulary = Vocabulary(encoding, row)
    return ChatTokenizer(row, vocabulary), vocabulary, encoding


# ---- what is shown


def _description(format: ChatFormat) -> dict[str, Any]:
    return {
        "roles": {role: tint_name(role) for role in format.templates},
        "lines": [{"roles": line.roles, "segments": line.segments()} for line in lines(format)],
    }


def _view(
    transcript: Transcript, request: _WithFormat, format: ChatFormat, vocabulary: Vocabulary
) -> dict[str, Any]:
    shown = blocks(transcript)
    all_lines = lines(format)
    messages = transcript.conversation.messages
    return {
        "tokens": len(transcript.ids),
        "trained": sum(block.trained for block in shown),
        "totals": totals(shown),
        "created": vocabulary.created,
        **_description(format),
        "blocks": [
            _block(block, messages, all_lines, format, whitespace=request.whitespace)
            for block in shown
        ],
    }


def _block(
    block: Block,
    messages: tuple[Message, ...],
    all_lines: list[Line],
    format: ChatFormat,
    *,
    whitespace: bool,
) -> dict[str, Any]:
    if block.message is not None and block.message < len(messages):
        values = messages[block.message].model_dump()
    else:
        values = {"role": block.role, "name": block.name}
    spelled = format.role_spellings.get(block.role or "")
    roles = () if block.message is None else (block.role,)
    line = next(
        (i for i, line in enumerate(all_lines) if set(roles) <= set(line.roles) or not roles), None
    )
    segments = (
        [[] for _ in block.pieces]
        if line is None
        else segments_of(block, all_lines[line], values | {"role": spelled})
    )
    return {
        "message": block.message,
        "label": one_line(block.label),
        "name": None if block.name is None else one_line(block.name),
        "tint": tint_name(block.role),
        "tokens": block.tokens,
        "trained": block.trained,
        "line": line,
        "pieces": [
            _piece(piece, own, whitespace=whitespace)
            for piece, own in zip(block.pieces, segments, strict=True)
        ],
    }


def _piece(piece: Piece, segments: list[int], *, whitespace: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ids": piece.ids,
        "text": piece.text,
        "part": piece.part,
        "kind": piece.kind,
        "weight": piece.weight,
        "segments": segments,
    }
    if len(piece.ids) > 1:
        found["bytes"] = [data.hex(" ") for data in piece.data]
    runs = signs(piece.text, whitespace=whitespace)
    if any(sign is not None for _, sign in runs):
        found["signs"] = runs
    return found


def _python(request: Show, vocabulary: Vocabulary, encoding: str) -> str:
    """The same in Python."""
    code = ["import chatfmt", ""]
    own = not isinstance(request.format, str)
    argument = ""
    bundled = None if own else get_format(str(request.format)).encoding
    if own or bundled != encoding:
        code.append(f"encoding = chatfmt.get_encoding({encoding!r})")
        argument = ", encoding"
    if vocabulary.created:
        code.append(f"encoding = chatfmt.extend_encoding(encoding, 'own', {vocabulary.created!r})")
    if isinstance(request.format, dict):
        given = {"name": "custom", **request.format}
        row = {name: value for name, value in given.items() if value != _DEFAULTS.get(name)}
        code.append(f"format = chatfmt.ChatFormat(**{row!r})")
        code.append("tok = chatfmt.ChatTokenizer(format, encoding)")
    else:
        code.append(f"tok = chatfmt.get_tokenizer({request.format!r}{argument})")
    code.append("messages = [")
    code += (f"    {message.model_dump(exclude_none=True)!r}," for message in request.messages)
    code.append("]")
    if request.prepare is not None:
        code += python_of(request.prepare)
    if request.prompt is None:
        code.append("ids = tok.encode(messages)")
    else:
        role = "" if request.prompt == "assistant" else f", role={request.prompt!r}"
        code.append(f"ids = tok.encode_prompt(messages{role})")
    return "\n".join(code) + "\n"


# ---- from bytes


def _call(
    model: type[BaseModel], answer: Callable[[Any], dict[str, Any]]
) -> Callable[[bytes], dict[str, Any]]:
    def call(body: bytes) -> dict[str, Any]:
        try:
            return answer(model.model_validate(loads(body)))
        except ValidationError as error:
            raise _invalid(error) from None
        except ParseError as error:
            where = f"ids[{error.position}]"
            raise Refusal("ParseError", str(error.issue), where, error.position) from None
        except RenderError as error:
            place = None if error.message is None else f"messages[{error.message}].{error.field}"
            raise Refusal("RenderError", str(error), place) from None
        except DataError as error:
            raise Refusal("DataError", error.reason, _place(error)) from None
        except ChatfmtError as error:
            raise Refusal(type(error).__name__, str(error), "format") from None

    return call


def _place(error: DataError) -> str | None:
    return f"line {error.line}" if error.line is not None else error.field


def _invalid(error: ValidationError) -> Refusal:
    path, reason = objections(error)[0]
    # The path also has the tags of a union's types.
    where = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}"
        for step in path
        if step not in (_OBJECT, _OTHER)
    ).lstrip(".")
    return Refusal("ValidationError", reason, where or None)


CALLS: dict[str, Callable[[bytes], dict[str, Any]]] = {
    "show": _call(Show, show),
    "read": _call(Read, read),
    "import": _call(Import, import_text),
}
"""Name of a call to what takes the body of a request and gives that of the answer, or raises."""
