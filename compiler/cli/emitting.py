"""The first stage, emit: a spec compiled to the artifacts of a build folder. No model is asked.

In: a spec's path and its place. Out: a `Compilation`, and files where they differ from what is there. What a base is
(its hash, template, size) is read from its files, inside functions. This file must not know how rows are made.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import FINDINGS
from compiler.cli.places import Place
from compiler.cli.screen import say_failure
from compiler.cli.specs import program_or_exit
from compiler.digests import file_digest
from compiler.facts import BaseFacts, Facts
from compiler.failures import DataError, ModelLoadError, NetworkError
from compiler.files import read_json, write_if_new
from compiler.ir import Program
from compiler.records.recipe import DataFile, PromptFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.bases import Base
    from compiler.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Compilation:
    """spec: None where a build folder was given in place of a spec."""

    place: Place
    program: Program
    facts: Facts
    artifacts: tuple[Artifact, ...]
    spec: Path | None = None


def compile_to(path: Path, place: Place, *, base_needed: bool = True, without: str | None = None) -> Compilation:
    """Compile a spec and return every artifact; nothing is written.

    Args:
        without: a clause that no training row is made for.

    Raises:
        GivenError: there is no such clause.
        DataError: the build folder is another spec's, or own chats cannot be read.
        Exit: nothing is there to train.
        ModelLoadError, NetworkError: a model is not at hand, and `base_needed`.
    """
    from backends import machine
    from compiler import struck
    from compiler.choosing import settled
    from compiler.leaving_out import taught_without
    from compiler.lowering import emit, recipe
    from compiler.lowering.lock import pin

    program, compiled = program_or_exit(path)
    if not program.clauses and not program.train.data:
        help = 'state one, such as `trait warm { means: "Be warm." }`; `tenet new NAME` writes a spec with several'
        say_failure(DataError(f"{path} states no clause, so that there is nothing to train", help=help))
        raise click.exceptions.Exit(FINDINGS)
    refuse_other_spec(path, place)
    taught = taught_without(program, without) if without is not None else None
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
        prompts=prompt_files(program, path.parent),
        sources=tuple((name, source.text) for name, source in sorted(compiled.sources.items())),
        spec=seen_from(place.build, path),
        struck=tuple(row.key for row in struck.read(struck.beside(path))),
    )
    if program.train.method == "auto":
        # Once, so that all that is shown of the build knows the method.
        program = settled(program, facts, recipe.make(program, facts.data, facts.prompts, taught))
        taught = taught and replace(taught, train=program.train)
    return Compilation(place, program, facts, emit(program, facts, taught), path)


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
        folder=_folder(base),
    )


def _folder(base: Base) -> str | None:
    return str(base.path) if base.name != "nano" and base.engine == "transformers" else None


def role_facts(
    name: str, program: Program, folder: Path, *, revision: str | None = None, local_files_only: bool = False
) -> BaseFacts:
    """Find a teacher or judge and hash it."""
    from backends import bases

    found = bases.resolve_role(name, revision, relative_to=folder, local_files_only=local_files_only)
    return BaseFacts(name, found.digest, found.revision, folder=_folder(found))


def data_files(program: Program, folder: Path) -> tuple[DataFile, ...]:
    """Hash and count the user's own chats.

    Raises:
        DataError: a file that the spec names is not there, is empty, or holds a line that cannot be read.
    """
    from compiler.chat_files import count_chats

    found = []
    for name in program.train.data:
        path = folder / name
        if not path.is_file():
            raise DataError(
                f"{program.train.span or 'train.data'}: there is no file {name}",
                help=f"paths in `data` are relative to the spec: {folder}",
            )
        chats, preferences = count_chats(path, name)
        span = str(program.train.span)
        found.append(DataFile(path=name, sha256=file_digest(path), rows=chats, preferences=preferences, span=span))
    return tuple(found)


def prompt_files(program: Program, folder: Path) -> tuple[PromptFile, ...]:
    """Hash and count the user's own prompts.

    Raises:
        DataError: a file or folder is not there, or a row of it cannot be used; the message names it.
    """
    if not program.train.prompts:
        return ()
    from compiler.prompt_files import count_prompts

    clauses = [(clause.id, clause.name) for clause in program.clauses]
    for name in program.train.prompts:
        if not (folder / name).exists():
            raise DataError(
                f"{program.train.span or 'train.prompts'}: there is no file {name}",
                help=f"paths in `prompts` are relative to the spec: {folder}",
            )
    span = str(program.train.span)
    return tuple(count_prompts(folder / name, name, clauses, span) for name in program.train.prompts)


def write(compilation: Compilation) -> list[str]:
    """Write the artifacts that differ from what is there and return their names. The lock stays for `finish`."""
    from compiler import struck
    from compiler.lowering import guard, steering, watch

    build = compilation.place.build
    whole = [artifact for artifact in compilation.artifacts if artifact.path != "lock.json"]
    changed = [artifact.path for artifact in whole if write_if_new(build / artifact.path, artifact.text)]
    wanted = {artifact.path for artifact in compilation.artifacts}
    others = (build / name for name in (guard.PATH, steering.PATH, struck.ARTIFACT, watch.PATH))
    for there in (*sorted((build / "jobs").glob("*.yaml")), *others):
        if there.relative_to(build).as_posix() not in wanted:
            there.unlink(missing_ok=True)
    return changed
