"""Mutation testing of a spec: do a clause's probes notice that the clause is gone, or turned into its opposite?

In: a build. Out: mutations.json beside the measurements: for each mutant of `compiler.mutations`, the base with the
compiled prompt against the base with the mutant's prompt, on the clause's own probes. Nothing is trained: a probe that
cannot tell the two prompts apart can hardly tell a trained model that keeps the clause from one that does not. Answers
are cached, one batch a prompt and clause, so an edit of a clause asks anew what its prompt changes. This file must not
know how a mutant is made or a report looks.
"""

from __future__ import annotations

from pathlib import Path

from backends import machine
from backends.cached import CachedEngine
from backends.devices import choose
from backends.files import write_text
from backends.measure import SAMPLING, _decided, answer, read_probes
from backends.measure.judging import judge_of_run
from backends.recipes import base_of, judge_of, prompt_of, read_recipe
from compiler import ir_file, rounds, statistics, tallies
from compiler.agreement import prompt_digest
from compiler.digests import measures_digest, rows_digest
from compiler.mutations import MutantPrompt, mutants
from compiler.progress import Progress, silent
from compiler.records import Measurement, Probe
from compiler.report.record import Mutant, MutationReport

MOST = 60
"""Probes of a clause: a change on a quarter of them is noticed, and one on a sixth mostly."""
LEVEL = 0.05


def run(
    build: Path,
    run: Path | None,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
) -> tuple[MutationReport, Path]:
    """Ask the probes of each clause under its mutants, write mutations.json and return it with its path.

    Args:
        run: the folder of a training, beside whose measurements it goes; None for those of the base.

    Raises:
        DataError: probes or prompt are missing.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    recipe = read_recipe(build)
    probes = read_probes(build / "probes.jsonl")
    prompt = prompt_of(build)
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    judge_base = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
    cache = cache or build.parent / ".cache"
    computes = machine.of_device(choose())
    subject = CachedEngine(base, cache, computes=computes)
    grader = subject if judge_base.digest == base.digest else CachedEngine(judge_base, cache, computes=computes)
    program = ir_file.load(build / "ir.json")
    judge = judge_of_run(program, grader)
    plan = rounds.plan([clause.id for clause in program.clauses], probes)
    asked = {clause.id: own_probes(plan, clause.id) for clause in program.clauses}
    found = [mutant for mutant in mutants(program) if asked[mutant.clause_id]]
    total = sum(len(asked[mutant.clause_id]) for mutant in found) + sum(map(len, asked.values()))

    def answered(clause_id: str, said: str) -> list[Measurement]:
        own = asked[clause_id]
        return _decided(own, "prompt", answer(subject, own, "prompt", said), recipe, judge)

    before: dict[str, list[Measurement]] = {}
    rows: list[Mutant] = []
    done = 0
    for mutant in found:
        progress("mutate", done, total, "answers", f"{mutant.clause_id} {mutant.mutation}")
        own = asked[mutant.clause_id]
        if mutant.clause_id not in before:
            before[mutant.clause_id] = answered(mutant.clause_id, prompt)
            done += len(own)
        after = answered(mutant.clause_id, mutant.prompt)
        done += len(own)
        rows.append(compared(mutant, own, before[mutant.clause_id], after))
    progress("mutate", total, total, "answers", "done")
    report = MutationReport(
        base_sha256=base.digest,
        judge_sha256=judge_base.digest,
        prompt_sha256=prompt_digest(build),
        probes_sha256=rows_digest(build / "probes.jsonl"),
        measures_sha256=measures_digest(recipe),
        sampling=SAMPLING,
        answers=done,
        mutants=tuple(rows),
    )
    path = (run or build / "measured") / "mutations.json"
    write_text(path, report.model_dump_json(indent=1) + "\n")
    return report, path


def own_probes(plan: rounds.Plan, clause_id: str) -> list[Probe]:
    """The first probes of the clause's own rate, in the order in which a sequential measuring asks them."""
    own = [s for s in plan.streams if s.clause_id == clause_id and s.figure == "rate"]
    return [probe for stream in own for part in stream.rounds for probe in part][:MOST]


def compared(mutant: MutantPrompt, probes: list[Probe], before: list[Measurement], after: list[Measurement]) -> Mutant:
    """Set the two prompts beside each other on the prompts that both decided."""
    columns = [
        tallies.column("prompt", mutant.clause_id, probes, {(row.probe_id, row.arm): row for row in rows})
        for rows in (after, before)
    ]
    pairs = tallies.paired(*columns)
    bounds = statistics.newcombe_paired(pairs)
    p = statistics.mcnemar_exact(pairs.first, pairs.second)
    n = max(1, pairs.n)
    return Mutant(
        clause_id=mutant.clause_id,
        mutation=mutant.mutation,
        n=pairs.n,
        before=(pairs.both + pairs.second) / n,
        after=(pairs.both + pairs.first) / n,
        difference=pairs.difference,
        low=bounds.low,
        high=bounds.high,
        p=p,
        noticed=p <= LEVEL and bounds.high < 0.0,
    )
