"""What the tests of this folder share: two texts to a comparison, and one clause's line in it."""

from __future__ import annotations

from collections.abc import Sequence

import spec
from compiler.build import to_program
from compiler.spec_diff import SpecDiff, Version, compare
from compiler.spec_diff.records import FLIPPED, Change, ClauseDiff, Verdict


def version_of(text: str, name: str) -> Version:
    loaded = spec.loads(f"tenet 1\n{text}", f"{name}.tenet")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    program, diagnostics = to_program(loaded.document)
    assert not [d for d in diagnostics if d.severity == "error"], spec.render(diagnostics, loaded.sources)
    return Version(f"{name}.tenet", loaded.document, program)


def diff_of(old: str, new: str) -> SpecDiff:
    return compare(version_of(old, "old"), version_of(new, "new"))


def clause_of(old: str, new: str, shared: str = "") -> ClauseDiff:
    """Compare two versions of one clause, each written after `shared`: the last one is meant."""
    found = diff_of(f"{shared}\n{old}", f"{shared}\n{new}")
    assert [c.id for c in found.clauses if c.verdict in ("added", "removed")] == []
    return found.clauses[-1]


def both_ways(old: str, new: str, shared: str = "") -> ClauseDiff:
    """Compare them, and see that each change goes the other way when the versions are exchanged."""
    there, back = clause_of(old, new, shared), clause_of(new, old, shared)
    assert turned(there.changes) == [(c.field, c.concern, c.direction, c.old, c.new) for c in back.changes]
    assert back.verdict == opposite(there.verdict)
    return there


def turned(changes: Sequence[Change]) -> list[tuple[str, str, str, str | None, str | None]]:
    """What is to be said of the versions exchanged."""
    return [(c.field, c.concern, FLIPPED[c.direction], c.new, c.old) for c in changes]


def opposite(verdict: Verdict) -> Verdict:
    others: dict[Verdict, Verdict] = {
        "added": "removed", "removed": "added", "stricter": "looser", "looser": "stricter",
    }  # fmt: skip
    return others.get(verdict, verdict)
