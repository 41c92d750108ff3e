"""How OpenMP's threads wait for one another: Tenet's setting beside the library's own, and beside one thread, on cores
that are idle and on cores that another process keeps busy.

    python -m benchmarks.waiting
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from compiler.cli import SAID_BY_USERS, WAITING

SECONDS = 3.0
WORK = """
import sys, time, torch
torch.set_num_threads(int(sys.argv[1]))
rows, wide, narrow = torch.ones(64, 256), torch.ones(256, 704) / 256, torch.ones(704, 256) / 704
start, steps = time.perf_counter(), 0
while time.perf_counter() - start < float(sys.argv[2]):
    for _ in range(8):
        rows = torch.nn.functional.silu(rows @ wide) @ narrow
    steps += 1
print(steps)
"""
BUSY = "while True: pass"


def main() -> None:
    rounds("cores as they are")
    with busy(os.cpu_count() or 1):
        rounds("a busy process on each core")


def rounds(title: str, count: int = 5) -> None:
    """Print how many steps each contender does as a multiple of the first one's, in interleaved rounds."""
    own = {name: value for name, value in os.environ.items() if name not in (*SAID_BY_USERS, "OMP_NUM_THREADS")}
    contenders = {"2 threads, as Tenet sets them": (2, WAITING), "2 threads, as they are": (2, {}), "1 thread": (1, {})}
    steps: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(count):
        for name, (threads, settings) in contenders.items():
            command = [sys.executable, "-c", WORK, str(threads), str(SECONDS)]
            done = subprocess.run(command, env={**own, **settings}, check=True, capture_output=True, text=True)
            steps[name].append(float(done.stdout))
    print(f"{title} ({count} rounds of {SECONDS:.0f} s, interleaved)")
    first = next(iter(steps.values()))
    for name, found in steps.items():
        ratios = [one / other for one, other in zip(found, first, strict=True)]
        print(
            f"  {name:<30} {statistics.median(found) / SECONDS:8.1f} steps/s  x {statistics.median(ratios):.2f}"
            f"  ({min(ratios):.2f} - {max(ratios):.2f})"
        )


@contextmanager
def busy(count: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
