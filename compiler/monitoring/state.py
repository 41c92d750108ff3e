"""What a monitor remembers between two starts.

In: the file of an earlier start, and the clauses of a spec as they are now. Out: watches that go on where they stood; a
clause that was edited, or whose target was, is watched anew. This file must not know where outcomes come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from compiler.failures import GivenError
from compiler.monitoring.log import Position
from compiler.monitoring.watch import Watch
from compiler.records.record import Record

MONITOR_VERSION = 1


class MonitorState(Record):
    """source: what is watched: a log's path as it was given, or a server. alpha: the chance of any false alarm, over
    all clauses and all time. rounds: how often probes were asked."""

    version: int = MONITOR_VERSION
    source: str
    alpha: float
    watches: dict[str, Watch] = Field(default_factory=dict)
    log: Position = Position()
    rounds: int = 0

    @property
    def alpha_each(self) -> float:
        """One clause's part of `alpha`."""
        return self.alpha / max(1, len(self.watches))

    def after(self, kept: Mapping[str, bool]) -> MonitorState:
        """The state after one more answer or conversation."""
        watches = {
            clause_id: watch.after(kept[clause_id], self.alpha_each) if clause_id in kept else watch
            for clause_id, watch in self.watches.items()
        }
        return self.model_copy(update={"watches": watches})

    @property
    def alarms(self) -> list[Watch]:
        return [watch for watch in self.watches.values() if watch.alarm is not None]

    def again(self) -> MonitorState:
        """The state with every clause that has an alarm watched anew."""
        watches = {i: watch.again() if watch.alarm is not None else watch for i, watch in self.watches.items()}
        return self.model_copy(update={"watches": watches})


def restored(path: Path, source: str, alpha: float, now: Mapping[str, Watch]) -> tuple[MonitorState, list[str]]:
    """Return the state in `path` with the clauses of `now`, and what is not as it was, in words.

    Raises:
        GivenError: the file holds no state, or that of another source.
    """
    fresh = MonitorState(source=source, alpha=alpha, watches=dict(now))
    if not path.is_file():
        return fresh, []
    try:
        old = MonitorState.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise GivenError(
            f"{path} is no state of a monitor: {first}", help="remove it to begin again, or give another by --state"
        ) from None
    if old.source != source:
        raise GivenError(
            f"{path} is of {old.source}, and {source} is to be watched",
            help="give each source a state of its own: --state",
        )
    if old.alpha != alpha or set(old.watches) != set(now):
        what = "another chance of false alarms" if old.alpha != alpha else "other clauses"
        # What was promised was promised for those clauses with that chance.
        return fresh.model_copy(update={"log": old.log, "rounds": old.rounds}), [f"{what}: all are watched anew"]
    notes, watches = [], {}
    for clause_id, watch in now.items():
        before = old.watches[clause_id]
        same = (before.digest, before.target, before.comparison) == (watch.digest, watch.target, watch.comparison)
        watches[clause_id] = before if same else watch
        if not same:
            notes.append(f"{clause_id} has changed: it is watched anew")
    return old.model_copy(update={"watches": watches}), notes
