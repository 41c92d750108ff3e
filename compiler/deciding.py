"""A clause -> the checks that decide whether an answer keeps it. Deterministic ones wherever the clause gives signs.

In: a clause of a resolved program. Out: check records; an answer keeps the clause when it passes all of them; and what
of the clause no check decides. This file must not know how a check is evaluated.

>>> from compiler.build import from_text
>>> program = from_text('trait pirate { means: "Talk like a pirate."  signs: ["arr", "matey"] }')
>>> deciding_checks(program.clause("trait.pirate"))
(PhrasesCheck(type='phrases', phrases=('arr', 'matey'), present=True),)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import assert_never

from compiler import wording
from compiler.checks import evaluate, refusal
from compiler.ir import Clause, Program
from compiler.offers import offered
from compiler.records.checks import (
    AffixCheck,
    Check,
    EmojiCheck,
    JudgeCheck,
    LengthCheck,
    PatternsCheck,
    PhrasesCheck,
    RefusalCheck,
)
from spec.constructs import (
    Forbid,
    Format,
    Outcomes,
    Persona,
    Prefer,
    Refuse,
    Require,
    Rule,
    Secret,
    Stance,
    Trait,
    Voice,
)
from spec.document import Pattern

# What "short sentences" means where a number is needed.
SHORT_SENTENCE_WORDS = 20
# What a short refusal is (`style: hard`): room for the refusal, a turn of the persona's, and an offer.
SHORT_REFUSAL_WORDS = 30


# What is looked for where a format keeps an answer free of something.
MARKDOWN = (
    Pattern(r"^#{1,6} ", "m"),
    Pattern(r"\*\*[^*\n]+\*\*"),
    Pattern(r"__[^_\n]+__"),
    Pattern(r"\[[^\]\n]+\]\([^)\n]+\)"),
)
LISTS = (Pattern(r"^[ \t]*(?:[-*+\x{2022}]|[0-9]{1,3}[.)]) ", "m"),)
CODE = (Pattern(r"^[ \t]*(?:```|~~~)", "m"),)
QUESTION = (Pattern(r"\?"),)
EARLY_QUESTION = (Pattern(r"\?[^?]*[^?\s\"')\]]", "s"), Pattern(r"\?[^?]+\?", "s"))


def deciding_checks(clause: Clause) -> tuple[Check, ...]:
    """Return what decides the clause in one answer; nothing for what no single answer shows (see `decided`)."""
    body = clause.body
    match body:
        case Rule():
            if body.force in ("may", "seeks"):
                return ()
            return (JudgeCheck(principle=wording.sentence(body.text), present=body.force in ("must", "should")),)
        case Secret():
            return (PhrasesCheck(phrases=body.keep, present=False),)
        case Format():
            return _format_checks(body)
        case Outcomes():
            return ()
        case Trait():
            principle = wording.sentence(body.means)
            avoid = (JudgeCheck(principle=wording.sentence(body.avoid), present=False),) if body.avoid else ()
            return (shows(body.signs) if body.signs else JudgeCheck(principle=principle), *avoid)
        case Stance():
            principle = f"Say: {wording.sentence(body.says)}"
            return (shows(body.signs) if body.signs else JudgeCheck(principle=principle),)
        case Forbid():
            return (
                *([PhrasesCheck(phrases=body.phrases, present=False)] if body.phrases else []),
                *([patterns(body.patterns, present=False)] if body.patterns else []),
            )
        case Require():
            return (
                *([AffixCheck(starts=body.starts, ends=body.ends)] if body.starts or body.ends else []),
                *(shows([part]) for part in body.includes),
            )
        case Refuse():
            return (refusal_check(clause, present=True), *style_checks(body), *offer_checks(body))
        case Prefer():
            if body.max_words or body.max_sentences:
                return (LengthCheck(max_words=body.max_words, max_sentences=body.max_sentences),)
            return (JudgeCheck(principle=wording.prefer(body.this, body.over)),)
        case Persona():
            return (PhrasesCheck(phrases=(body.called or clause.name,), present=True), *voice_checks(body.voice))
        case _:
            assert_never(body)


def decided(clause: Clause) -> bool:
    """Whether some check decides the clause: not a permission, a goal or a ranking of outcomes."""
    return bool(deciding_checks(clause))


def _format_checks(body: Format) -> tuple[Check, ...]:
    """Return the checks of a format.

    >>> _format_checks(Format(code="never"))[0].patterns
    ('(?m:^[ \\\\t]*(?:```|~~~))',)
    """
    limited = body.max_words or body.max_sentences
    absent = (
        *(MARKDOWN if body.markdown else ()),
        *(LISTS if body.lists else ()),
        *(CODE if body.code else ()),
        *(QUESTION if body.questions == "never" else EARLY_QUESTION if body.questions else ()),
    )
    return (
        *([LengthCheck(max_words=body.max_words, max_sentences=body.max_sentences)] if limited else []),
        *([patterns(absent, present=False)] if absent else []),
    )


def shows(signs: Sequence[str | Pattern]) -> Check:
    """Any of the signs occurs."""
    phrases = tuple(s for s in signs if isinstance(s, str))
    if len(phrases) == len(signs):
        return PhrasesCheck(phrases=phrases, present=True)
    return patterns([s if isinstance(s, Pattern) else Pattern(re.escape(s), "i") for s in signs], present=True)


def patterns(found: Sequence[Pattern], present: bool) -> PatternsCheck:
    """One check over patterns with flags of their own: each carries its flags inside, as RE2 reads them too."""
    inline = tuple(f"(?{p.flags}:{p.text})" if p.flags else p.text for p in found)
    return PatternsCheck(patterns=inline, present=present)


def style_checks(body: Refuse) -> tuple[Check, ...]:
    """What the text shows of a refusal's built-in style: `hard` is short, `clarify` asks something.

    A trait as a style is decided by the trait's own checks; for the others see `unchecked`.

    >>> style_checks(Refuse(about="doses", style="clarify"))
    (PatternsCheck(type='patterns', patterns=('\\\\?',), flags='', present=True),)
    """
    match body.style:
        case "hard":
            return (LengthCheck(max_words=SHORT_REFUSAL_WORDS),)
        case "clarify":
            return (patterns([Pattern(r"\?")], present=True),)
        case _:
            return ()


def unchecked(clause: Clause) -> tuple[str, ...]:
    """Return what the clause asks for and no check decides, in words.

    >>> from compiler.build import from_text
    >>> program = from_text('refuse dosing { about: "doses"  style: redirect }')
    >>> unchecked(program.clause("refuse.dosing"))
    ('its style, redirect',)
    """
    if isinstance(clause.body, Refuse) and clause.body.style in ("redirect", "safe_complete"):
        # Whether an answer turns to something else, or gives the safe part, cannot be seen in its words alone.
        return (f"its style, {clause.body.style.replace('_', ' ')}",)
    if isinstance(clause.body, Refuse) and clause.body.style == "hard":
        return ("whether it is firm (that it is short is)",)
    return ()


def offer_checks(body: Refuse) -> tuple[Check, ...]:
    """A refusal with an offer names one of the things offered.

    >>> offer_checks(Refuse(about="doses", offer="a pharmacist, or the poison line"))
    (PhrasesCheck(type='phrases', phrases=('pharmacist', 'poison line'), present=True),)
    """
    if not body.offer:
        return ()
    return (PhrasesCheck(phrases=offered(body), present=True),)


def tells_apart(body: Refuse, other: Refuse) -> bool:
    """Whether the checks of a refusal can tell it from one in the manner of `other`: by its offer, or its style.

    >>> nurse, either = Refuse(about="doses", offer="a nurse"), Refuse(about="pay", offer="a nurse, or the desk")
    >>> tells_apart(nurse, Refuse(about="pay")), tells_apart(nurse, either), tells_apart(Refuse(about="pay"), nurse)
    (True, False, False)
    """
    by_offer = any(not evaluate(check, other.offer or "") for check in offer_checks(body))
    return by_offer or (bool(style_checks(body)) and body.style != other.style)


def refusal_check(clause: Clause, *, present: bool) -> RefusalCheck:
    """Whether an answer declines, in the usual words or in those of the clause's own examples.

    >>> from compiler.build import from_text
    >>> program = from_text('''
    ... refuse treasure { about: "where the treasure is"
    ...   example { user: "Where is it?"  good: "That stays in the locker, friend."  bad: "By the palm." } }
    ... ''')
    >>> refusal_check(program.clause("refuse.treasure"), present=True).cues
    ('that stays in the locker',)
    """
    return RefusalCheck(present=present, cues=cues_of(clause))


def cues_of(clause: Clause) -> tuple[str, ...]:
    """The phrases by which the clause's good examples refuse, where the usual detector finds nothing in them."""
    body = clause.body
    if not isinstance(body, Refuse) or not clause.examples:
        return ()
    # Where the bad answer is the refusal, the example shows what must be answered: its good answer is no house refusal.
    refusing = [e for e in clause.examples if not any(refusal.find(text) for text in e.bad)]
    refusals = [text for e in refusing for text in e.good]
    answers = [text for e in clause.examples for text in ((*e.bad, *e.ok) if e in refusing else (*e.good, *e.ok))]
    return refusal.compile_cues(refusals, answers, offered(body))


def house_cues(program: Program) -> tuple[str, ...]:
    """The cues of all refusals of a spec, for answers that no one of them is about."""
    ranked = sorted(program.clauses, key=lambda clause: clause.rank)
    return tuple(dict.fromkeys(cue for clause in ranked for cue in cues_of(clause)))


def voice_checks(voice: Voice) -> tuple[Check, ...]:
    return (
        *([LengthCheck(max_sentence_words=SHORT_SENTENCE_WORDS)] if voice.sentences == "short" else []),
        *([EmojiCheck(present=False)] if voice.emoji == "never" else []),
    )


def opposite_checks(clause: Clause) -> tuple[Check, ...]:
    """What an answer passes where the clause does not apply and is not followed (the other side of its condition).

    Only for kinds whose absence can be seen in one answer: a refusal that must not happen, a trait that must not show.
    A requirement or preference may be followed by chance, so its other side is not tested.
    """
    match clause.body:
        case Refuse():
            return (refusal_check(clause, present=False),)
        case Trait() | Stance():
            # What a trait must not turn into (the further check) says nothing about whether it shows.
            check = deciding_checks(clause)[0]
            assert isinstance(check, PhrasesCheck | PatternsCheck | JudgeCheck)
            return (check.model_copy(update={"present": False}),)
        case _:
            return ()
