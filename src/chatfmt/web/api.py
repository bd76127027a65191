"""The calls of the playground's JSON API: from a validated request to plain data.

Nothing here knows about HTTP. Any error in a request is raised as a `Refusal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from chatfmt import ChatFormat, ChatTokenizer, Conversation
from chatfmt.conversation.wording import describe, objections, surrogate_in
from chatfmt.errors import ChatfmtError, DataError, ParseError, RenderError, shown
from chatfmt.json_text import loads
from chatfmt.web import python_code
from chatfmt.web.imported import imported
from chatfmt.web.prepared import described
from chatfmt.web.refusal import Refusal, place_in
from chatfmt.web.requests import OBJECT, OTHER, Import, Read, Show, Text, WithFormat
from chatfmt.web.table import Table
from chatfmt.web.text import text_ids, text_view
from chatfmt.web.view import description, view
from chatfmt.web.vocabulary import Vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from chatfmt import Change, Prepared
    from chatfmt.transcript import Transcript

__all__ = ["CALLS", "Refusal", "calls", "formats"]


def formats(table: Table) -> dict[str, Any]:
    """The formats and encodings of the table."""
    listed = []
    for name in table.names:
        known = table.format(name)
        row = known.row()
        _, source = row.pop("encoding"), row.pop("source")
        encoding = table.first_encoding(known)
        facts = {
            "name": name,
            "encoding": None if table.is_borrowed(known, encoding) else encoding,
            "source": source,
            "row": row,
        }
        listed.append(facts | description(known))
    return {"formats": listed, "encodings": table.encodings, "first": table.names[0]}


class _View:
    """The parts that all views of a request share."""

    def __init__(self, request: WithFormat, table: Table) -> None:
        if request.encoding is not None:
            table.encoding(request.encoding)  # refuse an unknown one before the format is made
        chosen = request.format
        self._named = isinstance(chosen, str)
        row = table.format(chosen) if isinstance(chosen, str) else ChatFormat.from_row(chosen)
        name = request.encoding or table.first_encoding(row)
        self.format, self.table, self._whitespace = row, table, request.whitespace
        self.vocabulary = Vocabulary(name, row, table.encoding(name))
        self.tokenizer = ChatTokenizer(row, self.vocabulary)

    def of(self, transcript: Transcript, python: str) -> dict[str, Any]:
        """The view of a transcript."""
        whitespace = self._whitespace
        return self._whole(
            view(transcript, self.format, self.vocabulary, whitespace=whitespace), python
        )

    def special(self, request: Text) -> dict[str, int]:
        """The special tokens to look for in a text."""
        known = self.vocabulary.special_tokens
        return {s: known[s] for s in self.format.special_tokens} if request.special else {}

    def of_text(self, text: str, python: str, special: dict[str, int]) -> dict[str, Any]:
        """The view of a text."""
        ids = text_ids(text, special, self.vocabulary)
        binding = self.tokenizer.render([])._binding
        whitespace = self._whitespace
        made = text_view(ids, self.format, self.vocabulary, binding, whitespace=whitespace)
        return self._whole(made, python)

    def _whole(self, made: dict[str, Any], python: str) -> dict[str, Any]:
        name = self.vocabulary.encoding
        borrowed = self._named and self.table.is_borrowed(self.format, name)
        return made | {"encoding": name, "borrowed": borrowed, "python": python}


def show(request: Show, table: Table) -> dict[str, Any]:
    """The tokens of a conversation."""
    made = _View(request, table)
    tok = made.tokenizer
    changes: tuple[Change, ...] = ()
    tools = _definitions(request.tools)
    if request.prepare is None:
        transcript = tok.render(request.messages)
    else:
        chat = Conversation(messages=tuple(request.messages), tools=tuple(tools))
        prepared = tok.prepare(chat, values=request.prepare)
        changes, transcript = prepared.changes, _rendered(tok, prepared)
    if request.prompt is not None:
        transcript.prompt(request.prompt)
    python = python_code.of_conversation(request, tools, made.vocabulary, table)
    return made.of(transcript, python) | {"changes": described(changes)}


def _definitions(text: str | None) -> list[dict[str, Any]]:
    if text is None or not text.strip():
        return []
    try:
        found = loads(text)
    except DataError as error:
        raise Refusal("DataError", f"{_place(error) or 'JSON'}: {error.reason}", "tools") from None
    if not isinstance(found, list) or not all(isinstance(tool, dict) for tool in found):
        what = f"expected a list of objects, one for each tool, found {describe(found)}"
        raise Refusal("DataError", what, "tools")
    return found


def _rendered(tokenizer: ChatTokenizer, prepared: Prepared) -> Transcript:
    try:
        return tokenizer.render(prepared)
    except RenderError as error:  # it counts the messages after preparation
        raise Refusal("RenderError", f"after preparation, {error}") from None


def read(request: Read, table: Table) -> dict[str, Any]:
    """The tokens of a list of ids, and their conversation."""
    made = _View(request, table)
    transcript = made.tokenizer.parse(request.ids, strict=request.strict, allow_open=True)
    opened = transcript.open
    messages = transcript.conversation.messages
    # A message that has not begun is a generation prompt, not a message.
    prompt = opened.role if opened is not None and opened.index == len(messages) else None
    again = Show(
        format=request.format, encoding=request.encoding, messages=list(messages), prompt=prompt
    )
    return made.of(transcript, python_code.of_conversation(again, [], made.vocabulary, table)) | {
        "messages": [message.model_dump(exclude_none=True) for message in messages],
        "prompt": prompt,
        "open": opened is not None and prompt is None,
        "issues": [str(issue) for issue in transcript.issues],
    }


def show_text(request: Text, table: Table) -> dict[str, Any]:
    """The tokens of a text."""
    made = _View(request, table)
    python = python_code.of_text(request.text, made.vocabulary, made.special(request), table)
    return made.of_text(request.text, python, made.special(request))


def import_text(request: Import, _: Table) -> dict[str, Any]:
    """The conversations in pasted JSON."""
    return imported(request.text, request.line)


# ---- from bytes


def _call(
    model: type[BaseModel], answer: Callable[[Any, Table], dict[str, Any]], table: Table
) -> Callable[[bytes], dict[str, Any]]:
    def call(body: bytes) -> dict[str, Any]:
        try:
            value = _json(body)
        except DataError as error:
            raise Refusal("DataError", error.reason, _place(error), status=400) from None
        try:
            return answer(model.model_validate(value), table)
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


def _json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a body. Its keys can be sent back: none has a lone surrogate."""
    value = loads(body)
    level = [value] if rb"\u" in body else []  # only an escape can be a lone surrogate
    while level:
        keys = [key for item in level if isinstance(item, dict) for key in item]
        for key in keys:
            if surrogate_in(key):
                raise DataError(f"expected keys without lone surrogates, found {shown(key)}")
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
    return value


def _place(error: DataError) -> str | None:
    return f"line {error.line}" if error.line is not None else error.field


def _invalid(error: ValidationError) -> Refusal:
    path, reason = objections(error)[0]
    # The path also has the tags of a union's types.
    where = place_in(step for step in path if step not in (OBJECT, OTHER))
    return Refusal("ValidationError", reason, where or None)


def calls(table: Table) -> dict[str, Callable[[bytes], dict[str, Any]]]:
    """Each call by name: it takes the body of a request, and returns the answer or raises."""
    return {
        "show": _call(Show, show, table),
        "read": _call(Read, read, table),
        "text": _call(Text, show_text, table),
        "import": _call(Import, import_text, table),
    }


CALLS = calls(Table())
"""The calls for the formats and encodings that chatfmt brings."""
