"""Every public name has a description, and an example that runs."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import chatfmt

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = (
    "chatfmt",
    "chatfmt.adapters",
    "chatfmt.corpus",
    "chatfmt.hf",
    "chatfmt.rollouts",
    "chatfmt.serve",
    "chatfmt.show",
    "chatfmt.templates",
)
IN_FILES = ("chatfmt.wire.read.", "chatfmt.transcript.")
"""Where a class may be made of others, each in a file of its own."""
SHOWN = re.compile(r"^ *(?:>>>|\.\.\.) (.*)$", re.MULTILINE)


def public() -> Iterator[tuple[str, Any]]:
    for module in MODULES:
        found = importlib.import_module(module)
        for name in found.__all__:
            yield f"{module}.{name}", getattr(found, name)


PUBLIC = dict(public())
CALLABLE = {
    name: found
    for name, found in PUBLIC.items()
    if inspect.isroutine(found) or isinstance(found, type) or hasattr(found, "__wrapped__")
}
DATA = sorted(PUBLIC.keys() - CALLABLE.keys())


def examples(found: object) -> str:
    """What the examples of a docstring say to Python."""
    return "\n".join(SHOWN.findall(inspect.getdoc(found) or ""))


def members(owner: type) -> Iterator[tuple[str, object]]:
    """The public methods and properties that a class defines, or one of ours that it is made of."""
    bases = [base for base in owner.__mro__[1:] if base.__module__.startswith(IN_FILES)]
    for name, found in [item for base in (owner, *bases) for item in vars(base).items()]:
        if not name.startswith("_") and (
            inspect.isroutine(found)
            or isinstance(found, property | classmethod)
            or hasattr(found, "func")
        ):
            yield name, found


def undocumented(name: str, found: object) -> Iterator[str]:
    """What lacks its text or its example; a method may be shown in the examples of its class."""
    text = getattr(found, "__doc__", None) or ""
    # A dataclass or a named tuple without a text of its own gets its signature.
    if not text or text.startswith(f"{name.rpartition('.')[2]}("):
        yield f"{name}: no docstring"
    if not examples(found):
        yield f"{name}: no example"
    for member, method in members(found) if isinstance(found, type) else ():
        if not inspect.getdoc(method):
            yield f"{name}.{member}: no docstring"
        if not examples(method) and f".{member}" not in examples(found):
            yield f"{name}.{member}: no example"


@pytest.mark.parametrize("name", CALLABLE)
def test_it_has_a_docstring_and_an_example(name: str) -> None:
    assert list(undocumented(name, CALLABLE[name])) == []


def test_what_has_none_is_found() -> None:
    class Bare:
        def method(self) -> None:
            pass

        @property
        def value(self) -> int:
            """Text.

            >>> 1
            1
            """
            return 1

    class Signature(NamedTuple):
        value: int

    assert list(undocumented("Signature", Signature)) == [
        "Signature: no docstring",
        "Signature: no example",
    ]
    assert list(undocumented("Bare", Bare)) == [
        "Bare: no docstring",
        "Bare: no example",
        "Bare.method: no docstring",
        "Bare.method: no example",
    ]


def test_the_examples_are_those_that_pytest_runs() -> None:
    # They run where the docstrings stand in src/chatfmt, which --doctest-modules looks through.
    source = Path(chatfmt.__file__).parent
    for found in CALLABLE.values():
        assert Path(inspect.getsourcefile(inspect.unwrap(found)) or "").is_relative_to(source)


@pytest.mark.parametrize("name", DATA)
def test_data_has_a_text_under_it(name: str) -> None:
    module, _, bare = name.rpartition(".")
    texts = [
        following.value.value
        for path in Path(importlib.import_module(module).__file__ or "").parent.rglob("*.py")
        for body in [ast.parse(path.read_text("utf-8")).body]
        for statement, following in itertools.pairwise(body)
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and ast.unparse(
            statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        )
        == bare
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    ]
    assert texts
