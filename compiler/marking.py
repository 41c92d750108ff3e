"""What in an answer decided a clause, as offsets into the answer.

In: transcripts, the program, its probes. Out: the transcripts with marks. An answer that breaks a clause is marked
where it offends; one that keeps it, where it says what was asked for. What no check can point at (something missing,
a judge's opinion) has no mark. This file must not know how a mark looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.checks import evaluate
from compiler.checks.spans import spans
from compiler.deciding import deciding_checks
from compiler.ir import Program
from compiler.records.checks import Check, JudgeCheck, LengthCheck
from compiler.records.report import Mark, Transcript
from compiler.records.rows import Probe


def marked(transcripts: Sequence[Transcript], program: Program, probes: Sequence[Probe]) -> tuple[Transcript, ...]:
    """Return `transcripts`, each answer with the places that decided its clauses."""
    asked = {probe.id: probe for probe in probes}
    of_clause = {clause.id: deciding_checks(clause) for clause in program.clauses}
    out: list[Transcript] = []
    for talk in transcripts:
        probe = asked[talk.probe_id]
        checks = {i: of_clause.get(i, ()) for i in probe.measures} | {probe.clause_id: probe.checks}
        marks = {
            arm: found
            for arm, answer in talk.answers.items()
            if (found := tuple(sorted(_marks(checks, answer, talk.held[arm]), key=lambda mark: (mark.start, mark.end))))
        }
        out.append(talk.model_copy(update={"marks": marks}))
    return tuple(out)


def _marks(checks: Mapping[str, Sequence[Check]], answer: str, held: dict[str, bool | None]) -> Iterator[Mark]:
    for clause_id, own in checks.items():
        kept = held.get(clause_id)
        if kept is None:
            continue
        for check in own:
            # A limit that is kept, or a phrase that is rightly absent, has nothing to point at.
            if isinstance(check, JudgeCheck) or (kept and isinstance(check, LengthCheck)):
                continue
            if evaluate(check, answer) == kept:
                for start, end in spans(check, answer):
                    yield Mark(clause_id=clause_id, start=start, end=end, kept=kept)
