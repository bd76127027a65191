"""The Ray engine: the same batches, encoded by actors of a cluster.

Batches are read where the run is, as in the local engine: so order, line numbers, refused rows
and the points at which a run can be resumed are the same.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from itertools import cycle
from typing import TYPE_CHECKING, Any

from chatfmt.corpus.arrow import from_ipc, to_ipc
from chatfmt.corpus.records import encode_records

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.options import EncodeOptions

__all__ = ["encode_on_ray"]

_AHEAD = 3  # batches under way for each actor: one at work, the others waiting for it
_ATTEMPTS = 3  # how often a batch is tried again whose actor dies


def encode_on_ray(
    batches: Iterable[RecordBatch],
    options: EncodeOptions,
    workers: int | None = None,
    address: str | None = None,
) -> Generator[tuple[RecordBatch, RecordBatch]]:
    """`encode_records` of every batch, in order, by actors of one CPU each.

    Args:
        batches: of raw rows.
        options: what to do with them; sent to each actor once.
        workers: how many actors; None takes one for each CPU of the cluster.
        address: of a running cluster; None uses Ray as it is set up in this process, or starts it.

    Raises:
        ImportError: Ray is not installed.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield from _encode(ray, batches, options, workers)
    finally:
        if ours:
            ray.shutdown()


def _ray() -> Any:  # noqa: ANN401 - a module
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        message = "the engine needs Ray: pip install 'chatfmt[ray]'"
        raise ImportError(message, name="ray") from None
    return ray


def _encode(
    ray: Any,  # noqa: ANN401 - a module
    batches: Iterable[RecordBatch],
    options: EncodeOptions,
    workers: int | None,
) -> Generator[tuple[RecordBatch, RecordBatch]]:
    count = workers or max(1, int(ray.cluster_resources()["CPU"]))
    actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_ATTEMPTS)(_Encoder)
    shared = ray.put(options)
    crew = [actor.remote(shared) for _ in range(count)]
    under_way: deque[Any] = deque()
    for encoder, batch in zip(cycle(crew), batches, strict=False):
        under_way.append(encoder.encode.remote(to_ipc(batch)))
        if len(under_way) >= count * _AHEAD:
            yield _pair(ray.get(under_way.popleft()))
    while under_way:
        yield _pair(ray.get(under_way.popleft()))
    for encoder in crew:
        ray.kill(encoder)


def _pair(data: bytes) -> tuple[RecordBatch, RecordBatch]:
    examples, rejects = from_ipc(data)
    return examples, rejects


class _Encoder:
    """An actor: it has one tokenizer for all its batches."""

    def __init__(self, options: EncodeOptions) -> None:
        self._options = options

    def encode(self, data: bytes) -> bytes:
        [batch] = from_ipc(data)
        return to_ipc(*encode_records(batch, self._options))
