"""`tenet explain-row`: a training row, made again step by step."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compiler.cli import FINDINGS, places
from compiler.cli.options import cache_option, local_option, out_option
from compiler.cli.specs import folded

if TYPE_CHECKING:
    from backends.generate.explaining import CheckOutcome, Explanation, Step

TAKEN = {
    "question": "the row's question",
    "first answer": "the answer before the push",
    "chosen": "the chosen side",
    "rejected": "the rejected side",
    "": "not taken",
}
MOST_STEPS = 40


@click.command("explain-row")
@click.argument("place", metavar="PAIRS:ROW")
@click.option("--anew", is_flag=True, help="Ask the models again, whatever is in the cache.")
@click.option("--json", "as_json", is_flag=True, help="The explanation as JSON.")
@out_option
@cache_option
@local_option
def command(place: str, anew: bool, as_json: bool, out: Path, cache: Path | None, local_files_only: bool) -> None:
    """Make a training row again, and show what was asked, answered and checked on the way.

    PAIRS:ROW is a row of pairs.jsonl, by its line or its id. Exit code 1 where other bytes come out than stand there.

    \b
      tenet explain-row build/pirate/pairs.jsonl:12
      tenet explain-row build/pirate/pairs.jsonl:trait.pirate/distill-0003
    """
    from backends.generate.explaining import explain
    from compiler import trace
    from compiler.cli.trace import located
    from compiler.failures import PlaceError
    from compiler.records.rows import PreferencePair

    build, run, file, where = located(place, out)
    if run is not None or file != "pairs.jsonl":
        raise PlaceError(
            f"{place} is no row of a build's pairs.jsonl", help="tenet explain-row build/NAME/pairs.jsonl:1"
        )
    row = PreferencePair.model_validate(trace.find_row(build / file, where))
    spec = places.spec_of(build)
    at = places.place_of(build, out, Path("runs"), cache, local_files_only=local_files_only)
    at = replace(at, root=spec.parent if spec else None)
    with ExitStack() as stack:
        kept = Path(stack.enter_context(tempfile.TemporaryDirectory())) if anew else at.cache
        found = explain(build, row, cache=kept, root=at.root, local_files_only=local_files_only)
    if as_json:
        click.echo(json.dumps(_record(found), ensure_ascii=False, indent=1))
    else:
        show(found, trace.trace(build, file, row.id).causes)
    if not found.is_same:
        raise click.exceptions.Exit(FINDINGS)


def show(found: Explanation, causes: Any) -> None:
    row = found.row
    click.echo(click.style(f"row {row.id}", bold=True) + f": {_outcome(found)}")
    for cause in causes:
        _say(f"{cause.id}  {cause.place or ''}", "  clause    ")
    _say(
        f"{row.unit}, generator {row.generator}, seed {row.seed}{f', question {row.source}' if row.source else ''}",
        "  unit      ",
    )
    for message in row.prompt:
        _say(message.content, f"  {message.role:<9} ")
    _say(row.chosen[-1].content, "  chosen    ")
    _say(row.rejected[-1].content, "  rejected  ")
    for number, step in enumerate(found.steps[:MOST_STEPS], 1):
        _show_step(number, step)
    if len(found.steps) > MOST_STEPS:
        click.echo(f"\nand {len(found.steps) - MOST_STEPS} more steps: --json has all")
    if found.checks:
        click.echo(click.style("\nchecks", bold=True))
    for outcome in found.checks:
        _say(f"{_check(outcome)}: {_said(outcome)}", f"  {outcome.side:<9} ")
    kept = f"breaks {found.broken}" if found.broken else f"keeps all {found.rules} rules of filters.json"
    _say(kept, "  chosen    ")


def _outcome(found: Explanation) -> str:
    if found.is_same:
        how = "all answers were in the cache" if not found.computed else f"{found.computed} batches were asked anew"
        return f"made again, the same bytes ({how})"
    if found.again is None:
        dropped = ", ".join(f"{count} {reason}" for reason, count in found.dropped.items())
        return f"not made again; of its unit were left out: {dropped or 'none'}"
    names = [name for name, value in found.row if getattr(found.again, name) != value]
    return f"made again, with another {', '.join(names)}"


def _show_step(number: int, step: Step) -> None:
    sampling = step.sampling
    how = "asked for a verdict"
    if sampling is not None:
        drawn = f"temperature {sampling.temperature:g}, seed {sampling.seed}"
        how = drawn if sampling.temperature else "its likeliest answer"
    click.echo(f"\n{click.style(f'{number}.', bold=True)} {step.model}, {how}")
    for message in step.messages:
        _say(message.content, f"   {message.role:<9} ")
    if step.yes is not None:
        click.echo(f"   -> yes with a probability of {step.yes:.3f}")
    else:
        _say(f"{step.reply if step.reply is not None else '(longer than it can read)'}", "   -> ")
        click.echo(f"      {TAKEN[step.used]}")


def _check(outcome: CheckOutcome) -> str:
    told = outcome.check.model_dump(exclude={"type"}, exclude_defaults=True)
    shown = ", ".join(f"{key} {_value(value)}" for key, value in told.items())
    return f"{outcome.check.type}{f' ({shown})' if shown else ''}"


def _value(value: Any) -> str:
    return " | ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _said(outcome: CheckOutcome) -> str:
    if outcome.said is None:
        return "not asked"
    yes = f" (yes {outcome.yes:.3f})" if outcome.yes is not None else ""
    return ("kept" if outcome.said else "broken") + yes


def _say(text: str, first: str) -> None:
    lines = text.split("\n")
    for place, line in enumerate(lines):
        click.echo("\n".join(folded(line, first if not place else " " * len(first))))


def _record(found: Explanation) -> dict[str, Any]:
    return {
        "row": found.row.model_dump(mode="json"),
        "same": found.is_same,
        "again": found.again.model_dump(mode="json") if found.again else None,
        "computed": found.computed,
        "dropped": found.dropped,
        "steps": [
            {
                "model": step.model,
                "messages": [message.model_dump() for message in step.messages],
                "sampling": step.sampling.record() if step.sampling else None,
                "reply": step.reply,
                "yes": step.yes,
                "used": step.used or None,
            }
            for step in found.steps
        ],
        "checks": [
            {"side": c.side, "check": c.check.model_dump(mode="json"), "kept": c.said, "yes": c.yes}
            for c in found.checks
        ],
        "rules": found.rules,
        "broken": found.broken,
    }
