"""How often the judge, and the refusal detector, are right where the answer is known.

In: the spec's clauses with their good and bad examples; for nano, answers that its own world wrote in a known voice.
Out: counts by clause. A judge is tried only on what it is asked in earnest: answers that the clause's deterministic
checks leave open. This file must not know arms or probes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backends.cached import CachedEngine
from backends.deciding import Case, decide
from compiler.checks import evaluate
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
            known, labelled = _known(judge, judged[0])
            found += _count("judge", clause, judged, OWN, _open(_examples(clause), checks), judge)
            found += _count("judge", clause, judged, known, _open(labelled, checks), judge)
        if refusals:
            found += _count("refusal", clause, refusals, OWN, list(dict.fromkeys(_examples(clause))), judge)
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


def _open(labelled: Iterable[Labelled], checks: tuple[Check, ...]) -> list[Labelled]:
    """The different ones among `labelled` that only a judge can decide."""
    plain = [check for check in checks if not isinstance(check, JudgeCheck)]
    return [one for one in dict.fromkeys(labelled) if all(evaluate(check, one[1]) for check in plain)]


def _known(judge: CachedEngine, check: JudgeCheck) -> tuple[str, list[Labelled]]:
    """nano's world can say which answers are in a voice that the principle describes."""
    if judge.base.name != "nano":
        return "", []
    from backends.nano import labels

    labelled = labels.labelled(check.principle)
    return labels.SOURCE, [(question, answer, keeps is check.present) for question, answer, keeps in labelled]


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
