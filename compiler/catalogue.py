"""The adapters of a folder of runs: what each was made of, how it was measured, and whether it was verified.

In: `runs/`. Out: an `Adapter` for each run that holds one, by spec and date, read from run.json, diff.json and
verify.json. A verdict or a verification of other bytes than those that lie there now counts for nothing. What cannot be
read is said, and hides no other. This file must not know how an adapter is made, measured or verified.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field

from compiler.failures import TenetError
from compiler.records.record import RECORD_VERSION, Record
from compiler.runs import is_prompt_alone

VERIFIED = "verify.json"
VERDICTS = ("met", "missed", "unclear")


class Verified(Record):
    """verify.json: what `tenet verify` last found of a run's own adapter, whose digest it had then."""

    version: int = RECORD_VERSION
    adapter_digest: str
    ok: bool
    checks: dict[str, str] = Field(default_factory=dict)


class Adapter(Record):
    """run: its folder. parts: of a composed one, each run's name with its weight. made: in UTC, to the second. bytes:
    of its files. clauses: verdict -> ids, None where it was not measured. verified: None where nobody has asked since
    it has these bytes. trouble: why it cannot be used, in words."""

    run: str
    spec: str
    base: str = ""
    method: str = ""
    parts: dict[str, float] = Field(default_factory=dict)
    made: str = ""
    bytes: int = 0
    clauses: dict[str, tuple[str, ...]] | None = None
    verified: bool | None = None
    trouble: str | None = None


def adapters(runs: Path, digest: Callable[[Path], str]) -> Iterator[Adapter]:
    """digest: of an adapter's folder, as run.json records it."""
    for run in sorted(path for path in runs.iterdir() if (path / "run.json").is_file() and not is_prompt_alone(path)):
        try:
            yield _read(run, digest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, TenetError) as error:
            said = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
            yield Adapter(run=str(run), spec=run.name.rpartition("-")[0], trouble=said)


def _read(run: Path, digest: Callable[[Path], str]) -> Adapter:
    told = _json(run / "run.json")
    there = digest(run / "adapter")
    return Adapter(
        run=str(run),
        spec=told["spec"],
        base=told["base"],
        method=told["method"],
        parts={part["run"]: part["weight"] for part in told.get("parts", ())},
        made=datetime.fromtimestamp((run / "run.json").stat().st_mtime, UTC).isoformat(timespec="seconds"),
        bytes=sum(file.stat().st_size for file in (run / "adapter").iterdir()),
        clauses=_verdicts(run, there),
        verified=_verified(run, there),
        trouble=None if there == told["adapter_digest"] else "its bytes are not those that were trained",
    )


def _verdicts(run: Path, there: str) -> dict[str, tuple[str, ...]] | None:
    """Of the adapter with these bytes; None where its answers were not held against the spec yet."""
    if not (run / "diff.json").is_file() or _json(run / "measure.json").get("adapter_sha256") != there:
        return None
    rows = _json(run / "diff.json")["clauses"]
    return {verdict: tuple(row["id"] for row in rows if row["verdict"] == verdict) for verdict in VERDICTS}


def _verified(run: Path, there: str) -> bool | None:
    if not (run / VERIFIED).is_file():
        return None
    found = Verified.model_validate(_json(run / VERIFIED))
    return found.ok if found.adapter_digest == there else None


def _json(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is no object")
    return found
