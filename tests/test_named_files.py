"""Names of files in texts: modules that were moved or removed are not named any more."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MUTMUT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]


@pytest.mark.parametrize("named", ["only_mutate", "pytest_add_cli_args_test_selection"])
def test_what_is_mutated_and_by_which_tests(named: str) -> None:
    assert MUTMUT[named]
    assert [name for name in MUTMUT[named] if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("name", ["line", "templates"])
def test_a_folder_that_speaks_of_each_of_its_modules(name: str) -> None:
    folder = ROOT / "src" / "chatfmt" / name
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert {*re.findall(r"`(\w+)`", said)} == modules
