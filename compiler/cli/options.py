"""Options that several commands share: where builds, runs and cached answers are, and where models come from.

In: a command's function. Out: the same with an option more. This file must not know what a command does.
"""

from __future__ import annotations

from pathlib import Path

import click


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


def without_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--without",
        metavar="CLAUSE",
        default=None,
        help="Make no training row for a clause, in a build of its own; it is measured as ever.",
    )(function)


def local_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("--local-files-only", is_flag=True, help="Take models from this machine only.")(function)
