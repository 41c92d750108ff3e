"""A user inside or outside of a clause's scope, where there are too many to try each: facts are added one by one, and
what can no longer lead there is left.

In: a scope, values for its dimensions. Out: facts; None where there are none. A fact that is known decides parts of a
condition for good, whatever else comes to be known, so most of the users are never looked at.

>>> from compiler.conditions import Scope
>>> from spec.document import And, Compare
>>> names = [f"n{i}" for i in range(30)]
>>> every = Scope(And(tuple(Compare(name, "==", "b") for name in names)), None, ())
>>> len(search(every, True, {name: ["a", "b"] for name in names}))
30
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compiler.condition_words import Value
    from compiler.conditions import Scope

MOST_STEPS = 20_000
"""Each takes about as long as a condition is large, a dozen microseconds."""


class Undecided(Exception):
    """Nobody was found, and not everybody was looked at."""


def search(
    scope: Scope, wanted: bool, values: dict[str, list[Value]], may_go_on: Callable[[], bool] = lambda: True
) -> dict[str, Value] | None:
    """Return facts with which the clause applies (`wanted`) or does not, whatever else is so; None for none.

    `may_go_on` is asked before each step.

    Raises:
        Undecided: it would take too long.
    """
    names = list(values)
    open_nodes: list[dict[str, Value]] = [{}]
    steps = 0
    while open_nodes:
        facts = open_nodes.pop()
        if _never(scope, not wanted, facts):
            return facts
        steps += 1
        if steps > MOST_STEPS or not may_go_on():
            raise Undecided
        if len(facts) < len(names) and not _never(scope, wanted, facts):
            name = names[len(facts)]
            open_nodes.extend({**facts, name: value} for value in reversed(values[name]))
    return None


def _never(scope: Scope, wanted: bool, facts: dict[str, Value]) -> bool:
    """Say whether no further fact makes the clause apply (`wanted`), or not apply."""
    from compiler.conditions import truth

    when = True if scope.when is None else truth(scope.when, facts)
    unless = False if scope.unless is None else truth(scope.unless, facts)
    if wanted:
        return when is False or unless is True
    return when is True and unless is False
