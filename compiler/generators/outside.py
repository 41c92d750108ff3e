"""The other side of a condition: where a clause does not apply, rows and probes in which it is not followed.

In: a clause whose absence can be seen in an answer, what to ask, and the situations. Out: units. `chosen` is the voice
without the clause, `rejected` the same with it. This file must not know kinds of clauses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compiler.conditions import Situation
from compiler.deciding import opposite_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import PromptSource, Unit

ROWS, PROBES = 40, 16
"""Over all situations together."""
LEAST_PROBES = 2
"""In each."""


def outside_units(
    clause: Clause, setting: Setting, prompts: PromptSource, situations: Sequence[Situation]
) -> Iterator[Unit]:
    followed = setting.voice(clause.id)
    not_followed = setting.voice(clause.id, without=clause.id)
    checks = opposite_checks(clause)
    for situation in situations:
        yield setting.pairs(
            clause,
            "outside",
            setting.rows(ROWS, 1 / len(situations)),
            prompts,
            setting.sampled(not_followed, situation.context),
            setting.sampled(followed, situation.context),
            checks,
            situation=situation,
            aspect="outside",
        )
        count = max(LEAST_PROBES, round(PROBES / len(situations)))
        yield setting.probes(clause, "probes-outside", count, prompts, checks, situation=situation, aspect="outside")
