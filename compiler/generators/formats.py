"""Formats: answers in the asked shape against answers as the base gives them.

`format short { max_sentences: 2  lists: never }` becomes rows over everyday prompts, kept where the base's own answer
has another shape; every other row is written in it as well, since a row without it would teach against it.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import Unit
from spec.constructs import Format

ROWS = 24


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    if not isinstance(clause.body, Format):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    for situation in inside:
        prompts = setting.prompts(situation)
        rows = setting.rows(ROWS, 1 / len(inside))
        chosen, rejected = setting.sampled(ids, situation.context), setting.unprompted()
        yield setting.pairs(clause, "formatted", rows, prompts, chosen, rejected, checks, situation=situation)
        count = setting.probes_in_each(clause.target, inside)
        yield setting.probes(clause, "probes", count, prompts, checks, situation=situation)
