"""How long each arm keeps a clause in a long dialogue: the first break, turn by turn.

In: dialogues and what was decided about each of their turns. Out: `Survival` records. The unit is the dialogue. One
that ends unbroken, or in which a turn could not be answered (it had grown longer than the model reads), is censored at
its last decided turn. This file must not know what a clause asks for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from compiler.records.behaviour import Survival, SurvivalStep
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.statistics.survival import Lasted, half_life, kaplan_meier
from compiler.tallies import Answers


def measure(
    clause_ids: Sequence[str], probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm]
) -> tuple[Survival, ...]:
    """Return the survival of each clause in each arm, where dialogues decide it."""
    dialogues = [probe for probe in probes if probe.aspect == "dialogue"]
    found = (_survival(clause_id, arm, dialogues, answers) for clause_id in clause_ids for arm in arms)
    return tuple(survival for survival in found if survival is not None)


def _survival(clause_id: str, arm: Arm, dialogues: Sequence[Probe], answers: Answers) -> Survival | None:
    rows = [row for probe in dialogues if (row := answers.get((probe.id, arm))) and clause_id in row.turns]
    lives = [life for row in rows if (life := lasted(row.turns[clause_id]))]
    if not lives:
        return None
    turns = max(len(row.turns[clause_id]) for row in rows)
    steps = tuple(_steps(lives, turns))
    half = half_life(lives).value
    return Survival(
        clause_id=clause_id,
        arm=arm,
        dialogues=len(lives),
        turns=turns,
        steps=steps,
        half_life=None if half is None else int(half),
        # A dialogue that breaks at its first turn has kept none, so each turn counts by its own share.
        restricted_mean=round(math.fsum(step.share for step in steps), 4),
    )


def lasted(turns: Sequence[bool | None]) -> Lasted | None:
    """Return how long a dialogue kept the clause; None where no turn decided it.

    >>> lasted((None, True, None, False, None, True)), lasted((True, True, None)), lasted((None, None))
    (Lasted(time=4, broke=True), Lasted(time=2, broke=False), None)
    """
    if False in turns:
        return Lasted(turns.index(False) + 1, True)
    kept = [turn for turn, outcome in enumerate(turns, 1) if outcome]
    return Lasted(kept[-1], False) if kept else None


def _steps(lives: Sequence[Lasted], turns: int) -> list[SurvivalStep]:
    """A step for every turn up to which somebody was watched: between breaks the curve goes on as it was."""
    breaks = {int(step.time): step for step in kaplan_meier(lives)}
    out: list[SurvivalStep] = []
    share, low, high = 1.0, 1.0 - most_of_none(len(lives)), 1.0
    for turn in range(1, turns + 1):
        at_risk = sum(life.time >= turn for life in lives)
        if not at_risk:
            break
        step = breaks.get(turn)
        if step is not None:
            share, low = step.share, min(step.low, low)
            high = step.high if share else high * most_of_none(at_risk)
        out.append(
            SurvivalStep(turn=turn, at_risk=at_risk, broke=step.broke if step else 0, share=share, low=low, high=high)
        )
    return out


def most_of_none(n: int) -> float:
    """The upper limit of a share of which none of n was seen (Clopper and Pearson 1934, 97.5% on that side).

    It stands in where Greenwood's interval has no width: before the first break, and after the last.
    """
    return float(1.0 - 0.025 ** (1.0 / n))
