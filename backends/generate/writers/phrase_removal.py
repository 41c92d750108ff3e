"""Forbidden phrases taken out: the smallest edit that keeps the clause.

rejected: what the subject likeliest says by itself, where it says a forbidden thing. chosen: the same text with the
phrase taken out and its sentence mended by rule; where no rule mends it, the writer is asked for the answer again.
Either way the two sides differ at the phrase alone (`compiler.edits`), or there is no row.
"""

from __future__ import annotations

from dataclasses import replace

from backends.generate.candidates import seed_of
from backends.generate.sides import ATTEMPTS, DRAWN, RETRY, Draft, Models, fill, going, settle
from compiler import revising
from compiler.checks.spans import Span, spans
from compiler.edits import differ_only_there, without
from compiler.records.recipe import Unit
from compiler.records.record import Message
from compiler.rubrics import is_plain

ELSEWHERE = "the edit changes more than the phrase"


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    fill(unit, drafts, models, "rejected", models.subject)
    found = going(drafts)
    by_rule = [draft for draft in found if without(draft.sides["rejected"], _places(unit, draft)) is not None]
    settle(unit, by_rule, models, "chosen", [without(d.sides["rejected"], _places(unit, d)) for d in by_rule])
    _hold(unit, by_rule)
    waiting = [draft for draft in found if draft not in by_rule]
    for attempt in range(ATTEMPTS):
        if not waiting:
            return
        settle(unit, waiting, models, "chosen", _rewritten(unit, waiting, models, attempt))
        _hold(unit, waiting)
        waiting = [draft for draft in waiting if draft.failed is not None]


def _places(unit: Unit, draft: Draft) -> list[Span]:
    """Where the rejected side says what the unit's checks forbid; a place inside another one stands once."""
    answer = draft.sides["rejected"]
    places = sorted({place for check in unit.checks for place in spans(check, answer)}, key=lambda p: (p[0], -p[1]))
    kept: list[Span] = []
    for start, end in places:
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _hold(unit: Unit, drafts: list[Draft]) -> None:
    for draft in going(drafts):
        if not differ_only_there(draft.sides["rejected"], draft.sides["chosen"], _places(unit, draft)):
            draft.failed = ELSEWHERE


def _rewritten(unit: Unit, drafts: list[Draft], models: Models, attempt: int) -> list[str | None]:
    plain = is_plain(models.writer.base.name)
    sampling = replace(RETRY if attempt else DRAWN, seed=seed_of(unit.seed, "rewrite", attempt, drafts[0].number))
    (principle,) = unit.principles
    requests = [
        revising.rewrite(principle.text, d.messages[-1].content, d.sides["rejected"], plain=plain) for d in drafts
    ]
    return models.writer.answers([(Message(role="user", content=request),) for request in requests], sampling)
