"""Where a clause applies, and facts about the user that make its conditions true or false.

In: a `when`/`unless` condition and the declared dimensions. Out: the words a prompt line ends with (`unless the user
is a clinician`), and sentences for a system message under which the condition holds or not, so that both sides of a
condition get rows and probes. The words are `compiler.condition_words`'s. This file must not know clauses' kinds or
models.

A fact that nobody stated is unknown, and a condition over it is unknown too, however it is written: `role != x` as much
as `not role == x`. An exemption has to be known to hold (`unless`), and so has a `when`, except for a restriction: that
one applies until it is known that it need not. A judged dimension is never unknown: the conversation itself shows it.

>>> from spec.document import Compare, Dimension
>>> role = Dimension("user.role", "enum", ("customer", "clinician"), says="The user is a {value}.")
>>> scope = Scope(None, Compare("user.role", "==", "clinician"), (role,))
>>> scope.words()
'unless the user is a clinician'
>>> [s.context for s in scope.inside()], [s.context for s in scope.outside()]
([None, 'The user is a customer.'], ['The user is a clinician.'])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product
from math import prod
from typing import assert_never

from compiler.condition_words import Value, compound, fact, in_words, shown, spoken
from compiler.searching import Undecided, search
from spec.document import And, Compare, Condition, Dimension, Not, Or, Truth
from spec.frozen import dataclass

Choices = dict[str, list[Value]]
"""Telling values of dimensions."""
Facts = dict[str, Value]
"""What is known of a user: values of dimensions."""

OTHER_ROLES = ("customer", "guest")
# Users that are tried one by one, each in microseconds; among more, one is searched for.
MOST_TRIED = 20_000
# Users that are tried to show each declared value once: a value that needs more facts than these hold is not shown.
MOST_COVERING = 2_000


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of the user.

    context: the system message that states it, None for nothing. about: what the user asks about, where a judged
    predicate has to hold for the prompt itself. name: tells the situations of one clause apart.
    """

    name: str
    context: str | None = None
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a clause applies: `when` holds (or there is none) and `unless` does not.

    restricts: whether the clause also applies where it is unknown if `when` holds.
    """

    when: Condition | None
    unless: Condition | None
    dimensions: tuple[Dimension, ...]
    restricts: bool = False

    @property
    def always(self) -> bool:
        return self.when is None and self.unless is None

    def words(self) -> str:
        """Return `when ...`, `unless ...`, or both; an empty string for a clause that always applies."""
        parts = []
        if self.when is not None:
            parts.append(f"when {in_words(self.when, self.dimensions)}{self._or_unknown()}")
        if self.unless is not None:
            parts.append(f"unless {in_words(self.unless, self.dimensions)}")
        whole = self.when is None or not (compound(self.when) or self._or_unknown())
        return " and ".join(parts) if whole else ", and ".join(parts)

    def _or_unknown(self) -> str:
        """What a restriction's line adds, so that the prompt asks for what is trained and measured."""
        if not self.restricts or self.when is None or mentioned(self.when) <= self._judged():
            return ""
        return ", or when it is not known whether this is so"

    def _judged(self) -> set[str]:
        return {d.name for d in self.dimensions if d.type == "judged"}

    def applies(self, facts: dict[str, Value]) -> bool:
        """Say whether the clause applies when only `facts` are known."""
        known = {**dict.fromkeys(self._judged(), False), **facts} if self.dimensions else facts
        if self.unless is not None and truth(self.unless, known) is True:
            return False
        held = True if self.when is None else truth(self.when, known)
        return self.restricts if held is None else held

    def inside(self, limit: int = 2) -> tuple[Situation, ...]:
        """Return situations in which the clause applies, the one without any fact first: `limit` of them, and one for
        each further declared value that the condition allows."""
        return self._situations(True, limit)

    def outside(self, limit: int = 2) -> tuple[Situation, ...]:
        """Return situations in which it does not, as `inside`; none for a clause that always applies."""
        return () if self.always else self._situations(False, limit)

    def _situations(self, wanted: bool, limit: int) -> tuple[Situation, ...]:
        choices = self.choices()
        sides = (facts for facts in assignments(choices) if self.applies(facts) is wanted)
        first = list(islice(sides, limit))
        if first or are_few(choices):
            return tuple(self._situation(facts) for facts in self._with_each_value(first, wanted, choices))
        try:
            facts = search(self, wanted, choices)
        except Undecided:
            return ()
        return () if facts is None else (self._situation(facts),)

    def _with_each_value(self, first: list[Facts], wanted: bool, choices: Choices) -> list[Facts]:
        """Put an assignment with each declared value that none of `first` has behind them, fewest facts first."""
        named = {d.name for d in self.dimensions if d.type == "enum" and d.values} & choices.keys()
        shown = {(name, facts[name]) for facts in first for name in named & facts.keys()}
        missing = {(name, value) for name in named for value in choices[name]} - shown
        found = list(first)
        for facts in islice(assignments(choices), MOST_COVERING) if first and missing else ():
            new = missing & facts.items()
            if new and self.applies(facts) is wanted:
                found.append(facts)
                missing -= new
                if not missing:
                    break
        return found

    def choices(self) -> Choices:
        """Return telling values of each dimension that the conditions mention."""
        conditions = [c for c in (self.when, self.unless) if c is not None]
        names = sorted({name for c in conditions for name in mentioned(c)})
        return {name: telling_values(name, conditions, self.dimensions) for name in names}

    def _situation(self, facts: dict[str, Value]) -> Situation:
        judged = {d.name: d for d in self.dimensions if d.type == "judged"}
        said = [fact(name, value, self.dimensions) for name, value in facts.items() if name not in judged]
        about = tuple(judged[n].means or spoken(n) for n, value in facts.items() if n in judged and value is True)
        name = ",".join(f"{n}={_tag(v)}" for n, v in facts.items()) or "no facts"
        return Situation(name, " ".join(said) or None, about)


def are_few(choices: Choices) -> bool:
    """Say whether all that can be known of a user is tried."""
    return prod(len(values) + 1 for values in choices.values()) <= MOST_TRIED


def assignments(choices: Choices) -> Iterator[dict[str, Value]]:
    """Yield combinations of telling values, nothing known first, then fewer facts before more."""
    names = list(choices)
    known = (chosen for n in range(len(names) + 1) for chosen in _combinations(names, n))
    found = (
        dict(zip(chosen, combination, strict=True))
        for chosen in known
        for combination in product(*(choices[name] for name in chosen))
    )
    yield from islice(found, MOST_TRIED)


def _combinations(names: Sequence[str], n: int) -> Iterator[tuple[str, ...]]:
    """Yield what `itertools.combinations` does from its last to its first, one by one: there may be too many to hold.

    >>> list(_combinations("abc", 2))
    [('b', 'c'), ('a', 'c'), ('a', 'b')]
    """
    if n == 0:
        yield ()
        return
    for first in range(len(names) - n, -1, -1):
        yield from ((names[first], *rest) for rest in _combinations(names[first + 1 :], n - 1))


def mentioned(condition: Condition) -> set[str]:
    match condition:
        case Compare(dimension=name) | Truth(dimension=name):
            return {name}
        case Not(operand=operand):
            return mentioned(operand)
        case And(operands=operands) | Or(operands=operands):
            return {name for operand in operands for name in mentioned(operand)}
        case _:
            assert_never(condition)


def truth(condition: Condition, facts: dict[str, Value]) -> bool | None:
    """Decide `condition`; None where `facts` hold too little to decide it.

    >>> clinician = Compare("user.role", "==", "clinician")
    >>> truth(Not(clinician), {}), truth(Compare("user.role", "!=", "clinician"), {})
    (None, None)
    >>> truth(Or((clinician, Truth("user.paying"))), {"user.paying": True})
    True
    """
    match condition:
        case Truth(dimension=name):
            return facts[name] is True if name in facts else None
        case Not(operand=operand):
            held = truth(operand, facts)
            return None if held is None else not held
        case And(operands=operands):
            found = [truth(operand, facts) for operand in operands]
            return False if False in found else None if None in found else True
        case Or(operands=operands):
            found = [truth(operand, facts) for operand in operands]
            return True if True in found else None if None in found else False
        case Compare():
            return _compare(condition, facts[condition.dimension]) if condition.dimension in facts else None
        case _:
            assert_never(condition)


def _compare(condition: Compare, value: Value) -> bool:
    wanted = condition.value
    if condition.operator == "in":
        return value in wanted if isinstance(wanted, tuple) else value == wanted
    if condition.operator == "==":
        return value == wanted
    if condition.operator == "!=":
        return value != wanted
    if isinstance(value, str) or isinstance(wanted, str | tuple):
        return False
    match condition.operator:
        case "<":
            return value < wanted
        case "<=":
            return value <= wanted
        case ">":
            return value > wanted
        case ">=":
            return value >= wanted
        case _:
            assert_never(condition.operator)


def telling_values(name: str, conditions: list[Condition], dimensions: tuple[Dimension, ...]) -> list[Value]:
    """Return values of a dimension on both sides of every comparison that names it."""
    declared = next((d for d in dimensions if d.name == name), None)
    if declared is not None and declared.type == "enum" and declared.values:
        return list(declared.values)
    if declared is not None and declared.type in ("boolean", "judged"):
        return [True, False]
    values: list[Value] = []
    for compared in (c for condition in conditions for c in comparisons(condition) if c.dimension == name):
        wanted = compared.value
        if isinstance(wanted, tuple):
            values.extend(wanted)
        elif isinstance(wanted, float | int) and not isinstance(wanted, bool):
            values.extend([wanted - 1, wanted, wanted + 1])
        else:
            values.append(wanted)
    if values and all(isinstance(v, str) for v in values):
        values.extend(other for other in OTHER_ROLES if other not in values)
    return list(dict.fromkeys(values)) or [True, False]


def comparisons(condition: Condition) -> list[Compare]:
    match condition:
        case Compare():
            return [condition]
        case Truth():
            return []
        case Not(operand=operand):
            return comparisons(operand)
        case And(operands=operands) | Or(operands=operands):
            return [c for operand in operands for c in comparisons(operand)]
        case _:
            assert_never(condition)


def _tag(value: Value) -> str:
    return shown(value).replace(" ", "_")
