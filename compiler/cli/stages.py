"""The stages that need a model, and the report: generate, train, measure, mutate, diff.

In: a compilation, or the place of a build. Out: files, and records of what was made. Heavy modules are imported inside
functions: a command that stops at the pure part never loads torch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from compiler.agreement import ROWS, check_build
from compiler.arms import usual_arms
from compiler.cli import places
from compiler.cli.emitting import Compilation
from compiler.cli.places import Place
from compiler.digests import file_digest
from compiler.failures import DataError
from compiler.files import write_if_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.generate.report import GenerateReport
    from backends.measure.besides import Besides
    from backends.measure.judging import Judging
    from backends.train.held import Held
    from backends.train.ways import Way
    from compiler.progress import Progress
    from compiler.records.measured import Stopping
    from compiler.records.mutants import MutationReport
    from compiler.records.record import Arm
    from compiler.records.report import DiffReport


def generate(compilation: Compilation, progress: Progress) -> GenerateReport:
    """Write rows and probes, then the lock over everything that is in the build now."""
    from backends import generate as generation

    place = compilation.place
    report = generation.run(
        place.build, progress=progress, cache=place.cache, root=place.root, local_files_only=place.local_files_only
    )
    finish(compilation)
    return report


def finish(compilation: Compilation, *, rows: bool = True) -> None:
    """Write the lock: the record of a build that is whole, with the hashes of its rows."""
    text = next(a.text for a in compilation.artifacts if a.path == "lock.json")
    if rows:
        build = compilation.place.build
        lock = json.loads(text)
        lock["rows"] = {name: file_digest(build / name) for name in ROWS if (build / name).is_file()}
        text = json.dumps(lock, ensure_ascii=False, indent=1) + "\n"
    write_if_new(compilation.place.build / "lock.json", text)
    if rows and (compilation.place.build / "generate.json").is_file():
        from compiler.exports import dataset_card

        write_if_new(compilation.place.build / dataset_card.CARD, dataset_card.render(compilation.place.build))


def train(
    place: Place,
    progress: Progress,
    track: Sequence[str] = (),
    way: Way | None = None,
    held: Held | None = None,
) -> Path:
    """held: bases that other trainings of this process have read, and this one may."""
    from backends import train as training
    from backends.train.ways import USUAL

    check_build(place.build)
    alone = held is None and not (way or USUAL).influencing()
    together = places.with_other_threads(place) if alone and places.finished_run(place) is None else None
    if together is not None:
        confirm_trained(together)
        progress("train", 1, 1, "steps", "done before, together with others")
        return together
    return training.run(
        place.build,
        place.runs,
        progress=progress,
        cache=place.cache,
        root=place.root,
        local_files_only=place.local_files_only,
        track=track,
        way=way or USUAL,
        held=held,
    )


def kept_of_training(place: Place, way: Way | None = None) -> str:
    """What an interrupted training has kept, in a sentence."""
    from backends.train import identity
    from backends.train.ways import USUAL

    run = identity.run_folder(place.build, place.runs, way or USUAL)
    kept = identity.kept_steps(run)
    if not kept:
        return f"No checkpoint was written yet in {run}."
    told = ", ".join(f"step {step} of {stage}" if step else f"all of {stage}" for stage, step in kept.items())
    return f"Kept in {run}: {told}."


def confirm_trained(run: Path | None) -> None:
    """Make sure that a run's adapter is the one that was trained, before it is asked anything.

    Raises:
        ModelLoadError: a file of the run is missing or has changed since.
    """
    from backends.train import kept

    if run is not None and (run / "adapter").is_dir():
        kept.confirm(run)


def steer(place: Place, progress: Progress) -> Path:
    """Make the vectors of a build and return their folder."""
    from backends import steer as steering

    check_build(place.build)
    return steering.run(
        place.build,
        place.runs,
        progress=progress,
        cache=place.cache,
        root=place.root,
        local_files_only=place.local_files_only,
    )


def measure(
    place: Place,
    run: Path | None,
    arms: Sequence[Arm] | None,
    progress: Progress,
    judging: Judging | None = None,
    besides: Besides | None = None,
    *,
    stopping: Stopping = "fixed",
    most: int | None = None,
    budget: int | None = None,
) -> Path:
    from backends import measure as measuring

    check_build(place.build)
    confirm_trained(run)
    steering = steering_of(place, run)
    return measuring.run(
        place.build,
        run,
        arms=tuple(arms or usual_arms(steering is not None)),
        steering=steering,
        judging=judging or measuring.ONCE,
        progress=progress,
        cache=place.cache,
        root=place.root,
        local_files_only=place.local_files_only,
        stopping=stopping,
        most=most,
        budget=budget,
        besides=besides,
    )


def steering_of(place: Place, run: Path | None) -> Path | None:
    """The vectors of a build as it stands, or those that a run was measured with; None where there are none."""
    from backends import steer as steering
    from backends.vectors import RECORD

    found = steering.finished(place.build, place.runs)
    beside = (run or place.build / "measured") / "steering"
    return found or (beside if (beside / RECORD).is_file() else None)


def is_measured_whole(place: Place, run: Path, arms: Sequence[Arm] | None) -> bool:
    """Whether these arms of a run were measured on every probe of the build as it is."""
    from backends.vectors import vectors_digest
    from compiler.runs import arms_of, read_measured

    if not (run / "measure.json").is_file():
        return False
    measured = read_measured(run)
    steering = steering_of(place, run)
    wanted = arms or arms_of(run, steering is not None)
    if steering is not None and "steer" in wanted and vectors_digest(steering) != measured.steering_sha256:
        return False
    whole = measured.stopping == "fixed" and measured.most is None and set(wanted) <= set(measured.arms)
    return whole and bool(measured.answers) and not stale_parts(place.build, run)


def mutate(place: Place, run: Path | None, progress: Progress) -> tuple[MutationReport, Path]:
    """Ask each clause's probes under mutated prompts; return what they noticed and the path of mutations.json."""
    from backends.measure import mutation

    check_build(place.build)
    return mutation.run(
        place.build,
        run,
        progress=progress,
        cache=place.cache,
        root=place.root,
        local_files_only=place.local_files_only,
    )


def diff(build: Path, run: Path, target: Path | None = None) -> tuple[DiffReport, Path]:
    """Compute the report and write diff.json and report.html; return the report and the page's path.

    Args:
        target: what the user named, so that a failure can say what to run.

    Raises:
        DataError: the measurements are not of this build.
        ModelLoadError: a file of the run has changed since it was trained.
    """
    from compiler import verdicts
    from compiler.report import html
    from compiler.runs import read_measured

    confirm_trained(run)
    found = stale_parts(build, run)
    if found:
        again = f"measure again: tenet measure {target or run}"
        if read_measured(run).elsewhere:
            again = f"ask again with Inspect, then: tenet measure {build} --from-inspect LOG"
        raise DataError(
            f"the measurements in {run} are not of {build} as it is: {', '.join(found)} changed since", help=again
        )
    report = verdicts.diff(build, run)
    write_if_new(run / "diff.json", report.model_dump_json(indent=1) + "\n")
    page = run / "report.html"
    write_if_new(page, html.render(report))
    return report, page


def stale_parts(build: Path, run: Path) -> list[str]:
    """What of the build has changed since the run was measured, in words.

    Raises:
        DataError: the build or the measurements cannot be read.
    """
    from backends.measure.answering import SAMPLING
    from backends.train.adapters import adapter_digest
    from backends.vectors import vectors_digest
    from compiler import agreement
    from compiler.runs import read_measured

    adapter = adapter_digest(run / "adapter") if (run / "adapter").is_dir() else None
    vectors = vectors_digest(run / "steering") if (run / "steering").is_dir() else None
    return agreement.stale(agreement.read_lock(build), build, read_measured(run), adapter, SAMPLING, vectors)
