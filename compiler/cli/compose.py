"""`tenet compose`: adapters of one base put together, and what each of them keeps.

In: runs with their weights. Out: a run; with --measure also a run of each parent's spec, whose probes were put to the
composition, and parents.json. This file must not know how adapters are added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places, stages
from compiler.cli.options import cache_option, local_option, out_option, runs_option
from compiler.cli.places import Place
from compiler.cli.targets import TargetPath

if TYPE_CHECKING:
    from backends.bases import Base
    from backends.devices import Device
    from backends.train.composing import Part
    from compiler.records.report import DiffReport


@click.command("compose")
@click.argument("target", metavar="SPEC|BUILD", type=TargetPath())
@click.argument("parts", metavar="RUN[=WEIGHT]...", nargs=-1, required=True)
@out_option
@runs_option
@cache_option
@click.option("--measure", "measured", is_flag=True, help="Put every parent's probes to the parent and to the result.")
@local_option
def command(
    target: Path,
    parts: tuple[str, ...],
    out: Path,
    runs: Path,
    cache: Path | None,
    measured: bool,
    local_files_only: bool,
) -> None:
    """Add the changes of several adapters, each by its weight (1 unless given), exactly.

    The result is a run of SPEC, whose probes tell what it does: measure it with `tenet measure RUN`. What it keeps of
    its parents is another question, which --measure answers, clause by clause. A weight may be negative. Adapters of
    one base can be put together, and no others.
    """
    from backends.devices import choose
    from backends.recipes import base_of, read_recipe
    from backends.train import composing

    place = places.place_of(target, out, runs, cache, local_files_only=local_files_only)
    base = base_of(place.build, read_recipe(place.build), place.root, local_files_only=local_files_only)
    found = [composing.Part(*_part(text)) for text in parts]
    builds = [places.build_of(part.run, out) for part in found] if measured else []
    device = choose()
    run = composing.compose(found, base, place.build.name, place.runs, device)
    click.echo(run)
    if measured:
        _measure(place, run, found, builds, base, device)
    click.echo(f"next:  tenet measure {run}", err=True)


def _measure(
    place: Place, run: Path, parts: Sequence[Part], builds: Sequence[Path], base: Base, device: Device
) -> None:
    """Put each parent's probes to the parent alone and to the composition; say and write down what is kept."""
    from backends.train import composing
    from compiler import compositions
    from compiler.cli.screen import out
    from compiler.files import write_if_new
    from compiler.report import family

    kept = []
    for part, build in zip(parts, builds, strict=True):
        # The composition as a run of the parent's spec, whose build holds the probes.
        as_parent = composing.compose(parts, base, build.name, place.runs, device)
        alone, composed = (_report(place, build, of) for of in (part.run, as_parent))
        kept.append(compositions.parent(part.run.name, part.weight, str(as_parent), alone, composed))
        beside = [alone.model_copy(update={"name": "alone"}), composed.model_copy(update={"name": "composed"})]
        click.echo(part.run.name)
        out().print(family.render(beside))
        out().print()
    for parent in kept:
        click.echo(compositions.told(parent))
    found = compositions.Composition(parents=tuple(kept))
    write_if_new(run / compositions.PARENTS, found.model_dump_json(indent=1) + "\n")


def _report(place: Place, build: Path, run: Path) -> DiffReport:
    """What a run does about the probes of a build, which are put to it where they were not yet."""
    from compiler.cli.measure import Asking, measure_run

    own = Place(build, run.parent, place.cache, None, place.local_files_only)
    if not (run / "measure.json").is_file() or stages.stale_parts(build, run):
        measure_run(own, run, ("base", "adapter"), Asking("sequential"))
    return stages.diff(build, run)[0]


def _part(text: str) -> tuple[Path, float]:
    name, equals, said = text.rpartition("=")
    if not equals:
        return _run(text), 1.0
    try:
        weight = float(said)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight) or weight == 0:
        raise click.UsageError(f"{text}: a weight is a number other than 0, such as {name}=0.7")
    return _run(name), weight


def _run(name: str) -> Path:
    if not (Path(name) / "run.json").is_file():
        raise click.UsageError(f"{name} is no finished training: name a folder that `tenet train` made, below runs/")
    return Path(name)
