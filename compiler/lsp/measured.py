"""What was last measured of each clause, as it stands now.

In: a spec's path and its program. Out: rates by clause id. A run keeps the texts that it was made from, which compile
to what each clause said then: a rate counts for a clause whose digest is still the same. Nothing is computed anew, and
a run that cannot be read is as good as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from glob import escape
from pathlib import Path
from typing import Any

import spec
from compiler.build import to_program
from compiler.ir import Program

MOST_RUNS = 5
"""Of one spec that are looked at, the latest first."""


@dataclass(frozen=True, slots=True)
class Rate:
    """share: of answers, as the clause's target counts them. run: the folder's name."""

    share: float
    verdict: str | None
    run: str


def rates(root: Path, program: Program, folders: Iterable[Path]) -> dict[str, Rate]:
    """Return the latest rate of each clause of `program` that a run measured as it stands.

    Args:
        root: the spec's path.
        folders: that may hold `runs/`.
    """
    found: dict[str, Rate] = {}
    digests = {clause.id: clause.digest for clause in program.clauses}
    for report in _reports(root, folders):
        for clause_id, (digest, rate) in _measured(root, report, report.stat().st_mtime_ns).items():
            if digests.get(clause_id) == digest:
                found.setdefault(clause_id, rate)
    return found


def measured_ids(root: Path, folders: Iterable[Path]) -> frozenset[str]:
    """Return the clauses that runs of a spec have measured, whatever they said then."""
    reports = _reports(root, folders)
    return frozenset(i for report in reports for i in _measured(root, report, report.stat().st_mtime_ns))


def _reports(root: Path, folders: Iterable[Path]) -> list[Path]:
    """Return the reports of a spec's runs, the latest first."""
    found: dict[Path, float] = {}
    for folder in folders:
        for path in folder.glob(f"runs/{escape(root.stem)}-*/diff.json"):
            try:
                found[path.resolve()] = path.stat().st_mtime
            except OSError:
                continue
    return sorted(found, key=lambda path: -found[path])[:MOST_RUNS]


@lru_cache(maxsize=32)
def _measured(root: Path, report: Path, changed: int) -> Mapping[str, tuple[str, Rate]]:
    """Return the digest and the rate of each clause of a report; `changed` tells versions of the file apart."""
    try:
        record: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        texts = {(root.parent / source["path"]).resolve(): source["text"] for source in record["sources"]}
        rows = {row["id"]: row for row in record["clauses"]}
        subject = record["subject"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    document = spec.load(root, texts=texts).document if root in texts else None
    if document is None:
        return {}
    found: dict[str, tuple[str, Rate]] = {}
    for clause in to_program(document)[0].clauses:
        row = rows.get(clause.id, {})
        rate = next((rate for rate in row.get("rates", ()) if rate.get("arm") == subject), None)
        if rate is not None and rate.get("n"):
            found[clause.id] = clause.digest, Rate(float(rate["share"]), row.get("verdict"), report.parent.name)
    return found
