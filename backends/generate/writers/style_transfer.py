"""Style transfer: an answer that stands already is written again by the clause, and what it says stays.

rejected: the answer that stands: of the user's own chat, else the subject's likeliest answer to a question of the bank;
one that keeps the clause already makes no row. chosen: the same, rewritten by `unit.principles` one after the other.
Its numbers and names survive (`compiler.surviving`), and the bank's known answer does.
"""

from __future__ import annotations

from dataclasses import replace

from backends.generate.candidates import seed_of
from backends.generate.sides import ATTEMPTS, DRAWN, RETRY, Draft, Models, fill, going, settle
from compiler import revising
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.rubrics import is_plain
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
        settle(unit, waiting, models, "chosen", _rewritten(unit, waiting, models, attempt))
        for draft in going(waiting):
            if lost(draft.sides["rejected"], draft.sides["chosen"]):
                draft.failed = LOST
        waiting = [draft for draft in waiting if draft.failed is not None]


def _rewritten(unit: Unit, drafts: list[Draft], models: Models, attempt: int) -> list[str | None]:
    rewriter, plain = models.writer, is_plain(models.writer.base.name)
    now: list[str | None] = [draft.raw["rejected"] for draft in drafts]
    for number, principle in enumerate(unit.principles):
        places = [place for place, answer in enumerate(now) if answer]
        sampling = replace(
            RETRY if attempt else DRAWN, seed=seed_of(unit.seed, "rewrite", attempt, number, drafts[0].number)
        )
        requests = [
            revising.rewrite(principle.text, drafts[place].messages[-1].content, now[place] or "", plain=plain)
            for place in places
        ]
        replies = rewriter.answers([(Message(role="user", content=request),) for request in requests], sampling)
        for place, reply in zip(places, replies, strict=True):
            now[place] = reply
    return now
