"""Pairs of clauses that clash in one way, where they are more than anybody reads: each clause is in some findings.

In: pairs, one after the other. Out: whether a pair is still worth a look. A pair is left out only where both of its
clauses are in `MOST_EACH` findings of this kind already, so that no clause that clashes goes without one, and n clauses
make at most n times as many. What is left out is counted, and `crowded.py` tells of it.
"""

from __future__ import annotations

from collections.abc import Callable

from compiler.ir import Clause

MOST_EACH = 3


class Crowd:
    """What is counted of one kind of finding.

    settled: whether the spec weighs two clauses against each other, so that nothing is found between them. left_out:
    pairs that were not looked at; first: one of these.
    """

    def __init__(self, settled: Callable[[Clause, Clause], bool] = lambda one, other: False) -> None:
        self.settled = settled
        self.left_out = 0
        self.first: tuple[Clause, Clause] | None = None
        self._found: dict[str, int] = {}

    def open(self, one: Clause, other: Clause) -> bool:
        """Say whether the pair is to be looked at."""
        return self._found.get(one.id, 0) < MOST_EACH or self._found.get(other.id, 0) < MOST_EACH

    def worth(self, one: Clause, other: Clause) -> bool:
        """Say whether the pair is to be looked at; one that is not is counted."""
        if self.open(one, other):
            return True
        if not self.left_out:
            self.first = one, other
        self.left_out += 1
        return False

    def add(self, one: Clause, other: Clause) -> None:
        """Note that something is found between the two."""
        if not self.settled(one, other):
            for clause in (one, other):
                self._found[clause.id] = self._found.get(clause.id, 0) + 1
