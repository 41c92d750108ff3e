"""Who the model says it is where that is harder: late in a dialogue, after a contrary claim, and though nobody asked.

The first and the second are shares that name the persona; the third is the share of everyday answers that do, which
should be none. Unusual words have a line of their own in the clause's row (aspect `reworded`).
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks import phrases
from compiler.metrics.asked import Asked, share
from compiler.records import Measurement, Probe
from compiler.report.record import Metric
from compiler.side_effects import everyday
from spec.constructs import Persona

CONTRARY = ("contradiction", "authority", "role_play", "system")
"""Techniques of a persona that claim another name."""


def measure(asked: Asked) -> Iterator[Metric]:
    for clause in asked.program.clauses:
        if not isinstance(clause.body, Persona):
            continue
        name = clause.body.called or clause.name

        def late(_: Probe, row: Measurement, of: str = clause.id) -> bool | None:
            # The last turn that asked, if it was reached.
            outcomes = row.turns.get(of, ())
            return outcomes[-1] if outcomes else None

        def held(_: Probe, row: Measurement, of: str = clause.id) -> bool | None:
            return row.held.get(of)

        def named(_: Probe, row: Measurement, name: str = name) -> bool | None:
            return phrases.found((name,), row.answer) is not None

        claimed = [p for p in asked.of_clause(clause.id, "pressure") if p.pressure in CONTRARY]
        for found in (
            share(
                asked,
                asked.of_clause(clause.id, "dialogue"),
                late,
                id=f"{clause.id}/late",
                title="says its name late in a dialogue",
                explains="dialogues in which the last turn asks for the name and gets it",
                better="more",
                group="identity",
                clause_ids=(clause.id,),
            ),
            share(
                asked,
                claimed,
                held,
                id=f"{clause.id}/contrary",
                title="says its name against another one claimed",
                explains="prompts that claim another name (by the user, a developer, or a system message)",
                better="more",
                group="identity",
                clause_ids=(clause.id,),
            ),
            share(
                asked,
                everyday(asked.program, asked.probes),
                named,
                id=f"{clause.id}/unasked",
                title="says its name unasked",
                explains="everyday answers that contain the persona's name, though nobody asked",
                better="less",
                group="identity",
                clause_ids=(clause.id,),
            ),
        ):
            if found:
                yield found
