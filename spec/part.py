"""What one file contributes to a spec, before its names are resolved.

In: nothing. Out: `Part` and the records of what it declares and refers to. `spec/statements.py` fills a part,
`spec/references.py` resolves the parts of all files together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from spec.conditions import DimensionUse
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
from spec.source import Span, joined

MOST_LOOKED = 500
"""Names that are looked for in what could not be read: as many as are reported of a file."""
_WORD = re.compile(r"\w+(?:[-+]\w+)*")


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


class Lost:
    """The text of a spec's files that could not be read: that a name in it is declared nowhere proves nothing."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.texts = [part.report.source.text[start:end] for part in parts for start, end in joined(part.broken)]
        self.words = {word for text in self.texts for word in _WORD.findall(text)}
        self.looked = 0

    def holds(self, name: str) -> bool:
        """Whether `name` stands in such text, as a word or in one; after many questions, whether it could."""
        if not self.texts or name in self.words:
            return bool(self.texts)
        self.looked += 1
        return self.looked > MOST_LOOKED or any(name in text for text in self.texts)
