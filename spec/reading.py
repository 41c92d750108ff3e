"""What the readers of one file's statements share.

In: the file's part, which they fill, its blocks' reader, and what the file extends. Out: references, and whether an
inherited clause may change. This file must not know which statements there are.
"""

from __future__ import annotations

from spec import ast
from spec.blocks import Blocks
from spec.diagnostics import Note, Report
from spec.document import Clause, Level
from spec.frozen import dataclass
from spec.inheritance import Inherited
from spec.part import Part, Reference
from spec.source import Span


@dataclass(frozen=True, slots=True)
class Reading:
    part: Part
    blocks: Blocks
    inherited: Inherited

    @property
    def report(self) -> Report:
        return self.part.report

    def refer(self, body: ast.Body, naming: tuple[str, ...]) -> None:
        """Note the names of clauses that the fields of a block hold, each with its place."""
        for item in body.items:
            if not isinstance(item, ast.Field) or item.name.text not in naming:
                continue
            for value in item.value.items if isinstance(item.value, ast.Array) else (item.value,):
                if isinstance(value, ast.Word | ast.Text):
                    name = value.text if isinstance(value, ast.Word) else value.value
                    self.part.references.append(Reference(item.name.text, name, self.blocks.span(value)))

    def may_change(self, clause: Clause, span: Span) -> bool:
        """Report a change of a clause that nobody may change."""
        override = clause.override or ("never" if clause.level is Level.ROOT else None)
        if override != "never":
            return True
        why = "is at root" if clause.override is None else "says `override: never`"
        self.report.add(
            "T0223", f"`{clause.id}` cannot be changed: it {why}", span, label="changes a floor",
            help="add a clause of another name beside it; what it says stays",
            secondary=[Note(clause.span, "the floor")],
        )  # fmt: skip
        return False
