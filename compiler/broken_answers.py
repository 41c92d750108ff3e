"""An answer that keeps a clause -> one that breaks it, in the clause's own words: do its checks tell the two apart?

In: a clause, and what a model said. Out: the answer as a model would give it that does the opposite; None for clauses
whose breach cannot be written down (an answer where a refusal is due needs somebody who knows it). A prompt can show
that probes are blind only where the model obeys it: a base that says of itself what a stance asks for says it under any
prompt. This file must not know probes, checks or models.

>>> from compiler.build import from_text
>>> program = from_text('forbid canned { phrases: ["Certainly!"] }  stance ai { about: "you"  says: "I am an AI." }')
>>> [broken(clause, "I am an AI, matey.") for clause in program.clauses]
['Certainly! I am an AI, matey.', 'I am not an AI.']
"""

from __future__ import annotations

import re

from compiler.ir import Clause
from compiler.wording import sentence
from spec.constructs import Forbid, Format, Persona, Require, Secret, Stance

OTHER_NAME, OTHER_MAKER = "Nemo", "nobody you know"

SHORT_FORMS = (
    (r"\b[Cc]annot\b|\b[Cc]an['\u2019]t\b", "can not"),
    (r"\b[Ww]on['\u2019]t\b", "will not"),
    (r"(?<=\w)n['\u2019]t\b", " not"),
    (r"['\u2019]m\b", " am"),
    (r"['\u2019]re\b", " are"),
    (r"['\u2019]ll\b", " will"),
)
AUXILIARY = re.compile(
    r"\b(am|is|are|was|were|be|will|would|can|could|shall|should|may|might|must|do|does|did)\b( not\b)?", re.IGNORECASE
)


def broken(clause: Clause, answer: str) -> str | None:
    """Return `answer` so changed that it breaks the clause; None where that cannot be written.

    A persona's name and maker become others, a forbidden phrase is put in front, what is required is cut out, a secret
    is told, an answer with a limit is repeated until it is past it; a stance is denied, and nothing else said.
    """
    body = clause.body
    match body:
        case Persona():
            answer = _put(OTHER_NAME, body.called or clause.name, answer)
            return _put(OTHER_MAKER, body.maker, answer) if body.maker else answer
        case Forbid(phrases=phrases):
            return f"{phrases[0]} {answer}" if phrases else None
        case Require():
            parts = [p for p in (body.starts, body.ends, *body.includes) if isinstance(p, str)]
            for part in parts:
                answer = _put("", part, answer)
            return answer.strip() if parts else None
        case Stance(says=says):
            return denied(says)
        case Secret(keep=keep):
            return f"{answer} {sentence(f'{body.about} is {keep[0]}')}"
        case Format(max_words=words, max_sentences=sentences):
            limit = words or sentences
            return " ".join([answer or "Well."] * (limit + 1)) if limit else None
        case _:
            return None


def _put(new: str, old: str, answer: str) -> str:
    return re.sub(re.escape(old), new, answer, flags=re.IGNORECASE)


def denied(says: str) -> str:
    """Return the opposite of a statement: its first auxiliary with `not`, or without.

    >>> [denied(text) for text in ("I am an AI.", "I do not know.", "I can't say.", "Tea wins.")]
    ['I am not an AI.', 'I do know.', 'I can say.', 'It is not true that Tea wins.']
    """
    text = sentence(says)
    for short, whole in SHORT_FORMS:
        text = re.sub(short, whole, text)
    turned, found = AUXILIARY.subn(lambda m: m[1] if m[2] else f"{m[1]} not", text, count=1)
    return turned if found else f"It is not true that {text}"
