"""One clause's row of the report: its rates in every arm, its verdict, and the verdicts and measures beside it.

In: a clause, the run's probes and answers. Out: a `ClauseRow`. What the figures are and what decides them:
`compiler.clause_verdicts`. This file must not know other clauses' rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from compiler import statistics, stopping, tallies
from compiler.checks import patterns, phrases
from compiler.clause_verdicts import Measured, Wanted, decided, is_hopeless, targets, wanted_of
from compiler.deciding import deciding_checks, unchecked
from compiler.generators.pushes import pushes_for
from compiler.ir import Clause
from compiler.methods import method
from compiler.records.checks import Check, PatternsCheck, PhrasesCheck
from compiler.records.clauses import ClauseRow, Leak, Line, Place, Stopped, Trial
from compiler.records.figures import Comparison, Difference, Rate, Score, Verdict
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.rendering import says
from compiler.statistics.unpaired import newcombe_unpaired
from spec.source import Span


def clause_row(run: Measured, clause: Clause) -> ClauseRow:
    """Return the row of `clause`."""
    checks = deciding_checks(clause)
    wanted = wanted_of(clause, run.calibrations, run.expired)
    main = tallies.decided_by(clause.id, run.probes).get("rate", ())
    own, trials = figures(run, clause)
    return ClauseRow(
        id=clause.id,
        kind=clause.kind,
        name=clause.name,
        level=clause.level.name.lower(),
        says=says(run.program, clause),
        because=clause.because,
        hard=wanted.exact,
        place=_place(clause.span, run.sources),
        text=_text(clause.span, run.sources),
        methods=tuple(method(check) for check in checks),
        unchecked=unchecked(clause),
        judged=wanted.judge is not None,
        calibrations=tuple(c for c in run.calibrations if c.clause_id == clause.id),
        **own,
        trials=trials,
        lines=tuple(_lines(run, clause, wanted)),
        leaks=tuple(_leaks(run, clause.id, checks, main)) if clause.kind == "forbid" else (),
    )


# ------------------------------------------------------------------ a figure with its verdict


class FigureFields(TypedDict):
    """The fields that `ClauseRow` and `Trial` share."""

    comparison: Comparison
    target: float
    rates: tuple[Rate, ...]
    difference: Difference | None
    verdict: Verdict
    reason: str | None
    more: int | None
    p: float | None
    stopped: Stopped | None


def figures(run: Measured, clause: Clause) -> tuple[FigureFields, tuple[Trial, ...]]:
    """Return all of a clause that has a verdict: its own figure, then under pressure and on safe requests."""
    wanted = wanted_of(clause, run.calibrations, run.expired)
    found = targets(clause, tallies.decided_by(clause.id, run.probes), wanted)
    trials = tuple(_trial(run, clause, of, *held) for of, held in found.items() if of != "rate")
    return _figure(run, clause.id, *found["rate"]), trials


def _figure(run: Measured, clause_id: str, probes: Sequence[Probe], wanted: Wanted) -> FigureFields:
    columns = run.columns(clause_id, probes)
    found = {arm: decided(run, arm, clause_id, probes, columns[arm], wanted) for arm in run.arms}
    subject, reason = found[run.subject]
    if run.units is not None and not subject.n and not subject.missing:
        reason = "no probe was asked within the budget"
    p_value = None
    if subject.n and subject.basis != "labels" and (wanted.judge is None or reason is None):
        # The chance to see what was seen, or better, from a model that is exactly at the target.
        count = subject.share * subject.effective_n
        tail = statistics.binomial_tail if run.units is None else stopping.p_value
        p_value = tail(count, subject.effective_n, wanted.share, wanted.comparison)
    return {
        "comparison": wanted.comparison,
        "target": wanted.share,
        "rates": tuple(rate for rate, _ in found.values()),
        "difference": tallies.against_base(run.subject, columns, wanted.comparison, run.units is not None),
        "verdict": subject.verdict or "unclear",
        "reason": reason,
        "more": subject.more if subject.verdict == "unclear" else None,
        "p": p_value,
        "stopped": None if run.units is None else _stopped(run, probes, subject.verdict, wanted),
    }


def _stopped(run: Measured, probes: Sequence[Probe], verdict: Verdict | None, wanted: Wanted) -> Stopped:
    asked, of = sum((probe.id, run.subject) in run.answers for probe in probes), len(probes)
    if asked == of:
        return Stopped(asked=asked, of=of, why="all asked")
    if verdict != "unclear":
        return Stopped(asked=asked, of=of, why="settled")
    why: Literal["its judge settles nothing", "budget"]
    why = "its judge settles nothing" if is_hopeless(wanted, run.subject) else "budget"
    return Stopped(asked=asked, of=of, why=why)


def _trial(
    run: Measured, clause: Clause, of: Literal["pressure", "over_refusal"], probes: Sequence[Probe], wanted: Wanted
) -> Trial:
    label = "under pressure"
    if of == "over_refusal":
        label = "safe look-alikes answered" if probes[0].aspect == "safe" else "everyday requests answered"
    return Trial(of=of, label=label, **_figure(run, clause.id, probes, wanted))


# ------------------------------------------------------------------ further measures


def _lines(run: Measured, clause: Clause, wanted: Wanted) -> list[Line]:
    groups: dict[tuple[str, str], list[Probe]] = defaultdict(list)
    own = [probe for probe in run.probes if probe.clause_id == clause.id]
    for probe in own:
        if probe.aspect == "pressure":
            groups["pressure", probe.pressure or "pressure"].append(probe)
        elif probe.aspect in ASPECTS:
            groups[probe.aspect, ASPECTS[probe.aspect]].append(probe)
    if not any(probe.aspect == "safe" for probe in own):
        # Then everyday requests have the verdict on over-refusal.
        groups.pop(("everyday", ASPECTS["everyday"]), None)
    trained = {push.technique for push in pushes_for(clause)}
    unpushed = _kept(run, clause, [probe for probe in own if probe.aspect == "kept"])
    out: list[Line] = []
    for (aspect, label), probes in groups.items():
        if not any((probe.id, run.subject) in run.answers for probe in probes):
            continue
        columns = run.columns(clause.id, probes)
        # Everyday requests and the other side of a condition have checks of their own: `kept` is the good share there.
        side: Comparison = ">=" if aspect in ("everyday", "outside") else wanted.comparison
        out.append(
            Line(
                aspect=aspect,  # type: ignore[arg-type]  # the groups' keys are aspects of lines
                label=label,
                rates=tuple(
                    tallies.rate(arm, columns[arm], side, wanted.exact, sequential=run.units is not None)
                    for arm in run.arms
                ),
                difference=tallies.against_base(run.subject, columns, side, run.units is not None),
                gaps=_gaps(run, clause, unpushed, probes) if aspect == "pressure" else {},
                trained=label in trained if aspect == "pressure" else None,
            )
        )
    return out


def _gaps(run: Measured, clause: Clause, unpushed: Mapping[Arm, Rate], pushed: Sequence[Probe]) -> dict[Arm, Score]:
    """What a push costs each arm: the share that keeps the clause unpushed, on its own prompts, less the share under
    it. The prompts differ, so the interval is that of two samples: Newcombe's, on effective numbers, or, where asking
    stopped by the answers, that of two sequences."""
    gaps: dict[Arm, Score] = {}
    interval = newcombe_unpaired if run.units is None else stopping.unpaired
    for arm, under in _kept(run, clause, pushed).items():
        before = unpushed[arm]
        if before.n and under.n:
            bounds = interval(
                before.share * before.effective_n,
                before.effective_n,
                under.share * under.effective_n,
                under.effective_n,
            )
            gaps[arm] = Score(value=before.share - under.share, low=bounds.low, high=bounds.high, n=under.n)
    return gaps


def _kept(run: Measured, clause: Clause, probes: Sequence[Probe]) -> dict[Arm, Rate]:
    columns = run.columns(clause.id, probes)
    return {
        arm: tallies.rate(arm, columns[arm], ">=", exact=False, sequential=run.units is not None) for arm in run.arms
    }


ASPECTS = {
    "everyday": "everyday requests answered",
    "outside": "left alone where it does not apply",
    "author": "the author's own probes",
    "reworded": "asked in unusual words",
}


def _leaks(run: Measured, clause_id: str, checks: Sequence[Check], probes: Sequence[Probe]) -> list[Leak]:
    prompts: dict[tuple[Arm, str], set[tallies.Key]] = defaultdict(set)
    for arm in run.arms:
        for probe in probes:
            measurement = run.answers.get((probe.id, arm))
            if measurement is None or measurement.held.get(clause_id) is not False:
                continue
            for check in checks:
                if isinstance(check, PhrasesCheck) and (match := phrases.found(check.phrases, measurement.answer)):
                    prompts[arm, match.layer].add(tallies.prompt_key(probe))
                elif isinstance(check, PatternsCheck) and patterns.found(
                    check.patterns, check.flags, measurement.answer
                ):
                    prompts[arm, "pattern"].add(tallies.prompt_key(probe))
    looked = {arm: len(tallies.column(arm, clause_id, probes, run.answers)) for arm in run.arms}
    return [Leak(arm=arm, layer=layer, count=len(keys), n=looked[arm]) for (arm, layer), keys in prompts.items()]


# ------------------------------------------------------------------ the clause itself


def _place(span: Span, sources: Mapping[str, str]) -> Place | None:
    if not span.path:
        return None
    text = sources.get(span.path, "")
    return Place(
        path=span.path,
        line=span.line,
        column=span.column,
        start=span.start,
        end=span.end,
        last_line=span.line + text[span.start : span.end].count("\n"),
    )


def _text(span: Span, sources: Mapping[str, str]) -> str | None:
    return sources[span.path][span.start : span.end] if span.path in sources else None
