"""How far a run has come, on the disk: so that a run that was killed can go on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from chatfmt.corpus.summary import Summary
from chatfmt.corpus.writer import replaced
from chatfmt.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MANIFEST", "State", "begin", "write_json"]

MANIFEST = "manifest.json"


@dataclass
class State:
    """What is on the disk and will stay."""

    stage: Literal["encode", "arrange", "done"] = "encode"
    batches: int = 0
    """Batches of rows whose examples are in complete files, and whose refused rows are told."""
    shards: int = 0
    """Complete files of the first stage."""
    rejects_bytes: int = 0
    summary: Summary = field(default_factory=Summary)

    def save(self, folder: Path, plan: dict[str, Any]) -> None:
        """Write it down, in place of what was written before."""
        write_json(folder / MANIFEST, {"plan": plan, "state": asdict(self)})


def write_json(path: Path, value: object) -> None:
    """Write a JSON file, whole or not at all."""
    with replaced(path) as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n")


def begin(folder: Path, plan: dict[str, Any], *, resume: bool, overwrite: bool) -> State:
    """Where to begin in a folder: at the start, or where the run that was killed had come to.

    Raises:
        DataError: the folder holds something and nothing was said about it; or it is to go on, and
            was made from other input or with other options.
    """
    path = folder / MANIFEST
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
    elif not path.is_file():
        raise DataError(
            "expected an empty folder, or that of a run; found other files", str(folder)
        )
    elif resume:
        return _resumed(path, plan)
    elif not overwrite:
        raise DataError(
            "expected an empty folder, found an earlier run: --resume goes on with it, "
            "--overwrite begins again",
            str(folder),
        )
    state = State()
    state.save(folder, plan)
    return state


def _resumed(path: Path, plan: dict[str, Any]) -> State:
    saved = json.loads(path.read_bytes())
    now = json.loads(json.dumps(plan))  # tuples are lists there
    if different := _differences(saved["plan"], now):
        raise DataError(
            f"expected what the interrupted run had, found different {', '.join(different)}; "
            "--overwrite begins again",
            str(path),
        )
    summary = Summary(**saved["state"].pop("summary"))
    return State(**saved["state"], summary=summary)


def _differences(before: object, now: object, name: str = "") -> list[str]:
    if before == now:
        return []
    if isinstance(before, dict) and isinstance(now, dict):
        return [
            found
            for key in sorted({*before, *now})
            for found in _differences(before.get(key), now.get(key), f"{name}.{key}".strip("."))
        ]
    return [name]
