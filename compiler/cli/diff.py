"""`tenet diff`: what was asked beside what was measured, clause by clause; several runs beside each other.

Two versions of one spec are compared in `versions.py`; here it is told which of the two is meant."""

from __future__ import annotations

import os
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import emitting, places, stages, versions
from compiler.cli.options import out_option, runs_option
from compiler.cli.places import Place
from compiler.cli.sections import Sectioned
from compiler.cli.targets import TargetPath, is_run
from compiler.files import read_json

if TYPE_CHECKING:
    from compiler.records.report import DiffReport


class DiffTarget(TargetPath):
    """A spec, a build, a run, or a spec at a git revision."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> versions.Named:  # type: ignore[override]  # a revision is no path
        return versions.revision_of(str(value)) or super().convert(value, param, ctx)


SECTIONS = {
    "What is written": ("format", "as_json"),
    "Exit code 1": ("strict", "fail_on"),
    "Two specs": ("by_spec", "since"),
    "Two runs": ("table", "margin", "anyway"),
    "Folders": ("out", "runs"),
}


@click.command("diff", cls=Sectioned, sections=SECTIONS)
@click.argument("targets", metavar="SPEC|REV:SPEC|BUILD|RUN...", nargs=-1, required=True, type=DiffTarget(runs=True))
@out_option
@runs_option
@click.option("--json", "as_json", is_flag=True, help="As --format json; a list for several runs.")
@click.option("--strict", is_flag=True, help="An unclear verdict is a finding too.")
@click.option("--spec/--measured", "by_spec", default=None, help="Compare what two specs say, or what was measured.")
@click.option("--since", metavar="REV", help="Compare a spec with itself at a git revision.")
@click.option(
    "--format",
    type=click.Choice(versions.FORMATS),
    default="terminal",
    show_default=True,
    metavar="FORMAT",
    help=f"One of {', '.join(versions.FORMATS)}; junit and sarif are for what was measured.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["any", "looser", "worse", "nothing"]),
    default="any",
    show_default=True,
    metavar="WHAT",
    help="Of two specs any, looser or nothing; of two runs any, worse (regressions) or nothing.",
)
@click.option("--table", is_flag=True, help="Show both beside each other, as for several.")
@click.option(
    "--margin",
    metavar="POINTS",
    type=click.FloatRange(0, 100, min_open=True, max_open=True),
    default=10,
    show_default=True,
    help="A difference that does not matter.",
)
@click.option("--anyway", is_flag=True, help="Compare though bases or sampling differ.")
def command(
    targets: tuple[versions.Named, ...],
    out: Path,
    runs: Path,
    as_json: bool,
    strict: bool,
    by_spec: bool | None,
    since: str | None,
    format: versions.Format,
    fail_on: versions.FailOn,
    table: bool,
    margin: float,
    anyway: bool,
) -> None:
    """Compare intent and behaviour, or two versions of a spec.

    One target: what was asked beside what was measured, as a table and a page; exit code 1 when a clause is missed.
    Several: one table over all of them.

    OLD.tenet NEW.tenet: what each clause asks for more or less, and what has to be made anew; exit code 1 when they
    differ. Two specs that are both measured get the table of what was measured; --spec compares what they say.

    OLD_RUN NEW_RUN: how behaviour moved on common prompts, beside how the two specs differ; exit code 1 on an
    unintended change or a regression.
    """
    format = "json" if as_json else format
    if since is not None:
        if len(targets) != 1 or not is_spec(targets[0]):
            raise click.UsageError("--since compares one spec with itself: tenet diff --since REV SPEC")
        targets = (versions.Revision(since, str(targets[0])), *targets)
    if len(targets) == 2 and not table and not strict and format not in ("junit", "sarif"):
        old, new = targets
        if isinstance(old, Path) and isinstance(new, Path) and is_run(old) and is_run(new) and by_spec is not True:
            from compiler.cli import runs as two_runs

            raise click.exceptions.Exit(two_runs.show(old, new, out, format, fail_on, margin, anyway))
    if compares_specs(targets, by_spec, out, runs):
        if format in ("junit", "sarif"):
            raise click.UsageError(f"--format {format} is for what was measured: tenet diff RUN --format {format}")
        raise click.exceptions.Exit(versions.show(targets[0], targets[1], format, fail_on))
    show_measured([target for target in targets if isinstance(target, Path)], out, runs, format, strict)


def is_spec(target: versions.Named) -> bool:
    return isinstance(target, versions.Revision) or target.is_file()


def compares_specs(targets: tuple[versions.Named, ...], by_spec: bool | None, out: Path, runs: Path) -> bool:
    """Whether what the targets say is to be compared, and not what was measured of them.

    Two specs of which one has not been measured have nothing else to show. Which way it went is said on stderr, unless
    neither was measured, and there was no choice.
    """
    revisions = [target for target in targets if isinstance(target, versions.Revision)]
    pair = len(targets) == 2 and all(map(is_spec, targets))
    if (by_spec or revisions) and not pair:
        what = f"{revisions[0]} is a version of a spec" if revisions else "--spec compares two versions of a spec"
        raise click.UsageError(f"{what}: give two specs, the old one first")
    if revisions and by_spec is False:
        raise click.UsageError(f"{revisions[0]} is a version of a spec: nothing was measured of it")
    if not pair or by_spec is not None or revisions:
        return pair and by_spec is not False
    unmeasured = [t for t in targets if isinstance(t, Path) and not has_measurements(t, out, runs)]
    if len(unmeasured) == 1:
        click.echo(f"note: {unmeasured[0]} is not measured here, so this compares what the specs say", err=True)
    elif not unmeasured:
        click.echo("note: this is what was measured; --spec compares what the two specs say", err=True)
    return bool(unmeasured)


def has_measurements(target: Path, out: Path, runs: Path) -> bool:
    place = places.place_of(target, out, runs, None)
    return any(place.runs.glob(f"{escape(place.build.name)}-*/measure.json"))


def show_measured(targets: list[Path], out: Path, runs: Path, format: versions.Format, strict: bool) -> None:
    from compiler import verdicts

    reports = [report_of(target, out, runs) for target in targets]
    code = max(verdicts.exit_code(report, strict) for report, _ in reports)
    if format == "json":
        texts = [report.model_dump_json(indent=1) for report, _ in reports]
        click.echo(texts[0] if len(texts) == 1 else "[" + ",\n".join(texts) + "]")
    elif format != "terminal":
        folders = [spec_folder(target, out) for target in targets]
        click.echo(written([report for report, _ in reports], folders, format, strict), nl=False)
    elif len(reports) == 1:
        show(*reports[0])
    else:
        from compiler.cli.screen import out as stdout
        from compiler.report import family

        stdout().print(family.render([report for report, _ in reports]))
    raise click.exceptions.Exit(code)


def written(reports: list[DiffReport], folders: list[str], format: versions.Format, strict: bool) -> str:
    """Return reports as other programs read them; folders: where the paths of each one's spec start."""
    from compiler.report import junit, markdown, sarif
    from compiler.report.findings import Found

    found = [Found(report, folder) for report, folder in zip(reports, folders, strict=True)]
    match format:
        case "junit":
            return junit.render(found, strict)
        case "sarif":
            return sarif.render(found, strict) + "\n"
        case _:
            return markdown.render(found)


def spec_folder(target: Path, out: Path) -> str:
    """Return the folder of a target's spec as seen from here, empty for this one, or where the spec is not found."""
    if target.is_file():
        folder = target.parent
    else:
        build = places.build_of(target, out) if is_run(target) else target
        owner = read_json(build / "lock.json").get("spec")
        above = [up / owner for up in build.resolve().parents] if owner else []
        spec = next((path for path in above if path.is_file()), None)
        if spec is None:
            return ""
        folder = Path(os.path.relpath(spec.parent))
    return "" if folder == Path() else folder.as_posix()


def report_of(target: Path, out: Path, runs: Path) -> tuple[DiffReport, Path]:
    """Compute a target's report, from a spec, a build and measurements that belong together.

    Raises:
        DataError: the target is not trained, not measured, or has changed since.
    """
    from compiler.agreement import check_build
    from compiler.failures import DataError

    if is_run(target):
        run, build = target, places.build_of(target, out)
        check_build(build)
        if (run / "run.json").is_file():
            same, _ = places.same_content(Place(build, target.parent, build.parent / ".cache"))
            if run.resolve() not in [other.resolve() for other in same]:
                click.echo(f"note: {build} has changed since {run} was trained", err=True)
    else:
        place = places.place_of(target, out, runs, None)
        refuse_changed_spec(target, place)
        run, build = places.run_of(place), place.build
    if not (run / "measure.json").is_file():
        raise DataError(f"{run} is not measured yet", help=f"run `tenet measure {target}` first")
    return stages.diff(build, run, target)


def refuse_changed_spec(target: Path, place: Place) -> None:
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
    emitting.refuse_other_spec(target, place)
    lock = read_lock(place.build)
    changes = [f"{c.subject}: {c.what}" for c in program_changes(ir_file.load(place.build), program)]
    if {file.path: file.sha256 for file in emitting.data_files(program, target.parent)} != lock.get("data"):
        changes.append("the files under `data` changed")
    prompts = {file.path: file.sha256 for file in emitting.prompt_files(program, target.parent)}
    if prompts != lock.get("prompts", {}):
        changes.append("the files under `prompts` changed")
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
    for line in speed_lines(page.with_name("latency.json")):
        out().print(line, style="dim", highlight=False)


def speed_lines(path: Path) -> list[str]:
    """What latency.json says, a line for each arm; nothing where there is none that can be read."""
    from compiler.records.measured import Latency

    try:
        found = Latency.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [
        f"speed  {speed.arm}: first token after {speed.first_token_ms:.0f} ms, then "
        f"{speed.tokens_per_second:.0f} tokens a second ({found.device}, {speed.prompts} prompts one by one)"
        for speed in found.speeds
    ]
