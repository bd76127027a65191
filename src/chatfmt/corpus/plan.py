"""The plan of a run, and the engine that does the work."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from chatfmt.adapters import iter_rows
from chatfmt.adapters.store import located
from chatfmt.corpus.local import work_locally
from chatfmt.corpus.options import EncodeOptions, FileOptions, description
from chatfmt.errors import ChatfmtError, DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from chatfmt.adapters import Mixture
    from chatfmt.corpus.pieces import Outcome

__all__ = ["engine_of", "planned", "refuse_unused_tools", "suited"]


def planned(
    mixture: Mixture, options: EncodeOptions, files: FileOptions
) -> tuple[EncodeOptions, dict[str, Any]]:
    """The options with what follows from them, and everything but the input that decides the files.

    Raises:
        ChatfmtError: two of the options exclude each other.
    """
    if files.pack is not None:
        if options.kind != "conversations":
            raise ChatfmtError(f"expected conversations to pack, found {options.kind}")
        if options.max_tokens is None:
            options = replace(options, max_tokens=files.pack)
        elif options.max_tokens > files.pack:
            raise ChatfmtError(
                f"expected max_tokens of at most {files.pack}, the size of a pack, found "
                f"{options.max_tokens}"
            )
    if options.overlong != "refuse" and options.max_tokens is None:
        raise ChatfmtError(f"overlong is {options.overlong}: expected max_tokens too, found none")
    if options.kind != "conversations" and files.masks:
        raise ChatfmtError(f"expected conversations for masks, found {options.kind}")
    # The plan has only what the caller said; a resumed run derives the rest from the format again.
    return suited(options), {**description(options, files), "seed": mixture.seed}


def suited(options: EncodeOptions) -> EncodeOptions:
    """The options with policies for the format: losses that would be silent are refused.

    Raises:
        DataError: tools are to be used, but nothing would write them.
    """
    row, prepared = options.tokenizer.format, options.prepare is not None
    policies = {
        "thinks": row.writes_thinking(prepared=prepared),
        "uses_tools": row.writes_tools(prepared=prepared),
    }
    sources = tuple(
        source.model_copy(update={"options": source.options.suited(**policies)})
        for source in options.sources
    )
    return replace(options, sources=sources)


def refuse_unused_tools(mixture: Mixture, options: EncodeOptions) -> None:
    """Look at the first rows of each source for tool definitions that nothing would write.

    This refuses the run before it begins; a later row is refused by itself.

    Raises:
        DataError: a row has some, and no policy says what to do with them.
    """
    for source in options.sources:
        policies = source.options
        if policies.tools != "refuse":
            continue
        name = source.files(mixture.folder)[0]
        rows = iter_rows(
            str(located(mixture.folder, name)),
            format=source.file_format,
            longest_row=policies.longest_row,
        )
        for row in islice(rows, _LOOKED_AT):
            if row.value is not None and source.fits(row.value) and _has_tools(row.value):
                raise DataError(
                    "expected definitions of tools that are written, found some that would not "
                    "be: --prepare writes them if the format's template does, and --tools drop "
                    "leaves them out",
                    row.file,
                    row.line,
                )


def _has_tools(row: dict[str, Any]) -> bool:
    inner = row.get("input")
    within = inner if isinstance(inner, dict) else {}
    return any(part.get(key) not in _NONE for part in (row, within) for key in _TOOLS)


_TOOLS = ("tools", "functions")
_NONE: tuple[object, ...] = (None, "", "[]", [])
_LOOKED_AT = 1000  # rows of a source


def engine_of(
    name: str, workers: int | None, ray_address: str | None
) -> Callable[..., Generator[Outcome]]:
    """The engine of that name, which works on batches."""
    if name == "ray":
        from chatfmt.corpus.ray_engine import work_on_ray

        return partial(work_on_ray, workers=workers, address=ray_address)
    return partial(work_locally, workers=workers or _cores())


def _cores() -> int:
    # The cores that this process may use, if the system says so: a container may have fewer.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
