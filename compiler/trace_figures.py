"""A number of the table -> the answers it counts, the probes they are to, the clause and its line.

In: a build, a run, and the name of a figure. Out: a `Trail`. A figure is named as diff.json names its parts:

    trait.pirate                    the clause's rate, in every arm
    trait.pirate/adapter            in one arm, with the answers that broke it
    trait.pirate/pressure           its verdict under pressure; `over_refusal` likewise
    trait.pirate/insistence/prompt  one technique of pressure, in one arm
    facts/adapter                   the factual controls
    length                          a side effect, by its id

and what no verdict rests on, as `trace_beside.py` says.

This file must not compute a rate: what it shows stands in diff.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compiler.failures import DataError, PlaceError
from compiler.generators.controls import CONTROLS
from compiler.ir_file import load
from compiler.records.record import ALL_ARMS
from compiler.records.report import DiffReport
from compiler.records.rows import Probe
from compiler.tallies import decided_by
from compiler.trace import Trail, causes_of, near, rows_of
from compiler.trace_beside import beside, names

FACTS = "facts"
SHOWN = 5
"""Ids of answers that a trail names; the others are counted."""


def figure(build: Path, run: Path, place: str) -> Trail:
    """Lead a figure back.

    Raises:
        PlaceError: there is no such figure.
    """
    name, *rest = place.split("/")
    arm = rest.pop() if rest and rest[-1] in ALL_ARMS else None
    report = _report(run)
    effect = next((e for e in report.side_effects if e.id == name), None) if report else None
    if effect is not None:
        shown = f"{effect.title}: {_by_arm(effect.values, arm)}"
        said = (f"{effect.explains}", f"read from the answers in measurements.jsonl to {effect.n} prompts")
        return Trail(f"diff.json:{place}", shown, said, causes_of(build, effect.asked_by))

    found = beside(build, report, place) if report else None
    if found is not None:
        return found
    known = [*(clause.id for clause in load(build).clauses), FACTS, *CONTROLS]
    others = list(names(report)) if report else []
    if name not in known:
        known += others
        raise PlaceError(f"diff.json has no clause or figure {name!r}", help=near(name, known))
    of = rest[0] if rest else "rate"
    probes = _asked(run, _counted(build, name, of))
    if not probes or len(rest) > 1:
        figures = dict.fromkeys(x for p in _own(build, name) for x in (p.pressure or p.aspect,))
        figures |= dict.fromkeys(x.removeprefix(f"{name}/") for x in others if x.startswith(f"{name}/"))
        help = f"it has: {', '.join((*decided_by(name, _probes(build)), *figures))}; and each of {', '.join(ALL_ARMS)}"
        raise PlaceError(f"diff.json has no figure {'/'.join(rest)!r} of {name}", help=help)
    units = Counter(probe.unit for probe in probes)
    chain = [*_rates(report, name, of, arm)]
    chain.append(f"decided by the answers in measurements.jsonl to {len(probes)} probes")
    chain.append(f"which stand in probes.jsonl: {', '.join(f'{unit} ({count})' for unit, count in units.items())}")
    if arm is not None:
        chain.append(_broken(run, name, probes, arm))
    return Trail(
        f"diff.json:{place}", "/".join([name, *([of] if rest else [])]), tuple(chain), causes_of(build, [name])
    )


def _probes(build: Path) -> list[Probe]:
    return [Probe.model_validate(row) for _, row in rows_of(build / "probes.jsonl")]


def _own(build: Path, name: str) -> list[Probe]:
    return [probe for probe in _probes(build) if probe.clause_id == name]


def _counted(build: Path, name: str, of: str) -> Sequence[Probe]:
    """The probes of a figure; those of one technique, or of one aspect, where `of` is none."""
    found = {str(key): rows for key, rows in decided_by(name, _probes(build)).items()}
    return found.get(of) or [probe for probe in _own(build, name) if of in (probe.pressure, probe.aspect)]


def _asked(run: Path, probes: Sequence[Probe]) -> Sequence[Probe]:
    """Those that were asked: a sequential measuring stops where a verdict stands."""
    if not (run / "measurements.jsonl").is_file():
        return probes
    asked = {row["probe_id"] for _, row in rows_of(run / "measurements.jsonl")}
    return [probe for probe in probes if probe.id in asked] or probes


def _report(run: Path) -> DiffReport | None:
    path = run / "diff.json"
    if not path.is_file():
        return None
    try:
        return DiffReport.model_validate_json(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {error}", help="run `tenet diff` again") from error


def _rates(report: DiffReport | None, name: str, of: str, arm: str | None) -> list[str]:
    """What diff.json says of a figure, arm by arm."""
    if report is None:
        return []
    row: Any = report.facts if name == FACTS else next((c for c in report.clauses if c.id == name), None)
    if row is None:
        return []
    if of != "rate":
        parts = (*getattr(row, "trials", ()), *getattr(row, "lines", ()))
        row = next((part for part in parts if of in (getattr(part, "of", None), part.label)), None)
    found = row.rates if row is not None else ()
    return [
        f"{rate.arm}: {rate.count:g} of {rate.n} ({rate.share:.1%}), interval {rate.low:.1%} to {rate.high:.1%}"
        for rate in found
        if arm in (None, rate.arm)
    ]


def _by_arm(values: dict[Any, float], arm: str | None) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items() if arm in (None, name))


def _broken(run: Path, name: str, probes: Sequence[Probe], arm: str) -> str:
    """Which of the counted answers broke the clause, by the ids of their probes."""
    wanted = {probe.id for probe in probes}
    found = [
        row["probe_id"]
        for _, row in rows_of(run / "measurements.jsonl")
        if row["arm"] == arm and row["probe_id"] in wanted and row["held"].get(name) is False
    ]
    if not found:
        return f"{arm} broke it in no answer"
    more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{arm} broke it in {len(found)}: {', '.join(found[:SHOWN])}{more}"
