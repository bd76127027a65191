"""No page, docstring or comment has a word that the glossary says to avoid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pages import docs_program

if TYPE_CHECKING:
    from pathlib import Path

MODULE = docs_program("plain_words")
WORDS = MODULE.words(MODULE.GLOSSARY.read_text("utf-8"))


def test_there_is_none() -> None:
    assert len(WORDS) > 20
    paths = MODULE.files(MODULE.PLACES)
    assert len(paths) > 200
    assert [str(found) for found in MODULE.look(paths, WORDS)] == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.said)
def test_each_word_is_found(word: Any, tmp_path: Path) -> None:
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    said = word.said if word.said[0].isupper() else f"It {word.said}"
    page.write_text(f"{said} them.\n\n`{word.said}`\n")
    module.write_text(f'"""{said}."""\n\nx = "a {word.said} b"  # see: {word.said}\n')
    found = [*MODULE.look([page, module], [word])]
    lines = [(one.path.name, one.line) for one in found]
    expected = [("page.md", 1), ("module.py", 1)]
    assert lines == expected + [("module.py", 3)] * word.said[0].islower()
    assert str(found[0]).endswith(f"page.md:1: {word.said!r}; write {word.instead}")


def test_words_across_lines_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("It becomes\nof nothing.\n")
    assert [found.line for found in MODULE.look([page], WORDS)] == [1]
