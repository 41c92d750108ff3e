"""One of two runs that are compared: what it was asked, what it said, and the spec that it was trained on.

In: a run's folder; the build it came from, for a run that was measured before runs kept what they were asked. Out: a
`Side`. This file must not compare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import spec
from compiler import ir_file
from compiler.digests import rows_digest
from compiler.failures import DataError
from compiler.ir import Program
from compiler.records.measured import Measurement, MeasureReport
from compiler.records.rows import Probe
from compiler.runs import read_measured, read_rows
from compiler.spec_diff import Version, version
from spec.doors import spec_name


@dataclass(frozen=True, slots=True)
class Side:
    """program: whose checks the answers were held against. trained: the spec that the run was trained on, None where
    that is not known."""

    name: str
    program: Program
    probes: tuple[Probe, ...]
    measurements: tuple[Measurement, ...]
    measured: MeasureReport
    prompt: str
    trained: Version | None


def read(run: Path, build: Path | None) -> Side:
    """Return what lies in a run's folder.

    Raises:
        DataError: it is not measured, or what it was asked is not known any more.
    """
    if not (run / "measure.json").is_file():
        raise DataError(f"{run} is not measured yet", help=f"run `tenet measure {run}` first")
    measured = read_measured(run)
    if measured.engaged is not None and not measured.engaged.engaged:
        raise DataError(
            f"the adapter of {run} does nothing, so there is nothing to compare",
            help=f"see what was found: tenet diff {run}",
        )
    asked = next((folder for folder in (run / "asked", build) if folder and _is_what_was_asked(folder, measured)), None)
    if asked is None:
        raise DataError(
            f"what {run} was asked is not there any more: its build has gone on",
            help=f"measure it again, on the build as it is: tenet measure {run}",
        )
    prompt = asked / "prompt.md"
    return Side(
        name=run.name,
        program=ir_file.load(asked),
        probes=tuple(read_rows(Probe, asked / "probes.jsonl")),
        measurements=tuple(read_rows(Measurement, run / "measurements.jsonl")),
        measured=measured,
        prompt=prompt.read_text(encoding="utf-8") if prompt.is_file() else "",
        trained=_version(run, run / "spec" if (run / "spec").is_dir() else asked),
    )


def _is_what_was_asked(folder: Path, measured: MeasureReport) -> bool:
    path = folder / "probes.jsonl"
    return path.is_file() and rows_digest(path) == measured.probes_sha256 and (folder / "ir.json").is_file()


def _version(run: Path, folder: Path) -> Version | None:
    """The spec in a folder's sources.json, as it was written; None where it is not there or cannot be read."""
    path = folder / "sources.json"
    if not path.is_file():
        return None
    texts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["files"]
    named = ir_file.load(folder).name
    main = next((name for name in texts if spec_name(PurePosixPath(name).name) == named), None)
    if main is None:
        return None
    with TemporaryDirectory(prefix="tenet-") as there:
        # Imports are found beside the file, and nothing above the folder counts as the project.
        Path(there, "tenet.toml").touch()
        for name, text in texts.items():
            target = Path(there, *(part for part in PurePosixPath(name).parts if part not in ("..", "/")))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        loaded = spec.load(Path(there, main), project=there)
    return version(run.name, loaded.document) if loaded.document is not None else None
