"""How much the longest tests try: far more with ``CHATFMT_LARGE=1``, which takes hours."""

from __future__ import annotations

import os

LARGE = os.environ.get("CHATFMT_LARGE") == "1"


def size(usual: int, large: int) -> int:
    """So many for a test that is to take seconds, or a minute at most; so many for ``LARGE``."""
    return large if LARGE else usual
