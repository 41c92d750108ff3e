"""What an import tells beside the spec: what it found wrong in the source, and what the spec does not say.

In: nothing. Out: records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class Unreadable(ValueError):
    """A source cannot be read; the message names the file, the line where one is known, and the way out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """file, line: in the source; line 0 for the whole file.

    kind: `defect` of the source, such as a tag that leads nowhere; `left_out` of the spec; `kept_as_note`, for readers
    only; `not_trained`, kept but never learned word for word.
    """

    file: str
    line: int
    kind: Literal["defect", "left_out", "kept_as_note", "not_trained"]
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.kind.replace('_', ' ')}: {self.message}"


@dataclass(frozen=True, slots=True)
class Imported:
    """text: a spec in canonical layout. counts: what was read, in words and numbers, for a table."""

    text: str
    counts: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]

    @property
    def defects(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.kind == "defect")
