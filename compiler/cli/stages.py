"""The stages that commands are made of: emit, generate, train, measure, diff. `tenet run` is all of them in a line.

In: a spec's path or a build folder, and the folders for builds and runs. Out: files, and records of what was made.
Heavy modules are imported inside functions: a command that stops at the pure part never loads torch.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.agreement import ROWS, check_build
from compiler.cli import FINDINGS
from compiler.cli.screen import say_failure
from compiler.cli.specs import program_or_exit
from compiler.digests import file_digest
from compiler.facts import BaseFacts, Facts
from compiler.failures import DataError, ModelLoadError, NetworkError
from compiler.ir import Program
from compiler.records import ARMS, DataFile
from spec.doors import spec_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from backends.generate.report import GenerateReport
    from backends.measure.besides import Besides
    from backends.measure.judging import Judging
    from compiler.artifact import Artifact
    from compiler.progress import Progress
    from compiler.records import Arm, Stopping
    from compiler.report.record import DiffReport, MutationReport


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


@dataclass(frozen=True, slots=True)
class Compilation:
    """spec: None where a build folder was given in place of a spec."""

    place: Place
    program: Program
    facts: Facts
    artifacts: tuple[Artifact, ...]
    spec: Path | None = None


# ------------------------------------------------------------------ what the user named


def place_of(target: Path, out: Path, runs: Path, cache: Path | None, *, local_files_only: bool = False) -> Place:
    """Where things go for a spec, or for a build folder given in its place."""
    build = target if target.is_dir() else out / spec_name(target.name)
    root = None if target.is_dir() else target.parent
    return Place(build, runs, cache or build.parent / ".cache", root, local_files_only)


def is_build(path: Path) -> bool:
    # A measured run keeps what its build was in `asked` and `spec`.
    return path.is_dir() and (path / "ir.json").is_file() and not (path.parent / "measure.json").is_file()


# ------------------------------------------------------------------ emit: the pure part


def compile_to(path: Path, place: Place, *, base_needed: bool = True) -> Compilation:
    """Compile a spec and return every artifact; nothing is written.

    Raises:
        DataError: the build folder is another spec's, or own chats cannot be read.
        Exit: nothing is there to train.
        ModelLoadError, NetworkError: a model is not at hand, and `base_needed`.
    """
    from backends import machine
    from compiler.lowering import emit
    from compiler.lowering.lock import pin

    program, compiled = program_or_exit(path)
    if not program.clauses and not program.train.data:
        help = 'state one, such as `trait warm { means: "Be warm." }`; `tenet new NAME` writes a spec with several'
        say_failure(DataError(f"{path} states no clause, so that there is nothing to train", help=help))
        raise click.exceptions.Exit(FINDINGS)
    refuse_other_spec(path, place)
    model, pins = program.model, read_pins(place.build)

    def found(name: str, find: Callable[..., BaseFacts], revision: str | None) -> BaseFacts | None:
        revision = pins.get(pin(name, revision), revision)
        try:
            return find(program, path.parent, revision=revision, local_files_only=place.local_files_only)
        except (ModelLoadError, NetworkError) as error:
            if base_needed:
                raise
            click.echo(f"note: {error.message}; its size and hash are left out", err=True)
            return None

    def role(name: str | None) -> BaseFacts | None:
        return found(name, partial(role_facts, name), None) if name not in (None, model.base) else None

    facts = Facts(
        base=found(model.base, base_facts, model.revision) or BaseFacts(model.base, revision=model.revision),
        teacher=role(model.teacher),
        judge=role(model.judge),
        machine=machine.expected(),
        data=data_files(program, path.parent),
        sources=tuple((name, source.text) for name, source in sorted(compiled.sources.items())),
        spec=seen_from(place.build, path),
    )
    return Compilation(place, program, facts, emit(program, facts), path)


def read_pins(build: Path) -> dict[str, str]:
    """The commits that an earlier build has found for what its spec asks of the hub."""
    pins = read_json(build / "lock.json").get("pins")
    return pins if isinstance(pins, dict) else {}


def seen_from(build: Path, path: Path) -> str:
    """The spec's path from the folder that holds both spec and build: it tells specs apart, and names no machine."""
    steps = Path(os.path.relpath(path.resolve(), build.resolve())).parts
    return Path(*(step for step in steps if step != os.pardir)).as_posix()


def refuse_other_spec(path: Path, place: Place) -> None:
    """Refuse a build folder that another spec of the same name has made and still stands for.

    Raises:
        DataError: it is another spec's.
    """
    owner = read_json(place.build / "lock.json").get("spec")
    if not owner or owner == seen_from(place.build, path):
        return
    there = next((up / owner for up in place.build.resolve().parents if (up / owner).is_file()), None)
    if there is not None and not there.samefile(path):
        raise DataError(
            f"{place.build} is the build of {os.path.relpath(there)}, which has the same name as {path}",
            help=f"give one of them another name, or build it elsewhere: --out {path.parent / 'build'}",
        )


def base_facts(
    program: Program, folder: Path, *, revision: str | None = None, local_files_only: bool = False
) -> BaseFacts:
    """Find the base and hash it and its bank; its tokenizer is loaded only when something counts tokens."""
    from backends import banks, bases

    model = program.model
    template = folder / model.chat_template if model.chat_template else None
    base = bases.resolve(model.base, revision, template, relative_to=folder, local_files_only=local_files_only)
    weights = sum(file.stat().st_size for file in base.path.glob("*.safetensors"))

    def count_tokens(text: str) -> int:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(base.path / "tokenizer.json"))
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    # Half precision is what weights are shipped in; the size only tells a small base from a large one.
    counter = count_tokens if (base.path / "tokenizer.json").is_file() else None
    split = banks.split_file(base)
    return BaseFacts(
        model.base,
        base.digest,
        base.revision,
        weights // 2,
        counter,
        bank=file_digest(banks.bank_file(base)),
        held_out=file_digest(split) if split else None,
    )


def role_facts(
    name: str, program: Program, folder: Path, *, revision: str | None = None, local_files_only: bool = False
) -> BaseFacts:
    """Find a teacher or judge and hash it."""
    from backends import bases

    found = bases.resolve_role(name, revision, relative_to=folder, local_files_only=local_files_only)
    return BaseFacts(name, found.digest, found.revision)


def data_files(program: Program, folder: Path) -> tuple[DataFile, ...]:
    """Hash and count the user's own chats.

    Raises:
        DataError: a file that the spec names is not there, is empty, or holds a line that cannot be read.
    """
    from compiler.data import count_chats

    found = []
    for name in program.train.data:
        path = folder / name
        if not path.is_file():
            raise DataError(
                f"{program.train.span or 'train.data'}: there is no file {name}",
                help=f"paths in `data` are relative to the spec: {folder}",
            )
        chats = count_chats(path, name)
        found.append(DataFile(path=name, sha256=file_digest(path), rows=chats, span=str(program.train.span)))
    return tuple(found)


def write(compilation: Compilation) -> list[str]:
    """Write the artifacts that differ from what is there and return their names. The lock stays for `finish`."""
    build = compilation.place.build
    whole = [artifact for artifact in compilation.artifacts if artifact.path != "lock.json"]
    changed = [artifact.path for artifact in whole if write_if_new(build / artifact.path, artifact.text)]
    wanted = {artifact.path for artifact in compilation.artifacts}
    for stale in sorted((build / "jobs").glob("*.yaml")):
        if f"jobs/{stale.name}" not in wanted:
            stale.unlink()
    return changed


def write_if_new(path: Path, text: str) -> bool:
    """Write `text` whole or not at all; return whether anything changed."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    with staged.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    staged.replace(path)
    return True


# ------------------------------------------------------------------ the heavy stages


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


def train(place: Place, progress: Progress) -> Path:
    from backends import train as training

    check_build(place.build)
    return training.run(place.build, place.runs, progress=progress, local_files_only=place.local_files_only)


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
    return measuring.run(
        place.build,
        run,
        arms=tuple(arms or ARMS),
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


def is_measured_whole(build: Path, run: Path, arms: Sequence[Arm] | None) -> bool:
    """Whether these arms of a run were measured on every probe of the build as it is."""
    from compiler import verdicts

    if not (run / "measure.json").is_file():
        return False
    measured = verdicts.read_measured(run)
    whole = measured.stopping == "fixed" and measured.most is None and set(arms or ARMS) <= set(measured.arms)
    return whole and bool(measured.answers) and not stale_parts(build, run)


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
    """
    from compiler import verdicts
    from compiler.report import html

    found = stale_parts(build, run)
    if found:
        again = f"measure again: tenet measure {target or run}"
        if verdicts.read_measured(run).elsewhere:
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
    from backends.measure import SAMPLING
    from backends.train.adapters import adapter_digest
    from compiler import agreement, verdicts

    adapter = adapter_digest(run / "adapter") if (run / "adapter").is_dir() else None
    return agreement.stale(agreement.read_lock(build), build, verdicts.read_measured(run), adapter, SAMPLING)


# ------------------------------------------------------------------ runs


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
    from backends import train as training

    run = training.run_folder(place.build, place.runs)
    return run if training.is_done(run) else None


def same_content(place: Place) -> tuple[list[Path], list[Path]]:
    """Finished runs of this spec, the last one first: those of the very same rows and jobs, and the others.

    Raises:
        DataError: the build cannot be read.
    """
    from backends import train as training

    content = training.content_digest(place.build)
    done = sorted(
        place.runs.glob(f"{place.build.name}-*/run.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    same = [path.parent for path in done if read_json(path).get("content_digest") == content]
    return same, [path.parent for path in done if path.parent not in same]


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file holds; nothing where it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def build_of(run: Path, out: Path) -> Path:
    """The build that a run came from: the folder around measurements of what was not trained, else by the run's name.

    Raises:
        DataError: there is no such build.
    """
    if is_build(run.resolve().parent):
        return run.parent
    name = run.resolve().name.rsplit("-", 1)[0]
    build = out / name
    if not is_build(build):
        raise DataError(f"{run} was made from {build}, which is not there", help="give --out, or build the spec again")
    return build


# ------------------------------------------------------------------ rates, so that a plan can say how long

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
    """How many batches are cached, and how many runs are done."""
    return sum(1 for _ in place.cache.glob("*.jsonl")), sum(1 for _ in place.runs.glob("*/run.json"))


# ------------------------------------------------------------------ options that several commands share


def out_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "-o",
        "--out",
        type=click.Path(path_type=Path),
        default=Path("build"),
        show_default=True,
        help="Folder of builds.",
    )(function)


def runs_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--runs", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder of runs."
    )(function)


def cache_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--cache",
        type=click.Path(path_type=Path),
        default=None,
        help="Folder of answers made earlier.  [default: OUT/.cache]",
    )(function)


def local_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("--local-files-only", is_flag=True, help="Take models from this machine only.")(function)
