"""What a spec compiles to, as far as an editor shows it: what passes and analysis find, prompt lines, rows, probes.

In: a checked document, and the texts that it was read from. Out: `Compiled`. It takes a multiple of a check's time, so
the server makes it when typing pauses, in a thread: it must not touch anything that changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler.analysis import analyse
from compiler.build import to_program
from compiler.generators import GENERATORS
from compiler.generators.setting import Setting
from compiler.ir import Program
from compiler.lowering.pairs import setting_of
from compiler.rendering import render
from spec.diagnostics import Diagnostic
from spec.document import Document
from spec.source import Source


@dataclass(frozen=True, slots=True)
class Counts:
    """How many probes and training rows the recipe asks for on behalf of a clause."""

    probes: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """program: None where a pass found an error. lines: of the prompt, by clause. texts: what the files held.

    rows, probes: the settings in which units are made.
    """

    document: Document
    texts: Mapping[Path, str]
    diagnostics: tuple[Diagnostic, ...]
    program: Program | None = None
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Setting | None = None
    probes: Setting | None = None
    _counts: dict[str, Counts] = field(default_factory=dict)

    def counts(self, clause_id: str) -> Counts:
        """Return how much a clause asks for; it is counted when it is asked for, since a long spec has many units.

        Raises:
            KeyError: there is no such clause.
        """
        if clause_id not in self._counts:
            if self.program is None or self.rows is None or self.probes is None:
                raise KeyError(clause_id)
            clause = self.program.clause(clause_id)
            self._counts[clause_id] = Counts(
                sum(u.count for make in GENERATORS for u in make(clause, self.probes) if u.purpose == "probes"),
                sum(u.count for make in GENERATORS for u in make(clause, self.rows) if u.purpose == "pairs"),
            )
        return self._counts[clause_id]


def compiled(document: Document, texts: Mapping[Path, str], sources: Mapping[str, Source]) -> Compiled:
    """Run the passes over a document, analyse it, and render the prompt."""
    program, found = to_program(document)
    found = (*found, *analyse(program, sources))
    if any(d.severity == "error" for d in found):
        return Compiled(document, texts, found)
    lines: dict[str, list[str]] = defaultdict(list)
    for line in render(program):
        # A title is caused by all that stands below it, and says nothing of one.
        for clause_id in line.clause_ids if line.text.startswith("- ") or len(line.clause_ids) == 1 else ():
            lines[clause_id].append(line.text)
    shown = {clause_id: tuple(said) for clause_id, said in lines.items()}
    return Compiled(document, texts, found, program, shown, setting_of(program), Setting(program))
