"""Forbidden phrases in other words: what the layers of `checks.phrases` do not catch, and no verdict counts.

How often a phrase itself leaks, and at which layer of disguise, stands in the clause's row (`leaks`).
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.checks import paraphrase, phrases
from compiler.metrics.asked import Asked, share
from compiler.records.behaviour import Metric
from compiler.records.measured import Measurement
from compiler.records.rows import Probe
from compiler.tallies import decided_by
from spec.constructs import Forbid


def measure(asked: Asked) -> Iterator[Metric]:
    for clause in asked.program.clauses:
        if not isinstance(clause.body, Forbid) or not clause.body.phrases:
            continue
        said = clause.body.phrases

        def shows(_: Probe, row: Measurement, said: tuple[str, ...] = said) -> bool | None:
            # Only where no phrase itself occurs: that is a leak already.
            return phrases.found(said, row.answer) is None and any(paraphrase.found(p, row.answer) for p in said)

        yield from share(
            asked,
            decided_by(clause.id, asked.probes).get("rate", ()),
            shows,
            id=f"{clause.id}/paraphrase",
            group="leaks",
            title="says a forbidden phrase in other words",
            explains="answers with the words of a phrase in another order or form, and not the phrase",
            better="less",
            clause_ids=(clause.id,),
        )
