"""Rules -> what a row must hold before it can break one.

In: filters.json. Out: atoms, the smallest parts of rules that can be broken by themselves (one phrase, one pattern, or
a whole rule), each with its needs: texts of which a row that breaks it holds one. All of it errs on one side: a row may
hold what an atom needs and keep every rule. This file must not know rows.

    literals  letters that stand in a row among the letters of a text (`folding.letters`)
    raw       the same among its ASCII letters, as far as they are told apart there (`folding.squeezed`)
    words     letters as before, too few to be looked for inside of other words
    search    an expression that is found in the line (`raw`), where the line is ASCII
    beyond    a character beyond ASCII, whatever it is
    always    nothing is known: every row must be read

>>> from compiler.records.checks import PhrasesCheck
>>> from compiler.records.filters import FilterRule
>>> canned = PhrasesCheck(phrases=("As an AI", "Bot", "Café noir"), present=False)
>>> for atom in atoms_of([FilterRule(key="forbid.canned", clause_ids=(), checks=(canned,), reason="")]):
...     print(atom.text, atom.needs.literals, atom.needs.raw, atom.needs.words)
As an AI ('asanai',) ('asanai',) ()
Bot () () ('bot',)
Café noir ('cafenoir',) ('noir',) ()
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from compiler import data
from compiler.corpus.folding import folded, letters, squeezed
from compiler.corpus.raw import expression
from compiler.records.checks import JudgeCheck, PatternsCheck, PhrasesCheck
from compiler.records.filters import FilterRule, Filters

_sre: Any = import_module("re._parser")

SHORT = 3
"""Letters up to this number stand inside of too many words."""
_ASCII = re.compile(r"[\x00-\x7f]+")


@dataclass(frozen=True, slots=True)
class Needs:
    literals: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    search: str | None = None
    beyond: bool = False
    always: bool = False


UNKNOWN = Needs(always=True)


@dataclass(frozen=True, slots=True)
class Atom:
    """rule: its place among the rules. check: the place of a check in it, and text: a phrase or pattern of the check;
    both None for the whole rule. of_question: the needs are those of a question, and not of its answer."""

    rule: int
    check: int | None
    text: str | None
    needs: Needs
    of_question: bool = False


def atoms_of(rules: Sequence[FilterRule]) -> list[Atom]:
    return [atom for place, rule in enumerate(rules) for atom in _of_rule(place, rule)]


def narrowed(rules: Sequence[FilterRule], atoms: Iterable[Atom]) -> Filters:
    """Return the rules as far as they consist of `atoms`, in their order."""
    by_rule: dict[int, list[Atom]] = {}
    for atom in atoms:
        by_rule.setdefault(atom.rule, []).append(atom)
    kept = {place: _only(rules[place], found) for place, found in by_rule.items()}
    if any(rule.otherwise for rule in kept.values()):
        # Such a rule holds where no other one's topic is asked about, so topics must stay.
        topics = {place: rule for place, rule in enumerate(rules) if rule.topic or rule.asks}
        kept = {**{place: rule.model_copy(update={"checks": ()}) for place, rule in topics.items()}, **kept}
    return Filters(rules=tuple(kept[place] for place in sorted(kept)))


def _only(rule: FilterRule, atoms: Sequence[Atom]) -> FilterRule:
    if any(atom.check is None for atom in atoms):
        return rule
    checks: list[PhrasesCheck | PatternsCheck] = []
    for place, check in enumerate(rule.checks):
        texts = tuple(atom.text for atom in atoms if atom.check == place and atom.text is not None)
        if texts and isinstance(check, PhrasesCheck):
            checks.append(check.model_copy(update={"phrases": texts}))
        elif texts and isinstance(check, PatternsCheck):
            checks.append(check.model_copy(update={"patterns": texts}))
    return rule.model_copy(update={"checks": tuple(checks)})


def _of_rule(place: int, rule: FilterRule) -> Iterator[Atom]:
    if all(isinstance(check, JudgeCheck) for check in rule.checks):
        return
    if rule.topic or rule.asks:
        # A rule about a topic is broken by no row that is about something else, whatever its answer says.
        yield Atom(place, None, None, _of_question(rule), of_question=True)
        return
    parts = []
    for number, check in enumerate(rule.checks):
        match check:
            case JudgeCheck():
                continue
            case PhrasesCheck(phrases=texts, present=False):
                parts += [Atom(place, number, text, _of_phrase(text)) for text in texts]
            case PatternsCheck(patterns=texts, present=False):
                parts += [Atom(place, number, text, _of_pattern(text)) for text in texts]
            case _:
                yield Atom(place, None, None, UNKNOWN)
                return
    yield from parts


def _of_phrase(phrase: str) -> Needs:
    text = folded(phrase)
    literal = letters(phrase)
    longest = max((squeezed(run) for run in _ASCII.findall(text)), key=len, default="")
    if len(longest) > SHORT:
        return Needs(literals=(literal,), raw=(longest,))
    if literal and text.isascii():
        return Needs(words=(literal,))
    # A text in ASCII stays one in every form; a phrase of dots may stand there as one character.
    beyond = not text.isascii()
    return Needs(literals=(literal,) if literal and beyond else (), beyond=beyond, always=not beyond)


def _of_question(rule: FilterRule) -> Needs:
    """What a question holds that is about the rule's topic, as `data.is_about` tells it."""
    # A word of the text begins with its stem; of `asks` it is whole words that are compared.
    stems = _all_but(max(rule.enough, 1) - 1, [data.stem(word) for word in rule.topic]) if rule.topic else set()
    asked: set[str] = set()
    for ask in rule.asks:
        words = data.words(ask)
        # Of two sets that have this share in common, the smaller one is at least that share of the other.
        asked |= _all_but(math.ceil(data.NEARLY * len(words)) - 1, list(words))
    if "" in stems | asked:
        return UNKNOWN
    short = {word for word in asked if len(word) <= SHORT}
    literals = tuple(sorted(stems | (asked - short)))
    return Needs(literals, literals, tuple(sorted(short)))


def _all_but(spared: int, words: Sequence[str]) -> set[str]:
    """Of a text with more than `spared` of the words, the rest holds one; the commonest, which are short, are spared.
    A word with a letter beyond ASCII counts as none."""
    literals = sorted((squeezed(word) if word.isascii() else "" for word in words), key=len)
    return set(literals[max(spared, 0) :]) or {""}


# ------------------------------------------------------------------ patterns


def _of_pattern(pattern: str) -> Needs:
    search = expression(pattern)
    try:
        found = _of_items(_sre.parse(pattern))
    except (re.error, OverflowError, RecursionError):
        found = None
    if not found or min(map(len, found)) < SHORT:
        return Needs(search=search, beyond=True) if search else UNKNOWN
    literals = tuple(sorted(found))
    return Needs(literals, literals, search=search)


def _of_items(items: Iterable[Any]) -> frozenset[str] | None:
    """Return letters of which every match holds one, the best that one item, or run of items, gives."""
    found: list[frozenset[str]] = []
    run = ""
    for operation, argument in items:
        name = str(operation)
        letter = _letter(name, argument)
        if letter is not None:
            run += letter
            continue
        if name == "AT":
            continue
        found.append(frozenset([squeezed(run)]))
        run = ""
        inner: frozenset[str] | None = None
        match name:
            case "SUBPATTERN":
                inner = _of_items(argument[3])
            case "BRANCH":
                branches = [_of_items(branch) for branch in argument[1]]
                if all(branches):
                    inner = frozenset(text for branch in branches if branch for text in branch)
            case "MAX_REPEAT" | "MIN_REPEAT" if argument[0] >= 1:
                inner = _of_items(argument[2])
        if inner:
            found.append(inner)
    found.append(frozenset([squeezed(run)]))
    best = max(found, key=lambda texts: (min(map(len, texts)), -len(texts)))
    return best if min(map(len, best)) else None


def _letter(name: str, argument: Any) -> str | None:
    """The one ASCII character that an item reads, in lower case, or None."""
    if name == "LITERAL" and argument < 0x80:
        return chr(argument).lower()
    if name == "IN" and all(str(kind) == "LITERAL" and value < 0x80 for kind, value in argument):
        read = {chr(value).lower() for _, value in argument}
        return read.pop() if len(read) == 1 else None
    return None
