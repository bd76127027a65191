"""The house stands: imports inside chatfmt point downward only."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import chatfmt

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(chatfmt.__file__).parent

# From the ground up; a package counts as one. A module may import from the storeys below its own,
# be it at the top, inside a function or for its types alone, and so not from its own storey.
STOREYS = [
    {"errors", "guard", "packed", "patterns", "utf8"},
    {"conversation", "encodings"},
    {"hf", "template", "turns"},
    {"ambiguity"},
    {"grammar"},
    {"chatformat"},
    {"binding", "formats"},
    {"events", "spans"},
    {"spanwriter"},
    {"decode", "parse", "render", "weights"},
    {"show", "streams"},
    {"transcript"},
    {"explain", "fit", "scan"},
    {"training"},
    {"batch"},
    {"tokenizer"},
    {"adapters"},
    {"corpus"},
    {"__init__"},
    {"web"},
    {"commands"},
    {"cli"},
]
STOREY_OF = {name: storey for storey, names in enumerate(STOREYS) for name in names}


def _unit(path: Path) -> str:
    """The module or package of chatfmt that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def _units() -> frozenset[str]:
    return frozenset(_unit(path) for path in SOURCE.rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and unit of every import of chatfmt in a syntax tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = f"{name}.".partition(".")
            if package == "chatfmt":
                first = rest.partition(".")[0]
                yield node.lineno, first if first in _units() else "__init__"


def _upward(path: Path, code: str) -> list[str]:
    unit = _unit(path)
    return [
        f"{path.relative_to(SOURCE)}:{line}: {unit} imports {imported}"
        for line, imported in _imports(ast.parse(code))
        if imported != unit and STOREY_OF[imported] >= STOREY_OF[unit]
    ]


def test_every_module_has_its_place() -> None:
    assert _units() <= STOREY_OF.keys()
    assert len(STOREY_OF) == sum(map(len, STOREYS))


def test_imports_point_downward_only() -> None:
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 10
    assert [line for path in files for line in _upward(path, path.read_text("utf-8"))] == []


def test_what_is_private_to_a_module_stays_there() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{node.lineno}: {alias.name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name.startswith("_") and node.module != "__future__"
    ]
    assert found == []


def test_render_and_parse_do_not_know_each_other() -> None:
    def reached(unit: str) -> set[str]:
        code = (SOURCE / f"{unit}.py").read_text("utf-8")
        direct = {imported for _, imported in _imports(ast.parse(code))}
        return direct.union(*map(reached, direct))

    assert {"render", "transcript", "tokenizer"}.isdisjoint(reached("parse"))
    assert {"parse", "transcript", "tokenizer"}.isdisjoint(reached("render"))


@pytest.mark.parametrize(
    "code",
    [
        "import chatfmt",
        "import chatfmt.render",
        "from chatfmt import render",
        "from chatfmt import encode",
        "from chatfmt.render import Renderer",
        "def f():\n    from chatfmt.transcript import Transcript",
        "if TYPE_CHECKING:\n    import chatfmt.tokenizer as t",
    ],
)
def test_an_upward_import_is_seen_wherever_it_stands(code: str) -> None:
    assert len(_upward(SOURCE / "parse.py", code)) == 1
    assert _upward(SOURCE / "parse.py", "import json\nfrom chatfmt.errors import ParseError") == []
