"""Regions say what scopes say, for every situation that can be told apart."""

from __future__ import annotations

import random
from itertools import product

import pytest

from compiler.conditions import Scope, mentioned
from compiler.regions import Region, Space, TooManyBoxes, join, meet, meets
from spec.document import And, Compare, Condition, Dimension, Not, Or, Truth

DIMENSIONS = (
    Dimension("role", "enum", ("customer", "clinician", "nurse")),
    Dimension("channel", "enum"),
    Dimension("age", "number"),
    Dimension("paying", "boolean"),
    Dimension("upset", "judged", means="the user is upset"),
)


def condition(rng: random.Random, depth: int) -> Condition:
    if depth and rng.random() < 0.6:
        kind = rng.choice([And, Or, Not])
        if kind is Not:
            return Not(condition(rng, depth - 1))
        return kind(tuple(condition(rng, depth - 1) for _ in range(rng.randrange(2, 4))))
    match rng.choice(["role", "channel", "age", "paying", "upset"]):
        case "role":
            return Compare("role", rng.choice(["==", "!="]), rng.choice(["customer", "clinician", "nurse"]))
        case "channel":
            return Compare("channel", "in", tuple(rng.sample(["chat", "email"], rng.randrange(1, 3))))
        case "age":
            return Compare("age", rng.choice(["==", "!=", "<", "<=", ">", ">="]), rng.choice([5.0, 10.0, 20.0]))
        case name:
            return Truth(name)


def scope(rng: random.Random) -> Scope:
    when, unless = (condition(rng, 2) if rng.random() < 0.8 else None for _ in range(2))
    return Scope(when, unless, DIMENSIONS, rng.random() < 0.5)


def holds(space: Space, region: Region, facts: dict[str, str | float | bool]) -> bool:
    def bit(name: str) -> int:
        return 2 << space.values[name].index(facts[name]) if name in facts else 1

    return any(all(bits & bit(name) for name, bits in box.items()) for box in region)


@pytest.mark.parametrize("seed", range(60))
def test_a_region_is_where_its_scope_applies(seed: int) -> None:
    rng = random.Random(seed)
    one, other = scope(rng), scope(rng)
    space = Space(DIMENSIONS, [one, other])
    try:
        here, there = space.inside(one), space.inside(other)
        away, both, either = space.outside(one), meet(here, there), join(here, there)
    except TooManyBoxes:
        pytest.skip("too many boxes")
    names = sorted({n for s in (one, other) for c in (s.when, s.unless) if c is not None for n in mentioned(c)})
    applied = False
    for values in product(*([*([] if name == "upset" else [None]), *space.values[name]] for name in names)):
        facts = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        first, second = one.applies(facts), other.applies(facts)
        assert holds(space, here, facts) is first
        assert holds(space, away, facts) is not first
        assert holds(space, both, facts) is (first and second)
        assert holds(space, either, facts) is (first or second)
        applied = applied or (first and second)
    assert meets(here, there) is bool(both) is applied
    if both:
        facts = space.facts(both)
        assert one.applies(facts)
        assert other.applies(facts)
