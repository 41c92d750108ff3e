"""How long the analysis takes: on generated specs of 1,000 clauses, and on a real spec beside loading it.

`python -m benchmarks.analysis [SPEC]`: for each spec, clauses, findings, and processor time in milliseconds: loading,
passes, analysis. Half of the generated pairs of clauses clash, and all of them are found. Then specs that are made to
take long (`benchmarks/analysis_adversarial.py`).
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from time import process_time

import spec
from benchmarks.analysis_adversarial import ADVERSARIAL
from compiler.analysis import analyse
from compiler.build import to_program
from tests.compiler.analysis.corpora import corpus

PAIRS = 500
MODEL_SPEC = "tenet import model-spec FOLDER -o model-spec.tenet"
CLASHES = ("T0520", "T0521", "T0522", "T0523")


def measured(name: str, text: str) -> tuple[str, int]:
    """Return a line of the table, and how many clashes were found."""
    gc.collect()
    start = process_time()
    loaded = spec.loads(text)
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    read = process_time()
    program, _ = to_program(loaded.document)
    passed = process_time()
    found = analyse(program, loaded.sources)
    done = process_time()
    times = (f"{1000 * span:.0f} ms" for span in (read - start, passed - read, done - passed))
    clashes = sum(d.code in CLASHES for d in found)
    return " | ".join(("", name, f"{len(program.clauses):,}", f"{len(found):,}", *times, "")).strip(), clashes


def main() -> None:
    print("| spec | clauses | findings | loading | passes | analysis |\n| --- | --- | --- | --- | --- | --- |")
    for seed in range(3):
        made = corpus(seed, PAIRS)
        line, clashes = measured(f"generated, seed {seed}", made.text)
        assert clashes == len(made.expected)
        print(line)
    for make in ADVERSARIAL:
        print(measured(make.__name__.replace("_", " "), make(2 * PAIRS))[0])
    if not sys.argv[1:]:
        print("For a real spec, name its file. OpenAI's Model Spec: " + MODEL_SPEC, file=sys.stderr)
    for path in map(Path, sys.argv[1:]):
        print(measured(path.name, path.read_text(encoding="utf-8"))[0])


if __name__ == "__main__":
    main()
