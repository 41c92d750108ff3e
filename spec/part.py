"""What one file contributes to a spec, before its names are resolved.

In: nothing. Out: `Part` and the records of what it declares and refers to. `spec/statements.py` fills a part,
`spec/references.py` resolves the parts of all files together.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from spec.diagnostics import Diagnostic, Report
from spec.document import (
    Alike,
    Authority,
    Balance,
    Clause,
    Dimension,
    Grant,
    Model,
    Parameter,
    Priority,
    ProbeStatement,
    Section,
    Term,
    Train,
)
from spec.frozen import dataclass
from spec.source import Span
from spec.values import DimensionUse


@dataclass(frozen=True, slots=True)
class Declared:
    """Something that others may refer to by name; kind is None where the statement's kind is unknown."""

    kind: str | None
    name: str
    span: Span
    tags: tuple[str, ...] = ()
    deprecated: str | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a clause's name in a field: `style`, `for`, `see`, `over`, `of`."""

    field: str
    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Ranking:
    names: tuple[str, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FileUse:
    """A path that a setting names, for `loading.py` to look for. field: the setting's name."""

    field: str
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Inclusion:
    """`import` or `extends` of a file. alias: the name that its clauses get in front; arguments: its parameters.

    whole: what to take out to remove it.
    """

    kind: Literal["import", "extends"]
    path: str
    span: Span
    alias: str | None = None
    arguments: tuple[tuple[str, str, Span], ...] = ()
    whole: Span = Span.NONE


@dataclass(slots=True)
class Part:
    """What one file contributes. A statement with errors is absent from the records, and present in `declared`.

    prefix: what `import ... as` puts before the names of its clauses, dot included. dropped: clauses of an extended
    file that shall not count.
    """

    report: Report
    broken: tuple[tuple[int, int], ...] = ()
    prefix: str = ""
    inclusions: list[Inclusion] = field(default_factory=list)
    models: list[Model] = field(default_factory=list)
    trains: list[Train] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    dimensions: list[Dimension] = field(default_factory=list)
    priorities: list[Priority] = field(default_factory=list)
    probes: list[ProbeStatement] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    balances: list[Balance] = field(default_factory=list)
    alikes: list[Alike] = field(default_factory=list)
    authorities: list[Authority] = field(default_factory=list)
    paths: list[FileUse] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    dropped: list[Reference] = field(default_factory=list)
    rankings: list[Ranking] = field(default_factory=list)
    uses: list[DimensionUse] = field(default_factory=list)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return self.report.found

    def lost(self, name: str) -> bool:
        """Whether `name` stands in text that could not be read, so that its absence proves nothing."""
        text = self.report.source.text
        return any(name in text[start:end] for start, end in self.broken)
