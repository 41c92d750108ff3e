"""Where a clause applies: two pairs of `when` and `unless`, compared over every situation that they tell apart.

In: two scopes. Out: a `Change`, with a situation in which one version applies and the other does not. What nobody has
said about a user is unknown, and counts as a situation of its own, as `compiler/conditions.py` has it. This file must
not know what a clause asks for.

>>> from spec.document import Compare, Dimension, Or
>>> role = Dimension("user.role", "enum", ("customer", "clinician", "nurse"), says="The user is a {value}.")
>>> clinician, nurse = (Compare("user.role", "==", v) for v in ("clinician", "nurse"))
>>> change, = compare(Scope(None, clinician, (role,), True), Scope(None, Or((clinician, nurse)), (role,), True))
>>> change.direction, change.witness
('looser', 'The user is a nurse.')
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise, product
from math import prod

from compiler.conditions import Scope, Value, comparisons, fact, mentioned, spoken
from compiler.spec_diff.records import Change
from spec.document import Condition, Dimension

MOST_SITUATIONS = 50_000
OTHER = "other"
"""A value that no condition names, for dimensions that take any name."""

NOBODY = "Nothing is known about the user."

Facts = dict[str, Value]


def compare(old: Scope, new: Scope) -> list[Change]:
    """Return how the scope has moved: wider is `stricter`, as of a clause that asks for something."""
    return [*(_retyped(old, new) or _compared(old, new)), *_reworded(old, new)]


def _retyped(old: Scope, new: Scope) -> list[Change]:
    """A dimension that either asks about, and that has values of another sort now: no situation is one of both."""
    before = {d.name: d.type for d in old.dimensions}
    return [
        Change("condition", "scope", "incomparable", f"its condition asks about `{d.name}`, which is of another type",
               before[d.name], d.type)
        for d in new.dimensions
        if d.name in _names(old) | _names(new) and before.get(d.name, d.type) != d.type
    ]  # fmt: skip


def _compared(old: Scope, new: Scope) -> Iterator[Change]:
    if (old.when, old.unless) == (new.when, new.unless):
        return
    field = " and ".join(
        name for name in ("when", "unless") if getattr(old, name) != getattr(new, name)
    )  # fmt: skip
    before, after = old.words() or "always", new.words() or "always"
    situations = _situations(old, new)
    if situations is None:
        reason = "the conditions tell more situations apart than can be compared"
        yield Change(field, "scope", "incomparable", reason, before, after)
        return
    joined = _joined(old.dimensions, new.dimensions)
    here, there = replace(old, dimensions=joined), replace(new, dimensions=joined)
    gained: Facts | None = None
    lost: Facts | None = None
    for facts in situations:
        was, now = here.applies(facts), there.applies(facts)
        if now and not was and (gained is None or len(facts) < len(gained)):
            gained = facts
        if was and not now and (lost is None or len(facts) < len(lost)):
            lost = facts
    if gained is not None and lost is not None:
        reason = f"applies here now: {_said(gained, joined)} No longer here: {_said(lost, joined)}"
        yield Change(field, "scope", "incomparable", reason, before, after, _said(gained, joined))
    elif gained is not None:
        yield Change(field, "scope", "stricter", "applies in more situations", before, after, _said(gained, joined))
    elif lost is not None:
        yield Change(field, "scope", "looser", "applies in fewer situations", before, after, _said(lost, joined))
    else:
        yield Change(field, "scope", "equivalent", "applies in the same situations, said otherwise", before, after)


def _reworded(old: Scope, new: Scope) -> Iterator[Change]:
    """A judged predicate that both ask about, and that means something else now."""
    meant = {d.name: d.means or spoken(d.name) for d in old.dimensions if d.type == "judged"}
    asked = _names(old) & _names(new)
    for dimension in new.dimensions:
        if dimension.name in asked and dimension.name in meant and dimension.type == "judged":
            before, after = meant[dimension.name], dimension.means or spoken(dimension.name)
            if before.split() != after.split():
                reason = f"its condition asks about `{dimension.name}`, which is worded anew"
                yield Change("condition", "wording", "incomparable", reason, before, after)


def _names(scope: Scope) -> set[str]:
    return {name for condition in _conditions(scope) for name in mentioned(condition)}


def _conditions(*scopes: Scope) -> list[Condition]:
    return [c for scope in scopes for c in (scope.when, scope.unless) if c is not None]


def _situations(old: Scope, new: Scope) -> Iterator[Facts] | None:
    """Everything that can be known of a user, as far as the conditions tell it apart; None where that is too much."""
    names = sorted(_names(old) | _names(new))
    dimensions = _joined(old.dimensions, new.dimensions)
    judged = {d.name for d in dimensions if d.type == "judged"}
    choices: list[list[Value | None]] = [
        [*([] if name in judged else [None]), *_values(name, _conditions(old, new), dimensions)] for name in names
    ]
    if prod(map(len, choices)) > MOST_SITUATIONS:
        return None
    return (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in product(*choices)
    )


def _values(name: str, conditions: list[Condition], dimensions: tuple[Dimension, ...]) -> list[Value]:
    """Values of which each other one is like one in every comparison."""
    declared = next((d for d in dimensions if d.name == name), None)
    if declared is not None and declared.type in ("boolean", "judged"):
        return [False, True]
    if declared is not None and declared.type == "enum" and declared.values:
        return list(declared.values)
    compared = [c.value for condition in conditions for c in comparisons(condition) if c.dimension == name]
    named = [v for value in compared for v in (value if isinstance(value, tuple) else (value,))]
    numbers = sorted({float(v) for v in named if isinstance(v, int | float) and not isinstance(v, bool)})
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        return sorted([numbers[0] - 1, *numbers, *between, numbers[-1] + 1])
    words = sorted({v for v in named if isinstance(v, str)})
    other = next(name for name in (f"{OTHER} {n}".removesuffix(" 1") for n in count(1)) if name not in words)
    return [*words, other] if words else [False, True]


def _joined(old: tuple[Dimension, ...], new: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
    """The dimensions of both versions, each with the values that it has in either."""
    before = {d.name: d for d in old}
    found = []
    for dimension in new:
        other = before.pop(dimension.name, dimension)
        if other.type == dimension.type == "enum":
            # One that takes any name in one version takes any name.
            values = {*dimension.values, *other.values} if dimension.values and other.values else ()
            dimension = replace(dimension, values=tuple(sorted(values)))
        found.append(dimension)
    return (*found, *before.values())


def _said(facts: Facts, dimensions: tuple[Dimension, ...]) -> str:
    """Return a situation in words, the way that an application tells it."""
    judged = {d.name: d for d in dimensions if d.type == "judged"}
    said = [fact(name, value, dimensions) for name, value in facts.items() if name not in judged]
    for name, dimension in judged.items():
        if facts.get(name) is True:
            said.append(f"And this is so: {_meant(dimension)}.")
    return " ".join(said) or NOBODY


def _meant(dimension: Dimension) -> str:
    return (dimension.means or spoken(dimension.name)).strip().rstrip(".")
