"""What a rebuild costs: with nothing to do, beside `dvc repro` and Snakemake; after a comment, and after an edit of one
clause, beside the full build.

    python -m pip install dvc snakemake        # the peers; one that is absent is left out, and said to be
    python -m benchmarks.rebuild [CLAUSES ...]

Eight stages each: Tenet's are those of a spec (recipe, prompt, filters, jobs, rows, probes, trace, lock); the peers
copy eight files of the same sizes in a chain, which is the least that they can do. Whole processes, in turn. In the
second table an engine that answers at once stands in for a model, so that all that is shown is Tenet's own; CPU time of
the whole process, its start included.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.side_by_side import Contender, compare

CLAUSES = (10, 100, 1000)
ROUNDS = 9
STAGES = (
    "recipe.json",
    "prompt.md",
    "filters.json",
    "jobs/dpo.yaml",
    "pairs.jsonl",
    "probes.jsonl",
    "trace.json",
    "lock.json",
)
MAIN = "from compiler.cli import main; main()"
PARROT = """
import hashlib, sys
from backends import engines, machine
from backends.devices import Device
from compiler.cli import main

class Parrot:
    device = Device("cpu", "float32", "CPU", machine.cpu_threads())
    def answers(self, batch, sampling, *, adapter=False):
        said = [" ".join(m.content for m in messages) + str(sampling.seed) for messages in batch]
        return [f"It is {hashlib.sha256(text.encode()).hexdigest()[:12]}, I think." for text in said]
    def yes(self, requests, words=None):
        return [0.9] * len(requests)

engines.load = lambda *_: Parrot()
main()
"""


def spec_of(clauses: int) -> str:
    """A spec of so many forbids, each with rows of its own."""
    clause = 'forbid phrase_{i} {{\n  phrases: ["as item {i} says", "number {i} of"]\n  target: <= 1%\n}}\n\n'
    head = 'tenet 1\n\nmodel { base: "nano" }\n\n'
    return head + "".join(clause.format(i=i) for i in range(clauses)) + f"train {{ rows: {6 * clauses} }}\n"


def cpu_seconds(command: list[str], folder: Path) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)[:80]}: {done.stderr[-2000:]}")
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def tenet(*arguments: str) -> list[str]:
    return [sys.executable, "-c", PARROT if arguments[0] == "build" else MAIN, *arguments]


def beside_peers(folder: Path) -> None:
    """A build with nothing to do, whole processes, wall time."""
    (folder / "small.tenet").write_text(spec_of(10), encoding="utf-8")
    cpu_seconds(tenet("build", "small.tenet"), folder)
    sizes = [(folder / "build" / "small" / name).stat().st_size for name in STAGES]
    nothing = [sys.executable, "-c", MAIN, "build", "small.tenet"]
    contenders = [Contender("tenet build", _runs(nothing, folder, "10 clauses"))]
    for name, make, command in (("dvc repro", _dvc, ["repro", "-q"]), ("snakemake", _snakemake, ["-q", "all", "-c1"])):
        program = shutil.which(name.split()[0], path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if program is None:
            print(f"{name.split()[0]} is not installed, and is left out")
            continue
        there = folder / name.split()[0]
        there.mkdir()
        make(there, sizes, program)
        contenders.append(Contender(name, _runs([program, *command], there, None)))
    contenders.append(Contender("python -c pass", _runs([sys.executable, "-c", "pass"], folder, None), bound=True))
    compare("nothing to do, eight stages", contenders, rounds=ROUNDS, same_output=False)


def _runs(command: list[str], folder: Path, says: str | None) -> Callable[[], object]:
    def run() -> object:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        if says is not None and says not in done.stderr:
            raise RuntimeError(f"{command} says: {done.stderr}")
        return done.returncode

    return run


def _dvc(folder: Path, sizes: list[int], program: str) -> None:
    lines = ["stages:"]
    for number in range(1, len(sizes)):
        files = f"deps: [f{number - 1}]\n    outs: [f{number}]"
        lines.append(f"  s{number}:\n    cmd: head -c {sizes[number]} f{number - 1} > f{number}\n    {files}")
    lines.append(
        f"  s{len(sizes)}:\n    cmd: cp f{len(sizes) - 1} last\n    deps: [f{len(sizes) - 1}]\n    outs: [last]"
    )
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "f0").write_bytes(b"x" * max(sizes))
    subprocess.run([program, "init", "--no-scm", "-q"], cwd=folder, check=True)
    subprocess.run([program, "repro", "-q"], cwd=folder, check=True, capture_output=True)


def _snakemake(folder: Path, sizes: list[int], program: str) -> None:
    rules = ["rule all:\n    input: 'last'"]
    for number in range(1, len(sizes)):
        files = f"input: 'f{number - 1}'\n    output: 'f{number}'"
        rules.append(f"rule s{number}:\n    {files}\n    shell: 'head -c {sizes[number]} {{input}} > {{output}}'")
    rules.append(
        f"rule s{len(sizes)}:\n    input: 'f{len(sizes) - 1}'\n    output: 'last'\n    shell: 'cp {{input}} {{output}}'"
    )
    (folder / "Snakefile").write_text("\n".join(rules) + "\n", encoding="utf-8")
    (folder / "f0").write_bytes(b"x" * max(sizes))
    subprocess.run([program, "-q", "all", "-c1"], cwd=folder, check=True, capture_output=True)


def after_edits(folder: Path, clauses: int, table: Table) -> None:
    """A full build, then one with nothing to do, one after a comment, one after an edit of one clause."""
    spec = folder / f"c{clauses}.tenet"
    text = spec_of(clauses)
    middle = f'"number {clauses // 2} of"'
    edits = {
        "full": text,
        "nothing": text,
        "comment": text.replace("model {", "# as it is\nmodel {"),
        "one clause": text.replace(middle, f'{middle}, "and so on"'),
    }
    seconds: dict[str, float] = {}
    for name, edited in edits.items():
        if name != "nothing":
            spec.write_text(edited, encoding="utf-8")
        took = [cpu_seconds(tenet("build", spec.name), folder)]
        if name == "nothing":
            took += [cpu_seconds(tenet("build", spec.name), folder) for _ in range(2)]
        seconds[name] = statistics.median(took)
    ratio = seconds["one clause"] / seconds["full"]
    table.add_row(f"{clauses:,}", *(f"{seconds[name]:.2f}" for name in edits), f"{ratio:.2f}")


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or list(CLAUSES)
    with tempfile.TemporaryDirectory() as place:
        beside_peers(Path(place))
        table = Table(title="CPU seconds of a build, by what was edited before it")
        for column in ("clauses", "full", "nothing", "a comment", "one clause", "one clause / full"):
            table.add_column(column, justify="right")
        for count in counts:
            after_edits(Path(place), count, table)
        Console(width=80).print(table)


if __name__ == "__main__":
    main()
