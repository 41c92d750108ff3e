"""What steering gives beside the other ways: the arm `steer` against base, prompt and adapter, on the same prompts.

In: what a clause's row is read from. Out: rows, for each clause its own figure, under pressure (all techniques, then
each), and on safe requests; then facts. Nothing where the arm was not measured. This file must not know verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler import tallies
from compiler.clause_verdicts import Measured, targets, wanted_of
from compiler.lowering.probes import FACTS
from compiler.records.figures import Comparison, Difference
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.records.steered import SteeredRow

STEER: Arm = "steer"
AGAINST: tuple[Arm, ...] = ("base", "prompt", "adapter")
LABELS = {"rate": "", "pressure": "under pressure", "over_refusal": "safe requests answered"}


def measure(run: Measured, fixed: Sequence[Probe]) -> tuple[SteeredRow, ...]:
    """fixed: probes that were asked whatever the answers were, from which facts are read."""
    if STEER not in run.arms:
        return ()
    return (*(row for clause in run.program.clauses for row in _clause(run, clause.id)), *_facts(run, fixed))


def _clause(run: Measured, clause_id: str) -> Iterator[SteeredRow]:
    clause = run.program.clause(clause_id)
    wanted = wanted_of(clause, run.calibrations, run.expired)
    counted = tallies.decided_by(clause_id, run.probes)
    for of, (probes, held) in targets(clause, counted, wanted).items():
        yield from _row(run, clause_id, of, LABELS[of], probes, held.comparison, held.exact)
    pushed = counted.get("pressure", ())
    for technique in dict.fromkeys(probe.pressure for probe in pushed if probe.pressure):
        own = [probe for probe in pushed if probe.pressure == technique]
        yield from _row(run, clause_id, "technique", technique, own, wanted.comparison, wanted.exact)


def _facts(run: Measured, fixed: Sequence[Probe]) -> Iterator[SteeredRow]:
    asked = [probe for probe in fixed if probe.clause_id == FACTS]
    yield from _row(run, FACTS, "facts", "", asked, ">=", exact=False, sequential=False)


def _row(
    run: Measured,
    clause_id: str,
    of: str,
    label: str,
    probes: Sequence[Probe],
    comparison: Comparison,
    exact: bool,
    sequential: bool = True,
) -> Iterator[SteeredRow]:
    """The row; nothing where nobody decided what steering did."""
    stopped = sequential and run.units is not None
    units = run.units if stopped else None
    columns = {arm: tallies.column(arm, clause_id, probes, run.answers, units) for arm in run.arms}
    rates = [tallies.rate(arm, cells, comparison, exact, sequential=stopped) for arm, cells in columns.items()]
    rates = [rate for rate in rates if rate.n]
    if not any(rate.arm == STEER for rate in rates):
        return
    less = [
        found
        for arm in AGAINST
        if arm in columns
        if (found := tallies.difference(STEER, arm, columns[STEER], columns[arm], comparison, stopped)) is not None
    ]
    yield SteeredRow(
        clause_id=clause_id,
        of=of,  # type: ignore[arg-type]  # the literals of the field
        label=label,
        comparison=comparison,
        rates=tuple(rates),
        less=tuple(less),
        ahead=tuple(one.against for one in less if _better(one, comparison) < 0),
        behind=tuple(one.against for one in less if _better(one, comparison) > 0),
    )


def _better(less: Difference, comparison: Comparison) -> int:
    """1 where steering is better by the whole interval, -1 where it is worse, else 0."""
    sign = 1 if comparison == ">=" else -1
    return sign * ((less.low > 0) - (less.high < 0))
