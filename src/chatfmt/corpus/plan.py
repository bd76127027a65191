"""What a run is to do, and who does it."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.local import encode_locally
from chatfmt.corpus.options import EncodeOptions, FileOptions, description
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from chatfmt.adapters import Mixture
    from chatfmt.corpus.arrow import RecordBatch

__all__ = ["engine_of", "planned"]


def planned(
    mixture: Mixture, options: EncodeOptions, files: FileOptions
) -> tuple[EncodeOptions, dict[str, Any]]:
    """The options with what follows from them, and all that decides the output but the input.

    Raises:
        ChatfmtError: two of the options do not go together.
    """
    if files.pack is not None:
        if options.preferences:
            raise ChatfmtError("expected conversations to pack, found preferences")
        if options.max_tokens is None:
            options = replace(options, max_tokens=files.pack)
        elif options.max_tokens > files.pack:
            raise ChatfmtError(
                f"expected max_tokens of at most {files.pack}, which is what a pack holds, found "
                f"{options.max_tokens}"
            )
    if options.overlong != "refuse" and options.max_tokens is None:
        raise ChatfmtError(f"overlong is {options.overlong}: expected max_tokens too, found none")
    if options.preferences and files.masks:
        raise ChatfmtError("expected conversations for masks, found preferences")
    return options, {**description(options, files), "seed": mixture.seed}


def engine_of(
    name: str, workers: int | None, ray_address: str | None
) -> Callable[..., Generator[tuple[RecordBatch, RecordBatch]]]:
    """What encodes batches with options: the engine of that name."""
    if name == "ray":
        from chatfmt.corpus.ray_engine import encode_on_ray

        return partial(encode_on_ray, workers=workers, address=ray_address)
    return partial(encode_locally, workers=workers or _cores())


def _cores() -> int:
    # Those this process may use, where the system tells: a container may have fewer than there are.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
