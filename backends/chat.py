"""Talking to several arms side by side: each keeps its own history, all hear the same user.

In: a build, perhaps a run, the arms, and lines of text from a terminal or a pipe. Out: the answers on the screen. A
pipe gets one plain line an arm. Nothing is cached or stored. This file must not know probes or checks.
"""

from __future__ import annotations

import io
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from backends import engines, vectors
from backends.engines import Conversation, Sampling
from backends.guard import grammar_of
from backends.recipes import base_of, prompt_of, read_recipe
from compiler.arms import uses_adapter, uses_prompt, uses_steering
from compiler.failures import DataError
from compiler.records.record import Arm, Message

LEAVE = ("/quit", "/exit", "/q")
FRESH = "/new"
TOO_LONG = f"(this talk is longer than the model can read; {FRESH} starts afresh)"
NARROWEST = 30
"""Columns an arm needs beside another."""


def run(
    build: Path,
    run: Path | None,
    arms: Sequence[Arm],
    *,
    steering: Path | None = None,
    context: str | None = None,
    temperature: float = 0.0,
    guarded: bool = False,
    local_files_only: bool = False,
    source: TextIO | None = None,
    console: Console | None = None,
) -> int:
    """Talk until the input ends; return how many turns there were.

    Args:
        run: a training's folder; needed for the adapter's arms.
        steering: a folder of vectors; needed for the arm `steer`.
        context: a system message of the application, `The user is a clinician.`, say.
        temperature: 0 for the likeliest answer, the one that is measured.
        guarded: keep every arm within the build's `guard.lark`.
        local_files_only: take the base from this machine only, where it is not in the build.
    """
    arms = list(dict.fromkeys(arms))
    if any(map(uses_adapter, arms)) and (run is None or not (run / "adapter").is_dir()):
        raise DataError(
            "there is no adapter to talk to", help="train it first: tenet train SPEC, or --arm base --arm prompt"
        )
    if any(map(uses_steering, arms)) and steering is None:
        raise DataError("there are no vectors to talk to", help="make them first: tenet steer SPEC")
    by = vectors.read(steering) if steering is not None else None
    source = source or sys.stdin
    if isinstance(source, io.TextIOWrapper):
        # A line that is not UTF-8 is asked with marks in place of what cannot be read; it does not end the talk.
        source.reconfigure(errors="replace")
    console = console or Console(highlight=False)
    talking = source.isatty()
    prompt = prompt_of(build) if any(map(uses_prompt, arms)) else ""
    engine = engines.load(base_of(build, read_recipe(build), local_files_only=local_files_only))
    if run is not None and any(map(uses_adapter, arms)):
        engine.attach(run / "adapter")
    if guarded:
        engine.hold(grammar_of(build))

    histories: dict[Arm, Conversation] = {arm: _opening(arm, prompt, context) for arm in arms}
    if talking:
        console.print(f"[dim]{' | '.join(arms)}. {FRESH} starts afresh, {LEAVE[0]} or Ctrl-D leaves.[/dim]")
    turns = 0
    for line in _lines(source, console, talking):
        if line == FRESH:
            histories = {arm: _opening(arm, prompt, context) for arm in arms}
            continue
        turns += 1
        answers: dict[Arm, str] = {}
        for arm in arms:
            asked = (*histories[arm], Message(role="user", content=line))
            sampling = Sampling(temperature=temperature, max_new_tokens=256, seed=turns)
            with vectors.steering(engine, by) if by is not None and uses_steering(arm) else nullcontext():
                said = engine.answers([asked], sampling, adapter=uses_adapter(arm))[0]
            answers[arm] = TOO_LONG if said is None else said
            histories[arm] = (*asked, Message(role="assistant", content=said or "…"))
        _show(console, answers, talking)
    return turns


def _opening(arm: Arm, prompt: str, context: str | None) -> Conversation:
    text = "\n\n".join(part for part in (prompt if uses_prompt(arm) else None, context) if part)
    return (Message(role="system", content=text),) if text else ()


def _lines(source: TextIO, console: Console, talking: bool) -> Iterator[str]:
    for raw in _asked(console) if talking else source:
        line = raw.strip()
        if line in LEAVE:
            return
        if line:
            yield line


def _asked(console: Console) -> Iterable[str]:
    while True:
        try:
            yield console.input("[bold]you[/bold] ")
        except EOFError:
            return


def _clean(said: str) -> str:
    """What a model says, without control characters: they could move the cursor or recolour the terminal."""
    return "".join(c for c in said if c in "\n\t" or unicodedata.category(c) != "Cc")


def _show(console: Console, answers: dict[Arm, str], talking: bool) -> None:
    if not talking:
        for arm, said in answers.items():
            console.print(Text(f"{arm}: {_clean(said)}"), soft_wrap=True)
        return
    width = console.width // len(answers)
    # What a model says is shown as it is: never read as markup.
    panels = [
        Panel(Text(_clean(said)), title=arm, title_align="left", width=max(width - 1, NARROWEST))
        for arm, said in answers.items()
    ]
    console.print(Columns(panels, padding=(0, 1)))
