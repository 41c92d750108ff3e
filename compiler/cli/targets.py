"""What `train`, `measure`, `diff` and `chat` are given: a spec, a build folder, or a run folder.

In: a path. Out: a place with a build that is up to date. A spec is built first where anything is missing (a cache
makes that short); a build folder is taken as it stands.
"""

from __future__ import annotations

from pathlib import Path

import click

from compiler.cli import places
from compiler.cli.places import Place
from compiler.cli.specs import refuse_unreadable


class TargetPath(click.Path):
    """A `.tenet` file, or a folder that `tenet build` made. runs: one that training or measuring made will do, too.
    folders: and one that holds specs."""

    name = "target"

    def __init__(self, *, runs: bool = False, folders: bool = False) -> None:
        super().__init__(path_type=Path)
        self._runs = runs
        self._folders = folders

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(value))
        if places.is_build(path) or (self._runs and is_run(path)):
            return path
        if self._folders and path.is_dir() and any(path.glob("*.tenet*")):
            return path
        refuse_unreadable(path, lambda message: self.fail(message, param, ctx))
        return path


def is_run(path: Path) -> bool:
    """Whether a folder holds a training, or the measurements of what was never trained."""
    return path.is_dir() and any((path / name).is_file() for name in ("run.json", "measure.json"))


def prepared(target: Path, place: Place, without: str | None = None) -> Place:
    """Build a spec's rows where a spec was given. without: a clause that no row is made for."""
    if target.is_file():
        from compiler.cli.build import build_spec

        build_spec(target, place, without=without, on_the_way=True)
    return place
