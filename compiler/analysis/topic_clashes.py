"""Opposite things said about the same topic or request: do and do not, decline and answer, this over that and that over
this.

In: a survey. Out: clashes. Two topics are the same where their words are (case, punctuation and a leading article
aside); whether other words mean the same is for a reader. A rule's text is split into what it says and which way:
`must: "Never take a side."` and `never: "Take a side."` say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from compiler.analysis.clashes import Clash, Side
from compiler.analysis.crowds import Crowd
from compiler.analysis.survey import Survey, place, quoted, request
from compiler.ir import Clause
from compiler.plain_text import plain
from spec.constructs import Outcomes, Prefer, Refuse, Rule, Stance, Trait
from spec.frozen import dataclass

_WORD = re.compile(r"[\w']+")
_ARTICLE = re.compile(r"^(?:an?|the) ")
_DENIAL = re.compile(r"^(?:do not|don't|never) ")
_TELLING = re.compile(r"^(?:say|tell|explain|answer|discuss|help with|tell (?:the user|users|people)) (?=\w)")


@lru_cache(maxsize=8192)
def topic(text: str) -> str:
    """Return the words of a topic, so that equal topics are equal.

    >>> topic("The code word."), topic("code  Word")
    ('code word', 'code word')
    """
    return _ARTICLE.sub("", " ".join(_WORD.findall(plain(text))))


def topic_clashes(survey: Survey) -> Iterator[Clash]:
    clauses = survey.program.clauses
    yield from _said_and_denied(survey, clauses)
    yield from _declined_and_answered(survey, clauses)
    yield from _preferred(survey, clauses)
    yield from _ranked(survey, clauses)


# ------------------------------------------------------------------ do, do not


@dataclass(frozen=True, slots=True)
class Told:
    """What a clause tells to do (wanted) or not to do.

    about: the topic of the requests that it bears on; None for all. binding: an answer can break it, unlike a
    permission or a goal. firm: and there is no reason that would excuse it.
    """

    clause: Clause
    field: str
    wanted: bool
    about: str | None = None
    binding: bool = True
    firm: bool = True


def _said_and_denied(survey: Survey, clauses: Iterable[Clause]) -> Iterator[Clash]:
    by_text: dict[str, list[Told]] = {}
    for clause in clauses:
        for text, told in _told(clause):
            by_text.setdefault(text, []).append(told)
    crowd = survey.crowd()

    def worth(one: Told, other: Told) -> bool:
        # Nobody breaks a permission or a goal, so two of them never clash.
        opposed = one.wanted != other.wanted and (one.binding or other.binding) and one.clause.id != other.clause.id
        together = one.about is None or other.about is None or one.about == other.about
        return opposed and together and crowd.worth(one.clause, other.clause)

    for group in by_text.values():
        if len({told.wanted for told in group}) < 2:
            continue
        for pair in survey.meeting_pairs(group, lambda told: told.clause, worth):
            do, do_not = sorted(pair, key=lambda told: not told.wanted)
            crowd.add(do.clause, do_not.clause)
            one = _told_side(do, _bears_on(do_not.clause, do.clause))
            other = _told_side(do_not, _bears_on(do.clause, do_not.clause))
            shows = f"Whatever is answered, {do.clause.id} or {do_not.clause.id} is not kept."
            if not (do.binding and do_not.binding):
                shows = f"One of {do.clause.id} and {do_not.clause.id} lets the answer do what the other rules out."
            region, user = survey.overlap(do.clause, do_not.clause), request(do.clause, do_not.clause)
            yield Clash(one, (other,), region, shows, user, hard=do.firm and do_not.firm)


def _told(clause: Clause) -> Iterator[tuple[str, Told]]:
    match clause.body:
        case Rule() as rule:
            text, wanted = polarity(rule)
            binding, firm = rule.force not in ("may", "seeks"), rule.force in ("must", "never")
            about = topic(rule.about) if rule.about else None
            yield text, Told(clause, rule.force, wanted, about, binding, firm)
        case Trait(means=means, avoid=avoid):
            yield topic(means), Told(clause, "means", True)
            if avoid:
                yield topic(avoid), Told(clause, "not", False)
        case _:
            return


def polarity(rule: Rule) -> tuple[str, bool]:
    """Return what a rule is about, and whether it is for it.

    >>> polarity(Rule(must="Never take a side.")), polarity(Rule(never="Take a side."))
    (('take a side', False), ('take a side', False))
    """
    text, wanted = topic(rule.text), rule.force not in ("never", "should_not")
    if denial := _DENIAL.match(text):
        return text[denial.end() :], not wanted
    return text, wanted


def _bears_on(one: Clause, other: Clause) -> bool:
    """Say whether one bears on all requests that the other bears on, which are the same where both name some."""
    about = one.body.about if isinstance(one.body, Rule) else None
    return about is None or (isinstance(other.body, Rule) and other.body.about is not None)


def _told_side(told: Told, whole: bool) -> Side:
    body = told.clause.body
    text = body.text if isinstance(body, Rule) else getattr(body, "avoid" if told.field == "not" else told.field)
    says = f"says {told.field.replace('_', ' ')}: {quoted(text)}"
    return Side(told.clause, place(told.clause, told.field), says, whole)


# ------------------------------------------------------------------ decline, answer


@dataclass(frozen=True, slots=True)
class Answered:
    """A topic or request that a clause answers. says: what the answer is, where the clause gives it."""

    clause: Clause
    field: str
    text: str
    asks: str
    says: str | None = None


def _declined_and_answered(survey: Survey, clauses: Iterable[Clause]) -> Iterator[Clash]:
    about: dict[str, list[Clause]] = {}
    asked: dict[str, list[tuple[Clause, str]]] = {}
    for clause in clauses:
        if isinstance(clause.body, Refuse):
            about.setdefault(topic(clause.body.about), []).append(clause)
            for ask in clause.body.asks:
                asked.setdefault(plain(ask), []).append((clause, ask))
    if not about:
        return
    topics, requests = survey.crowd(), survey.crowd()
    for clause in clauses:
        for answered in _topics(clause):
            for refusal in about.get(topic(answered.text), ()):
                yield from _refused(survey, refusal, None, answered, topics)
        for answered in _requests(clause):
            for refusal, ask in asked.get(plain(answered.text), ()):
                if refusal.id == clause.id and answered.field == "example":
                    continue  # T0506 and T0509 look at a clause's own examples
                yield from _refused(survey, refusal, ask, answered, requests)


def _refused(survey: Survey, refusal: Clause, ask: str | None, answered: Answered, crowd: Crowd) -> Iterator[Clash]:
    """Look at a request that a clause answers and `refusal` declines; None for all about its topic."""
    if not (crowd.worth(refusal, answered.clause) and survey.meeting(refusal, answered.clause)):
        return
    if answered.says is not None and _declines(answered.says):
        return
    crowd.add(refusal, answered.clause)
    region = survey.overlap(refusal, answered.clause)
    body = refusal.body
    assert isinstance(body, Refuse)
    whole = ask is None
    answers = whole and answered.field != "still_help"
    place_answered = place(answered.clause, answered.field)
    if answered.field in ("still_help", "safe", "asks"):
        place_answered = survey.words(answered.clause, answered.field, answered.text)
    one = Side(answered.clause, place_answered, answered.asks, answers)
    declines = f"declines {quoted(body.about if ask is None else ask)}"
    declined_at = place(refusal, "about") if ask is None else survey.entry(refusal, "asks", ask)
    other = Side(refusal, declined_at, declines, answers)
    shows = f"An answer that declines keeps {refusal.id} and not {answered.clause.id}; any other, the other way round."
    if refusal.id == answered.clause.id:
        shows = f"{refusal.id} declines this request and answers it."
    user = request(refusal) if ask is None else " ".join(ask.split())
    yield Clash(one, (other,), region, shows, user, answered.says)


def _topics(clause: Clause) -> Iterator[Answered]:
    match clause.body:
        case Refuse(still_help=str(near)):
            for part in re.split(r"[;,]", near):
                yield Answered(clause, "still_help", part, f"still helps with {quoted(part)}")
        case Stance(about=about, says=says):
            yield Answered(clause, "about", about, f"says {quoted(says)}", says)
        case Rule() as rule if rule.force in ("must", "should", "may"):
            text = topic(rule.text)
            if telling := _TELLING.match(text):
                asks = f"says {rule.force}: {quoted(rule.text)}"
                yield Answered(clause, rule.force, text[telling.end() :], asks)
        case _:
            return


def _requests(clause: Clause) -> Iterator[Answered]:
    match clause.body:
        case Refuse(safe=safe):
            yield from (Answered(clause, "safe", ask, f"answers {quoted(ask)}") for ask in safe)
        case Stance(asks=asks, says=says):
            yield from (Answered(clause, "asks", ask, f"says {quoted(says)} there", says) for ask in asks)
        case _:
            pass
    for example in clause.examples:
        # What declines is a matter of each answer: one that does is as good for the refusal.
        if len(example.turns) == 1 and example.good:
            ask = example.turns[0].text
            yield Answered(clause, "example", ask, f"calls {quoted(example.good[0])} a good answer", example.good[0])


def _declines(answer: str) -> bool:
    from compiler.checks import refusal  # its grammar takes longer than all the rest of a check

    return refusal.find(answer) is not None


# ------------------------------------------------------------------ this over that


def _preferred(survey: Survey, clauses: Iterable[Clause]) -> Iterator[Clash]:
    earlier: dict[tuple[str, str], list[Clause]] = {}
    crowd = survey.crowd()
    for clause in clauses:
        if not isinstance(clause.body, Prefer) or not clause.body.over:
            continue
        this, over = topic(clause.body.this), topic(clause.body.over)
        for other in earlier.get((over, this), ()) if this != over else ():
            if crowd.worth(clause, other) and survey.meeting(clause, other):
                crowd.add(clause, other)
                region = survey.overlap(clause, other)
                sides = [_prefers(other), _prefers(clause)]
                shows = f"The better answer for {other.id} is the worse one for {clause.id}."
                yield Clash(sides[0], (sides[1],), region, shows, request(), hard=False)
        earlier.setdefault((this, over), []).append(clause)


def _prefers(clause: Clause) -> Side:
    body = clause.body
    assert isinstance(body, Prefer)
    return Side(clause, place(clause, "this"), f"prefers {quoted(body.this)} over {quoted(body.over or '')}", True)


def _ranked(survey: Survey, clauses: Iterable[Clause]) -> Iterator[Clash]:
    earlier: dict[tuple[str, str], list[Clause]] = {}
    crowd = survey.crowd()
    for clause in clauses:
        if not isinstance(clause.body, Outcomes):
            continue
        order = clause.body.order
        pairs = [(better, worse) for n, better in enumerate(order) for worse in order[n + 1 :]]
        told: set[str] = set()
        for better, worse in pairs:
            for other in earlier.get((worse, better), ()):
                if other.id in told or not _same_questions(clause, other):
                    continue
                if not (crowd.worth(clause, other) and survey.meeting(clause, other)):
                    continue
                told.add(other.id)
                crowd.add(clause, other)
                sides = [
                    Side(c, place(c, "order"), f"ranks {b.replace('_', ' ')} over {w.replace('_', ' ')}", False)
                    for c, b, w in ((other, worse, better), (clause, better, worse))
                ]
                shows = f"The better outcome for {other.id} is the worse one for {clause.id}."
                yield Clash(
                    sides[0], (sides[1],), survey.overlap(clause, other), shows, request(clause, other), hard=False
                )
        for pair in pairs:
            earlier.setdefault(pair, []).append(clause)


def _same_questions(one: Clause, other: Clause) -> bool:
    abouts = [topic(c.body.about) for c in (one, other) if isinstance(c.body, Outcomes) and c.body.about]
    return len(abouts) < 2 or abouts[0] == abouts[1]
