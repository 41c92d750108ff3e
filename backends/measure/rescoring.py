"""Whether an artifact says what the trained adapter said: the probes of a measured run, asked again of it.

In: a measured run and an artifact: the run's own adapter as it is read from disk, a copy of it, or a model that it was
merged into. Out: checks, one an arm: how many greedy answers are those that were measured, and, where some differ, how
many clauses they keep that were broken and break that were kept. Nothing comes from the cache of answers but what a
judge has said. This file must not know targets or verdicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from backends.bases import Base, load_chat, resolve
from backends.cached import CachedEngine
from backends.measure import models
from backends.measure.answering import answer, decided
from backends.measure.arms import Said
from backends.measure.models import Models
from backends.train.adapters import adapter_digest
from backends.train.verifying import Check
from compiler import statistics
from compiler.arms import uses_adapter, uses_prompt
from compiler.records.measured import Measurement
from compiler.records.record import Arm
from compiler.records.rows import Probe
from compiler.runs import read_measured, read_rows

SIGNIFICANT = 0.05
"""Chance, over all clauses together, below which flips one way are no rounding."""
MOST = 3
"""Clauses that a check names."""


def rescored(
    build: Path,
    run: Path,
    artifact: Path | None = None,
    *,
    cache: Path | None = None,
    root: Path | None = None,
    local_files_only: bool = False,
) -> Iterator[Check]:
    """Ask an artifact what the run was asked, arm by arm.

    Args:
        artifact: None for the run's own adapter, read from disk.
        cache, root, local_files_only: as in `models.opened`.
    """
    opened = models.opened(build, run, cache=cache, root=root, local_files_only=local_files_only)
    rows = list(read_rows(Measurement, run / "measurements.jsonl"))
    probes = {probe.id for probe in opened.probes}
    for arm in filter(uses_adapter, read_measured(run).arms):
        measured = [row for row in rows if row.arm == arm and row.probe_id in probes]
        with TemporaryDirectory() as fresh:
            yield _compared(opened, arm, measured, artifact, Path(fresh))


def _compared(opened: Models, arm: Arm, measured: Sequence[Measurement], artifact: Path | None, fresh: Path) -> Check:
    asked = {probe.id: probe for probe in opened.probes}
    probes = [asked[row.probe_id] for row in measured]
    said = _said(opened, arm, probes, artifact, fresh)
    differ = [place for place, row in enumerate(measured) if not _same(row, said[place])]
    what = f"said by {arm}"
    alike = f"{len(measured) - len(differ):,} of {len(measured):,} answers as measured"
    if not differ:
        return Check(what, True, alike)
    again = decided([probes[p] for p in differ], arm, [said[p] for p in differ], opened.recipe, opened.judge)
    lost, won = Counter[str](), Counter[str]()
    for place, now in zip(differ, again, strict=True):
        for clause, kept in measured[place].held.items():
            lost[clause] += kept is True and now.held.get(clause) is False
            won[clause] += kept is False and now.held.get(clause) is True
    flipped = [clause for clause in lost if lost[clause] or won[clause]]
    chances = statistics.holm([statistics.mcnemar_exact(lost[clause], won[clause]) for clause in flipped])
    flipped.sort(key=lambda clause: -abs(lost[clause] - won[clause]))
    told = [f"{clause} {lost[clause]} broken now, {won[clause]} kept now" for clause in flipped[:MOST]]
    scores = "; ".join(told) if told else "no clause kept or broken otherwise"
    return Check(what, min(chances, default=1.0) > SIGNIFICANT, f"{alike}; {scores}")


def _same(row: Measurement, said: Said) -> bool:
    """What was said in turns before is not in the rows of an earlier version."""
    before = tuple(text or "" for text in said.before)
    return (said.answer or "") == row.answer and row.said in ((), before)


def _said(opened: Models, arm: Arm, probes: Sequence[Probe], artifact: Path | None, fresh: Path) -> list[Said]:
    """What the artifact says, computed now: `fresh` is an empty cache."""
    if artifact is not None and not (artifact / "adapter_config.json").is_file():
        # A whole model: what the adapter does is in it.
        subject = CachedEngine(_as_base(artifact, opened.base), fresh, computes=opened.subject.machine)
        return answer(subject, probes, "prompt" if uses_prompt(arm) else "base", opened.prompt)
    assert opened.adapter is not None
    adapter = opened.adapter if artifact is None else (artifact, adapter_digest(artifact))
    subject = CachedEngine(opened.base, fresh, adapter, computes=opened.subject.machine)
    return answer(subject, probes, arm, opened.prompt)


def _as_base(artifact: Path, base: Base) -> Base:
    """A merged model under the base's own template: its own may start from the compiled prompt, another arm."""
    return replace(resolve(str(artifact)), chat_template=str(load_chat(base).tokenizer.chat_template))
