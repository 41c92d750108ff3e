"""Forbidden phrases: the same answer with and without one, and what the base says by itself.

`forbid canned { phrases: ["Certainly!"] }` becomes minimal pairs (the chosen answer with "Certainly!" in front is
rejected) and natural pairs, kept only where the base did say a forbidden thing. All probes of the spec measure the
clause too.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, Unit
from spec.constructs import Forbid

MINIMAL, NATURAL, OWN_PROBES = 20, 16, 30


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Forbid):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    share = 1 / len(inside)
    # A forbid that always applies is measured on every answer, one with a condition only here.
    everywhere = clause.id in setting.measured_everywhere
    count = round(OWN_PROBES * share) if everywhere else setting.probes_in_each(clause.target, inside)
    for situation in inside:
        prompts = setting.prompts(situation)
        chosen = setting.sampled(ids, situation.context)
        if body.phrases:
            _, ends = setting.affixes()
            rejected = AnswerSource(other=True, phrases=body.phrases, ends=ends)
            rows = setting.rows(MINIMAL, share)
            yield setting.pairs(
                clause,
                "phrases",
                rows,
                prompts,
                chosen,
                rejected,
                checks,
                situation=situation,
                writer="fixed_part",
            )
        rows = setting.rows(NATURAL, share)
        natural = setting.unprompted()
        yield setting.pairs(clause, "natural", rows, prompts, chosen, natural, checks, situation=situation)
        yield setting.probes(clause, "probes", count, prompts, checks, situation=situation)
