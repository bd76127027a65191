"""Chat templates in packages that people publish: found in wheels and source archives, not copied.

A template is a file that ends in ``.jinja``, the member ``chat_template`` of a JSON file, or a text
in a Python file; it loops over messages and writes their content.
"""

from __future__ import annotations

import ast
import json
import re
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Published", "guessed_tokens", "published"]

_LOOPS = re.compile(r"\{%-?\s*(?:for|set|if|macro)\b")
_LARGEST = 8 << 20  # bytes of a file that is looked at


class Published(NamedTuple):
    """A template, and where it was first found."""

    where: str
    source: str


def published(folder: Path) -> Iterator[Published]:
    """Every distinct template in the archives and folders of a folder."""
    seen: set[str] = set()
    for archive in sorted(folder.iterdir()):
        for name, text in _files(archive):
            for source in _templates(name, text):
                key = source.strip()
                if key not in seen:
                    seen.add(key)
                    yield Published(f"{archive.name}:{name}", source)


def _files(path: Path) -> Iterator[tuple[str, str]]:
    wanted = re.compile(r"\.(jinja2?|json|py|md|txt|j2)$")
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if wanted.search(file.name) and file.stat().st_size < _LARGEST:
                yield str(file.relative_to(path)), file.read_text("utf-8", "replace")
    elif path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            for info in wheel.infolist():
                if wanted.search(info.filename) and info.file_size < _LARGEST:
                    yield info.filename, wheel.read(info).decode("utf-8", "replace")
    elif path.name.endswith(".tar.gz"):
        with tarfile.open(path) as files:
            for member in files:
                if member.isfile() and wanted.search(member.name) and member.size < _LARGEST:
                    held = files.extractfile(member)
                    assert held is not None  # noqa: S101 - it is a file
                    yield member.name, held.read().decode("utf-8", "replace")


def _templates(name: str, text: str) -> Iterator[str]:
    found: Iterator[Any]
    if name.endswith((".jinja", ".jinja2", ".j2")):
        found = iter([text])
    elif name.endswith(".json"):
        found = _in_json(text)
    elif name.endswith(".py"):
        found = _in_python(text)
    else:
        return
    for source in found:
        if _LOOPS.search(source) and "content" in source and "message" in source:
            yield source


def _in_json(text: str) -> Iterator[str]:
    if "chat_template" not in text:
        return
    try:
        value = json.loads(text)
    except ValueError:
        return
    yield from _members(value)


def _members(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, one in value.items():
            if "template" in str(key) and isinstance(one, str):
                yield one
            else:
                yield from _members(one)
    elif isinstance(value, list):
        for one in value:
            yield from _members(one)


def _in_python(text: str) -> Iterator[str]:
    if "{%" not in text:
        return
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    inner: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in inner:
            continue
        whole = _folded(node)
        if whole is not None:
            inner.update(id(one) for one in ast.walk(node))
            yield from [*_in_json(whole)] or [whole]


def _folded(node: ast.AST) -> str | None:
    """A text, or texts that are added up."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _folded(node.left), _folded(node.right)
        return None if left is None or right is None else left + right
    return None


_TAG = re.compile(
    r"<[|\uff5c]?[A-Za-z_/!\u2581:][^<>\s]*>|\[/?(?:[A-Z_]+|gMASK)\]|\[\|[^\[\]|\s]*\|\]"
    r"|\]~!?b[\[\]]|\[e~\["
)


def guessed_tokens(text: str) -> list[str]:
    """The parts of a text that look like special tokens.

    A template does not say which they are; only the vocabulary does, and it is not there. All that
    is spelled like a tag is taken for one, which decides what the line is, not whether it is right.
    """
    return [*dict.fromkeys(_TAG.findall(text))]
