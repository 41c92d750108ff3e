"""`tenet serve`: adapters over one base, behind the OpenAI protocol."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places, stages
from compiler.cli.options import local_option, out_option, runs_option
from compiler.cli.targets import TargetPath, is_run
from compiler.files import read_json

if TYPE_CHECKING:
    from backends.bases import Base

KEY = "TENET_SERVE_KEY"


@click.command("serve")
@click.argument("targets", metavar="SPEC|BUILD|RUN|FOLDER...", type=TargetPath(runs=True, folders=True), nargs=-1,
                required=True)  # fmt: skip
@out_option
@runs_option
@click.option("--host", default="127.0.0.1", show_default=True, help=f"Where to listen; elsewhere {KEY} is the key.")
@click.option("--port", default=8017, show_default=True, type=click.IntRange(0, 65535), help="0: one that is free.")
@local_option
def command(targets: tuple[Path, ...], out: Path, runs: Path, host: str, port: int, local_files_only: bool) -> None:
    """Answer chat completions with trained adapters, each by its spec's name as `model`, and with their base.

    The base is loaded once. Requests that wait are answered in one batch, whatever their models. A FOLDER stands for
    the specs in it. Ctrl-C ends.
    """
    from backends.engines import load
    from backends.serve.http import Server
    from backends.serve.turns import Turns
    from compiler.cli.families import unfolded
    from compiler.failures import DataError

    key = os.environ.get(KEY) or None
    if host not in ("127.0.0.1", "::1", "localhost") and key is None:
        raise click.UsageError(f"others can ask a server at {host}: say in {KEY} with which key")
    given = [target for target in targets if is_run(target)]
    specs = unfolded([target for target in targets if not is_run(target)])
    trained = [*given, *(places.run_of(places.place_of(target, out, runs, None)) for target in specs)]
    for run in trained:
        stages.confirm_trained(run)
    base, models = named(trained, out, local_files_only)
    engine = load(base, "transformers")
    turns = Turns(engine, models)  # type: ignore[arg-type]  # the engine of that name
    try:
        server = Server(turns, host, port, key)
    except OSError as error:
        raise DataError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}",
            help="another server may be running there; `--port 0` takes a port that is free",
        ) from error
    with server:
        turns.start()
        click.echo(f"{server.url} answers as {', '.join(models)}; Ctrl-C ends")
        with suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.2)
        turns.stop()


def named(trained: Sequence[Path], out: Path, local_files_only: bool) -> tuple[Base, dict[str, Path | None]]:
    """The base of all these runs, and every model by its name: the base's own, each spec's (each run's, where a spec
    has several).

    Raises:
        GivenError: a run has no adapter, or they are of several bases.
    """
    from backends.recipes import base_of, read_recipe
    from compiler.failures import GivenError
    from compiler.runs import without_adapter

    builds = [places.build_of(run, out) for run in trained]
    bases = [base_of(build, read_recipe(build), local_files_only=local_files_only) for build in builds]
    names = [build.name for build in builds]
    models: dict[str, Path | None] = {bases[0].name: None}
    for run, base, name in zip(trained, bases, names, strict=True):
        told = read_json(run / "run.json").get("base_digest")
        if not (run / "adapter").is_dir():
            raise without_adapter(run)
        if {base.digest, told} != {bases[0].digest}:
            raise GivenError(
                f"{run} was trained on another base than {trained[0]}", help="serve those of one base together"
            )
        models[run.resolve().name if names.count(name) > 1 or name in models else name] = run / "adapter"
    return bases[0], models
