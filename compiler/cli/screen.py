"""What a person sees beside results: progress, failures, and how to go on after an interruption. All of it on stderr.

In: calls of a `Progress`. Out: bars with rates and time left on a terminal, plain lines now and then elsewhere. This
file must not know what a stage does.
"""

from __future__ import annotations

import sys
import tempfile
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from compiler.failures import TenetError
    from compiler.progress import Progress

# Between two lines about one stage where nobody can see a bar move.
SECONDS_BETWEEN_LINES = 10.0

# What is kept when a command is interrupted. Set by the command as it goes, read at Ctrl-C.
_kept: list[str] = []


def out() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def err() -> Console:
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def when_interrupted(kept: str) -> None:
    """Set what Ctrl-C says from here on."""
    _kept[:] = [kept]


def say_interrupted(command: str) -> None:
    """command: what the user has typed, which goes on from what is kept."""
    print(file=sys.stderr)
    if _kept:
        print(f"Interrupted. {_kept[0]}\nGo on with:  {command}", file=sys.stderr)
    else:
        print("Interrupted.", file=sys.stderr)


def say_unforeseen(error: Exception) -> None:
    """Say in one message what the machine refused, or that Tenet has a fault, and where the details are."""
    console = err()
    if isinstance(error, OSError):
        message = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        help = "this comes from the machine: look at the path, its permissions and the space left"
    else:
        message = f"{type(error).__name__}: {error}"
        help = "this is a fault of Tenet, not of the spec: please report it with the details"
    console.print(f"[bold red]error:[/] {_escaped(message)}")
    console.print(f"  [cyan]help:[/] {help}")
    details = "".join(traceback.format_exception(error))
    try:
        # Outside of the user's folders, which may be what cannot be written to.
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", prefix="tenet-", suffix=".txt", delete=False
        ) as stream:
            stream.write(details)
    except OSError:
        print(details, file=sys.stderr)
    else:
        console.print(f"  [cyan]details:[/] {_escaped(stream.name)}", soft_wrap=True)


def say_failure(error: TenetError) -> None:
    console = err()
    for head, style, text in (("error:", "bold red", error.message), ("  help:", "cyan", error.help or "")):
        if text:
            told = unbroken(f"{head} {text}", console.width).removeprefix(head)
            # Rich would break a path that is longer than a line, and nobody could copy it.
            console.print(f"[{style}]{head}[/]{_escaped(told)}", soft_wrap=True)


def unbroken(text: str, width: int) -> str:
    """Break lines between words alone, so that a long path or address stays whole.

    >>> unbroken("error: /a/very/long/path/to/a.file cannot be read", 20)
    'error:\\n  /a/very/long/path/to/a.file\\n  cannot be read'
    """
    import textwrap

    return "\n".join(
        textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    )


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


@contextmanager
def shown_progress(rates: dict[str, float] | None = None) -> Iterator[Progress]:
    """Show progress while the block runs. `rates` collects what was done a second, by `stage/unit`."""
    console = err()
    drawer: Bars | Lines = Bars(console) if console.is_terminal else Lines()
    measured = Measured(drawer, {} if rates is None else rates)
    with drawer:
        yield measured
        measured.finish()


@dataclass(slots=True)
class Leg:
    """A stretch of a stage that is counted upwards in one unit; what was there when it began is no work of its own.

    said: when a line was last written of it. ended: whether its last one was.
    """

    unit: str
    started: float
    first: int
    done: int
    total: int
    said: float | None = None
    ended: bool = False

    def rate(self, now: float) -> float:
        """What was done a second; 0 for the first half of a second, in which caches are read."""
        elapsed = now - self.started
        return (self.done - self.first) / elapsed if self.done > self.first and elapsed > 0.5 else 0.0


class Legs(dict[str, Leg]):
    """The leg in which each stage is."""

    def at(self, stage: str, done: int, total: int, unit: str, now: float) -> Leg:
        """The stage's leg, with its count. A new one begins with another unit, where less is done than before (the next
        of several trainings), and once it is known how much there is to do (a resumed one)."""
        leg = self.get(stage)
        if leg is None or unit != leg.unit or done < leg.done or (total and not leg.total):
            leg = self[stage] = Leg(unit, now, done, done, total)
        leg.done, leg.total = done, total
        return leg


@dataclass(slots=True)
class Measured:
    """Passes progress on, and measures the rate of each stage between the first and the last call of a leg."""

    drawer: Bars | Lines
    rates: dict[str, float]
    legs: Legs = field(default_factory=Legs)

    def __call__(self, stage: str, done: int, total: int, unit: str, note: str = "") -> None:
        now = time.monotonic()
        leg = self.legs.at(stage, done, total, unit, now)
        if rate := leg.rate(now):
            self.rates[f"{stage}/{unit}"] = rate
        self.drawer.show(stage, leg, note, now)

    def finish(self) -> None:
        self.drawer.finish()


class Lines:
    """Progress for logs: a line when a leg of a stage starts, when it ends, and every ten seconds between."""

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, stage: str, leg: Leg, note: str, now: float) -> None:
        done, total, unit = leg.done, leg.total, leg.unit
        over = 0 < total <= done
        if leg.ended or (leg.said is not None and not over and now - leg.said < SECONDS_BETWEEN_LINES):
            return
        leg.said, leg.ended = now, over
        line = f"{stage}  {done}/{total} {unit}" if total else f"{stage}  {done} {unit}"
        rate = leg.rate(now)
        if rate:
            line += f"  {_rate(rate)} {unit}/s"
        if rate and total > done:
            line += f"  {duration((total - done) / rate)} left"
        print(line + (f"  {note}" if note else ""), file=sys.stderr, flush=True)

    def finish(self) -> None:
        return None


class Bars:
    """Progress for a person: one line a stage, with a bar, a rate and the time left."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self._progress = Progress(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]:>14} {task.fields[unit]}"),
            TextColumn("{task.fields[speed]}", style="dim"),
            TextColumn("{task.fields[note]}", style="dim"),
            console=console,
            refresh_per_second=8,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, stage: str, leg: Leg, note: str, now: float) -> None:
        done, total, unit, rate = leg.done, leg.total, leg.unit, leg.rate(now)
        speed = f"{_rate(rate)}/s" if rate else ""
        if rate and total > done:
            speed += f", {duration((total - done) / rate)} left"
        fields: dict[str, Any] = {
            "count": f"{done}/{total}" if total else str(done),
            "unit": unit,
            "speed": speed,
            "note": note[:40],
        }
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total or None, **fields)
        self._progress.update(self._tasks[stage], completed=done, total=total or None, **fields)

    def finish(self) -> None:
        return None


def _rate(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}" if rate >= 1 else f"{rate:.2f}"


def duration(seconds: float) -> str:
    """Return a time as a person says it.

    >>> duration(8), duration(75), duration(7300)
    ('8 s', '1 min 15 s', '2 h 1 min')
    """
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
