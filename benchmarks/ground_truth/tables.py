"""What the measurings of all clauses come to: a line for each figure of a clause, and a table of all of them.

In: tallies. Out: lines of Markdown, and which promises are broken. A cell is one figure of one clause, measured one way
at one truth. It stands out (`!`) where chance alone would do as badly in fewer than 2.5% of cells; of many cells, some
do. A promise is broken where a cell remains so after Holm's correction for all of them. This file must not know how a
tally came about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.ground_truth.measuring import Tally
from compiler.records.figures import Figure
from compiler.statistics import binomial_tail, holm

ALPHA = 0.025
Level = float | None

HEAD = "| clause | figure | target | measured | alike | covers at least | says "
HEAD += "| false met | false missed | may be | asked |"
WHOLE = "| measured | cells | covers on average | at least | says | false met at most | false missed at most | may be "
WHOLE += "| stand out | broken |"


@dataclass(frozen=True, slots=True)
class Line:
    """states: whether an interval is promised; a judge that nobody has calibrated states none, and settles nothing."""

    clause: str
    figure: Figure
    way: str
    alike: str
    tallies: Mapping[Level, Tally]
    states: bool

    def chances(self) -> list[float]:
        """Of each cell: how likely its worst figure is, or a worse one, where all promises hold."""
        return [min(_chances(tally, self.states)) for tally in self.tallies.values()]


def _chances(tally: Tally, states: bool) -> Iterator[float]:
    n = tally.measurings
    if not states:
        yield 0.0 if tally.verdicts["met"] + tally.verdicts["missed"] else 1.0
        return
    yield min(1.0, 3.0 * binomial_tail(tally.covered, n, tally.says, "<="))
    yield min(1.0, 3.0 * binomial_tail(tally.false_met, n, tally.error, ">="))
    yield min(1.0, 3.0 * binomial_tail(tally.false_missed, n, tally.error, ">="))


def head(columns: str) -> str:
    return f"{columns}\n|{' --- |' * (columns.count('|') - 1)}"


def row(line: Line) -> str:
    found = line.tallies
    least = min(found, key=lambda level: found[level].coverage)
    one = found[least]
    asked = sum(t.asked / t.measurings for t in found.values()) / len(found)
    of = line.figure.replace("_", "-")
    mark = " !" if min(line.chances()) < ALPHA else ""
    return (
        f"| {line.clause} | {of} | {one.comparison} {one.target:.0%} | {line.way} | {line.alike} "
        f"| {one.coverage:.1%} at {where(least)} | {one.says:.0%} | {_worst(found, 'false_met')} "
        f"| {_worst(found, 'false_missed')} | {one.error:.1%} | {asked:.0f} |{mark}"
    )


def where(level: Level) -> str:
    if level is None or level == 1.0:
        return "50%" if level is None else "100%"
    return "target" if level == 0.0 else f"target {level * 100:+.0f}"


def whole(lines: Sequence[Line]) -> tuple[list[str], int]:
    """Return the table of all lines by way and by what is said, and how many cells break a promise."""
    adjusted = iter(holm([chance for line in lines for chance in line.chances()]))
    groups: dict[tuple[str, float], list[tuple[Tally, float, float]]] = {}
    for line in lines:
        for tally, alone in zip(line.tallies.values(), line.chances(), strict=True):
            groups.setdefault((line.way, tally.says), []).append((tally, alone, next(adjusted)))
    out, total = [head(WHOLE)], 0
    for (way, says), cells in groups.items():
        tallies = dict(enumerate(tally for tally, _, _ in cells))
        broken = sum(after < ALPHA for _, _, after in cells)
        total += broken
        mean = sum(tally.coverage for tally in tallies.values()) / len(cells)
        out.append(
            f"| {way} | {len(cells):,} | {mean:.1%} | {min(t.coverage for t in tallies.values()):.1%} | {says:.0%} "
            f"| {_worst(tallies, 'false_met')} | {_worst(tallies, 'false_missed')} | {tallies[0].error:.1%} "
            f"| {sum(alone < ALPHA for _, alone, _ in cells)} | {broken} |"
        )
    return out, total


def _worst(tallies: Mapping[object, Tally], name: str) -> str:
    return f"{max(getattr(tally, name) / tally.measurings for tally in tallies.values()):.1%}"
