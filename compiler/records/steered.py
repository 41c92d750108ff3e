"""diff.json, what steering gives: the arm `steer` beside base, prompt and adapter, figure by figure.

In: nothing. Out: `SteeredRow`. `compiler.steered` fills it. This file must not compute.
"""

from __future__ import annotations

from typing import Literal

from compiler.records.figures import Comparison, Difference, Rate
from compiler.records.record import Arm, Record


class SteeredRow(Record):
    """One figure. of: the clause's own, under pressure, safe requests answered, one technique of pressure (`label` says
    which), or questions of fact, which are no clause's. rates: by arm, where it decided any. less: steer less another
    arm, paired by prompt, in the share that the target speaks of. ahead: arms whose whole interval against steer lies
    on the better side; behind: those on the worse."""

    clause_id: str
    of: Literal["rate", "pressure", "over_refusal", "technique", "facts"]
    label: str = ""
    comparison: Comparison
    rates: tuple[Rate, ...]
    less: tuple[Difference, ...]
    ahead: tuple[Arm, ...] = ()
    behind: tuple[Arm, ...] = ()
