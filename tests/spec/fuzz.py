"""Inputs by the million: for what must hold of any (`targets.py`), and for the recovery from planted defects.

    python -m tests.spec.fuzz --inputs 1000000          # every target, from every source of `sources.py`
    python -m tests.spec.fuzz --inputs 5000 --target fix --seed 7
    python -m tests.spec.fuzz --specs 20000 --seed 1    # k defects, k reports; each kind of failure shrunk

One input may take a second of the processor, and the process 500 MB. A find is printed once for each place in the code,
and saved in `tests/spec/finds/`, whose files `test_robustness.py` tries from then on. Exits 1 when there is one.

Half of the specs of `--specs` have one defect in a clause, half have several on different lines of one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import spec
from tests.spec.defects import DEFECTS, LOCAL, Planted, crowd, plant
from tests.spec.sources import drawn
from tests.spec.targets import TARGETS

FINDS = Path(__file__).with_name("finds")
SECONDS = 1.0
MEGABYTES = 500
PART = 1000
"""Inputs that a process tries before it tells."""


class TooSlow(BaseException):
    """An input took more than its share; no `except Exception` on the way may hide it."""


def megabytes() -> float:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 if sys.platform != "darwin" else 1 << 20)


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Raise where the block takes more than `seconds` of the processor."""

    def stop(_number: int, _frame: object) -> None:
        raise TooSlow(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def place(error: BaseException) -> str:
    """Where an error was raised: errors of one place are one find."""
    frames = traceback.extract_tb(error.__traceback__)
    last = [frame for frame in frames if "/tests/" not in frame.filename][-1:] or frames[-1:]
    inside = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in (*last, frames[-1])]
    return f"{type(error).__name__} at {' from '.join(dict.fromkeys(inside))}"


@dataclass(slots=True)
class Tried:
    """What became of some inputs. finds: by place, how often, and what to print of the first."""

    ran: Counter[str] = field(default_factory=Counter)
    finds: Counter[str] = field(default_factory=Counter)
    shown: dict[str, str] = field(default_factory=dict)
    megabytes: float = 0.0

    def add(self, other: Tried) -> None:
        self.ran += other.ran
        self.finds += other.finds
        self.shown = {**other.shown, **self.shown}
        self.megabytes = max(self.megabytes, other.megabytes)


def inputs(count: int, seed: int, chosen: list[str], jobs: int) -> int:
    """Try `count` inputs in `jobs` processes; return how many finds there were."""
    begin, total = time.monotonic(), Tried()
    parts = [(range(first, min(first + PART, count)), seed, chosen) for first in range(0, count, PART)]
    with get_context("spawn").Pool(jobs) as pool:
        for number, tried in enumerate(pool.imap_unordered(_tried, parts), 1):
            for found in tried.shown.keys() - total.shown.keys():
                print(tried.shown[found], flush=True)
            total.add(tried)
            if number % 20 == 0 or number == len(parts):
                print(f"{sum(total.ran.values()):,} inputs in {time.monotonic() - begin:.0f} s, at most "
                      f"{total.megabytes:.0f} MB: {sum(total.finds.values()):,} failures of {len(total.finds)} kinds",
                      flush=True)  # fmt: skip
    print(", ".join(f"{name} {n:,}" for name, n in sorted(total.ran.items())))
    return len(total.finds) + (total.megabytes > MEGABYTES)


def _tried(part: tuple[range, int, list[str]]) -> Tried:
    """Try the inputs of some numbers; save the first of each find."""
    numbers, seed, chosen = part
    tried = Tried()
    for number in numbers:
        rng = random.Random(f"{seed}/{number}")
        name = rng.choice(chosen)
        target, sources = TARGETS[name]
        source = rng.choice(sources)
        data = drawn(source, rng)
        tried.ran[name] += 1
        try:
            with limited():
                target(data)
        except (Exception, TooSlow) as error:
            found = f"{name}: {place(error)}"
            tried.finds[found] += 1
            if tried.finds[found] == 1:
                path = FINDS / name / hashlib.sha256(data).hexdigest()[:12]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                told = "".join(traceback.format_exception(error)[-3:])[-1500:]
                tried.shown[found] = (
                    f"---- {found} (input {number}, seed {seed}, from {source}), saved as {path}\n{told}"
                )
        if (peak := megabytes()) > max(tried.megabytes, MEGABYTES):
            tried.shown[f"{name}: memory"] = f"---- {peak:.0f} MB at input {number}, seed {seed}: {name} from {source}"
        tried.megabytes = max(tried.megabytes, peak)
    return tried


def fails(planted: Planted) -> bool:
    found = sorted(d.span.line for d in spec.loads(planted.text).diagnostics)
    return found != [line for line, _ in planted.expected]


def made(seed: int) -> Planted:
    rng = random.Random(seed)
    count = rng.randint(1, 10)
    if seed % 2:
        return crowd(seed, rng.choices(LOCAL, k=count))
    return plant(seed, rng.choices(sorted(DEFECTS), k=count), count + 2)


def recovery(specs: int, first: int) -> int:
    """Try `specs` specs with planted defects; return how many kinds of failure there were."""
    begin, failures = time.monotonic(), 0
    shown: set[tuple[str, ...]] = set()
    for seed in range(first, first + specs):
        planted = made(seed)
        if not fails(planted):
            continue
        failures += 1
        least = planted.smaller(fails)
        kind = tuple(sorted(name for _, name in least.expected))
        if kind not in shown:
            shown.add(kind)
            loaded = spec.loads(least.text)
            print(f"---- seed {seed}: {least.expected}\n{spec.render(loaded.diagnostics, loaded.sources, 'concise')}")
            print("\n".join(f"{n:4} {line}" for n, line in enumerate(least.text.split("\n"), 1)), flush=True)
    took = time.monotonic() - begin
    print(f"{specs:,} specs in {took:.0f} s: {failures:,} failures of {len(shown):,} kinds")
    return len(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=0, help="so many inputs for the targets")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may stand several times")
    parser.add_argument("--specs", type=int, default=0, help="so many specs with planted defects")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; left out, one a core")
    chosen = parser.parse_args()
    if not chosen.inputs and not chosen.specs:
        parser.error("give --inputs, --specs, or both")
    found = inputs(chosen.inputs, chosen.seed, chosen.target or list(TARGETS), chosen.jobs) if chosen.inputs else 0
    found += recovery(chosen.specs, chosen.seed) if chosen.specs else 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
