"""Every diagnostic code that the passes report, in the shape of `spec/codes.py`; the compiler's start at T0501.

In: nothing. Out: `CODES`, and `diagnose`, which makes a diagnostic of a code. A code keeps its number for ever.
"""

from __future__ import annotations

from spec.codes import Code
from spec.diagnostics import Diagnostic, Note
from spec.source import Span

_TABLE = (
    Code(
        "T0501",
        "priority against levels",
        "A priority ranks a clause over one of a higher level, and levels decide first.",
        "Raise the level of the first, or leave it out of the priority.",
        "warning",
    ),
    Code(
        "T0502",
        "clause cannot be checked",
        "The clause names nothing that could be looked for in an answer.",
        "See the help.",
    ),
    Code(
        "T0503",
        "condition on an identity",
        "A persona has a condition, but a model has one identity at all times.",
        "Put what changes with the user into a trait with this condition.",
    ),
    Code(
        "T0504",
        "condition decides nothing",
        "A condition is true, or false, whatever is known about the user.",
        "Compare with a value that the dimension can have, or remove the condition.",
    ),
    Code(
        "T0505",
        "data that nothing trains on",
        "`data` names chats of your own, and the training method reads preference pairs only.",
        "Write `method: sft` or `method: sft+dpo`, or remove `data`.",
    ),
    Code(
        "T0506",
        "example against a rule",
        "An answer that an example calls good breaks a rule that a program can check, so it cannot be trained on.",
        "Mend the answer or the rule.",
    ),
    Code(
        "T0507",
        "pattern cannot be matched",
        "The regular expression uses what the matcher does not have (a look-around, a back-reference, `\\u`, a repeat"
        " above 1000), or is found in every answer.",
        "Write it without; the matcher works in time linear in the answer, whatever the pattern.",
    ),
    Code(
        "T0508",
        "probe is also trained on",
        "The spec's own probe asks what an example or `asks` entry of the spec asks, which would measure memory.",
        "Change one of the two.",
        "warning",
    ),
    Code(
        "T0509",
        "example that its checks do not bear out",
        "A good answer of an example does not pass what decides the clause, or a bad one does: rows made of it are left"
        " out of training, and counted.",
        "Mend the answer; a request that must be answered goes under `safe` of its refusal.",
        "warning",
    ),
    Code(
        "T0510",
        "absolute path of data",
        "`data` names a file by an absolute path, which holds on this machine only; a build names no place of a"
        " machine.",
        "Put the file, or a link to it, beside the spec, and write its path from there.",
    ),
    Code(
        "T0511",
        "term that nothing uses",
        "A term is declared, and no clause says the word.",
        "Use the word in a clause, or remove the term.",
        "warning",
    ),
    Code(
        "T0512",
        "in the prompt only",
        "This part of a clause is said in the system prompt; no training row teaches it and no probe measures it.",
        "Nothing has to be mended. An example or a probe of your own can show it.",
        "note",
    ),
    Code(
        "T0513",
        "grant beyond the grantor",
        "A grant lets somebody change a clause of a higher level than the grant's own, or one that nobody may change.",
        "Raise the level of the grant, or leave the clause out.",
    ),
    Code(
        "T0514",
        "measured in part",
        "A probe that asks to be repeated is asked once, greedily; prompts that must be treated alike are each"
        " measured, and not compared with each other.",
        "Nothing has to be mended.",
        "note",
    ),
)

CODES: dict[str, Code] = {code.code: code for code in _TABLE}


def diagnose(
    code: str,
    message: str,
    span: Span,
    *,
    label: str = "",
    help: str | None = None,
    secondary: tuple[Note, ...] = (),
) -> Diagnostic:
    return Diagnostic(code, CODES[code].severity, message, span, label, help or CODES[code].mend, None, secondary)
