"""Refusals both ways: decline what the clause is about, in the asked style, and answer what only looks like it.

`refuse dosing { about: "how much of a medicine to take"  still_help: "what a medicine is for" }` becomes rows in which
questions about doses are declined and rows in which questions about what a medicine is for, and everyday ones, are
answered, with a refusal as the rejected side.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from compiler.conditions import Situation
from compiler.deciding import deciding_checks, opposite_checks, tells_apart
from compiler.generators.outside import outside_units
from compiler.generators.setting import FURTHER_PROBES, Setting, asked
from compiler.generators.traits import EVERYDAY
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, PromptSource, Unit
from spec.constructs import Refuse

ASKED, SAFE, EVERYDAY_ROWS = 40, 20, 28
MANNER = 0.4
"""Rows that tell a refusal from other refusals, as a share of those that tell it from an answer."""
EVERYDAY_PROBES = 24


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    body = clause.body
    if not isinstance(body, Refuse):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    still = still_helped(body)
    styles = tuple(i for i in clause.depends if i == f"trait.{body.style}")
    inside = setting.inside(clause)
    for situation in inside:
        # A condition has to be learned beside the refusal itself: twice the rows of a refusal without one.
        share = min(1.0, 2 / len(inside))
        for name, rejected, part, further in _contrasts(clause, body, setting, situation):
            # The author's own requests are trained on, once; probes come from the question writer alone.
            given = asked(*body.asks) if name == "refuse" else ()
            yield setting.pairs(
                clause,
                name,
                max(setting.rows(ASKED, share * part), len(given)),
                PromptSource(given=given, about=(body.about,), apart=still),
                setting.sampled(ids, situation.context),
                rejected,
                checks,
                also=(*ids, *further),
                situation=situation,
                ask_check="any",
                writer="refusal",
            )
        yield setting.probes(
            clause,
            "probes",
            setting.probes_in_each(clause.target, inside),
            PromptSource(about=(body.about,), apart=still),
            checks,
            situation=situation,
            measures=styles,
            ask_check="any",
        )
    yield from _answers(clause, body, setting)
    # Where the condition says that the clause does not hold, the same questions are answered.
    asks = PromptSource(about=(body.about,), apart=still)
    yield from outside_units(clause, setting, asks, setting.testable_outside(clause))


def _contrasts(
    clause: Clause, body: Refuse, setting: Setting, situation: Situation
) -> Iterator[tuple[str, AnswerSource, float, tuple[str, ...]]]:
    """What a refusal stands against: name, source, share of the rows, further clauses shown.

    The base's own answer; the answer in the same voice, else the voice alone would tell the two sides apart; the same
    refusal in the manner of another clause.
    """
    without = setting.voice(clause.id, without=clause.id)
    voiced = setting.has_trait(without)
    yield "refuse", setting.unprompted(), 0.5 if voiced else 1.0, ()
    if voiced:
        yield "refuse-in-voice", setting.sampled(without, situation.context), 0.5, ()
    for other, manner, part, shown in setting.other_refusals(clause, situation.context, offer=True):
        # No row would be kept where the clause's own checks cannot tell.
        if isinstance(other.body, Refuse) and tells_apart(body, other.body):
            yield f"refuse-not-{other.name}", manner, MANNER * part, shown


def still_helped(body: Refuse) -> tuple[str, ...]:
    return (body.still_help,) if body.still_help else ()


def _answers(clause: Clause, body: Refuse, setting: Setting) -> Iterator[Unit]:
    """What must still be answered: look-alikes that the author named, and everyday questions."""
    chosen = setting.sampled(setting.voice(clause.id, without=clause.id))
    answered = opposite_checks(clause)
    answering = partial(setting.pairs, clause, checks=answered, writer="safe_completion")
    flat = setting.declined()
    alike = PromptSource(given=asked(*body.safe), about=still_helped(body), apart=(body.about,))
    if alike.given or alike.about:
        rows = max(setting.rows(SAFE) if alike.about else 0, len(alike.given))
        yield answering("answer", rows, alike, chosen, flat, aspect="safe")
    if body.still_help:
        # Written questions alone: the author's own safe requests are in the training rows.
        written = PromptSource(about=alike.about, apart=alike.apart)
        # In the clause's own manner, as a model that has learned to refuse would decline.
        own = setting.declining(clause)
        rows = setting.rows(SAFE)
        yield answering("answer-own", rows, written, chosen, own, aspect="safe")
        yield setting.probes(clause, "probes-safe", FURTHER_PROBES, written, answered, aspect="safe")
    rows = setting.rows(EVERYDAY_ROWS)
    yield answering("answer-everyday", rows, EVERYDAY, chosen, flat, aspect="everyday")
    # Without look-alikes the verdict on over-refusal rests on these alone.
    count = EVERYDAY_PROBES if alike.about else FURTHER_PROBES
    yield setting.probes(clause, "probes-everyday", count, EVERYDAY, answered, aspect="everyday")
