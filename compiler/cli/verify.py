"""`tenet verify`: whether an artifact is what was trained."""

from __future__ import annotations

import json
from pathlib import Path

import click

from compiler.cli import FINDINGS, places
from compiler.cli.options import local_option, out_option
from compiler.cli.targets import is_run


@click.command("verify")
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("artifacts", metavar="[ARTIFACT]...", nargs=-1, type=click.Path(path_type=Path, exists=True))
@out_option
@click.option("--json", "as_json", is_flag=True, help="The checks as JSON.")
@local_option
def command(run: Path, artifacts: tuple[Path, ...], out: Path, as_json: bool, local_files_only: bool) -> None:
    """Hold the adapter of a RUN against its record and its base, module by module and by logits.

    Each ARTIFACT, a copy of the adapter or a model that it was merged into, is held against the adapter: which modules
    it changes, by how much, and what it says. Exit code 1 where something is not what was trained.
    """
    from backends.devices import choose
    from backends.recipes import base_of, read_recipe
    from backends.train import verifying

    if not is_run(run) or not (run / "adapter").is_dir():
        raise click.UsageError(f"{run} is no training: give a folder that `tenet train` made, such as runs/NAME-DIGEST")
    build = places.build_of(run, out)
    base = base_of(build, read_recipe(build), local_files_only=local_files_only)
    device = choose()
    found = {str(run): list(verifying.verify(run, base, device))}
    for artifact in artifacts:
        found[str(artifact)] = list(verifying.against(run, artifact, base, device))
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
                click.echo(f"  {'✓' if check.ok else '✗'} {check.what:<8} {check.said}")
    if not all(check.ok for checks in found.values() for check in checks):
        raise click.exceptions.Exit(FINDINGS)
