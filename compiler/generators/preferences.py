"""Preferences: answers sampled under the preference's line against answers sampled without it.

`prefer brevity { this: "short answers"  over: "long answers" }` becomes rows in which the shorter answer is chosen:
where the preference names a number it decides which rows are kept, else a judge does.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import Unit
from spec.constructs import Prefer

ROWS = 24


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    if not isinstance(clause.body, Prefer):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    for situation in inside:
        prompts = setting.prompts(situation)
        chosen = setting.sampled(ids, situation.context)
        rows = setting.rows(ROWS, 1 / len(inside))
        rejected = setting.unprompted()
        yield setting.pairs(clause, "preferred", rows, prompts, chosen, rejected, checks, situation=situation)
        count = setting.probes_in_each(clause.target, inside)
        yield setting.probes(clause, "probes", count, prompts, checks, situation=situation)
