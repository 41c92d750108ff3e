"""The recovery property over many more specs than the tests try, with every failure shrunk.

    python -m tests.spec.fuzz --specs 20000 --seed 1

Half of the specs have one defect in a clause, half have several on different lines of one. Prints each kind of
failure once, with the smallest spec that shows it, and exits 1 when there is one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

import spec
from tests.spec.defects import DEFECTS, LOCAL, Planted, crowd, plant


def fails(planted: Planted) -> bool:
    found = sorted(d.span.line for d in spec.loads(planted.text).diagnostics)
    return found != [line for line, _ in planted.expected]


def made(seed: int) -> Planted:
    rng = random.Random(seed)
    count = rng.randint(1, 10)
    if seed % 2:
        return crowd(seed, rng.choices(LOCAL, k=count))
    return plant(seed, rng.choices(sorted(DEFECTS), k=count), count + 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    begin, failures = time.monotonic(), 0
    shown: set[tuple[str, ...]] = set()
    for seed in range(chosen.seed, chosen.seed + chosen.specs):
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
    print(f"{chosen.specs:,} specs in {took:.0f} s: {failures:,} failures of {len(shown):,} kinds")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
