"""A conversation as ids, followed by the beginning of what a model is to continue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatfmt.errors import RenderError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt.conversation import Message
    from chatfmt.wire.write import Renderer

__all__ = ["encode_prompt"]


def encode_prompt(
    renderer: Renderer,
    messages: Sequence[Message],
    *,
    role: str,
    name: str | None,
    prefill: str,
    continue_last: bool,
    thinking: bool | None = None,
) -> list[int]:
    """The ids of messages and of a prompt; the arguments are `ChatTokenizer.encode_prompt`'s.

    Raises:
        RenderError: the format cannot carry it, or there is no such last message.
    """
    if continue_last:
        begun = messages[-1] if messages else None
        if prefill or not begun or begun.role != role or name not in (None, begun.name):
            wanted = f"role {shown(role)}"
            wanted += "" if name is None else f" and name {shown(name)}"
            found = "none"
            if begun:
                found = f"role {shown(begun.role)} and name {shown(begun.name)}"
            raise RenderError(
                f"continue_last needs a last message of {wanted}, and no prefill; found {found}"
                + " and a prefill" * bool(prefill),
                renderer.format.name,
            )
        messages = messages[:-1]
    else:
        begun = None
    ids: list[int] = []
    renderer.extend(ids, messages, prompts=True)
    before = messages[-1].role if messages else None
    if begun:
        return ids + renderer.opening(begun, len(messages), before)
    return ids + renderer.prefilled(
        role, name, prefill, index=len(messages), before=before, thinking=thinking
    )
