"""Specs that are trained together: which a folder holds, and what trains each of them.

In: specs, builds, and folders of specs. Out: targets, each once; their runs. This file must not know how one of them
is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from compiler.cli import places, stages
from compiler.cli.places import Place

if TYPE_CHECKING:
    from backends.train.family import Persona
    from backends.train.held import Held
    from compiler.progress import Progress


def specs_in(folder: Path) -> list[Path]:
    """The specs of a folder that no other of them imports, by name.

    Raises:
        click.UsageError: there is none.
    """
    import spec

    files = sorted(path for path in folder.glob("*.tenet*") if path.is_file())
    imported: set[Path] = set()
    for path in files:
        imported |= {(folder / name).resolve() for name in spec.load(path).sources} - {path.resolve()}
    found = [path for path in files if path.resolve() not in imported]
    if not found:
        raise click.UsageError(f"{folder} holds no spec: name one, or a folder with .tenet files")
    return found


def unfolded(targets: Sequence[Path]) -> list[Path]:
    """Targets with the specs of a folder in its place; what is named twice stands once.

    Raises:
        click.UsageError: two of them would be one build.
    """
    found: dict[str, Path] = {}
    for target in targets:
        for one in [target] if target.is_file() or places.is_build(target) else specs_in(target):
            name = places.place_of(one, Path("build"), Path("runs"), None).build.name
            other = found.setdefault(name, one)
            if other.resolve() != one.resolve():
                raise click.UsageError(f"{other} and {one} have one name, and would be one build")
    return list(found.values())


def train(ready: Sequence[Place], at_once: int | None, progress: Progress, track: Sequence[str]) -> list[Path]:
    """Train builds together and return their runs, in order; one that is trained is left as it is."""
    from backends.train import family

    personas = [_persona(place, track) for place in ready]
    return family.run(personas, ready[0].runs, at_once or family.at_once_here(), progress)


def _persona(place: Place, track: Sequence[str]) -> Persona:
    from backends.train import family, hold

    def train(held: Held, progress: Progress) -> Path:
        return stages.train(place, progress, track, held=held)

    def into(held: Held) -> None:
        hold(place.build, held, place.root, local_files_only=place.local_files_only)

    return family.Persona(place.build, train, into)
