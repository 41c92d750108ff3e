"""Bytes that find new ways through the code: libFuzzer, by atheris, on the targets of `targets.py`.

    pip install atheris                                             # Linux and macOS; no part of Tenet's lock
    python -m tests.spec.fuzz_bytes --inputs 100000                 # every target in turn, each in a process of its own
    python -m tests.spec.fuzz_bytes --inputs 100000 --target yaml

Unlike `fuzz.py`, which draws each input anew from what it knows of the language, this starts from real files and keeps
what reaches code that nothing reached before. One input may take five seconds of the processor, since watched code is
slower, and the process 500 MB. A find is saved in `tests/spec/finds/`, whose files `test_robustness.py` tries from then
on. Exits 1 when there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.spec.fuzz import MEGABYTES
from tests.spec.sources import drawn
from tests.spec.targets import TARGETS

SEEDS = 200
"""Inputs that a run starts from."""
LONGEST = 4096
"""Bytes in an input; longer ones are slower and reach nothing more."""
WORDS = (
    '"tenet 1"',
    '"trait"',
    '"when"',
    '"example"',
    '"tenet:"',
    '"\\"\\"\\""',
    '"${"',
    '"\\\\u{"',
    '"<!-- GOOD"',
    '"~~~"',
)


def run(name: str, inputs: int, seed: int) -> int:
    """Try `inputs` inputs on a target; return the exit code of its process, 0 where nothing was found."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number in range(SEEDS):
            rng = random.Random(f"{name}/{number}")
            data = drawn(rng.choice(TARGETS[name][1]), rng)[:LONGEST]
            corpus.joinpath(hashlib.sha256(data).hexdigest()).write_bytes(data)
        words = Path(folder, "words")
        words.write_text("".join(f'"{word}"\n' for word in WORDS))
        done = subprocess.run(
            [sys.executable, "-m", "tests.spec.fuzz_bytes_child", name, str(corpus), f"-runs={inputs}",
             f"-seed={seed + 1}", f"-max_len={LONGEST}", f"-rss_limit_mb={MEGABYTES}", f"-dict={words}",
             f"-artifact_prefix={folder}/", "-verbosity=0", "-print_final_stats=1"],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        )  # fmt: skip
    told = dict(re.findall(r"^stat::(\w+): +(\d+)$", done.stdout, re.MULTILINE))
    if done.returncode:
        print(done.stdout[-3000:])
    print(
        f"{name}: {told.get('number_of_executed_units', '?')} inputs, {told.get('new_units_added', '?')} that reached"
        f" something new, {told.get('peak_rss_mb', '?')} MB, exit code {done.returncode}",
        flush=True,
    )
    return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=20_000, help="so many inputs for each target")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may stand several times")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
        return 2
    found = [name for name in chosen.target or TARGETS if run(name, chosen.inputs, chosen.seed)]
    print(f"{chosen.inputs:,} inputs for each target; finds in: {', '.join(found) or 'none'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
