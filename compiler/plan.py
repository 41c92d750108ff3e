"""What a build would do now, why, and how long it would take. Nothing runs.

In: the program and artifacts of a spec as it is, what an earlier build left, and measured rates. Out: a `Plan`. Digests
decide, and spans are in none of them: a comment edit plans nothing. This file must not read or write files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from compiler import rounds
from compiler.digests import plain
from compiler.facts import INFLUENCES, Stage
from compiler.ir import Clause, Program
from compiler.records.checks import JudgeCheck
from compiler.records.recipe import AnswerSource, Unit
from compiler.records.record import ARMS

# Rows, steps, answers a second where nothing was measured yet: nano on two cores (examples/pirate).
GUESSED_RATES = {"generate": 15.0, "train": 1.4, "measure": 60.0}
NOT_IN_ARTIFACTS = ("span", "field_spans", "because", "tags", "rank", "depends", "digest")


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since: `subject` is a clause id, or `train`, `model`, `torch`, ...; `what` says how, in words."""

    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """A stage that would run: `count` of `unit`. seconds: an estimate, `guessed` where no rate was measured. fewest: of
    answers, those after which `tenet measure`, which stops where verdicts stand, may be done. watched: of steps, the
    answers that are asked for beside them, to watch the training."""

    stage: str
    why: tuple[str, ...]
    count: int
    unit: str
    seconds: float
    guessed: bool
    fewest: int | None = None
    watched: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """changes: in the spec since the last whole build. units: ids of those that would run. steps: empty for nothing."""

    changes: tuple[Change, ...]
    units: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    def with_seconds(self, stage: str, seconds: float) -> Plan:
        """The plan with what was measured of a stage in place of a guess."""
        told = [replace(s, seconds=seconds, guessed=False) if s.stage == stage else s for s in self.steps]
        return replace(self, steps=tuple(told))


@dataclass(frozen=True, slots=True)
class Built:
    """What an earlier build left.

    lock: of the last whole build, None for none. program: its program. trained, measured: whether the adapter of these
    very rows is there, and whether its measurements are of this very build. untrained, unmeasured: where not, what is
    known of the reason. answered: whether the base has answered probes here before, so that its answers are cached.
    begun: whether a build was stopped before its end, so that the answers it had written are cached.
    """

    lock: Mapping[str, Any] | None = None
    program: Program | None = None
    trained: bool = False
    measured: bool = False
    untrained: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
    answered: bool = False
    begun: bool = False


@dataclass(frozen=True, slots=True)
class _Difference:
    """What differs between two locks, as far as one stage or another cares."""

    whole: bool
    rebased: bool
    teacher: bool
    judge: bool
    bank: bool
    held_out: bool
    machine: tuple[str, ...]
    data: bool
    filters: bool
    struck: bool
    prompts: bool
    prompt: bool
    measures: bool
    jobs: tuple[str, ...]
    stale: tuple[Unit, ...]
    gone: tuple[str, ...]
    rows: tuple[Unit, ...] = field(init=False)
    probes: tuple[Unit, ...] = field(init=False)
    lost_rows: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", tuple(u for u in self.stale if u.is_trained))
        object.__setattr__(self, "probes", tuple(u for u in self.stale if u.purpose == "probes"))
        object.__setattr__(self, "lost_rows", sum("/probes" not in i and "/author-" not in i for i in self.gone))

    @property
    def lost_probes(self) -> int:
        return len(self.gone) - self.lost_rows


def plan(
    program: Program,
    units: Sequence[Unit],
    lock: Mapping[str, Any],
    built: Built,
    steps_to_train: int,
    rates: Mapping[str, float] | None = None,
    watched: int = 0,
) -> Plan:
    """Compare.

    Args:
        program: of the spec as it is now.
        units: of its recipe.
        lock: that a build would write now, without rows.
        built: what is there.
        steps_to_train: over all stages of the method.
        rates: measured earlier, `stage/unit` -> a second.
        watched: answers that the watching of the training asks for.
    """
    rates = rates or {}
    old = built.lock or {}
    found = _compare(program, units, lock, old)
    changes = _changes(program, built.program, old, lock) if found.whole else ()
    why_generate, why_train = _why_generate(found, built), _why_train(found, built)
    why_measure = _why_measure(found, built, retrain=bool(why_train))

    steps = []
    if why_generate:
        steps.append(_step("generate", why_generate, sum(unit.count for unit in found.stale), "rows", rates))
    if why_train:
        step = _step("train", why_train, steps_to_train, "steps", rates)
        seconds = _step("measure", (), watched, "answers", rates).seconds
        steps.append(replace(step, seconds=step.seconds + seconds, watched=watched))
    if why_measure:
        answers = _answers(units, found, built, bool(why_train))
        step = _step("measure", why_measure, answers, "answers", rates)
        fewest = len(ARMS) * rounds.fewest([clause.id for clause in program.clauses], units)
        steps.append(replace(step, fewest=min(answers, fewest)))
    return Plan(changes, tuple(u.id for u in found.stale), tuple(steps))


def _compare(program: Program, units: Sequence[Unit], lock: Mapping[str, Any], old: Mapping[str, Any]) -> _Difference:
    whole = "rows" in old
    model = program.model
    rebased = whole and _is_another(old.get("base"), lock["base"], model.base)
    teacher = whole and _is_another(old.get("teacher"), lock["teacher"], model.teacher)
    judge = whole and _is_another(old.get("judge"), lock["judge"], model.judge)
    at_hand = lock["base"]["digest"] is not None
    bank = whole and at_hand and old.get("bank") != lock["bank"]
    held_out = whole and at_hand and old.get("held_out") != lock["held_out"]
    prompts = whole and old.get("prompts", {}) != lock["prompts"]
    machine = machine_changes(old, lock, "generate") if whole else ()
    old_units = old.get("units", {}) if whole else {}
    old_files = old.get("files", {})

    def is_stale(unit: Unit) -> bool:
        models = models_of(unit)
        answered = (teacher and "teacher" in models) or (judge and "judge" in models) or (machine and models)
        asked = (bank and _asks_bank(unit)) or (held_out and _is_split(unit)) or (prompts and bool(unit.prompts.own))
        return rebased or bool(answered) or bool(asked) or old_units.get(unit.id) != lock["units"][unit.id]

    return _Difference(
        whole=whole,
        rebased=rebased,
        teacher=teacher,
        judge=judge,
        bank=bank,
        held_out=held_out,
        machine=machine,
        data=whole and old.get("data") != lock["data"],
        filters=whole and old.get("filters") != lock["filters"],
        struck=whole and old_files.get("struck.json") != lock["files"].get("struck.json"),
        prompts=prompts,
        prompt=old_files.get("prompt.md") != lock["files"]["prompt.md"],
        measures=old.get("measures") != lock["measures"],
        jobs=tuple(p for p, sha in lock["files"].items() if _tells_how(p) and old_files.get(p) != sha),
        stale=tuple(unit for unit in units if is_stale(unit)),
        gone=tuple(i for i in old_units if i not in lock["units"]) if not rebased else (),
    )


def _tells_how(path: str) -> bool:
    """Whether a file of the build says how it is trained."""
    return path.startswith("jobs/") or path == "watch.json"


def _is_another(old: Mapping[str, Any] | None, now: Mapping[str, Any] | None, name: str | None) -> bool:
    """Whether a role is played by another model than before. One that is not at hand is known by its name alone."""
    if now is None or now["digest"] is None:
        return (old or {}).get("name") != name and not (old is None and now is None)
    return old != now


def models_of(unit: Unit) -> frozenset[str]:
    """Who is asked for a unit's rows: `base`, `teacher`, `judge`. Literal rows ask nobody."""
    asked = set()
    if unit.prompts.about:
        asked.add("teacher")
    if unit.purpose == "chats":
        asked |= {"base", *(["judge"] if any(isinstance(check, JudgeCheck) for check in unit.checks) else [])}
    if unit.purpose == "pairs":
        if _is_sampled(unit.chosen) or (unit.pressure and unit.pressure.role == "user"):
            asked.add("teacher")
        if _is_sampled(unit.rejected):
            asked.add("base")
        if any(isinstance(check, JudgeCheck) for check in unit.checks):
            asked.add("judge")
    return frozenset(asked)


def _is_split(unit: Unit) -> bool:
    """Whether the words that a base holds out decide what a unit asks; an author's own probes are asked as given."""
    return unit.is_trained or _asks_bank(unit) or bool(unit.prompts.about)


def _asks_bank(unit: Unit) -> bool:
    dialogue = unit.dialogue
    return unit.prompts.bank or (dialogue is not None and dialogue.every > 1 and dialogue.between.bank)


def _is_sampled(source: AnswerSource | None) -> bool:
    return source is not None and not (source.given or source.texts or source.other)


def machine_changes(old: Mapping[str, Any], lock: Mapping[str, Any], stage: Stage) -> tuple[str, ...]:
    """What of the machine differs between two locks and can change what `stage` computes, in words."""
    before = {**old.get("machine", {}), **{p: old.get("versions", {}).get(p) for p in INFLUENCES[stage]}}
    now = {**lock["machine"], **{p: lock["versions"].get(p) for p in INFLUENCES[stage]}}
    return differing(before, now)


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what differs, with both values.

    >>> differing({"torch": "2.12.0", "device": "cpu"}, {"torch": "2.13.0", "device": "cpu"})
    ('torch is 2.13.0 now, was 2.12.0',)
    """
    return tuple(
        f"{name} is {value or 'missing'} now, was {before.get(name) or 'missing'}"
        for name, value in now.items()
        if before.get(name) != value
    )


def _step(stage: str, why: Sequence[str], count: int, unit: str, rates: Mapping[str, float]) -> Step:
    measured = [rate for key, rate in rates.items() if key.split("/")[0].startswith(stage) and rate > 0]
    rate = min(measured) if measured else GUESSED_RATES[stage]
    return Step(stage, tuple(why), count, unit, count / rate, not measured)


def _answers(units: Sequence[Unit], found: _Difference, built: Built, retrain: bool) -> int:
    """How many answers are not cached: an arm answers anew what is new, or all where the arm itself is another one."""
    everything = sum(u.count for u in units if u.purpose == "probes")
    if not built.answered or found.rebased or found.machine:
        return len(ARMS) * everything
    new = sum(u.count for u in found.probes)
    prompt = everything if found.prompt else new
    adapter = everything if retrain else new
    return new + prompt + adapter + max(prompt, adapter)


def _why_generate(found: _Difference, built: Built) -> tuple[str, ...]:
    if not found.whole and built.begun:
        return ("a build stopped before its end; answers that it has written are kept, and take no time",)
    if not found.whole:
        return ("nothing was built yet",)
    if found.rebased:
        return ("the base is another one",)
    reasons = [*found.machine]
    if found.teacher:
        reasons.append("the teacher is another one")
    if found.judge and any("judge" in models_of(unit) for unit in found.stale):
        reasons.append("the judge is another one")
    if found.bank:
        reasons.append("the prompt bank changed")
    if found.held_out:
        reasons.append("the words that are kept for probes changed")
    if found.prompts:
        reasons.append("the files under `prompts` changed")
    if not reasons:
        owners: dict[str, int] = {}
        for unit in found.stale:
            owners[unit.clause_ids[0]] = owners.get(unit.clause_ids[0], 0) + unit.count
        reasons += [f"{owner}: {count} rows and probes" for owner, count in owners.items()]
    if found.gone:
        count = f"{len(found.gone)} unit{'s' if len(found.gone) > 1 else ''} of recipe.json"
        reasons.append(f"{count} {'are' if len(found.gone) > 1 else 'is'} no longer asked for")
    if found.filters:
        reasons.append("filters.json changes: all other rows pass through it again, as they were answered before")
    if found.struck:
        reasons.append("other rows are struck out than were; another takes each one's place where there is one")
    if found.measures and not found.probes:
        reasons.append("probes: which clauses their answers decide, or by which checks, changes")
    if found.data:
        reasons.append("the files under `data` changed")
    return tuple(reasons)


def _why_train(found: _Difference, built: Built) -> tuple[str, ...]:
    if found.rebased:
        return ("the base is another one",)
    reasons = [*built.untrained]
    if found.rows or found.lost_rows:
        reasons.append("training rows change" if found.whole else "there are no rows yet")
    elif found.struck:
        reasons.append("other rows are struck out")
    elif found.whole:
        reasons += [f"{job} changes" for job in found.jobs]
    if found.data:
        reasons.append("the files under `data` changed")
    return tuple(reasons) or (() if built.trained else ("no adapter of these rows is there",))


def _why_measure(found: _Difference, built: Built, *, retrain: bool) -> tuple[str, ...]:
    if retrain:
        return ("the adapter would be another one",)
    reasons = [*built.unmeasured]
    if found.prompt:
        reasons.append("prompt.md changes")
    if found.probes or found.lost_probes:
        reasons.append("probes change")
    if found.measures:
        reasons.append("what answers are held against changes")
    if found.judge:
        reasons.append("the judge is another one")
    return tuple(dict.fromkeys(reasons)) or (() if built.measured else ("this adapter was not measured yet",))


def _changes(
    program: Program, old: Program | None, old_lock: Mapping[str, Any], lock: Mapping[str, Any]
) -> tuple[Change, ...]:
    if old is None:
        return ()
    stages: tuple[Stage, ...] = ("generate", "train", "measure")
    machine = dict.fromkeys(text for stage in stages for text in machine_changes(old_lock, lock, stage))
    return (*program_changes(old, program), *(Change(*text.split(" ", 1)) for text in machine))


def program_changes(old: Program, program: Program) -> tuple[Change, ...]:
    """What differs between two programs, by clause and statement."""
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
