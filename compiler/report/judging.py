"""A judge's card in a sentence.

In: a card. Out: a line for the terminal. This file must not compute.
"""

from __future__ import annotations

from compiler.records.behaviour import JudgeCard
from compiler.records.figures import Score
from compiler.report import figures


def card(found: JudgeCard) -> str:
    """Return what is known of a judge on one clause."""
    whose = f", {found.arm}" if found.arm else ""
    head = f"{found.clause_id}{whose}: {'by likelihood, ' if found.by == 'likelihood' else ''}"
    if found.flip_rate is not None:
        rate = found.flip_rate
        return f"{head}the order turned {figures.percent(rate.value)} of {rate.n} preferences ({found.source})"
    right = " and ".join(
        f"{round(score.value * score.n)} of {score.n} {sort}"
        for sort, score in (("good", found.sensitivity), ("bad", found.specificity))
        if score is not None
    )
    parts = [f"{head}right on {right} answers ({found.source})" if right else f"{head}no verdict ({found.source})"]
    parts += [f"kappa {_score(found.kappa)}"] if found.kappa is not None else []
    parts += [f"{found.unread} without a verdict"] if found.unread else []
    parts += [f"expired: {found.stale}"] if found.stale else []
    return "; ".join(parts)


def _score(score: Score) -> str:
    return f"{score.value:.2f} [{score.low:.2f}, {score.high:.2f}]"
