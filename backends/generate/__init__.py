"""Following a recipe: from recipe.json to the rows that are trained on and the probes that are measured.

In: `build/<spec>/recipe.json`, and filters.json, which every row has to satisfy. Out, beside it: pairs.jsonl, sft.jsonl
where the method or the user's data wants it, probes.jsonl, mixture.json with what the rows are made of, and
generate.json with what was asked for, kept and dropped. Every answer is cached by content: a rebuild repeats none, and
a kill at any moment loses at most one batch. This file must not know clauses, only units.

    recipe.json  {"id": "trait.pirate/distill", "count": 96, "prompts": {"bank": true}, "chosen": {"system": "..."},
    ...} pairs.jsonl  {"id": "trait.pirate/distill-0000", "prompt": [...], "chosen": [...], "rejected": [...], ...}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from backends.cached import CachedEngine
from backends.generate.disjoint import LEFT_OUT
from backends.generate.mixing import counted
from backends.generate.opening import EngineFactory, Opened, opened
from backends.generate.own_data import OwnData
from backends.generate.questions import Questions, write_questions
from backends.generate.report import DataCounts, DisjointCounts, GenerateReport, RuleCounts, UnitCounts, by_reason
from backends.generate.taught import Taught, write_taught
from compiler.files import write_json, write_rows
from compiler.progress import Progress, silent
from compiler.records.filters import Filters
from compiler.records.mixture import Made


def run(
    build: Path,
    *,
    progress: Progress = silent,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
    engine: EngineFactory = CachedEngine,
    afresh: bool = False,
    asks: Mapping[str, Sequence[int]] | None = None,
) -> GenerateReport:
    """Write the rows that `build/recipe.json` asks for, and put the base beside them.

    Args:
        root: the folder that paths of the spec start from (the spec's own); the working folder unless given.
        cache: where answers are kept by content; `build/../.cache` unless given.
        local_files_only: take models from this machine only.
        engine: makes what answers for a base, with its cache.
        afresh: ask for every answer again, though an earlier build has made the same row.
        asks: by unit, as `mixing.make` takes them.

    Raises:
        DataError: recipe, bank or the user's data cannot be read.
        ModelLoadError, NetworkError, MemoryError_: a model cannot be had.
    """
    made_with = opened(
        build,
        cache or build.parent / ".cache",
        root or Path(),
        engine,
        local_files_only=local_files_only,
        afresh=afresh,
    )
    # Probes cost next to nothing, and would let the time left look like many times what it is.
    total = sum(unit.count for unit in made_with.trained)
    taught = write_taught(made_with, progress, asks)
    questions = write_questions(made_with, taught, lambda unit: progress("generate", total, total, "rows", unit))
    report = _report(made_with, taught, questions)
    _write(made_with, taught, questions, report)
    made_with.close()
    progress("generate", total, total, "rows", "done")
    return report


def _report(made_with: Opened, taught: Taught, questions: Questions) -> GenerateReport:
    base, teacher, judge = made_with.base, made_with.teacher, made_with.judge
    makings = [UnitCounts.of(m.unit, m.candidates, len(m.rows), m.dropped, m.asks) for m in taught.makings]
    counts = [*makings, *questions.units]
    rows = {"pairs": len(taught.pairs), "sft": len(taught.chats), "probes": len(questions.probes)}
    if made_with.units("watch"):
        rows["watch"] = len(questions.watched)
    return GenerateReport(
        base=base.name,
        base_digest=base.digest,
        teacher=teacher.name,
        teacher_digest=teacher.digest,
        judge=judge.name,
        judge_digest=judge.digest,
        units=tuple(counts),
        filters=_by_rule(made_with.filters, counts, taught.own),
        data=tuple(
            DataCounts(
                path=file.path,
                rows=file.rows,
                kept=file.kept,
                dropped=by_reason(file.dropped),
                cut=file.cut,
                max_length=made_with.max_length,
            )
            for file in taught.own.files
        ),
        disjoint=DisjointCounts(
            training=questions.compared,
            probes=len(questions.probes),
            left_out=sum(c.dropped.get(reason, 0) for c in counts if c.purpose != "watch" for reason in LEFT_OUT),
        ),
        duplicates=taught.duplicates,
        struck=len(made_with.struck),
        rows=rows,
    )


def _by_rule(filters: Filters, counts: Sequence[UnitCounts], own: OwnData) -> tuple[RuleCounts, ...]:
    """What each rule left out: a row that breaks several is counted for the first."""
    dropped = sum((Counter(count.dropped) for count in counts if count.dropped), Counter[str]())
    return tuple(
        RuleCounts(
            rule=rule.key,
            clause_ids=rule.clause_ids,
            generated=dropped[rule.reason],
            own=own.broken[rule.key],
        )
        for rule in filters.rules
    )


def _write(made_with: Opened, taught: Taught, questions: Questions, report: GenerateReport) -> None:
    """Files, each whole or not at all; the report last, so that its presence means that the rest is there."""
    build = made_with.build
    write_rows(build / "pairs.jsonl", taught.pairs)
    if taught.chats:
        write_rows(build / "sft.jsonl", taught.chats)
    else:
        (build / "sft.jsonl").unlink(missing_ok=True)
    write_rows(build / "probes.jsonl", questions.probes)
    if made_with.units("watch"):
        write_rows(build / "watch.jsonl", questions.watched)
    else:
        (build / "watch.jsonl").unlink(missing_ok=True)
    own = [
        Made(clause="", generator="data", asked=file.rows, got=file.kept, sources={"own": file.kept})
        for file in taught.own.files
    ]
    mixture = counted(taught.makings, made_with.recipe.mixture, own)
    write_json(build / "mixture.json", mixture.model_dump(mode="json"))
    write_json(build / "generate.json", report.model_dump(mode="json"))
