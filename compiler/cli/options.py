"""Options that several commands share: where builds, runs and cached answers are, where models come from, and what
served ones may cost.

In: a command's function. Out: the same with an option more. This file must not know what a command does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from compiler.spending import Budget, Ledger, Price, budget_of, price_of, spending

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


def out_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "-o",
        "--out",
        type=FOLDER,
        default=Path("build"),
        show_default=True,
        help="Folder of builds.",
    )(function)


def runs_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option("--runs", type=FOLDER, default=Path("runs"), show_default=True, help="Folder of runs.")(
        function
    )


def cache_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--cache",
        type=FOLDER,
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


def _amount(context: click.Context, parameter: click.Parameter, text: str | None) -> Budget | int | None:
    """A budget with its unit; a bare number is one of answers."""
    if text is None:
        return None
    try:
        return int(text) if text.isdecimal() else budget_of(text)
    except ValueError as error:
        raise click.BadParameter(f"{text}: {error}", context, parameter) from None


def _prices(context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Price]:
    try:
        return dict(price_of(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from None


MONEY_HELP = "Stop before served models cost more: 200000tokens, or 2.50usd with --price."


def spending_options(*, answers: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """What served models may cost, and how fast they are asked, as options; the command runs inside their ledger, which
    says at its end what was used.

    Args:
        answers: `--budget N` is a number of answers, which goes to the command as `budget`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def inside(
            *args: Any,
            budget: Budget | int | None,
            prices: dict[str, Price],
            rate: float | None,
            at_once: int | None,
            **options: Any,
        ) -> Any:
            spendable = None if isinstance(budget, int) else budget
            if answers:
                options["budget"] = budget if isinstance(budget, int) else None
            elif isinstance(budget, int):
                raise click.BadParameter("write its unit too: 200000tokens, or 2.50usd", param_hint="--budget")
            if options.get("budget") == 0:
                raise click.BadParameter("no answers are no measurement", param_hint="--budget")
            ledger = Ledger(spendable, prices, rate, at_once)
            with spending(ledger):
                try:
                    return function(*args, **options)
                finally:
                    if summary := ledger.summary():
                        click.echo(summary, err=True)

        more = f"{MONEY_HELP}  N alone: give at most N answers, of all arms together." if answers else MONEY_HELP
        inside = click.option("--budget", metavar="AMOUNT", callback=_amount, help=more)(inside)
        for option in (
            click.option(
                "--price",
                "prices",
                metavar="MODEL=READ/WRITTEN",
                multiple=True,
                callback=_prices,
                help="What a million tokens of a served model cost; may be repeated.",
            ),
            click.option(
                "--rate", metavar="N", type=click.FloatRange(min=0, min_open=True), help="Requests a minute, at most."
            ),
            click.option("--at-once", metavar="N", type=click.IntRange(1, 256), help="Requests under way at once."),
        ):
            inside = option(inside)
        return inside

    return decorate
