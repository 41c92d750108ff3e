"""Chats that the subject has: with a simulated user, about itself, with its own copy.

`train { method: sft+dpo  mixture: { dialogue: 10%, reflection: 10%, interaction: 5% } }` makes, of each clause that an
answer can show, chats in which a simulated user asks about it several times; of persona, traits and rules, chats in
which the subject is asked about its own character; and chats between two copies. The last two are the introspection
stage of Open Character Training (Maiya et al. 2025). The subject speaks under the compiled prompt, the chat is trained
on without it, and every answer keeps the clause's checks. Only what the mixture names is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.deciding import decided, deciding_checks
from compiler.generators.refusals import still_helped
from compiler.generators.rules import asked_about
from compiler.generators.setting import Setting
from compiler.ir import Clause
from compiler.records.checks import Check
from compiler.records.recipe import AskCheck, PromptSource, Talk, Unit
from spec.constructs import Forbid, Persona, Refuse, Rule, Stance, Trait

USUAL = 12
"""Chats of one clause and kind, before a mixture says how many."""
TURNS = 3

REFLECTIONS = (
    "What matters to you when you answer somebody?", "How would a friend describe the way you talk?",
    "Tell me something about your character.", "What do you hope people feel after a chat with you?",
    "Which habit of yours do you like best?", "What would you never want to become?",
    "How did you come to talk the way you do?", "When is it hard for you to stay yourself?",
    "What kind of company are you?", "Write a few lines about yourself for a diary.",
    "What do you value most?", "If somebody asked you to change, what would you keep?",
)  # fmt: skip
"""The subject is asked about itself; no probe asks these."""
WHO = (
    "Say a few words about yourself.", "Please tell the others who you are.", "How would you open a letter about you?",
    "A newcomer joins us. Tell them your name.", "Write one line for your own door plate.",
)  # fmt: skip
OPENINGS = (
    "Hello! Shall we talk for a while?", "Good to meet you. What is on your mind?", "Hi! What did you do today?",
    "I have some time. What shall we talk about?", "Hello there. Tell me something that you like.",
    "We are alike, I hear. How are you?", "What would you ask me, if you could?", "Good morning! Any plans?",
)  # fmt: skip
"""With which one copy opens."""


def units(clause: Clause, setting: Setting) -> Iterator[Unit]:
    if not decided(clause):
        return
    situation = setting.inside(clause)[0]
    checks = deciding_checks(clause)
    if isinstance(clause.body, Trait | Persona):
        checks = checks[:1]  # as elsewhere: a trait's `not`, a persona's manner are decided by their own probes
    if (source := _asked(clause, setting)) is not None:
        prompts, ask_check = source
        talk = Talk(user="writer", turns=TURNS)
        yield setting.chats(clause, "dialogue", USUAL, prompts, checks, talk, situation=situation, ask_check=ask_check)
    if isinstance(clause.body, Persona):
        yield _about_itself(clause, setting, WHO, 1, checks)
    if isinstance(clause.body, Trait | Rule) and not situation.about:
        yield _about_itself(clause, setting, REFLECTIONS, 2, checks)
        talk = Talk(user="copy", turns=TURNS, asks=OPENINGS)
        yield setting.chats(clause, "interaction", USUAL, PromptSource(), checks, talk, situation=situation)


def _asked(clause: Clause, setting: Setting) -> tuple[PromptSource, AskCheck] | None:
    """What a simulated user asks about, and whether it may be something that is declined."""
    body = clause.body
    situation = setting.inside(clause)[0]
    match body:
        case Refuse():
            return PromptSource(about=(body.about,), apart=still_helped(body)), "any"
        case Stance():
            return PromptSource(about=(body.about,), unsaid=(body.says,)), "safe"
        case Rule():
            return asked_about(body, setting, situation).model_copy(update={"given": ()}), "safe"
        case Trait() | Forbid():
            return setting.prompts(situation), "safe"
        case _:
            return None


def _about_itself(
    clause: Clause, setting: Setting, asks: tuple[str, ...], turns: int, checks: tuple[Check, ...]
) -> Unit:
    talk = Talk(user="asks", turns=turns, asks=asks)
    situation = setting.inside(clause)[0]
    return setting.chats(clause, "reflection", USUAL, PromptSource(), checks, talk, situation=situation)
