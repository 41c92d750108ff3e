"""How far each judge can be trusted, for readers: one card for each calibration of a judge.

In: calibrations with the reason why one no longer counts, and preferences between arms. Out: cards, with exact
intervals of what the judge gets right and agreement beyond chance. This file must not know answers or verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from compiler import judges, statistics
from compiler.records.behaviour import JudgeCard
from compiler.records.figures import Score
from compiler.records.measured import Calibration, MeasureReport, Pairwise
from compiler.statistics.intervals import Estimate


def cards(
    measured: MeasureReport,
    calibrations: Iterable[Calibration],
    expired: Callable[[Calibration], str | None],
    kin: str | None = None,
) -> tuple[JudgeCard, ...]:
    """Return a card for each calibration of a judge, then one for each set of preferences.

    Args:
        kin: what the judge is to those whose answers it grades.
    """
    known = [c for c in calibrations if c.what in ("judge", "likelihood")]
    fresh = [c for c in known if expired(c) is None]
    found = [
        _card(measured, c).model_copy(
            update={
                "stale": expired(c),
                "calibrated": expired(c) is None
                and c.what == "judge"
                and judges.fault([f for f in fresh if f.clause_id == c.clause_id], c.arm) is None,
            }
        )
        for c in known
    ]
    pairs = (_of_pairs(measured, pairs) for pairs in measured.pairwise)
    return tuple(c.model_copy(update={"kin": kin}) if c.by == "model" else c for c in (*found, *pairs))


def _card(measured: MeasureReport, c: Calibration) -> JudgeCard:
    by = "likelihood" if c.what == "likelihood" else "model"
    kappa, ac1 = _agreement(c)
    return JudgeCard(
        judge=f"{measured.base}, by likelihood" if by == "likelihood" else measured.judge,
        by=by,  # type: ignore[arg-type]  # the two literals of the field
        clause_id=c.clause_id,
        arm=c.arm,
        source=c.labels,
        labels=c.kept + c.broken,
        sensitivity=_share(c.kept_right, c.kept),
        specificity=_share(c.broken_right, c.broken),
        unread=c.unread,
        kappa=kappa,
        ac1=ac1,
    )


def _of_pairs(measured: MeasureReport, pairs: Pairwise) -> JudgeCard:
    read = pairs.n - pairs.unread
    return JudgeCard(
        judge=measured.judge,
        clause_id=pairs.clause_id,
        arm=pairs.arm,
        source=f"pairs of answers of {pairs.arm} and {pairs.against}, asked in both orders",
        labels=0,
        unread=pairs.unread,
        flip_rate=_share(pairs.flips, read),
    )


def _share(count: int, n: int) -> Score | None:
    if not n:
        return None
    bounds = statistics.clopper_pearson(count, n)
    return Score(value=count / n, low=bounds.low, high=bounds.high, n=n)


def _agreement(c: Calibration) -> tuple[Score | None, Score | None]:
    """Cohen's kappa and Gwet's AC1 of the judge and the labels."""
    from compiler.statistics.agreement import cohen_kappa, gwet

    people = [True] * c.kept + [False] * c.broken
    judge = [place < c.kept_right for place in range(c.kept)] + [place >= c.broken_right for place in range(c.broken)]

    def score(find: Callable[[], Estimate], chance: float) -> Score | None:
        try:
            found = find()
        except ValueError:  # one label throughout, or none: no coefficient can be told
            return None
        low = found.low if found.error else _low_of_full(found.value, chance, len(people))
        return Score(value=found.value, low=low, high=found.high, n=len(people))

    both: Sequence[tuple[bool, bool]] = list(zip(people, judge, strict=True))
    share = c.kept / len(people) if people else 0.0
    unlike = 2 * share * (1 - share)
    kappa = score(lambda: cohen_kappa(people, judge), 1 - unlike)
    return kappa, score(lambda: gwet(both, labels=[False, True]), unlike)


def _low_of_full(value: float, chance: float, n: int) -> float:
    """The lower bound of an agreement that is full (or fully reversed), whose variance cannot be estimated: the exact
    bound of the share that agrees (Clopper and Pearson), less agreement by chance, at the labels' own shares."""
    if value < 1.0:
        return value
    return (statistics.clopper_pearson(n, n).low - chance) / (1.0 - chance)
