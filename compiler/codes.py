"""Every diagnostic code that the passes report, in the shape of `spec/codes.py`; the compiler's start at T0501.

In: nothing. Out: `CODES`, and `diagnose`, which makes a diagnostic of a code. A code keeps its number for ever.
"""

from __future__ import annotations

from spec.codes import Code
from spec.diagnostics import Diagnostic, Note, Witness
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
        "A clause with conditions applies to every user, or to none, or its conditions have too many parts to tell. An"
        " exception that nobody reaches is T0526.",
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
        "An answer that an example calls good breaks its own clause, or a prohibition or secret that holds in every"
        " situation, so that it cannot be trained on. T0530 is the same of all other clauses.",
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
        "`data` or `prompts` names a file by an absolute path, which holds on this machine only; a build names no place"
        " of a machine.",
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
    Code(
        "T0516",
        "mixture beyond the whole",
        "The shares of `mixture` add up to more than all rows.",
        "Make them 100% together, or less: what is not named shares the rest.",
    ),
    Code(
        "T0517",
        "share of what is not there",
        "`mixture` asks for rows of a source that the spec does not have: prompts of your own without `prompts`, or"
        " chats that the training method does not read.",
        "Name files under `prompts`; write `method: sft` or `method: sft+dpo` for chats; or leave the share out.",
    ),
    Code(
        "T0518",
        "writer that cannot write",
        "`writers` names a way of writing pairs that Tenet does not have, or one that no clause of the spec has a use"
        " for.",
        "Leave it out, or give the spec what it writes about.",
    ),
    Code(
        "T0519",
        "clause that no writer writes for",
        "None of the `writers` that the spec asks for writes for the clause: the prompt has it, and no row teaches it.",
        "Add a writer that does; without `writers`, each clause has its usual ones.",
        "warning",
    ),
    # What the analysis finds (compiler/analysis/), each with a witness.
    Code(
        "T0520",
        "clauses contradict each other",
        "Two clauses of one level ask for opposite things in the same situation, and nothing says which of them wins.",
        "Give one a condition or a lower level, or rank them with `priority`.",
        "warning",
    ),
    Code(
        "T0521",
        "no answer keeps both",
        "Two clauses at root hold in the same situation, and no answer there keeps both, not even one that declines.",
        "Give one of them a condition that leaves out where the other holds, or a lower level.",
    ),
    Code(
        "T0522",
        "clause is shadowed",
        "Wherever the clause applies, one that outranks it asks for the opposite, so that it can never be kept.",
        "Remove it, raise its level, or give the one above it a condition.",
        "warning",
    ),
    Code(
        "T0523",
        "clause is overridden in part",
        "In some situations in which the clause applies, one that outranks it asks for the opposite, and wins.",
        "Nothing has to be mended where that is meant; a condition on the clause says it to readers, too.",
        "note",
    ),
    Code(
        "T0524",
        "clause is redundant",
        "Another clause asks for the same or more wherever this one applies, with at least its authority.",
        "Remove it, or say in which situations the two differ.",
        "warning",
    ),
    Code(
        "T0525",
        "entry finds nothing new",
        "Every text in which this phrase or pattern is found is found by another entry of the same clause.",
        "Remove the entry, or the wider one if that is too wide.",
        "warning",
    ),
    Code(
        "T0526",
        "exception cannot be reached",
        "`unless` holds in no situation in which the clause would apply without it.",
        "Remove the exception, or widen `when`.",
        "warning",
    ),
    Code(
        "T0527",
        "refusal without a border",
        "A refusal says what is declined, and neither what near it is answered all the same (`still_help`) nor a"
        " request that looks alike and is safe: models then decline more than was meant.",
        'Add `still_help: "..."`, or a request under `safe`.',
        "note",
    ),
    Code(
        "T0528",
        "prompt says what it forbids",
        "A phrase that no answer may hold, or a secret, stands in the prompt, in what another clause says to the model:"
        " it reads there what it must not write.",
        "Say it in other words, or take it out of what must not be said.",
        "warning",
    ),
    Code(
        "T0529",
        "nothing shows the clause",
        "The compiler can write no row and no probe for the clause, and the spec has no example and no probe of it:"
        " it is in the prompt, and no figure tells whether it works.",
        "Add an `example` with a good and a bad answer, or a `probe`.",
        "note",
    ),
    Code(
        "T0530",
        "example against another clause",
        "An answer that an example calls good breaks another clause that holds wherever the example's own does: one"
        " with a condition, or about length and shape. T0506 is the same of what holds in every situation.",
        "Mend the answer, or give the other clause a condition.",
        "warning",
    ),
    Code(
        "T0531",
        "not compared",
        "A pattern or a condition is too large to be compared exactly, or so many clauses are found together that not"
        " each two of them are compared: the analysis says nothing about it.",
        "Nothing has to be mended; smaller patterns and conditions can be compared.",
        "note",
    ),
    Code(
        "T0540",
        "unknown setting",
        "`options` names a setting that the trainer of the spec's method does not have.",
        "Write it as the library does, or leave it out.",
    ),
    Code(
        "T0541",
        "setting without use",
        "`loss` or `reward_weight` is given, and the spec's method has no use for it.",
        "Leave it out, or choose a method that has.",
    ),
    Code(
        "T0542",
        "setting that is not to be set",
        "`options` names a setting that a spec says in words of its own, that Tenet decides, or that would send"
        " something somewhere.",
        "Say it in the spec's own words, or leave it out.",
    ),
    Code(
        "T0543",
        "setting of another kind",
        "`options` gives a setting a value that it does not take.",
        "Give it one that it takes.",
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
    witness: Witness | None = None,
) -> Diagnostic:
    known = CODES[code]
    return Diagnostic(code, known.severity, message, span, label, help or known.mend, None, secondary, witness)
