"""The large libraries, which the group ``slow`` installs and no other test needs."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import pytest


def heavy(name: str) -> Any:
    """A library: without it skip, or fail where CHATFMT_REQUIRE_HEAVY says that it must be there.

    To be called in a test or a fixture: importing one takes seconds.
    """
    if os.environ.get("CHATFMT_REQUIRE_HEAVY") == "1":
        return import_module(name)
    return pytest.importorskip(name, reason=f"no {name}: `make slow` installs it")
