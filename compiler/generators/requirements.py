"""Required parts: the same answer with and without them, and answers sampled under the line that asks for them.

`require sign_off { ends: "Fair winds." }` becomes minimal pairs. A requirement that always applies is put on every
other row's answers as well, since a row without it would teach against it.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import deciding_checks
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, Unit
from spec.constructs import Require

MINIMAL, SAMPLED, OWN_PROBES = 20, 12, 30


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Require):
        return
    ids = setting.voice(clause.id)
    without = setting.voice(clause.id, without=clause.id)
    checks = deciding_checks(clause)
    inside = setting.inside(clause)
    share = 1 / len(inside)
    # One that always applies is measured on every answer, one with a condition only here.
    everywhere = clause.id in setting.measured_everywhere
    count = round(OWN_PROBES * share) if everywhere else setting.probes_in_each(clause.target, inside)
    for situation in inside:
        prompts = setting.prompts(situation)
        bare = AnswerSource(system=setting.system(without, situation.context))
        literal = [text for text in body.includes if isinstance(text, str)]
        if body.starts or body.ends or len(literal) == len(body.includes) == 1:
            # Taken from the bare answer as it was sampled, so that the sides differ in the required part alone.
            ends = body.ends or (literal[0] if literal and not body.starts else None)
            chosen = AnswerSource(other=True, starts=body.starts, ends=ends)
            rows = setting.rows(MINIMAL, share)
            yield setting.pairs(
                clause, "minimal", rows, prompts, chosen, bare, checks, situation=situation, writer="fixed_part"
            )
        rows = setting.rows(SAMPLED, share)
        sampled = AnswerSource(system=setting.system(ids, situation.context), starts=body.starts, ends=body.ends)
        yield setting.pairs(clause, "sampled", rows, prompts, sampled, bare, checks, situation=situation)
        yield setting.probes(clause, "probes", count, prompts, checks, situation=situation)
