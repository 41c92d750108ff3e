"""A report with everything in it that a report can hold: verdicts of each sort, long dialogues, an inventory, mutants.

In: a report on a made-up run. Out: the same with further records. Their figures are made up too: they fit the schema
and each other (shares fall, intervals hold their share), and mean nothing.
"""

from __future__ import annotations

import random

from compiler.records import Arm
from compiler.report.record import DiffReport, Mutant, Profile, Score, Survival, SurvivalStep

FACTORS = ("Openness", "Conscientiousness", "Extraversion", "Agreeableness", "Neuroticism")


def full(report: DiffReport) -> DiffReport:
    """Return `report` with survival curves, profiles and mutants for its own clauses and arms."""
    dice = random.Random(11)
    kinds = [row.id for row in report.clauses]
    return report.model_copy(
        update={
            "survival": tuple(survival(i, arm, dice) for i in kinds[:2] for arm in report.arms),
            "profiles": tuple(profile(arm, dice) for arm in report.arms if arm in ("base", report.subject)),
            "mutants": tuple(mutant(i, number) for number, i in enumerate(kinds)),
        }
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
    def score() -> Score:
        value = round(dice.uniform(1.6, 4.6), 2)
        return Score(value=value, low=max(1.0, value - 0.5), high=min(5.0, value + 0.4), n=10)

    return Profile(
        inventory="short inventory, 50 items",
        arm=arm,
        points=5,
        stated={factor: score() for factor in FACTORS},
        revealed={factor: score() for factor in FACTORS} if arm != "base" else {},
        acquiescence=0.42 if arm != "base" else None,
        unread=3 if arm == "base" else 0,
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
