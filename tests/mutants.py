"""Changed copies of a module, one place at a time: a random sample of them, each with its tests.

A mutant differs in one comparison, condition, number, text, argument or returned value. The tests
that name its module run first, up to the first failure, then all tests of its folder.
"""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
from difflib import unified_diff
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FOLDERS", "Mutant", "mutant", "outcome", "pass_unchanged", "sample"]

FOLDERS = ("line", "wire")
_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_PYTEST = (
    "-m",
    "pytest",
    "-q",
    "-x",
    "-p",
    "no:cacheprovider",
    "-m",
    "not slow and not hypothesis",
)


class Mutant(NamedTuple):
    """One changed module."""

    path: Path
    """Of the module, from the root."""
    line: int
    source: str
    change: str
    """What is another, as a diff."""


def mutant(path: Path, source: str, number: int) -> Mutant:
    """The mutant of a module with this number."""
    before = ast.unparse(ast.parse(source)) + "\n"
    tree = ast.parse(source)
    node = _changed([*_places(tree)][number])
    after = ast.unparse(tree) + "\n"
    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return Mutant(path, node.lineno, after, "\n".join([*lines][3:]))


def _places(tree: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """What can be changed: not types, which say nothing when it runs, nor what errors say."""
    for name, value in ast.iter_fields(tree):
        if name in ("annotation", "returns", "exc", "decorator_list", "bases", "msg"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            if isinstance(child, ast.AST):
                if isinstance(child, (ast.expr, ast.stmt)) and _can_change(child):
                    yield child
                is_text = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
                if not is_text and not _is_list_of_names(child):
                    yield from _places(child)


def _is_list_of_names(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def _can_change(node: ast.expr | ast.stmt) -> bool:
    match node:
        case ast.Compare(ops=[operator]):
            return type(operator) in _COMPARED
        case ast.BinOp(op=operation):
            return type(operation) in _COUNTED
        case ast.Return(value=value):
            return value is not None and ast.unparse(value) != "None"
        case ast.Constant(value=value):
            return isinstance(value, int)
        case ast.Call(args=arguments):
            return bool(arguments)
    return isinstance(node, ast.BoolOp | ast.If | ast.IfExp) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )


def _changed(node: ast.expr | ast.stmt) -> ast.expr | ast.stmt:
    match node:
        case ast.Compare(ops=[operator]):
            node.ops = [_COMPARED[type(operator)]()]
        case ast.BinOp(op=operation):
            node.op = _COUNTED[type(operation)]()
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int() as value):
            node.value = value + 1
        case ast.BoolOp():
            node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        case ast.If() | ast.IfExp():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.UnaryOp():
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
        case ast.Return():
            node.value = ast.Constant(None)
        case ast.Call():
            node.args[-1] = ast.Constant(None)
    return node


def sample(root: Path, count: int, seed: int) -> list[Mutant]:
    """Mutants of line/ and wire/, each as likely as any other."""
    paths = [path for name in FOLDERS for path in sorted(root.glob(f"src/chatfmt/{name}/**/*.py"))]
    sources = {path.relative_to(root): path.read_text("utf-8") for path in paths}
    every = [
        (path, number)
        for path, source in sources.items()
        for number, _ in enumerate(_places(ast.parse(source)))
    ]
    drawn = random.Random(seed).sample(every, min(count, len(every)))  # noqa: S311 - no secret
    return [mutant(path, sources[path], number) for path, number in drawn]


def pass_unchanged(sample: list[Mutant], folder: Path) -> bool:
    """Whether the tests pass that name these modules, as long as nothing is changed."""
    tests = {test: None for one in sample for test in next(_tests_of(one.path, folder))}
    return _pass([*tests], folder, None)


def outcome(mutant: Mutant, folder: Path, seconds: float) -> str:
    """What becomes of a mutant in a copy of the tree: "killed", "time-out" or "survived"."""
    path = folder / mutant.path
    before = path.read_text("utf-8")
    path.write_text(mutant.source, "utf-8")
    try:
        for tests in _tests_of(mutant.path, folder):
            try:
                if not _pass(tests, folder, seconds):
                    return "killed"
            except subprocess.TimeoutExpired:
                return "time-out"
    finally:
        path.write_text(before, "utf-8")
    return "survived"


def _tests_of(path: Path, folder: Path) -> Iterator[list[str]]:
    """Those that name the module; then all of its folder, and the vectors."""
    name = path.stem
    module = ".".join(path.with_suffix("").parts[1:])
    part = path.parts[2]
    all_of_them = sorted((folder / "tests" / part).glob("test_*.py"))
    first = [
        test
        for test in all_of_them
        if name in test.stem or module in test.read_text("utf-8") or "by_hand" in test.stem
    ]
    rest = [test for test in all_of_them if test not in first]
    yield [str(path), *map(str, first)]
    yield [*map(str, rest), "tests/test_vectors.py"]


def _pass(tests: list[str], folder: Path, seconds: float | None) -> bool:
    path = os.pathsep.join(str(folder / part) for part in ("src", "tests", ""))
    process = subprocess.run(  # noqa: S603
        [sys.executable, *_PYTEST, *tests],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        timeout=seconds,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return process.returncode == 0
