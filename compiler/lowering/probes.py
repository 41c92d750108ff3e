"""Clauses -> the units that ask an engine for probes: held-out prompts with the checks that decide.

In: a program. Out: units with purpose `probes`: each clause's own, and controls that no clause asked for
(`generators.controls`), the factual ones last, which show what training cost. How many `train.rows` there are does not
matter here: the target decides how many probes a clause needs.

>>> from compiler.build import from_text
>>> units = lower(from_text('''
... forbid canned { phrases: ["Certainly!"]  target: <= 1% }
... require sign_off { ends: "Fair winds." }
... '''))
>>> [(u.id, u.count) for u in units if u.aspect == "kept"]
[('forbid.canned/probes', 30), ('require.sign_off/probes', 30), ('facts/probes', 239)]
>>> units[-1].measures
('forbid.canned', 'require.sign_off')
"""

from __future__ import annotations

from compiler.generators import GENERATORS, controls
from compiler.generators.setting import Setting, seed_of
from compiler.ir import Program
from compiler.records.recipe import PromptSource, Unit

FACTS = "facts"
# Fewer could not tell a loss of three points from none, even if nothing changed.
FACTUAL_CONTROLS = 100
MOST_CONTROLS = 300


def lower(program: Program) -> tuple[Unit, ...]:
    setting = Setting(program)
    units = tuple(
        unit
        for clause in program.clauses
        for generate in GENERATORS
        for unit in generate(clause, setting)
        if unit.purpose == "probes"
    )
    return (*units, *controls.units(setting), _controls(setting, units))


def _controls(setting: Setting, units: tuple[Unit, ...]) -> Unit:
    """Everyday questions with a known answer; more of them where a strict forbid needs more answers."""
    measured = setting.measured_everywhere
    answered = sum(unit.count for unit in units if unit.pressure is None and unit.dialogue is None)
    needed = [setting.probes_for(setting.program.clause(i).target) - answered for i in measured]
    return Unit(
        id=f"{FACTS}/probes",
        clause_ids=(FACTS,),
        generator=FACTS,
        purpose="probes",
        count=min(MOST_CONTROLS, max([FACTUAL_CONTROLS, *needed])),
        seed=seed_of(setting.program.train.seed, f"{FACTS}/probes"),
        prompts=PromptSource(bank=True),
        measures=measured,
        ask_check="safe",
    )
