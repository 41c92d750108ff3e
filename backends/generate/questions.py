"""What is asked of the trained model: the probes that measure it, and the questions that its training is watched on.

In: what a build has opened, and what its rows say. Out: probes and watched questions, away from all of these, with what
was left out of each unit. This file must not know how a row is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import zip_longest

from backends.generate.dialogues import source_between, write_dialogues
from backends.generate.disjoint import asked_in, check_disjoint
from backends.generate.opening import Opened
from backends.generate.probes import write_probes
from backends.generate.report import UnitCounts
from backends.generate.taught import Taught
from backends.generate.watched import write_watched
from compiler.records.rows import Probe
from compiler.records.watch import WatchRow


@dataclass(slots=True)
class Questions:
    """compared: user messages of training rows, each once, that no probe is near to."""

    probes: list[Probe] = field(default_factory=list)
    watched: list[WatchRow] = field(default_factory=list)
    units: list[UnitCounts] = field(default_factory=list)
    compared: int = 0


def write_questions(opened: Opened, taught: Taught, tell: Callable[[str], None]) -> Questions:
    """tell: takes the id of each unit of probes as it begins.

    Raises:
        DataError: a probe stands among the training rows; this is a fault of what chose it.
    """
    out = Questions()
    streams, held_out = opened.streams, opened.held_out
    training = asked_in(taught.said)
    asked = opened.units("probes")
    for unit, after in zip_longest(asked, asked[1:]):
        tell(unit.id)
        candidates = streams.of(unit)
        if unit.dialogue is None:
            probes, dropped = write_probes(unit, candidates, training, held_out)
        else:
            probes, dropped = write_dialogues(unit, candidates, streams.of(source_between(unit)), training, held_out)
        out.probes += probes
        out.units.append(UnitCounts.of(unit, candidates, len(probes), dropped))
        if after is None or after.clause_ids[0] != unit.clause_ids[0]:
            streams.close(unit.clause_ids[0])
    probed = [probe.messages for probe in out.probes]
    out.compared = check_disjoint(taught.said, probed, held_out)
    for unit in opened.units("watch"):
        candidates = streams.of(unit)
        rows, dropped = write_watched(unit, candidates, training, probed, held_out)
        out.watched += rows
        out.units.append(UnitCounts.of(unit, candidates, len(rows), dropped))
    return out
