"""Where clauses apply, exactly: a scope as a union of boxes, which are met, joined and told apart without search.

In: scopes, and the declared dimensions. Out: regions. A dimension's values fall into finitely many that the conditions
at hand tell apart: those that they name, one between each two numbers, one that none of them names, and "unknown"
(a judged dimension is never unknown). A box holds for each dimension the set of these that it allows, as the bits of a
number; a region is some boxes. What a scope holds is decided by `conditions.truth`, value by value, so that there is
one meaning of a condition. This file must not know clauses.

>>> from spec.document import Compare, Not
>>> role = Dimension("user.role", "enum", ("customer", "clinician"), says="The user is a {value}.")
>>> clinician = Scope(None, Compare("user.role", "==", "clinician"), (role,), True)
>>> customer = Scope(Not(Compare("user.role", "==", "clinician")), None, (role,))
>>> space = Space((role,), [clinician, customer])
>>> meet(space.inside(clinician), space.outside(customer)), space.facts(space.inside(customer))
(({'user.role': 1},), {'user.role': 'customer'})
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import count, pairwise

from compiler.condition_words import Value, fact, spoken
from compiler.conditions import Scope, comparisons, mentioned, truth
from spec.document import And, Compare, Condition, Dimension, Not, Or, Truth

MOST_BOXES = 128
"""A condition that needs more boxes is not compared; no author reads one."""

MOST_MET = 16 * MOST_BOXES
"""So many pairs of boxes are met at once."""

OTHER = "other"
"""A value that no condition names, for dimensions that take any name."""

NOBODY = "Nothing is known about the user."

Facts = dict[str, Value]
Box = dict[str, int]
"""Dimension -> the set of values that it may have, as bits: 1 for unknown, then one for each; absent for any."""

Region = tuple[Box, ...]

EVERYWHERE: Region = ({},)
NOWHERE: Region = ()


class TooManyBoxes(Exception):
    """The conditions tell more situations apart than can be compared."""


class Space:
    """The values that some scopes tell apart, and those scopes as regions.

    values: for each dimension, the values of which each other one is like one; the bits of boxes count them.
    """

    def __init__(self, dimensions: Sequence[Dimension], scopes: Iterable[Scope]) -> None:
        self.dimensions = tuple(dimensions)
        conditions = [c for scope in scopes for c in (scope.when, scope.unless) if c is not None]
        declared = {d.name: d for d in dimensions}
        compared: dict[str, list[Compare]] = {name: [] for c in conditions for name in sorted(mentioned(c))}
        for comparison in (found for c in conditions for found in comparisons(c)):
            compared[comparison.dimension].append(comparison)
        self._judged = {d.name for d in dimensions if d.type == "judged"}
        self.values = {name: telling_values(declared.get(name), found) for name, found in compared.items()}
        self._places = {name: {v: place for place, v in enumerate(found)} for name, found in self.values.items()}
        self._atoms: dict[tuple[Compare | Truth, bool], int] = {}

    def inside(self, scope: Scope) -> Region:
        """Return where the clause applies.

        Raises:
            TooManyBoxes: its conditions have too many parts.
        """
        where = EVERYWHERE if scope.when is None else self.where(scope.when, True, sure=not scope.restricts)
        return where if scope.unless is None else meet(where, self.where(scope.unless, False, sure=False))

    def outside(self, scope: Scope) -> Region:
        """Return where it does not apply: all of what `inside` is not."""
        where = NOWHERE if scope.when is None else self.where(scope.when, False, sure=scope.restricts)
        return where if scope.unless is None else join(where, self.where(scope.unless, True, sure=True))

    def where(self, condition: Condition, held: bool, *, sure: bool) -> Region:
        """Return where `condition` is known to be `held` (sure), or where it is not known to be otherwise."""
        match condition:
            case Not(operand=operand):
                return self.where(operand, not held, sure=sure)
            case And(operands=operands) | Or(operands=operands):
                parts = [self.where(operand, held, sure=sure) for operand in operands]
                return reduce(meet, parts) if isinstance(condition, And) is held else join(*parts)
            case Compare(dimension=name) | Truth(dimension=name):
                bits = self._bits(condition, held)
                if not sure and name not in self._judged:
                    bits |= 1
                return ({name: bits},) if bits else NOWHERE

    def _bits(self, atom: Compare | Truth, held: bool) -> int:
        """Return the known values for which the atom is `held`."""
        values = self.values[atom.dimension]
        if (atom, held) not in self._atoms:
            self._atoms[atom, held] = self._told(atom, values, held)
        return self._atoms[atom, held]

    def _told(self, atom: Compare | Truth, values: list[Value], held: bool) -> int:
        every = (2 << len(values)) - 2
        if not isinstance(atom, Compare) or len(values) <= 2:
            told = [truth(atom, {atom.dimension: value}) is held for value in values]
            return sum(2 << place for place, is_so in enumerate(told) if is_so)
        if atom.operator in ("==", "!=", "in"):
            # The values that it names decide it, which are few; all others are alike.
            named = set(atom.value if isinstance(atom.value, tuple) else (atom.value,))
            found = sum(2 << place for value in named if (place := self._placed(atom.dimension, value)) >= 0)
            return found if (atom.operator != "!=") is held else every & ~found
        # Numbers stand in order, so that a comparison turns over at one of them.
        low, high = (truth(atom, {atom.dimension: value}) for value in (values[0], values[-1]))
        if low == high:
            return every if low is held else 0
        turn = bisect_left(values, True, key=lambda value: truth(atom, {atom.dimension: value}) is not low)
        below = (2 << turn) - 2
        return below if low is held else every & ~below

    def _placed(self, name: str, value: Value) -> int:
        """Return the place of a value among those of its dimension; -1 for one that it cannot have."""
        return self._places[name].get(value, -1)

    def facts(self, region: Region) -> Facts:
        """Return a situation in `region` of which as little is known as can be; a judged dimension is False or True.

        Among equals, the first by the dimensions' names and the order of their values.
        """
        found = [self._least(box) for box in region]
        return min(
            found,
            key=lambda facts: (len(facts), [self._place(name, facts) for name in sorted(self.values)]),
        )

    def point(self, facts: Facts) -> Region:
        """Return the region of one situation: what is not in `facts` is unknown, or not so where a judge decides."""
        known = {**dict.fromkeys(self._judged & self.values.keys(), False), **facts}
        return ({name: 2 << self._placed(name, known[name]) if name in known else 1 for name in self.values},)

    def _least(self, box: Box) -> Facts:
        return {
            name: values[(bits & -bits).bit_length() - 2]
            for name, bits in sorted(box.items())
            if not bits & 1 and (values := self.values[name])
        }

    def _place(self, name: str, facts: Facts) -> int:
        return self._places[name][facts[name]] if name in facts else -1


def meet(one: Region, other: Region) -> Region:
    """Return what is in both.

    Raises:
        TooManyBoxes: they share more boxes than are looked at.
    """
    if one is EVERYWHERE or other is EVERYWHERE:
        return other if one is EVERYWHERE else one
    if len(one) * len(other) > MOST_MET:
        raise TooManyBoxes
    found: list[Box] = []
    for left in one:
        for right in other:
            both = left | right
            for name in left.keys() & right.keys():
                both[name] = bits = left[name] & right[name]
                if not bits:
                    break
            else:
                found.append(both)
    return _lean(found)


def join(*regions: Region) -> Region:
    """Return what is in any of them.

    Raises:
        TooManyBoxes: there are more boxes than are looked at.
    """
    boxes: list[Box] = []
    for region in regions:
        boxes.extend(region)
        if len(boxes) > MOST_BOXES:
            boxes = list(_lean(boxes))
    return _lean(boxes)


def meets(one: Region, other: Region) -> bool:
    """Say whether some situation is in both; what `meet` finds, without making it."""
    if one is EVERYWHERE or other is EVERYWHERE:
        return bool(one and other)
    return any(all(left[name] & right[name] for name in left.keys() & right.keys()) for left in one for right in other)


def _lean(boxes: list[Box]) -> Region:
    """Merge boxes that differ in one dimension, and leave out those that stand inside of others."""
    if len(boxes) < 2:
        return tuple(boxes)
    if {} in boxes:
        return EVERYWHERE
    for name in sorted({name for box in boxes for name in box}):
        merged: dict[tuple[str, frozenset[tuple[str, int]]], int] = {}
        apart = [box for box in boxes if name not in box]
        for box in (box for box in boxes if name in box):
            key = name, frozenset((n, bits) for n, bits in box.items() if n != name)
            merged[key] = merged.get(key, 0) | box[name]
        boxes = [*apart, *({name: bits, **dict(rest)} for (_, rest), bits in merged.items())]
    kept: list[Box] = []
    for box in sorted(boxes, key=len):
        if not any(_holds(outer, box) for outer in kept):
            kept.append(box)
        if len(kept) > MOST_BOXES:
            raise TooManyBoxes
    return tuple(kept)


def _holds(outer: Box, inner: Box) -> bool:
    return all(name in inner and inner[name] | bits == bits for name, bits in outer.items())


def telling_values(declared: Dimension | None, compared: Sequence[Compare]) -> list[Value]:
    """Return values of a dimension of which each other one is like one in all of the comparisons."""
    if declared is not None and declared.type in ("boolean", "judged"):
        return [False, True]
    if declared is not None and declared.type == "enum" and declared.values:
        return list(declared.values)
    named = [v for c in compared for v in (c.value if isinstance(c.value, tuple) else (c.value,))]
    numbers = sorted({float(v) for v in named if isinstance(v, int | float) and not isinstance(v, bool)})
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        return sorted([numbers[0] - 1, *numbers, *between, numbers[-1] + 1])
    words = sorted({v for v in named if isinstance(v, str)})
    other = next(name for name in (f"{OTHER} {n}".removesuffix(" 1") for n in count(1)) if name not in words)
    return [*words, other] if words else [False, True]


def told(facts: Facts, dimensions: Sequence[Dimension]) -> str:
    """Return a situation in words, the way that an application tells it."""
    judged = {d.name: d for d in dimensions if d.type == "judged"}
    said = [fact(name, value, tuple(dimensions)) for name, value in facts.items() if name not in judged]
    said += [f"And this is so: {meant(d)}." for name, d in judged.items() if facts.get(name) is True]
    return " ".join(said) or NOBODY


def meant(dimension: Dimension) -> str:
    return (dimension.means or spoken(dimension.name)).strip().rstrip(".")
