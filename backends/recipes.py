"""What a build asks for: its recipe, filters, prompt and probes, and the models that the recipe names.

In: `build/<spec>/` as it was built. Out: the records of its files, and the bases that play subject, teacher and judge.
Every stage starts here. This file must not know how rows are made, trained on or measured.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from backends import bases
from backends.bases import Base
from compiler.failures import DataError
from compiler.files import read_json
from compiler.records.filters import Filters
from compiler.records.recipe import Recipe
from compiler.records.rows import Probe

Record = TypeVar("Record", bound=BaseModel)


def read_recipe(build: Path) -> Recipe:
    return _read(build / "recipe.json", Recipe)


def read_filters(build: Path) -> Filters:
    return _read(build / "filters.json", Filters)


def read_probes(build: Path) -> list[Probe]:
    """Return the probes of a build.

    Raises:
        DataError: there are none, or they cannot be read.
    """
    path = build / "probes.jsonl"
    try:
        with path.open(encoding="utf-8") as lines:
            probes = [Probe.model_validate_json(line) for line in lines if line.strip()]
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not probes:
        raise DataError(f"{path} has no probes", help="see generate.json for what was dropped, and why")
    return probes


def _read(path: Path, kind: type[Record]) -> Record:
    try:
        return kind.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}", help="build the spec again: tenet build SPEC") from error


def base_of(build: Path, recipe: Recipe, root: Path | None = None, *, local_files_only: bool = False) -> Base:
    """The subject's base as it was put into the build folder, or else as the recipe names it."""
    found = bases.placed(build / "base")
    if found is not None and found.name == recipe.base and recipe.revision in (None, found.revision):
        return found
    return find_base(build, recipe, root or Path(), local_files_only=local_files_only)


def find_base(build: Path, recipe: Recipe, root: Path, *, local_files_only: bool = False) -> Base:
    """The subject's base as the recipe names it, whose paths start from `root`."""
    template = build / recipe.chat_template if recipe.chat_template else None
    if template is not None and not template.is_file():
        template = root / str(recipe.chat_template)
    return bases.resolve(recipe.base, recipe.revision, template, relative_to=root, local_files_only=local_files_only)


def teacher_of(recipe: Recipe, base: Base, root: Path, *, local_files_only: bool = False) -> Base:
    """The model that writes answers, at the commit that the build found; `base` where the recipe names no other."""
    return _other(recipe.teacher, recipe.teacher_revision, base, root, local_files_only)


def judge_of(recipe: Recipe, base: Base, root: Path, *, local_files_only: bool = False) -> Base:
    """The model that grades answers, as `teacher_of`."""
    return _other(recipe.judge, recipe.judge_revision, base, root, local_files_only)


def judge_identity(build: Path, recipe: Recipe) -> list[str | None]:
    """What says which model judges: its name and commit, and the hash of its files as the build found them."""
    found = read_json(build / "lock.json").get("judge") or {}
    return [recipe.judge, recipe.judge_revision, *([found["digest"]] if "digest" in found else [])]


def _other(name: str | None, revision: str | None, base: Base, root: Path, local_files_only: bool) -> Base:
    # A role that is given to the base by its name is the base, with its revision and its chat template.
    if name is None or name == base.name:
        return base
    return bases.resolve_role(name, revision, relative_to=root, local_files_only=local_files_only)


def prompt_of(build: Path) -> str:
    """Return the system prompt of a build.

    Raises:
        DataError: there is none.
    """
    path = build / "prompt.md"
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build --no-rows SPEC") from error
