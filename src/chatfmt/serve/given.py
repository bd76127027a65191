"""The input from libraries of renderers: tokenizers, messages with parts, definitions of tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.conversation.definitions import listed
from chatfmt.conversation.wording import describe
from chatfmt.errors import DataError
from chatfmt.serve.outputs import format_of, over_ids
from chatfmt.tokenizer import ChatTokenizer, get_tokenizer

if TYPE_CHECKING:
    from chatfmt.serve.outputs import Source

__all__ = ["definitions", "plain_messages", "tokenizer_for", "with_definitions"]


def tokenizer_for(source: Source, tokenizer: Any = None) -> ChatTokenizer:  # noqa: ANN401 - theirs
    """The source itself if it is a `ChatTokenizer`; otherwise its format over a vocabulary.

    Raises:
        UnknownFormatError: there is no such format.
        EncodingRequiredError: no vocabulary is bundled with it, and no tokenizer is given.
        EncodingError: `chatfmt.hf.HFEncoding` cannot read the tokenizer.
    """
    if isinstance(source, ChatTokenizer):
        return source
    ours = getattr(tokenizer, "tok", None)
    if isinstance(ours, ChatTokenizer):  # it was made by chatfmt.serve.hf
        return ChatTokenizer(format_of(source), ours.encoding)
    if tokenizer is not None:
        return over_ids(source, tokenizer)
    if isinstance(source, str):
        return get_tokenizer(source)
    return ChatTokenizer(source, get_tokenizer(source.name).encoding)


def plain_messages(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Messages as `chatfmt.Message` reads them: thinking as a field, calls as dicts.

    >>> plain_messages([{"role": "assistant", "content": [
    ...     {"type": "thinking", "thinking": "2+2"}, {"type": "text", "text": "4"}]}])
    [{'role': 'assistant', 'content': [{'type': 'text', 'text': '4'}], 'reasoning': '2+2'}]

    Raises:
        DataError: a message or a part is not one, or the reasoning is given twice.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Iterable):
        raise DataError(
            f"expected a list of messages, found {describe(messages)}", field="messages"
        )
    return [_plain(message, f"messages[{at}]") for at, message in enumerate(messages)]


def _object(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise DataError(f"expected an object, found {describe(value)}", field=where)
    return dict(value)


def _text_in(part: Mapping[str, Any], member: str, where: str) -> str:
    text = part.get(member)
    if not isinstance(text, str):
        raise DataError(f"expected a part with {member}, found {describe(text)}", field=where)
    return text


def _plain(message: object, where: str) -> dict[str, Any]:
    made = _object(message, where)
    content = made.get("content")
    if isinstance(content, list | tuple):
        thinking = [part for part in content if _is_thinking(part)]
        texts = [part for part in content if not _is_thinking(part)]
        made["content"] = texts or ""
        if thinking and made.get("reasoning"):
            raise DataError(
                "expected thinking in parts or in the field reasoning, found both", field=where
            )
        if thinking:
            made["reasoning"] = "".join(_text_in(part, "thinking", where) for part in thinking)
    failed = made.pop("unparsed_tool_calls", None)
    if failed:  # the model wrote them, after its text
        made["content"] = _text(made.get("content"), where) + "".join(
            call.raw_text for call in failed
        )
    calls = made.get("tool_calls")
    if isinstance(calls, list | tuple):  # anything else is refused where messages are read
        made["tool_calls"] = [
            call.model_dump(exclude_none=True) if hasattr(call, "model_dump") else call
            for call in calls
        ]
    return made


def _text(content: Any, where: str) -> str:  # noqa: ANN401 - a text, parts of texts, or none
    if isinstance(content, list):
        return "".join(_text_in(part, "text", where) for part in content)
    return str(content or "")


def _is_thinking(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "thinking"


def with_definitions(
    messages: Iterable[Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]] | None]:
    """Messages, and the definitions that a system message among them has as ``tools``.

    A system message that has nothing else is left out.

    >>> with_definitions([{"role": "system", "content": "", "tools": [{"name": "f"}]}])
    ([], [{'type': 'function', 'function': {'name': 'f'}}])
    """
    found: list[Mapping[str, Any]] = []
    kept = []
    for message in plain_messages(messages):
        tools = message.get("tools")
        if isinstance(tools, list):
            found += tools
            del message["tools"]
            if not message.get("content"):
                continue
        kept.append(message)
    return kept, definitions(found) if found else None


def definitions(tools: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Definitions in the shape of OpenAI's API; the given ones may lack its outer object.

    >>> definitions([{"name": "f"}])
    [{'type': 'function', 'function': {'name': 'f'}}]

    Raises:
        DataError: it is no list of objects.
    """
    if tools is None:
        return None
    try:
        given = [dict(tool) for tool in listed(tools)]
    except ValueError as error:
        raise DataError(str(error)) from None
    return [
        tool if "function" in tool else {"type": "function", "function": tool} for tool in given
    ]
