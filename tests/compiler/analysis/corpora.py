"""Specs made by a seed, of which it is known by construction what the analysis has to find.

Each pair of clauses has a word of its own, so that it can only clash with itself. Half of the pairs meet in some
situation, and half never do: their scopes name two values of one dimension, two sides of a number, or a judged
predicate and its denial.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

LEVELS = ("root", "system", "developer", "user", "guideline")

DIMENSIONS = """
dimension user.role { values: [customer, clinician, nurse] }
dimension age { type: number }
dimension paying { type: boolean }
dimension upset { means: "the user is upset" }
"""

# Pairs of scopes. Two prohibitions hold together for somebody of whom nothing is known, unless a judge decides.
MEETING = (
    ("", ""),
    ("when: user.role == clinician", ""),
    ("", "when: age >= 18 and paying"),
    ("when: age >= 18", "when: age < 30"),
    ("when: user.role in [customer, nurse]", "unless: user.role == customer"),
    ("when: upset", "when: user.role == nurse"),
    ("when: channel == chat or paying", "when: channel == email"),
)
APART = (
    ("when: user.role == clinician", "when: user.role == customer"),
    ("when: age < 18", "when: age >= 18"),
    ("when: age > 10 and age <= 20", "when: age > 20 or age < 5"),
    ("when: paying and upset", "when: not paying"),
    ("when: channel == chat", "when: channel in [email, sms]"),
    ("when: user.role != nurse and paying", "when: user.role == nurse"),
)
JUDGED_APART = (("when: upset", "when: not upset"), ("unless: upset", "when: upset"))

# A pair of bodies that cannot both be kept; {} is a word that no other pair has. The second of each may be a
# prohibition, which applies to strangers; only the last row has two.
OPPOSITES = (
    ("require", 'includes: "Quite {} then"', "forbid", 'phrases: ["{}", "never said"]'),
    ("require", 'includes: "{}"', "forbid", "patterns: [/\\b{}s?\\b/i]"),
    ("require", 'includes: [/{}{}/]', "forbid", "patterns: [/({})+/]"),
    ("require", 'includes: "the {} word"', "secret", 'about: "the {} code"  keep: "{}"'),
    ("rule", 'must: "Speak of the {}."', "rule", 'never: "speak of the {}"'),
    ("trait", 'means: "Shows {}."  signs: ["{}", "{} indeed"]', "forbid", 'phrases: "{}"'),
    ("stance", 'about: "the {}"  says: "It is a {}."  signs: "{}"', "forbid", 'phrases: "{}"'),
    ("prefer", 'this: "{} tea"  over: "plain tea"', "prefer", 'this: "Plain tea"  over: "{} tea"'),
    ("refuse", 'about: "{}"  asks: "Tell me {}?"  safe: "{} then"', "refuse",
     'about: "{} as well"  safe: "Tell me {}?"'),
)  # fmt: skip
RESTRICTING = ("forbid", "secret", "refuse")
WHOLE = ("require", "rule", "prefer")
"""Kinds of which every answer clashes, on both sides, so that either can be shadowed; else only the first."""


@dataclass
class Corpus:
    """expected: code and the ids of the two clauses. apart: pairs that never meet."""

    lines: list[str] = field(default_factory=list)
    expected: set[tuple[str, frozenset[str]]] = field(default_factory=set)
    apart: list[frozenset[str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(["tenet 1", DIMENSIONS, *self.lines])


def corpus(seed: int, pairs: int) -> Corpus:
    rng = random.Random(seed)
    made = Corpus()
    for number in range(pairs):
        kind, body, other_kind, other_body = rng.choice(OPPOSITES)
        meeting = rng.random() < 0.5
        both_restrict = kind in RESTRICTING and other_kind in RESTRICTING
        scopes = rng.choice(MEETING if meeting else JUDGED_APART if both_restrict else APART)
        if meeting and (kind == "rule" or not both_restrict) and rng.random() < 0.5:
            scopes = scopes[::-1]
        levels = rng.choice(LEVELS), rng.choice(LEVELS)
        word = f"w{number}x"
        ids = f"{kind}.a{number}", f"{other_kind}.b{number}"
        for (this_kind, this_body), letter, level, scope in zip(
            ((kind, body), (other_kind, other_body)), "ab", levels, scopes, strict=True
        ):
            made.lines.append(f"{this_kind} {letter}{number} at {level} {{ {this_body.replace('{}', word)}  {scope} }}")
        if meeting:
            made.expected.add((_code(kind, other_kind, levels, scopes), frozenset(ids)))
        else:
            made.apart.append(frozenset(ids))
    rng.shuffle(made.lines)
    return made


def _code(kind: str, other: str, levels: tuple[str, str], scopes: tuple[str, str]) -> str:
    """What the analysis has to say, by the tables above: it does not look at conditions."""
    if levels[0] == levels[1]:
        hard = "prefer" not in (kind, other)
        return "T0521" if levels[0] == "root" and hard else "T0520"
    first_wins = LEVELS.index(levels[0]) < LEVELS.index(levels[1])
    stronger = scopes[0 if first_wins else 1]
    whole = kind != "refuse" and (not first_wins or kind in WHOLE)
    # Of the scopes that meet, only "everywhere" is around another.
    return "T0522" if whole and stronger == "" else "T0523"
