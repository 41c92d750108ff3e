"""The stages that commands are made of: emit, generate, train, measure, diff. `tenet run` is all of them in a line.

In: a spec's path or a build folder, and the folders for builds and runs. Out: files, and records of what was made.
Heavy modules are imported inside functions: a command that stops at the pure part never loads torch.
"""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli.specs import program_or_exit
from compiler.digests import file_digest
from compiler.facts import BaseFacts, DeviceKind, Facts
from compiler.failures import DataError, ModelLoadError, NetworkError, TenetError
from compiler.ir import Program
from compiler.records import ARMS, DataFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backends.generate import GenerateReport
    from compiler.artifact import Artifact
    from compiler.progress import Progress
    from compiler.records import Arm
    from compiler.report.record import DiffReport

PACKAGES = ("tenetc", "torch", "transformers", "trl", "peft", "datasets", "accelerate", "tokenizers", "pydantic")


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
    build = target if target.is_dir() else out / target.stem
    root = None if target.is_dir() else target.parent
    return Place(build, runs, cache or build.parent / ".cache", root, local_files_only)


def is_build(path: Path) -> bool:
    return path.is_dir() and (path / "ir.json").is_file()


# ------------------------------------------------------------------ emit: the pure part


def compile_to(path: Path, place: Place, *, base_needed: bool = True) -> Compilation:
    """Compile a spec and return every artifact; nothing is written.

    Raises:
        ModelLoadError, NetworkError: a model is not at hand, and `base_needed`.
    """
    from compiler.lowering import emit
    from compiler.lowering.lock import pin

    program, compiled = program_or_exit(path)
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
        device=device_kind(),
        data=data_files(program, path.parent),
        sources=tuple((name, source.text) for name, source in sorted(compiled.sources.items())),
        versions=versions(),
    )
    return Compilation(place, program, facts, emit(program, facts), path)


def read_pins(build: Path) -> dict[str, str]:
    """The commits that an earlier build has found for what its spec asks of the hub."""
    try:
        pins: dict[str, str] = json.loads((build / "lock.json").read_text(encoding="utf-8"))["pins"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # no build yet, or one that is written anew in any case
    return pins


def base_facts(
    program: Program, folder: Path, *, revision: str | None = None, local_files_only: bool = False
) -> BaseFacts:
    """Find the base and hash it; its tokenizer is loaded only when something counts tokens."""
    from backends import bases

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
    return BaseFacts(model.base, base.digest, base.revision, weights // 2, counter)


def role_facts(
    name: str, program: Program, folder: Path, *, revision: str | None = None, local_files_only: bool = False
) -> BaseFacts:
    """Find a teacher or judge and hash it."""
    from backends import bases

    found = bases.resolve(name, revision, relative_to=folder, local_files_only=local_files_only)
    return BaseFacts(name, found.digest, found.revision)


def device_kind() -> DeviceKind:
    """Tell the device without loading torch where that is possible; jobs are written for it."""
    match os.environ.get("TENET_DEVICE"):
        case ("cpu" | "cuda" | "mps") as wanted:
            return wanted
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "mps"
    return "cuda" if Path("/dev/nvidiactl").exists() and os.environ.get("CUDA_VISIBLE_DEVICES") != "" else "cpu"


def data_files(program: Program, folder: Path) -> tuple[DataFile, ...]:
    """Hash the user's own chats.

    Raises:
        DataError: a file that the spec names is not there.
    """
    found = []
    for name in program.train.data:
        path = folder / name
        if not path.is_file():
            raise DataError(
                f"{program.train.span or 'train.data'}: there is no file {name}",
                help=f"paths in `data` are relative to the spec: {folder}",
            )
        found.append(DataFile(path=name, sha256=file_digest(path), span=str(program.train.span)))
    return tuple(found)


def versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    found = [("python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
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


ROWS = ("pairs.jsonl", "sft.jsonl", "probes.jsonl")


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

    return training.run(place.build, place.runs, progress=progress, local_files_only=place.local_files_only)


def measure(place: Place, run: Path | None, arms: Sequence[Arm] | None, progress: Progress) -> Path:
    from backends import measure as measuring

    return measuring.run(
        place.build,
        run,
        arms=tuple(arms or ARMS),
        progress=progress,
        cache=place.cache,
        root=place.root,
        local_files_only=place.local_files_only,
    )


def diff(build: Path, run: Path) -> tuple[DiffReport, Path]:
    """Compute the report and write diff.json and report.html; return the report and the page's path."""
    from compiler import verdicts
    from compiler.report import html

    report = verdicts.diff(build, run)
    write_if_new(run / "diff.json", report.model_dump_json(indent=1) + "\n")
    page = run / "report.html"
    write_if_new(page, html.render(report))
    return report, page


# ------------------------------------------------------------------ runs


def run_of(place: Place) -> Path:
    """The run of this build as it stands.

    Raises:
        DataError: nothing was built, or trained, yet.
    """
    from backends import train as training

    if not (place.build / "recipe.json").is_file():
        raise DataError(f"{place.build} holds no build", help="run `tenet build SPEC` first")
    if not any((place.build / name).is_file() for name in ROWS):
        raise DataError(f"{place.build} has no rows yet", help="run `tenet build SPEC` first")
    run = training.run_folder(place.build, place.runs)
    if not training.is_done(run):
        earlier = [folder for folder in earlier_runs(place) if folder != run]
        if earlier:
            raise DataError(
                f"{place.build} has changed since it was last trained",
                help=f"run `tenet train SPEC` first, or give an earlier run: {', '.join(map(str, earlier[:3]))}",
            )
        raise DataError(f"{place.build} is not trained yet", help="run `tenet train SPEC` first")
    return run


def earlier_runs(place: Place) -> list[Path]:
    """Finished runs of this spec, whatever they were trained on, the last one first."""
    done = place.runs.glob(f"{place.build.name}-*/run.json")
    return [path.parent for path in sorted(done, key=lambda path: path.stat().st_mtime, reverse=True)]


def finished_run(place: Place) -> Path | None:
    """The run of this build as it stands, or None where it is not there or not done."""
    try:
        return run_of(place)
    except TenetError:
        return None


def build_of(run: Path, out: Path) -> Path:
    """The build that a run came from, by the run's name.

    Raises:
        DataError: there is no such build.
    """
    name = run.resolve().name.rsplit("-", 1)[0]
    build = out / name
    if not is_build(build):
        raise DataError(f"{run} was made from {build}, which is not there", help="give --out, or build the spec again")
    return build


# ------------------------------------------------------------------ rates, so that a plan can say how long


def read_rates(place: Place) -> dict[str, float]:
    try:
        found = json.loads((place.cache / "rates.json").read_text(encoding="utf-8"))
        return {str(key): float(rate) for key, rate in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        # Rates only feed estimates: a torn file costs nothing but a guess.
        return {}


def write_rates(place: Place, rates: dict[str, float]) -> None:
    if rates:
        write_if_new(place.cache / "rates.json", json.dumps(rates, indent=1, sort_keys=True) + "\n")


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
