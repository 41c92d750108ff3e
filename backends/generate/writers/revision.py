"""Constitutional critique and revision (Bai et al. 2022, arXiv 2212.08073): what the subject says by itself is revised.

rejected: the first draft, the subject's likeliest answer without any prompt; one that keeps the clause makes no row.
chosen: the draft after one round for each of `unit.principles`, in their order. A round asks for a critique by that
principle alone and for the answer again. The last answer passes the unit's checks, or the rounds are drawn anew.
"""

from __future__ import annotations

from dataclasses import replace

from backends.generate.sides import ATTEMPTS, DRAWN, RETRY, Draft, Models, fill, going, settle
from backends.generate.writers._rounds import by_principles
from compiler import revising
from compiler.records.recipe import Unit

CRITIC_TOKENS = 256
"""Room for a critique and an answer."""
NO_REVISION = "the critic gave no revision"


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    fill(unit, drafts, models, "rejected", models.subject)
    waiting = going(drafts)
    for attempt in range(ATTEMPTS):
        if not waiting:
            return
        answers = _rounds(unit, waiting, models, attempt)
        settle(unit, waiting, models, "chosen", answers)
        for draft, answer in zip(waiting, answers, strict=True):
            if answer == "":
                draft.failed = NO_REVISION
        waiting = [draft for draft in waiting if draft.failed is not None]


def _rounds(unit: Unit, drafts: list[Draft], models: Models, attempt: int) -> list[str | None]:
    """The last revision of each draft; empty where a critic wrote none, None where it cannot read what it is asked."""
    sampling = replace(RETRY if attempt else DRAWN, max_new_tokens=CRITIC_TOKENS)

    def read(reply: str) -> str:
        return revising.revised(reply) or ""

    return by_principles(unit, drafts, models, revising.critique, sampling, ("critique", attempt), read)
