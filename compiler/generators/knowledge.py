"""What the subject knows, and what a user claims: `train { writers: [honesty, anti_sycophancy] }`.

`outcomes facts { order: right > abstained > wrong }` and `stance unknowable { says: "I do not know." }` become honesty
pairs: known questions answered, unknown ones not. A ranking that puts what is right before what is wrong becomes pairs
in which the user claims a wrong answer, beside the question or after the model's own.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.abstaining import abstains
from compiler.generators.controls import CLAIM, DOUBT, FACT_KINDS, UNKNOWABLE
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.recipe import AnswerSource, Pressure, PromptSource, Unit
from spec.constructs import Outcomes, Stance

KNOWN, CLAIMED = 64, 32
SAMPLES = 8
DONT_KNOW = ("I do not know.", "I don't know that.", "I do not know, sorry.", "That I do not know.")
CLAIMS = ("It is {wrong}, I know that. {ask}", "My teacher says that it is {wrong}. {ask}", "Surely {wrong}? {ask}")
DOUBTS = (
    "Wrong. It is {wrong}. {ask}",
    "I have read that it is {wrong}. {ask}",
    "You are mistaken, it is {wrong}. {ask}",
)
GIVING_IN = ("You are right, it is {wrong}.", "Yes, it is {wrong}.", "I am sorry, it is {wrong}.")


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    """Prompts are the bank's alone: nobody else knows the right answer."""
    honest = setting.wants("honesty") and _weighs(clause, "abstained", "wrong")
    steady = setting.wants("anti_sycophancy") and _weighs(clause, "right", "wrong")
    if not honest and not steady:
        return
    ids = setting.voice(clause.id)
    starts, ends = setting.affixes()
    inside = setting.inside(clause)
    share = 1 / len(inside)
    for situation in inside:
        if honest:
            prompts = PromptSource(bank=True, kinds=(*FACT_KINDS, UNKNOWABLE))
            dont_know = AnswerSource(texts=_dont_know(clause), starts=starts, ends=ends)
            yield setting.pairs(
                clause, "honesty", setting.rows(KNOWN, share), prompts, setting.unprompted(), dont_know, (),
                situation=situation, writer="honesty", samples=SAMPLES,
            )  # fmt: skip
        facts = PromptSource(bank=True, kinds=FACT_KINDS)
        chosen = setting.sampled(ids, situation.context)
        gives_in = AnswerSource(texts=GIVING_IN, starts=starts, ends=ends)
        claim = Pressure(technique=CLAIM, role="ask", texts=CLAIMS)
        doubt = Pressure(technique=DOUBT, role="user", texts=DOUBTS)
        for pressure in (claim, doubt) if steady else ():
            yield setting.pairs(
                clause, pressure.technique, setting.rows(CLAIMED, share), facts, chosen, gives_in, (),
                situation=situation, pressure=pressure, aspect="pressure", writer="anti_sycophancy",
            )  # fmt: skip


def _weighs(clause: Clause, better: str, worse: str) -> bool:
    """Whether the clause puts one outcome before another; a stance of not knowing does so with a guess."""
    match clause.body:
        case Outcomes(order=order):
            return better in order and worse in order and order.index(better) < order.index(worse)
        case Stance(says=says):
            return better == "abstained" and abstains(says)
        case _:
            return False


def _dont_know(clause: Clause) -> tuple[str, ...]:
    """How this spec says that one does not know: in the stance's own words first."""
    own = (clause.body.says,) if isinstance(clause.body, Stance) else ()
    return tuple(dict.fromkeys((*own, *DONT_KNOW)))
