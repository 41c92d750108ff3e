"""What a clause asks of answers, kind by kind: how that has moved between two versions.

In: the bodies of one clause in both versions. Out: changes. A body of another kind is not compared any further. This
file must not know what all clauses share (`clauses.py`), nor files.

>>> old, new = Forbid(phrases=("As an AI language model",)), Forbid(phrases=("As an AI",))
>>> [(c.direction, c.witness) for c in compare(old, new, {})]
[('stricter', '"As an AI"')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler import languages
from compiler.checks import evaluate_all
from compiler.offers import offered
from compiler.records.checks import AffixCheck, Check, PatternsCheck, PhrasesCheck
from compiler.spec_diff.moves import Item, beyond, found, limit, listed, ranked, shown, switched, worded, written
from compiler.spec_diff.records import Change, Direction
from spec.constructs import (
    Body,
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
)
from spec.document import Pattern

BINDING = {"may": 0, "seeks": 1, "should": 2, "must": 3, "should_not": -2, "never": -3}
"""How binding a force is; below 0 what keeps answers from something."""


def compare(old: Body, new: Body, renamed: Mapping[str, str]) -> Iterator[Change]:
    """renamed: names of traits that have another name in the new version, for what refers to them."""
    match old, new:
        case Persona(), Persona():
            yield from _persona(old, new)
        case Trait(), Trait():
            yield from worded("means", old.means, new.means)
            yield from worded("not", old.avoid, new.avoid, "stricter", "what it must not turn into is ruled out")
            yield from ranked("intensity", old.intensity, new.intensity, sorted({old.intensity, new.intensity}))
            yield from _signs(old.signs, new.signs, "the trait")
        case Rule(), Rule():
            yield from _rule(old, new)
        case Refuse(), Refuse():
            yield from _refuse(old, new, renamed)
        case Forbid(), Forbid():
            before: tuple[Item, ...] = (*old.phrases, *old.patterns)
            after: tuple[Item, ...] = (*new.phrases, *new.patterns)
            fields = [f for f in ("phrases", "patterns") if getattr(old, f) != getattr(new, f)]
            yield from found(" and ".join(fields), before, after, "stricter", "forbids")
        case Secret(), Secret():
            yield from worded("about", old.about, new.about)
            yield from found("keep", old.keep, new.keep, "stricter", "keeps back")
            yield from listed("asks", old.asks, new.asks, "equivalent", "evidence", "question")
        case Require(), Require():
            yield from _require(old, new)
        case Format(), Format():
            yield from limit("max_words", "words", old.max_words, new.max_words)
            yield from limit("max_sentences", "sentences", old.max_sentences, new.max_sentences)
            for field in ("markdown", "lists", "code"):
                was, now = getattr(old, field) == "never", getattr(new, field) == "never"
                yield from switched(field, was, now, "stricter", ("never any more", "allowed again"), "demand")
            yield from ranked("questions", old.questions, new.questions, (None, "at_the_end", "never"))
        case Prefer(), Prefer():
            yield from worded("this", old.this, new.this)
            yield from worded("over", old.over, new.over, "incomparable", "it is compared with something")
            yield from limit("max_words", "words", old.max_words, new.max_words)
            yield from limit("max_sentences", "sentences", old.max_sentences, new.max_sentences)
        case Stance(), Stance():
            yield from worded("about", old.about, new.about)
            yield from worded("says", old.says, new.says)
            yield from _signs(old.signs, new.signs, "the stance")
            yield from listed("asks", old.asks, new.asks, "equivalent", "evidence", "question")
        case Outcomes(), Outcomes():
            yield from _outcomes(old, new)
        case _:
            kinds = type(old).__name__.lower(), type(new).__name__.lower()
            assert kinds[0] != kinds[1]
            yield Change("kind", "demand", "incomparable", f"a {kinds[1]} now, a {kinds[0]} before", *kinds)


def permits(body: Body) -> bool:
    """Whether a clause allows and does not ask: more of it is less strict."""
    return isinstance(body, Rule) and body.force == "may"


def _persona(old: Persona, new: Persona) -> Iterator[Change]:
    yield from worded("called", old.called, new.called)
    yield from worded("maker", old.maker, new.maker, "stricter", "a maker is named")
    yield from worded("about", old.about, new.about, "stricter", "a purpose is named")
    yield from ranked("voice.sentences", old.voice.sentences, new.voice.sentences, ("any", "short"))
    yield from ranked("voice.emoji", old.voice.emoji, new.voice.emoji, ("any", "never"))


def _signs(old: Sequence[Item], new: Sequence[Item], of: str) -> Iterator[Change]:
    """Signs any of which shows something: more of them are shown by more answers."""
    if bool(old) is not bool(new):
        decides = "signs decide now, a judge before" if new else "a judge decides now, signs before"
        texts = (", ".join(written(s) or "" for s in signs) or None for signs in (old, new))
        yield Change("signs", "demand", "incomparable", f"another measure of {of}: {decides}", *texts)
    else:
        yield from found("signs", old, new, "looser", f"{of} shows in")


def _rule(old: Rule, new: Rule) -> Iterator[Change]:
    if old.force != new.force:
        before, after = BINDING[old.force], BINDING[new.force]
        words = old.force.replace("_", " "), new.force.replace("_", " ")
        direction: Direction
        if before * after < 0:
            direction, reason = "incomparable", f"turned round: from {words[0]} to {words[1]}"
        else:
            up = abs(after) > abs(before)
            direction = "stricter" if up else "looser"
            reason = f"{words[1]} binds {'more' if up else 'less'} than {words[0]}"
        yield Change("force", "demand", direction, reason, *words)
    yield from worded(new.force, old.text, new.text)
    yield from _bearing(old.about, new.about)
    yield from listed("asks", old.asks, new.asks, "equivalent", "evidence", "request")


def _bearing(old: str | None, new: str | None) -> Iterator[Change]:
    """The requests that a rule bears on; None for all."""
    for change in worded("about", old, new, "looser", "it bears on some requests only"):
        yield Change(change.field, "scope" if None in (old, new) else "wording", change.direction, change.reason,
                     old or "all requests", new or "all requests")  # fmt: skip


def _refuse(old: Refuse, new: Refuse, renamed: Mapping[str, str]) -> Iterator[Change]:
    yield from worded("about", old.about, new.about)
    style = renamed.get(old.style or "", old.style or "plain")
    if style != (new.style or "plain"):
        reason = "declines in another manner"
        yield Change("style", "demand", "incomparable", reason, old.style or "plain", new.style or "plain")
    yield from _offer(old, new)
    yield from worded("still_help", old.still_help, new.still_help, "looser", "what is near the topic is answered")
    yield from listed("asks", old.asks, new.asks, "stricter", "demand", "request that must be refused")
    yield from listed("safe", old.safe, new.safe, "looser", "demand", "request that must be answered")


def _offer(old: Refuse, new: Refuse) -> Iterator[Change]:
    """A refusal names one of the things that it offers, so one more of them is one more way to keep it."""
    if old.offer is None or new.offer is None:
        yield from worded("offer", old.offer, new.offer, "stricter", "an offer belongs to the refusal")
        return
    before, after = ({thing.casefold() for thing in offered(body)} for body in (old, new))
    if before == after:
        yield from worded("offer", old.offer, new.offer)
        return
    direction: Direction = "looser" if before < after else "stricter" if before > after else "incomparable"
    reasons = {
        "looser": "one of more things is offered",
        "stricter": "one of fewer things is offered",
        "incomparable": "other things are offered",
    }
    yield Change("offer", "demand", direction, reasons[direction], old.offer, new.offer)


# ------------------------------------------------------------------ parts that every answer has

Part = tuple[str, Item]
"""The field that asks for it, and the text or pattern."""


def _require(old: Require, new: Require) -> Iterator[Change]:
    before, after = _parts(old), _parts(new)
    if before == after:
        return
    try:
        gained = [part for part in after if not any(_implies(other, part) for other in before)]
        lost = [part for part in before if not any(_implies(other, part) for other in after)]
    except languages.TooLarge:
        reason = "a pattern changed, and what it finds cannot be compared"
        yield Change("includes", "demand", "incomparable", reason)
        return
    direction: Direction = "equivalent"
    if gained or lost:
        direction = "incomparable" if gained and lost else "stricter" if gained else "looser"
    differing = (*gained, *lost) or [part for part in (*before, *after) if part not in before or part not in after]
    fields = dict.fromkeys(field for field, _ in differing) or {"includes": None}
    reasons = {
        "equivalent": "asks for the same parts, said otherwise",
        "stricter": "asks for a part more",
        "looser": "asks for a part less",
        "incomparable": "asks for other parts",
    }
    yield Change(
        " and ".join(fields),
        "demand",
        direction,
        reasons[direction],
        "; ".join(f"{field} {written(item)}" for field, item in lost) or None,
        "; ".join(f"{field} {written(item)}" for field, item in gained) or None,
        _between(before, after) if direction == "stricter" else _between(after, before) if lost else None,
    )


def _parts(body: Require) -> list[Part]:
    return [
        *([("starts", body.starts)] if body.starts else []),
        *([("ends", body.ends)] if body.ends else []),
        *(("includes", item) for item in body.includes),
    ]


def _implies(one: Part, other: Part) -> bool:
    """Whether every answer that has one part has the other."""
    if one[0] == other[0] == "includes":
        return beyond([one[1]], [other[1]]) is None
    return languages.escaping(_machine(one, loose=False), [_machine(other, loose=True)]) is None


def _machine(part: Part, *, loose: bool) -> languages.Machine:
    field, item = part
    if isinstance(item, Pattern):
        return languages.pattern(item.text, item.flags)
    return languages.phrase(item, starts=field == "starts", ends=field == "ends", loose=loose)


def _between(kept: list[Part], broken: list[Part]) -> str | None:
    """An answer with the parts of one version that lacks one of the other, where one can be written down."""
    texts: dict[str, list[str]] = {"starts": [], "includes": [], "ends": []}
    for field, item in kept:
        if isinstance(item, Pattern):
            return None
        texts[field].append(item)
    answer = " ".join([*texts["starts"], *texts["includes"], *texts["ends"]]) or "Yes."
    keeps = evaluate_all([_check(part) for part in kept], answer)
    return shown(answer) if keeps and evaluate_all([_check(part) for part in broken], answer) is False else None


def _check(part: Part) -> Check:
    field, item = part
    if isinstance(item, Pattern):
        return PatternsCheck(patterns=(f"(?{item.flags}:{item.text})" if item.flags else item.text,), present=True)
    if field == "includes":
        return PhrasesCheck(phrases=(item,), present=True)
    return AffixCheck(starts=item) if field == "starts" else AffixCheck(ends=item)


# ------------------------------------------------------------------ rankings


def _outcomes(old: Outcomes, new: Outcomes) -> Iterator[Change]:
    if old.order != new.order:
        before, after = _ranked_pairs(old.order), _ranked_pairs(new.order)
        direction: Direction = "stricter" if before < after else "looser" if before > after else "incomparable"
        turned = next(((a, b) for a, b in before if (b, a) in after), None)
        reasons: dict[Direction, str] = {
            "stricter": "more outcomes are ranked, the others as before",
            "looser": "fewer outcomes are ranked, the others as before",
            "incomparable": f"{turned[1]} is better than {turned[0]} now" if turned else "other outcomes are ranked",
        }
        chains = (" > ".join(body.order) for body in (old, new))
        yield Change("order", "demand", direction, reasons[direction].replace("_", " "), *chains)
    yield from _bearing(old.about, new.about)


def _ranked_pairs(order: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(better, worse) for index, better in enumerate(order) for worse in order[index + 1 :]}
