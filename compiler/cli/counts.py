"""What a build says of its rows, on stderr: kept and left out by clause, and loudly what a clause is left without.

In: a compilation and generate.json as a record. Out: lines that read well at 80 columns. This file must not know how
rows are made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from compiler.cli import mixing
from compiler.failures import DataError
from compiler.generators.controls import CONTROLS
from compiler.lowering.losses import METHODS
from compiler.records.mixture import MixtureReport
from compiler.stages import stages_of
from compiler.struck import STRUCK

if TYPE_CHECKING:
    from backends.generate.report import GenerateReport, UnitCounts
    from compiler.cli.emitting import Compilation
    from compiler.ir import Program

ROWS = ("pairs", "chats")
"""Purposes of units that rows to train on are made of."""
TOLD = {
    "kept": "shows it kept",
    "pressure": "keeps it under pressure",
    "safe": "answers what only looks like it",
    "everyday": "answers an everyday question",
    "outside": "shows it where it does not apply",
}
HELP = {
    "chosen fails its checks": "the model that writes answers does not do it when told to: reword the clause, or name"
    " a stronger model with `model { teacher: ... }`",
    "rejected keeps the clause": "the base does it by itself, so that there is nothing to tell apart",
    "rejected does not decline": "the base answers even what is harmful, so that it shows no refusal to tell apart",
    "the judge gave no answer": "name another judge with `model { judge: ... }`",
    "longer than the model can read": "name a base or a teacher with a longer context, or shorten what it is asked",
    "asked twice": "give more questions, as `asks` or examples",
    "as much about what has to be told apart": "say `about` and `still_help` in words further apart",
    "near a training row": "the probes' questions stand in your own data: give others as `probe`",
    "asked in a training row": "the probes' questions stand in your own data: give others as `probe`",
}


def show_counts(compilation: Compilation, report: GenerateReport) -> None:
    """Show what was asked for, kept and left out; otherwise as `show_lacks`."""
    from compiler.cli.screen import err

    console = err()
    console.print(_table(compilation.program, report.units))
    for line in _lines(compilation, report):
        console.print(line, markup=False)
    show_lacks(compilation, report)


def show_lacks(compilation: Compilation, report: GenerateReport) -> None:
    """Show what clauses are left without.

    Raises:
        DataError: a file that a job trains on has no row.
    """
    from compiler.cli.screen import err

    console = err()
    for warning, help in _warnings(compilation.program, report.units):
        console.print(f"[bold yellow]warning:[/] {warning}")
        console.print(f"  [cyan]help:[/] {help}")
    _refuse_empty(compilation.program, report)


def _table(program: Program, units: Sequence[UnitCounts]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for title in ("clause", "rows", "probes", "left out"):
        table.add_column(title, justify="right" if title in ("rows", "probes") else "left", overflow="fold")
    for owner in [*(c.id for c in program.clauses), *CONTROLS, "facts"]:
        own = {
            name: [u for u in units if u.clause_ids[0] == owner and u.purpose in purposes]
            for name, purposes in (("pairs", ROWS), ("probes", ("probes",)))
        }
        if any(own.values()):
            reasons = [
                f"{name}: {listed}"
                for name, found in (("rows", own["pairs"]), ("probes", own["probes"]))
                if (listed := _listed(dropped(found)))
            ]
            table.add_row(owner, _kept(own["pairs"]), _kept(own["probes"]), "\n".join(reasons))
    return table


def _lines(compilation: Compilation, report: GenerateReport) -> Iterator[str]:
    for rule in report.filters:
        if rule.generated or rule.own:
            yield f"filters.json, {rule.rule}: {_both(rule.generated, rule.own, bool(report.data))} left out"
    for data in report.data:
        listed = _listed(Counter(data.dropped))
        yield f"{data.path}: {data.kept} of {data.rows} rows kept{f' ({listed})' if listed else ''}"
        if data.cut:
            yield f"{data.path}: {data.cut} rows are longer than {data.max_length} tokens; what comes after is not read"
    if report.struck:
        made = sum(unit.dropped.get(STRUCK, 0) for unit in report.units)
        made += sum(file.dropped.get(STRUCK, 0) for file in report.data)
        yield f"struck out: {report.struck} rows; {made} of them came up again and were left out"
    if report.duplicates:
        yield f"sft.jsonl: {report.duplicates} generated rows left out, which stand there already"
    seen = report.disjoint
    yield f"probes: none of {seen.probes} is near one of {seen.training} training questions ({seen.left_out} left out)"
    yield from mixing.got(mixture_of(compilation))
    yield ", ".join(f"{count} rows in {name}" for name, count in report.rows.items() if count)
    yield from passes(compilation, report)


def mixture_of(compilation: Compilation) -> MixtureReport:
    """mixture.json of a build; empty where there is none."""
    try:
        text = (compilation.place.build / "mixture.json").read_text(encoding="utf-8")
        return MixtureReport.model_validate_json(text)
    except (OSError, ValueError):
        return MixtureReport(rows=0, made=())


def passes(compilation: Compilation, report: GenerateReport) -> Iterator[str]:
    """How often each job goes over its rows; a job that does not see all of them says so."""
    import yaml

    if compilation.program.train.chosen:
        yield f"method: auto chose {compilation.program.train.method}"
        yield from (f"- {reason}" for reason in compilation.program.train.chosen)

    files = {artifact.path: artifact.text for artifact in compilation.artifacts}
    for stage in stages_of(compilation.program.train.method):
        job = yaml.safe_load(files[f"jobs/{stage}.yaml"])
        rows = _rows_for(stage, report)
        batch = job["per_device_train_batch_size"] * job["gradient_accumulation_steps"]
        if METHODS[stage].policy:
            # Online DPO counts its prompts, the others their answers.
            each, asked = job.get("num_generations", 2), batch // job.get("num_generations", 1)
            answers = f"{each} answer{'s' if each > 1 else ''} to each of {asked} prompts of {rows} rows"
            yield f"{stage}: {job['max_steps']} steps of {answers}"
            continue
        seen = job["max_steps"] * batch
        often = f"{stage}: {job['max_steps']} steps of {batch} rows go {seen / max(rows, 1):.1f} times over {rows} rows"
        if seen < rows:
            often += f"; {rows - seen} are never seen: train {{ steps: {-(-rows // batch)} }} sees each once"
        yield often


def _warnings(program: Program, units: Sequence[UnitCounts]) -> Iterator[tuple[str, str]]:
    """What each clause is left without: a way of teaching it of which no row was kept, or all of its probes."""
    for clause in program.clauses:
        own = [u for u in units if u.clause_ids[0] == clause.id]
        for aspect in dict.fromkeys(u.aspect for u in own if u.purpose in ROWS):
            found = [u for u in own if u.purpose in ROWS and u.aspect == aspect]
            if not sum(u.kept for u in found):
                wanted = sum(u.wanted for u in found)
                what = TOLD.get(aspect, aspect)
                yield f"{clause.id} has no row that {what}: none of {wanted} was kept", _help(found)
        probes = [u for u in own if u.purpose == "probes"]
        if probes and not sum(u.kept for u in probes):
            yield f"{clause.id} has no probe, so that it cannot be measured", _help(probes)
        watched = [u for u in own if u.purpose == "watch"]
        if watched and not sum(u.kept for u in watched):
            yield f"{clause.id} is not watched while it is trained: no question is left for it", _help(watched)


def _help(units: Iterable[UnitCounts]) -> str:
    often = dropped(units).most_common(1)
    if not often:
        return "its sources of questions gave none: give some, as `asks` or examples"
    reason, count = often[0]
    return f"{count} times {reason}{f'; {HELP[reason]}' if reason in HELP else ''}"


def _refuse_empty(program: Program, report: GenerateReport) -> None:
    for stage in stages_of(program.train.method):
        if not _rows_for(stage, report):
            which = METHODS[stage].rows + "".join(f", {name}," for name in METHODS[stage].generators[:1])
            raise DataError(f"{which} has no row to train on", help="generate.json has the reasons too")


def _rows_for(stage: str, report: GenerateReport) -> int:
    """How many rows a stage's trainer reads."""
    method = METHODS[stage]
    if not method.generators:
        return report.rows[method.rows.removesuffix(".jsonl")]
    made = [u for u in report.units if u.purpose == "chats"]
    return sum(u.kept for u in made if re.split("[-.]", u.unit.rpartition("/")[2])[0] in method.generators)


def dropped(units: Iterable[UnitCounts]) -> Counter[str]:
    total: Counter[str] = Counter()
    for unit in units:
        total.update(unit.dropped)
    return total


def _listed(reasons: Counter[str]) -> str:
    often = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {reason}" for reason, count in often)


def _both(generated: int, own: int, has_data: bool) -> str:
    return f"{generated} generated rows and {own} of your own" if has_data else f"{generated} generated rows"


def _kept(units: Sequence[UnitCounts]) -> str:
    wanted = sum(u.wanted for u in units)
    return f"{sum(u.kept for u in units)}/{wanted}" if wanted else ""
