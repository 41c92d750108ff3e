"""A number of diff.json that decides no verdict -> the answers it is read from, and what caused it.

In: a build, a report, and the name of a figure. Out: a `Trail`, or None where the name is none of these:

    refuse.dosing/declines/adapter    a metric, by its id
    distinct_1                        a metric of the whole model
    trait.pirate/over_turns/adapter   how long a clause lasts in dialogues
    trait.pirate/removed              what its probes noticed of a mutation; `flipped` likewise
    xstest_prompts                    a probe set, or a row of it; `short`, an inventory

This file must not compute a figure: what it shows stands in diff.json.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compiler.records.behaviour import Metric
from compiler.records.figures import Score
from compiler.records.record import ALL_ARMS
from compiler.records.report import DiffReport
from compiler.trace import Cause, Trail, causes_of, every_clause, rows_of

OVER_TURNS = "over_turns"
MUTATIONS = ("removed", "flipped")


def beside(build: Path, report: DiffReport, place: str) -> Trail | None:
    """Lead a figure back that no verdict rests on; None where `place` names none of them."""
    name, _, last = place.rpartition("/")
    name, arm = (name, last) if last in ALL_ARMS else (place, None)
    found = next((metric for metric in report.metrics if metric.id == name), None)
    if found is not None:
        return _metric(build, found, place, arm)
    owner, _, figure = name.rpartition("/")
    if figure == OVER_TURNS:
        return _survival(build, report, owner, place, arm)
    if figure in MUTATIONS and arm is None:
        return _mutant(build, report, owner, figure, place)
    return _set(report, name, place, arm) or _profile(report, name, place, arm)


def names(report: DiffReport) -> Iterator[str]:
    """Every name that `beside` knows, without arms."""
    yield from (metric.id for metric in report.metrics)
    yield from dict.fromkeys(f"{one.clause_id}/{OVER_TURNS}" for one in report.survival)
    yield from (f"{one.clause_id}/{one.mutation}" for one in report.mutants)
    yield from (one.name for one in report.sets)
    yield from dict.fromkeys(one.inventory for one in report.profiles)


def set_row(folder: Path, row: dict[str, Any], file: str, place: str, build: Path) -> Trail:
    """A probe of a set, or an answer to one, leads to its line in the user's file, and to the clauses that it names."""
    name = folder.name
    probe_id = row.get("probe_id", row.get("id"))
    probe = next((found for _, found in rows_of(folder / "probes.jsonl") if found["id"] == probe_id), row)
    said = f"answer of {row['arm']} to {probe_id}" if "arm" in row else f"row {probe_id} of the probe set {name}"
    asked = next((m["content"] for m in reversed(probe.get("messages", [])) if m["role"] == "user"), "")
    chain = (
        said,
        f"asked by tenet measure --probes; what is expected: {probe.get('expects') or 'its checks are kept'}",
    )
    of_file = Cause(name, f"{name}:{probe['line']}" if "line" in probe else None, asked)
    clauses = causes_of(build, [probe["clause_id"]]) if probe.get("clause_id") else ()
    return Trail(f"{file}:{place}", row.get("answer") or asked, chain, (*clauses, of_file))


def _metric(build: Path, metric: Metric, place: str, arm: str | None) -> Trail:
    scores = tuple(f"{name}: {_score(score)}" for name, score in metric.scores.items() if arm in (None, name))
    of = (
        "the clause's own probes"
        if metric.clause_ids
        else "everyday prompts and controls, whose answers all clauses shape"
    )
    chain = (*scores, metric.explains, f"read from the answers in measurements.jsonl to {of}")
    return Trail(f"diff.json:{place}", metric.title, chain, causes_of(build, metric.clause_ids or every_clause(build)))


def _survival(build: Path, report: DiffReport, owner: str, place: str, arm: str | None) -> Trail | None:
    found = [one for one in report.survival if one.clause_id == owner and arm in (None, one.arm)]
    if not found:
        return None
    chain = [
        f"{one.arm}: {one.restricted_mean:g} of {one.turns} turns kept on average over {one.dialogues} dialogues, "
        + (f"half are broken by turn {one.half_life}" if one.half_life else "half are never broken")
        for one in found
    ]
    chain.append("decided by `turns` of the answers in measurements.jsonl to probes with the aspect `dialogue`")
    return Trail(f"diff.json:{place}", f"{owner} over turns", tuple(chain), causes_of(build, [owner]))


def _mutant(build: Path, report: DiffReport, owner: str, mutation: str, place: str) -> Trail | None:
    one = next((m for m in report.mutants if m.clause_id == owner and m.mutation == mutation), None)
    if one is None:
        return None
    chain = (
        f"kept by {one.before:.1%} of {one.n} answers with the prompt, by {one.after:.1%} with the clause {mutation}",
        "noticed by its probes" if one.noticed else "not noticed by its probes",
        "counted in mutations.json, by tenet measure --mutate",
    )
    return Trail(f"diff.json:{place}", f"{owner} {mutation} in the prompt", chain, causes_of(build, [owner]))


def _set(report: DiffReport, name: str, place: str, arm: str | None) -> Trail | None:
    one = next((found for found in report.sets if found.name == name), None)
    if one is None:
        return None
    rates = [
        f"{row.figure}, {rate.arm}: {rate.count:g} of {rate.n} ({rate.share:.1%}), "
        f"interval {rate.low:.1%} to {rate.high:.1%}"
        for row in one.totals
        for rate in row.rates
        if arm in (None, rate.arm)
    ]
    chain = (*rates, f"decided by the answers in sets/{name}/measurements.jsonl to {one.asked} of {one.rows} rows")
    return Trail(
        f"diff.json:{place}", f"probe set {name}", chain, (Cause(name, f"{one.file}:1", f"SHA-256 {one.sha256}"),)
    )


def _profile(report: DiffReport, name: str, place: str, arm: str | None) -> Trail | None:
    found = [one for one in report.profiles if one.inventory == name and arm in (None, one.arm)]
    if not found:
        return None
    chain = [
        f"{one.arm}: "
        + (", ".join(f"{factor} {score.value:.1f}" for factor, score in one.stated.items()) or "nothing read")
        for one in found
    ]
    chain.append(f"stated in inventories/{name}/, by tenet measure --inventory")
    return Trail(f"diff.json:{place}", f"inventory {name}", tuple(chain), (Cause(name, None),))


def _score(score: Score) -> str:
    return f"{score.value:.4g}, interval {score.low:.4g} to {score.high:.4g}, {score.n} prompts"
