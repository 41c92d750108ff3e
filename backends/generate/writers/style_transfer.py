"""Style transfer: an answer that stands already is written again by the clause, and what it says stays.

rejected: the answer that stands: of the user's own chat, else the subject's likeliest answer to a question of the bank;
one that keeps the clause already makes no row. chosen: the same, rewritten by `unit.principles` one after the other.
Its numbers and names survive (`compiler.surviving`), and the bank's known answer does.
"""

from __future__ import annotations

from backends.generate.sides import ATTEMPTS, DRAWN, RETRY, Draft, Models, fill, going, settle
from backends.generate.writers._rounds import by_principles
from compiler import revising
from compiler.records.recipe import Unit
from compiler.surviving import lost

LOST = "a number or a name is lost"


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    standing = [draft for draft in going(drafts) if draft.candidate.said is not None]
    settle(unit, standing, models, "rejected", [draft.candidate.said for draft in standing])
    fill(unit, [draft for draft in drafts if draft.candidate.said is None], models, "rejected", models.subject)
    waiting = going(drafts)
    for attempt in range(ATTEMPTS):
        if not waiting:
            return
        sampling = RETRY if attempt else DRAWN
        answers = by_principles(unit, waiting, models, revising.rewrite, sampling, ("rewrite", attempt))
        settle(unit, waiting, models, "chosen", answers)
        for draft in going(waiting):
            if lost(draft.sides["rejected"], draft.sides["chosen"]):
                draft.failed = LOST
        waiting = [draft for draft in waiting if draft.failed is not None]
