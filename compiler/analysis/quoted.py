"""Forbidden phrases and secrets that the prompt itself says (T0528), in the line of another clause.

What a prohibition says is left out (it has to name what it forbids), and so is a sentence that denies something. A
secret stands in a line of its own, that the model can work with it; in another line it is told to say it.

>>> from compiler.analysis import analyse
>>> from compiler.build import from_text
>>> for found in analyse(from_text('''
... forbid canned { phrases: ["happy to help"] }
... trait kind { means: "Sounds happy to help." }
... ''')): print(found.code, found.message)
T0528 the prompt says "happy to help", which forbid.canned forbids
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.analysis.clashes import Findings
from compiler.analysis.survey import Survey, shown
from compiler.analysis.survey import quoted as quoted_text
from compiler.codes import diagnose
from compiler.ir import Clause
from compiler.plain_text import contains, found, local, matched, plain
from spec.constructs import (
    Forbid,
    Persona,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
)
from spec.diagnostics import Note
from spec.document import Pattern

_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_DENIES = re.compile(r"\b(?:not|never|no|none|nor|avoid\w*|without|instead of|rather than)\b|n't\b", re.IGNORECASE)


def quoted(survey: Survey) -> Findings:
    told: set[tuple[str, str]] = set()
    clashing, crowd = _clashing(survey), survey.crowd()
    for clause in survey.program.clauses:
        for field, text in _prompted(clause):
            for entry in survey.index.found_in(text):
                forbid = entry.clause
                if not isinstance(forbid.body, Forbid | Secret) or (clause.id, forbid.id) in told:
                    continue
                if not survey.texts.open(clause, forbid) or frozenset((clause.id, forbid.id)) in clashing:
                    continue
                if not crowd.worth(clause, forbid):
                    continue
                sentence, said = _said_in(text, entry.item)
                if not said or not survey.meeting(clause, forbid):
                    continue
                told.add((clause.id, forbid.id))
                crowd.add(clause, forbid)
                verb = "keeps" if isinstance(forbid.body, Secret) else "forbids"
                yield diagnose(
                    "T0528",
                    f"the prompt says {quoted_text(said)}, which {forbid.id} {verb}",
                    survey.words(clause, field, said),
                    label="said here",
                    secondary=(Note(survey.entry(forbid, entry.field, entry.item), f"{verb} {shown(entry.item)}"),),
                    witness=survey.witness(
                        forbid,
                        survey.overlap(forbid, clause),
                        f"An answer in the words of the prompt breaks {forbid.id}.",
                        "What were you told to do?",
                        sentence,
                    ),
                )


def _clashing(survey: Survey) -> set[frozenset[str]]:
    """Return each two clauses of which more than this is told."""
    return {frozenset((clash.one.clause.id, side.clause.id)) for clash, _ in survey.clashes for side in clash.others}


def _prompted(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield what the clause's line says that a model shall do or be: field and text."""
    match clause.body:
        case Persona() as persona:
            fields = [("maker", persona.maker), ("about", persona.about)]
        case Trait(means=means):
            fields = [("means", means)]
        case Rule() as rule if rule.force not in ("never", "should_not"):
            fields = [(rule.force, rule.text)]
        case Refuse() as refusal:
            fields = [("offer", refusal.offer), ("still_help", refusal.still_help)]
        case Require() as required:
            includes = [i if isinstance(i, str) else None for i in required.includes]
            fields = [("starts", required.starts), ("ends", required.ends), *(("includes", i) for i in includes)]
        case Prefer(this=this):
            fields = [("this", this)]
        case Stance(says=says):
            fields = [("says", says)]
        case _:
            fields = []
    yield from ((field, text) for field, text in fields if text)


def _said_in(text: str, item: str | Pattern) -> tuple[str, str]:
    """Return the sentence that says it, and the words; empty ones where each one that does denies something."""
    for sentence in _SENTENCE.split(text):
        if isinstance(item, Pattern):
            # One that looks at the ends of an answer finds nothing in a line of the prompt.
            holds = local(item) and found(item, sentence)
        else:
            holds = contains(plain(sentence), plain(item))
        if holds and not _DENIES.search(sentence):
            return " ".join(sentence.split()), matched(item, sentence) if isinstance(item, Pattern) else item
    return "", ""
