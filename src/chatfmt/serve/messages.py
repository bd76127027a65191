"""Whole replies in the shape of OpenAI's chat-completions API: plain dicts.

Source: the OpenAI API reference, "The chat completion object", at
https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.serve.chat import delta_of
from chatfmt.serve.whole import pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from chatfmt.conversation import Message
    from chatfmt.serve.pieces import Strays
    from chatfmt.transcript import Transcript

__all__ = ["chat_completion", "chat_message"]


def chat_message(
    source: Transcript | Message | Sequence[Message],
    *,
    stray: Strays = "content",
    whole_calls: bool = False,
    first_call: int | None = None,
) -> dict[str, Any]:
    """A reply as the message of a chat completion: the sum of its chunks.

    ``content`` is None if there are calls and no text; ``reasoning_content`` and ``tool_calls``
    appear only if the reply has them.

    Args:
        source: a transcript that ends with a reply; a message; or the messages of one reply, such
            as those of a `Completion`. Messages on their own have lost any stray text.
        stray: as in `ReplyOptions`.
        whole_calls: as in `ReplyOptions`.
        first_call: as in `ReplyOptions`.

    >>> import chatfmt
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat = tok.render([{"role": "user", "content": "hello"}])
    >>> _ = chat.append_completion([13225, 200265])
    >>> chat_message(chat)
    {'role': 'assistant', 'content': 'Hello'}

    Raises:
        ValueError: the transcript does not end with a reply, or there is no message.
    """
    pieces, _ = pieces_of(source, stray=stray, whole_calls=whole_calls, first_call=first_call)
    return _put_together(map(delta_of, pieces))


def chat_completion(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Join chunks into the whole chat completion; chunks of several choices may come in any order.

    >>> import chatfmt
    >>> from chatfmt.serve import chat_chunks
    >>> tok = chatfmt.get_tokenizer("gpt-4o")
    >>> chat_completion(chat_chunks(tok, [13225, 200265]))["choices"]
    [{'index': 0, 'message': {'role': 'assistant', 'content': 'Hello'}, 'finish_reason': 'stop'}]
    """
    whole: dict[str, Any] = {"choices": []}
    deltas: dict[int, list[dict[str, Any]]] = {}
    reasons: dict[int, str | None] = {}
    for chunk in chunks:
        whole |= {name: value for name, value in chunk.items() if name != "choices"}
        for choice in chunk["choices"]:
            deltas.setdefault(choice["index"], []).append(choice["delta"])
            reasons[choice["index"]] = choice["finish_reason"]
    whole["choices"] = [
        {"index": at, "message": _put_together(deltas[at]), "finish_reason": reasons[at]}
        for at in sorted(deltas)
    ]
    return {**whole, "object": "chat.completion"}


def _put_together(deltas: Iterable[Mapping[str, Any] | None]) -> dict[str, Any]:
    texts: dict[str, list[str]] = {"content": [], "reasoning_content": []}
    calls: dict[int, tuple[Mapping[str, Any], list[str]]] = {}
    for delta in deltas:
        for key, value in (delta or {}).items():
            if key in texts:
                texts[key].append(value)
        for call in (delta or {}).get("tool_calls", ()):
            _, arguments = calls.setdefault(call["index"], (call, []))
            arguments.append(call["function"]["arguments"])
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts["content"])}
    if reasoning := "".join(texts["reasoning_content"]):
        message["reasoning_content"] = reasoning
    if calls:
        message["content"] = message["content"] or None
        message["tool_calls"] = [_call(*calls[at]) for at in sorted(calls)]
    return message


def _call(first: Mapping[str, Any], arguments: Sequence[str]) -> dict[str, Any]:
    function = {"name": first["function"]["name"], "arguments": "".join(arguments)}
    return {"id": first["id"], "type": "function", "function": function}
