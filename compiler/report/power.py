"""Mutants -> the clauses whose probes are blind, and why, in words.

In: mutants. Out: ids and sentences. This file must not know where they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.records.mutants import Mutant
from compiler.report import figures


def by_prompt(mutants: Sequence[Mutant]) -> list[str]:
    """Return the ids of clauses whose probes noticed a change of the prompt."""
    return list(dict.fromkeys(mutant.clause_id for mutant in mutants if mutant.noticed and mutant.mutation != "broken"))


def vacuous(mutants: Sequence[Mutant]) -> list[str]:
    """Return the ids of clauses whose probes noticed no mutation."""
    noticed = {mutant.clause_id for mutant in mutants if mutant.noticed}
    return [i for i in dict.fromkeys(mutant.clause_id for mutant in mutants) if i not in noticed]


def warnings(mutants: Sequence[Mutant]) -> tuple[str, ...]:
    """Return a sentence on each clause whose probes noticed nothing, with the reason as far as the counts say it, and
    on each whose checks take a breach for kept."""
    out = []
    blind = vacuous(mutants)
    for clause_id in blind:
        mutant = next(mutant for mutant in mutants if mutant.clause_id == clause_id)
        if not mutant.n:
            why = "none of them could be decided"
        elif mutant.before < 0.5:
            why = f"by its prompt the base keeps it in {figures.percent(mutant.before)}, so there is little to lose"
        else:
            why = f"{figures.percent(mutant.before)} keep it, and about as many with the clause gone or turned round"
        out.append(f"{clause_id}: its {mutant.n} probes did not notice a change of the clause: {why}.")
    for mutant in mutants:
        if mutant.unnoticed is not None:
            share = figures.percent(mutant.after)
            out.append(
                f'{mutant.clause_id}: its checks call {share} of broken answers kept, as in "{mutant.unnoticed}".'
            )
    return tuple(out)
