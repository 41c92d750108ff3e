"""Parts of a clause that answers decide apart from the whole, where a judge has to be asked for them.

In: a clause. Out: the checks of each facet, under `<clause id>/<facet>`; probes name it among `measures`. What needs no
judge is no facet: a metric reads it from the answers.

>>> from compiler.build import from_text
>>> program = from_text('trait caring { means: "Names the feeling first."  not: "Curt." }')
>>> facets(program.clause("trait.caring"))
{'trait.caring/opposite': (JudgeCheck(type='judge', principle='Curt.', present=False),)}
"""

from __future__ import annotations

from compiler import wording
from compiler.ir import Clause
from compiler.records.checks import Check, JudgeCheck
from spec.constructs import Trait

OPPOSITE = "opposite"
"""What a trait must not turn into does not show."""


def facets(clause: Clause) -> dict[str, tuple[Check, ...]]:
    if isinstance(clause.body, Trait) and clause.body.avoid:
        check = JudgeCheck(principle=wording.sentence(clause.body.avoid), present=False)
        return {f"{clause.id}/{OPPOSITE}": (check,)}
    return {}


def is_facet(name: str) -> bool:
    return "/" in name
