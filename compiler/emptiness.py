"""Whether a condition leaves anybody inside of a clause's scope, or outside: within an effort that clauses share.

In: a scope. Out: yes, no, or that it was not decided. This file must not know what is a defect.

>>> from compiler.conditions import Scope
>>> from spec.document import And, Not, Truth
>>> never = Scope(And((Truth("paying"), Not(Truth("paying")))), None, ())
>>> is_empty(never, True, Effort()), is_empty(never, False, Effort())
(True, False)
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product, takewhile
from typing import assert_never

from compiler.condition_words import Value
from compiler.conditions import Choices, Scope, are_few, assignments
from compiler.searching import Undecided, search
from spec.document import And, Compare, Condition, Not, Or, Truth
from spec.frozen import dataclass

MOST_PARTS = 400_000
"""Parts of conditions that are looked at for all clauses of a spec."""
MOST_OF_ONE = MOST_PARTS // 2
"""A clause that alone takes more is too large."""


@dataclass(slots=True)
class Effort:
    """How many parts of conditions may still be looked at, for all conditions of a spec."""

    left: int = MOST_PARTS

    def spend(self, parts: int) -> bool:
        """Take from what is left; False where that was too little, from then on."""
        self.left -= parts
        return self.left > 0


def is_empty(scope: Scope, wanted: bool, effort: Effort, choices: Choices | None = None) -> bool | None:
    """Say whether no user is inside of (`wanted`), or outside of, the clause, or none that a prompt can show.

    None where the conditions have too many parts to tell. Where others have used up the `effort`, nothing is said
    against these. `choices` are those of the scope, where they are known.
    """
    before = effort.left
    if before <= 0:
        return False
    size = sum(_size(c) for c in (scope.when, scope.unless) if c is not None) + len(scope.dimensions) // 8
    choices = scope.choices() if choices is None else choices
    effort.spend(len(choices) * size)

    def tried(users: Iterable[dict[str, Value]]) -> bool:
        return any(scope.applies(facts) is wanted for facts in takewhile(lambda _: effort.spend(size), users))

    try:
        if are_few(choices):
            everybody = (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))
            empty = not tried(everybody) or not tried(assignments(choices))
        else:
            empty = search(scope, wanted, choices, lambda: effort.spend(size)) is None
    except Undecided:
        return None if effort.left > 0 or before > MOST_OF_ONE else False
    if effort.left > 0:
        return empty
    return None if before > MOST_OF_ONE else False


def _size(condition: Condition) -> int:
    """Return how many parts are looked at to decide a condition."""
    match condition:
        case Compare(value=value):
            return 1 + (len(value) // 8 if isinstance(value, tuple) else 0)
        case Truth():
            return 1
        case Not(operand=operand):
            return 1 + _size(operand)
        case And(operands=operands) | Or(operands=operands):
            return 1 + sum(map(_size, operands))
        case _:
            assert_never(condition)
