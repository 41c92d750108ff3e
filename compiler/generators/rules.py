"""Principles in words: answers sampled under the principle against answers sampled without it, as a judge sees them.

`rule candour { must: "Say what the answer rests on."  about: "the weather" }` becomes questions about the weather,
else everyday ones; chosen is sampled under the rule and rejected without any prompt. A permission or a goal gives
none: no single answer shows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.conditions import Situation
from compiler.deciding import decided, deciding_checks
from compiler.generators.outside import outside_units
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.recipe import PromptSource, Unit
from spec.constructs import Rule

ROWS = 24


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Rule) or not decided(clause):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    for situation in inside:
        prompts = asked_about(body, setting, situation)
        chosen, rejected = setting.sampled(ids, situation.context), setting.unprompted()
        rows = max(setting.rows(ROWS, 1 / len(inside)), len(body.asks))
        yield setting.pairs(clause, "ruled", rows, prompts, chosen, rejected, checks, situation=situation)
        count = setting.probes_in_each(clause.target, inside)
        held_out = prompts.model_copy(update={"given": ()})
        yield setting.probes(clause, "probes", count, held_out, checks, situation=situation)
    if not body.about:
        yield from outside_units(clause, setting, PromptSource(bank=True), setting.outside(clause))


def asked_about(body: Rule, setting: Setting, situation: Situation) -> PromptSource:
    """Questions on what the rule is about; everyday ones where it is about everything."""
    if body.about:
        return PromptSource(given=asked(*body.asks), about=(body.about, *situation.about))
    return setting.prompts(situation).model_copy(update={"given": asked(*body.asks)})
