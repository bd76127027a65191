"""The README lists every page once, and the list makes the navigation and llms.txt."""

from __future__ import annotations

import re
from pathlib import Path

from pages import docs_program

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MODULE = docs_program("contents")


def test_every_page_is_listed_once() -> None:
    sections = MODULE.contents(README)
    assert MODULE.missing(sections) == []
    assert [section.name for section in sections] == [
        "Tutorial",
        "How-to",
        "Reference",
        "Explanation",
        "Contributing",
    ]
    less = README.replace("- [Glossary](docs/glossary.md): the project's own words\n", "")
    assert MODULE.missing(MODULE.contents(less)) == ["docs/glossary.md"]


def test_nothing_in_the_list_is_left_out() -> None:
    listed = README.partition("\n## Documentation\n")[2]
    assert len(re.findall(r"^- ", listed, re.MULTILINE)) == sum(
        len(section.entries) for section in MODULE.contents(README)
    )
    assert all(
        (ROOT / entry.path).is_file() for s in MODULE.contents(README) for entry in s.entries
    )


def test_the_map_for_language_models() -> None:
    text = MODULE.llms_txt(README, "1.2.3", [("reference/chatfmt.html", "Conversations to ids.")])
    lines = text.splitlines()
    assert lines[0] == "# chatfmt"
    assert lines[2].startswith("> ")
    assert "1.2.3" in lines[4]
    assert "- [chatfmt](reference/chatfmt.html): Conversations to ids." in lines
    [inference] = [line for line in lines if "docs/inference.html" in line]
    assert inference.count("](") == 1
    assert "chat_loop.py is a chat" in inference
