"""Old names of modules that have moved into folders, for pickles that contain them.

A pickle records where a class was when it was written, such as ``chatfmt.spans.Span``. Python asks
`Moved` for a module that nothing else finds, and it answers only for the old names: importing one
returns the module of the new name, so both names lead to the same classes.
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
    """Finds a module by its old name; the last entry of `sys.meta_path`."""

    @classmethod
    def find_spec(cls, name: str, *_: object) -> ModuleSpec | None:
        """The spec of an old name; None for any other."""
        return ModuleSpec(name, cls) if name in MOVED else None  # type: ignore[arg-type]

    @staticmethod
    def create_module(_: ModuleSpec) -> None:
        """A placeholder module, made by Python."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Replace it with the module of the new name in `sys.modules`."""
        sys.modules[module.__name__] = importlib.import_module(MOVED[module.__name__])
