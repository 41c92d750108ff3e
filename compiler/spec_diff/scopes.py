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

from compiler.condition_words import spoken
from compiler.conditions import Scope, mentioned
from compiler.regions import Region, Space, TooManyBoxes, meet, told
from compiler.spec_diff.records import Change
from spec.document import Condition, Dimension


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
    joined = _joined(old.dimensions, new.dimensions)
    here, there = replace(old, dimensions=joined), replace(new, dimensions=joined)
    space = Space(joined, [here, there])
    try:
        gains = meet(space.inside(there), space.outside(here))
        losses = meet(space.inside(here), space.outside(there))
    except TooManyBoxes:
        reason = "the conditions tell more situations apart than can be compared"
        yield Change(field, "scope", "incomparable", reason, before, after)
        return
    gained, lost = (_said(space, region) for region in (gains, losses))
    if gained and lost:
        reason = f"applies here now: {gained} No longer here: {lost}"
        yield Change(field, "scope", "incomparable", reason, before, after, gained)
    elif gained:
        yield Change(field, "scope", "stricter", "applies in more situations", before, after, gained)
    elif lost:
        yield Change(field, "scope", "looser", "applies in fewer situations", before, after, lost)
    else:
        yield Change(field, "scope", "equivalent", "applies in the same situations, said otherwise", before, after)


def _said(space: Space, region: Region) -> str | None:
    """Return a situation of the region in words; None where there is none."""
    return told(space.facts(region), space.dimensions) if region else None


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
