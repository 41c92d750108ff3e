"""What a file of probes says: rows with what a good answer does, and the rows that cannot be read.

In: nothing. Out: records and frozen values. `SetProbe` is a line of `sets/<name>/probes.jsonl` in a run. This file must
not know how a file is laid out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from compiler.records.checks import Check
from compiler.records.record import Message, Record
from compiler.records.rows import Probe

Expects = Literal["answered", "refused", "kept"]
"""What a good answer does: it answers, it declines, or it passes the row's own checks."""

KEY = "expected"
"""Under which a set's measurements say whether an answer did what was expected."""


class SetProbe(Record):
    """One row that was read. line: in the file. checks: all of them pass in a good answer; empty where nothing decides.
    cluster: rows of one cluster resemble each other. groups: column -> value, for figures of their own."""

    id: str
    line: int
    messages: tuple[Message, ...]
    context: str | None = None
    expects: Expects
    checks: tuple[Check, ...]
    clause_id: str | None = None
    cluster: str = ""
    groups: dict[str, str] = Field(default_factory=dict)

    def probe(self, set_name: str) -> Probe:
        """The row as every arm is asked it."""
        return Probe(
            id=self.id,
            clause_id=KEY,
            messages=self.messages,
            context=self.context,
            template=self.cluster,
            checks=self.checks,
            unit=f"set.{set_name}",
        )


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be asked. line: in the file, 0 for the file as a whole. help: the way out."""

    file: str
    line: int
    message: str
    help: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


@dataclass(frozen=True, slots=True)
class ProbeSetFile:
    """A file of probes, read. name: of the set. file: its name. columns: what was read as what."""

    name: str
    file: str
    sha256: str
    probes: tuple[SetProbe, ...]
    bad: tuple[BadRow, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Options:
    """What the user says about files. columns: role -> column, `group` several times. labels: a label's word -> what it
    means. expects: of rows without a label, None where nothing was said."""

    columns: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, Expects], ...] = ()
    expects: Expects | None = None
