"""The contents of the documentation: the list in the README, as navigation and as llms.txt.

The README says which page serves which need. The site's navigation and llms.txt
(https://llmstxt.org) follow from that list, so a page that is missing in it is an error.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["Entry", "Section", "contents", "llms_txt", "missing"]

ROOT = Path(__file__).resolve().parents[1]
_SECTION = re.compile(r"^\*\*(.+?)\*\*\n\n((?:- .*\n(?:  .*\n)*)+)", re.MULTILINE)
_ENTRY = re.compile(r"^- \[(.+?)\]\((.+?)\): (.*(?:\n  .*)*)", re.MULTILINE)
_LINK = re.compile(r"\[(.+?)\]\(.+?\)")


class Entry(NamedTuple):
    """A page."""

    title: str
    path: str
    """In the repository, such as ``docs/tasks.md``."""
    summary: str


class Section(NamedTuple):
    """The pages that serve one need."""

    name: str
    entries: list[Entry]


def contents(readme: str) -> list[Section]:
    """The sections under the README's heading "Documentation", in their order."""
    text = readme.partition("\n## Documentation\n")[2]
    return [
        Section(
            name,
            [
                Entry(title, path, _LINK.sub(r"\1", " ".join(summary.split())))
                for title, path, summary in _ENTRY.findall(body)
            ],
        )
        for name, body in _SECTION.findall(text)
    ]


def missing(sections: list[Section]) -> list[str]:
    """The pages of docs/ that no section has, or more than one."""
    listed = [entry.path for section in sections for entry in section.entries]
    pages = [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
    return [page for page in pages if listed.count(page) != 1]


def llms_txt(readme: str, version: str, reference: list[tuple[str, str]]) -> str:
    """A map of the site for language models, as llmstxt.org has it.

    Args:
        readme: with the list of pages.
        version: of the package that the pages describe.
        reference: address and summary of the pages that are made from docstrings.
    """
    summary = readme.partition("\n\n")[2].partition("\n\n")[0]
    parts = [
        "# chatfmt\n",
        f"> {' '.join(summary.split())}\n",
        f"Version {version}. Python 3.11 or newer. License: MIT.\n",
    ]
    for section in contents(readme):
        lines = [
            f"- [{entry.title}]({Path(entry.path).with_suffix('.html')}): {entry.summary}"
            for entry in section.entries
        ]
        if section.name == "Reference":
            lines += [f"- [{Path(at).stem}]({at}): {said}" for at, said in reference]
        parts.append(f"## {section.name}\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)
