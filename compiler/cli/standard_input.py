"""A spec that comes over standard input: `-` in a spec's place.

In: what comes, and what it shall be called. Out: a path, and its text as it came. The path's folder is where imports
start, and its ending tells the notation; no file need be there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

MARK = Path("-")
USUAL_NAME = Path("stdin.tenet")

name_option: Callable[[Any], Any] = click.option(
    "--stdin-filename",
    "stdin_name",
    metavar="FILE",
    type=click.Path(path_type=Path),
    default=USUAL_NAME,
    help="What SPEC - is called: imports start at its folder, and its ending tells the notation.",
)


def read() -> str:
    """Return all of standard input, line ends and byte order mark as they come.

    Raises:
        click.UsageError: it is not UTF-8 text.
    """
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError:
        raise click.UsageError("what comes over standard input is not UTF-8 text") from None


def named(path: Path, stdin_name: Path) -> tuple[Path, dict[Path, str]]:
    """Return the path of a spec and the texts that stand for files: one for standard input, else none."""
    return (stdin_name, {stdin_name.resolve(): read()}) if path == MARK else (path, {})
