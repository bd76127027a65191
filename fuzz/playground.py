"""The playground's API: whatever the body, an answer that JSON can carry or a `Refusal`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatfmt import FORMAT_ROWS, ChatFormat, Conversation, get_format
from chatfmt.encodings import ENCODING_CONSTRUCTORS
from chatfmt.web.api import CALLS, Refusal
from fuzz.data import damage, damaged_row, pieces_of_json
from fuzz.lines import message, row

if TYPE_CHECKING:
    from fuzz.source import Source

_ODD = (-1, 2**31, 2**64, 200_264, 200_265, 200_266, 100_264, 100_265, 198, 0, 255)


def _call(name: str, body: bytes) -> dict[str, Any] | None:
    """The answer; None for a refusal that says what it is about."""
    try:
        answer = CALLS[name](body)
    except Refusal as refusal:
        told = refusal.body()
        assert told["error"], told
        assert told["reason"], told
        json.dumps(told, allow_nan=False).encode()
        return None
    json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    return answer


def _body(request: dict[str, Any], source: Source) -> bytes:
    """The request as JSON, which may be damaged before or after."""
    for _ in range(max(0, source.number() % 8 - 4)):
        damage(request, source)
    data = json.dumps(request).encode()
    if source.number() % 8 == 0:
        at = source.number(2) % len(data)
        data = data[:at] + source.take(source.number() % 8) + data[at + source.number() % 4 :]
    return data


def _pasted(source: Source) -> str:
    if source.number() % 4 == 0:
        return pieces_of_json(source).decode("utf-8", "replace")
    rows = [damaged_row(source) for _ in range(source.number() % 3)]
    if source.flag():
        return "\n".join(map(json.dumps, rows))
    return json.dumps({"choices": [{"message": row} for row in rows]} if source.flag() else rows)


def _request(source: Source) -> dict[str, Any]:
    request: dict[str, Any] = {"format": source.pick(tuple(FORMAT_ROWS))}
    roles = ["user", "assistant", "system", "nobody"]
    if source.flag():
        request["format"] = own = row(source)
        roles = [*own["roles"], "nobody"]
    if source.flag():
        request["encoding"] = source.pick((*ENCODING_CONSTRUCTORS, None, "gpt2"))
    if source.flag():
        request["whitespace"] = source.flag()
    messages = [message(source, roles) for _ in range(source.number() % 4)]
    request["messages"] = [one.model_dump(exclude_none=True) for one in messages]
    if source.flag():
        request["prompt"] = source.pick((*roles, None))
    return request


def _ids(answer: dict[str, Any]) -> list[int]:
    return [i for block in answer["blocks"] for piece in block["pieces"] for i in piece["ids"]]


def _is_like_a_prompt(last: list[dict[str, Any]], row: Any) -> bool:  # noqa: ANN401 - of a request
    """Whether an empty message at the end has no end token, so that its ids are its prompt's."""
    made = get_format(row) if isinstance(row, str) else ChatFormat.from_row(row)
    return any(
        one["role"] in made.unended and one == {"role": one["role"], "content": ""} for one in last
    )


def web(source: Source) -> None:
    """Bodies of all calls; what is shown can be read, and what is read has all the ids."""
    if source.number() % 4 == 0:
        _call("import", _body({"text": _pasted(source)}, source))
        return
    body = _body(_request(source), source)
    shown = _call("show", body)
    if shown is None:
        return
    request = json.loads(body)
    ids = _ids(shown)
    assert shown["tokens"] == len(ids), shown
    reading = {key: request[key] for key in ("format", "encoding") if key in request}
    read = _call("read", json.dumps(reading | {"ids": ids}).encode())
    assert read is not None, shown
    sent = Conversation(messages=request["messages"]).on_wire()
    expected = [one.model_dump(exclude_none=True) for one in sent.messages]
    found = read["messages"]
    prompt = request.get("prompt")
    if prompt and len(found) > len(expected):  # it opens the reasoning: then that message has begun
        expected.append({"role": prompt, "content": "", "reasoning": ""})
        prompt = None
    elif prompt and not read["prompt"]:  # then it is of no ids, such as Mistral's
        alone = _call("show", json.dumps(request | {"prompt": None}).encode())
        assert alone is not None, shown
        assert _ids(alone) == ids, shown
        prompt = None
    elif not prompt and read["prompt"] and _is_like_a_prompt(expected[-1:], request["format"]):
        prompt = expected.pop()["role"]
    assert found == expected, shown
    assert read["prompt"] == prompt, shown
    reading |= {"ids": source.damaged(ids, _ODD), "strict": source.flag()}
    again = _call("read", json.dumps(reading).encode())
    if again is not None:
        assert _ids(again) == reading["ids"], again
    elif not reading["strict"]:
        raise AssertionError(f"refused, though it was to be lenient: {reading}")
