"""One figure of a clause in one arm, on the prompts that both runs answered.

In: two sides. Out: a `Move`. The new run's probes say which prompts a figure counts and by which checks an answer is
held (the old run's, for a clause that is gone). The other run's answer to the same prompt is taken as it was decided
where the checks are the same, and decided anew where they are not and no judge is needed; else it is missing. This file
must not know what a change means.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from compiler import statistics, tallies
from compiler.checks import evaluate_all
from compiler.deciding import deciding_checks
from compiler.records.checks import Check, JudgeCheck
from compiler.records.figures import Figure
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.run_diff.records import Move, Outcome
from compiler.run_diff.sides import Side
from compiler.spec_diff.records import ClauseDiff
from compiler.statistics.equivalence import tango
from compiler.tallies import Cell, Column, Key

ALPHA = 0.05


def outcome(move: Move, adjusted_p: float, margin: float) -> Outcome:
    """Whether a figure moved: first the test that it did not by more than the margin, then the test that it did."""
    if -margin < move.equivalence_low and move.equivalence_high < margin:
        return "stable"
    return "moved" if adjusted_p <= ALPHA else "unclear"


class Common:
    """What two runs have in common. names: a clause's id in the new version -> its id in the old one."""

    def __init__(self, old: Side, new: Side, names: Mapping[str, str]) -> None:
        self.old, self.new, self.names = old, new, names
        self.old_keys = {tallies.prompt_key(probe) for probe in old.probes}
        self.new_keys = {tallies.prompt_key(probe) for probe in new.probes}
        self.keys = self.old_keys & self.new_keys
        self._probes = {"old": _by_key(old.probes), "new": _by_key(new.probes)}
        self._said = {"old": _by_id(old.measurements), "new": _by_id(new.measurements)}

    def figures(self, clause: ClauseDiff) -> dict[Figure, tuple[Probe, ...]]:
        """The figures of a clause with the probes that each counts."""
        side = self.old if clause.verdict == "removed" else self.new
        return tallies.decided_by(clause.id, side.probes)

    def move(self, clause_id: str, figure: Figure, arm: Arm, clause: ClauseDiff | None = None) -> Move | None:
        """Return how a figure moved, None where no common prompt was decided."""
        removed = clause is not None and clause.verdict == "removed"
        leading = "old" if removed else "new"
        probes = tallies.decided_by(clause_id, (self.old if removed else self.new).probes).get(figure, ())
        shared = [probe for probe in probes if tallies.prompt_key(probe) in self.keys]
        first = tallies.column(arm, clause_id, shared, self._answers(leading))
        second, rejudged = self._other(arm, clause_id, shared, leading)
        new, old = (second, first) if removed else (first, second)
        pairs = tallies.paired(new, old)
        if not pairs.n:
            return None
        worth = tallies.worth(new, old)
        bounds = statistics.newcombe_paired(pairs, worth=worth)
        same = tango(pairs, 1.0 - 2.0 * ALPHA, worth)
        return Move(
            arm=arm,
            n=pairs.n,
            undecided=len({*new, *old}) - pairs.n,
            old=(pairs.both + pairs.second) / pairs.n,
            new=(pairs.both + pairs.first) / pairs.n,
            difference=pairs.difference,
            low=bounds.low,
            high=bounds.high,
            p=statistics.mcnemar_exact(*pairs.weighed(worth)[1:3]),
            equivalence_low=same.low,
            equivalence_high=same.high,
            outcome="unclear",
            rejudged=rejudged,
        )

    def why_not(self, clause: ClauseDiff, figure: Figure) -> str:
        """Why a figure is not compared."""
        probes = self.figures(clause)[figure]
        if not any(tallies.prompt_key(probe) in self.keys for probe in probes):
            return "the two runs were asked different prompts about it"
        return "what decides it changed, and old answers would need a judge"

    def base_alike(self) -> tuple[int, int]:
        """How many common prompts the base answered alike, and how many it answered in both."""
        pairs = [(self.old_answer(p, "base"), self.new_answer(p, "base")) for p in self.new.probes]
        both = [(was.answer, now.answer) for was, now in pairs if was is not None and now is not None]
        return sum(was == now for was, now in both), len(both)

    def old_answer(self, probe: Probe, arm: Arm) -> Measurement | None:
        said = self._said["old"]
        return next((m for twin in self._twins("old", probe) if (m := said.get((twin.id, arm))) is not None), None)

    def new_answer(self, probe: Probe, arm: Arm) -> Measurement | None:
        return self._said["new"].get((probe.id, arm))

    def _answers(self, side: str) -> Mapping[tuple[str, Arm], Measurement]:
        return self._said[side]

    def _other(self, arm: Arm, clause_id: str, probes: Sequence[Probe], leading: str) -> tuple[Column, bool]:
        """What the other run's answers to the same prompts did about the clause, and whether any was decided anew."""
        other = "new" if leading == "old" else "old"
        there = self.names.get(clause_id, clause_id)
        repeats: dict[Key, list[float | None]] = {}
        clusters: dict[Key, Hashable] = {}
        rejudged = False
        for probe in probes:
            key = tallies.prompt_key(probe)
            checks = self._checks(leading, probe, clause_id)
            kept: bool | None = None
            found = False
            for twin in self._twins(other, probe):
                said = self._said[other].get((twin.id, arm))
                if said is None:
                    continue
                found = True
                if there in said.held and self._checks(other, twin, there) == checks:
                    kept = said.held[there]
                    break
                if said.was_given and not any(isinstance(check, JudgeCheck) for check in checks):
                    kept, rejudged = evaluate_all(checks, said.answer), True
                    break
            if found:
                repeats.setdefault(key, []).append(None if kept is None else float(kept))
                clusters[key] = probe.template or key
        return {key: Cell(_mean(outcomes), clusters[key]) for key, outcomes in repeats.items()}, rejudged

    def _twins(self, side: str, probe: Probe) -> list[Probe]:
        """The probes of a side that ask the same: first the very same one, then those of its clause."""
        twins = self._probes[side].get(tallies.prompt_key(probe), ())
        return sorted(twins, key=lambda twin: (twin.id != probe.id, twin.clause_id != probe.clause_id))

    def _checks(self, side: str, probe: Probe, clause_id: str) -> tuple[Check, ...]:
        if probe.clause_id == clause_id:
            return probe.checks
        program = self.old.program if side == "old" else self.new.program
        return deciding_checks(program.clause(clause_id))


def _mean(outcomes: Sequence[float | None]) -> float | None:
    decided = [outcome for outcome in outcomes if outcome is not None]
    return sum(decided) / len(decided) if decided else None


def _by_key(probes: Sequence[Probe]) -> dict[Key, list[Probe]]:
    found: dict[Key, list[Probe]] = {}
    for probe in probes:
        found.setdefault(tallies.prompt_key(probe), []).append(probe)
    return found


def _by_id(measurements: Sequence[Measurement]) -> dict[tuple[str, Arm], Measurement]:
    return {(m.probe_id, m.arm): m for m in measurements}
