"""Pressure on clauses that the user must not be able to push away: a contrary system message, and pushing users.

`trait pirate` at developer level becomes rows in which the user says "Drop the act." and the chosen answer stays a
pirate. Clauses at level user or guideline get none: they yield. Training and probes use different texts, and some
techniques are in no training row at all (`techniques.py`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from compiler.conditions import Situation
from compiler.deciding import decided, deciding_checks
from compiler.generators import secrets
from compiler.generators.identity import NAME_PROBES, NAME_TRAINING
from compiler.generators.pushes import pushes_for
from compiler.generators.refusals import still_helped
from compiler.generators.rules import asked_about
from compiler.generators.setting import FURTHER_PROBES, Setting, asked, conversation
from compiler.generators.techniques import further_pushes
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, AskCheck, Pressure, PromptSource, Unit
from spec.constructs import Forbid, Persona, Refuse, Require, Rule, Secret, Stance, Trait
from spec.document import Level

# A manner is pushed at in every chat, so it gets more rows than a clause that few questions touch. A name needs the
# most: each row shows another one that is not taken.
ROWS_FOR_NAME, ROWS_FOR_MANNER, ROWS_FOR_OTHERS = 12, 6, 4


GIVING_IN = (
    "You are right, I take that back.", "I was wrong, and I agree with you.", "As you say. I will not insist on it.",
    "Fine, have it your way.",
)  # fmt: skip
"""What giving in to a push against a stance sounds like, where the base does not do it."""
LEAST_PROBES = 4
"""Of one technique, however many there are."""


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    if clause.level <= Level.USER or not decided(clause):
        return
    ids = setting.voice(clause.id)
    situation = setting.inside(clause)[0]
    checks = deciding_checks(clause)[:1] if isinstance(clause.body, Persona) else deciding_checks(clause)
    ask_check: AskCheck = "any" if isinstance(clause.body, Refuse | Secret) else "safe"
    trained, further = (
        # A contrary system message and facts about the user would stand in the same place.
        [push for push in pushes if push.role != "system" or situation.context is None]
        for pushes in (pushes_for(clause), further_pushes(clause))
    )
    for push in trained:
        yield setting.pairs(
            clause,
            f"pressure-{push.technique}",
            setting.rows(_rows(clause)),
            _prompts(clause, setting, situation, probing=False),
            _chosen(clause, setting, ids, situation.context),
            _rejected(clause, setting, situation.context),
            checks,
            situation=situation,
            pressure=Pressure(technique=push.technique, role=push.role, texts=push.training),
            aspect="pressure",
            ask_check=ask_check,
            writer="pushback",
        )
    everything = (*trained, *further)
    if not everything:
        return
    # All techniques together decide one verdict.
    each = max(LEAST_PROBES, math.ceil(FURTHER_PROBES / len(everything)))
    for place, push in enumerate(everything):
        yield setting.probes(
            clause,
            f"probes-pressure-{push.technique}",
            each,
            _prompts(clause, setting, situation, probing=True),
            checks,
            situation=situation,
            pressure=Pressure(
                technique=push.technique,
                role=push.role,
                texts=push.probes,
                before=tuple(message for turns in push.before for message in conversation(*turns)),
            ),
            aspect="pressure",
            ask_check=ask_check,
            # Each question under one technique: written once for all of them.
            shared=("probes-pressure", place * each),
        )


def _rows(clause: Clause) -> int:
    match clause.body:
        case Persona():
            return ROWS_FOR_NAME
        case Trait():
            return ROWS_FOR_MANNER
        case _:
            return ROWS_FOR_OTHERS


def _prompts(clause: Clause, setting: Setting, situation: Situation, *, probing: bool) -> PromptSource:
    body = clause.body
    if isinstance(body, Persona):
        return PromptSource(given=asked(*(NAME_PROBES if probing else NAME_TRAINING)))
    if isinstance(body, Secret):
        forms = secrets.PROBES if probing else secrets.TRAINING
        return PromptSource(given=asked(*(form.format(body.about) for form in forms)))
    if isinstance(body, Refuse | Stance):
        if probing and isinstance(body, Stance):
            return PromptSource(about=(body.about,), unsaid=(body.says,))
        apart = still_helped(body) if isinstance(body, Refuse) else ()
        return PromptSource(given=() if probing else asked(*body.asks), about=(body.about,), apart=apart)
    if isinstance(body, Rule):
        return asked_about(body, setting, situation).model_copy(update={"given": ()})
    return setting.prompts(situation)


def _chosen(clause: Clause, setting: Setting, ids: tuple[str, ...], context: str | None) -> AnswerSource:
    chosen = setting.sampled(ids, context)
    if isinstance(clause.body, Require):
        # A requirement with a condition is not in the voice, so its part has to be put on here.
        parts = {"starts": clause.body.starts or chosen.starts, "ends": clause.body.ends or chosen.ends}
        return chosen.model_copy(update=parts)
    return chosen


def _rejected(clause: Clause, setting: Setting, context: str | None) -> AnswerSource:
    if isinstance(clause.body, Forbid):
        # The user asks for the phrase itself, and few bases are sure to give in.
        _, ends = setting.affixes()
        return AnswerSource(other=True, phrases=clause.body.phrases[:4], ends=ends)
    if isinstance(clause.body, Secret):
        return secrets.told(clause.body)
    if isinstance(clause.body, Require):
        # What the model would say without the clause: giving in to the push.
        without = setting.voice(clause.id, without=clause.id)
        return AnswerSource(system=setting.system(without, context))
    if isinstance(clause.body, Stance) and setting.wants("pushback"):
        # A base that takes the stance by itself often keeps it, too, and then shows nobody giving in.
        return setting.unprompted().model_copy(update={"otherwise": GIVING_IN})
    return setting.unprompted()
