"""What a build would do now, why, and how long it would take. Nothing runs.

In: the program and artifacts of a spec as it is, what an earlier build left, and measured rates. Out: a `Plan`. Digests
decide, and spans are in none of them: a comment edit plans nothing. This file must not read or write files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from compiler.digests import plain
from compiler.ir import Clause, Program
from compiler.records import ARMS, Unit

# Rows, steps, answers a second where nothing was measured yet: nano on two cores.
GUESSED_RATES = {"generate": 10.0, "train": 0.4, "measure": 30.0}
NOT_IN_ARTIFACTS = ("span", "field_spans", "because", "tags", "rank", "depends", "digest")


@dataclass(frozen=True, slots=True)
class Change:
    """What changed in the spec: `subject` is a clause id, or `train`, `model`, ...; `what` says how, in words."""

    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that would run: `count` of `unit`. seconds: an estimate, `guessed` where no rate was measured."""

    stage: str
    why: tuple[str, ...]
    count: int
    unit: str
    seconds: float
    guessed: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """changes: in the spec since the last whole build. units: ids of those that would run. steps: empty for nothing."""

    changes: tuple[Change, ...]
    units: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)


@dataclass(frozen=True, slots=True)
class Built:
    """What an earlier build left.

    lock: of the last whole build, None for none. program: its program. trained, measured: whether the run of these very
    rows is there and done.
    """

    lock: Mapping[str, Any] | None = None
    program: Program | None = None
    trained: bool = False
    measured: bool = False


def plan(
    program: Program,
    units: Sequence[Unit],
    lock: Mapping[str, Any],
    built: Built,
    steps_to_train: int,
    rates: Mapping[str, float] | None = None,
) -> Plan:
    """Compare.

    Args:
        program: of the spec as it is now.
        units: of its recipe.
        lock: that a build would write now, without rows.
        built: what is there.
        steps_to_train: over all stages of the method.
        rates: measured earlier, `stage/unit` -> a second.
    """
    rates = rates or {}
    old = built.lock or {}
    whole = "rows" in old
    rebased = whole and old.get("base") != lock["base"]
    old_units = old.get("units", {}) if whole and not rebased else {}
    stale = tuple(unit for unit in units if old_units.get(unit.id) != lock["units"][unit.id])
    gone = [unit_id for unit_id in old_units if unit_id not in lock["units"]]
    changes = _changes(program, built.program, old, lock) if whole else ()

    training_rows = [u for u in stale if u.purpose == "pairs"]
    lost_rows = [i for i in gone if "/probes" not in i and "/author-" not in i]
    jobs = [
        path
        for path, digest in lock["files"].items()
        if path.startswith("jobs/") and old.get("files", {}).get(path) != digest
    ]
    new_data = whole and old.get("data") != lock["data"]
    retrain = bool(training_rows or lost_rows or jobs or rebased or new_data) or not built.trained
    prompt = old.get("files", {}).get("prompt.md") != lock["files"]["prompt.md"]
    probes = [u for u in stale if u.purpose == "probes"]
    lost_probes = len(gone) - len(lost_rows)
    remeasure = retrain or prompt or bool(probes) or bool(lost_probes) or not built.measured

    steps = []
    if stale or gone or new_data or not whole:
        why = _why_generate(stale, gone, whole, rebased, new_data)
        steps.append(_step("generate", why, sum(unit.count for unit in stale), "rows", rates))
    if retrain:
        reasons = _why_train(training_rows, lost_rows, jobs, rebased, new_data)
        steps.append(_step("train", reasons or ("no adapter of these rows is there",), steps_to_train, "steps", rates))
    if remeasure:
        why_not = () if retrain else _why_measure(prompt, probes, lost_probes)
        reason = ("the adapter would be another one",) if retrain else why_not or ("this adapter was not measured yet",)
        count = len(ARMS) * sum(u.count for u in units if u.purpose == "probes")
        steps.append(_step("measure", reason, count, "answers", rates))
    return Plan(changes, tuple(u.id for u in stale), tuple(steps))


def _step(stage: str, why: Sequence[str], count: int, unit: str, rates: Mapping[str, float]) -> Step:
    measured = [rate for key, rate in rates.items() if key.split("/")[0].startswith(stage) and rate > 0]
    rate = min(measured) if measured else GUESSED_RATES[stage]
    return Step(stage, tuple(why), count, unit, count / rate, not measured)


def _why_generate(
    stale: Sequence[Unit], gone: Sequence[str], whole: bool, rebased: bool, new_data: bool
) -> tuple[str, ...]:
    if not whole:
        return ("nothing was built yet",)
    if rebased:
        return ("the base is another one",)
    owners: dict[str, int] = {}
    for unit in stale:
        owners[unit.clause_ids[0]] = owners.get(unit.clause_ids[0], 0) + unit.count
    reasons = [f"{owner}: {count} rows and probes" for owner, count in owners.items()]
    if gone:
        reasons.append(f"{len(gone)} unit{'s are' if len(gone) > 1 else ' is'} no longer asked for")
    if new_data:
        reasons.append("the files under `data` changed")
    return tuple(reasons)


def _why_train(
    rows: Sequence[Unit], lost: Sequence[str], jobs: Sequence[str], rebased: bool, new_data: bool
) -> tuple[str, ...]:
    reasons = ["the base is another one"] if rebased else []
    if (rows or lost) and not rebased:
        reasons.append("training rows change")
    if new_data:
        reasons.append("the files under `data` changed")
    return (*reasons, *(f"{job} changes" for job in jobs if not rows and not rebased))


def _why_measure(prompt: bool, probes: Sequence[Unit], lost: int) -> tuple[str, ...]:
    return (*(["prompt.md changes"] if prompt else []), *(["probes change"] if probes or lost else []))


def _changes(
    program: Program, old: Program | None, old_lock: Mapping[str, Any], lock: Mapping[str, Any]
) -> tuple[Change, ...]:
    if old is None:
        return ()
    before = {c.id: c for c in old.clauses}
    after = {c.id: c for c in program.clauses}
    changes = [Change(i, "is new") for i in after if i not in before]
    changes += [Change(i, "is gone") for i in before if i not in after]
    for clause_id, clause in after.items():
        if clause_id in before and before[clause_id].digest != clause.digest:
            names = changed_fields(before[clause_id], clause)
            changes.append(Change(clause_id, f"{', '.join(names) or 'something'} changed"))
    for name in ("train", "model", "dimensions", "priority", "probes"):
        if plain(getattr(old, name)) != plain(getattr(program, name)):
            changes.append(Change(name, "changed"))
    if old_lock.get("device") != lock.get("device"):
        changes.append(Change("device", f"is {lock.get('device')} now"))
    return tuple(changes)


def changed_fields(before: Clause, after: Clause) -> list[str]:
    """Return the names of what differs, as an author writes them: a body's fields stand beside the clause's own."""
    names = [
        f.name
        for f in fields(Clause)
        if f.name not in (*NOT_IN_ARTIFACTS, "body") and plain(getattr(before, f.name)) != plain(getattr(after, f.name))
    ]
    if type(before.body) is not type(after.body):
        return [*names, "kind"]
    changed = [
        f.name for f in fields(after.body) if plain(getattr(before.body, f.name)) != plain(getattr(after.body, f.name))
    ]
    return changed + names
