"""The layers of chatfmt: imports point downward only."""

from __future__ import annotations

import ast
import functools
import graphlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import chatfmt

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(chatfmt.__file__).parent

# What imports what, from the ground up. A folder counts as one, and so does a module beside the
# folders. An import counts wherever it stands: at the top, in a function, or for types alone.
HOUSE = {
    "_moved": "",
    "errors": "",
    "json_text": "errors",
    "conversation": "errors json_text",
    "prepare": "errors conversation",
    "line": "errors conversation prepare",
    "encodings": "errors json_text",
    "hf": "encodings",
    "wire": "errors conversation line encodings",
    "training": "errors conversation prepare wire",
    "show": "errors conversation prepare wire",
    "transcript": "errors conversation prepare line wire training show",
    "tools": "errors conversation prepare wire",
    "facade": "errors conversation prepare line encodings wire training transcript tools",
    "tokenizer": "line encodings wire facade",
    "templates": "errors conversation prepare line encodings wire tokenizer",
    "pretrained": "errors json_text conversation line encodings tokenizer templates",
    "rollouts": "errors json_text transcript",
    "serve": (
        "errors json_text conversation prepare line encodings wire transcript facade tokenizer"
    ),
    "adapters": "errors json_text conversation",
    "corpus": "errors json_text conversation prepare encodings training tokenizer adapters",
    "__init__": (
        "_moved errors conversation prepare line encodings wire training transcript tools "
        "tokenizer templates pretrained"
    ),
    "web": (
        "errors json_text conversation prepare line encodings wire show transcript adapters "
        "__init__"
    ),
    "commands": (
        "errors json_text conversation prepare line encodings training show transcript tokenizer "
        "templates pretrained adapters corpus web"
    ),
    "cli": "errors commands",
    "__main__": "cli",
}
FLOORS = list(HOUSE)


def _unit(path: Path) -> str:
    """The module or folder of chatfmt that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def _code() -> dict[Path, ast.AST]:
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@functools.cache
def _units() -> frozenset[str]:
    return frozenset(map(_unit, _code()))


def _named(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a syntax tree imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and unit of every import of chatfmt in a syntax tree."""
    for line, name in _named(tree):
        package, _, rest = f"{name}.".partition(".")
        if package == "chatfmt":
            first = rest.partition(".")[0]
            yield line, first if first in _units() else "__init__"


def _upward(path: Path, tree: ast.AST) -> list[str]:
    unit = _unit(path)
    return [
        f"{path.relative_to(SOURCE)}:{line}: {unit} imports {imported}"
        for line, imported in _imports(tree)
        if imported != unit and FLOORS.index(imported) >= FLOORS.index(unit)
    ]


def _file(name: str) -> Path | None:
    """The file that has what is imported by this name; None if it is not of chatfmt."""
    parts = name.split(".")
    if parts[0] != "chatfmt":
        return None
    while True:
        bare = SOURCE.joinpath(*parts[1:])
        for path in (bare.with_suffix(".py"), bare / "__init__.py"):
            if path in _code():
                return path
        parts.pop()


def test_every_folder_has_its_place() -> None:
    assert sorted(_units()) == sorted(HOUSE)


def test_imports_point_downward_only() -> None:
    assert [line for path, tree in _code().items() for line in _upward(path, tree)] == []


@pytest.mark.parametrize("unit", HOUSE)
def test_what_imports_what(unit: str) -> None:
    found = {
        imported
        for path, tree in _code().items()
        if _unit(path) == unit
        for _, imported in _imports(tree)
    }
    assert sorted(found - {unit}, key=FLOORS.index) == HOUSE[unit].split()


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Inside a folder imports have a direction too."""
    graph = {path: {_file(name) for _, name in _named(tree)} for path, tree in _code().items()}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert {*graph} == {*order} - {None}
    parser = SOURCE / "wire" / "read" / "parser.py"
    graph[SOURCE / "wire" / "spans.py"].add(parser)
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()


def test_what_is_private_to_a_module_stays_there() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}: {alias.name}"
        for path, tree in _code().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.startswith("_") and node.module != "__future__"
    ]
    assert found == []


def test_writing_and_reading_do_not_know_each_other() -> None:
    @functools.cache
    def reached(path: Path) -> frozenset[Path]:
        direct = {_file(name) for _, name in _named(_code()[path])} - {None, path}
        found = {file for file in direct if file is not None}
        return frozenset(found.union(*map(reached, found)))

    write, read = SOURCE / "wire" / "write.py", SOURCE / "wire" / "read"
    from_reading = {file for path in _code() if read in path.parents for file in reached(path)}
    assert SOURCE / "wire" / "spans.py" in reached(write) & from_reading
    above = {SOURCE / "transcript" / "transcript.py", SOURCE / "facade" / "reading.py"}
    assert (above | {write}).isdisjoint(from_reading)
    assert above.isdisjoint(reached(write))
    assert not [file for file in reached(write) if read in file.parents]


@pytest.mark.parametrize(
    "code",
    [
        "import chatfmt",
        "import chatfmt.training.batch",
        "from chatfmt import training",
        "from chatfmt import encode",
        "from chatfmt.training.weights import labels",
        "def f():\n    from chatfmt.transcript import Transcript",
        "if TYPE_CHECKING:\n    import chatfmt.tokenizer as t",
    ],
)
def test_an_upward_import_is_seen_wherever_it_stands(code: str) -> None:
    path = SOURCE / "wire" / "read" / "parser.py"
    assert len(_upward(path, ast.parse(code))) == 1
    downward = "import json\nfrom chatfmt.errors import ParseError\nimport chatfmt.wire.spans"
    assert _upward(path, ast.parse(downward)) == []
