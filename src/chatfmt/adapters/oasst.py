"""Open Assistant's exports: trees, threads, and flat messages.

Source: https://github.com/LAION-AI/Open-Assistant, oasst-data/README.md and
oasst-data/oasst_data/schemas.py. A row with ``message_id`` is a flat message, one with
``thread_id`` a thread, one with ``message_tree_id`` a tree, checked in this order because a flat
message may name its tree. Members are often absent rather than null. Other data sets use the same
names: a row counts as one of these only with a text or a thread.

A tree yields a conversation for each of its leaves. First the messages that the options drop are
removed with all replies to them, then prompts that no assistant answered.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chatfmt.adapters.fields import Field
from chatfmt.adapters.rows import Row, bad_row
from chatfmt.adapters.schema import Item, Schema
from chatfmt.adapters.whole import OPENING, metadata_of, read_tools, with_system, with_turns
from chatfmt.conversation import Conversation, Message
from chatfmt.conversation.wording import describe
from chatfmt.errors import DataError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatfmt.adapters.options import Options

__all__ = ["SCHEMA"]

_FLAT = ("message_id", "text")  # members of a flat message
_CARRIED = ("message_id", "parent_id", "role", "text", "replies")
_ROLES = {"prompter": "user", "assistant": "assistant"}


@dataclass(slots=True)
class _Node:
    """A message of a tree; a tree is a list of them, parents before their replies."""

    field: Field
    identifier: str
    message: Message
    parent: int | None


def _read(row: Field, options: Options) -> list[Item]:
    if row.get("message_id") is not None:
        row.need("text").text()
        raise row.need("message_id").error(
            "expected a tree or a thread, found one message of a flat file: read_file(path) joins "
            "the messages of such a file into trees"
        )
    if row.get("thread_id") is not None:
        nodes = _read_thread(row.need("thread"), options)
        metadata = metadata_of(row, *OPENING, "thread")
    else:
        nodes = _read_tree(row, options)
        metadata = metadata_of(row, *OPENING, "prompt")
    if "path" in metadata:
        raise row.need("path").error("would be overwritten by the ids of the path in the tree")
    return [
        conversation.model_copy(
            update={"messages": with_system(row, conversation.messages), "tools": read_tools(row)}
        )
        for conversation in _conversations(row, nodes, metadata, options)
    ]


# ---- reading


def _read_tree(row: Field, options: Options) -> list[_Node]:
    state = row.get("tree_state")
    if options.tree_state is not None and (state is None or state.value not in options.tree_state):
        return []
    prompt, tree = row.need("prompt"), row.need("message_tree_id")
    if prompt.need("message_id").label() != tree.label():
        raise tree.error(
            f"expected the message_id of the prompt, {shown(prompt.value['message_id'])}, "
            f"found {shown(tree.value)}"
        )
    nodes: list[_Node] = []
    seen: set[str] = set()
    waiting: list[tuple[Field, int | None]] = [(prompt, None)]
    while waiting:
        field, parent = waiting.pop()
        node = _read_node(field, parent, nodes, seen)
        if not _wanted(node, options):
            continue
        nodes.append(node)
        replies = field.get("replies")
        if replies is not None and replies.value != []:
            waiting += [(reply, len(nodes) - 1) for reply in reversed(replies.items())]
    return nodes


def _read_thread(thread: Field, options: Options) -> list[_Node]:
    nodes: list[_Node] = []
    seen: set[str] = set()
    for field in thread.items():
        node = _read_node(field, len(nodes) - 1 if nodes else None, nodes, seen)
        if not _wanted(node, options):
            break
        nodes.append(node)
    return nodes


def _read_node(field: Field, parent: int | None, nodes: list[_Node], seen: set[str]) -> _Node:
    identifier = field.need("message_id")
    if identifier.label() in seen:
        raise identifier.error(
            f"expected each message once in a tree, found {shown(identifier.value)} twice"
        )
    seen.add(identifier.value)
    role = _ROLES[field.need("role").one_of(tuple(_ROLES))]
    before = None if parent is None else nodes[parent]
    if role == ("assistant" if before is None else before.message.role):
        place = (
            "the first message" if before is None else f"the reply to {shown(before.identifier)}"
        )
        other = "prompter" if role == "assistant" else "assistant"
        raise field.need("role").error(
            f"expected {place} to be from {other}, found {field.value['role']}"
        )
    above = field.get("parent_id")
    if above is not None and above.value != (before and before.identifier):
        wanted = "none" if before is None else shown(before.identifier)
        raise above.error(
            f"expected the id of the message above ({wanted}), found {describe(above.value)}"
        )
    message = field.message(role=role, content=field.need("text").text())
    return _Node(field, identifier.value, message, parent)


def _wanted(node: _Node, options: Options) -> bool:
    """Whether the options keep a message; a missing member counts as the usual value."""
    flags = {key: _flag(node.field, key) for key in ("deleted", "synthetic", "review_result")}
    lang = node.field.get("lang")
    dropped = (
        options.deleted == "drop" and flags["deleted"] is True,
        options.failed_review == "drop" and flags["review_result"] is False,
        options.synthetic == "drop" and flags["synthetic"] is True,
        options.synthetic == "only"
        and node.message.role == "assistant"
        and flags["synthetic"] is not True,
        options.lang is not None and (lang is None or lang.value not in options.lang),
        options.empty_turns == "drop" and not node.message.content,
    )
    if any(dropped):
        return False
    if not node.message.content and options.empty_turns == "refuse":
        raise node.field.need("text").error(
            'expected text, found empty text; pass empty_turns="keep" or "drop"'
        )
    return True


def _flag(field: Field, key: str) -> bool | None:
    flag = field.get(key)
    if flag is not None and not isinstance(flag.value, bool):
        raise flag.expected("true or false")
    return None if flag is None else flag.value


# ---- paths


def _conversations(
    row: Field, nodes: list[_Node], metadata: dict[str, Any], options: Options
) -> Iterator[Conversation]:
    trained: set[int] = set()
    for leaf in _LEAVES[options.paths](nodes, _answered(nodes)):
        path = _path_to(nodes, leaf)
        messages = [
            nodes[index].message.model_copy(update={"weight": 0.0})
            if index in trained
            else nodes[index].message
            for index in path
        ]
        if options.shared_prefixes == "once":
            trained.update(path)
        identifiers = [nodes[index].identifier for index in path]
        besides = [nodes[index].field.rest(*_CARRIED) for index in path]
        own = with_turns(row, {**metadata, "path": identifiers}, besides)
        yield Conversation(messages=tuple(messages), metadata=own)


def _answered(nodes: list[_Node]) -> dict[int | None, list[int]]:
    """The replies to each message that lead to an answer; the reply to None is the prompt."""
    leads = [node.message.role == "assistant" for node in nodes]
    for index in reversed(range(len(nodes))):
        parent = nodes[index].parent
        if parent is not None and leads[index]:
            leads[parent] = True
    replies: dict[int | None, list[int]] = defaultdict(list)
    for index, node in enumerate(nodes):
        if leads[index]:
            replies[node.parent].append(index)
    return replies


def _all_leaves(nodes: list[_Node], replies: dict[int | None, list[int]]) -> list[int]:
    kept = sorted(index for group in replies.values() for index in group)
    return [index for index in kept if index not in replies and nodes[index].parent is not None]


def _best_leaf(nodes: list[_Node], replies: dict[int | None, list[int]]) -> list[int]:
    """The path from the prompt along the best-ranked replies: 0 is best, unranked ones last."""
    at: int | None = None
    while group := replies.get(at):
        at = min(group, key=lambda index: _rank(nodes[index].field))
    return [] if at is None else [at]


_LEAVES = {"all": _all_leaves, "best": _best_leaf}


def _rank(field: Field) -> tuple[bool, float]:
    rank = field.get("rank")
    if rank is None:
        return True, 0
    if isinstance(rank.value, bool) or not isinstance(rank.value, int | float):
        raise rank.expected("a number")
    return False, rank.value


def _path_to(nodes: list[_Node], leaf: int) -> list[int]:
    path = []
    at: int | None = leaf
    while at is not None:
        path.append(at)
        at = nodes[at].parent
    return path[::-1]


# ---- flat files


def _gather(rows: Iterable[Row]) -> Iterator[Row]:
    """Join flat messages into trees; rows of other forms pass through at once.

    The messages of a tree may be anywhere in a file, so they are kept until its end. Errors,
    reported with their line, are: a repeated id, a reply to a message that the file does not have,
    a cycle of replies, and a second root of one tree.
    """
    flat: dict[str, Row] = {}
    for row in rows:
        if row.value is None or any(row.value.get(key) is None for key in _FLAT):
            yield row
            continue
        try:
            flat[_flat_id(Field(row.value), flat)] = row
        except DataError as error:
            yield _refused(row, error.reason, error.field)
    replies: dict[str, list[str]] = defaultdict(list)
    for identifier, row in flat.items():
        replies[_above(row)].append(identifier)
    reached: set[str] = set()
    for identifier, row in flat.items():
        if _above(row) not in flat:
            below = _below(identifier, replies)
            reached.update(below)
            yield _tree(row, below, flat) if not _above(row) else _orphan(row, len(below) - 1)
    for identifier in flat:
        if identifier not in reached:
            circle = _on_circle(identifier, flat)
            below = _below(circle, replies)
            reached.update(below)
            yield _refused(flat[circle], _circle(len(below)), "parent_id")


def _on_circle(identifier: str, flat: dict[str, Row]) -> str:
    """A message on the cycle that the path up from this message runs into."""
    passed: set[str] = set()
    while identifier not in passed:
        passed.add(identifier)
        identifier = _above(flat[identifier])
    return identifier


def _flat_id(message: Field, flat: dict[str, Row]) -> str:
    identifier = message.need("message_id")
    above, replies = message.get("parent_id"), message.get("replies")
    if identifier.label() in flat:
        raise identifier.error(
            f"expected each message once in a file, found {shown(identifier.value)} twice"
        )
    if above is not None:
        above.label()
    if replies is not None and replies.value != []:
        raise replies.error("expected a flat message without replies; a tree has message_tree_id")
    return identifier.label()


def _refused(row: Row, reason: str, field: str | None) -> Row:
    return bad_row(row.file, row.line, reason, field)


def _above(row: Row) -> str:
    return (row.value or {}).get("parent_id") or ""


def _below(identifier: str, replies: dict[str, list[str]]) -> list[str]:
    """The message and all below it, in the order of the file at each level."""
    order, seen = [identifier], {identifier}
    for at in order:
        fresh = [reply for reply in replies.get(at, ()) if reply not in seen]
        seen.update(fresh)
        order += fresh
    return order


def _orphan(row: Row, replies: int) -> Row:
    reason = (
        f"expected the id of a message in this file, found {shown(_above(row))}; "
        f"not read: this message and {replies} below it"
    )
    return _refused(row, reason, "parent_id")


def _circle(messages: int) -> str:
    return (
        f"expected replies that lead up to a prompt, found a cycle; messages not read: {messages}"
    )


def _tree(root: Row, below: list[str], flat: dict[str, Row]) -> Row:
    nodes: dict[str, dict[str, Any]] = {}
    for identifier in below:
        row = flat[identifier]
        message = dict(row.value or {})
        tree = message.pop("message_tree_id", None)
        if tree not in (None, below[0]):
            return _refused(row, _wrong_tree(tree, below), "message_tree_id")
        state = message.pop("tree_state", None)
        nodes[identifier] = {**message, "replies": []}
        if identifier == below[0]:
            top = {"message_tree_id": identifier, "tree_state": state, "prompt": nodes[identifier]}
        else:
            nodes[_above(row)]["replies"].append(nodes[identifier])
    return Row(root.file, root.line, top)


def _wrong_tree(tree: object, below: list[str]) -> str:
    return (
        f"expected {shown(below[0])}, the id of the root above, found {describe(tree)}; "
        f"messages not read: {len(below)}"
    )


SCHEMA = Schema(
    source="https://github.com/LAION-AI/Open-Assistant/blob/main/oasst-data/README.md",
    marks=(_FLAT, ("thread_id", "thread"), ("message_tree_id",)),
    read=_read,
    gather=_gather,
)
