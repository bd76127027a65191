"""A template's input and output, and what it must write: the law of `to_jinja`."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
from transformers.utils import chat_template_utils as utils

from chatfmt import NothingToTrainError, RenderError
from chatfmt.conversation.reading import dumped
from rows import ids_in, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from chatfmt import ChatTokenizer, Conversation, Message, ToolCall

__all__ = ["Rendered", "as_dicts", "check", "rendered"]

_NAMES = {"reasoning": "reasoning_content", "call_id": "tool_call_id"}
PROMPTS: dict[str, bool | None] = {"prompt": None, "thinking": True, "not thinking": False}


def as_dicts(conversation: Conversation) -> list[dict[str, Any]]:
    """The messages as OpenAI's dicts; arguments as an object, where that is the same."""
    return [_as_dict(message) for message in conversation.messages]


def _as_dict(message: Message) -> dict[str, Any]:
    given = message.model_dump(exclude_none=True, exclude_defaults=True)
    given = {_NAMES.get(name, name): value for name, value in given.items()}
    calls = [_call(call) for call in message.tool_calls]
    return {**given, "role": message.role} | ({"tool_calls": calls} if calls else {})


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _arguments(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _arguments(text: str) -> Any:
    """The object, where its text is made of it again; else the text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) and dumped(value) == text else text


class Rendered(NamedTuple):
    """What a template wrote, or what it said when it refused."""

    text: str | None
    marks: tuple[tuple[int, ...], ...] = ()
    reason: str = ""


def rendered(source: str, given: list[dict[str, Any]], **values: Any) -> Rendered:
    """What transformers makes of a template."""
    marked = not values.get("add_generation_prompt")
    result: Any
    try:
        result = utils.render_jinja_template(
            [given], chat_template=source, return_assistant_tokens_mask=marked, **values
        )
    except jinja2.TemplateError as error:
        if type(error) is not jinja2.TemplateError:
            raise  # raise_exception raises no other
        return Rendered(None, reason=str(error))
    (text,), marks = result
    return Rendered(text, tuple(map(tuple, marks[0])) if marks else ())


class _Wanted(NamedTuple):
    """What chatfmt writes, or refuses; with weights where they are looked at."""

    values: dict[str, Any]
    ids: list[int] | None
    weights: list[float] | None = None


def _wanted(tok: ChatTokenizer, chat: Conversation) -> Iterator[_Wanted]:
    yield _of_text(tok, chat)
    yield from _of_training(tok, chat)
    for thinking in PROMPTS.values():
        values: dict[str, Any] = {"add_generation_prompt": True}
        if thinking is not None:
            values["enable_thinking"] = thinking
        try:
            yield _Wanted(values, tok.encode_prompt(chat, thinking=thinking))
        except RenderError:
            yield _Wanted(values, None)


def _of_text(tok: ChatTokenizer, chat: Conversation) -> _Wanted:
    try:
        ids = tok.encode(chat)
    except RenderError:
        return _Wanted({}, None)
    shown = tok.render(chat)
    weights = shown.weights()
    closes = len(ids) - len(weights)  # what closes an envelope goes on as its last message ended
    is_the_models = bool(closes) and chat.messages[-1].role == "assistant"
    weight = float(is_the_models and shown.spans[-1].generated)
    return _Wanted({}, ids, weights + [weight] * closes)


def _of_training(tok: ChatTokenizer, chat: Conversation) -> Iterator[_Wanted]:
    try:
        example = tok.encode_for_training(chat)
    except NothingToTrainError:
        return
    except RenderError:
        yield _Wanted({"training": True}, None)
    else:
        yield _Wanted({"training": True}, [*example.input_ids], [*example.weights])


def check(
    tok: ChatTokenizer,
    source: str,
    chat: Conversation,
    *,
    prepared: Conversation | None = None,
    variables: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[str]:
    """Text, marks and prompts are those of chatfmt, or both refuse; says what was compared.

    What chatfmt writes may be what it prepared; the template is given further ``variables``.

    A template refuses two things more: texts that spell a special token, and arguments as text
    where they are to be an object.
    """
    given = as_dicts(chat)
    for values, ids, weights in _wanted(tok, prepared or chat):
        found = rendered(source, given, tools=[*chat.tools] or None, **variables, **values)
        if ids is None:
            assert found.text is None, (given, values, found)
            yield "both refuse"
        elif found.text is None:
            yield _excuse(tok, chat, ids, found, given)
        else:
            assert found.text == spelled(tok, ids), (given, values)
            assert ids_in(tok, found.text) == ids, (given, values)
            if weights is not None:
                assert _mask(tok, ids, found) == [weight > 0 for weight in weights], (given, values)
            yield "equal"


def _excuse(
    tok: ChatTokenizer, chat: Conversation, ids: list[int], found: Rendered, given: object
) -> str:
    """Why a template may refuse what chatfmt writes."""
    if ids_in(tok, spelled(tok, ids)) != ids:
        return "spells"
    if "the word tools" in found.reason:
        assert chat.tools, given
        return "tools"
    calls = [call for message in chat.messages for call in message.tool_calls]
    if any(isinstance(_arguments(call.arguments), str) for call in calls):
        assert "expected arguments as an object" in found.reason, (given, found)
        return "arguments as text"
    brackets = any(
        isinstance(value, str) and value[:1] + value[-1:] in ("{}", "[]")
        for call in calls
        for value in json.loads(call.arguments).values()
    )
    assert brackets, (given, found)
    assert "would be read as another value" in found.reason, (given, found)
    return "brackets"


def _mask(tok: ChatTokenizer, ids: list[int], found: Rendered) -> list[bool]:
    """Which ids overlap a mark, as transformers says."""
    assert found.text is not None
    text = found.text
    marks = [(len(text[:start].encode()), len(text[:end].encode())) for start, end in found.marks]
    at, mask = 0, []
    for token in ids:
        stop = at + len(spelled(tok, [token]).encode()) if token > 255 else at + 1
        mask.append(any(start < stop and at < end for start, end in marks))
        at = stop
    return mask
