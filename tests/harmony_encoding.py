"""OpenAI's own harmony encoding, without a download."""

from __future__ import annotations

import importlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

from rank_tables import write_tables

__all__ = ["load_harmony"]


def load_harmony() -> Any:
    """The encoding of openai-harmony, over the rank table that chatfmt bundles.

    Raises:
        ImportError: openai-harmony is not installed.
    """
    library: Any = importlib.import_module("openai_harmony")
    name = library.HarmonyEncodingName.HARMONY_GPT_OSS
    with TemporaryDirectory() as vocab:
        write_tables(Path(vocab))
        with mock.patch.dict("os.environ", TIKTOKEN_ENCODINGS_BASE=vocab):
            return library.load_harmony_encoding(name)
