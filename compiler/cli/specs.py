"""From what a user names on the command line to a loaded spec.

In: a path. Out: a loaded spec with its program, or findings printed and an exit. This file must not import anything
that only builds need: `tenet check` runs through it in a fraction of a second.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Literal, TextIO

import click

import spec
from compiler.analysis import analyse
from compiler.build import to_program
from compiler.ir import Program
from spec.collecting import uncollected
from spec.doors import NOTATIONS
from spec.frozen import dataclass

Format = spec.diagnostics.Format
_ENDINGS = ", ".join(NOTATIONS)
MOST_NAMED = 4
"""How many specs of a folder are listed."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """program: None exactly when a diagnostic is an error. signs: words and signs of all files."""

    path: Path
    program: Program | None
    diagnostics: tuple[spec.Diagnostic, ...]
    sources: dict[str, spec.Source]
    signs: int = 0

    @property
    def errors(self) -> int:
        return sum(d.severity == "error" for d in self.diagnostics)

    @property
    def warnings(self) -> int:
        return sum(d.severity == "warning" for d in self.diagnostics)


class SpecPath(click.Path):
    """A path to a spec; a folder or a missing file is refused with what to give instead.

    stdin: `-` will do, for `compiler/cli/standard_input.py` to read.
    """

    name = "spec"

    def __init__(self, *, stdin: bool = False) -> None:
        super().__init__(path_type=Path)
        self.stdin = stdin

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(str(value))
        if self.stdin and str(value) == "-":
            return path
        refuse_unreadable(path, lambda message: self.fail(message, param, ctx))
        return path


def refuse_to_write(path: Path) -> None:
    """Refuse to change a file that is no spec by its name."""
    if path.suffix and path.suffix.lower() not in NOTATIONS:
        raise click.UsageError(f"{path} is no spec by its name, and is not written to; specs end in {_ENDINGS}")


def refuse_unreadable(path: Path, fail: Callable[[str], object]) -> None:
    """Call `fail` with what to give instead where no spec can be at `path`."""
    if path.is_dir():
        fail(f"{path} is a folder{_specs_in(path)}")
    if path.is_symlink() and not path.exists():
        fail(f"{path} is a link that leads to no file")
    if not path.exists():
        from difflib import get_close_matches

        inside = path.parent.glob("*.tenet*") if path.parent.is_dir() else ()
        # Names are alike for more than their ending.
        by_stem = {found.name.partition(".")[0]: str(found) for found in sorted(inside)}
        near = [by_stem[stem] for stem in get_close_matches(path.name.partition(".")[0], by_stem, n=2)]
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `tenet new NAME` writes one"
        fail(f"there is no file {path}{hint}")
    elif not path.is_file():
        # A pipe would be waited for, and a spec's imports and builds stand beside its file.
        fail(f"{path} is no regular file; save the spec in one")
    elif path.suffix == ".py":
        fail(f"{path} is a program; a spec that it builds can print itself: `print(spec.text())`")


def _specs_in(folder: Path) -> str:
    """Say which specs a folder holds: the one of its own name, or some of all."""
    inside = sorted(path for path in folder.glob("*.tenet*") if path.is_file())
    main = [path for path in inside if path.name.startswith(f"{folder.resolve().name}.tenet")]
    if not inside:
        return ", and no .tenet file is in it"
    if main or len(inside) == 1:
        return f"; did you mean {(main or inside)[0]}?"
    more = f" and {len(inside) - MOST_NAMED} more" if len(inside) > MOST_NAMED else ""
    return f" of {len(inside)} specs; name one: {', '.join(map(str, inside[:MOST_NAMED]))}{more}"


@uncollected()
def compile_spec(path: Path, texts: Mapping[Path, str] | None = None) -> Compiled:
    """Load a spec, run the passes over it and analyse it; `texts` stand for files, by their resolved paths."""
    loaded = spec.load(path, texts=texts)
    if loaded.document is None:
        return Compiled(path, None, loaded.diagnostics, loaded.sources, loaded.signs)
    program, found = to_program(loaded.document)
    found = (*found, *analyse(program, loaded.sources))
    diagnostics = (*loaded.diagnostics, *found)
    wrong = any(d.severity == "error" for d in found)
    return Compiled(path, None if wrong else program, diagnostics, loaded.sources, loaded.signs)


def show_diagnostics(
    diagnostics: Sequence[spec.Diagnostic],
    sources: Mapping[str, spec.Source],
    stream: Literal["stdout", "stderr"] = "stderr",
) -> None:
    """Show diagnostics in full, as the screen takes them; nothing where there are none."""
    if not diagnostics:
        return
    target = sys.stdout if stream == "stdout" else sys.stderr
    click.echo(spec.render(diagnostics, sources, "full", colored(target), screen_width(target)), err=stream == "stderr")


def colored(stream: TextIO) -> bool:
    """Whether messages may be coloured: on a terminal that can, unless the user said no (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_width(stream: TextIO) -> int:
    """Return the columns that messages may fill: the terminal's, but 80 at most."""
    try:
        named = os.environ.get("COLUMNS")
        columns = int(named) if named else os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80  # no terminal, or one that does not know
    return min(columns, 80) if columns > 0 else 80


def folded(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Fold a text to the width of the screen; ids and paths stay whole, so that they can be copied.

    Args:
        first: what stands before the first line.
        rest: what stands before the others; as many spaces as `first` is long, unless given.
    """
    indent = " " * len(first) if rest is None else rest
    width = screen_width(sys.stdout)
    lines = wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]


def program_or_exit(path: Path) -> tuple[Program, Compiled]:
    """Return the program of a spec; with errors, show them and leave with exit code 1."""
    compiled = compile_spec(path)
    # Notes are for who writes the spec, and `tenet check` shows them.
    show_diagnostics([d for d in compiled.diagnostics if d.severity != "note"], compiled.sources)
    if compiled.program is None:
        click.echo(counted(compiled, path), err=True)
        raise click.exceptions.Exit(1)
    return compiled.program, compiled


def counted(compiled: Compiled, path: Path) -> str:
    """Return how many findings there are, in words."""
    return f"{path}: {spec.diagnostics.counted(compiled.diagnostics) or 'no problems'}"
