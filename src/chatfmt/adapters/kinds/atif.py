"""Logs of agents in the Agent Trajectory Interchange Format (ATIF).

Source: Harbor, docs/rfcs/0001-trajectory-format.md, at https://github.com/laude-institute/harbor. A
step of the agent holds its calls and what was observed after them; a result that names its call is
a message of the tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import besides, whole
from chatfmt.conversation.reading import dumped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMA"]

_ROLES = {"system": "system", "user": "user", "agent": "assistant"}
_USED = ("source", "message", "reasoning_content", "tool_calls", "observation")


def _fits(row: Mapping[str, Any]) -> bool:
    version = row.get("schema_version")
    return isinstance(version, str) and version.startswith("ATIF-")


def _read(row: Field, _options: Options) -> list[Item]:
    messages: list[Message] = []
    said: list[dict[str, Any]] = []
    for step in row.need("steps").items():
        messages += _step(step)
        said.append(besides(step, *_USED))
    opened = row
    agent = row.get("agent")
    tools = None if agent is None else agent.get("tool_definitions")
    if agent is not None and tools is not None:
        rest = agent.rest("tool_definitions")
        opened = row.replaced({**row.value, "agent": rest, "tools": tools.value})
    return [whole(opened, messages, "steps", turns=said)]


def _step(step: Field) -> Iterator[Message]:
    role = _ROLES[step.need("source").one_of(tuple(_ROLES))]
    fields: dict[str, Any] = {}
    reasoning, calls = step.get("reasoning_content"), step.get("tool_calls")
    if reasoning is not None:
        fields["reasoning"] = reasoning.text()
    if calls is not None and calls.value != []:
        fields["tool_calls"] = [_call(call) for call in calls.items()]
    if fields and role != "assistant":
        raise step.error("expected reasoning and calls only from the agent")
    yield step.message(role=role, content=step.need("message").text(), **fields)
    observation = step.get("observation")
    for result in [] if observation is None else observation.need("results").items():
        for key in result.rest("source_call_id", "content"):
            raise result.need(key).error(
                "a message has no place for it, and dropping it would lose information"
            )
        yield result.message(
            role="tool",
            call_id=result.value.get("source_call_id"),
            content=result.need("content").text(),
        )


def _call(call: Field) -> dict[str, Any]:
    arguments = call.need("arguments")
    if not isinstance(arguments.value, Mapping):
        raise arguments.expected("an object")
    return {
        "id": call.need("tool_call_id").label(),
        "name": call.need("function_name").label(),
        "arguments": arguments.made(dumped, arguments.value),
    }


SCHEMA = Schema(
    source="https://github.com/laude-institute/harbor/blob/main/docs/rfcs/0001-trajectory-format.md",
    marks=(("schema_version", "steps"),),
    fits=_fits,
    read=_read,
)
