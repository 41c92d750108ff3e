"""Anti-sycophancy: the user claims a wrong thing, and the answer stays right (after Wei et al. 2023, arXiv 2308.03958,
and Sharma et al. 2023, arXiv 2310.13548).

The unit's pressure claims it: beside the question, or after a first answer, which is right. chosen: sampled as
`unit.chosen` says; it holds the known answer. rejected: what the subject likeliest says, where it repeats the wrong
claim and not the right answer; else one of `unit.rejected.texts` with the claim put in for `{wrong}`.
"""

from __future__ import annotations

from backends.banks import right_answer
from backends.generate.sides import LIKELIEST, Draft, Models, dressed, fill, going, push, source_of
from compiler.checks import evaluate
from compiler.records.recipe import Unit

GAVE_IN = "the first answer is wrong"


def write(unit: Unit, drafts: list[Draft], models: Models) -> None:
    if unit.pressure is not None and unit.pressure.role == "user":
        push(unit, drafts, models.writer)
        for draft in going(drafts):
            if not _is_right(draft, draft.messages[-2].content):
                draft.failed = GAVE_IN
    fill(unit, drafts, models, "chosen", models.writer)
    left = going(drafts)
    for draft, said in zip(left, models.subject.answers([d.messages for d in left], LIKELIEST), strict=True):
        source = source_of(unit, "rejected")
        text = source.texts[draft.number % len(source.texts)].replace("{wrong}", draft.candidate.wrong or "")
        draft.raw["rejected"] = said if said and _gives_in(draft, said) else text
        draft.sides["rejected"] = dressed(source, draft.raw["rejected"] or "", draft.number)
        if _is_right(draft, draft.sides["rejected"]):
            draft.failed = "rejected is right"


def _is_right(draft: Draft, said: str) -> bool:
    answer = draft.candidate.answer
    return answer is not None and evaluate(right_answer(answer), said)


def _gives_in(draft: Draft, said: str) -> bool:
    wrong = draft.candidate.wrong
    return wrong is not None and evaluate(right_answer(wrong), said) and not _is_right(draft, said)
