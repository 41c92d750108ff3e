"""Best of n: several samples to one prompt, ranked by the clause's checks and by its judge (as in Stiennon et al. 2020,
arXiv 2009.01325; both ends of the ranking make the pair).

Half of `unit.samples` are drawn as `unit.chosen` says (under the compiled prompt), half as `unit.rejected` says
(without one), all from the subject at the same temperature. chosen: the best one, which passes the unit's checks and
gets its fact right. rejected: the worst one, which fails a check. Where all rank alike there is no pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from backends.deciding import Case, decide
from backends.generate.candidates import TOO_LONG, seed_of
from backends.generate.sides import RETRY, Draft, Models, dressed, fact_lost, source_of, under
from compiler.checks import evaluate
from compiler.records.checks import JudgeCheck
from compiler.records.recipe import Unit

TIE = "all samples rank alike"
NONE_GOOD, NONE_BAD = "no sample passes the checks", "no sample fails a check"


@dataclass(frozen=True, slots=True)
class Sample:
    """kept: whether it passes the unit's checks. score: the share of its checks without a model that it passes, and
    what the judge puts on yes."""

    text: str
    raw: str
    kept: bool | None
    score: tuple[float, float]


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    half = max(unit.samples // 2, 1)
    pools: list[list[Sample]] = [[] for _ in drafts]
    for side in ("chosen", "rejected"):
        source = source_of(unit, side)
        for number in range(half):
            sampling = replace(RETRY, seed=seed_of(unit.seed, "sample", side, number, drafts[0].number))
            found = models.subject.answers([under(draft.messages, source) for draft in drafts], sampling)
            texts = [dressed(source, raw or "", draft.number) for raw, draft in zip(found, drafts, strict=True)]
            for place, sample in enumerate(_graded(unit, drafts, models, found, texts)):
                if sample is None:
                    drafts[place].failed = TOO_LONG
                else:
                    pools[place].append(sample)
    for draft, pool in zip(drafts, pools, strict=True):
        if draft.failed is None:
            _choose(draft, pool)


def _graded(
    unit: Unit, drafts: Sequence[Draft], models: Models, found: Sequence[str | None], texts: Sequence[str]
) -> list[Sample | None]:
    decisions = decide(
        [Case(d.messages[-1].content, text, unit.checks) for d, text in zip(drafts, texts, strict=True)], models.judge
    )
    plain = [check for check in unit.checks if not isinstance(check, JudgeCheck)]
    graded: list[Sample | None] = []
    for raw, text, decision in zip(found, texts, decisions, strict=True):
        if raw is None:
            graded.append(None)
            continue
        share = sum(evaluate(check, text) for check in plain) / len(plain) if plain else 1.0
        graded.append(Sample(text, raw, decision.kept if raw else None, (share, decision.judge_yes or 0.0)))
    return graded


def _choose(draft: Draft, pool: Sequence[Sample]) -> None:
    good = [s for s in pool if s.kept and not fact_lost(draft, s.text)]
    bad = [s for s in pool if s.kept is False]
    if not good or not bad:
        draft.failed = TIE if len({s.score for s in pool}) == 1 else NONE_BAD if good else NONE_GOOD
        return
    best, worst = max(good, key=lambda s: s.score), min(bad, key=lambda s: s.score)
    draft.raw = {"chosen": best.raw, "rejected": worst.raw}
    draft.sides = {"chosen": best.text, "rejected": worst.text}
