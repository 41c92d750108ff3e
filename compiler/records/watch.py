"""What is watched while an adapter is trained: watch.json, watch.jsonl, and what was seen at each look.

In: nothing. Out: `Watch`, its rows, and `Look`. This file must not know how an answer is had or scored.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.checks import Check
from compiler.records.recipe import Aspect
from compiler.records.record import RECORD_VERSION, Message, Record

BudgetName = Literal["max_kl", "max_facts_lost", "max_length"]


class Budget(Record):
    """What a look may show at most; beyond it the training stops."""

    name: BudgetName
    at_most: float


class Watch(Record):
    """watch.json. every: share of the steps between two looks. seed: draws the answers that are sampled. answer: tokens
    of an answer, at most. max_fall: of the score from its best, in shares. rows: questions of each clause that are
    trained on and asked as well, beside those that are kept out."""

    version: int = RECORD_VERSION
    every: float
    seed: int
    answer: int
    max_fall: float
    rows: int
    budgets: tuple[Budget, ...] = ()


class WatchRow(Record):
    """A question that no training row and no probe asks. checks: what decides its clause, or `facts` with none. right:
    what a right answer has, where that is known."""

    id: str
    clause_id: str
    messages: tuple[Message, ...]
    checks: tuple[Check, ...] = ()
    right: tuple[Check, ...] = ()
    aspect: Aspect = "kept"
    unit: str
    spans: tuple[str, ...] = ()


class Look(Record):
    """What was seen after a step. Shares are of answers, lengths in words.

    score: the mean of `clauses`, each the share of its held-out questions whose answer keeps the clause, is right where
    what is right is known, and is neither empty nor a loop. trained: the same of questions that are trained on. reward:
    the share that passes the checks alone. kl: from the base, in nats a token. facts_lost: what the base had right
    beyond this. length_ratio: to the base's answers. reward_length: the correlation of an answer's checks with its
    length. distinct_2: different word pairs among all. over: budgets that it breaks; collapsed: why. Both in words.
    """

    step: int
    of: int
    score: float
    clauses: dict[str, float]
    reward: float
    trained: float | None = None
    kl: float
    facts: float | None = None
    facts_lost: float | None = None
    length: float
    length_ratio: float
    reward_length: float | None = None
    distinct_2: float
    base_distinct_2: float
    empty: float
    looping: float
    over: tuple[str, ...] = ()
    collapsed: str | None = None

    @property
    def stops(self) -> bool:
        return bool(self.over) or self.collapsed is not None
