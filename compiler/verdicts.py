"""Intent against behaviour: the measurements of a run, held against what each clause asked for.

In: a build folder (ir.json, probes.jsonl, prompt.md, lock.json, sources.json) and a run folder (measurements.jsonl,
measure.json). Out: a `DiffReport`, stored as diff.json, and the exit code that it means. Nothing is generated or judged
here: the answers and what each check said about them are on disk already. This file must not know how a page looks.

The rules, each tested:

1. met: the whole interval is on the good side of the target; missed: none of it is; else unclear.
2. An answer that nobody could decide is missing data: in no count, and where it could turn a verdict there is none.
3. An adapter that does nothing is not measured: the report stops there.
4. A judge that is uncalibrated, fails its bar (`judges.py`), or whose errors could turn the verdict settles nothing,
   unless people have labelled a uniform sample of the answers: then their labels decide with it (`labelled_rates.py`).
5. Pressure and look-alike prompts do not raise or lower the clause's rate; they have verdicts of their own, which count
   for the exit code as the clause's own does (`clause_rows.py` has their targets).
6. Where probes were asked until verdicts stood, intervals and p-values of clauses hold at every n (`stopping.py`);
   facts and side effects are read from the probes that were asked whatever the answers were.
7. Each verdict rests on its own interval: none is corrected for how many there are, and the report says how many.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from compiler import (
    calibrating,
    families,
    ir_file,
    judge_cards,
    marking,
    over_turns,
    rounds,
    side_effects,
    statistics,
    tallies,
)
from compiler import metrics as figures
from compiler.calibrating import Labels
from compiler.clause_rows import Measured, clause_row
from compiler.digests import file_digest
from compiler.facets import is_facet
from compiler.failures import DataError
from compiler.inventories.profiles import WEAK, profiles
from compiler.inventories.records import ItemAnswer, ShownAnswer
from compiler.ir import Program
from compiler.lowering.probes import FACTS
from compiler.metrics.asked import Asked
from compiler.probe_sets.figures import probe_set
from compiler.probe_sets.records import SetProbe
from compiler.records import Arm, InventoryReport, Label, Measurement, MeasureReport, Probe, SetReport
from compiler.report.power import warnings as mutation_warnings
from compiler.report.record import (
    ClauseRow,
    DiffReport,
    Facts,
    Mutant,
    MutationReport,
    Provenance,
    SourceFile,
    Transcript,
    Trial,
)
from compiler.tallies import Answers

FACTS_MARGIN = 0.03
# A page with more conversations than this is slow to open; flips and broken clauses come first.
MOST_TRANSCRIPTS = 800


class MeasuredSet(NamedTuple):
    """A probe set from a file, as it was asked and answered."""

    asked: SetReport
    rows: tuple[SetProbe, ...]
    measurements: tuple[Measurement, ...]


class MeasuredInventory(NamedTuple):
    """An inventory, as the arms answered it and as a judge read their everyday answers."""

    asked: InventoryReport
    items: tuple[ItemAnswer, ...]
    shown: tuple[ShownAnswer, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that a diff reads. sources: path -> text of the spec's files. hashes: of the files that went in.
    labels: what people said of the answers. mutations: where the spec was mutated, too."""

    name: str
    program: Program
    probes: tuple[Probe, ...]
    measurements: tuple[Measurement, ...]
    measured: MeasureReport
    prompt: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[Label, ...] = ()
    mutations: MutationReport | None = None
    sets: tuple[MeasuredSet, ...] = ()
    inventories: tuple[MeasuredInventory, ...] = ()

    @property
    def answers(self) -> Answers:
        return {(row.probe_id, row.arm): row for row in self.measurements}


def diff(build: Path, run: Path) -> DiffReport:
    """Return the report on `run`; `compare` does the work.

    Raises:
        DataError: a file is missing or holds something else.
    """
    return compare(read(build, run))


def compare(run: Run) -> DiffReport:
    """Return what was asked beside what was measured."""
    measured = run.measured
    arms = measured.arms
    subject = tallies.subject_of(arms)
    # 1. An adapter that does nothing gives no verdicts.
    engaged = measured.engaged is None or measured.engaged.engaged
    if not engaged:
        return _frame(run, subject, "not engaged")
    answers = run.answers
    # 2. Every clause on its own prompts, then pushed, then on what must still be answered.
    expired = partial(calibrating.expired, run.program, measured)
    labels = calibrating.of_run(run.program, run.probes, answers, run.labels)
    people = calibrating.on_labels(run.program, run.probes, answers, labels, measured)
    calibrations = (*measured.calibrations, *people)
    units = None
    if measured.stopping == "sequential":
        units = rounds.plan([c.id for c in run.program.clauses], run.probes, measured.seed).units
    of_run = Measured(
        run.program, run.probes, answers, arms, subject, calibrations, run.sources, labels, expired, units
    )
    rows = [clause_row(of_run, clause) for clause in run.program.clauses]
    # 3. Many verdicts at once: what a correction for their number would leave of them.
    rows, multiplicity = _adjust(rows)
    # 4. What should not have moved.
    facts = _facts(run.probes, answers, arms, subject)
    fixed = set(measured.always)
    watched = [probe for probe in run.probes if units is None or probe.id in fixed]
    effects = side_effects.measure(run.program, watched, answers, arms, subject, run.prompt)
    metrics = figures.measure(Asked(run.program, watched, answers, arms, subject, run.prompt, measured.prompt_tokens))
    survival = over_turns.measure([clause.id for clause in run.program.clauses], watched, answers, arms)
    # 5. What its probes would notice.
    mutants, unseen = _mutants(run)
    # 6. What was said, for a reader to see.
    transcripts = _transcripts(run.probes, answers, arms, subject)
    return _frame(run, subject, "measured").model_copy(
        update={
            "clauses": tuple(rows),
            "facts": facts,
            "side_effects": effects,
            "judge_cards": judge_cards.cards(measured, calibrations, expired, _kin(run)),
            "metrics": metrics,
            "survival": survival,
            "profiles": tuple(profile for one in run.inventories for profile in profiles(*one, arms)),
            "sets": tuple(probe_set(*one, arms, subject) for one in run.sets),
            "transcripts": marking.marked(transcripts[:MOST_TRANSCRIPTS], run.program, run.probes),
            "transcripts_total": len(transcripts),
            "mutants": mutants,
            "warnings": (
                *_warnings(run, rows, subject),
                *_unfit(labels),
                *unseen,
                *((WEAK,) if run.inventories else ()),
            ),
            "multiplicity": multiplicity,
        }
    )


def exit_code(report: DiffReport, strict: bool = False) -> int:
    """Return 0 when nothing was missed, under pressure and on look-alikes included (`strict`: nothing unclear, no fact
    lost), 1 when something was, 3 when the adapter does nothing, so that there is nothing to judge."""
    if report.status == "not engaged":
        return 3
    verdicts = {found.verdict for row in report.clauses for found in row.decided}
    if "missed" in verdicts:
        return 1
    loose = verdicts & {"unclear", None} or (report.facts and report.facts.verdict == "lost")
    return 1 if strict and loose else 0


# ------------------------------------------------------------------ reading a run

# What went in, where it is there: a spec that trains nothing has no pairs.
HASHED = ("lock.json", "recipe.json", "prompt.md", "pairs.jsonl", "sft.jsonl", "probes.jsonl")


def read(build: Path, run: Path) -> Run:
    """Return what lies in a build folder and a run folder.

    Raises:
        DataError: a file is missing or holds something else.
    """
    program = ir_file.load(build)
    sources: dict[str, str] = {}
    mutated = run / "mutations.json"
    if (build / "sources.json").exists():
        sources = json.loads(_read(build / "sources.json"))["files"]
    measured = read_measured(run)
    return Run(
        name=run.name,
        program=program,
        probes=tuple(read_rows(Probe, build / "probes.jsonl")),
        measurements=tuple(read_rows(Measurement, run / "measurements.jsonl")),
        measured=measured,
        labels=calibrating.read(run),
        prompt=_read(build / "prompt.md") if (build / "prompt.md").exists() else "",
        sources=sources,
        hashes={name: file_digest(build / name) for name in HASHED if (build / name).exists()},
        mutations=_record(MutationReport, mutated, _read(mutated)) if mutated.exists() else None,
        sets=tuple(_set(run / "sets" / one.name, one) for one in measured.sets),
        inventories=tuple(_inventory(run / "inventories" / one.name, one) for one in measured.inventories),
    )


def _set(folder: Path, asked: SetReport) -> MeasuredSet:
    found = (
        tuple(read_rows(SetProbe, folder / "probes.jsonl")),
        tuple(read_rows(Measurement, folder / "measurements.jsonl")),
    )
    return MeasuredSet(asked, *found)


def _inventory(folder: Path, asked: InventoryReport) -> MeasuredInventory:
    items = tuple(read_rows(ItemAnswer, folder / "items.jsonl"))
    return MeasuredInventory(asked, items, tuple(read_rows(ShownAnswer, folder / "shown.jsonl")))


def read_measured(run: Path) -> MeasureReport:
    """Return how a run was measured.

    Raises:
        DataError: measure.json is missing or holds something else.
    """
    return _record(MeasureReport, run / "measure.json", _read(run / "measure.json"))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path} is not there", help="`tenet measure` writes it") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text ({error.reason})") from None


Row = TypeVar("Row", bound=BaseModel)


def _record(kind: type[Row], path: Path, text: str, line: int | None = None) -> Row:
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field_name = ".".join(map(str, first["loc"])) or "the record"
        where = f"{path}:{line}" if line else f"{path}"
        raise DataError(f"{where} is no {kind.__name__}: {field_name}: {first['msg']}") from None


def read_rows(kind: type[Row], path: Path) -> Iterator[Row]:
    """Yield the records of a JSON Lines file.

    Raises:
        DataError: the file is missing or holds something else.
    """
    for number, line in enumerate(_read(path).split("\n"), 1):
        if line.strip():
            yield _record(kind, path, line, number)


# ------------------------------------------------------------------ all clauses together


def _adjust(rows: Sequence[ClauseRow]) -> tuple[list[ClauseRow], str]:
    """Adjust for the number of verdicts on hard clauses (Holm) and of differences on soft ones (Benjamini and
    Hochberg), and say in words that verdicts are not adjusted and what Holm's correction would leave of them."""
    found = {(row.id, _of(figure)): figure for row in rows for figure in row.decided}
    hard = {row.id for row in rows if row.hard}
    tested = [key for key, figure in found.items() if key[0] in hard and figure.p is not None]
    adjusted = dict(zip(tested, statistics.holm([found[key].p or 0.0 for key in tested]), strict=True))
    soft = [row.id for row in rows if not row.hard and row.difference is not None]
    raised = statistics.benjamini_hochberg([d.p for row in rows if row.id in soft and (d := row.difference)])
    moved = dict(zip(soft, raised, strict=True))
    out: list[ClauseRow] = []
    for row in rows:
        trials = tuple(
            trial.model_copy(update={"adjusted_p": adjusted.get((row.id, trial.of))}) for trial in row.trials
        )
        against = row.difference and row.difference.model_copy(update={"adjusted_p": moved.get(row.id)})
        out.append(
            row.model_copy(update={"adjusted_p": adjusted.get((row.id, "")), "difference": against, "trials": trials})
        )
    head = f"{_counted(len(found), 'verdict')} on {_counted(len(rows), 'clause')}, each from its own interval; "
    head += "none is corrected for their number."
    met = [key for key in tested if found[key].verdict == "met"]
    if len(tested) < 2 or not met:
        return out, head
    fallen = [f"{clause_id} {of.replace('_', '-')}".strip() for clause_id, of in met if adjusted[clause_id, of] > 0.05]
    head += f" Were the {len(tested)} on {_counted(len(hard), 'hard clause')} corrected (Holm, 5%), "
    head += f"{len(met) - len(fallen)} of the {len(met)} that are met would stay met"
    return out, f"{head}, and not {', '.join(fallen)}." if fallen else f"{head}."


def _of(figure: ClauseRow | Trial) -> str:
    return figure.of if isinstance(figure, Trial) else ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _facts(probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm], subject: Arm) -> Facts | None:
    asked = [p for p in probes if p.clause_id == FACTS and (p.id, subject) in answers]
    if not asked:
        return None
    columns = {arm: tallies.column(arm, FACTS, asked, answers) for arm in arms}
    rates = tuple(tallies.rate(arm, columns[arm], ">=", exact=False) for arm in arms)
    facts = Facts(margin=FACTS_MARGIN, rates=rates)
    if subject == "base" or "base" not in columns:
        return facts
    pairs = tallies.paired(columns[subject], columns["base"])
    if not pairs.n:
        return facts
    # A 90% interval is two one-sided 95% bounds, which is the test of equivalence (Schuirmann, 1987).
    bound = statistics.newcombe_paired(pairs, confidence=0.90)
    verdict = "kept" if bound.low >= -FACTS_MARGIN else "lost" if bound.high < -FACTS_MARGIN else "unclear"
    lost = tuple(
        p.id
        for p in asked
        if (was := answers.get((p.id, "base"))) is not None
        and (now := answers.get((p.id, subject))) is not None
        and was.held.get(FACTS)
        and now.held.get(FACTS) is False
    )
    return facts.model_copy(
        update={
            "difference": tallies.difference(subject, "base", columns[subject], columns["base"], ">="),
            "bound": (bound.low, bound.high),
            "verdict": verdict,
            "within_margin": pairs.difference >= -FACTS_MARGIN,
            "lost": lost,
        }
    )


def _mutants(run: Run) -> tuple[tuple[Mutant, ...], tuple[str, ...]]:
    """Return what was mutated, and what a reader must know of it; nothing that is not of this measuring."""
    if run.mutations is None:
        return (), ()
    same = ("base_sha256", "judge_sha256", "prompt_sha256", "probes_sha256", "measures_sha256", "sampling")
    if any(getattr(run.mutations, name) != getattr(run.measured, name) for name in same):
        return (), ("mutations.json is of another build and left out: `tenet measure --mutate SPEC` makes it anew.",)
    return run.mutations.mutants, mutation_warnings(run.mutations.mutants)


def _transcripts(probes: Sequence[Probe], answers: Answers, arms: Sequence[Arm], subject: Arm) -> list[Transcript]:
    """Every conversation: first where the subject breaks what the base kept, then what flipped on its own clause, what
    flipped besides, what the subject breaks as the base does, and the rest; each group in the order of the probes."""
    out: list[Transcript] = []
    for probe in probes:
        row = {arm: found for arm in arms if (found := answers.get((probe.id, arm))) is not None}
        if not row:
            continue
        now = row[subject].held if subject in row else {}
        was = row["base"].held if "base" in row and subject != "base" else {}
        flipped = tuple(
            i
            for i, kept in now.items()
            if kept is not None and was.get(i) is not None and was[i] != kept and not is_facet(i)
        )
        out.append(
            Transcript(
                probe_id=probe.id,
                clause_id=probe.clause_id,
                clause_ids=tuple(i for i in dict.fromkeys((probe.clause_id, *probe.measures)) if not is_facet(i)),
                aspect=probe.aspect,
                pressure=probe.pressure,
                context=probe.context,
                messages=probe.messages,
                answers={arm: found.answer for arm, found in row.items()},
                said={arm: found.said for arm, found in row.items() if found.said},
                held={arm: found.held for arm, found in row.items()},
                judge_yes={arm: f.judge_yes for arm, f in row.items() if f.judge_yes is not None},
                flipped=flipped,
                broken=tuple(i for i, kept in now.items() if kept is False and not is_facet(i)),
            )
        )
    return sorted(
        out,
        key=lambda t: (
            not set(t.flipped) & set(t.broken),
            t.clause_id not in t.flipped,
            not t.flipped,
            not t.broken,
        ),
    )


def _kin(run: Run) -> str | None:
    """What the judge is to the models whose answers it grades."""
    measured = run.measured
    teacher = run.program.model.teacher if measured.adapter_sha256 else None
    return families.kin(measured.judge, measured.base, teacher if teacher != measured.base else None)


def _warnings(run: Run, rows: Sequence[ClauseRow], subject: Arm) -> tuple[str, ...]:
    measured, kin = run.measured, _kin(run)
    judged = [row for row in rows if row.judged]
    out: list[str] = []
    if measured.teaching_base:
        out.append("nano is a base for trying and teaching. Its figures say nothing about a larger model.")
    if judged and measured.judge_is_subject:
        out.append("The judge is the model being measured and may share its blind spots. The spec can name another.")
    elif judged and families.is_partial(kin):
        out.append(f"The judge, {measured.judge}, {kin}: it may favour its own kind. The spec can name another.")
    for row in rows:
        for figure in row.decided:
            rate = next(rate for rate in figure.rates if rate.arm == subject)
            if rate.missing:
                where = f"{row.id}{' ' + figure.label if isinstance(figure, Trial) else ''}"
                asked = rate.n + rate.missing
                out.append(f"{where}: {rate.missing} of {asked} answers could not be decided and are left out.")
    if subject != "adapter":
        out.append(f"No adapter was measured. Verdicts are for the {subject} arm.")
    return tuple(out)


def _unfit(labels: Labels) -> Iterator[str]:
    for clause_id, lost in labels.unfit.items():
        yield f"{clause_id}: {_counted(lost, 'label')} no longer fit: the answer or the clause has changed since."


def _frame(run: Run, subject: Arm, status: str) -> DiffReport:
    measured = run.measured
    hashes = dict(run.hashes)
    hashes["base"] = measured.base_sha256
    if measured.adapter_sha256:
        hashes["adapter"] = measured.adapter_sha256
    if run.program.digest:
        hashes["program"] = run.program.digest
    return DiffReport(
        name=run.program.name,
        run=run.name,
        status=status,  # type: ignore[arg-type]  # the two literals of the field
        subject=subject,
        arms=measured.arms,
        engaged=measured.engaged,
        stopping=measured.stopping,
        sources=tuple(SourceFile(path=path, text=text) for path, text in run.sources.items()),
        prompt=run.prompt,
        warnings=_warnings(run, (), subject),
        provenance=Provenance(
            spec=next(iter(run.sources), run.program.name),
            base=measured.base,
            judge=measured.judge,
            device=measured.device,
            dtype=measured.dtype,
            sampling=measured.sampling,
            seed=measured.seed,
            hashes=hashes,
            versions=measured.versions,
            answers=measured.answers,
        ),
    )
