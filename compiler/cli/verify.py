"""`tenet verify`: whether an artifact is what was trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS, places, stages
from compiler.cli.options import local_option, out_option, runs_option
from compiler.cli.targets import TargetPath, is_run
from compiler.runs import without_adapter

if TYPE_CHECKING:
    from backends.train.verifying import Check


@click.command("verify")
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@click.argument("artifacts", metavar="[ARTIFACT]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@out_option
@runs_option
@click.option(
    "--scores/--no-scores",
    default=True,
    show_default=True,
    help="Ask the probes of a measured run again, and compare which clauses are kept.",
)
@click.option("--json", "as_json", is_flag=True, help="The checks as JSON.")
@local_option
def command(
    target: Path,
    artifacts: tuple[Path, ...],
    out: Path,
    runs: Path,
    scores: bool,
    as_json: bool,
    local_files_only: bool,
) -> None:
    """Hold the adapter of a run against its record and its base, module by module and by logits.

    Each ARTIFACT, a copy of the adapter, a model that it was merged into or an export, is held against the adapter:
    which modules it changes, by how much, and what it says. Where the run was measured, its probes are asked again.
    Exit code 1 where something is not what was trained.
    """
    from backends import exports
    from backends.devices import choose
    from backends.recipes import base_of, prompt_of, read_recipe
    from backends.train import kept, verifying

    if is_run(target):
        run, build = target, places.build_of(target, out)
    else:
        place = places.place_of(target, out, runs, None)
        run, build = places.run_of(place), place.build
    if not (run / "adapter").is_dir():
        raise without_adapter(run)
    base = base_of(build, read_recipe(build), local_files_only=local_files_only)
    device = choose()
    found = {str(run): [*verifying.verify(run, base, device), verifying.Check("run", *kept.as_left(run))]}
    if artifacts:
        # A build without rows has no prompt yet; only an export's template is held against it.
        prompt = prompt_of(build) if (build / "prompt.md").is_file() else ""
        source = exports.Source(run, base, device, build.name, prompt, build)
        found |= {str(artifact): list(exports.held(source, artifact)) for artifact in artifacts}
    if scores and _is_measured(build, run):
        from backends.measure.rescoring import rescored

        for name, artifact in ((str(run), None), *((str(artifact), artifact) for artifact in artifacts)):
            if all(check.ok for check in found[name]) and (artifact is None or exports.is_readable(artifact)):
                found[name] += rescored(build, run, artifact, local_files_only=local_files_only)
    _keep(run, found[str(run)])
    if as_json:
        told = {
            name: [{"check": check.what, "ok": check.ok, "found": check.said} for check in checks]
            for name, checks in found.items()
        }
        click.echo(json.dumps(told, indent=1))
    else:
        for name, checks in found.items():
            click.echo(name)
            for check in checks:
                click.echo(f"  {'✓' if check.ok else '✗'} {check.what:<10} {check.said}")
    if not all(check.ok for checks in found.values() for check in checks):
        raise click.exceptions.Exit(FINDINGS)


def _keep(run: Path, checks: Sequence[Check]) -> None:
    """Write down what was found of a run's own adapter, for `tenet adapters`."""
    from backends.train.adapters import FILES, adapter_digest
    from compiler.catalogue import VERIFIED, Verified
    from compiler.files import write_if_new

    if not all((run / "adapter" / name).is_file() for name in FILES):
        return  # then there are no bytes that this could be about
    told = Verified(
        adapter_digest=adapter_digest(run / "adapter"),
        ok=all(check.ok for check in checks),
        checks={check.what: check.said for check in checks},
    )
    with suppress(OSError):  # runs that may not be written to can be verified, too
        write_if_new(run / VERIFIED, told.model_dump_json(indent=1) + "\n")


def _is_measured(build: Path, run: Path) -> bool:
    """Whether there are measurements of this very build and adapter, from which answers can be told apart."""
    if not (run / "measure.json").is_file():
        return False
    stale = stages.stale_parts(build, run)
    if stale:
        click.echo(f"note: answers are not compared: {', '.join(stale)} changed since {run} was measured", err=True)
    return not stale
