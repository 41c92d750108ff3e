"""`tenet label`: ask people about a run's answers in a browser; take their labels out, or bring labels in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import places
from compiler.cli.options import FILE, out_option, runs_option
from compiler.cli.sections import Sectioned
from compiler.cli.targets import TargetPath, is_run
from compiler.files import write_if_new

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from compiler.labels.exchange import Import
    from compiler.labels.store import Store
    from compiler.labels.tasks import Task
    from compiler.runs import Run

# Written out, as in `measure.py`.
KINDS = ("present", "likert", "refusal", "span", "pairwise")
PORT = 8484


SECTIONS = {
    "What is asked": ("kinds", "clauses"),
    "The page": ("host", "port", "opens"),
    "Instead of a page": ("exports", "imports", "more"),
    "Folders": ("out", "runs"),
}


@click.command("label", cls=Sectioned, sections=SECTIONS)
@click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))
@out_option
@runs_option
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only these tasks; may be repeated.")
@click.option("--clause", "clauses", multiple=True, metavar="ID", help="Only these clauses; may be repeated.")
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; 0.0.0.0 for a phone beside you.",
)
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: one that is free."
)
@click.option("--open/--no-open", "opens", default=True, help="Open a browser.")
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=FILE,
    metavar="FILE",
    help="Write labels.jsonl, label-studio.json or trl.jsonl: the name tells the format.",
)
@click.option(
    "--import",
    "imports",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Bring in labels.jsonl, Label Studio's JSON or TRL's preferences.",
)
@click.option(
    "--more",
    metavar="N",
    type=click.IntRange(0),
    default=0,
    help="Put N tasks without a label into an export for Label Studio, too.",
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
    from compiler.runs import read

    if more and not any(_format(path) == "label studio" for path in exports):
        raise click.UsageError("--more puts tasks into a file for Label Studio: add --export NAME.json")
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
        folder, build = target, places.build_of(target, out)
    else:
        place = places.place_of(target, out, runs, None)
        folder, build = places.run_of(place), place.build
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
    from compiler.cli import serving
    from compiler.labels.desk import Desk
    from compiler.labels.web.server import LabelServer

    server = serving.listening(
        lambda: LabelServer(Desk(asked, store, run.name), host, port), f"{host}:{port}", "`tenet label`"
    )
    if not server.is_local:
        click.echo(
            f"warning: {host} is open to the network. Whoever has the address below can read the answers and label, "
            "and it goes over the network unencrypted. Use it among people you trust.",
            err=True,
        )
    serving.serve(
        server,
        opens,
        f"{_counted(len(asked), 'task')}. Label them at\n\n  {server.url}\n",
        "Ctrl-C ends; labels are stored as they are given.",
    )


def _close(folder: Path, run: Run, every: Sequence[Task], store: Store) -> None:
    """Write what calibrates judges, and say what is there now."""
    from compiler.labels import exchange, said
    from compiler.runs import LABELS

    labels, lost = said.labels(store.standing(), {task.key: task for task in every}, run.name)
    kept = exchange.for_calibration(labels, run.probes)
    if labels or (folder / LABELS).exists():
        _write_rows(folder / LABELS, [label.model_dump(mode="json") for label in kept])
    judgements = {label.id for label in labels}
    people = {label.annotator for label in labels}
    by = "1 person" if len(people) == 1 else f"{len(people)} people"
    click.echo(f"{_counted(len(judgements), 'label')} by {by}, in {store.path}")
    click.echo(f"{len({label.id for label in kept})} of them calibrate judges: {folder / LABELS}")
    if lost:
        told = _counted(lost, "label")
        click.echo(f"{told} given to answers that this run no longer gives: kept, and counting for nothing")
    _say_agreement(store)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


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
    from compiler.runs import LABELS

    entries = store.standing()
    if path.resolve() == (folder / LABELS).resolve():
        return  # written at the end of every call, and only with the half that calibrates
    match _format(path):
        case "label studio":
            open_tasks = [task for task in queue if not any(entry.seen.key == task.key for entry in entries)]
            rows: list[Any] = label_studio.exported(entries, open_tasks[:more])
            write_if_new(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
            interface = path.with_suffix(".xml")
            write_if_new(interface, label_studio.INTERFACE)
            click.echo(f"{_counted(len(rows), 'task')} in {path}; their labelling interface in {interface}")
        case "trl":
            rows = list(exchange.preference_rows(entries))
            _write_rows(path, rows)
            click.echo(f"{_counted(len(rows), 'preference')} in {path}, of the prompts that are kept for training")
            if rows:
                click.echo(
                    "note: their prompts are probes of this build; never train on a prompt and measure on it.\n"
                    f'  To train on them: train {{ method: sft+dpo  data: ["{path.name}"] }} in the spec; the next\n'
                    "  build asks other probes. An adapter that another program trains on them has seen these."
                )
        case _:
            labels, _ = said.labels(entries, {task.key: task for task in every}, run.name)
            _write_rows(path, [label.model_dump(mode="json") for label in labels])
            click.echo(f"{_counted(len(labels), 'label')} in {path}")


def _format(path: Path) -> str:
    if path.suffix == ".json":
        return "label studio"
    if path.suffix != ".jsonl":
        raise click.UsageError(
            f"{path} says no format by its name: NAME.json is for Label Studio, trl.jsonl, labels.jsonl"
        )
    return "trl" if "trl" in path.stem.lower() or "preference" in path.stem.lower() else "labels"


def _import(path: Path, every: Sequence[Task], store: Store) -> None:
    from compiler.failures import GivenError

    try:
        found = _read(path, every)
    except (OSError, ValueError, TypeError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise GivenError(
            f"{path} cannot be read: {what}", help="give labels.jsonl, Label Studio's JSON or TRL rows"
        ) from error
    for brought in found.brought:
        nonce = f"import/{brought.task.key}/{brought.annotator}/{json.dumps(brought.value)}/{brought.note}/{brought.at}"
        store.say(brought.task, brought.annotator, "label", brought.value, brought.note, nonce, brought.at)
    click.echo(f"{_counted(len(found.brought), 'label')} from {path}")
    for reason, count in found.left_out.items():
        click.echo(f"{_counted(count, 'row')} left out: {reason}")
    if found.left_out and not found.brought:
        raise GivenError(
            f"{path} brings no label", help="give the labels of this very run, or of one that answers alike"
        )


def _read(path: Path, every: Sequence[Task]) -> Import:
    from compiler.labels import exchange, label_studio

    by_key = {task.key: task for task in every}
    text = path.read_text(encoding="utf-8-sig")
    if text.lstrip().startswith("["):
        return label_studio.imported(json.loads(text), by_key)
    rows = list(_rows(text))
    if any("chosen" in row for row in rows):
        return exchange.from_preferences(rows, every, annotator=path.stem)
    return exchange.from_labels(rows, by_key)


def _rows(text: str) -> Iterator[Any]:
    """
    Raises:
        ValueError: a line is no JSON, or no object; the message has its number.
    """
    # What JSON allows inside a text, other splitters take for the end of a line.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                raise ValueError(f"line {number} is no JSON") from None
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no object")
            yield row


def _write_rows(path: Path, rows: Sequence[Any]) -> None:
    write_if_new(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
