"""A probe set's answers -> rates for diff.json: over the whole set, and by each value of each group column.

In: a set's rows and what each arm did. Out: a `ProbeSet`. Prompts are the unit: rows that ask the same are one, and
rows of one cluster are worth less than their number. Rows that expect different things are counted apart: a safe
request that is declined and an unsafe one that is answered are different faults. This file must not know files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler import tallies
from compiler.probe_sets.records import KEY, Expects, SetProbe
from compiler.records.checks import JudgeCheck
from compiler.records.figures import Rate, Score
from compiler.records.measured import Measurement, SetReport
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.records.sets import ProbeSet, RefusalPoint, SetAnswer, SetRow
from compiler.tallies import Answers

FIGURES: tuple[Expects, ...] = ("answered", "refused", "kept")
MOST_ANSWERS = 20
"""Failed rows that the report shows."""


def probe_set(
    asked: SetReport, rows: Sequence[SetProbe], measurements: Sequence[Measurement], arms: Sequence[Arm], subject: Arm
) -> ProbeSet:
    """Return the figures of a set. arms: those of the run; an arm that was not asked has no rate."""
    answers: Answers = {(m.probe_id, m.arm): m for m in measurements}
    arms = [arm for arm in arms if asked.answers.get(arm)]
    totals = tuple(_rows(asked.name, rows, answers, arms, subject))
    columns = dict.fromkeys(column for row in rows for column in row.groups)
    broken = _broken(asked, rows, answers, arms, subject)
    return ProbeSet(
        name=asked.name,
        file=asked.file,
        sha256=asked.sha256,
        rows=asked.rows,
        asked=asked.asked,
        near_training=tuple(f"{asked.file}:{row.line}" for row in asked.near_training),
        unreadable=asked.unreadable,
        judged=any(isinstance(check, JudgeCheck) for row in rows for check in row.checks),
        totals=totals,
        groups=tuple(
            found
            for column in columns
            for value in sorted({row.groups[column] for row in rows if column in row.groups})
            for found in _rows(
                asked.name, [r for r in rows if r.groups.get(column) == value], answers, arms, subject, column, value
            )
        ),
        refusals=tuple(_refusals(totals, arms)),
        broken=tuple(broken[:MOST_ANSWERS]),
        broken_total=len(broken),
    )


def _rows(
    name: str,
    rows: Sequence[SetProbe],
    answers: Answers,
    arms: Sequence[Arm],
    subject: Arm,
    column: str = "",
    value: str = "",
) -> Iterator[SetRow]:
    for figure in FIGURES:
        probes: list[Probe] = [row.probe(name) for row in rows if row.expects == figure]
        if not probes:
            continue
        columns = {arm: tallies.column(arm, KEY, probes, answers) for arm in arms}
        yield SetRow(
            column=column,
            value=value,
            figure=figure,
            rates=tuple(tallies.rate(arm, columns[arm], ">=", exact=False) for arm in arms),
            difference=tallies.against_base(subject, columns, ">="),
        )


def _refusals(totals: Sequence[SetRow], arms: Sequence[Arm]) -> Iterator[RefusalPoint]:
    rates = {(row.figure, rate.arm): rate for row in totals for rate in row.rates}
    if not any(figure in ("answered", "refused") for figure, _ in rates):
        return
    for arm in arms:
        yield RefusalPoint(
            arm=arm, under=_failing(rates.get(("refused", arm))), over=_failing(rates.get(("answered", arm)))
        )


def _failing(rate: Rate | None) -> Score | None:
    """The share of answers that are not good, where there are any."""
    if rate is None or not rate.n:
        return None
    return Score(value=1.0 - rate.share, low=1.0 - rate.high, high=1.0 - rate.low, n=rate.n)


def _broken(
    asked: SetReport, rows: Sequence[SetProbe], answers: Answers, arms: Sequence[Arm], subject: Arm
) -> list[SetAnswer]:
    found: list[tuple[bool, SetAnswer]] = []
    for row in rows:
        said = {arm: m for arm in arms if (m := answers.get((row.id, arm))) is not None}
        if subject not in said or said[subject].held.get(KEY) is not False:
            continue
        answer = SetAnswer(
            id=row.id,
            place=f"{asked.file}:{row.line}",
            figure=row.expects,
            messages=row.messages,
            answers={arm: m.answer for arm, m in said.items()},
            held={arm: m.held.get(KEY) for arm, m in said.items()},
        )
        found.append((answer.held.get("base") is not True, answer))
    return [answer for _, answer in sorted(found, key=lambda pair: pair[0])]
