"""Hold the writers that a spec asks for against its clauses.

In: a resolved program. Out: the same program, an error for each writer that does not exist or has nothing to write, and
a warning for each clause that none of them writes for. A spec that asks for none is not looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.codes import diagnose
from compiler.ir import Program
from spec.diagnostics import Diagnostic

if TYPE_CHECKING:
    from compiler.records.recipe import Writer

NEEDS: dict[Writer, str] = {
    "examples": "an `example` with good and bad answers",
    "teacher_distillation": "a teacher: `model { teacher: ... }`",
    "fixed_part": "a `require` with `starts` or `ends`, or a `forbid` with phrases",
    "refusal": "a `refuse`",
    "safe_completion": "a `refuse`",
    "pushback": "a clause above the user's level",
    "style_transfer": "a clause about how answers read: a trait, a format, a preference, a rule",
    "phrase_removal": "a `forbid`",
    "honesty": "`outcomes` with `abstained` before `wrong`, or a `stance` that says it does not know",
    "anti_sycophancy": "`outcomes` with `right` before `wrong`",
}


def match_writers(program: Program) -> tuple[Program, tuple[Diagnostic, ...]]:
    asked = program.train.writers
    if not asked:
        return program, ()
    # The units are what decides, and few specs ask: nothing else of a check needs them.
    from compiler.deciding import decided
    from compiler.lowering import pairs
    from compiler.records.recipe import WRITERS

    found = [_unknown(name, program) for name in dict.fromkeys(asked) if name not in WRITERS]
    if found or not program.clauses:
        return program, tuple(found)
    units = pairs.lower(program)
    for name in WRITERS:
        if name in asked and not any(unit.writer == name for unit in units):
            needs = NEEDS.get(name, "a clause that an answer can keep or break")
            message = f"the writer `{name}` has no clause to write for"
            found.append(
                diagnose("T0518", message, program.train.span, label="nothing to write", help=f"it needs {needs}")
            )
    served = {unit.clause_ids[0] for unit in units}
    for clause in program.clauses:
        if decided(clause) and clause.id not in served:
            message = f"{clause.id} gets no training rows: none of the writers asked for writes for a {clause.kind}"
            found.append(diagnose("T0519", message, clause.span, label="not trained"))
    return program, tuple(found)


def _unknown(name: str, program: Program) -> Diagnostic:
    from difflib import get_close_matches  # slow to load, and seldom needed

    from compiler.records.recipe import WRITERS

    close = get_close_matches(name, WRITERS, n=1)
    mend = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(WRITERS)}"
    return diagnose(
        "T0518", f"there is no writer `{name}`", program.train.span, label="no such way of writing", help=mend
    )
