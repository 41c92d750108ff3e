"""How often the judge, and the refusal detector, are right where the answer is known.

In: the spec's clauses with their good and bad examples; for nano, answers that its own world wrote in a known voice.
Out: counts by clause. A judge is tried only on what it is asked in earnest: answers that the clause's deterministic
checks leave open. What people say of a run's own answers is counted where it is read (`compiler/calibrating.py`). This
file must not know arms or probes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backends.cached import CachedEngine
from backends.deciding import Case, decide
from backends.judges import likelihood
from backends.judges.model import ModelJudge
from compiler import rubrics
from compiler.checks import evaluate
from compiler.deciding import deciding_checks
from compiler.ir import Clause, Program
from compiler.likelihood import cross_fitted
from compiler.records.checks import Check, JudgeCheck, RefusalCheck
from compiler.records.measured import Calibration
from compiler.rendering import render, text_of

OWN = "the spec's own examples"


def calibrate(
    program: Program, judge: ModelJudge | CachedEngine, second: CachedEngine | None = None
) -> tuple[Calibration, ...]:
    """One record for each clause that a judge or the refusal detector decides and that has labelled answers.

    second: the subject, where its likelihood ratio is a second judge.
    """
    judge = ModelJudge(judge) if isinstance(judge, CachedEngine) else judge
    digests = rubrics.digests(program, plain=rubrics.is_plain(judge.engine.base.name))
    found: list[Calibration] = []
    for clause in program.clauses:
        checks = deciding_checks(clause)
        judged = tuple(c for c in checks if isinstance(c, JudgeCheck))
        refusals = tuple(c for c in checks if isinstance(c, RefusalCheck))
        if judged:
            asked = {"judge_sha256": judge.engine.base.digest, "rubric_sha256": digests[clause.id]}
            known, labelled = _known(judge.engine, judged[0])
            for source, answers in ((OWN, _open(_examples(clause), checks)), (known, _open(labelled, checks))):
                said = [decision.kept for decision in decide([Case(q, a, judged) for q, a, _ in answers], judge)]
                found += _count("judge", clause, source, answers, said, asked)
            if second is not None and (answers := _open(labelled, checks)):
                found += _count("likelihood", clause, known, answers, _by_likelihood(program, clause, answers, second))
        if refusals:
            answers = list(dict.fromkeys(_examples(clause)))
            said = [decision.kept for decision in decide([Case(q, a, refusals) for q, a, _ in answers], judge)]
            found += _count("refusal", clause, OWN, answers, said)
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


def _by_likelihood(
    program: Program, clause: Clause, labelled: Sequence[Labelled], subject: CachedEngine
) -> list[bool | None]:
    """What the subject's likelihood ratio says, each answer by the threshold of the others' half."""
    found = likelihood.ratios(subject, told(program, clause), [(question, answer) for question, answer, _ in labelled])
    places = [place for place, ratio in enumerate(found) if ratio is not None]
    said = cross_fitted([r[0] for r in found if r is not None], [labelled[place][2] for place in places])
    verdicts = dict(zip(places, said, strict=True))
    return [verdicts.get(place) for place in range(len(labelled))]


def told(program: Program, clause: Clause) -> str:
    """The clause by itself, as the compiled prompt words it."""
    return text_of(render(program, {clause.id}, conditions=False))


def _count(
    what: str,
    clause: Clause,
    source: str,
    labelled: Sequence[Labelled],
    said: Sequence[bool | None],
    asked: dict[str, str] | None = None,
) -> list[Calibration]:
    if not labelled:
        return []
    counts = dict.fromkeys(("kept", "kept_right", "broken", "broken_right", "unread"), 0)
    for (_, _, keeps), kept in zip(labelled, said, strict=True):
        if kept is None:
            counts["unread"] += 1
            continue
        side = "kept" if keeps else "broken"
        counts[side] += 1
        counts[f"{side}_right"] += kept is keeps
    row = {"what": what, "clause_id": clause.id, "labels": source, **counts, **(asked or {})}
    return [Calibration.model_validate(row)]
