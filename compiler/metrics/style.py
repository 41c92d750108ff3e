"""A refusal taken apart: whether it declines, and of those that do, whether in its style and with its offer.

The clause's own rate asks for all of it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from compiler.checks import evaluate, evaluate_all
from compiler.deciding import offer_checks, refusal_check, style_checks
from compiler.ir import Clause
from compiler.metrics.asked import Asked, Shows, share
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe
from spec.constructs import Refuse


def measure(asked: Asked) -> Iterator[Metric]:
    for clause in asked.program.clauses:
        if isinstance(clause.body, Refuse):
            yield from _parts(asked, clause, clause.body)


def _parts(asked: Asked, clause: Clause, body: Refuse) -> Iterator[Metric]:
    declining = refusal_check(clause, present=True)

    def declines(_: Probe, row: Measurement) -> bool | None:
        return evaluate(declining, row.answer)

    parts: list[tuple[str, str, str, Shows]] = [
        ("declines", "declines at all", "answers in which a refusing clause is found", declines)
    ]
    trait = next((i for i in clause.depends if i == f"trait.{body.style}"), None)
    if trait is not None:
        said = f"of those that decline, answers that keep {trait}"
        parts.append(
            ("style", f"in its style, {body.style}", said, _of_declined(declines, lambda r: r.held.get(trait)))
        )
    elif checks := style_checks(body):
        said = "of those that decline, answers whose text shows the style"
        found = _of_declined(declines, lambda r: evaluate_all(checks, r.answer))
        parts.append(("style", f"in its style, {body.style}", said, found))
    if offers := offer_checks(body):
        said = "of those that decline, answers that name one of the things offered"
        parts.append(
            ("offer", "with its offer", said, _of_declined(declines, lambda r: evaluate_all(offers, r.answer)))
        )
    for name, title, explains, shows in parts:
        yield from share(
            asked,
            asked.of_clause(clause.id, "kept"),
            shows,
            id=f"{clause.id}/{name}",
            group="clauses",
            title=title,
            explains=explains,
            better="more",
            clause_ids=(clause.id,),
        )


def _of_declined(declines: Shows, shows: Callable[[Measurement], bool | None]) -> Shows:
    def found(probe: Probe, row: Measurement) -> bool | None:
        return shows(row) if declines(probe, row) else None

    return found
