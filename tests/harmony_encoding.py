"""OpenAI's own harmony encoding, without a download, and messages in the form it takes."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest import mock

from rank_tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatfmt import Message

__all__ = ["as_harmony", "load_harmony", "tables_for_harmony"]


def load_harmony() -> Any:
    """The encoding of openai-harmony, over the rank table that chatfmt bundles.

    Raises:
        ImportError: openai-harmony is not installed.
    """
    library: Any = importlib.import_module("openai_harmony")
    name = library.HarmonyEncodingName.HARMONY_GPT_OSS
    with tables_for_harmony():
        return library.load_harmony_encoding(name)


@contextmanager
def tables_for_harmony() -> Iterator[None]:
    """Whatever loads openai-harmony's encoding meanwhile takes the table that chatfmt bundles."""
    with TemporaryDirectory() as vocab:
        write_tables(Path(vocab))
        with mock.patch.dict("os.environ", TIKTOKEN_ENCODINGS_BASE=vocab):
            yield


def as_harmony(message: Message) -> Any:
    """A message as one of openai-harmony's, field by field.

    Their content type is the text that stands in the header, its special token included.
    """
    library: Any = importlib.import_module("openai_harmony")
    author = library.Author(role=library.Role(message.role), name=message.name)
    given = library.Message.from_author_and_content(author, message.content)
    if message.recipient is not None:
        given = given.with_recipient(message.recipient)
    if message.channel is not None:
        given = given.with_channel(message.channel)
    if message.content_type is not None:
        given = given.with_content_type(f"<|constrain|>{message.content_type}")
    return given
