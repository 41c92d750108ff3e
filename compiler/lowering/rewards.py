"""Clauses -> `rewards.json`: what an answer is rewarded for, where a method optimises a policy (`grpo`, `rloo`).

In: a program, its recipe and its filters. Out: one reward for each clause of which rows ask, by the checks that decide
those rows; beside them, in rows of other clauses, what filters.json holds every row to. A reward is said of what the
clause says something about and of nothing else, so that a clause under a condition neither gains nor loses elsewhere.

>>> from compiler.build import from_text
>>> from compiler.lowering import recipe
>>> program = from_text('''
... forbid canned { phrases: ["Certainly!"] }
... trait pirate { means: "Talk like a pirate." }
... train { method: grpo }
... ''')
>>> for r in make(program, recipe.make(program)).rewards: print(r.clause, len(r.own), r.rule is None)
forbid.canned 1 False
trait.pirate 1 True
"""

from __future__ import annotations

import json

from compiler.artifact import Artifact, Mark
from compiler.ir import Program
from compiler.lowering import filters
from compiler.lowering.losses import REWARD_WEIGHT, is_rewarded
from compiler.lowering.recipe import lean
from compiler.records.checks import Check
from compiler.records.recipe import Recipe
from compiler.records.rewards import Reward, Rewards, UnitChecks
from compiler.stages import stages_of

PATH = "rewards.json"


def lower(program: Program, asked: Recipe) -> tuple[Artifact, ...]:
    """Nothing where no method of the spec asks for rewards."""
    if not any(is_rewarded(stage) for stage in stages_of(program.train.method)):
        return ()
    made = make(program, asked)
    rewards = ",\n".join("  " + json.dumps(lean(r.model_dump(mode="json")), ensure_ascii=False) for r in made.rewards)
    model = "" if made.model is None else f',\n "model": {made.model}'
    text = f'{{\n "version": {made.version},\n "rewards": [\n{rewards}\n ]{model}\n}}\n'
    clauses = {rule.key: rule.clause_ids for rule in filters.make(program).rules}
    return (Artifact(PATH, text, tuple(Mark(r.clause, clauses.get(r.clause, (r.clause,))) for r in made.rewards)),)


def make(program: Program, asked: Recipe) -> Rewards:
    own: dict[str, dict[tuple[Check, ...], list[str]]] = {}
    for unit in asked.units:
        if unit.purpose == "pairs" and unit.checks:
            own.setdefault(unit.clause_ids[0], {}).setdefault(unit.checks, []).append(unit.id)
    rules = {rule.key: rule for rule in filters.make(program).rules}
    spans = {clause.id: (str(clause.span),) for clause in program.clauses}
    found = dict.fromkeys([*(clause.id for clause in program.clauses), *rules])
    weight = program.train.reward_weight
    return Rewards(
        model=(REWARD_WEIGHT if weight is None else weight) if "reward" in stages_of(program.train.method) else None,
        rewards=tuple(
            Reward(
                clause=name,
                own=tuple(UnitChecks(units=tuple(units), checks=checks) for checks, units in own.get(name, {}).items()),
                rule=rules.get(name),
                spans=spans.get(name, ()),
            )
            for name in found
            if name in own or name in rules
        ),
    )
