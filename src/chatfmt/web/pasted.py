"""What people paste from chat APIs, brought to rows that an adapter reads.

Rows of data sets pass as they are. Requests and answers of three APIs are told by their members:

- OpenAI's chat completions: ``choices[].message`` of an answer (API reference, "The chat
  completion object"); a request has ``messages``, as a row has.
- Anthropic's messages: ``system`` beside a request's ``messages``; an answer is one message
  (API reference, "Messages").
- OpenAI's responses: ``instructions`` and ``input`` of a request, ``output`` of an answer, whose
  items are messages, calls of functions and their results (API reference, "Responses").
"""

from __future__ import annotations

from typing import Any

from chatfmt.errors import DataError, named

__all__ = ["rows"]


def rows(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """The rows of a document: itself, a list of rows or of messages, or what an API has.

    >>> rows({"system": "Be brief.", "messages": [{"role": "user", "content": "hi"}]})
    ... # doctest: +NORMALIZE_WHITESPACE
    [{'messages': [{'role': 'system', 'content': 'Be brief.'},
                   {'role': 'user', 'content': 'hi'}]}]

    Raises:
        DataError: an item of a response that is neither a message nor a call of a function.
    """
    match value:
        case [{"role": _}, *_] if all(isinstance(item, dict) and "role" in item for item in value):
            return [{"messages": value}]
        case list():
            return value
        case {"choices": [{"message": _}, *_] as choices}:
            return [
                {"messages": [_without_empty_lists(choice["message"])]}
                for choice in choices
                if isinstance(choice, dict) and "message" in choice
            ]
        case dict():
            messages = _single(value)
            return [value if messages is None else {"messages": messages}]
    return [value]


def _single(value: dict[str, Any]) -> list[Any] | None:
    """The messages of an object that is one conversation; None for any other."""
    messages: list[Any] | None = None
    match value:
        case {"messages": list(turns), "system": (str() | list()) as system}:
            messages = [{"role": "system", "content": system}, *turns]
        case {"type": "message", "role": role, "content": content}:
            messages = [{"role": role, "content": content}]
        case {"role": _, "content": _}:
            messages = [value]
        case {"object": "response", "output": list(items)}:
            messages = _messages(items, "output")
        case {"model": _, "input": str(text)} if not {"instruction", "output"} & value.keys():
            messages = [*_instructions(value), {"role": "user", "content": text}]
        case {"model": _, "input": list(items)}:
            messages = [*_instructions(value), *_messages(items, "input")]
    return messages


def _instructions(value: dict[str, Any]) -> list[Any]:
    text = value.get("instructions")
    return [] if text is None else [{"role": "system", "content": text}]


def _without_empty_lists(message: Any) -> Any:  # noqa: ANN401 - any JSON value
    """An answer's message, without the ``annotations`` and such that it does not have."""
    if not isinstance(message, dict):
        return message
    return {name: value for name, value in message.items() if value != []}


def _messages(items: list[Any], name: str) -> list[Any]:
    """The items of the responses API as messages of chat completions."""
    found: list[Any] = []
    for index, item in enumerate(items):
        match item:
            case {"role": role, "content": content}:
                found.append({"role": role, "content": _parts(content)})
            case {"type": "function_call", "name": called, "arguments": arguments, **rest}:
                function = {"name": called, "arguments": arguments}
                call = {"id": rest.get("call_id"), "type": "function", "function": function}
                found.append({"role": "assistant", "content": None, "tool_calls": [call]})
            case {"type": "function_call_output", "call_id": call_id, "output": output}:
                result = {"role": "tool", "tool_call_id": call_id, "content": _parts(output)}
                found.append(result)
            case {"type": "reasoning", "summary": []}:
                pass  # a model's thoughts, of which the API tells nothing
            case _:
                raise DataError(
                    "expected a message, or a function_call or its output with all their members, "
                    f"found {named(item.get('type') if isinstance(item, dict) else item)}",
                    field=f"{name}[{index}]",
                )
    return found


def _parts(content: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Content, with its parts called text as the adapters know them."""
    if not isinstance(content, list):
        return content
    return [
        {"type": "text", "text": part["text"]}
        if isinstance(part, dict)
        and part.get("type") in ("input_text", "output_text")
        and "text" in part
        else part
        for part in content
    ]
