"""rewards.json: what an answer is rewarded for while a policy is trained, clause by clause.

In: nothing. Out: `Rewards`. This file must not know how a reward is computed (`backends.train.rewards`).
"""

from __future__ import annotations

from compiler.records.checks import Check
from compiler.records.filters import FilterRule
from compiler.records.record import RECORD_VERSION, Record


class UnitChecks(Record):
    """Rows of these units ask for the clause, and an answer that passes these checks keeps it."""

    units: tuple[str, ...]
    checks: tuple[Check, ...]


class Reward(Record):
    """1 for an answer that keeps the clause, 0 for one that does not, nothing for one that it says nothing about.

    own: of the clause's own rows. rule: of the rows of others, as far as the rule holds for their question; None where
    the clause asks nothing of them. weight: beside the other rewards.
    """

    clause: str
    own: tuple[UnitChecks, ...] = ()
    rule: FilterRule | None = None
    weight: float = 1.0
    spans: tuple[str, ...] = ()


class Rewards(Record):
    """rewards.json. model: the weight of a reward model that a stage before has trained, None where none is."""

    version: int = RECORD_VERSION
    rewards: tuple[Reward, ...]
    model: float | None = None
