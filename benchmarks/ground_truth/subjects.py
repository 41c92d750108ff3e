"""A model whose keeping is known: with which chance it keeps a clause on each prompt, and what is true of it then.

In: known answers of a clause, a share for each figure, a correlation. Out: one measuring's answers, and what is true of
each. This file must not know intervals.

Prompts that resemble each other are kept alike: each group has a chance of its own, from the beta distribution whose
mean is the share and whose intra-cluster correlation is the one asked for (Griffiths, Biometrics 29, 1973). Groups are
forms (one form of question, or one question that is pushed in several ways) or units of the recipe (one technique of
pressure, one situation, the questions about one topic). Forms stand for others that could have been drawn, so that the
truth is the share; units are all that there are, so that the truth is what those have that were asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from benchmarks.ground_truth.pool import ARM, Known
from compiler.records.figures import Figure
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.tallies import decided_by, prompt_key

By = Literal["form", "unit"]


@dataclass(frozen=True, slots=True)
class Model:
    """share: figure -> with which chance the clause is kept. icc: 0 to 1. by: what prompts are alike in."""

    share: Mapping[Figure, float]
    icc: float = 0.0
    by: By = "form"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clause's prompts by figure, each with its group and whether the group is all there is of its kind."""

    known: Known
    figures: Mapping[Figure, tuple[tuple[Probe, Hashable, bool], ...]]


def prepared(known: Known, by: By) -> Prepared:
    counted = decided_by(known.clause.id, known.probes)

    def group(probe: Probe) -> Hashable:
        return probe.unit if by == "unit" else probe.template or prompt_key(probe)

    whole = by == "unit"
    figures = {figure: tuple((probe, group(probe), whole) for probe in rows) for figure, rows in counted.items()}
    return Prepared(known, figures)


@dataclass(frozen=True, slots=True)
class Answered:
    """One measuring. chances: of each figure, with which chance each of its probes is kept. kept: of each answer."""

    answers: dict[tuple[str, Arm], Measurement]
    chances: dict[Figure, dict[str, float]]
    kept: dict[str, bool]

    def truth(self, of: Figure, probes: Iterable[Probe], asked: Container[tuple[str, Arm]]) -> float:
        """The true share kept of the prompts that were asked."""
        true = {prompt_key(p): self.chances[of][p.id] for p in probes if (p.id, ARM) in asked}
        return sum(true.values()) / len(true)


def measured(subject: Prepared, model: Model, dice: Random) -> Answered:
    """Draw the answers of one measuring."""
    answers: dict[tuple[str, Arm], Measurement] = {}
    chances: dict[Figure, dict[str, float]] = {}
    kept: dict[str, bool] = {}
    pool = subject.known.pool
    for figure, rows in subject.figures.items():
        share = model.share[figure]
        groups: dict[Hashable, float] = defaultdict(lambda share=share: _chance(share, model.icc, dice))  # type: ignore[misc]  # a default binds it
        chances[figure] = {}
        for probe, group, whole in rows:
            chance = groups[group]
            chances[figure][probe.id] = chance if whole else share
            kept[probe.id] = keeps = dice.random() < chance
            answers[probe.id, ARM] = dice.choice(pool[probe.id][keeps])
    return Answered(answers, chances, kept)


def _chance(share: float, icc: float, dice: Random) -> float:
    if icc == 0.0 or share in (0.0, 1.0):
        return share
    strength = (1.0 - icc) / icc
    return dice.betavariate(share * strength, (1.0 - share) * strength)
