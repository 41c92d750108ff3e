"""Passes: what each gives, what it reports, and the checker that runs after each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from compiler import ir_file
from compiler.build import collect, to_program
from compiler.failures import DataError
from compiler.ir import Program
from compiler.passes import PASSES
from compiler.verify import BrokenProgram, verify
from spec.document import Pattern
from tests.compiler.conftest import NAMES, program_of


def findings(text: str) -> list[tuple[str, int]]:
    loaded = spec.loads(f"tenet 1\n{text}", "spec.tenet")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    _, diagnostics = to_program(loaded.document)
    return [(d.code, d.span.line) for d in diagnostics]


@pytest.mark.parametrize("name", NAMES)
def test_the_program_is_sound_after_every_pass(name: str, texts: dict[str, str]) -> None:
    document = spec.loads(texts[name], f"{name}.tenet").document
    assert document is not None
    program = collect(document)
    verify(program)
    for run in PASSES:
        program, _ = run(program)
        verify(program)
        again, _ = run(program)
        assert again == program, f"{run.__name__} is not idempotent"


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (lambda p: replace(p, clauses=(*p.clauses, p.clauses[0])), "stands 2 times"),
        (lambda p: replace(p, voice=("trait.gone",)), "the voice names trait.gone"),
        (lambda p: replace(p, clauses=tuple(replace(c, rank=0) for c in p.clauses)), "ranks are"),
        (
            lambda p: replace(p, clauses=tuple(replace(c, rank=len(p.clauses) - 1 - c.rank) for c in p.clauses)),
            "outranks",
        ),
        (lambda p: replace(p, clauses=tuple(replace(c, because="x", name="y") for c in p.clauses)), "is not kind.name"),
        (
            lambda p: replace(p, clauses=tuple(replace(c, target=replace(c.target, share=0.5)) for c in p.clauses)),
            "stale",
        ),
    ],
)
def test_the_checker_notices(broken: object, says: str, programs: dict[str, Program]) -> None:
    with pytest.raises(BrokenProgram, match=says):
        verify(broken(programs["pirate"]))  # type: ignore[operator]  # one of the lambdas above


def test_levels_rank_before_priorities_and_priorities_before_source_order() -> None:
    program = program_of(
        'tenet 1\ntrait a { means: "a" }\ntrait b { means: "b" }\ntrait c at root { means: "c" }\n'
        'trait d { means: "d" tags: [kind] }\npriority: kind > b'
    )
    ranked = [c.name for c in sorted(program.clauses, key=lambda c: c.rank)]
    assert ranked == ["c", "d", "b", "a"]


@settings(max_examples=40, deadline=None)
@given(st.permutations(["a", "b", "c", "d", "e"]), st.integers(1, 4))
def test_merged_priorities_keep_every_statement(names: list[str], cut: int) -> None:
    """Two overlapping chains of one order give that order back, whatever the source order is."""
    traits = "\n".join(f'trait {name} {{ means: "{name}" }}' for name in sorted(names))
    chains = [names[: cut + 1], names[cut:]]
    statements = "\n".join(f"priority: {' > '.join(chain)}" for chain in chains if len(chain) > 1)
    program = program_of(f"tenet 1\n{traits}\n{statements}")
    assert [c.name for c in sorted(program.clauses, key=lambda c: c.rank)] == list(names)


def test_a_priority_against_levels_is_a_warning_with_its_line() -> None:
    text = 'trait a { means: "a" }\nforbid b { phrases: ["x"] }\npriority: a > b'
    assert findings(text) == [("T0501", 4)]


def test_a_persona_with_a_condition_is_an_error() -> None:
    assert ("T0503", 2) in findings('persona A { maker: "x"  when: user.role == guest }')


@pytest.mark.parametrize("clause", ['trait a { means: "a"', 'refuse a { about: "a"'])
@pytest.mark.parametrize("condition", ["when: flag and not flag", "unless: flag or not flag", "when: flag or not flag"])
def test_a_condition_that_decides_nothing_is_an_error(clause: str, condition: str) -> None:
    found = findings(f"dimension flag {{ type: boolean }}\n{clause}  {condition} }}")
    assert found[0][0] == "T0504"


def test_an_exception_that_takes_all_is_shown_beside_what_it_takes() -> None:
    document = spec.loads('tenet 1\ntrait a { means: "a"  when: user.role == x  unless: user.role == x }').document
    assert document is not None
    (found,) = to_program(document)[1]
    assert (found.code, found.label) == ("T0504", "exempts everybody for whom `when` holds")
    assert "unless" in (found.help or "")
    assert [note.span.column for note in found.secondary] == [23]


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        (r"(?<=no )way", False), (r"yes(?!no)", False), (r"(a)\1", False), (r"(?>ab)", False), (r"a++b", False),
        (r"a{1001}", False), (r"x*", False), (r"(a)?(?(1)b|c)", False), (r"\bé", False), (r"caf\u00e9", False),
        (r"(x|)", False), ("^", False),
        (r"[(?=]x", True), (r"\(\?=", True), (r"a+\+b", True), (r"as an? (ai|bot)", True), (r"(?i:x)", True),
        ("caf\u00e9", True), (r"a{3}", True), (r"x*?y", True),
    ],
)  # fmt: skip
def test_patterns_that_the_matcher_lacks_are_errors(pattern: str, accepted: bool) -> None:
    from compiler.checks.patterns import problem

    found = findings(f"forbid x {{ patterns: [/{pattern}/] }}")
    assert found == ([] if accepted else [("T0507", 2)])
    assert (problem(pattern) is None) is accepted


TOKENS = (
    "a", " ", "b", "-", r"\b", r"\w", r"\.", ".", "^", "$", "|", "(", "(?:", ")", "[ab]", "[^a-c ]", "*", "+", "?",
    "{2}", r"\A", "é", "(?=", r"\1", "]", "}",
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), min_size=1, max_size=8).map("".join))
def test_the_quick_look_at_a_pattern_agrees_with_the_matcher(pattern: str) -> None:
    import re
    import warnings

    from compiler.checks.patterns import problem
    from compiler.passes.refuse_unlowerable import _problem

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(pattern)
        except (re.error, FutureWarning, DeprecationWarning):
            return  # reading the spec refuses it before any pass
    assert (_problem(Pattern(pattern)) is None) is (problem(pattern) is None)


@pytest.mark.parametrize("field", ["expect", "reject"])
def test_a_probe_s_patterns_are_looked_at_too(field: str) -> None:
    text = f'trait a {{ means: "a" }}\nprobe p {{ for: a  ask: "Hi"  {field}: [/(?=x)y/] }}'
    assert findings(text) == [("T0507", 3)]


def test_data_that_the_method_leaves_out_is_an_error() -> None:
    clause = 'trait a { means: "a" }'
    assert findings(f'{clause}\ntrain {{ method: dpo  data: "x.jsonl" }}') == [("T0505", 3)]
    assert findings(f'{clause}\ntrain {{ method: sft+dpo  data: "x.jsonl" }}') == []


@pytest.mark.parametrize(
    ("train", "code"),
    [
        ("mixture: { written: 60%, bank: 41% }", "T0516"),
        ("mixture: { own: 1% }", "T0517"),
        ("mixture: { dialogue: 1% }", "T0517"),
        ('prompts: "/x.txt"', "T0510"),
        ("mixture: { written: 60%, bank: 40% }", None),
        ("method: sft  mixture: { dialogue: 1% }", None),
    ],
)
def test_a_mixture_asks_for_what_is_there(train: str, code: str | None) -> None:
    assert findings(f'trait a {{ means: "a" }}\ntrain {{ {train} }}') == ([(code, 3)] if code else [])


def test_a_good_answer_that_says_a_forbidden_phrase_is_an_error() -> None:
    text = (
        'forbid canned { phrases: ["Certainly!"] }\n'
        'trait a { means: "a" example { user: "Hi" good: "CERTAINLY!  Yes." bad: "Certainly! No." } }'
    )
    assert findings(text) == [("T0506", 3)]


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        # What a program decides: such a row could not be trained on.
        ('trait a { means: "a" signs: ["arr", /ahoy+/i] example { user: "Hi" good: "Hello." bad: "No." } }', "T0506"),
        ('stance a { about: "x" says: "y" signs: "an AI" example { user: "Hi" good: "Hi." bad: "No." } }', "T0506"),
        ('require a { ends: "Bye." example { user: "Hi" good: "Hello." bad: "No." } }', "T0506"),
        ('require a { includes: [/call \\d+/] example { user: "Hi" good: "Call me." bad: "No." } }', "T0506"),
        ('prefer a { this: "x" max_words: 2 example { user: "Hi" good: "Hi to you." bad: "No no no no." } }', "T0506"),
        ('prefer a { this: "x" max_sentences: 1 example { user: "Hi" good: "Hi. Ho." bad: "Nay. Nay." } }', "T0506"),
        ('forbid a { patterns: [/as an? ai/i] example { user: "Hi" good: "As an AI." bad: "As an ai." } }', "T0506"),
        # What is read from an answer's words: it may be a refusal that no grammar knows.
        ('refuse a { about: "x" example { user: "Hi" good: "Nope." bad: "Yes." } }', "T0509"),
        ('refuse a { about: "x" offer: "Ann" example { user: "Hi" good: "I can\'t say." bad: "Yes." } }', "T0509"),
        ('persona Ann { example { user: "Who is it?" good: "Me." bad: "You." } }', "T0509"),
        # A bad answer that keeps its clause would teach the model out of it.
        ('trait a { means: "a" signs: "arr" example { user: "Hi" good: "Arr." bad: "Arr?" } }', "T0509"),
        ('forbid a { phrases: "Well" example { user: "Hi" good: "Hi." bad: "Hello." } }', "T0509"),
        ('refuse a { about: "x" example { user: "Hi" good: "I cannot say." bad: "I can\'t tell you." } }', "T0509"),
    ],
)
def test_an_example_against_its_own_clause_is_found(clause: str, code: str) -> None:
    assert findings(clause) == [(code, 2)]


@pytest.mark.parametrize(
    "clause",
    [
        'trait a { means: "a" signs: ["don\'t", "no"] example { user: "Hi" good: "We don\u2019t." bad: "Well." } }',
        'trait a { means: "a" signs: "certainly" example { user: "Hi" good: "cer\u200btainly" bad: "Well." } }',
        'trait a { means: "a" example { user: "Hi" good: "Anything." bad: "Anything else." } }',
        'require a { starts: "Ahoy" ends: "Bye." example { user: "Hi" good: "Ahoy you. Bye." bad: "Ahoy." } }',
        'prefer a { this: "x" max_words: 2 example { user: "Hi" good: "Hello - friend" bad: "Hi to you." } }',
        'refuse a { about: "x" example { user: "Hi" good: "That stays in the locker." bad: "It is blue." } }',
        'persona Ann { example { user: "Who is it?" good: "Ann." bad: "Bob." } }',
        'trait a { means: "a" not: "b" signs: "arr" example { user: "Hi" good: "Arr." bad: "Arr, arr, arr." } }',
    ],
)
def test_examples_that_agree_with_their_clause_are_left_alone(clause: str) -> None:
    assert findings(clause) == []


def test_a_good_answer_without_a_part_that_all_answers_need_is_a_warning() -> None:
    text = (
        'require card { includes: ["card 7"] ends: "Bye." }\n'
        'trait a { means: "a" example { user: "Hi" good: ["Yes.", "Yes, card 7."] bad: "No." } }'
    )
    assert findings(text) == [("T0509", 3)]


@pytest.mark.parametrize("path", ["/srv/chats.jsonl", "~/chats.jsonl", "C:\\\\chats.jsonl"])
def test_data_by_an_absolute_path_is_an_error(path: str) -> None:
    text = f'trait a {{ means: "a" }}\ntrain {{ method: sft  data: ["x.jsonl", "{path}"] }}'
    assert findings(text) == [("T0510", 3)]


def test_a_probe_that_asks_what_an_example_asks_is_a_warning() -> None:
    text = 'trait a { means: "a" example { user: "Hi  you" good: "x" bad: "y" } }\nprobe p { for: a ask: "hi you" }'
    assert findings(text) == [("T0508", 3)]


@pytest.mark.parametrize("name", NAMES)
def test_a_program_survives_its_file(name: str, programs: dict[str, Program]) -> None:
    program = programs[name]
    again = ir_file.loads(ir_file.dumps(program))
    assert again == program
    assert [c.span for c in again.clauses] == [c.span for c in program.clauses]
    assert [c.field_spans for c in again.clauses] == [c.field_spans for c in program.clauses]
    assert ir_file.dumps(again) == ir_file.dumps(program)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "is": "Path"}', '{"version": 1, "is": "Turn"}']
)
def test_a_file_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(DataError):
        ir_file.loads(text)
