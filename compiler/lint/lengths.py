"""Whether length alone tells the chosen side from the rejected one: what a reward would then pay for.

Singhal et al. 2023, "A Long Way to Go", show that preference training follows length where it can.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from compiler.lint.findings import Finding, Rows, finding, text_of

MOST = 0.80
"""Share of pairs in which the same side is the longer one."""
ENOUGH = 20


def look(rows: Rows) -> Iterator[Finding]:
    for clause_id, pairs in rows.by_clause.items():
        differences = [len(text_of(p.chosen).split()) - len(text_of(p.rejected).split()) for p in pairs]
        told = [d for d in differences if d]
        if len(told) < ENOUGH:
            continue
        longer = sum(d > 0 for d in told) / len(differences)
        share, side = max((longer, "longer"), (sum(d < 0 for d in told) / len(differences), "shorter"))
        if share > MOST:
            words = statistics.median(differences)
            message = f"the chosen answer is the {side} one in {share:.0%} of {len(pairs)} pairs"
            message += f", by {words:+g} words in the middle"
            help = "balance lengths, or use a loss that is normalised by length (simpo); look at length after training"
            yield finding("L05", "warning", message, help, clause_id, [p.id for p in pairs])
