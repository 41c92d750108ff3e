"""How a measuring judges beyond each answer's verdict: a judge with rubrics, a second judge, preferences.

In: a program, measurements, engines. Out: the judge of a run; measurements with the subject's likelihood ratio beside
the judge's word; how often the judge prefers one arm's answer. This file must not know targets or files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backends.cached import CachedEngine
from backends.judges import likelihood, pairwise
from backends.judges.model import ModelJudge
from backends.measure.calibration import told
from compiler import rubrics
from compiler.deciding import deciding_checks
from compiler.ir import Clause, Program
from compiler.records.checks import JudgeCheck
from compiler.records.measured import Measurement, Pairwise
from compiler.records.record import Arm
from compiler.records.rows import Probe


@dataclass(frozen=True, slots=True)
class Judging:
    """repeats: how often a judge is sampled for each thing; 1 asks it once, greedily. likelihood: ask the subject's own
    likelihood ratio as a second judge. pairwise: ask the judge for preferences between arms, in both orders."""

    repeats: int = 1
    likelihood: bool = False
    pairwise: bool = False


def judge_of_run(program: Program, engine: CachedEngine, repeats: int = 1) -> ModelJudge:
    return ModelJudge(engine, rubrics.of_program(program, plain=rubrics.is_plain(engine.base.name)), repeats)


def judged_clauses(program: Program) -> list[Clause]:
    return [c for c in program.clauses if any(isinstance(check, JudgeCheck) for check in deciding_checks(c))]


def with_likelihoods(
    program: Program, probes: Sequence[Probe], measurements: Sequence[Measurement], subject: CachedEngine
) -> list[Measurement]:
    """Return the measurements, those on a judged clause's own probes with the ratio of their answer."""
    by_id = {probe.id: probe for probe in probes}
    ratios: dict[int, float] = {}
    for clause in judged_clauses(program):
        own = [
            place
            for place, m in enumerate(measurements)
            if m.answer and (probe := by_id.get(m.probe_id)) is not None and probe.clause_id == clause.id
        ]
        asked = [(by_id[measurements[p].probe_id].question, measurements[p].answer) for p in own]
        different = list(dict.fromkeys(asked))
        found = dict(zip(different, likelihood.ratios(subject, told(program, clause), different), strict=True))
        ratios.update({p: ratio[0] for p, one in zip(own, asked, strict=True) if (ratio := found[one]) is not None})
    return [
        m.model_copy(update={"likelihood": round(ratios[place], 4)}) if place in ratios else m
        for place, m in enumerate(measurements)
    ]


def preferences(
    program: Program, probes: Sequence[Probe], measurements: Sequence[Measurement], judge: ModelJudge
) -> tuple[Pairwise, ...]:
    """Return, for each judged clause, the judge's preferences between each arm and the base, on the clause's own probes
    where their answers differ."""
    answers = {(m.probe_id, m.arm): m.answer for m in measurements}
    arms: list[Arm] = list(dict.fromkeys(m.arm for m in measurements if m.arm != "base"))
    found = []
    for clause in judged_clauses(program):
        check = next(c for c in deciding_checks(clause) if isinstance(c, JudgeCheck))
        own = [probe for probe in probes if probe.clause_id == clause.id and probe.aspect in ("kept", "author")]
        for arm in arms:
            asked = [
                (probe.question, ours, theirs)
                for probe in own
                if (ours := answers.get((probe.id, arm))) and (theirs := answers.get((probe.id, "base")))
                if ours != theirs
            ]
            said = pairwise.prefer(judge.engine, judge.rubric(check.principle), asked)
            first, second = said.count("first"), said.count("second")
            found.append(
                Pairwise(
                    clause_id=clause.id,
                    arm=arm,
                    against="base",
                    n=len(asked),
                    first=first if check.present else second,
                    second=second if check.present else first,
                    flips=said.count("flipped"),
                    unread=said.count(None),
                )
            )
    return tuple(found)
