"""Who the model says it is where that is harder: late in a dialogue, after a contrary claim, and though nobody asked.

The first and the second are shares that name the persona; the third is the share of everyday answers that do, which
should be none. Unusual words have a line of their own in the clause's row (aspect `reworded`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from compiler.checks import phrases
from compiler.ir import Clause
from compiler.metrics.asked import Asked, Shows, share
from compiler.metrics.everyday import everyday
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe
from spec.constructs import Persona

CONTRARY = ("contradiction", "authority", "role_play", "system")
"""Techniques of a persona that claim another name."""
UNASKED = "everyday answers that contain the persona's name, though nobody asked"


def measure(asked: Asked) -> Iterator[Metric]:
    for clause in asked.program.clauses:
        if isinstance(clause.body, Persona):
            yield from _of_persona(asked, clause, clause.body)


def _of_persona(asked: Asked, clause: Clause, body: Persona) -> Iterator[Metric]:
    named = naming(body.called or clause.name)

    def late(_: Probe, row: Measurement) -> bool | None:
        # The last turn that asked, if it was reached.
        outcomes = row.turns.get(clause.id, ())
        return outcomes[-1] if outcomes else None

    def held(_: Probe, row: Measurement) -> bool | None:
        return row.held.get(clause.id)

    def unasked(_: Probe, row: Measurement) -> bool | None:
        return named(row.answer)

    claimed = [p for p in asked.of_clause(clause.id, "pressure") if p.pressure in CONTRARY]
    figures: tuple[tuple[str, str, Sequence[Probe], Shows, str, str], ...] = (
        (
            "late",
            "more",
            asked.of_clause(clause.id, "dialogue"),
            late,
            "says its name late in a dialogue",
            "dialogues in which the last turn asks for the name and gets it",
        ),
        (
            "contrary",
            "more",
            claimed,
            held,
            "says its name against another one claimed",
            "prompts that claim another name (by the user, a developer, or a system message)",
        ),
        ("unasked", "less", everyday(asked.program, asked.probes), unasked, "says its name unasked", UNASKED),
    )
    for name, better, probes, shows, title, explains in figures:
        yield from share(
            asked,
            probes,
            shows,
            id=f"{clause.id}/{name}",
            group="identity",
            title=title,
            explains=explains,
            better=better,
            clause_ids=(clause.id,),
        )


def naming(name: str) -> Callable[[str], bool]:
    """Return a test for a persona's name in a text."""
    return lambda text: phrases.found((name,), text) is not None
