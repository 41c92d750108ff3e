"""How often the judge, and the refusal detector, are right where the answer is known.

In: the spec's clauses with their good and bad examples; for nano, answers that its own world wrote in a known voice.
Out: counts by clause. This file must not know arms or probes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backends.cached import CachedEngine
from backends.deciding import Case, decide
from compiler.deciding import deciding_checks
from compiler.ir import Clause, Program
from compiler.records import Calibration, Check, JudgeCheck, RefusalCheck

OWN = "the spec's own examples"


def calibrate(program: Program, judge: CachedEngine) -> tuple[Calibration, ...]:
    """One record for each clause that a judge or the refusal detector decides and that has labelled answers."""
    found: list[Calibration] = []
    for clause in program.clauses:
        checks = deciding_checks(clause)
        judged = tuple(c for c in checks if isinstance(c, JudgeCheck))
        refusals = tuple(c for c in checks if isinstance(c, RefusalCheck))
        if judged:
            found += _count("judge", clause, judged, OWN, list(_examples(clause)), judge)
            found += _count("judge", clause, judged, *_known(judge, judged[0]), judge)
        if refusals:
            found += _count("refusal", clause, refusals, OWN, list(_examples(clause)), judge)
    return tuple(found)


Labelled = tuple[str, str, bool]
"""Question, answer, whether the answer keeps the clause."""


def _examples(clause: Clause) -> Iterator[Labelled]:
    for example in clause.examples:
        question = example.turns[-1].text
        for answer in example.good:
            yield question, answer, True
        for answer in example.bad:
            yield question, answer, False


def _known(judge: CachedEngine, check: JudgeCheck) -> tuple[str, list[Labelled]]:
    """nano's world can say which answers are in a voice that the principle describes."""
    if judge.base.name != "nano":
        return "", []
    from backends.nano import labels

    return labels.SOURCE, list(labels.labelled(check.principle))


def _count(
    what: str, clause: Clause, checks: tuple[Check, ...], labels: str, labelled: Sequence[Labelled], judge: CachedEngine
) -> list[Calibration]:
    if not labelled:
        return []
    decisions = decide([Case(question, answer, checks) for question, answer, _ in labelled], judge)
    counts = dict.fromkeys(("kept", "kept_right", "broken", "broken_right", "unread"), 0)
    for (_, _, keeps), decision in zip(labelled, decisions, strict=True):
        if decision.kept is None:
            counts["unread"] += 1
            continue
        side = "kept" if keeps else "broken"
        counts[side] += 1
        counts[f"{side}_right"] += decision.kept is keeps
    return [Calibration.model_validate({"what": what, "clause_id": clause.id, "labels": labels, **counts})]
