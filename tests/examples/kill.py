"""Kill `tenet run` at random moments, resume it each time, and compare every byte with an unbroken run.

    python -m tests.examples.kill examples/pirate/pirate.tenet --kills 10

Prints one line a kill and exits 1 when a byte differs. The unbroken run is timed first, so that the kills spread
over all stages; both start from nothing in folders of their own.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.examples.conftest import ROOT, Workplace


def started(place: Workplace, spec: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "compiler.cli", "run", spec],
        cwd=place.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def workplace(folder: Path, spec: str) -> Workplace:
    shutil.copytree((ROOT / spec).parent, folder / Path(spec).parent)
    return Workplace(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("spec")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = workplace(Path(folder) / "whole", chosen.spec)
        begin = time.monotonic()
        code = started(whole, chosen.spec).wait()
        took = time.monotonic() - begin
        print(f"unbroken: exit {code} after {took:.0f} s", flush=True)
        expected = whole.files("build", "runs")

        broken = workplace(Path(folder) / "broken", chosen.spec)
        for number in range(1, chosen.kills + 1):
            # Each leg is a fresh process that has to start and find its place first.
            wait = rng.uniform(0.3, 2.0) * took / chosen.kills + rng.uniform(0, 8)
            process = started(broken, chosen.spec)
            time.sleep(wait)
            alive = process.poll() is None
            if alive:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            print(f"kill {number}: after {wait:.1f} s{'' if alive else ', already done'}", flush=True)
            if not alive:
                break
        code = started(broken, chosen.spec).wait()
        found = broken.files("build", "runs")
        differing = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        print(f"resumed: exit {code}; {len(expected)} files, {len(differing)} differ", *differing, sep="\n  ")
        return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
