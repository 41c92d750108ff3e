"""One clause, watched: evidence that its share is on the bad side of the target, and the alarm.

In: whether each answer kept the clause, in the order in which they came. Out: a watch that has seen one more. This file
must not know where answers come from.

What is tested is that, given all answers before, the next one keeps the clause with a chance on the good side of the
target. Evidence is the e-value of `statistics.sequential.evidence`, looked at after every answer. Two tests run side by
side: one over all answers, which finds a small lasting shortfall, and one that begins anew every `EPOCH` answers, which
finds a model that turns bad after a long good time. Were the clause kept as it should be, the chance that either ever
raised an alarm would be at most `alpha`: half of it is the long test's (Ville's inequality), and epoch k has
3 / (pi k)^2 of it, which add up to the other half (union bound).

>>> watch = Watch(clause_id="forbid.canned", comparison="<=", target=0.1)
>>> for _ in range(12):
...     watch = watch.after(False, alpha=0.05)
>>> watch.answers, watch.broken, watch.alarm
(3, 3, Alarm(answers=3, broken=3, epoch=None))
"""

from __future__ import annotations

import math

from compiler import statistics
from compiler.records.figures import Comparison
from compiler.records.record import Record
from compiler.statistics import Interval

EPOCH = 250
"""Answers. An epoch is long enough to show a tenth that is missing, and short enough to forget what was long ago."""


class Alarm(Record):
    """answers, broken: what the alarm rests on: all answers, or those of one epoch (from 1)."""

    answers: int
    broken: int
    epoch: int | None = None


class Watch(Record):
    """digest: of the clause that is watched. answers, broken: counted since the watch began; epoch: the number of the
    running epoch (from 1), with its own counts. An alarm stands until the watch is begun again, and stops the count."""

    clause_id: str
    comparison: Comparison
    target: float
    digest: str = ""
    answers: int = 0
    broken: int = 0
    epoch: int = 1
    epoch_answers: int = 0
    epoch_broken: int = 0
    alarm: Alarm | None = None
    delivered: bool = False

    def after(self, kept: bool, alpha: float) -> Watch:
        """Return the watch after one more answer.

        Args:
            alpha: the chance of a false alarm, over all time, that this clause may have.
        """
        if self.alarm is not None:
            return self
        broken = not kept
        if self.epoch_answers == EPOCH:
            epoch = {"epoch": self.epoch + 1, "epoch_answers": 1, "epoch_broken": int(broken)}
        else:
            epoch = {"epoch_answers": self.epoch_answers + 1, "epoch_broken": self.epoch_broken + broken}
        now = self.model_copy(update={"answers": self.answers + 1, "broken": self.broken + broken, **epoch})
        # An answer that keeps the clause is no evidence against it.
        return now.model_copy(update={"alarm": now._found(alpha)}) if broken else now

    def _found(self, alpha: float) -> Alarm | None:
        if self._evidence(self.answers, self.broken) >= 2.0 / alpha:
            return Alarm(answers=self.answers, broken=self.broken)
        if self._evidence(self.epoch_answers, self.epoch_broken) >= (math.pi * self.epoch) ** 2 / (3.0 * alpha):
            return Alarm(answers=self.epoch_answers, broken=self.epoch_broken, epoch=self.epoch)
        return None

    def _evidence(self, answers: int, broken: int) -> float:
        """The e-value that the share lies on the bad side of the target."""
        if self.comparison == ">=":
            return statistics.evidence(answers - broken, answers, "<=", self.target)
        return statistics.evidence(broken, answers, ">=", self.target)

    def share(self) -> float | None:
        """What the target speaks of, over all answers: kept (`>=`) or broken (`<=`); None before the first."""
        if not self.answers:
            return None
        bad = self.broken / self.answers
        return bad if self.comparison == "<=" else 1.0 - bad

    def interval(self, alpha: float) -> Interval:
        """The confidence sequence of that share, each side at 1 - alpha, valid at every look."""
        counted = self.broken if self.comparison == "<=" else self.answers - self.broken
        return statistics.beta_binomial(counted, self.answers, 1.0 - alpha, sides="each")

    def again(self) -> Watch:
        """The watch begun anew, with a chance of a false alarm of its own."""
        return Watch(
            clause_id=self.clause_id,
            comparison=self.comparison,
            target=self.target,
            digest=self.digest,
        )
