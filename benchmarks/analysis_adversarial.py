"""Specs of 1,000 clauses that are made to take long: much to compare each with each, and much that is hard to compare.

In: a number of clauses. Out: the text of a spec. `benchmarks/analysis.py` measures them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

DIMENSIONS = tuple(f"dimension d{n} {{ values: [a, b, c, d, e, f] }}" for n in range(6))


def distinct_patterns(n: int) -> str:
    return _spec(rf"forbid f{i} {{ patterns: [/\bw{i}[a-z]+ (one|two)\b/, /(say|tell) w{i}s?/i] }}" for i in range(n))


def patterns_alike(n: int) -> str:
    """All need one text, and most are found in a text of another's."""
    return _spec(
        rf"forbid f{i} {{ patterns: [/call (me|us) a{{{i + 1}}}/, /call (me|us) b{{1,{i + 1}}}/] }}" for i in range(n)
    )


def patterns_without_a_word(n: int) -> str:
    """No text is needed, so that nothing can be looked up."""
    return _spec(
        rf"forbid f{i} {{ patterns: [/\b[a-d]{{{i % 30 + 1},{i % 30 + 3}}}"
        rf"[0-9]{{{i // 30 + 1}}}\b/, /([b-f]|x{i})+/] }}"
        for i in range(n)
    )


def patterns_of_many_states(n: int) -> str:
    return _spec(rf"forbid f{i} {{ patterns: [/(abc?){{{i + 1}}}/, /foo{i}\b(s|$)/] }}" for i in range(n))


def equal_rules(n: int) -> str:
    return _spec(f'rule r{i} {{ must: "Name the price." }}' for i in range(n))


def rules_and_their_opposite(n: int) -> str:
    return _spec(f'rule r{i} {{ {("never", "must")[i % 2]}: "Name the price." }}' for i in range(n))


def opposites_in_many_scopes(n: int) -> str:
    return _spec(
        [
            *DIMENSIONS,
            *(
                f'rule r{i} {{ {("never", "must")[i % 2]}: "Name the price."  when: d{i % 6} in'
                f" [{_letter(i // 6)}, {_letter(i // 36 + 1)}] and d{(i + 1 + i // 7) % 6} != {_letter(i // 11)} }}"
                for i in range(n)
            ),
        ]
    )


def starts_of_their_own(n: int) -> str:
    return _spec(f'require r{i} {{ starts: "Word {i} here." }}' for i in range(n))


def required_and_forbidden(n: int) -> str:
    return _spec(
        f'require r{i} at system {{ includes: "the word is {i} and so on" }}'
        if i % 2
        else f'forbid f{i} {{ phrases: ["word is", "x{i}"] }}'
        for i in range(n)
    )


def declined_and_safe(n: int) -> str:
    return _spec(
        f'refuse r{i} {{ about: "the weather"  asks: "Will it rain?" }}'
        if i % 2
        else f'refuse r{i} {{ about: "boats {i}"  still_help: "the weather"  safe: "Will it rain?" }}'
        for i in range(n)
    )


def answers_beyond_the_length(n: int) -> str:
    return _spec(
        f'trait t{i} {{ means: "Is kind {i}."  example {{ user: "Hi {i}"  good: "One two three four."  bad: "x" }} }}'
        if i % 2
        else f"format f{i} {{ max_words: 3 }}"
        for i in range(n)
    )


ADVERSARIAL: tuple[Callable[[int], str], ...] = (
    distinct_patterns,
    patterns_alike,
    patterns_without_a_word,
    patterns_of_many_states,
    equal_rules,
    rules_and_their_opposite,
    opposites_in_many_scopes,
    starts_of_their_own,
    required_and_forbidden,
    declined_and_safe,
    answers_beyond_the_length,
)


def _spec(lines: Iterable[str]) -> str:
    return "\n".join(["tenet 1", *lines])


def _letter(number: int) -> str:
    return "abcdef"[number % 6]
