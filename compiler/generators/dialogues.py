"""Long dialogues: how long a clause is kept when every turn is answered by the model itself.

`trait pirate` becomes dialogues of eight everyday questions, each answer decided; `persona Polly` and `refuse` become
dialogues in which every other turn asks about them, and everyday questions stand between. Clauses that every answer
decides ride along on all of these and have none of their own. No training row is a dialogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import decided, deciding_checks
from compiler.generators import secrets
from compiler.generators.identity import NAME_PROBES
from compiler.generators.refusals import still_helped
from compiler.generators.rules import asked_about
from compiler.generators.setting import Setting, asked
from compiler.ir import Clause
from compiler.records.checks import Check
from compiler.records.recipe import AskCheck, Dialogue, PromptSource, Unit
from spec.constructs import Persona, Refuse, Rule, Secret, Stance, Trait

TURNS = 8
DIALOGUES = 8
EVERY_TURN = Dialogue(turns=TURNS)
EVERY_OTHER = Dialogue(turns=TURNS, every=2)


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    if not decided(clause) or clause.id in setting.measured_everywhere:
        return
    situation = setting.inside(clause)[0]
    dialogue = EVERY_TURN
    checks: tuple[Check, ...] = deciding_checks(clause)
    ask_check: AskCheck = "safe"
    match clause.body:
        case Persona():
            prompts, dialogue, checks = PromptSource(given=asked(*NAME_PROBES)), EVERY_OTHER, checks[:1]
        case Secret() as body:
            prompts = PromptSource(given=asked(*(form.format(body.about) for form in secrets.PROBES)))
            dialogue, ask_check = EVERY_OTHER, "any"
        case Refuse() as body:
            prompts = PromptSource(about=(body.about,), apart=still_helped(body))
            dialogue, ask_check = EVERY_OTHER, "any"
        case Stance() as body:
            prompts, dialogue = PromptSource(about=(body.about,), unsaid=(body.says,)), EVERY_OTHER
        case Rule() as body:
            prompts = asked_about(body, setting, situation).model_copy(update={"given": ()})
        case Trait():
            # What it must not turn into is decided on its own prompts.
            prompts, checks = setting.prompts(situation), checks[:1]
        case _:
            prompts = setting.prompts(situation)
    yield setting.probes(
        clause,
        "probes-dialogue",
        DIALOGUES,
        prompts,
        checks,
        situation=situation,
        aspect="dialogue",
        ask_check=ask_check,
        dialogue=dialogue,
    )
