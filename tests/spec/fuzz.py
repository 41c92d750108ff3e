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
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import spec
from tests.spec.defects import DEFECTS, LOCAL, Planted, crowd, plant
from tests.spec.sources import drawn
from tests.spec.targets import TARGETS

FINDS = Path(__file__).with_name("finds")
SECONDS = 1.0
MEGABYTES = 500


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


def inputs(count: int, seed: int, chosen: list[str]) -> int:
    """Try `count` inputs; return how many finds there were."""
    begin, ran, finds = time.monotonic(), Counter[str](), Counter[str]()
    for number in range(count):
        rng = random.Random(f"{seed}/{number}")
        name = rng.choice(chosen)
        target, sources = TARGETS[name]
        source = rng.choice(sources)
        data = drawn(source, rng)
        ran[name] += 1
        try:
            with limited():
                target(data)
        except (Exception, TooSlow) as error:
            found = f"{name}: {place(error)}"
            finds[found] += 1
            if finds[found] == 1:
                path = FINDS / name / hashlib.sha256(data).hexdigest()[:12]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                print(f"---- {found} (input {number}, seed {seed}, from {source}), saved as {path}")
                print("".join(traceback.format_exception(error)[-3:])[-1500:], flush=True)
        if megabytes() > MEGABYTES:
            print(f"{megabytes():.0f} MB at input {number}, seed {seed}: {name} from {source}")
            return len(finds) + 1
        if (number + 1) % 20_000 == 0:
            print(f"{number + 1:,} inputs, {sum(finds.values()):,} failures of {len(finds)} kinds, "
                  f"{time.monotonic() - begin:.0f} s, at most {megabytes():.0f} MB", flush=True)  # fmt: skip
    took = time.monotonic() - begin
    print(f"{count:,} inputs in {took:.0f} s, at most {megabytes():.0f} MB: {sum(finds.values()):,} failures of "
          f"{len(finds)} kinds ({', '.join(f'{name} {n:,}' for name, n in sorted(ran.items()))})")  # fmt: skip
    return len(finds)


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
    chosen = parser.parse_args()
    if not chosen.inputs and not chosen.specs:
        parser.error("give --inputs, --specs, or both")
    found = inputs(chosen.inputs, chosen.seed, chosen.target or list(TARGETS)) if chosen.inputs else 0
    found += recovery(chosen.specs, chosen.seed) if chosen.specs else 0
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
