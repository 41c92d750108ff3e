"""filters.json as rows of one unit have to satisfy it.

In: a unit and a chat. Out: the first rule that one of its answers breaks. Of a thousand rules only those are asked that
the chat's letters leave possible. This file must not know what becomes of a row.
"""

from __future__ import annotations

from compiler import data
from compiler.chat_rows import Chat
from compiler.corpus.narrowing import Narrowing
from compiler.records.filters import FilterRule, Filters
from compiler.records.recipe import Unit


class Rules:
    """The rules of a build."""

    def __init__(self, filters: Filters) -> None:
        self.filters = filters
        self._all = Narrowing(filters)
        self._of_clause: dict[str, Narrowing] = {}

    def broken(self, unit: Unit, chat: Chat) -> FilterRule | None:
        """The first rule that one of the chat's answers breaks, or None."""
        return data.broken_rule(chat, self._of(unit).rules_for(chat))

    def _of(self, unit: Unit) -> Narrowing:
        own = unit.clause_ids[0]
        if own not in self._of_clause:
            rules = data.rules_for(unit, self.filters)
            self._of_clause[own] = self._all if rules == self.filters else Narrowing(rules)
        return self._of_clause[own]
