"""Measuring: every probe answered by every arm, and every answer decided.

In: `build/<spec>/` (probes.jsonl, prompt.md, recipe.json, ir.json) and a run with its adapter. Out, in the run's
folder: measurements.jsonl, one line for each arm and probe, and measure.json with how they were made and which probes
decide which figure. One base stands in memory; the adapter is switched on and off. Answers and judgements are cached by
content, so a killed measuring goes on where it was; no batch holds probes of two clauses, so an edited clause is
measured again alone. This file must not know targets or verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from backends import machine
from backends.bases import Base
from backends.cached import CHUNK, CachedEngine
from backends.deciding import decide
from backends.devices import Device, choose
from backends.engines import Conversation, Sampling
from backends.files import write_rows, write_text
from backends.judges import Judge
from backends.measure import outcomes
from backends.measure.arms import Said, seen, uses_adapter, waiting
from backends.measure.asked import keep_asked
from backends.measure.calibration import calibrate
from backends.measure.drift import with_drift
from backends.measure.engaged import engaged
from backends.measure.judging import Judging, judge_of_run, preferences, with_likelihoods
from backends.measure.kept import in_order, kept
from backends.measure.latency import write_latency
from backends.measure.sequential import ask_until_settled
from backends.recipes import base_of, judge_of, prompt_of, read_recipe
from compiler import ir_file, rounds, rubrics
from compiler.agreement import prompt_digest
from compiler.digests import measures_digest, rows_digest
from compiler.failures import DataError
from compiler.lowering.probes import FACTS
from compiler.progress import Progress, silent
from compiler.records import (
    ARMS,
    Arm,
    Calibration,
    Check,
    Engaged,
    Measurement,
    MeasureReport,
    Message,
    Probe,
    Recipe,
    Stopping,
)
from compiler.tallies import decided_by

if TYPE_CHECKING:
    from backends.measure.besides import Besides

ANSWERS = Sampling(max_new_tokens=160)
ONCE = Judging()


def described(max_new_tokens: int | None, temperature: float | None = 0.0) -> str:
    """How answers are drawn, in words. None: as the model's server sets it.

    >>> described(160)
    'greedy, at most 160 new tokens'
    """
    drawn = "the server's temperature" if temperature is None else f"temperature {temperature:g}"
    length = "" if max_new_tokens is None else f", at most {max_new_tokens} new tokens"
    return f"{'greedy' if temperature == 0 else drawn}{length}"


SAMPLING = described(ANSWERS.max_new_tokens)


def run(
    build: Path,
    run: Path | None,
    *,
    arms: Sequence[Arm] = ARMS,
    judging: Judging = ONCE,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    stopping: Stopping = "fixed",
    most: int | None = None,
    budget: int | None = None,
    besides: Besides | None = None,
) -> Path:
    """Measure `arms` on the probes of `build` and return the folder that holds the measurements.

    Args:
        run: a training's folder; None measures the base with and without the prompt, into `build/measured/`.
        judging: how judges are asked beyond each answer's verdict.
        cache: where answers are kept by content; `build/../.cache` unless given.
        root: the folder that paths of the spec start from.
        local_files_only: take models from this machine only.
        stopping: ask all probes, or until the verdicts stand (`sequential.py`).
        most: `fixed` asks at most so many probes for each figure.
        budget: `sequential` gives at most so many answers, of all arms together.
        besides: probe sets and inventories to ask, too.

    Raises:
        DataError: probes, prompt or adapter are missing.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    # These files stand on this one.
    from backends.measure.besides import Asking, ask_besides

    recipe = read_recipe(build)
    probes = read_probes(build / "probes.jsonl")
    prompt = prompt_of(build)
    base = base_of(build, recipe, root, local_files_only=local_files_only)
    judge_base = judge_of(recipe, base, root or Path(), local_files_only=local_files_only)
    cache = cache or build.parent / ".cache"
    if run is None:
        arms = [arm for arm in arms if not uses_adapter(arm)]
    adapter = _adapter(run) if run is not None else None
    # Answers that are cached are those of this very machine, so that one name is true of all of them.
    device = choose()
    computes = machine.of_device(device)
    subject = CachedEngine(base, cache, adapter, computes=computes)
    grader = subject if judge_base.digest == base.digest else CachedEngine(judge_base, cache, computes=computes)
    folder = run or build / "measured"
    arms = [arm for arm in ARMS if arm in arms]
    # What is measured, as it is now: a build may be made anew while answers are given.
    report = _report(build, recipe, base, judge_base, adapter, arms, device)
    report = report.model_copy(update={"stopping": stopping, "most": most, "budget": budget})
    program = ir_file.load(build / "ir.json")
    judge = judge_of_run(program, grader, judging.repeats)
    asked_in = rubrics.digests(program, plain=rubrics.is_plain(judge_base.name))
    report = report.model_copy(update={"rubrics": asked_in, "judge_repeats": judging.repeats})
    plan = rounds.plan([clause.id for clause in program.clauses], probes, report.seed)
    everything = probes
    if most is not None:
        first = rounds.at_most(plan, most)
        probes = [probe for probe in probes if probe.id in first]
    total = len(arms) * len(probes)

    # Gate 0: an adapter that does nothing is not measured.
    gated = plan.fixed if stopping == "sequential" else probes
    gate = _gate(subject, gated, prompt) if adapter and any(map(uses_adapter, arms)) else None
    measurements: list[Measurement] = []
    second = subject if judging.likelihood else None
    calibrations: tuple[Calibration, ...] = ()
    if gate is None or gate.engaged:
        calibrations = calibrate(program, judge, second)
        if stopping == "sequential":
            measurements = ask_until_settled(
                plan,
                program,
                probes,
                arms,
                calibrations,
                lambda asked, arm: _decided(asked, arm, answer(subject, asked, arm, prompt), recipe, judge),
                budget,
                lambda answered, what: progress("measure", answered, total, "answers", what),
            )
        else:
            for number, arm in enumerate(arms):

                def tell(n: int, before: int = number * len(probes), name: str = arm) -> None:
                    progress("measure", before + n, total, "answers", name)

                tell(0)
                answers = answer(subject, probes, arm, prompt, tell)
                measurements += _decided(probes, arm, answers, recipe, judge)
    measurements = with_drift(measurements, probes, subject)
    if second is not None:
        measurements = with_likelihoods(program, probes, measurements, second)
    asked, given = {row.probe_id for row in measurements}, len(measurements)
    answered = arms if measurements else []
    asking = Asking(subject, grader, answered, prompt, build, folder, progress, program, everything, measurements)
    further = ask_besides(besides, asking, report)
    figures = {
        clause_id: {
            figure: tuple(probe.id for probe in counted if probe.id in asked) for figure, counted in found.items()
        }
        for clause_id in (*(clause.id for clause in program.clauses), FACTS)
        if (found := decided_by(clause_id, everything))
    }

    # Arms that were measured before on this very build keep their answers.
    earlier = kept(folder, report, arms)
    measurements = in_order([*earlier.measurements, *measurements])
    arms = [arm for arm in ARMS if arm in (*earlier.arms, *arms)]
    report = report.model_copy(
        update={
            "arms": tuple(arms),
            "engaged": gate or earlier.engaged,
            "answers": {arm: sum(m.arm == arm for m in measurements) for arm in arms},
            "calibrations": calibrations,
            "pairwise": preferences(program, probes, measurements, judge) if judging.pairwise else (),
            "decided_by": figures if measurements else {},
            "prompt_tokens": subject.count(prompt),
            "always": tuple(p.id for p in plan.fixed if p.id in asked) if stopping == "sequential" else (),
            **further,
        }
    )
    # The report says what the answers beside it are of, so it goes first and comes last.
    (folder / "measure.json").unlink(missing_ok=True)
    write_rows(folder / "measurements.jsonl", measurements)
    keep_asked(build, folder)
    write_text(folder / "measure.json", report.model_dump_json(indent=1) + "\n")
    if subject.loaded and measurements:
        write_latency(folder, subject, probes, prompt, report)
    progress("measure", given, given, "answers", "done")
    return folder


def read_probes(path: Path) -> list[Probe]:
    try:
        with path.open(encoding="utf-8") as lines:
            probes = [Probe.model_validate_json(line) for line in lines if line.strip()]
    except FileNotFoundError as error:
        raise DataError(f"{path} is not there", help="build the spec first: tenet build SPEC") from error
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    if not probes:
        raise DataError(f"{path} has no probes", help="see generate.json for what was dropped, and why")
    return probes


def _adapter(run: Path) -> tuple[Path, str]:
    from backends.train.adapters import adapter_digest

    if not (run / "adapter").is_dir():
        raise DataError(f"{run} has no adapter", help="train it first: tenet train SPEC")
    return run / "adapter", adapter_digest(run / "adapter")


# ------------------------------------------------------------------ answers


def answer(
    subject: CachedEngine, probes: Sequence[Probe], arm: Arm, prompt: str, tell: Callable[[int], None] | None = None
) -> list[Said]:
    """What the arm says to each probe, greedily. A push after a first answer follows the arm's own first answer, and
    each turn of a dialogue its own answers to the turns before."""
    said: dict[str, Said] = {}
    for own in _by_clause(probes):

        def told(n: int, before: int = len(said)) -> None:
            if tell is not None:
                tell(before + n)

        answers = _answer(subject, [seen(probe, arm, prompt) for probe in own], arm, told)
        said.update(zip((probe.id for probe in own), answers, strict=True))
    return [said[probe.id] for probe in probes]


def _by_clause(probes: Sequence[Probe]) -> list[list[Probe]]:
    """The probes of each clause together: whatever is batched is batched within one of these.

    A batch is cached as a whole. Were it shared, an edit to one clause would regroup the others' batches, and all of
    them would be answered and judged anew.
    """
    groups: dict[str, list[Probe]] = {}
    for probe in probes:
        groups.setdefault(probe.clause_id, []).append(probe)
    return list(groups.values())


def _answer(
    subject: CachedEngine, conversations: list[Conversation], arm: Arm, tell: Callable[[int], None]
) -> list[Said]:
    before: list[tuple[str | None, ...]] = [() for _ in conversations]
    # All conversations that wait for an answer go on by one turn together.
    while first := [place for place, conversation in enumerate(conversations) if waiting(conversation) is not None]:
        openings = [conversations[place][: waiting(conversations[place])] for place in first]
        for place, said in zip(first, _answers(subject, openings, arm), strict=True):
            at = waiting(conversations[place])
            assert at is not None
            # A template may refuse an empty turn; an answer of nothing is shown as such.
            filled = Message(role="assistant", content=said or "…")
            conversations[place] = (*conversations[place][:at], filled, *conversations[place][at + 1 :])
            before[place] = (*before[place], said)
    last = _answers(subject, conversations, arm, tell)
    return [Said(answer, earlier) for answer, earlier in zip(last, before, strict=True)]


def _answers(
    subject: CachedEngine, conversations: Sequence[Conversation], arm: Arm, tell: Callable[[int], None] | None = None
) -> list[str | None]:
    """Each different conversation is answered once, in batches that share a system message where they can."""
    said: dict[Conversation, str | None] = {}
    for batch in _batches(conversations):
        said.update(zip(batch, subject.answers(batch, ANSWERS, adapter=uses_adapter(arm)), strict=True))
        if tell is not None:
            tell(sum(conversation in said for conversation in conversations))
    return [said[conversation] for conversation in conversations]


def _batches(conversations: Sequence[Conversation]) -> list[list[Conversation]]:
    def order(conversation: Conversation) -> tuple[str, int]:
        system = conversation[0].content if conversation[0].role == "system" else ""
        return system, sum(len(m.content) for m in conversation)

    different = sorted(dict.fromkeys(conversations), key=order)
    return [different[start : start + CHUNK] for start in range(0, len(different), CHUNK)]


def _gate(subject: CachedEngine, probes: Sequence[Probe], prompt: str) -> Engaged:
    """Look at a batch of the first clause's prompts."""
    conversations = [seen(probe, "adapter", prompt) for probe in _by_clause(probes)[0]]
    whole = [c for c in conversations if waiting(c) is None] or [c[: waiting(c)] for c in conversations]
    asked = _batches(whole)[0]
    return engaged(subject, asked, subject.answers(asked, ANSWERS), subject.answers(asked, ANSWERS, adapter=True))


# ------------------------------------------------------------------ decisions


def _decided(
    probes: Sequence[Probe], arm: Arm, answers: Sequence[Said], recipe: Recipe, judge: Judge
) -> list[Measurement]:
    said = dict(zip((probe.id for probe in probes), answers, strict=True))
    rows: dict[str, Measurement] = {}
    for own in _by_clause(probes):
        asked = {probe.id: outcomes.asked(probe, said[probe.id], riding(probe, recipe)) for probe in own}
        decisions = iter(decide([one.case for probe in own for one in asked[probe.id]], judge))
        for probe in own:
            found = [(one, next(decisions)) for one in asked[probe.id]]
            rows[probe.id] = outcomes.measurement(probe, arm, said[probe.id], riding(probe, recipe), found)
    return [rows[probe.id] for probe in probes]


def riding(probe: Probe, recipe: Recipe) -> dict[str, tuple[Check, ...]]:
    """The clauses beside the probe's own that decide on the same answer, with their checks."""
    return {c: recipe.measures[c] for c in probe.measures if c in recipe.measures and c != probe.clause_id}


# ------------------------------------------------------------------ the report


def _report(
    build: Path,
    recipe: Recipe,
    base: Base,
    judge: Base,
    adapter: tuple[Path, str] | None,
    arms: Sequence[Arm],
    device: Device,
) -> MeasureReport:
    """How the measurements are made; what comes of them is filled in when it is known."""
    return MeasureReport(
        base=base.name,
        base_sha256=base.digest,
        adapter_sha256=adapter[1] if adapter else None,
        prompt_sha256=prompt_digest(build),
        probes_sha256=rows_digest(build / "probes.jsonl"),
        measures_sha256=measures_digest(recipe),
        judge=judge.name,
        judge_sha256=judge.digest,
        judge_is_subject=judge.digest == base.digest,
        teaching_base=base.name == "nano",
        arms=tuple(arms),
        answers={},
        device=device.name if device.kind != "cpu" else "cpu",
        dtype=device.dtype,
        machine=machine.of_device(device).influencing("measure"),
        expected=machine.expected().influencing("measure"),
        sampling=SAMPLING,
        versions=machine.recorded_versions(),
    )
