"""One file through the filter: read in order, decided by several processes, written in order.

In: an input, an output, filters.json. Out: a report. Each process decides whole chunks, which it reads itself where
they stand in a plain file; how many processes there are changes no byte. Memory holds a few chunks for each. This file
must not know what decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.corpus import reading, report, writing
from compiler.corpus.decided import Decided
from compiler.corpus.reading import Chunk, Held, Stretch
from compiler.corpus.report import FilterReport
from compiler.digests import digest
from compiler.failures import WorkerError
from compiler.progress import Progress
from compiler.records.filters import Filters

if TYPE_CHECKING:
    from compiler.corpus.deciding import Decider

AHEAD = 2
"""Chunks that wait for each process, at most."""
_decider: Decider | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """Processes that decide, and how many there are."""

    executor: ProcessPoolExecutor
    processes: int


@contextmanager
def pool(filters: Filters, processes: int) -> Iterator[Pool | Decider]:
    """What decides: processes of its own, or for one, this one."""
    if processes == 1:
        from compiler.corpus.deciding import Decider

        yield Decider(filters)
        return
    import multiprocessing

    # A forked child would inherit locks of threads that arrow has started.
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(processes, context, _begin, (filters.model_dump_json(),))
    try:
        yield Pool(executor, processes)
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin(filters: str) -> None:
    import signal

    from compiler.corpus.deciding import Decider

    global _decider
    # Ctrl-C reaches every process of a terminal; the first one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _decider = Decider(Filters.model_validate_json(filters))


def _decide(lines: Held | Stretch) -> Decided:
    assert _decider is not None
    return _decider.decide(lines.read())


def filter_file(
    source: Path, out: Path, filters: Filters, deciders: Pool | Decider, progress: Progress
) -> FilterReport:
    """Filter `source` into `out`, from where an earlier run was stopped; what is done already is not done again.

    Raises:
        GivenError: the input cannot be read, or another process writes the output.
        WorkerError: a process that decides has vanished.
    """
    stat = source.stat()
    fresh = report.started(
        source.name, stat.st_size, stat.st_mtime_ns, digest(filters.model_dump(mode="json")), filters
    )
    done = writing.finished(out, fresh)
    if done is not None:
        return done
    total = reading.size(source)
    with writing.output(out, fresh) as output:
        read = reading.chunks(source, output.journal.end)
        for chunk, decided in _in_order(read, deciders):
            output.add(chunk, decided)
            progress("filter", output.journal.end >> 20, total >> 20, "MB" if total else "MB or rows", source.name)
        return output.finish(reading.schema(source) if reading.is_table(source) else None)


def _in_order(chunks: Iterator[Chunk], deciders: Pool | Decider) -> Iterator[tuple[Chunk, Decided]]:
    if not isinstance(deciders, Pool):
        for chunk in chunks:
            yield chunk, deciders.decide(chunk.lines.read())
        return
    waiting: deque[tuple[Chunk, Future[Decided]]] = deque()
    most = AHEAD * deciders.processes
    try:
        for chunk in chunks:
            waiting.append((chunk, deciders.executor.submit(_decide, chunk.lines)))
            if len(waiting) >= most:
                oldest, future = waiting.popleft()
                yield oldest, future.result()
        while waiting:
            oldest, future = waiting.popleft()
            yield oldest, future.result()
    except BrokenProcessPool as error:
        raise WorkerError("a process that filtered has vanished", help="run the same command: it goes on") from error
