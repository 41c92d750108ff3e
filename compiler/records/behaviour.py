"""diff.json beside the clauses: facts, side effects, metrics, survival, profiles and how far judges are to be trusted.

In: nothing. Out: one record for each kind of finding. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from compiler.records.figures import Difference, Rate, Score
from compiler.records.record import Arm, Record


class Facts(Record):
    """Factual controls. verdict: kept within `margin` (the whole one-sided 95% bound), lost, or unclear."""

    margin: float
    rates: tuple[Rate, ...]
    difference: Difference | None = None
    bound: tuple[float, float] | None = None
    verdict: Literal["kept", "lost", "unclear"] | None = None
    within_margin: bool | None = None
    lost: tuple[str, ...] = ()
    """Ids of probes answered rightly by the base and wrongly by the subject arm."""


class SideEffect(Record):
    """Something that moved, measured on the same prompts in every arm; n counts different prompts.

    unit: `share`, or `words`. values: per arm. difference: subject arm less base, with its interval. asked_by: clause
    ids that ask for a change in the direction in which it went. notable: it moved more than `threshold` (of length and
    variety: that part of the base's figure), beyond chance where there is an interval, and no clause asked for it.
    """

    id: str
    title: str
    explains: str
    unit: Literal["share", "words"]
    n: int
    values: dict[Arm, float]
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float
    asked_by: tuple[str, ...] = ()
    notable: bool = False
    examples: dict[Arm, str] = Field(default_factory=dict)


MetricUnit = Literal["share", "words", "nats", "correlation", "tokens"]
"""What a metric counts in. `tokens` are the subject's own."""


class Metric(Record):
    """One figure of behaviour beside the clauses, the same for every arm (`compiler.metrics`).

    id: unique in the report. group: what it is shown under. better: which way is good, None where neither is.
    clause_ids: the clauses that it is about; empty for the whole model. scores: per arm, with intervals; an arm of
    which nothing can be said is absent. difference: subject less base on common prompts, None where arms are not
    paired. examples: per arm, an answer that shows it.
    """

    id: str
    group: Literal["clauses", "identity", "leaks", "honesty", "helpfulness", "variety", "length", "drift", "cost"]
    title: str
    explains: str
    unit: MetricUnit
    better: Literal["more", "less"] | None
    clause_ids: tuple[str, ...] = ()
    scores: dict[Arm, Score]
    difference: Score | None = None
    examples: dict[Arm, str] = Field(default_factory=dict)


class SurvivalStep(Record):
    """After `turn` turns (from 1), the share of dialogues that have not broken the clause yet, with its interval.
    at_risk: dialogues that had kept it until then and were still watched."""

    turn: int
    at_risk: int
    broke: int
    share: float
    low: float
    high: float


class Survival(Record):
    """How long one arm keeps a clause in long dialogues (Kaplan and Meier). half_life: the first turn after which half
    or fewer still keep it, None where that is not reached. restricted_mean: turns kept on average, of `turns`:
    the sum of the shares."""

    clause_id: str
    arm: Arm
    dialogues: int
    turns: int
    steps: tuple[SurvivalStep, ...]
    half_life: int | None
    restricted_mean: float


class Profile(Record):
    """What one arm says of itself, and what it shows, for each factor of an inventory.

    stated: factor -> mean answer to its items, on the inventory's scale (1 to `points`), reversed items turned round.
    revealed: factor -> the same facets judged on everyday answers, on that scale; empty where nothing was judged.
    acquiescence: mean answer before turning round, over balanced items, less the middle of the scale: above 0 says yes
    to opposite statements alike; None where no factor has items of both keys. position: half the difference between the
    two orders of the scale: above 0 likes high numbers, whatever they stand for. answers: items asked, in each order;
    unread: those without a readable answer. revealed_by: the judge, which nobody has calibrated for this; unjudged:
    judgements that it did not give.
    """

    inventory: str
    arm: Arm
    points: int
    stated: dict[str, Score]
    revealed: dict[str, Score] = Field(default_factory=dict)
    acquiescence: float | None = None
    position: Score | None = None
    unread: int = 0
    answers: int = 0
    revealed_by: str = ""
    unjudged: int = 0


class JudgeCard(Record):
    """How far one judge can be trusted on one clause.

    by: a model that was asked, or the subject's own likelihood ratio. arm: whose answers were labelled, None for
    answers of no arm. source: where the labels come from, in words. labels: answers with a label and a verdict of the
    judge; unread: with a label and none. sensitivity: right among those that keep the clause; specificity: among those
    that break it; exact 95% intervals; None without such answers. kappa (Cohen), ac1 (Gwet): agreement beyond chance,
    None where all say the same. flip_rate: pairwise verdicts that the order of the two answers turned. stale: why the
    calibration no longer counts. calibrated: whether it may settle verdicts, together with the clause's other cards.
    kin: what it is to the models whose answers it grades, where it may favour them (`compiler.families`).
    """

    judge: str
    by: Literal["model", "likelihood"] = "model"
    clause_id: str
    arm: Arm | None
    source: str
    labels: int
    sensitivity: Score | None = None
    specificity: Score | None = None
    kappa: Score | None = None
    ac1: Score | None = None
    unread: int = 0
    flip_rate: Score | None = None
    stale: str | None = None
    calibrated: bool = False
    kin: str | None = None
