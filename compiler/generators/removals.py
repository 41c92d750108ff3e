"""Forbidden phrases taken out of what the base says by itself: `train { writers: [phrase_removal] }`.

`forbid canned { phrases: ["Certainly!"] }` becomes pairs in which the rejected side is the base's own answer and the
chosen one is the same without the phrase. The usual rows of a forbid stand in `forbidden.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler import revising
from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import Unit
from spec.constructs import Forbid

ROWS = 64


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    principle = revising.principle(clause, setting.program)
    if not isinstance(clause.body, Forbid) or not setting.wants("phrase_removal") or principle is None:
        return
    inside = setting.inside(clause)
    for situation in inside:
        natural = setting.unprompted()
        rows = setting.rows(ROWS, 1 / len(inside))
        yield setting.pairs(
            clause, "removed", rows, setting.prompts(situation), natural, natural, deciding_checks(clause),
            situation=situation, writer="phrase_removal", principles=(principle,),
        )  # fmt: skip
