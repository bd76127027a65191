"""The local engine: processes that take and return Arrow buffers, one batch at a time."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import queue
import signal
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from chatfmt.corpus.arrow import from_ipc, to_ipc
from chatfmt.corpus.records import encode_records
from chatfmt.errors import ChatfmtError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from multiprocessing.connection import Connection

    from chatfmt.corpus.arrow import RecordBatch
    from chatfmt.corpus.options import EncodeOptions

__all__ = ["encode_locally", "work_locally"]

Made = TypeVar("Made")

_AHEAD = 3  # batches under way for each process: one being worked on, the others waiting
_ATTEMPTS = 3  # how often a batch is tried if its process dies

# A plain fork would copy every lock that a thread of the caller holds at that moment.
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def encode_locally(
    batches: Iterable[RecordBatch], options: EncodeOptions, workers: int
) -> Generator[tuple[RecordBatch, RecordBatch]]:
    """`encode_records` for every batch, in order, by ``workers`` processes; with 1, in this one.

    >>> import chatfmt
    >>> from chatfmt.adapters import Source
    >>> from chatfmt.corpus import EncodeOptions, RawRow, batches
    >>> source = Source(name="sums", paths=["sums.jsonl"])
    >>> options = EncodeOptions(tokenizer=chatfmt.get_tokenizer("gpt-4o"), sources=(source,))
    >>> row = RawRow("sums", "sums.jsonl", 1, b'{"prompt": "2+2?", "completion": "4"}')
    >>> [(examples, rejects)] = encode_locally(batches([row]), options, workers=1)
    >>> examples.num_rows, rejects.num_rows
    (1, 0)

    Raises:
        ChatfmtError: a process died three times on the same batch, usually for lack of memory.
    """
    return work_locally(partial(encode_records, options=options), batches, workers)


def work_locally(
    work: Callable[[RecordBatch], Made], batches: Iterable[RecordBatch], workers: int
) -> Generator[Made]:
    """The result of ``work`` for every batch, in order; ``work`` and its results must be picklable.

    It raises the errors of `encode_locally`, and those of the work.
    """
    if workers == 1:
        yield from map(work, batches)
        return
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    crew = [_Worker(work) for _ in range(workers)]
    for worker in crew:
        idle.put(worker)

    def done(data: bytes) -> Any:  # noqa: ANN401 - what the work makes
        worker = idle.get()
        try:
            return worker.work(data)
        finally:
            idle.put(worker)

    # A thread only waits for its process, so that neither side ever blocks on writing to the other.
    threads = ThreadPoolExecutor(workers)
    under_way: deque[Future[Made]] = deque()
    try:
        for batch in batches:
            under_way.append(threads.submit(done, to_ipc(batch)))
            if len(under_way) >= workers * _AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        for future in under_way:
            future.cancel()
        for worker in crew:
            worker.stop()
        threads.shutdown()


class _Worker:
    """A process, which is replaced when it dies."""

    def __init__(self, work: Callable[[RecordBatch], Any]) -> None:
        self._work = work
        self._stopped = False
        self._start()

    def _start(self) -> None:
        context: Any = multiprocessing.get_context(_METHOD)
        if _METHOD == "forkserver":  # import the modules that all of them need only once
            context.set_forkserver_preload([__name__])
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        self._process.start()
        theirs.close()  # so that each process notices the end of the other

    def work(self, data: bytes) -> Any:  # noqa: ANN401 - what the work makes
        """The result of the process for a batch.

        Raises:
            ChatfmtError: it has died three times.
        """
        for _ in range(_ATTEMPTS):
            try:
                self._connection.send_bytes(data)
                answer = self._connection.recv_bytes()
            except (EOFError, OSError):
                if self._stopped:
                    raise
                self._process.join()
                self._start()
                continue
            made, error = pickle.loads(answer)  # noqa: S301 - from our own process
            if error is not None:
                raise error
            return made
        message = f"a process died {_ATTEMPTS} times over the same rows; is there enough memory?"
        raise ChatfmtError(message)

    def stop(self) -> None:
        self._stopped = True
        self._process.terminate()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, work: Callable[[RecordBatch], Any]) -> None:
    """Work until the other end is closed, by `_Worker.stop` or because its process died."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that hands out work
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            [batch] = from_ipc(connection.recv_bytes())
            try:
                answer = pickle.dumps((work(batch), None), pickle.HIGHEST_PROTOCOL)
            except Exception as error:  # noqa: BLE001 - it is raised at the other end
                answer = pickle.dumps((None, error))
            connection.send_bytes(answer)
