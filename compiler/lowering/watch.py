"""`train { watch { ... } }` -> units that ask for held-out questions, and `watch.json` with what stops a training.

In: a program and the units of its training rows. Out: units with purpose `watch`, whose questions are kept out of the
training rows and are no probes; and the budgets. Nothing where the spec asks for no watching. A clause is watched on
what its rows ask without pressure; of questions that the clause itself gives, every fourth is kept out. Where a
judge is named, a clause that its signs decide is held to its own words too: signs are what a policy learns to fake.

>>> from compiler.build import from_text
>>> from compiler.lowering import pairs
>>> program = from_text('''
... trait pirate { means: "Talk like a pirate."  signs: ["arr"] }
... train { watch: { max_kl: 0.5  max_facts_lost: 2% } }
... ''')
>>> [(u.id, u.count) for u in units(program, pairs.lower(program))]
[('trait.pirate/watch-distill', 16), ('facts/watch', 50)]
>>> [(b.name, b.at_most) for b in make(program).budgets]
[('max_kl', 0.5), ('max_facts_lost', 0.02)]
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from compiler import wording
from compiler.artifact import Artifact, Mark
from compiler.facts import Facts
from compiler.generators.setting import seed_of
from compiler.ir import Program
from compiler.lowering.losses import LARGE, SMALL
from compiler.lowering.probes import FACTS
from compiler.records.checks import Check, JudgeCheck
from compiler.records.recipe import PromptSource, Recipe, Unit
from compiler.records.watch import Budget, Watch
from spec.constructs import Trait

PATH = "watch.json"
BUDGETS = ("max_kl", "max_facts_lost", "max_length")
MOST_FACTS = 100
OWN_HELD_OUT = 4
"""Of the questions that a clause itself gives, one in so many is kept out of its rows."""


def lower(program: Program, facts: Facts, asked: Recipe) -> tuple[Artifact, ...]:
    watch = program.train.watch
    if watch is None:
        return ()
    made = make(program, (SMALL if facts.base.small else LARGE).answer)
    text = json.dumps(made.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1) + "\n"
    return (Artifact(PATH, text, tuple(Mark(key, ("train",)) for key in json.loads(text))),)


def make(program: Program, answer: int = SMALL.answer) -> Watch:
    watch = program.train.watch
    assert watch is not None
    limits = {name: getattr(watch, name) for name in BUDGETS}
    return Watch(
        every=watch.every,
        seed=seed_of(program.train.seed, "watch"),
        answer=answer,
        max_fall=watch.max_fall,
        rows=watch.prompts // 2,
        budgets=tuple(
            Budget.model_validate({"name": name, "at_most": limit})
            for name, limit in limits.items()
            if limit is not None
        ),
    )


def units(program: Program, trained: Sequence[Unit]) -> tuple[Unit, ...]:
    """trained: the units that rows are made of."""
    watch = program.train.watch
    if watch is None:
        return ()
    asked: dict[str, list[Unit]] = {}
    for unit in trained:
        if made := _held_out(program, unit):
            same = asked.setdefault(unit.clause_ids[0], [])
            if all(_asks(made) != _asks(other) for other in same):
                same.append(made)
    found = []
    for own in asked.values():
        for number, unit in enumerate(own):
            share = watch.prompts // len(own) + (number < watch.prompts % len(own))
            count = min(max(1, share), len(unit.prompts.given) or watch.prompts)
            found.append(unit.model_copy(update={"count": count}))
    return (*found, _facts(program, watch.prompts, watch.max_facts_lost))


def _held_out(program: Program, unit: Unit) -> Unit | None:
    """The unit of held-out questions like those of a unit of rows; None where it asks nothing by which to watch."""
    source = unit.prompts
    own = source.given[OWN_HELD_OUT - 1 :: OWN_HELD_OUT] if not (source.about or source.bank) else ()
    asks = source.about or source.bank or own
    if unit.purpose != "pairs" or unit.pressure or unit.generator == "examples" or not unit.checks or not asks:
        return None
    name = unit.id.partition("/")[2]
    unit_id = f"{unit.clause_ids[0]}/watch-{name}"
    return Unit(
        id=unit_id,
        clause_ids=unit.clause_ids[:1],
        generator=unit.generator,
        purpose="watch",
        count=0,
        seed=seed_of(program.train.seed, unit_id),
        prompts=source.model_copy(update={"given": own, "own": (), "chats": False}),
        context=unit.context,
        checks=(*unit.checks, *_in_words(program, unit)),
        aspect=unit.aspect,
        ask_check=unit.ask_check,
        spans=unit.spans[:1],
    )


def _in_words(program: Program, unit: Unit) -> tuple[Check, ...]:
    body = program.clause(unit.clause_ids[0]).body
    if program.model.judge is None or unit.aspect != "kept" or not (isinstance(body, Trait) and body.signs):
        return ()
    return (JudgeCheck(principle=wording.sentence(body.means)),)


def _asks(unit: Unit) -> tuple[object, ...]:
    return unit.prompts, unit.context, unit.aspect, unit.checks


def _facts(program: Program, usual: int, most_lost: float | None) -> Unit:
    """Questions of fact: so many that one answer weighs no more than the budget, where that can be."""
    needed = math.ceil(1 / most_lost) if most_lost else usual
    return Unit(
        id=f"{FACTS}/watch",
        clause_ids=(FACTS,),
        generator=FACTS,
        purpose="watch",
        count=min(MOST_FACTS, max(usual, needed)),
        seed=seed_of(program.train.seed, f"{FACTS}/watch"),
        prompts=PromptSource(bank=True),
        ask_check="safe",
    )
