"""Clauses -> `filters.json`: what a training row must satisfy, decided without a model.

In: a program. Out: rules, in order of authority, for generated rows and for chats of the user's own. A forbid that
always applies, and a requirement of the voice, hold for every row. A refusal holds for rows about its topic, told by
the words of `about` and `asks`; and where a spec has refusals, a row that refuses anything else teaches what no clause
asked for. A refusal whose topic has no telling word (`about: "what others say"`) gives no rule: no list of words could
apply it.

>>> from compiler.build import from_text
>>> for rule in make(from_text('''
... forbid canned { phrases: ["Certainly!"] }
... refuse dosing { about: "how much of a medicine to take"  asks: ["Two pills or three?"] }
... ''')).rules: print(rule.key, rule.topic, rule.reason)
forbid.canned () says what forbid.canned forbids
refuse.dosing ('medicine', 'take') answers what refuse.dosing declines
refusals () refuses what no clause declines
"""

from __future__ import annotations

import json
import re

from compiler.artifact import Artifact, Mark
from compiler.deciding import deciding_checks, house_cues, refusal_check
from compiler.ir import Clause, Program
from compiler.lowering.recipe import lean
from compiler.records.checks import RefusalCheck
from compiler.records.filters import FilterRule, Filters
from spec.constructs import Forbid, Format, Refuse, Require, Secret

# Words that many topics share; a row is not about medicines because it says "how much".
_COMMON = """
a about an and any anybody anything are as at be by can do does else everybody for from give giving has have her his
how in into is it its know like many may me more much my no not of on one or other others our out over own people say
so some somebody someone such telling than that the their them they thing things this those to up use user using way
we what when where whether which who whose why will with would you your
"""
STOP_WORDS = frozenset(_COMMON.split())


def lower(program: Program) -> Artifact:
    filters = make(program)
    rules = ",\n".join("  " + json.dumps(lean(r.model_dump(mode="json")), ensure_ascii=False) for r in filters.rules)
    text = f'{{\n "version": {filters.version},\n "rules": [\n{rules}\n ]\n}}\n'
    return Artifact("filters.json", text, tuple(Mark(r.key, r.clause_ids) for r in filters.rules))


def make(program: Program) -> Filters:
    ranked = sorted(program.clauses, key=lambda c: c.rank)
    rules = [rule for clause in ranked if (rule := _rule(clause, program)) is not None]
    refusals = [c for c in ranked if isinstance(c.body, Refuse)]
    told = {clause_id for rule in rules for clause_id in rule.clause_ids}
    if refusals and told.issuperset(c.id for c in refusals):
        rules.append(_no_other_refusals(refusals, house_cues(program)))
    return Filters(rules=tuple(rules))


def _rule(clause: Clause, program: Program) -> FilterRule | None:
    # Whether a condition holds for a row of somebody's chats cannot be seen in it.
    always = clause.when is None and clause.unless is None
    body = clause.body
    # A requirement that yields to users is put on no other clause's rows, so that no other row can be held to it.
    voiced = isinstance(body, Require | Format) and clause.id in program.voice
    if (isinstance(body, Forbid | Secret) and always) or voiced:
        what = {Forbid: "says what {} forbids", Secret: "tells what {} keeps", Require: "lacks what {} requires"}
        return FilterRule(
            key=clause.id,
            clause_ids=(clause.id,),
            checks=deciding_checks(clause),
            reason=what.get(type(body), "has another shape than {} asks for").format(clause.id),
            spans=(str(clause.span),),
        )
    if isinstance(body, Refuse):
        words = topic_words(body.about)
        if not words and not body.asks:
            return None
        return FilterRule(
            key=clause.id,
            clause_ids=(clause.id,),
            checks=(refusal_check(clause, present=True),) if always else (),
            spans=(str(clause.span),),
            topic=words,
            enough=min(2, len(words)),
            asks=body.asks,
            safe=body.safe,
            reason=f"answers what {clause.id} declines",
        )
    return None


def _no_other_refusals(refusals: list[Clause], cues: tuple[str, ...]) -> FilterRule:
    return FilterRule(
        key="refusals",
        clause_ids=tuple(c.id for c in refusals),
        checks=(RefusalCheck(present=False, cues=cues),),
        otherwise=True,
        reason="refuses what no clause declines",
        spans=tuple(str(c.span) for c in refusals),
    )


def topic_words(about: str) -> tuple[str, ...]:
    """Return the words of `about` that tell its topic, in lower case."""
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", about.lower())
    return tuple(dict.fromkeys(w for w in words if w not in STOP_WORDS and len(w) > 2))
