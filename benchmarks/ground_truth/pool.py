"""Known answers, decided once by the pipeline that decides every answer: `backends.deciding` and nano's judge.

In: a build. Out: for each clause and each probe that counts for it, answers that keep it and answers that break it, as
measurements: what the pipeline said of each. A measuring draws from these. This file must not know shares or targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from backends.cached import CHUNK
from backends.deciding import Case, decide
from backends.judges import Judge
from backends.measure.judging import judge_of_run
from benchmarks.ground_truth import answers
from benchmarks.ground_truth.builds import Build
from compiler.ir import Clause
from compiler.records.checks import Check
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import decided_by

ARM: Arm = "adapter"
"""The one arm that is measured: whose answers they are makes no difference to the pipeline."""
EACH = 2
"""Answers of each sort to each probe."""

Pool = Mapping[str, Mapping[bool, tuple[Measurement, ...]]]
"""Probe id -> whether the clause is kept, as the writer knows -> measurements."""


@dataclass(frozen=True, slots=True)
class Known:
    """probes: those of the clause's figures. known: of how many the world knows the question. right: how often the
    pipeline says what the writer knows, of kept and of broken answers; undecided: of all."""

    clause: Clause
    probes: tuple[Probe, ...]
    pool: Pool
    known: int
    right: Mapping[bool, float]
    undecided: float


def known(build: Build, clause: Clause, judge: Judge | None = None, each: int = EACH) -> Known:
    """Write and decide the answers of one clause. judge: nano, as the build asks it, unless given."""
    found = decided_by(clause.id, build.probes)
    probes = tuple({probe.id: probe for counted in found.values() for probe in counted}.values())
    rng = Random(f"{build.name}/{clause.id}")
    written = [
        (probe, keeps, answers.write(build.program, clause, probe, keeps, rng))
        for probe in probes
        for keeps in (True, False)
        for _ in range(each)
    ]
    cases = [Case(probe.question, text, _checks(build, clause, probe)) for probe, _, text in written]
    said = _decided(cases, judge or judge_of_run(build.program, build.engine))
    pool: dict[str, dict[bool, tuple[Measurement, ...]]] = {probe.id: {True: (), False: ()} for probe in probes}
    for (probe, keeps, text), kept in zip(written, said, strict=True):
        row = Measurement(probe_id=probe.id, arm=ARM, answer=text, held={clause.id: kept})
        pool[probe.id][keeps] += (row,)
    labelled = list(zip((keeps for _, keeps, _ in written), said, strict=True))
    sorts = {sort: [kept for keeps, kept in labelled if keeps is sort] for sort in (True, False)}
    return Known(
        clause,
        probes,
        pool,
        sum(answers.ask_of(probe, rng)[1] for probe in probes),
        {sort: sum(kept is sort for kept in row) / len(row) for sort, row in sorts.items()},
        sum(kept is None for kept in said) / len(said),
    )


def _checks(build: Build, clause: Clause, probe: Probe) -> tuple[Check, ...]:
    return probe.checks if probe.clause_id == clause.id else build.recipe.measures[clause.id]


def _decided(cases: Sequence[Case], judge: Judge) -> list[bool | None]:
    found: list[bool | None] = []
    for start in range(0, len(cases), CHUNK):
        found += [decision.kept for decision in decide(cases[start : start + CHUNK], judge)]
    return found
