"""The core is readable: in line/ and wire/ no file is longer than 300 lines, no class than 200."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chatfmt

SOURCE = Path(chatfmt.__file__).parent
FILES = sorted(path for folder in ("line", "wire") for path in (SOURCE / folder).rglob("*.py"))


def long_classes(code: str, most: int) -> list[str]:
    classes = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ClassDef))
    return [c.name for c in classes if (c.end_lineno or 0) - c.lineno + 1 > most]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_what_is_to_be_read_is_short(path: Path) -> None:
    code = path.read_text("utf-8")
    assert len(code.splitlines()) <= 300
    assert long_classes(code, 200) == []


def test_a_long_class_is_seen() -> None:
    code = "class A:\n    x = 1\n    y = 2\n\nclass B:\n    x = 1\n"
    assert long_classes(code, 2) == ["A"]
    assert long_classes(code, 3) == []
