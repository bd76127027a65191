"""What a run is to do, and who does it."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from chatfmt.adapters import iter_rows
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
    """The options with what follows from them, and all that decides the output but the input.

    Raises:
        ChatfmtError: two of the options do not go together.
    """
    if files.pack is not None:
        if options.kind != "conversations":
            raise ChatfmtError(f"expected conversations to pack, found {options.kind}")
        if options.max_tokens is None:
            options = replace(options, max_tokens=files.pack)
        elif options.max_tokens > files.pack:
            raise ChatfmtError(
                f"expected max_tokens of at most {files.pack}, which is what a pack holds, found "
                f"{options.max_tokens}"
            )
    if options.overlong != "refuse" and options.max_tokens is None:
        raise ChatfmtError(f"overlong is {options.overlong}: expected max_tokens too, found none")
    if options.kind != "conversations" and files.masks:
        raise ChatfmtError(f"expected conversations for masks, found {options.kind}")
    # The plan has what was said; what follows from the format is the same when a run goes on.
    return suited(options), {**description(options, files), "seed": mixture.seed}


def suited(options: EncodeOptions) -> EncodeOptions:
    """The options with policies for the format: what it would lose in silence is refused.

    Raises:
        DataError: tools are to be used, and nothing would use them.
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
    """Look at the first rows of each source for definitions of tools that nothing would write.

    So a run is refused before it begins; a row further on is refused by itself.

    Raises:
        DataError: one has some, and nobody has said what is to become of them.
    """
    for source in options.sources:
        policies = source.options
        if policies.tools != "refuse":
            continue
        name = source.files(mixture.folder)[0]
        rows = iter_rows(
            mixture.folder / name, format=source.file_format, longest_row=policies.longest_row
        )
        for row in islice(rows, _LOOKED_AT):
            if row.value is not None and source.fits(row.value) and _has_tools(row.value):
                raise DataError(
                    "expected definitions of tools that are written, found some that would not "
                    "be: --prepare writes them where the format's template does, and --tools drop "
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
    """What has batches worked on: the engine of that name."""
    if name == "ray":
        from chatfmt.corpus.ray_engine import work_on_ray

        return partial(work_on_ray, workers=workers, address=ray_address)
    return partial(work_locally, workers=workers or _cores())


def _cores() -> int:
    # Those this process may use, where the system tells: a container may have fewer than there are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
