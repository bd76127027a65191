"""The Ray engine: the same batches, encoded by actors on a cluster.

The process of the run reads the batches, as in the local engine. So order, line numbers, refused
rows and the points where a run can be resumed are the same.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from chatfmt.corpus.arrow import from_ipc, to_ipc
from chatfmt.corpus.records import encode_records
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.options import EncodeOptions

__all__ = ["encode_on_ray", "work_on_ray"]

Made = TypeVar("Made")

_AHEAD = 3  # batches under way for each actor: one being worked on, the others waiting
_ATTEMPTS = 3  # how often a batch is retried if its actor dies


def encode_on_ray(
    batches: Iterable[RecordBatch],
    options: EncodeOptions,
    workers: int | None = None,
    address: str | None = None,
) -> Generator[tuple[RecordBatch, RecordBatch]]:
    """`encode_records` for every batch, in order, by actors with one CPU each.

    Args:
        batches: batches of raw rows.
        options: how to encode them; sent to each actor once.
        workers: the number of actors; None takes one for each CPU of the cluster. Work begins with
            the first actor that runs, and the others join when there is a CPU for them.
        address: the address of a running cluster; None uses Ray as it is set up in this process, or
            starts it.

    >>> from chatfmt.corpus import batches, raw_rows
    >>> for examples, rejects in encode_on_ray(batches(raw_rows(mixture)), options):
    ...     print(examples.num_rows, rejects.num_rows)  # doctest: +SKIP

    Raises:
        ImportError: Ray is not installed.
        ChatfmtError: an actor cannot start, or died repeatedly on the same batch.
    """
    work = partial(encode_records, options=options)
    return work_on_ray(work, batches, workers=workers, address=address)


def work_on_ray(
    work: Callable[[RecordBatch], Made],
    batches: Iterable[RecordBatch],
    *,
    workers: int | None = None,
    address: str | None = None,
) -> Generator[Made]:
    """The result of ``work`` for every batch, in order; ``work`` and its results must be picklable.

    The other arguments, and the errors, are those of `encode_on_ray`.
    """
    ray = _ray()
    ours = not ray.is_initialized()
    if ours:
        ray.init(address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield from _worked(ray, work, batches, workers)
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


def _worked(
    ray: Any,  # noqa: ANN401 - a module
    work: Callable[[RecordBatch], Made],
    batches: Iterable[RecordBatch],
    workers: int | None,
) -> Generator[Made]:
    count = workers or max(1, int(ray.cluster_resources()["CPU"]))
    actor = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=_ATTEMPTS)(_Encoder)
    # Kept until everything is done: a restarted actor needs the object it was made from.
    shared = ray.put(work)
    encoders = [actor.remote(shared) for _ in range(count)]
    starting = {encoder.ready.remote(): encoder for encoder in encoders}
    crew: deque[Any] = deque()
    under_way: deque[Any] = deque()

    def result() -> Made:
        try:
            made: Made = ray.get(under_way.popleft())
        except ray.exceptions.RayActorError:
            message = f"an actor died {_ATTEMPTS + 1} times over the same rows; enough memory?"
            raise ChatfmtError(message) from None
        return made

    for batch in batches:
        if starting:
            # An actor may wait long for a busy CPU, so only running actors get work.
            wanted, patience = (len(starting), 0) if crew else (1, None)
            running, _ = ray.wait([*starting], num_returns=wanted, timeout=patience)
            try:
                ray.get(running)
            except ray.exceptions.RayActorError as error:
                [*_, reason] = str(error).strip().splitlines()
                message = (
                    "an actor could not start: does every machine of the cluster have the same "
                    f"chatfmt, and the files that it needs? Ray says: {reason.strip()}"
                )
                raise ChatfmtError(message) from None
            crew.extend(map(starting.pop, running))
        under_way.append(crew[0].work.remote(to_ipc(batch)))
        crew.rotate()
        if len(under_way) >= len(crew) * _AHEAD:
            yield result()
    while under_way:
        yield result()


class _Encoder:
    """An actor, which has one tokenizer for all its batches."""

    def __init__(self, work: Callable[[RecordBatch], Any]) -> None:
        self._work = work

    def ready(self) -> None:
        """Answer, which shows that the actor runs."""

    def work(self, data: bytes) -> Any:  # noqa: ANN401 - what the work makes
        [batch] = from_ipc(data)
        return self._work(batch)
