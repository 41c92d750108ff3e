"""`tenet doctor`: versions, devices, what is missing and how to get it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from compiler.cli import INFRASTRUCTURE
from compiler.cli.specs import folded

LONGEST_NAME = 20
"""Of a finding, in the column before what was found: a model's name may be a path."""
MARKS = {"ok": ("ok", "green"), "warn": (" !", "yellow"), "missing": ("--", "red")}


@click.command("doctor")
@click.argument("build", metavar="[BUILD]", required=False, type=click.Path(path_type=Path, exists=True))
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
def command(build: Path | None, as_json: bool) -> None:
    """Show what Tenet finds on this machine, and whether the base and the judge of BUILD load.

    Exit code 3 when something that it needs is missing.
    """
    from backends import doctor

    findings = doctor.report(build)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        width = min(LONGEST_NAME, max(len(finding.name) for finding in findings))
        for finding in findings:
            mark, color = MARKS[finding.status]
            indent = " " * (width + 6)
            lines = folded(finding.text, f"{mark}  {finding.name:<{width}}  ", indent)
            if finding.help:
                lines += folded(finding.help, indent)
            click.echo(click.style(mark, fg=color) + "\n".join(lines).removeprefix(mark))
    if any(finding.status == "missing" for finding in findings):
        raise click.exceptions.Exit(INFRASTRUCTURE)
