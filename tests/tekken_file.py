"""A small tekken.json."""

from __future__ import annotations

import base64
from typing import Any

LISTED = ["<unk>", "<s>", "</s>", "[INST]"]


def entry(rank: int, token: bytes) -> dict[str, Any]:
    return {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None}


def document(**changes: Any) -> dict[str, Any]:
    """Bytes, `ab`, and one token too many; four special tokens and two ids to spare."""
    tokens = [*(bytes([i]) for i in range(256)), b"ab", b"cut off"]
    return {
        "config": {
            "pattern": r"\w+|\W",
            "num_vocab_tokens": 258,
            "default_vocab_size": 263,
            "default_num_special_tokens": 6,
            "version": "v13",
        },
        "vocab": [entry(rank, token) for rank, token in enumerate(tokens)],
        "special_tokens": [
            {"rank": rank, "token_str": text, "is_control": True}
            for rank, text in enumerate(LISTED)
        ],
    } | changes


def config(**changes: Any) -> dict[str, Any]:
    kept: dict[str, Any] = document()["config"]
    return kept | changes
