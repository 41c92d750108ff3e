"""Clauses -> `steering.json`: what a direction in the model is read from, and between what to choose.

In: a program and its recipe. Out: the file, with a mark for each clause that is steered. The contrast of a clause is
that of its training rows: the same answers, each under the system message that it was written with (contrastive
activation addition, Panickssery et al. 2023; persona vectors, Chen et al. 2025). So vectors and adapter learn from the
same rows, and what is measured of one is fair to the other. A part of the rows gives no direction and chooses layer and
strength; no probe is among them, since no probe is a training row. A vector is added to every answer, so that a clause
under a condition has none; it is named with the reason. This file must not know models.

>>> from compiler.build import from_text
>>> from compiler.lowering import recipe
>>> program = from_text('''
... trait pirate { means: "Talk like a pirate." }
... dimension user.role { values: [crew, guest]  says: "The user is a {value}." }
... trait warm { means: "Be warm."  when: user.role == guest }
... ''')
>>> plan = make(program, recipe.make(program))
>>> [(c.clause_id, [u.unit for u in c.units if u.use == "direction"]) for c in plan.contrasts]
[('trait.pirate', ['trait.pirate/distill'])]
>>> plan.contrasts[0].units[0].toward.splitlines()[-1]
'- Pirate: Talk like a pirate.'
>>> plan.left_out[0].clause_id, plan.left_out[0].why
('trait.warm', 'it holds under a condition, and a vector is added to every answer')
"""

from __future__ import annotations

import json

from compiler.artifact import Artifact, Mark
from compiler.ir import Clause, Program
from compiler.lowering.recipe import lean
from compiler.records.recipe import AnswerSource, Recipe, Unit
from compiler.records.steering import Contrast, ContrastUnit, Kept, Read, SteeringPlan, Unsteered, Use

PATH = "steering.json"
READS: tuple[Read, ...] = ("opening", "answer")
DEPTHS = (0.3, 0.45, 0.6, 0.75, 0.9)
"""Manner is read best in the middle and behind it. In a shallow model 0.9 is the last layer, whose output at the
prompt's end decides the first token alone; what follows is then the model's own."""
STRENGTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.5)
HELD_BACK = 0.4
MOST, FACTS, MAX_NEW_TOKENS = 16, 40, 64
KEEP = Kept(facts=0.05, fluent=0.05, safe=0.1)
"""Of 40 questions of fact two may be lost: fewer could not be told from chance."""


def lower(program: Program, asked: Recipe) -> tuple[Artifact, ...]:
    """Nothing where no clause has rows."""
    plan = make(program, asked)
    if not plan.contrasts:
        return ()
    whole = lean(plan.model_dump(mode="json"))
    lines = ",\n".join("  " + json.dumps(contrast, ensure_ascii=False) for contrast in whole.pop("contrasts"))
    head = json.dumps({**whole, "contrasts": []}, ensure_ascii=False, indent=1)
    text = head.replace('"contrasts": []', f'"contrasts": [\n{lines}\n ]') + "\n"
    return (Artifact(PATH, text, tuple(Mark(c.clause_id, (c.clause_id,)) for c in plan.contrasts)),)


def make(program: Program, asked: Recipe) -> SteeringPlan:
    own: dict[str, list[ContrastUnit]] = {}
    for unit in asked.units:
        use = _use(unit)
        if use is not None:
            own.setdefault(unit.clause_ids[0], []).append(_contrast(unit, use))
    contrasts, left_out = [], []
    for clause in program.clauses:
        units = own.get(clause.id, [])
        why = _why_not(clause, units)
        if why is None:
            contrasts.append(Contrast(clause_id=clause.id, units=tuple(units), spans=(str(clause.span),)))
        else:
            left_out.append(Unsteered(clause_id=clause.id, why=why))
    return SteeringPlan(
        seed=program.train.seed,
        reads=READS,
        depths=DEPTHS,
        strengths=STRENGTHS,
        held_back=HELD_BACK,
        most=MOST,
        facts=FACTS,
        max_new_tokens=MAX_NEW_TOKENS,
        keep=KEEP,
        contrasts=tuple(contrasts),
        left_out=tuple(left_out),
    )


def _use(unit: Unit) -> Use | None:
    if unit.purpose != "pairs":
        return None
    match unit.aspect:
        case "kept":
            return "direction"
        case "pressure":
            return "pushed"
        case "safe" | "everyday":
            return "safe"
        case _:
            return None


def _contrast(unit: Unit, use: Use) -> ContrastUnit:
    directing = use == "direction"
    return ContrastUnit(
        unit=unit.id,
        use=use,
        toward=_system(unit.chosen) if directing else None,
        away=_system(unit.rejected) if directing else None,
        checks=unit.checks,
    )


def _system(side: AnswerSource | None) -> str | None:
    """The system message of a sampled side. One that declined something else was not asked what the row asks."""
    return side.system if side is not None and side.declined is None else None


def _why_not(clause: Clause, units: list[ContrastUnit]) -> str | None:
    if clause.when is not None or clause.unless is not None:
        return "it holds under a condition, and a vector is added to every answer"
    if not any(unit.use == "direction" for unit in units):
        return "no training row sets an answer that keeps it beside one that does not"
    return None
