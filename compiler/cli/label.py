"""`tenet label`: ask people about a run's answers in a browser; take their labels out, or bring labels in."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import stages
from compiler.cli.targets import TargetPath, is_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from compiler.labels.exchange import Import
    from compiler.labels.store import Store
    from compiler.labels.tasks import Task
    from compiler.verdicts import Run

# Written out, as in `measure.py`.
KINDS = ("present", "likert", "refusal", "span", "pairwise")
PORT = 8484


@click.command("label")
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@stages.out_option
@stages.runs_option
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these tasks; may be repeated.")
@click.option("--clause", "clauses", multiple=True, metavar="ID", help="Only these clauses; may be repeated.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for a phone beside you.")
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: one that is free.")
@click.option("--open/--no-open", "opens", default=True, help="Open a browser.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write labels.jsonl, label-studio.json or trl.jsonl (told by the name), and serve nothing.",
)
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Bring in labels.jsonl, Label Studio's JSON or TRL's preferences, and serve nothing.",
)
@click.option(
    "--more", type=click.IntRange(0), default=0, help="Unlabelled tasks to put into an export for Label Studio."
)
def command(
    target: Path,
    out: Path,
    runs: Path,
    kinds: tuple[str, ...],
    clauses: tuple[str, ...],
    host: str,
    port: int,
    opens: bool,
    exports: tuple[Path, ...],
    imports: tuple[Path, ...],
    more: int,
) -> None:
    """Ask people what the answers of a run are worth, and keep what they say beside it.

    Opens a page on this machine: pairs, ratings, kept or not, refusals, and marking. Labels are stored as they are
    given. Those of one half of the prompts calibrate judges (labels.jsonl in the run); those of the other make pairs
    for training.
    """
    from compiler.labels import queue, tasks
    from compiler.labels.store import FILE, Store
    from compiler.verdicts import read

    folder, build = _run_of(target, out, runs)
    run = read(build, folder)
    every = tasks.tasks(run)
    asked = _selected(every, kinds, clauses)
    with Store(folder / FILE) as store:
        for path in imports:
            _import(path, every, store)
        for path in exports:
            _export(path, run, folder, every, queue.ordered(asked), store, more)
        if not (imports or exports):
            _serve(folder, run, asked, store, host, port, opens)
        _close(folder, run, every, store)


def _run_of(target: Path, out: Path, runs: Path) -> tuple[Path, Path]:
    """The run's folder and its build."""
    from compiler.failures import DataError

    if is_run(target):
        folder, build = target, stages.build_of(target, out)
    else:
        place = stages.place_of(target, out, runs, None)
        folder, build = stages.run_of(place), place.build
    if not (folder / "measure.json").is_file():
        raise DataError(f"{folder} is not measured yet", help=f"run `tenet measure {target}` first")
    return folder, build


def _selected(every: Sequence[Task], kinds: Sequence[str], clauses: Sequence[str]) -> list[Task]:
    known = dict.fromkeys(task.clause_id for task in every)
    for clause in clauses:
        if clause not in known:
            raise click.UsageError(f"no answer here can be labelled for {clause}; clauses: {', '.join(known)}")
    found = [t for t in every if (not kinds or t.kind in kinds) and (not clauses or t.clause_id in clauses)]
    if not found:
        raise click.UsageError("nothing can be asked: take other kinds or clauses")
    return found


# ------------------------------------------------------------------ serving


def _serve(folder: Path, run: Run, asked: Sequence[Task], store: Store, host: str, port: int, opens: bool) -> None:
    import webbrowser

    from compiler.failures import DataError
    from compiler.labels.desk import Desk
    from compiler.labels.web.server import LabelServer

    try:
        server = LabelServer(Desk(asked, store, run.name), host, port)
    except OSError as error:
        raise DataError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            help="another `tenet label` may be running there; `--port 0` takes a port that is free",
        ) from error
    if not server.is_local:
        click.echo(
            f"warning: {host} is open to the network. Whoever has the address below can read the answers and label, "
            "and it goes over the network unencrypted. Use it among people you trust.",
            err=True,
        )
    try:
        click.echo(f"{len(asked)} tasks. Label them at\n\n  {server.url}\n")
        click.echo("Ctrl-C ends; labels are stored as they are given.")
        if opens and _has_screen():
            webbrowser.open(server.url_once)
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        # This is how labelling ends, and not how it fails: what is there is said next.
        click.echo()
    finally:
        server.server_close()


def _has_screen() -> bool:
    """Whether a browser can open a window: without one, Linux would start a text browser in this very terminal."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _close(folder: Path, run: Run, every: Sequence[Task], store: Store) -> None:
    """Write what calibrates judges, and say what is there now."""
    from compiler.labels import exchange, said

    labels, lost = said.labels(store.standing(), {task.key: task for task in every}, run.name)
    kept = exchange.for_calibration(labels, run.probes)
    if labels or (folder / exchange.LABELS).exists():
        _write_rows(folder / exchange.LABELS, [label.model_dump(mode="json") for label in kept])
    judgements = {label.id for label in labels}
    people = {label.annotator for label in labels}
    click.echo(f"{len(judgements)} labels by {len(people)} people, in {store.path}")
    click.echo(f"{len({label.id for label in kept})} of them calibrate judges: {folder / exchange.LABELS}")
    if lost:
        click.echo(f"{lost} labels are of answers that this run no longer gives; they are kept, and count for nothing")
    _say_agreement(store)


def _say_agreement(store: Store) -> None:
    entries = store.standing()
    if len({entry.annotator for entry in entries}) < 2:
        return
    from compiler.labels.agreeing import measured

    for found in measured(entries):
        row = found.shown()
        people = ", ".join(row["people"])
        click.echo(
            f"agreement on {row['kind']} ({people}, {row['shared']} shared): {row['same']} the same; "
            + "; ".join(row["corrected"])
        )


# ------------------------------------------------------------------ out and in


def _export(
    path: Path, run: Run, folder: Path, every: Sequence[Task], queue: Sequence[Task], store: Store, more: int
) -> None:
    from compiler.labels import exchange, label_studio, said

    entries = store.standing()
    if path.resolve() == (folder / exchange.LABELS).resolve():
        return  # written at the end of every call, and only with the half that calibrates
    match _format(path):
        case "label studio":
            open_tasks = [task for task in queue if not any(entry.seen.key == task.key for entry in entries)]
            rows: list[Any] = label_studio.exported(entries, open_tasks[:more])
            stages.write_if_new(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
            interface = path.with_suffix(".xml")
            stages.write_if_new(interface, label_studio.INTERFACE)
            click.echo(f"{len(rows)} tasks in {path}; their labelling interface in {interface}")
        case "trl":
            rows = list(exchange.preference_rows(entries))
            _write_rows(path, rows)
            click.echo(f"{len(rows)} preferences in {path}, of the prompts that are kept for training")
            if rows:
                click.echo(
                    "note: their prompts are probes of this build; what is trained on them is measured on others"
                )
        case _:
            labels, _ = said.labels(entries, {task.key: task for task in every}, run.name)
            _write_rows(path, [label.model_dump(mode="json") for label in labels])
            click.echo(f"{len(labels)} labels in {path}")


def _format(path: Path) -> str:
    if path.suffix == ".json":
        return "label studio"
    if path.suffix != ".jsonl":
        raise click.UsageError(
            f"{path} says no format by its name: NAME.json is for Label Studio, trl.jsonl, labels.jsonl"
        )
    return "trl" if "trl" in path.stem.lower() or "preference" in path.stem.lower() else "labels"


def _import(path: Path, every: Sequence[Task], store: Store) -> None:
    from compiler.failures import DataError

    try:
        found = _read(path, every)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}", help="give labels.jsonl, Label Studio's JSON or TRL rows"
        ) from error
    for brought in found.brought:
        nonce = f"import/{brought.task.key}/{brought.annotator}/{json.dumps(brought.value)}/{brought.note}/{brought.at}"
        store.say(brought.task, brought.annotator, "label", brought.value, brought.note, nonce, brought.at)
    click.echo(f"{len(found.brought)} labels from {path}")
    for reason, count in found.left_out.items():
        click.echo(f"{count} rows are left out: {reason}")


def _read(path: Path, every: Sequence[Task]) -> Import:
    from compiler.labels import exchange, label_studio

    by_key = {task.key: task for task in every}
    text = path.read_text(encoding="utf-8")
    if text.lstrip().startswith("["):
        return label_studio.imported(json.loads(text), by_key)
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if any("chosen" in row for row in rows):
        return exchange.from_preferences(rows, every, annotator=path.stem)
    return exchange.from_labels(rows, by_key)


def _write_rows(path: Path, rows: Sequence[Any]) -> None:
    stages.write_if_new(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
