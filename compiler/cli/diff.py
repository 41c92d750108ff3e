"""`tenet diff`: what was asked beside what was measured, clause by clause; several runs beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import stages
from compiler.cli.targets import TargetPath, is_run

if TYPE_CHECKING:
    from compiler.report.record import DiffReport


@click.command("diff")
@click.argument("targets", metavar="SPEC|BUILD|RUN...", nargs=-1, required=True, type=TargetPath(runs=True))
@stages.out_option
@stages.runs_option
@click.option("--json", "as_json", is_flag=True, help="The report as JSON (a list for several runs).")
@click.option("--strict", is_flag=True, help="An unclear verdict is a finding too.")
def command(targets: tuple[Path, ...], out: Path, runs: Path, as_json: bool, strict: bool) -> None:
    """Compare intent and behaviour. Exit code 1 when a clause is missed.

    One target gives the table and the page; several give one table over all of them.
    """
    from compiler import verdicts

    reports = [report_of(target, out, runs) for target in targets]
    code = max(verdicts.exit_code(report, strict) for report, _ in reports)
    if as_json:
        texts = [report.model_dump_json(indent=1) for report, _ in reports]
        click.echo(texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]")
    elif len(reports) == 1:
        show(*reports[0])
    else:
        from compiler.cli.screen import out as stdout
        from compiler.report import family

        stdout().print(family.render([report for report, _ in reports]))
    raise click.exceptions.Exit(code)


def report_of(target: Path, out: Path, runs: Path) -> tuple[DiffReport, Path]:
    """Compute a target's report, from a spec, a build and measurements that belong together.

    Raises:
        DataError: the target is not trained, not measured, or has changed since.
    """
    from compiler.agreement import check_build
    from compiler.failures import DataError

    if is_run(target):
        run, build = target, stages.build_of(target, out)
        check_build(build)
        same, _ = stages.same_content(stages.Place(build, target.parent, build.parent / ".cache"))
        if run.resolve() not in [other.resolve() for other in same]:
            click.echo(f"note: {build} has changed since {run} was trained", err=True)
    else:
        place = stages.place_of(target, out, runs, None)
        refuse_changed_spec(target, place)
        run, build = stages.run_of(place), place.build
    if not (run / "measure.json").is_file():
        raise DataError(f"{run} is not measured yet", help=f"run `tenet measure {target}` first")
    return stages.diff(build, run, target)


def refuse_changed_spec(target: Path, place: stages.Place) -> None:
    """Refuse a spec that says something else than what was built of it. A comment says nothing.

    Raises:
        DataError: with what has changed.
    """
    from compiler import ir_file
    from compiler.agreement import read_lock
    from compiler.cli.specs import program_or_exit
    from compiler.failures import DataError
    from compiler.plan import program_changes

    if not target.is_file():
        return
    program, _ = program_or_exit(target)
    stages.refuse_other_spec(target, place)
    lock = read_lock(place.build)
    changes = [f"{c.subject}: {c.what}" for c in program_changes(ir_file.load(place.build), program)]
    if {file.path: file.sha256 for file in stages.data_files(program, target.parent)} != lock.get("data"):
        changes.append("the files under `data` changed")
    if not changes and program.digest != lock.get("program"):
        changes.append("its order of clauses changed")
    if changes:
        more = f", and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise DataError(
            f"{target} has changed since {place.build} was built: {'; '.join(changes[:3])}{more}",
            help=f"bring all of it up to date with `tenet run {target}`; see what that does with `tenet plan {target}`",
        )


def show(report: DiffReport, page: Path) -> None:
    from compiler.cli.screen import out
    from compiler.report import terminal

    out().print(terminal.render(report, str(page)))
