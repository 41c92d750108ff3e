"""Where a spec's files go, and what lies there: builds, runs, and how fast stages went.

In: what the user named, and the folders for builds and runs. Out: a `Place`; the run of a build. Heavy modules are
imported inside functions. This file must not know how anything there is made.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.agreement import check_build
from compiler.failures import DataError
from compiler.files import read_json, write_if_new
from spec.doors import spec_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from compiler.progress import Progress


@dataclass(frozen=True, slots=True)
class Place:
    """Where a spec's files go: its build folder, the folder of runs, and the cache beside the builds.

    root: the spec's own folder, where relative paths of bases and data start; None where only a build was named.
    local_files_only: models are taken from this machine only, by every stage.
    """

    build: Path
    runs: Path
    cache: Path
    root: Path | None = None
    local_files_only: bool = False


def place_of(target: Path, out: Path, runs: Path, cache: Path | None, *, local_files_only: bool = False) -> Place:
    """Where things go for a spec, or for a build folder given in its place."""
    build = target if target.is_dir() else out / spec_name(target.name)
    root = None if target.is_dir() else target.parent
    return Place(build, runs, cache or build.parent / ".cache", root, local_files_only)


def spec_of(build: Path) -> Path | None:
    """The spec that a build was made from, as its lock names it; None where it is not there."""
    named = read_json(build / "lock.json").get("spec")
    return next((above / named for above in build.resolve().parents if named and (above / named).is_file()), None)


def leaving_out(place: Place, clause_id: str | None) -> Place:
    """Where the build without a clause goes: beside the whole one, with the same cache."""
    if clause_id is None:
        return place
    return replace(place, build=place.build.with_name(f"{place.build.name}-without-{clause_id.replace('/', '.')}"))


def is_build(path: Path) -> bool:
    # A measured run keeps what its build was in `asked` and `spec`.
    return path.is_dir() and (path / "ir.json").is_file() and not (path.parent / "measure.json").is_file()


def run_of(place: Place) -> Path:
    """The run of this build as it stands; one that another machine has trained on the same rows, where this has not.

    Raises:
        DataError: nothing was built, or trained, yet.
    """
    check_build(place.build)
    run = finished_run(place)
    if run is not None:
        return run
    same, other = same_content(place)
    if same:
        return same[0]
    if other and all(read_json(run / "run.json").get("method") == "composed" for run in other):
        raise DataError(
            f"{place.build} is not trained yet; adapters put together are there: {', '.join(map(str, other[:3]))}",
            help="give one of these, or run `tenet train SPEC` first",
        )
    if other:
        raise DataError(
            f"{place.build} has changed since it was last trained",
            help=f"run `tenet train SPEC` first, or give an earlier run: {', '.join(map(str, other[:3]))}",
        )
    raise DataError(f"{place.build} is not trained yet", help="run `tenet train SPEC` first")


def is_trained(place: Place) -> bool:
    check_build(place.build)
    return finished_run(place) is not None or bool(same_content(place)[0])


def finished_run(place: Place) -> Path | None:
    """The run of a whole build by this machine; None where it is not there or not done."""
    from backends.train import identity

    run = identity.run_folder(place.build, place.runs)
    return run if identity.is_done(run) else None


def with_other_threads(place: Place) -> Path | None:
    """A run of the very same rows and jobs that this machine has trained with another number of threads, as one of a
    family; None where there is none, or where the user has said how many there are to be."""
    from backends import machine

    if "TENET_THREADS" in os.environ:
        return None
    here = {**machine.expected().influencing("train"), "threads": None}
    for run in same_content(place)[0]:
        if {**(read_json(run / "run.json").get("machine") or {}), "threads": None} == here:
            return run
    return None


def same_content(place: Place) -> tuple[list[Path], list[Path]]:
    """Finished runs of this spec, the last one first: those of the very same rows and jobs, and the others.

    Raises:
        DataError: the build cannot be read.
    """
    from backends.train import identity

    content = identity.content_digest(place.build)
    done = sorted(
        place.runs.glob(f"{place.build.name}-*/run.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    same = [path.parent for path in done if read_json(path).get("content_digest") == content]
    return same, [path.parent for path in done if path.parent not in same]


def build_of(run: Path, out: Path) -> Path:
    """The build that a run came from: the folder around measurements of what was not trained, else as run.json says, or
    the run's name where it does not.

    Raises:
        DataError: there is no such build.
    """
    if is_build(run.resolve().parent):
        return run.parent
    name = read_json(run / "run.json").get("spec") or run.resolve().name.rsplit("-", 1)[0]
    build = out / name
    if not is_build(build):
        raise DataError(f"{run} was made from {build}, which is not there", help="give --out, or build the spec again")
    return build


RATES = ".rates.json"
"""Among the runs: nothing below the build folder tells of time."""


def read_rates(place: Place) -> dict[str, float]:
    try:
        return {str(key): float(rate) for key, rate in read_json(place.runs / RATES).items()}
    except (ValueError, TypeError):
        # Rates only feed estimates: a torn file costs nothing but a guess.
        return {}


@contextmanager
def timed(place: Place) -> Iterator[Progress]:
    """Show progress and keep the rates, unless all that was done was to read what is cached."""
    from compiler.cli.screen import shown_progress

    before, rates = _made(place), read_rates(place)
    with shown_progress(rates) as progress:
        yield progress
    if rates and _made(place) != before:
        write_if_new(place.runs / RATES, json.dumps(rates, indent=1, sort_keys=True) + "\n")


def _made(place: Place) -> tuple[int, int]:
    """How many batches were ever cached, and how many runs are done."""
    from backends import store

    return store.written(place.cache), sum(1 for _ in place.runs.glob("*/run.json"))
