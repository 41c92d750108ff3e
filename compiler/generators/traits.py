"""Self-distillation: the model under the trait's own prompt is the teacher of the model without it.

`trait pirate { means: "Talk like a pirate." }` becomes rows over everyday prompts: chosen is sampled under the
persona and the traits, half of the rejected ones without any prompt and half under the same prompt without this trait
(where there are others), so that the rows teach this trait and not only "the prompt".
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.facets import facets
from compiler.generators.outside import outside_units
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.recipe import PromptSource, Unit
from spec.constructs import Trait

EVERYDAY = PromptSource(bank=True)
DISTILLED = 112
LEAST_DISTILLED = 40


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Trait):
        return
    traits = sum(isinstance(c.body, Trait) for c in setting.program.clauses)
    # A weaker trait gets fewer rows; several traits share the rows, since each row shows them all.
    wanted = max(LEAST_DISTILLED, DISTILLED // traits) * (0.25 + 0.75 * body.intensity)
    ids = setting.voice(clause.id)
    without = setting.voice(clause.id, without=clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    share = 1 / len(inside)
    for situation in inside:
        held_out = setting.prompts(situation)
        prompts = held_out.model_copy(update={"given": asked(*body.asks)})
        chosen = setting.sampled(ids, situation.context)
        contrast = [("distill", setting.unprompted(), share)]
        if setting.has_trait(without):
            contrast = [
                ("distill", setting.unprompted(), share / 2),
                ("distill-others", setting.sampled(without, situation.context), share / 2),
            ]
        for name, rejected, part in contrast:
            count = setting.rows(round(wanted), part)
            yield setting.pairs(clause, name, count, prompts, chosen, rejected, checks, situation=situation)
        count = setting.probes_in_each(clause.target, inside)
        apart = tuple(facets(clause))
        yield setting.probes(clause, "probes", count, held_out, checks, situation=situation, measures=apart)

    yield from outside_units(clause, setting, EVERYDAY, setting.outside(clause))
