"""Exports from ChatGPT and Claude.

Sources: ``conversations.json`` of ChatGPT's export (OpenAI help, "How do I export my ChatGPT
history"): a ``mapping`` of nodes with ``message``, ``parent`` and ``children``, and the
``current_node``; and of Claude's export (Anthropic help, "How can I export my Claude data"):
``chat_messages`` with ``sender``, ``text`` and ``content``. Neither is documented field by field,
so content of any type but text is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import besides, whole, with_metadata
from chatfmt.errors import shown

if TYPE_CHECKING:
    from chatfmt.adapters.fields import Field
    from chatfmt.adapters.options import Options
    from chatfmt.conversation import Message

__all__ = ["SCHEMAS"]


# ---- ChatGPT


def _read_chatgpt(row: Field, options: Options) -> list[Item]:
    mapping = row.need("mapping")
    if not isinstance(mapping.value, dict) or not mapping.value:
        raise mapping.expected("an object with at least one node")
    if options.paths == "all":
        parents = {_parent(mapping.need(name)) for name in mapping.value}
        paths = [_path(mapping, name) for name in mapping.value if name not in parents]
        if len(mapping.value) > len({name for path in paths for name in path}):
            raise mapping.error("expected a tree, found a cycle")
    else:
        paths = [_path(mapping, row.need("current_node").label())]
    items: list[Item] = []
    for path in paths:
        nodes = [mapping.need(name) for name in path]
        turns = [node.need("message") for node in nodes if node.get("message") is not None]
        visible = [turn for turn in turns if not _is_hidden(turn)]
        if not visible:
            continue
        found = whole(
            row,
            [_said(turn) for turn in visible],
            "mapping",
            turns=[_rest(turn) for turn in visible],
        )
        if "path" in found.metadata:
            raise row.need("path").error("would be overwritten by the ids of the path in the tree")
        items.append(with_metadata(found, {**found.metadata, "path": path}))
    return items


def _parent(node: Field, member: str = "parent") -> str | None:
    """The id of the node that a node follows, or None for the first one."""
    parent = node.get(member)
    return None if parent is None else parent.label()


def _path(mapping: Field, leaf: str) -> list[str]:
    """The ids of the nodes from the root to a leaf."""
    path: list[str] = []
    name: str | None = leaf
    while name is not None:
        if name not in mapping.value:
            raise mapping.error(f"expected a node named {shown(name)}, found none")
        if name in path:
            raise mapping.error(f"expected a tree, found a cycle through {shown(name)}")
        path.append(name)
        name = _parent(mapping.need(name))
    return path[::-1]


_CARRIED = ("author", "content", "recipient")


def _is_hidden(turn: Field) -> bool:
    """Whether a message is one of the site's internal messages without text."""
    metadata = turn.get("metadata")
    content = turn.need("content")
    texts = content.value.get("parts") if isinstance(content.value, dict) else None
    hidden = None if metadata is None else metadata.get("is_visually_hidden_from_conversation")
    return hidden is not None and bool(hidden.value) and texts in ([], [""], None)


def _said(turn: Field) -> Message:
    author, content = turn.need("author"), turn.need("content")
    role = author.need("role").one_of(("system", "user", "assistant", "tool"))
    content.need("content_type").one_of(("text",))
    parts = content.need("parts")
    texts = [part.text() for part in parts.items()] if parts.value != [] else []
    fields: dict[str, Any] = {}
    if author.get("name") is not None:
        fields["name"] = author.need("name").label()
    recipient = turn.get("recipient")
    if recipient is not None and recipient.value != "all":
        raise recipient.error(
            f"expected a message to all, found one to {shown(recipient.value)}, which is a call "
            "whose arguments are not JSON"
        )
    return turn.message(role=role, content="\n".join(texts), **fields)


def _rest(turn: Field) -> dict[str, Any]:
    author = turn.need("author").rest("role", "name")
    author = {key: value for key, value in author.items() if value != {}}
    return {**besides(turn, *_CARRIED), **({"author": author} if author else {})}


# ---- Claude


def _read_claude(row: Field, options: Options) -> list[Item]:
    turns = row.need("chat_messages").items()
    if not any(turn.get("parent_message_uuid") is not None for turn in turns):
        return [_conversation(row, turns)]
    known: dict[str, Field] = {}
    for turn in turns:
        name = turn.need("uuid")
        if name.label() in known:
            raise name.error(
                f"expected a different id for each message, found {shown(name.value)} twice"
            )
        known[name.value] = turn
    parents = {_parent(turn, _FOLLOWED) for turn in turns}
    leaves = [name for name in known if name not in parents]
    paths = [_up(row, known, leaf) for leaf in leaves]
    if len(known) > len({turn.value["uuid"] for path in paths for turn in path}):
        raise row.need("chat_messages").error("expected a tree, found a cycle")
    if options.paths == "best":  # the latest one, which the site shows
        paths = paths[-1:]
    return [_conversation(row, path) for path in paths]


_FOLLOWED = "parent_message_uuid"


def _up(row: Field, known: dict[str, Field], leaf: str) -> list[Field]:
    path: list[Field] = []
    name: str | None = leaf
    while name is not None and name in known:
        if len(path) == len(known):
            raise row.need("chat_messages").error("expected a tree, found a cycle")
        path.append(known[name])
        name = _parent(known[name], _FOLLOWED)
    return path[::-1]


def _conversation(row: Field, turns: list[Field]) -> Item:
    messages = [_spoken(turn) for turn in turns]
    said = [besides(turn, "sender", "text", "content") for turn in turns]
    return whole(row, messages, "chat_messages", turns=said)


def _spoken(turn: Field) -> Message:
    sender = turn.need("sender").one_of(("human", "assistant"))
    content = turn.get("content")
    parts = content.items() if content is not None and content.value != [] else []
    texts: list[str] = []
    thinking: list[str] = []
    for part in parts:
        if part.need("type").one_of(("text", "thinking")) == "text":
            texts.append(part.need("text").text())
        else:
            thinking.append(part.need("thinking").text())
    text = "".join(texts) if parts else turn.need("text").text()
    reasoning = "".join(thinking) if thinking else None
    return turn.message(role=_SENDERS[sender], content=text, reasoning=reasoning)


_SENDERS = {"human": "user", "assistant": "assistant"}

SCHEMAS = {
    "chatgpt-export": Schema(
        source="https://help.openai.com/en/articles/7260999-how-do-i-export-my-chatgpt-history-and-data",
        marks=(("mapping",),),
        read=_read_chatgpt,
    ),
    "claude-export": Schema(
        source="https://support.anthropic.com/en/articles/9450526-how-can-i-export-my-claude-data",
        marks=(("chat_messages",),),
        read=_read_claude,
    ),
}
