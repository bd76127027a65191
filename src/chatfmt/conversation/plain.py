"""Messages of only a role and a text, as most are, without an object for each."""

from __future__ import annotations

from typing import Any

__all__ = ["plain_turns"]


def plain_turns(messages: Any) -> tuple[tuple[str, ...], list[str]] | None:  # noqa: ANN401 - as it was read
    """Roles and texts of messages that have nothing else; None if one does, or if there are none.

    The result equals what ``Conversation`` makes of the same messages. It does not look for lone
    surrogates: an encoder refuses them.

    >>> plain_turns([{"role": "user", "content": "hello"}])
    (('user',), ['hello'])
    >>> plain_turns([{"role": "user", "content": "hello", "name": "Ada"}])
    """
    if type(messages) is not list or not messages:
        return None
    roles, texts = [], []
    for message in messages:
        if type(message) is not dict or len(message) != _MEMBERS:
            return None
        role, text = message.get("role"), message.get("content")
        if type(role) is not str or type(text) is not str or not text:
            return None
        roles.append(role)
        texts.append(text)
    return tuple(roles), texts


_MEMBERS = 2
