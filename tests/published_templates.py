"""Chat templates as their owners publish them; TRL keeps copies to compare with."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heavy import heavy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatfmt import Message

__all__ = ["ONLY_GENERATED", "published_text", "published_text_of", "source_of"]

ONLY_GENERATED = {
    ("command-r7b", "dropped_calls"),
    ("lfm-2.5", "calls"),
    ("llama-3.1", "dropped_text"),
    ("llama-3.2", "dropped_text"),
    ("nemotron-3", "empty"),
    ("qwen-3", "calls"),
}
"""Rows and faults of their templates that generated conversations show, and no stored layout."""


@functools.cache
def source_of(name: str) -> str:
    """A published template."""
    found = importlib.util.find_spec("trl")  # without importing it, which takes long
    if found is None or found.origin is None:
        heavy("trl")  # skips, or raises what says that it is missing
        raise FileNotFoundError(name)
    path = Path(found.origin).parent / "chat_templates" / f"{name}.jinja"
    return path.read_text("utf-8")


def published_text(name: str, messages: Sequence[Message], **values: Any) -> str:
    """What a published template writes for messages that have a role and a content.

    Args:
        name: how TRL calls it.
        messages: what it is given.
        values: what else it reads, such as ``bos_token``.
    """
    given = [{"role": m.role, "content": m.content} for m in messages]
    return published_text_of(name, given, **values)


def published_text_of(name: str, given: Sequence[dict[str, Any]], **values: Any) -> str:
    """What a published template writes for messages as OpenAI's API has them.

    Raises:
        jinja2.TemplateError: the template refuses them.
    """
    utils = heavy("transformers.utils.chat_template_utils")
    [text], _ = utils.render_jinja_template([given], chat_template=source_of(name), **values)
    assert isinstance(text, str)
    return text
