"""The words that the renderings of a comparison share: counts, costs, one line for each change.

In: a `SpecDiff` or a part of it. Out: plain texts. This file must not know a layout.
"""

from __future__ import annotations

from compiler.spec_diff.moves import counted
from compiler.spec_diff.records import VERDICTS, Change, ClauseDiff, Effort, SpecDiff, Verdict

SIGNS: dict[Verdict, str] = {
    "added": "+",
    "removed": "-",
    "stricter": "↑",
    "looser": "↓",
    "incomparable": "≠",
    "equivalent": "=",
}

TOLD = {
    "was": "its `was` says so",
    "supersedes": "its `supersedes` says so",
    "likeness": "most of its words are the same",
}


def tally(diff: SpecDiff) -> list[tuple[Verdict | None, str]]:
    """Return how many clauses have each verdict, and how many another name, for verdicts that occur."""
    counts = [(verdict, len(diff.having(verdict))) for verdict in VERDICTS]
    renamed = sum(c.was is not None for c in diff.clauses)
    found: list[tuple[Verdict | None, str]] = [(verdict, f"{n:,} {verdict}") for verdict, n in counts if n]
    return [*found, *([(None, f"{renamed:,} renamed")] if renamed else [])]


def told(clause: ClauseDiff) -> str:
    """Say which clause it was, and by what that is known."""
    by = f": {TOLD[clause.told_by]}" if clause.told_by else ""
    return f"was {clause.was}{by}" if clause.was else ""


def line(change: Change) -> str:
    return f"{change.reason}, for example: {change.witness}" if change.witness else change.reason


def effort(spent: Effort) -> str:
    """Say what of a clause's own is made anew; an empty text for nothing."""
    parts = [
        *([counted(spent.rows, "row")] if spent.rows else []),
        *([counted(spent.probes, "probe")] if spent.probes else []),
    ]
    made = f"{' and '.join(parts)} made anew" if parts else ""
    gone = f"{spent.gone:,} old rows and probes no longer asked for" if spent.gone else ""
    return "; ".join(part for part in (made, gone) if part)


def listed(diff: SpecDiff) -> list[ClauseDiff]:
    """The clauses that a reader has to see, by verdict in the order of `VERDICTS`."""
    changed = [c for c in diff.clauses if not c.unchanged]
    return sorted(changed, key=lambda c: VERDICTS.index(c.verdict))


def dragged(diff: SpecDiff) -> list[ClauseDiff]:
    """Clauses that did not change, and whose rows show one that did."""
    return [c for c in diff.clauses if c.unchanged and c.effort]


def cost(diff: SpecDiff) -> list[str]:
    """Say what it takes to bring a built, trained and measured old version up to the new one."""
    price = diff.cost
    lines = []
    if price.rows or price.probes:
        lines.append(
            f"regenerate: {price.rows:,} of {counted(price.rows_all, 'row')}, "
            f"{price.probes:,} of {counted(price.probes_all, 'probe')}"
        )
    if price.retrain:
        lines.append(f"retrain: {', '.join(price.retrain)}")
    if price.remeasure:
        lines.append(f"remeasure: {', '.join(price.remeasure)}")
    return lines or ["nothing to regenerate, retrain or measure again"]
