"""The lock file: complete, from the public index, and up to date with pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements-dev.txt").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
UNLOCKED = {
    "bench",
    "lock",
    "opinions",
    "slow",
    "vocabularies",
}  # heavy, or what makes the lock file itself


def pinned() -> dict[str, list[Requirement]]:
    """Name to its pins: one, or one for each kind of Python or platform."""
    pins: dict[str, list[Requirement]] = {}
    for entry in re.split(r"\n(?=[a-z0-9])", LOCK.partition("make lock\n")[2]):
        line, *hashes = entry.strip().split(" \\\n")
        assert hashes, f"no hash: {line}"
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", text) for text in hashes), line
        requirement = Requirement(line)
        assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), line
        assert requirement.url is None, line
        pins.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return pins


def wanted() -> Iterator[Requirement]:
    """What pyproject.toml asks for directly."""
    project = PROJECT["project"]
    lines = [*project["dependencies"]]
    for name, extra in project["optional-dependencies"].items():
        lines += extra if name not in ("all", "ray") else []
    for name, group in PROJECT["dependency-groups"].items():
        if name not in UNLOCKED:
            lines += [line for line in group if isinstance(line, str)]
    yield from map(Requirement, lines)


def test_every_entry_is_one_version_with_its_hashes() -> None:
    assert len(pinned()) > 80


def test_nothing_in_it_belongs_to_one_machine() -> None:
    assert not re.search(r"://|file:|find-links|index-url|(^|\s)-[a-z]", LOCK.partition("\n")[2])


def test_it_holds_what_the_project_asks_for_in_a_version_that_will_do() -> None:
    pins = pinned()
    for requirement in wanted():
        found = [
            pin
            for pin in pins.get(canonicalize_name(requirement.name), [])
            if pin.marker is None or pin.marker.evaluate()
        ]
        assert len(found) == 1, f"{requirement}: run `make lock`"
        version = str(found[0].specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement}: run `make lock`"
