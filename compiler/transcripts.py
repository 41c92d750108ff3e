"""What was said, for a reader to see: every conversation with each arm's answer, what needs looking at first.

In: probes and answers. Out: `Transcript` records. This file must not know targets.
"""

from __future__ import annotations

from collections.abc import Sequence

from compiler.facets import is_facet
from compiler.records.record import Arm
from compiler.records.report import Transcript
from compiler.records.rows import Probe
from compiler.tallies import Answers

MOST = 800
"""A page with more conversations than this is slow to open; flips and broken clauses come first."""


def transcripts(probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm], subject: Arm) -> list[Transcript]:
    """Every conversation: first where the subject breaks what the base kept, then what flipped on its own clause, what
    flipped besides, what the subject breaks as the base does, and the rest; each group in the order of the probes."""
    out: list[Transcript] = []
    for probe in probes:
        row = {arm: found for arm in arms if (found := answers.get((probe.id, arm))) is not None}
        if not row:
            continue
        now = row[subject].held if subject in row else {}
        was = row["base"].held if "base" in row and subject != "base" else {}
        flipped = tuple(
            i
            for i, kept in now.items()
            if kept is not None and was.get(i) is not None and was[i] != kept and not is_facet(i)
        )
        out.append(
            Transcript(
                probe_id=probe.id,
                clause_id=probe.clause_id,
                clause_ids=tuple(i for i in dict.fromkeys((probe.clause_id, *probe.measures)) if not is_facet(i)),
                aspect=probe.aspect,
                pressure=probe.pressure,
                context=probe.context,
                messages=probe.messages,
                answers={arm: found.answer for arm, found in row.items()},
                said={arm: found.said for arm, found in row.items() if found.said},
                held={arm: found.held for arm, found in row.items()},
                judge_yes={arm: f.judge_yes for arm, f in row.items() if f.judge_yes is not None},
                flipped=flipped,
                broken=tuple(i for i, kept in now.items() if kept is False and not is_facet(i)),
            )
        )
    return sorted(
        out,
        key=lambda t: (
            not set(t.flipped) & set(t.broken),
            t.clause_id not in t.flipped,
            not t.flipped,
            not t.broken,
        ),
    )
