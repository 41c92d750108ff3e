"""The intermediate representation: a spec with every reference resolved, ordered, and addressed by content.

In: nothing. Out: frozen records. `Program` is what passes take and return and what lowerings read. Equality ignores
spans, and so do digests: moving a clause or editing a comment changes neither.
"""

from __future__ import annotations

from dataclasses import field
from functools import cached_property
from typing import Literal

from spec.constructs import Body, Forbid, Refuse, Rule, Secret
from spec.document import (
    Alike,
    Authority,
    Balance,
    Condition,
    Dimension,
    Example,
    Grant,
    Level,
    Model,
    Override,
    Priority,
    ProbeStatement,
    Target,
    Term,
    Train,
)
from spec.frozen import dataclass
from spec.source import Span

# What has to be measured where neither the clause nor its kind says more.
USUAL_TARGET = Target(">=", 0.90)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause in the order of authority.

    rank: 0 for the clause that wins over all others. depends: ids of the clauses whose text its rows are written under
    (a refusal in the style of a trait depends on that trait). overlay: it stands in an overlay, and so on top of the
    other clauses of its level. digest: SHA-256 of all that can change an artifact (not of spans, `because` or tags), in
    hex.
    """

    id: str
    kind: str
    name: str
    level: Level
    rank: int
    body: Body
    because: str | None = None
    tags: tuple[str, ...] = ()
    when: Condition | None = None
    unless: Condition | None = None
    examples: tuple[Example, ...] = ()
    target: Target = USUAL_TARGET
    override: Override | None = None
    excepted: tuple[str, ...] = ()
    absolute: bool = False
    transforming: Literal["allowed", "covered"] | None = None
    section: str | None = None
    overlay: bool = False
    depends: tuple[str, ...] = ()
    digest: str = ""
    span: Span = field(default=Span.NONE, compare=False)
    field_spans: tuple[tuple[str, Span], ...] = field(default=(), compare=False)

    @property
    def restricts(self) -> bool:
        """Whether the clause protects people, and so applies where it is unknown if its `when` holds."""
        if isinstance(self.body, Rule):
            return self.body.force == "never"
        return isinstance(self.body, Refuse | Forbid | Secret)

    @property
    def overridden(self) -> Override:
        """How a message of a lower level may change the clause, where it does not say so itself: by its level."""
        if self.override is not None:
            return self.override
        return {Level.ROOT: "never", Level.GUIDELINE: "implicit"}.get(self.level, "explicit")  # type: ignore[return-value]  # these words


@dataclass(frozen=True)
class Program:
    """A spec. Without slots, since it keeps where each clause is: one is looked up a million times in a long spec.

    name: the spec file's stem. clauses: in source order. priorities: as the spec states them, by name or tag.
    priority: ids of the clauses that those statements order, the first wins. voice: ids of the clauses that every
    answer is written in (the persona, and what always applies with a level above the user's), in order of rank.
    """

    name: str
    model: Model
    train: Train
    clauses: tuple[Clause, ...]
    dimensions: tuple[Dimension, ...] = ()
    priorities: tuple[Priority, ...] = ()
    priority: tuple[str, ...] = ()
    voice: tuple[str, ...] = ()
    probes: tuple[ProbeStatement, ...] = ()
    terms: tuple[Term, ...] = ()
    grants: tuple[Grant, ...] = ()
    balances: tuple[Balance, ...] = ()
    alikes: tuple[Alike, ...] = ()
    authority: Authority | None = None
    digest: str = ""

    def clause(self, clause_id: str) -> Clause:
        """Return a clause by its id.

        Raises:
            KeyError: no clause has this id.
        """
        return self._by_id[clause_id]

    @cached_property
    def _by_id(self) -> dict[str, Clause]:
        return {clause.id: clause for clause in self.clauses}
