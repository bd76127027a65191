"""The state of a run on the disk, from which a killed run can continue."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chatfmt.conversation.wording import Fault, objections
from chatfmt.corpus.folder import MANIFEST, Note, in_the_way, new_run
from chatfmt.corpus.inputs import InputNote
from chatfmt.corpus.remote_folder import folder_of
from chatfmt.corpus.summary import Summary
from chatfmt.errors import DataError
from chatfmt.json_text import loads

if TYPE_CHECKING:
    from chatfmt.corpus.inputs import Inputs
    from chatfmt.corpus.place import Place
    from chatfmt.corpus.run_folder import Folder

__all__ = ["MANIFEST", "REJECTS", "SUMMARY", "State", "begin", "foreign", "load", "look"]

REJECTS, SUMMARY = "rejects.jsonl", "summary.json"
_OURS = re.compile(r"^(shard-[0-9]{5,}\.parquet|rejects\.jsonl|summary\.json)$")
_BOTH = ", "  # between the names of two encoders
_HEAD = {"made_by": "chatfmt tokenize", "version": 2}
_BEGINNING = json.dumps(_HEAD, indent=1)[:-2].encode()


# Only names: an altered manifest must not lead to files in another folder.
_Output = Annotated[str, StringConstraints(pattern=_OURS.pattern)]
_Between = Annotated[str, StringConstraints(pattern=r"^encoded-[0-9]{5,}\.arrow$")]


class State(BaseModel):
    """Everything that is on the disk for good."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: str = Field(default_factory=new_run, pattern="^[0-9a-f]{32}$")
    plan: dict[str, Any]
    """Everything but the input that decides the output."""
    encoder: str | None = None
    """The encoder and its version; several if a run was resumed with another. Ids do not depend on
    it, so a run can continue with any."""
    inputs: dict[str, InputNote]
    """The input files, by name."""
    stage: Literal["encode", "arrange", "done"] = "encode"
    batches: int = 0
    """Batches whose examples are in complete files and whose refused rows are reported."""
    shards: int = 0
    """The number of complete files of the first stage."""
    rejects: Note | None = None
    """The refused rows written by then; anything after them in the file does not count."""
    files: dict[_Output, Note] = {}
    """The files that have their final names, or are complete and get them next."""
    encoded: dict[_Between, Note] = {}
    """Complete files between the two stages, which keep their temporary names."""
    earlier: dict[_Output, Note] = {}
    """Files of an earlier run in this folder that are still to be removed."""
    summary: Summary = Field(default_factory=Summary)

    def encoded_by(self, encoder: str | None) -> None:
        """Note which encoder is used from now on."""
        known = [] if self.encoder is None else self.encoder.split(_BOTH)
        if encoder is not None and encoder not in known:
            self.encoder = _BOTH.join([*known, encoder])

    def save(self, folder: Folder) -> None:
        """Write the state to the disk, in place of the previous one.

        Raises:
            DataError: someone else's file has the manifest's name.
            OSError: the disk is full, for example.
        """
        text = json.dumps({**_HEAD, **self.model_dump(mode="json")}, ensure_ascii=False, indent=1)
        folder.replace(MANIFEST, text.encode() + b"\n", _BEGINNING)


class _DamagedError(DataError):
    """One of our manifests can no longer be read."""


def load(place: Place) -> State:
    """The state in the manifest of a folder.

    Raises:
        DataError: there is no manifest, chatfmt did not write it, or it is damaged.
    """
    there = place.holds(MANIFEST)
    if not there or not place.begins(MANIFEST, _BEGINNING):
        raise DataError(
            "expected a folder that chatfmt tokenize has written, found "
            f"{'a' if there else 'no'} {MANIFEST}{' that it did not write' if there else ''}",
            str(place),
        )
    try:
        value = loads(place.read(MANIFEST))
        return State.model_validate_json(
            json.dumps({key: item for key, item in value.items() if key not in _HEAD})
        )
    except ValidationError as error:
        reason = "; ".join(str(Fault(told, where)) for where, told in objections(error)[:3])
    except ValueError as error:
        reason = str(error)
    raise _DamagedError(
        f"expected the manifest of a run, found a damaged one ({reason}): --overwrite starts "
        "over, after you remove the files of that run that you do not need",
        place.at(MANIFEST),
    )


def look(place: Place, *, resume: bool, overwrite: bool) -> State | None:
    """The state found in a folder; None if a run can simply begin there.

    Raises:
        DataError: the folder is not empty and no option says what to do, or it has something that
            chatfmt did not write.
        OSError: it is not a folder.
    """
    _, found = place.names()
    if not found:
        return None
    if MANIFEST not in found or not place.begins(MANIFEST, _BEGINNING):
        shown = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")  # noqa: PLR2004 - a list to read
        raise DataError(
            f"expected an empty folder, or that of a run; found other files ({shown}): choose "
            "another folder, or move them somewhere else",
            str(place),
        )
    state = _known(place, resume=resume, overwrite=overwrite)
    for name in found:
        if foreign(name, state):
            raise in_the_way(name, place.at(name))
    return state


def foreign(name: str, state: State | None) -> bool:
    """Whether a file has a name that the run may need, but was not written by it."""
    # For the refused rows of a stopped run, `RejectsWriter` checks whether they are its own.
    known = () if state is None else {*state.files, *state.earlier, REJECTS}
    return _OURS.fullmatch(name) is not None and name not in known


def _known(place: Place, *, resume: bool, overwrite: bool) -> State | None:
    try:
        state = load(place)
    except _DamagedError:
        if not overwrite:
            raise
        return None
    if not resume and not overwrite:
        raise DataError(
            "expected an empty folder, found an earlier run: --resume continues it, "
            "--overwrite starts over",
            str(place),
        )
    return state


def begin(
    place: Place,
    plan: dict[str, Any],
    inputs: Inputs,
    *,
    resume: bool,
    overwrite: bool,
) -> tuple[Folder, State]:
    """Where to begin in a folder: at the start, or where a killed run had stopped.

    The folder is locked.

    Raises:
        DataError: as in `look`; or the run to resume had other input or options, or its files have
            changed since.
    """
    before = look(place, resume=resume, overwrite=overwrite)
    plan = json.loads(json.dumps(plan))  # turns tuples into lists, as in the saved plan
    if before is not None and resume:
        folder = folder_of(place, before.run)
        _compare(folder, before, plan)
        inputs.take_over(before.inputs)
        state = before
    else:
        state = State(plan=plan, inputs=inputs.notes)
        folder = folder_of(place, state.run)
        if before is not None:
            state.earlier = _removable(place, before)
    folder.sweep(keep=_kept(folder, state))
    if before is None or not resume:
        state.save(folder)
    _remove_earlier(folder, state)
    return folder, state


def _kept(folder: Folder, state: State) -> set[str]:
    """Names of the temporary files that still count."""
    complete = {name for name in state.files if folder.is_complete(name)}
    rejects = {REJECTS} if state.stage != "done" and state.rejects is not None else set()
    return complete | rejects | set(state.encoded)


def _compare(folder: Folder, state: State, plan: dict[str, Any]) -> None:
    if different := _differences(state.plan, plan):
        raise DataError(
            f"expected what the interrupted run had, found different {', '.join(different)}; "
            "--overwrite starts over",
            folder.place.at(MANIFEST),
        )
    notes = {**state.files, **state.encoded}
    if state.stage == "arrange" and state.rejects is not None:
        notes[REJECTS] = state.rejects
    for name, note in notes.items():
        if name == REJECTS and state.stage == "encode":
            continue  # it is checked when it is opened again
        if problem := folder.fault(name, note, published=name not in state.encoded):
            raise DataError(
                f"expected {name} of the earlier run unchanged, found that it {problem}; "
                "--overwrite starts over",
                str(folder.place),
            )


def _removable(place: Place, before: State) -> dict[str, Note]:
    """The files of an earlier run that still exist unchanged."""
    notes = {**before.earlier, **before.files}
    found = {}
    for name, note in notes.items():
        if not place.holds(name):
            continue
        if problem := place.fault(name, note, thorough=True):
            raise DataError(
                f"expected {name} as the earlier run left it, found that it {problem}: chatfmt "
                "does not remove it; move it somewhere else first",
                str(place),
            )
        found[name] = note
    if REJECTS not in found and place.holds(REJECTS):
        raise in_the_way(REJECTS, place.at(REJECTS))
    return found


def _remove_earlier(folder: Folder, state: State) -> None:
    if not state.earlier:
        return
    for name, note in state.earlier.items():
        if folder.place.holds(name):
            if folder.place.fault(name, note, thorough=True):
                raise in_the_way(name, folder.place.at(name))
            folder.place.remove(name)
    folder.sync()
    state.earlier = {}
    state.save(folder)


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
