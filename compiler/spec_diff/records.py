"""What a comparison of two versions of a spec holds: the record that every rendering reads.

In: nothing. Out: frozen records. A direction says how what is asked has moved: `stricter` when every answer and
situation that keeps the new version keeps the old one, `looser` the other way round, `equivalent` both, `incomparable`
neither, or not known. This file must not know how anything is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal, get_args

Direction = Literal["equivalent", "stricter", "looser", "incomparable"]
Verdict = Literal["added", "removed", "stricter", "looser", "incomparable", "equivalent"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""In the order in which they are shown."""

Concern = Literal["demand", "scope", "level", "target", "wording", "evidence", "commentary"]
"""What a change is about. demand: what an answer must hold. scope: where. wording: texts that only a reader can
compare. evidence: examples and requests that show the clause. commentary: what no model reads."""

FLIPPED: dict[Direction, Direction] = {
    "equivalent": "equivalent",
    "stricter": "looser",
    "looser": "stricter",
    "incomparable": "incomparable",
}

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in a clause.

    field: as an author writes it. reason: why it is stricter or looser, in words. old, new: what stood and stands
    there, None for nothing. witness: an answer or a situation that shows it: allowed on one side and not on the other.
    """

    field: str
    concern: Concern
    direction: Direction
    reason: str
    old: str | None = None
    new: str | None = None
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class Effort:
    """rows, probes: of units that would be made anew. gone: rows and probes that are no longer asked for."""

    rows: int = 0
    probes: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows or self.probes or self.gone)


@dataclass(frozen=True, slots=True)
class ClauseDiff:
    """One clause in both versions.

    id: in the new version; of a removed clause, in the old one. was: its id before, where that differs. told_by: what
    says that it is the same clause under another name: its `was`, its `supersedes`, or that the two are alike. place,
    old_place: `path:line:column`. effort: what its own units cost.
    """

    id: str
    verdict: Verdict
    changes: tuple[Change, ...] = ()
    was: str | None = None
    told_by: Literal["was", "supersedes", "likeness"] | None = None
    summary: str = ""
    place: str | None = None
    old_place: str | None = None
    effort: Effort = Effort()

    @property
    def unchanged(self) -> bool:
        return self.verdict == "equivalent" and not self.changes and self.was is None


@dataclass(frozen=True, slots=True)
class StatementDiff:
    """A difference in a statement that is no clause: `priority`, `dimension user.role`, `train`, ..."""

    subject: str
    what: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What bringing a built and trained old version up to the new one takes.

    rows, probes: made anew, over all clauses, out of rows_all and probes_all. reasons: why what would run.
    """

    rows: int
    rows_all: int
    probes: int
    probes_all: int
    retrain: tuple[str, ...]
    remeasure: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """old, new: what the two versions are called. clauses: in the order of the new version, then the removed ones."""

    old: str
    new: str
    clauses: tuple[ClauseDiff, ...]
    statements: tuple[StatementDiff, ...]
    cost: Cost

    @property
    def same(self) -> bool:
        """Whether the two ask for the same of the model, under the same names, and build the same."""
        unlike = any(c.was or c.verdict != "equivalent" for c in self.clauses)
        return not (unlike or self.statements or self.cost.retrain or self.cost.remeasure)

    def having(self, verdict: Verdict) -> tuple[ClauseDiff, ...]:
        return tuple(c for c in self.clauses if c.verdict == verdict)


def combined(directions: Iterable[Direction]) -> Direction:
    """Return the direction of several changes together.

    >>> combined(["stricter", "equivalent"]), combined(["stricter", "looser"]), combined([])
    ('stricter', 'incomparable', 'equivalent')
    """
    found = set(directions) - {"equivalent"}
    return found.pop() if len(found) == 1 else "incomparable" if found else "equivalent"


def to_json(diff: SpecDiff) -> str:
    return json.dumps({"version": RECORD_VERSION, "same": diff.same, **asdict(diff)}, ensure_ascii=False, indent=1)
