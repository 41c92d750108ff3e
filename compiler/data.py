"""Chats against `filters.json`: what a training row must satisfy, decided without a model.

In: rows, in any shape of `chat_rows`. Out: chats, and for every row left out its line, a reason, and the clauses that
caused it. Generated rows pass the same rules (`rules_for`). This file must not know models, nor how files are read.

>>> from compiler.records.filters import FilterRule, Filters
>>> from compiler.records.checks import PhrasesCheck
>>> canned = PhrasesCheck(phrases=("Certainly!",), present=False)
>>> rule = FilterRule(key="forbid.canned", clause_ids=("forbid.canned",), checks=(canned,), reason="says it")
>>> filters = Filters(rules=(rule,))
>>> from compiler.chat_rows import chat_of
>>> broken_rule(chat_of({"prompt": "Hi", "completion": "CERTAINLY! Hello."}), filters).key
'forbid.canned'
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from compiler.chat_rows import Chat, RowFault, chat_of
from compiler.checks import evaluate
from compiler.records.checks import JudgeCheck
from compiler.records.filters import FilterRule, Filters
from compiler.records.recipe import Unit

# Two messages with at least this share of words in common ask the same thing.
NEARLY = 0.6


@dataclass(frozen=True, slots=True)
class Dropped:
    """line: from 1. reason: in words. rule: the key of the rule that the row breaks, None for a malformed row;
    clause_ids: its clauses."""

    line: int
    reason: str
    clause_ids: tuple[str, ...] = ()
    rule: str | None = None


@dataclass(slots=True)
class Filtered:
    """kept: line number and chat. dropped: every other row."""

    kept: list[tuple[int, Chat]] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(d.reason for d in self.dropped).items()))


def filter_rows(rows: Iterable[tuple[int, Any]], filters: Filters) -> Filtered:
    """Keep the rows that satisfy every rule; a row given as an exception is dropped for it."""
    out = Filtered()
    for line, row in rows:
        try:
            chat = chat_of(row)
        except RowFault as fault:
            out.dropped.append(Dropped(line, str(fault)))
            continue
        rule = broken_rule(chat, filters)
        if rule is None:
            out.kept.append((line, chat))
        else:
            out.dropped.append(Dropped(line, rule.reason, rule.clause_ids, rule.key))
    return out


def rules_for(unit: Unit, filters: Filters) -> Filters:
    """Return the rules that generated rows of `unit` have to satisfy.

    Which questions a refusal is about is told by words here, and the unit of the refusal itself knows it: its own
    checks have decided which of its rows refuse, so that no word list decides again.
    """
    own = unit.clause_ids[0]
    return Filters(rules=tuple(r for r in filters.rules if not (own in r.clause_ids and _about_refusing(r))))


def _about_refusing(rule: FilterRule) -> bool:
    return bool(rule.topic or rule.asks or rule.otherwise)


def broken_rule(chat: Chat, filters: Filters) -> FilterRule | None:
    """Return the first rule that one of the chat's answers breaks, or None."""
    broken = first_broken(chat, filters)
    return broken[0] if broken else None


def first_broken(chat: Chat, filters: Filters) -> tuple[FilterRule, str] | None:
    """Return the first rule that one of the chat's answers breaks, with that answer, or None."""
    for question, answer in exchanges(chat):
        for rule in filters.rules:
            if rule.topic or rule.asks:
                holds = is_about(question, rule)
            else:
                holds = not (rule.otherwise and any(may_be_about(question, other) for other in filters.rules))
            if holds and not keeps(rule, answer):
                return rule, answer
    return None


def keeps(rule: FilterRule, answer: str) -> bool:
    """Decide by the checks that need no model; a judge's check cannot be asked here and keeps the row."""
    return all(isinstance(check, JudgeCheck) or evaluate(check, answer) for check in rule.checks)


def exchanges(chat: Chat) -> Iterator[tuple[str, str]]:
    """Yield each answer with the user message before it."""
    question = ""
    for message in chat:
        if message.role == "user":
            question = message.content
        elif message.role == "assistant":
            yield question, message.content


def is_about(question: str, rule: FilterRule) -> bool:
    said = words(question)
    if any(alike(said, words(safe)) >= NEARLY for safe in rule.safe):
        return False
    if any(alike(said, words(ask)) >= NEARLY for ask in rule.asks):
        return True
    stems = {stem(word) for word in said}
    return bool(rule.topic) and sum(stem(word) in stems for word in rule.topic) >= max(rule.enough, 1)


def may_be_about(question: str, rule: FilterRule) -> bool:
    """Whether a refusal of this question could be meant by the rule: any one of its words will do."""
    told = {stem(word) for text in (*rule.topic, *rule.asks) for word in words(text) if len(word) > 3}
    return not told.isdisjoint({stem(word) for word in words(question)})


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))


def alike(one: frozenset[str], other: frozenset[str]) -> float:
    """Jaccard similarity of two sets of words."""
    return len(one & other) / len(one | other) if one or other else 1.0


def stem(word: str) -> str:
    """Drop the common English endings, so that `medicines` is about `medicine`."""
    for ending in ("ies", "ing", "es", "ed", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
