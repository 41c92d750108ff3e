"""The words that the renderings of a comparison of runs share.

In: a `RunDiff` or a part of it. Out: plain texts. This file must not know a layout.
"""

from __future__ import annotations

from compiler.report import figures
from compiler.run_diff.records import EffectDiff, FigureDiff, Move, Quadrant, RunDiff

QUADRANTS: dict[Quadrant, str] = {
    "unintended": "unintended change",
    "missing": "intended change missing",
    "seen": "intended change seen",
    "unclear": "unclear",
    "stable": "stable",
    "not compared": "not compared",
}
"""In the order in which they are shown."""
SIGNS: dict[Quadrant, str] = {
    "unintended": "!",
    "missing": "✗",
    "seen": "✓",
    "unclear": "?",
    "stable": "=",
    "not compared": "–",
}
FIGURES = {"rate": "", "pressure": " under pressure", "over_refusal": " safe requests answered"}


def name(row: FigureDiff) -> str:
    renamed = f" (was {row.was})" if row.was else ""
    return f"{row.clause_id}{FIGURES[row.figure]}{renamed}"


def shares(move: Move) -> str:
    """`97% → 80%: −17 points [−27, −8], n 60`"""
    moved = f"{figures.points(move.difference)} points [{figures.points(move.low)}, {figures.points(move.high)}]"
    return f"{figures.percent(move.old)} → {figures.percent(move.new)}: {moved}, n {move.n}"


def own(found: RunDiff, row: FigureDiff) -> Move | None:
    return next((move for move in row.moves if move.arm == found.subject), None)


def effects(found: RunDiff) -> list[str]:
    """What moved besides the figures, each in a line."""
    return [f"{_effect(moved)}, {_asked(moved)}" for moved in found.effects if moved.moved]


def _effect(moved: EffectDiff) -> str:
    if moved.unit == "words":
        return f"{moved.title}: {figures.words(moved.old)} → {figures.words(moved.new)} words, n {moved.n}"
    return f"{moved.title}: {figures.percent(moved.old)} → {figures.percent(moved.new)}, n {moved.n}"


def _asked(moved: EffectDiff) -> str:
    return f"asked by {', '.join(moved.asked_by)}" if moved.asked_by else "and no changed clause asks for it"


def quadrant(row: FigureDiff) -> str:
    """`! unintended change, worse`"""
    return f"{SIGNS[row.quadrant]} {QUADRANTS[row.quadrant]}{', worse' if row.regression else ''}"


def verdict(found: RunDiff) -> str:
    """The whole comparison in one sentence."""
    worse, unintended = len(found.worse), len(found.unintended)
    if not worse and not unintended:
        open_ = sum(row[3] for row in two_by_two(found))
        seen = "Nothing is seen to move that the spec does not ask for"
        return f"{seen}; {open_} of {len(found.clauses)} figures are open." if open_ else f"{seen}."
    parts = []
    if unintended:
        parts.append(f"{unintended} unintended change{'' if unintended == 1 else 's'}")
    if worse:
        parts.append(f"{worse} for the worse")
    return f"{', '.join(parts)}."


def two_by_two(found: RunDiff) -> list[tuple[str, int, int, int]]:
    """Rows of the table: whether the spec changed, and how many figures moved, are where they were, are not settled."""
    table = []
    for label, changed in (("spec changed", True), ("spec did not", False)):
        rows = [row for row in found.clauses if (row.change != "equivalent") is changed]
        outcomes = [move.outcome if (move := own(found, row)) else "not compared" for row in rows]
        open_ = sum(outcome in ("unclear", "not compared") for outcome in outcomes)
        table.append((label, outcomes.count("moved"), outcomes.count("stable"), open_))
    return table


def listed(found: RunDiff) -> list[FigureDiff]:
    """Figures that a reader has to see: all but the stable ones, and facts where they moved."""
    order = list(QUADRANTS)
    facts = (found.facts,) if found.facts else ()
    rows = [row for row in (*found.clauses, *facts) if row.quadrant != "stable"]
    return sorted(rows, key=lambda row: (not row.regression, order.index(row.quadrant)))


def about(found: RunDiff) -> list[str]:
    """Lines about how it was compared."""
    lines = [
        f"{found.common} prompts in common; {found.only_old} only in the old run, {found.only_new} only in the new "
        "one. "
        f"Arm: {found.subject}. Stable means within {found.margin * 100:g} points (two one-sided tests, 5%)."
    ]
    if found.base_asked:
        lines.append(f"The base answered {found.base_same} of {found.base_asked} common prompts alike.")
    return [*lines, *found.notes]
