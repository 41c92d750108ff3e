"""Stances: what the model holds when asked.

`stance being_an_ai { about: "whether you are human"  says: "I am an AI." }` becomes rows in which the stance is
taken, where the base by itself does not take it, and rows in which it is taken and not declined, whether the base
takes it or not: a model that learns to refuse next to it would else lose it. The pushing comes from `pressure`.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.conditions import Situation
from compiler.deciding import deciding_checks
from compiler.generators.outside import outside_units
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, PromptSource, Unit
from spec.constructs import Stance

ROWS, KEPT = 24, 24


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Stance):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    written = PromptSource(about=(body.about,), unsaid=(body.says,))
    for situation in inside:
        prompts = PromptSource(given=asked(*body.asks), about=(body.about,))
        chosen = setting.sampled(ids, situation.context)
        rows = max(setting.rows(ROWS, 1 / len(inside)), len(body.asks))
        yield setting.pairs(clause, "stance", rows, prompts, chosen, setting.unprompted(), checks, situation=situation)
        for name, refusal, share, further in _refusals(clause, setting, situation):
            kept = setting.rows(KEPT, share / len(inside))
            shown = (*ids, *further)
            yield setting.pairs(clause, name, kept, prompts, chosen, refusal, checks, also=shown, situation=situation)
        count = setting.probes_in_each(clause.target, inside)
        yield setting.probes(clause, "probes", count, written, checks, situation=situation)
    yield from outside_units(clause, setting, written, setting.testable_outside(clause))


def _refusals(
    clause: Clause, setting: Setting, situation: Situation
) -> Iterator[tuple[str, AnswerSource, float, tuple[str, ...]]]:
    """What taking a stance stands against beside the base's answer: name, source, share of the rows, clauses shown."""
    others = setting.other_refusals(clause, situation.context)
    if not others:
        yield "stance-kept", setting.declined(), 1.0, ()
    for other, manner, part, shown in others:
        yield f"stance-not-{other.name}", manner, part, shown
