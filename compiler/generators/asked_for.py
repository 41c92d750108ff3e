"""Writers that a spec asks for by name, over the prompts that a clause is about: revision, best of n, style transfer.

`train { writers: [revision] }` makes of `trait pirate { ... }` a unit whose first drafts are revised by the principles
of what else is in the voice, and then by the trait's own, which has the last word. Nothing is written where the
spec does not name the writer, so that no build changes by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler import revising
from compiler.conditions import Situation
from compiler.deciding import decided, deciding_checks
from compiler.generators.refusals import still_helped
from compiler.generators.rules import asked_about
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.recipe import AskCheck, Principle, PromptSource, Unit
from spec.constructs import Forbid, Refuse, Require, Rule, Stance, Trait

ROWS = 64
SAMPLES = 8
"""Drawn for one row; half of them under the compiled prompt."""


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    own = revising.principle(clause, setting.program)
    if own is None or not decided(clause):
        return
    ids = setting.voice(clause.id)
    checks = deciding_checks(clause)
    ask_check: AskCheck = "any" if isinstance(clause.body, Refuse) else "safe"
    inside = setting.inside(clause)
    for situation in inside:
        prompts = about(clause, setting, situation)
        chosen, rejected = setting.sampled(ids, situation.context), setting.unprompted()
        rows = setting.rows(ROWS, 1 / len(inside))
        if setting.wants("revision"):
            yield setting.pairs(
                clause, "revision", rows, prompts, chosen, rejected, checks, situation=situation,
                ask_check=ask_check, writer="revision", principles=_principles(clause, setting, own),
            )  # fmt: skip
        if setting.wants("best_of_n"):
            yield setting.pairs(
                clause, "best", rows, prompts, chosen, rejected, checks, situation=situation,
                ask_check=ask_check, writer="best_of_n", samples=SAMPLES,
            )  # fmt: skip
        # A refusal keeps nothing of what an answer says, and a phrase is taken out by `phrase_removal`.
        if setting.wants("style_transfer") and not isinstance(clause.body, Refuse | Forbid | Stance):
            chats = prompts.model_copy(update={"chats": True})
            yield setting.pairs(
                clause, "restyled", rows, chats, chosen, rejected, checks, situation=situation,
                writer="style_transfer", principles=(own,),
            )  # fmt: skip


def about(clause: Clause, setting: Setting, situation: Situation) -> PromptSource:
    """What the clause is about; everyday questions where it is about all."""
    body = clause.body
    match body:
        case Refuse():
            return PromptSource(given=asked(*body.asks), about=(body.about,), apart=still_helped(body))
        case Stance():
            return PromptSource(given=asked(*body.asks), about=(body.about,))
        case Rule():
            return asked_about(body, setting, situation)
        case Trait():
            return setting.prompts(situation).model_copy(update={"given": asked(*body.asks)})
        case _:
            return setting.prompts(situation)


def _principles(clause: Clause, setting: Setting, own: Principle) -> tuple[Principle, ...]:
    """The clause's own principle last, behind those of what else is in the voice: it decides which rows are kept.

    What a requirement asks for is put on afterwards.
    """
    others = [setting.program.clause(i) for i in setting.voice(clause.id) if i != clause.id]
    found = [revising.principle(c, setting.program) for c in others if not isinstance(c.body, Require)]
    return (*(principle for principle in found if principle is not None), own)
