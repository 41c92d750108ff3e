"""filters.json: what every training row must satisfy.

In: nothing. Out: `Filters` and its rules. This file must not know how a rule is applied (`compiler.data`).
"""

from __future__ import annotations

from compiler.records.checks import Check
from compiler.records.record import RECORD_VERSION, Record


class FilterRule(Record):
    """What one clause asks of every training row, decided without a model.

    key: unique in the file. topic: where not empty, the rule holds for rows whose user message is about this: it uses
    at least `enough` of the words, or is nearly one of `asks`. A message that is nearly one of `safe` is not about
    it.
    otherwise: the rule holds for rows that are about no rule's topic.
    """

    key: str
    clause_ids: tuple[str, ...]
    checks: tuple[Check, ...] = ()
    topic: tuple[str, ...] = ()
    enough: int = 0
    asks: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    otherwise: bool = False
    reason: str
    spans: tuple[str, ...] = ()


class Filters(Record):
    """filters.json. A row is dropped by the first rule that its answer breaks."""

    version: int = RECORD_VERSION
    rules: tuple[FilterRule, ...]
