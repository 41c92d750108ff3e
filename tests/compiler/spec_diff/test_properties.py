"""Of any documents and patterns: nothing differs from itself, and what is stricter one way is looser the other."""

from __future__ import annotations

import random
import re
from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler import languages
from compiler.build import to_program
from compiler.conditions import Scope
from compiler.spec_diff import Version, compare, moves
from spec.document import Document, Model, Pattern
from tests.compiler.spec_diff.comparing import opposite, turned
from tests.spec.records import Records

SEEDS = st.integers(0, 2**32)


def document(seed: int) -> Document:
    return Records(random.Random(seed)).document()


def compiled(name: str, given: Document) -> Version:
    """Compile a document; of what it draws, clauses that apply always or never are no spec's, nor is another base, nor
    settings that the method's trainer has not."""
    clauses = tuple(c for c in given.clauses if sound(Scope(c.when, c.unless, given.dimensions)))
    train = given.train and replace(given.train, preset=None, loss=None, reward_weight=None, options=None)
    bare = replace(
        given, model=Model(), train=train, clauses=clauses, priorities=(), probes=(), grants=(), balances=(), alikes=()
    )
    program, diagnostics = to_program(bare)
    assume(not any(d.severity == "error" for d in diagnostics))
    return Version(name, bare, program)


def sound(scope: Scope) -> bool:
    return scope.always or (bool(scope.inside(1)) and bool(scope.outside(1)))


def changed(given: Document, seed: int) -> Document:
    """The clauses in another order, some with another's fields, some under another name, some gone."""
    rng = random.Random(seed)
    clauses = list(given.clauses)
    rng.shuffle(clauses)
    found = []
    for clause in clauses:
        if rng.random() < 0.15:
            continue
        other = rng.choice(clauses)
        fields = [f for f in ("level", "when", "unless", "override", "excepted", "transforming") if rng.random() < 0.3]
        clause = replace(clause, **{field: getattr(other, field) for field in fields})
        if rng.random() < 0.5:
            alike = [c for c in clauses if c.kind == clause.kind]
            clause = replace(clause, body=rng.choice(alike).body)
        if clause.kind != "trait" and rng.random() < 0.15:
            clause = replace(clause, id=f"{clause.id}_x", name=f"{clause.name}_x")
        found.append(clause)
    return replace(given, clauses=tuple(found))


def versions(seed: int, change: int) -> tuple[Version, Version]:
    old = changed(document(seed), change)
    return compiled("old.tenet", old), compiled("new.tenet", changed(old, change + 1))


@settings(max_examples=60)
@given(SEEDS)
def test_nothing_differs_from_itself(seed: int) -> None:
    one = compiled("spec.tenet", document(seed))
    found = compare(one, one)
    assert found.same
    assert all(clause.unchanged for clause in found.clauses)


@settings(max_examples=60)
@given(SEEDS, SEEDS)
def test_every_change_goes_the_other_way_when_the_versions_are_exchanged(seed: int, change: int) -> None:
    old, new = versions(seed, change)
    there, back = compare(old, new), compare(new, old)
    others = {(clause.was or clause.id, clause.id): clause for clause in back.clauses}
    assert len(others) == len(there.clauses)
    for clause in there.clauses:
        other = others[clause.id, clause.was or clause.id]
        assert other.verdict == opposite(clause.verdict)
        if clause.verdict not in ("added", "removed"):
            # A rule of another force names the field that says it after that force.
            assert [c[1:] for c in turned(clause.changes)] == [
                (c.concern, c.direction, c.old, c.new) for c in other.changes
            ]


# ---- patterns as languages


def patterns() -> st.SearchStrategy[str]:
    atoms = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", r"\b", r"\w", "^", "$", "ab"])
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.builds("{}{}".format, inner, inner),
            st.builds("(?:{}|{})".format, inner, inner),
            st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2}", "{1,2}"])),
        ),
        max_leaves=5,
    )


TEXTS = ("", "a", "b", "ab", "ba", "aa", "bb", "aab", "abb", "a b", " a", "b ", "xa", "a_b", "\n", "a\nb")


@settings(max_examples=200)
@given(patterns(), patterns())
def test_patterns_are_compared_as_languages(one: str, other: str) -> None:
    """A text that tells them apart is found by the one alone; where there is none, no text of a sample does."""
    try:
        escaped = moves.beyond([Pattern(one)], [Pattern(other)])
    except languages.TooLarge:
        return
    # `$` is the very end, as RE2 has it.
    first, second = (re.compile(text.replace("$", r"\Z")) for text in (one, other))
    for text in TEXTS if escaped is None else [escaped]:
        alone = bool(first.search(text)) and not second.search(text)
        assert alone is (escaped is not None)
