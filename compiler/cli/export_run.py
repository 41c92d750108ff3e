"""`tenet export peft|merged|gguf|lora|ollama|card`: a trained run as other programs load it.

In: a run, by itself or by its spec. Out: a folder that was held against what was trained before it got its name. Heavy
modules are imported inside functions. This file must not know formats.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import places, stages
from compiler.cli.options import FOLDER, local_option, runs_option
from compiler.cli.targets import TargetPath, is_run
from compiler.failures import DataError
from compiler.files import read_json
from compiler.runs import without_adapter

if TYPE_CHECKING:
    from backends.train.verifying import Check
    from compiler.exports.artifacts import Exported, Kind
    from compiler.exports.model_card import Made
    from compiler.records.report import DiffReport

NUMBER_TYPES = ("f16", "bf16", "f32", "q8_0")
NANO_LICENSE = "apache-2.0"


@dataclass(frozen=True, slots=True)
class Target:
    """A finished training and the build that it was made from. same: whether the build's rows and jobs are still those
    that it was trained by; so it is with a composed adapter, which has none of its own."""

    run: Path
    build: Path
    same: bool


def run_arguments(function: click.decorators.FC) -> click.decorators.FC:
    function = local_option(function)
    function = runs_option(function)
    function = click.option(
        "--builds", type=click.Path(path_type=Path), default=Path("build"), show_default=True, help="Folder of builds."
    )(function)
    function = click.option(
        "--license", "license", metavar="ID", help="For the card, as the Hub names licences: apache-2.0."
    )(function)
    return click.argument("target", metavar="SPEC|BUILD|RUN", type=TargetPath(runs=True))(function)


def out_argument(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("-o", "--out", type=FOLDER, metavar="DIR", help="Folder to write.  [default: NAME-KIND]")(
        function
    )


def prompt_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--prompt/--no-prompt", "prompted", default=True, show_default=True,
        help="Start from the compiled prompt where no system message is given.",
    )(function)  # fmt: skip


def type_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--type", "number_type", type=click.Choice(NUMBER_TYPES), default="f16", show_default=True,
        help="Number type of the weights.",
    )(function)  # fmt: skip


@click.command("peft")
@run_arguments
@out_argument
def peft(**given: Any) -> None:
    """PEFT, vLLM: the adapter with tokenizer, chat template, prompt and card."""
    export("peft", **given)


@click.command("merged")
@run_arguments
@out_argument
@prompt_option
@click.option("--shard", default="5GB", show_default=True, metavar="SIZE", help="Most of one file of weights.")
def merged(**given: Any) -> None:
    """transformers, vLLM: the adapter merged into its base, in the base's number type."""
    export("merged", **given)


@click.command("gguf")
@run_arguments
@out_argument
@prompt_option
@type_option
def gguf(**given: Any) -> None:
    """llama.cpp: the adapter merged into its base, as one GGUF file."""
    export("gguf", **given)


@click.command("lora")
@run_arguments
@out_argument
@prompt_option
@click.option("--with-base", is_flag=True, help="Write the base as GGUF beside it.")
@type_option
def lora(**given: Any) -> None:
    """llama.cpp --lora: the adapter alone, as GGUF. --type is the base's."""
    export("lora", **given)


@click.command("ollama")
@run_arguments
@out_argument
@prompt_option
@type_option
@click.option(
    "--temperature", type=click.FloatRange(min=0), help="What answers are drawn with; Ollama's own otherwise."
)
def ollama(**given: Any) -> None:
    """Ollama: the merged model as GGUF, and a Modelfile with prompt and chat template."""
    export("ollama", **given)


@click.command("card")
@run_arguments
def card(target: Path, builds: Path, runs: Path, license: str | None, local_files_only: bool) -> None:
    """The card that an export of the adapter has: clause by clause what was asked and measured."""
    from compiler.exports import model_card
    from compiler.exports.artifacts import Exported

    found = _target(target, builds, runs)
    record = read_json(found.run / "run.json")
    config = read_json(found.run / "adapter" / "adapter_config.json")
    name = found.build.name
    exported = Exported(
        "peft", name, f"{name}-peft", str(record["base"]), record.get("revision"), int(config.get("r", 0)), "float32"
    )
    click.echo(model_card.render(exported, _made(found, license, [])), nl=False)


COMMANDS = (peft, merged, gguf, lora, ollama, card)


def export(
    kind: Kind,
    target: Path,
    builds: Path,
    runs: Path,
    out: Path | None,
    license: str | None,
    local_files_only: bool,
    **options: Any,
) -> None:
    from backends import exports
    from backends.devices import choose
    from backends.recipes import base_of, prompt_of, read_recipe
    from compiler.exports import launching, model_card

    found = _target(target, builds, runs)
    out = out or Path(f"{found.build.name}-{kind}")
    base = base_of(found.build, read_recipe(found.build), local_files_only=local_files_only)
    source = exports.Source(found.run, base, choose(), found.build.name, prompt_of(found.build), found.build)

    def carded(exported: Exported, checks: list[Check]) -> dict[str, str]:
        return {model_card.CARD: model_card.render(exported, _made(found, license, checks))}

    click.echo(found.run)
    exported = exports.export(kind, source, out, exports.Options(out.name, **options), carded, tell)
    click.echo(out)
    if out.parent.resolve() != Path.cwd():  # which is where the lines start from
        click.echo(f"next:  cd {shlex.quote(str(out.parent))}", err=True)
    for line in launching.serving(exported):
        click.echo(f"next:  {line}", err=True)


def tell(check: Check) -> None:
    click.echo(f"  {'✓' if check.ok else '✗'} {check.what:<10} {check.said}")


def _target(target: Path, builds: Path, runs: Path) -> Target:
    """
    Raises:
        DataError: it is not trained, or its build has changed since.
    """
    from compiler.agreement import check_build

    if is_run(target):
        run, build = target, places.build_of(target, builds)
        check_build(build)
    else:
        place = places.place_of(target, builds, runs, None)
        run, build = places.run_of(place), place.build
    if not (run / "adapter").is_dir():
        raise without_adapter(run)
    return Target(run, build, _is_same(run, build))


def _is_same(run: Path, build: Path) -> bool:
    """
    Raises:
        DataError: a build's rows are not those that were trained on. A composed adapter has none of its own.
    """
    from backends.train import identity
    from compiler.digests import rows_digest

    record = read_json(run / "run.json")
    rows = record.get("rows", {})
    if any(not (build / name).is_file() or rows_digest(build / name) != digest for name, digest in rows.items()):
        raise DataError(
            f"{build} has changed since {run} was trained: prompt and card would be of another build",
            help="train it again: tenet train SPEC; or build the spec as it was",
        )
    same = not rows or record.get("content_digest") == identity.content_digest(build)
    if not same:
        click.echo(f"note: {run} was trained by other jobs, or another Tenet, than {build} is now", err=True)
    return same


def _made(found: Target, license: str | None, checks: list[Check]) -> Made:
    from compiler.agreement import prompt_digest, read_lock
    from compiler.exports.model_card import Made

    record, lock = read_json(found.run / "run.json"), read_lock(found.build)
    rows = {name: found.build / name for name in record.get("rows", {})}
    return Made(
        record=record,
        jobs=record.get("jobs", {}),
        # What a spec that has changed since says is not what was trained.
        sources=lock.get("sources", {}) if found.same else {},
        rows={
            name: sum(1 for line in path.open("rb") if line.strip()) for name, path in rows.items() if path.is_file()
        },
        license=license or (NANO_LICENSE if record.get("base") == "nano" else None),
        checks=[(check.what, check.said) for check in checks],
        report=_report(found),
        prompt_sha256=prompt_digest(found.build),
    )


def _report(found: Target) -> DiffReport | None:
    """What was measured of this very build; None where nothing was."""
    from compiler import verdicts

    if not (found.run / "measure.json").is_file() or stages.stale_parts(found.build, found.run):
        return None
    return verdicts.diff(found.build, found.run)


def add_to(group: click.Group) -> None:
    for command in COMMANDS:
        group.add_command(command)
