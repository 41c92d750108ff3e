"""Measuring that stops where the verdicts stand: rounds of probes, the hardest verdict first.

In: a plan (`compiler.rounds`), the arms, and a function that has an arm answer a round. Out: the measurements of the
probes that were asked. All arms answer each round, so that differences are paired. A round is one batch of one clause
and its composition depends on the probe file alone: a killed measuring goes on from the cache, and so does one with a
larger budget. What is asked next depends on answers alone, so the same spec ends with the same bytes. This file must
not know how an answer is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from compiler import judges
from compiler.clause_rows import Measured, clause_row, wanted_of
from compiler.failures import DataError
from compiler.ir import Program
from compiler.records import Arm, Calibration, Measurement, Probe
from compiler.rounds import Plan, Stream, wanted
from compiler.tallies import subject_of

Ask = Callable[[Sequence[Probe], Arm], list[Measurement]]


def ask_until_settled(
    plan: Plan,
    program: Program,
    probes: Sequence[Probe],
    arms: Sequence[Arm],
    calibrations: Sequence[Calibration],
    ask: Ask,
    budget: int | None = None,
    tell: Callable[[int, str], None] = lambda asked, what: None,
) -> list[Measurement]:
    """Return the measurements of the probes that verdicts needed, arm by arm in the order of `probes`.

    Args:
        ask: has an arm answer probes of one clause.
        budget: the most answers of all arms together; a round that would exceed it is not asked.
        tell: called with the number of answers given, and what is asked.

    Raises:
        DataError: not one round fits the budget.
    """
    answers: dict[tuple[str, Arm], Measurement] = {}
    done: dict[Stream, int] = {}
    subject = subject_of(arms)
    unclear = {
        clause.id
        for clause in program.clauses
        if (judge := wanted_of(clause, calibrations)).judge is not None
        and judges.hopeless(judge.judge or (), subject, judge.comparison, judge.share, judge.exact)
    }

    def fits(asked: Sequence[Probe]) -> bool:
        return budget is None or len(answers) + len(asked) * len(arms) <= budget

    def put(asked: Sequence[Probe], what: str) -> None:
        tell(len(answers), what)
        for arm in arms:
            answers.update({(row.probe_id, arm): row for row in ask(asked, arm)})

    def next_round(stream: Stream) -> bool:
        asked = stream.rounds[done.get(stream, 0)]
        if not fits(asked):
            return False
        put(asked, stream.clause_id)
        done[stream] = done.get(stream, 0) + 1
        return True

    # 1. Every verdict's first round, then what is never asked in part.
    for stream in plan.streams:
        if stream.figure is not None:
            next_round(stream)
    if plan.always and fits(plan.always):
        put(plan.always, plan.always[0].clause_id)
    if not answers and budget is not None:
        least = min(len(stream.rounds[0]) for stream in plan.streams if stream.figure is not None) * len(arms)
        message = f"a budget of {budget} answers asks nothing: the smallest first round takes {least}"
        raise DataError(message, help=f"give --budget {least} or more, or leave it out")
    # 2. What is unsettled, a round each, until nothing is, nothing is left, or nothing fits.
    while True:
        of_run = Measured(program, probes, answers, arms, subject, calibrations, {}, units=plan.units)
        rows = [clause_row(of_run, clause) for clause in program.clauses]
        streams = wanted(plan, done, rows, subject, unclear)
        asked = [next_round(stream) for stream in streams]
        if not any(asked):
            return _in_order(answers, probes, arms)


def _in_order(
    answers: Mapping[tuple[str, Arm], Measurement], probes: Sequence[Probe], arms: Sequence[Arm]
) -> list[Measurement]:
    return [row for arm in arms for probe in probes if (row := answers.get((probe.id, arm))) is not None]
