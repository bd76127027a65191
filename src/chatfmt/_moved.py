"""Modules under the names they had before they moved into folders, for pickles with those names.

A pickle says where a class was when it was written, such as ``chatfmt.spans.Span``. `Moved` is
asked for a module that nothing else finds, and answers for the old names alone: importing one gives
the very module that has the new name, so the classes are the same, whichever name they came by.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["MOVED", "Moved"]

MOVED = {
    "chatfmt.batch": "chatfmt.training.batch",
    "chatfmt.binding": "chatfmt.wire.binding",
    "chatfmt.chatformat": "chatfmt.line.format",
    "chatfmt.decode": "chatfmt.wire.fast.decode",
    "chatfmt.events": "chatfmt.wire.events",
    "chatfmt.explain": "chatfmt.tools.explain",
    "chatfmt.fit": "chatfmt.training.fit",
    "chatfmt.formats": "chatfmt.line.formats",
    "chatfmt.guard": "chatfmt.encodings.guard",
    "chatfmt.packed": "chatfmt.wire.fast.packed",
    "chatfmt.parse": "chatfmt.wire.read.parser",
    "chatfmt.patterns": "chatfmt.encodings.patterns",
    "chatfmt.render": "chatfmt.wire.write",
    "chatfmt.scan": "chatfmt.tools.scan",
    "chatfmt.spans": "chatfmt.wire.spans",
    "chatfmt.spanwriter": "chatfmt.wire.spanwriter",
    "chatfmt.streams": "chatfmt.wire.streams",
    "chatfmt.template": "chatfmt.line.language",
    "chatfmt.turns": "chatfmt.training.turns",
    "chatfmt.utf8": "chatfmt.wire.utf8",
    "chatfmt.weights": "chatfmt.training.weights",
}
"""Old name to new name of a module."""


class Moved:
    """Finds a module by its old name; to be the last of `sys.meta_path`."""

    @classmethod
    def find_spec(cls, name: str, *_: object) -> ModuleSpec | None:
        """Where it is; None for any name that is not an old one."""
        return ModuleSpec(name, cls) if name in MOVED else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_: ModuleSpec) -> None:
        """A module to be replaced, as Python makes it."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Put the module that has the new name in its place, from where Python takes it."""
        sys.modules[module.__name__] = importlib.import_module(MOVED[module.__name__])
