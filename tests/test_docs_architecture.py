"""The page on the architecture names code that exists, and every folder."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

import chatfmt

SOURCE = Path(chatfmt.__file__).parent
PAGE = (Path(__file__).resolve().parents[1] / "docs" / "architecture.md").read_text("utf-8")
QUOTED = sorted(set(re.findall(r"`([^`]+)`", PAGE)))
FOLDERS = [quoted for quoted in QUOTED if quoted.endswith("/")]
NAMES = [quoted for quoted in QUOTED if quoted not in FOLDERS and quoted != "chatfmt"]


@pytest.mark.parametrize("name", NAMES)
def test_what_the_page_names_exists(name: str) -> None:
    pkgutil.resolve_name(f"chatfmt.{name}")


@pytest.mark.parametrize("name", NAMES)
def test_each_name_says_where_it_is_defined(name: str) -> None:
    """A class or function is named by its own module, and not by one that imports it."""
    found = pkgutil.resolve_name(f"chatfmt.{name}")
    home = getattr(found, "__module__", None)
    assert home is None or f"chatfmt.{name}".startswith(f"{home}.")


def test_the_page_names_every_folder() -> None:
    folders = {
        f"{path.relative_to(SOURCE)}/"
        for path in SOURCE.rglob("*")
        if path.is_dir() and path.name != "__pycache__"
    }
    assert folders == set(FOLDERS)
