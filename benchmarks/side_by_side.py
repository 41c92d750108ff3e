"""Time contenders beside each other: A B C, A B C, ... so that a busy machine slows all of them alike.

In: named callables that return their output. Out: a table of the median ratio to the first contender over all rounds,
with its range. Ratios hold between machines where seconds do not. Outputs are compared before any figure is shown.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Contender:
    """name: what the table shows. run: does the work once, returns its output. bound: a limit, not a peer. part: the
    share of the work that is done, of a contender that would take hours; its times count as if it did all."""

    name: str
    run: Callable[[], object]
    bound: bool = False
    part: float = 1.0


def compare(
    title: str,
    contenders: Sequence[Contender],
    *,
    rounds: int = 5,
    same_output: bool = True,
    warm: bool = False,
    clock: Callable[[], float] = time.perf_counter,
    work: tuple[int, str] | None = None,
) -> dict[str, float]:
    """Run all contenders `rounds` times in turn and print each one's time as a multiple of the first one's.

    Args:
        warm: whether each has run before, so that caches are warm and no run is needed to look at outputs.
        clock: what is read before and after each run, in seconds.
        work: how much one run does, and of what: for a column that tells how much is done in a second.

    Returns the median ratio by name (first contender: 1.0; 2.0 means twice its time).

    Raises:
        ValueError: outputs of two contenders differ although `same_output` is asked for.
    """
    outputs = {} if warm else {c.name: c.run() for c in contenders}  # also warms caches
    first, *others = contenders
    if same_output and not warm:
        for other in others:
            if not other.bound and outputs[other.name] != outputs[first.name]:
                raise ValueError(f"{title}: {other.name} and {first.name} do not give the same output")
    seconds: dict[str, list[float]] = {c.name: [] for c in contenders}
    for _ in range(rounds):
        for contender in contenders:
            start = clock()
            contender.run()
            seconds[contender.name].append((clock() - start) / contender.part)
    table = Table(title=f"{title} ({rounds} rounds, interleaved)")
    for column in ("", "median s", f"x {first.name}", "range", *([f"{work[1]}/s"] if work else [])):
        table.add_column(column, justify="right" if column else "left")
    medians = {}
    for contender in contenders:
        share = "" if contender.part == 1.0 else f" ({contender.part:.2%} of it)"
        ratios = [a / b for a, b in zip(seconds[contender.name], seconds[first.name], strict=True)]
        medians[contender.name] = statistics.median(ratios)
        usual = statistics.median(seconds[contender.name])
        table.add_row(
            contender.name + (" (bound)" if contender.bound else share),
            f"{usual:.3f}",
            f"{medians[contender.name]:.2f}",
            f"{min(ratios):.2f} - {max(ratios):.2f}",
            *([f"{work[0] / usual:,.0f}"] if work else []),
        )
    Console(width=80).print(table)
    return medians
