"""Mutation testing of a spec: do a clause's probes notice that the clause is gone, turned round, or broken?

In: a build. Out: mutations.json beside the measurements: for each mutant of `compiler.mutations`, the base with the
compiled prompt against the base with the mutant's prompt, on the clause's own probes; and the answers under the
compiled prompt against the same answers broken by hand (`compiler.broken_answers`), which needs no model that obeys. A
clause that its spec's mutants do not move is asked alone, too. Nothing is trained: a probe that cannot tell the two
apart can hardly tell a trained model that keeps the clause from one that does not. Answers are cached, one batch a
prompt and clause, so an edit of a clause asks anew what its prompt changes. This file must not know how a mutant is
made or a report looks.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from backends import store
from backends.measure.answering import SAMPLING, answer, decided
from backends.measure.arms import Said
from backends.measure.models import opened
from compiler import rounds, statistics, tallies
from compiler.broken_answers import broken
from compiler.files import write_text
from compiler.mutations import MutantPrompt, alone, mutants
from compiler.progress import Progress, silent
from compiler.records.measured import Measurement
from compiler.records.mutants import Mutant, Mutation, MutationReport
from compiler.records.rows import Probe

MOST = 60
"""Probes of a clause: a change on a quarter of them is noticed, and one on a sixth mostly."""
KINDS = 4
LEVEL = 0.05 / KINDS
"""Of each mutation, so that probes that see nothing pass by chance at most once in 20 clauses (Bonferroni)."""


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
    models = opened(build, None, cache=cache, root=root, local_files_only=local_files_only)
    folder = run or build / "measured"
    remembered = store.opened(models.subject.cache)
    remembered.begin(store.name_of_run(folder), folder)
    program = models.program
    plan = rounds.plan([clause.id for clause in program.clauses], models.probes)
    asked = {clause.id: own_probes(plan, clause.id) for clause in program.clauses}
    found: dict[str, list[MutantPrompt]] = defaultdict(list)
    for mutant in mutants(program):
        found[mutant.clause_id].append(mutant)
    expected = sum(len(own) * (1 + len(found[clause_id])) for clause_id, own in asked.items())
    rows: list[Mutant] = []
    done = 0

    def told(clause_id: str, how: str) -> None:
        progress("mutate", done, max(done, expected), "answers", f"{clause_id} {how}")

    def answered(own: list[Probe], said: str) -> list[Said]:
        nonlocal done
        done += len(own)
        return answer(models.subject, own, "prompt", said)

    def kept(own: list[Probe], said: list[Said]) -> list[Measurement]:
        return decided(own, "prompt", said, models.recipe, models.judge)

    for clause in program.clauses:
        own = asked[clause.id]
        if not own:
            continue
        told(clause.id, "as it is")
        said = answered(own, models.prompt)
        before = kept(own, said)
        # 1. The clause changed within its spec.
        within = []
        for mutant in found[clause.id]:
            told(clause.id, mutant.mutation)
            within.append(compared(clause.id, mutant.mutation, own, before, kept(own, answered(own, mutant.prompt))))
        # 2. The clause against nothing, where the rest of the spec may do what it asks for.
        if not any(mutant.noticed for mutant in within):
            single = alone(program, clause)
            told(clause.id, single.mutation)
            pair = [kept(own, answered(own, text)) for text in (single.against or "", single.prompt)]
            within.append(compared(clause.id, "alone", own, *pair))
        rows += within
        # 3. The answers, broken by hand.
        wrong = [broken(clause, one.answer or "") for one in said]
        texts = [text for text in wrong if text is not None]
        if len(texts) == len(own):
            after = kept(own, [Said(text, one.before) for text, one in zip(texts, said, strict=True)])
            rows.append(compared(clause.id, "broken", own, before, after))
    progress("mutate", done, done, "answers", "done")
    report = MutationReport.model_validate(
        {**models.hashes, "sampling": SAMPLING, "answers": done, "mutants": tuple(rows)}
    )
    path = folder / "mutations.json"
    write_text(path, report.model_dump_json(indent=1) + "\n")
    remembered.finish(whole=False)
    return report, path


def own_probes(plan: rounds.Plan, clause_id: str) -> list[Probe]:
    """The first probes of the clause's own rate, in the order in which a sequential measuring asks them."""
    own = [s for s in plan.streams if s.clause_id == clause_id and s.figure == "rate"]
    return [probe for stream in own for part in stream.rounds for probe in part][:MOST]


def compared(
    clause_id: str, mutation: Mutation, probes: list[Probe], before: list[Measurement], after: list[Measurement]
) -> Mutant:
    """Set what was kept before and after a change beside each other, on the prompts that both decided."""
    columns = [
        tallies.column("prompt", clause_id, probes, {(row.probe_id, row.arm): row for row in rows})
        for rows in (after, before)
    ]
    pairs = tallies.paired(*columns)
    worth = tallies.worth(*columns)
    bounds = statistics.newcombe_paired(pairs, worth=worth)
    p = statistics.mcnemar_exact(*pairs.weighed(worth)[1:3])
    n = max(1, pairs.n)
    kept = [row.answer for row in after if row.held.get(clause_id)]
    return Mutant(
        clause_id=clause_id,
        mutation=mutation,
        n=pairs.n,
        before=(pairs.both + pairs.second) / n,
        after=(pairs.both + pairs.first) / n,
        difference=pairs.difference,
        low=bounds.low,
        high=bounds.high,
        p=p,
        noticed=p <= LEVEL and bounds.high < 0.0,
        unnoticed=kept[0] if kept and mutation == "broken" else None,
    )
