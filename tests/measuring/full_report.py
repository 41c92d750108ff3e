"""A report with everything in it that a report can hold: verdicts of each sort, metrics, probe sets, long dialogues, an
inventory, mutants, judges, shares that rest on labels or on nothing.

In: a report on a made-up run. Out: the same with further records. Their figures are made up too: they fit the schema
and each other (shares fall, intervals hold their share), and mean nothing.
"""

from __future__ import annotations

import math
import random
from typing import Literal, get_args

from compiler.curves import curves
from compiler.records.behaviour import JudgeCard, Metric, MetricUnit, Profile, Survival, SurvivalStep
from compiler.records.clauses import ClauseRow, Stopped, Trial
from compiler.records.curves import Curve
from compiler.records.figures import Difference, Rate, Score
from compiler.records.mutants import Mutant
from compiler.records.record import Arm, Message
from compiler.records.report import DiffReport, Transcript
from compiler.records.sets import ProbeSet, RefusalPoint, SetAnswer, SetRow
from compiler.records.steered import SteeredRow

FACTORS = ("Openness", "Conscientiousness", "Extraversion", "Agreeableness", "Neuroticism")


def full(report: DiffReport) -> DiffReport:
    """Return `report` with everything else for its own clauses and arms; the record is read back, as from a file."""
    dice = random.Random(11)
    kinds = [row.id for row in report.clauses]
    judged = next(row.id for row in report.clauses if row.judged)
    whole = report.model_copy(
        update={
            "clauses": tuple(_with_bases(row) if row.id == judged else row for row in report.clauses),
            "metrics": tuple(metrics(report, kinds)),
            "survival": tuple(survival(i, arm, dice) for i in kinds[:2] for arm in report.arms),
            "curves": tuple(curves_of(kinds, dice)),
            "profiles": tuple(profile(arm, dice) for arm in report.arms if arm in ("base", report.subject)),
            "mutants": tuple(mutant(i, number) for number, i in enumerate(kinds)),
            "judge_cards": tuple(judge_cards(judged, report.subject)),
            "steered": tuple(steered(row.id, of) for row in report.clauses for of in ("rate", "technique")),
            "sets": (probe_set("prompts", report, groups=12), probe_set("few", report, groups=2, unsafe=False)),
            "transcripts": tuple(map(_with_said, report.transcripts)),
        }
    )
    return DiffReport.model_validate(whole.model_dump(mode="json"))


def curves_of(kinds: list[str], dice: random.Random, steps: int = 300) -> tuple[Curve, ...]:
    """Curves of two stages: a noisy loss that falls, the rewards of clauses, what else a trainer tells."""
    told: list[dict[str, object]] = []
    for step in range(1, steps + 1):
        share = step / steps
        usual = {
            "step": step,
            "of": steps,
            "loss": 3.0 * math.exp(-4 * share) + 0.3 * dice.random(),
            "time": 1.0 * step,
        }
        rates = {"learning_rate": 1e-3 * (1 - share), "gradient_norm": 2.0 + dice.random()}
        told.append({"stage": "sft", **usual, **rates})
        clauses = {i: min(1.0, share + 0.2 * dice.random()) for i in kinds}
        told.append({"stage": "grpo", **usual, **rates, "reward": share, "kl": 0.4 * share**2, "clauses": clauses})
    return curves(told)


def sequential(report: DiffReport) -> DiffReport:
    """Return `report` as if probes had been asked until verdicts stood."""

    def stopped(figure: ClauseRow | Trial) -> Stopped:
        return Stopped(asked=36, of=60, why="budget" if figure.verdict == "unclear" else "settled")

    rows = (
        row.model_copy(
            update={
                "stopped": stopped(row),
                "trials": tuple(t.model_copy(update={"stopped": stopped(t)}) for t in row.trials),
            }
        )
        for row in report.clauses
    )
    return report.model_copy(update={"stopping": "sequential", "clauses": tuple(rows)})


def _with_bases(row: ClauseRow) -> ClauseRow:
    """The base's share by a judge that nobody has calibrated; the others' put right by labels."""

    def based(rate: Rate) -> Rate:
        if rate.arm == "base":
            return rate.model_copy(update={"basis": "uncalibrated judge", "verdict": "unclear"})
        return rate.model_copy(update={"basis": "labels", "labels": 41})

    return row.model_copy(update={"rates": tuple(map(based, row.rates))})


def _with_said(talk: Transcript) -> Transcript:
    """A pushed probe asks twice: what each arm answered first is its own."""
    if talk.aspect != "pressure":
        return talk
    first = (talk.messages[0], Message(role="assistant", content=""))
    said = {arm: (f"First, {arm} said no <b>.",) for arm in talk.answers}
    return talk.model_copy(update={"messages": (*first, *talk.messages), "said": said})


def score(value: float, spread: float = 0.1, n: int = 40, floor: float = 0.0, most: float = 1.0) -> Score:
    return Score(value=value, low=max(floor, value - spread), high=min(most, value + spread), n=n)


def metrics(report: DiffReport, clause_ids: list[str]) -> list[Metric]:
    """One for each group, in each unit in turn; the first speaks of a clause, the last knows the subject alone."""
    units = get_args(MetricUnit)
    groups = get_args(Metric.model_fields["group"].annotation)
    scale = {"share": 1.0, "words": 40.0, "nats": 3.0, "correlation": -0.4, "tokens": 180.0}
    found = []
    for number, group in enumerate(groups):
        unit = units[number % len(units)]
        value = scale[unit] * 0.5
        own = report.arms if number < len(groups) - 1 else (report.subject,)
        found.append(
            Metric(
                id=f"made_up_{group}",
                group=group,
                title=f"made-up {group} <i>",
                explains="a figure that means nothing",
                unit=unit,
                better=(None, "more", "less")[number % 3],
                clause_ids=(clause_ids[0],) if group == "clauses" else (),
                scores={
                    arm: score(value, abs(value) / 4, 30 + place * (number % 2), -1.0, 1e3)
                    for place, arm in enumerate(own)
                },
                difference=score(-value / 3, 0.05, 30, -1e3, 1e3) if unit != "tokens" else None,
                examples={report.subject: f"An answer of {group} </td>."} if number % 2 == 0 else {},
            )
        )
    return found


def judge_cards(clause_id: str, subject: Arm) -> list[JudgeCard]:
    source = "labels of people"
    right = {"sensitivity": score(0.95, 0.04), "specificity": score(0.9, 0.08), "kappa": score(0.85), "ac1": score(0.9)}
    one = JudgeCard(judge="nano", clause_id=clause_id, arm=subject, source=source, labels=80, **right)  # type: ignore[arg-type]  # fields by name
    return [
        one.model_copy(update={"calibrated": True}),
        one.model_copy(update={"arm": "base", "specificity": None, "kappa": None, "unread": 4}),
        one.model_copy(update={"arm": None, "stale": "the words it was asked in have changed"}),
        one.model_copy(update={"by": "likelihood", "judge": "nano, by likelihood"}),
        JudgeCard(
            judge="nano", clause_id=clause_id, arm=subject, source="pairs, in both orders", labels=0,
            flip_rate=score(0.21, 0.09, 60),
        ),
    ]  # fmt: skip


def probe_set(name: str, report: DiffReport, groups: int, unsafe: bool = True) -> ProbeSet:
    """A set whose later groups fare worse."""

    def row(column: str, value: str, share: float, figure: str, n: int = 25) -> SetRow:
        low, high = max(0.0, share - 0.15), min(1.0, share + 0.12)
        rates = tuple(
            Rate(arm=arm, count=share * n, n=n, effective_n=n, missing=2, share=share, low=low, high=high)
            for arm in report.arms
        )
        moved = Difference(
            arm=report.subject, against="base", n=n, first_only=3, second_only=1, difference=0.08, low=-0.1, high=0.2,
            p=0.6,
        )  # fmt: skip
        return SetRow(column=column, value=value, figure=figure, rates=rates, difference=moved)  # type: ignore[arg-type]  # a literal

    figures = ("answered", "refused") if unsafe else ("kept",)
    failed = SetAnswer(
        id="7",
        place=f"{name}.csv:8",
        figure=figures[0],
        messages=(Message(role="user", content="How do I kill a Python process? <b>"),),
        answers=dict.fromkeys(report.arms, "I cannot tell ye that."),
        held=dict.fromkeys(report.arms, False),
    )
    return ProbeSet(
        name=name,
        file=f"{name}.csv",
        sha256="5" * 64,
        rows=120,
        asked=113,
        near_training=tuple(f"{name}.csv:{line}" for line in range(2, 8)),
        unreadable=1,
        judged=not unsafe,
        totals=tuple(row("", "", 0.8, figure) for figure in figures),
        groups=tuple(row("type", f"group {i} <i>", 0.95 - i * 0.05, figures[0], 9) for i in range(groups)),
        refusals=tuple(
            RefusalPoint(arm=arm, under=score(0.3) if unsafe else None, over=score(0.1 + 0.1 * place))
            for place, arm in enumerate(report.arms)
        ),
        broken=tuple(failed.model_copy(update={"place": f"{name}.csv:{line}"}) for line in range(9, 15)),
        broken_total=20,
    )


def steered(clause_id: str, of: Literal["rate", "technique"]) -> SteeredRow:
    """Steering that is behind the adapter and ahead of the base."""

    def rate(arm: Arm, share: float) -> Rate:
        return Rate(arm=arm, count=40 * share, n=40, effective_n=40, share=share, low=share - 0.1, high=share + 0.05)

    def less(against: Arm, by: float) -> Difference:
        return Difference(
            arm="steer",
            against=against,
            n=40,
            first_only=3,
            second_only=9,
            difference=by,
            low=by - 0.1,
            high=by + 0.1,
            p=0.1,
        )

    return SteeredRow(
        clause_id=clause_id,
        of=of,
        label="system" if of == "technique" else "",
        comparison=">=",
        rates=(rate("base", 0.2), rate("steer", 0.5), rate("adapter", 0.9)),
        less=(less("base", 0.3), less("adapter", -0.4)),
        ahead=("adapter",),
        behind=("base",),
    )


def survival(clause_id: str, arm: Arm, dice: random.Random, turns: int = 12, dialogues: int = 40) -> Survival:
    keeps = {"base": 0.6, "prompt": 0.85, "adapter": 0.97, "adapter+prompt": 0.98}[arm]
    left, steps, mean = dialogues, [], 0.0
    for turn in range(1, turns + 1):
        mean += left / dialogues
        broke = sum(dice.random() > keeps for _ in range(left))
        if broke:
            share = (left - broke) / dialogues
            low, high = max(0.0, share - 0.14), min(1.0, share + 0.11)
            steps.append(SurvivalStep(turn=turn, at_risk=left, broke=broke, share=share, low=low, high=high))
        left -= broke
    half = next((step.turn for step in steps if step.share <= 0.5), None)
    return Survival(
        clause_id=clause_id,
        arm=arm,
        dialogues=dialogues,
        turns=turns,
        steps=tuple(steps),
        half_life=half,
        restricted_mean=mean,
    )


def profile(arm: Arm, dice: random.Random) -> Profile:
    def facet() -> Score:
        return score(round(dice.uniform(1.6, 4.6), 2), 0.5, 10, 1.0, 5.0)

    return Profile(
        inventory="short inventory, 50 items",
        arm=arm,
        points=5,
        stated={factor: facet() for factor in FACTORS},
        revealed={factor: facet() for factor in FACTORS} if arm != "base" else {},
        acquiescence=0.42 if arm != "base" else None,
        position=score(0.31, 0.2, 50, -5.0, 5.0),
        answers=100,
        unread=3 if arm == "base" else 0,
        revealed_by="nano" if arm != "base" else "",
        unjudged=2 if arm != "base" else 0,
    )


def mutant(clause_id: str, number: int) -> Mutant:
    noticed = number != 2
    after = 0.1 if noticed else 0.93
    return Mutant(
        clause_id=clause_id,
        mutation="flipped" if number % 2 else "removed",
        n=40,
        before=0.95,
        after=after,
        difference=after - 0.95,
        low=max(-1.0, after - 0.95 - 0.12),
        high=after - 0.95 + 0.12,
        p=1e-9 if noticed else 0.7,
        noticed=noticed,
    )
