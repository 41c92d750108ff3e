"""Fixes: what they mend, that they change nothing else, and that none makes a spec worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from spec.diagnostics import Diagnostic, Edit, Fix
from spec.fixing import Fixing, edited, fix_all, fixable
from tests.spec.defects import DEFECTS, plant

NAME = "spec.tenet"
SAFE = [
    "no colon", "`=` for a colon", "no comma", "curly quotes", "assignment in a condition", "field twice",
    "no opening brace", "capital level", "quoted number", "quoted name in a list", "item twice", "no quotes",
    "`level` for `at`", "name in quotes", "target in words", "comment with slashes",
]  # fmt: skip
"""Defects with one cure that nobody could doubt."""


def fixing(text: str, unsafe: bool = False) -> Fixing:
    def check(texts: Mapping[str, str]) -> tuple[Diagnostic, ...]:
        return spec.loads(texts.get(NAME, text), NAME).diagnostics

    return fix_all(check, lambda name: text, unsafe)


def fixed(text: str, unsafe: bool = False) -> str:
    return fixing(text, unsafe).texts.get(NAME, text)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(SAFE), min_size=1, max_size=8))
def test_safe_fixes_bring_back_what_was_meant(seed: int, defects: list[str]) -> None:
    meant = spec.loads(plant(seed, [], len(defects) + 2).text).document
    planted = plant(seed, defects, len(defects) + 2).text
    done = fixing(planted)
    assert done.left == (), done.texts[NAME]
    assert spec.loads(done.texts.get(NAME, planted)).document == meant


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=8))
def test_fixes_end_and_leave_no_fixable_report_and_no_new_error(seed: int, defects: list[str]) -> None:
    text = plant(seed, defects, len(defects) + 1).text
    before = spec.loads(text).diagnostics
    for unsafe in (False, True):
        done = fixing(text, unsafe)
        refused = {(d.code, d.message) for d in done.refused}
        assert [d for d in fixable(done.left, unsafe) if (d.code, d.message) not in refused] == []
        assert len(done.left) <= len(before)


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('Trait a { means: "x" }', 'trait a { means: "x" }'),
        ('trait a at Root { means: "x" }', 'trait a at root { means: "x" }'),
        ('trait a { Means: "x" }', 'trait a { means: "x" }'),
        ('refuse a { about: "x" still-help: "y" }', 'refuse a { about: "x" still_help: "y" }'),
        ('refuse a { about: "x" style: Safe-Complete }', 'refuse a { about: "x" style: safe_complete }'),
        ('trait a { means: "x"  means: "x" }', 'trait a { means: "x" }'),
        ('trait a {\n  means: "x"\n  means: "x"\n}', 'trait a {\n  means: "x"\n}'),
        ('forbid a { phrases: ["x", "y", "x"] }', 'forbid a { phrases: ["x", "y"] }'),
        ('forbid a { phrases: ["", "y", ""] }', 'forbid a { phrases: ["y"] }'),
        ("forbid a { phrases: [word] }", 'forbid a { phrases: ["word"] }'),
        ("forbid a { patterns: [/x/gi] }", "forbid a { patterns: [/x/i] }"),
        ("forbid a { patterns: [/x/ii] }", "forbid a { patterns: [/x/i] }"),
        ('prefer a { this: "x"  max_words: "40" }', 'prefer a { this: "x"  max_words: 40 }'),
        ('prefer a { this: "x"  max_words: 1_000 }', 'prefer a { this: "x"  max_words: 1000 }'),
        ('trait a { means: "x"  tags: ["style"] }', 'trait a { means: "x"  tags: [style] }'),
        ('trait a { means: "x"  absolute: "true" }', 'trait a { means: "x"  absolute: true }'),
        ('trait "a" { means: "x" }', 'trait a { means: "x" }'),
        ('trait "a" at root { means: "x" }', 'trait a at root { means: "x" }'),
        ('trait a level root { means: "x" }', 'trait a at root { means: "x" }'),
        ('trait a { means: "x"  target: at least 85% }', 'trait a { means: "x"  target: >= 85% }'),
        ('trait a: { means: "x" }', 'trait a { means: "x" }'),
        ('trait: a { means: "x" }', 'trait a { means: "x" }'),
        ('trait:a at root { means: "x" }', 'trait a at root { means: "x" }'),
        ("trait a { means: 'It\'s so' }", 'trait a { means: "It\'s so" }'),
        ('trait a { means: "x"  when: user.role is not nurse }', 'trait a { means: "x"  when: user.role != nurse }'),
        ('trait a { means: "x"  target: ≥ 85 % }', 'trait a { means: "x"  target: >= 85% }'),
        ('// why\ntrait a { means: "x" } // here', '# why\ntrait a { means: "x" } # here'),
        ('dimension age { type: number }\ntrait a { means: "x"  when: age > "18" }',
         'dimension age { type: number }\ntrait a { means: "x"  when: age > 18 }'),
        ('model large { base: "nano" }', 'model { base: "nano" }'),
        ('trait a { means: "x" }\ntenet 1', 'trait a { means: "x" }'),
        ('trait\u200b a { means: "x" }', 'trait a { means: "x" }'),
    ],
)  # fmt: skip
def test_a_safe_fix(line: str, after: str) -> None:
    assert fixed(f"tenet 1\n{line}\n") == f"tenet 1\n{after}\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ('trait a { means: "x" }\n', 'tenet 1\ntrait a { means: "x" }\n'),
        ('# why\n\ntrait a { means: "x" }\ntenet 1\n', 'tenet 1\n# why\n\ntrait a { means: "x" }\n'),
        ('tenet 1.0\ntrait a { means: "x" }\n', 'tenet 1\ntrait a { means: "x" }\n'),
        ('tenet "1"\ntrait a { means: "x" }\n', 'tenet 1\ntrait a { means: "x" }\n'),
    ],
)
def test_the_header_is_fixed(text: str, after: str) -> None:
    assert fixed(text) == after


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('trait a { means: "x }', 'trait a { means: "x" }'),
        ('trait a {\n  means: "One,\n    two."\n}', 'trait a {\n  means: """One,\n    two."""\n}'),
        ('forbid a { phrases: ["one\ntwo", "x"] }', 'forbid a { phrases: ["""one\ntwo""", "x"] }'),
        ('trait a { means: Yes, it\'s (so) 7 times." }', 'trait a { means: "Yes, it\'s (so) 7 times." }'),
        ('forbid a { phrases: ["x", two words"] }', 'forbid a { phrases: ["x", "two words"] }'),
        ('forbid a { phrases: [\n  "x",\n  two words",\n] }', 'forbid a { phrases: [\n  "x",\n  "two words",\n] }'),
        ('trait a { means: "Says "hi", then "you"." }', r'trait a { means: "Says \"hi\", then \"you\"." }'),
        ("forbid a { patterns: [/and/or/i] }", r"forbid a { patterns: [/and\/or/i] }"),
        ("forbid a { patterns: [/a/b/c/, /x/] }", r"forbid a { patterns: [/a\/b\/c/, /x/] }"),
        ('train { method: sft + dpo }', "train { method: sft+dpo }"),
        ('term harden ing { means: "x" }', 'term harden_ing { means: "x" }'),
        ('trait "a b" at user { means: "x" }', 'trait a_b at user { means: "x" }'),
        ('trait a root { means: "x" }', 'trait a at root { means: "x" }'),
        ('trait a { means: "x" }\ntrait b { means: "y" }\npriority: a, b',
         'trait a { means: "x" }\ntrait b { means: "y" }\npriority: a > b'),
        ('trait a { means: "x" }\ntrait b { means: "y" }\npriority: [a, b]',
         'trait a { means: "x" }\ntrait b { means: "y" }\npriority: a > b'),
        ('forbid a { phrases: "x"  target: >= 99% }', 'forbid a { phrases: "x"  target: <= 1% }'),
        ('forbid a { phrases: "x"  target: >= 2% }', 'forbid a { phrases: "x"  target: <= 2% }'),
        ('persona a { voice: { emoji: none } }', "persona a { voice: { emoji: never } }"),
        ('trait a { means: "x"  target: >= 850% }', 'trait a { means: "x"  target: >= 85% }'),
        ('trait a {\n  means: "x\n}', 'trait a {\n  means: "x"\n}'),
        ('forbid a { phrases: ["x", "y] }', 'forbid a { phrases: ["x", "y"] }'),
        ("forbid a { patterns: [/[ab] c] }", "forbid a { patterns: [/[ab] c/] }"),
        ('trait a {\n  means: """\n    x\n}', 'trait a {\n  means: """\n    x\n"""\n}'),
        (
            'trait a {\n  means: "x"\n\ntrait b {\n  means: "y"\n}',
            'trait a {\n  means: "x"\n}\n\ntrait b {\n  means: "y"\n}',
        ),
        ('forbid a { phrases: ["x"', 'forbid a { phrases: ["x"] }'),
        ('prefer a {\n  this: "x"\n  max_words:\n}', 'prefer a {\n  this: "x"\n}'),
        ('trait a at { means: "x" }', 'trait a { means: "x" }'),
        ('trait a { means: "x"  target: 90% }', 'trait a { means: "x"  target: >= 90% }'),
        ('forbid a { phrases: "x"  target: 1% }', 'forbid a { phrases: "x"  target: <= 1% }'),
        ('trait a { means: "x"  target: > 90% }', 'trait a { means: "x"  target: >= 90% }'),
        ('trait a { means: "x"  intensity: 80 }', 'trait a { means: "x"  intensity: 80% }'),
        ('trait a { means: "x" }\ntrait b { means: "y" }\npriority: a > b > a',
         'trait a { means: "x" }\ntrait b { means: "y" }\npriority: a > b'),
        ("outcomes a { order: right > wrong > right }", "outcomes a { order: right > wrong }"),
    ],
)  # fmt: skip
def test_an_unsafe_fix_is_made_only_when_asked_for(line: str, after: str) -> None:
    text = f"tenet 1\n{line}\n"
    assert fixed(text) == text
    assert fixed(text, unsafe=True) == f"tenet 1\n{after}\n"


def test_a_misspelled_block_is_mended_though_it_hid_a_defect() -> None:
    text = 'tenet 1\ntriat a {\n  means: "x"\n  when: user.rolle == nurse\n  unless: user.role > nurse\n}\n'
    done = fixing(text, unsafe=True)
    assert done.texts[NAME] == text.replace("triat", "trait").replace("rolle", "role")
    assert (done.refused, [d.code for d in done.left]) == ((), ["T0209"])


@pytest.mark.parametrize(
    "text",
    [
        'trait a { means: "x" }\ntriat a { means: "y" }',  # the name would be taken
        'role a { about: "x" }',  # it would have no such field
        'trait a { qqqq "x"  means: "y" }',  # neither with a colon
        'trait a { means: "x"  intensity: 6 }',
        "train { method: ppo }",
    ],
)
def test_a_doubtful_mistake_is_left_as_it_is(text: str) -> None:
    assert fixed(f"tenet 1\n{text}\n", unsafe=True) == f"tenet 1\n{text}\n"


def test_items_that_move_up_as_others_go_are_taken_out_too() -> None:
    items = ",\n".join(['    "x"'] * 9)
    assert fixed(f"tenet 1\nforbid a {{\n  phrases: [\n{items}\n  ]\n}}\n").count('"x"') == 1


def test_one_fix_uncovers_the_next() -> None:
    assert fixed("tenet 1\ntrait a at Root { means = “x” }\n") == 'tenet 1\ntrait a at root { means: "x" }\n'


def with_fix(found: Diagnostic, text: str) -> Diagnostic:
    return replace(found, fix=Fix("do harm", (Edit(found.span, text),), "safe"))


@pytest.mark.parametrize("harm", ["rot2", "", "}{", 'x { means: "y" } trait rot'])
def test_a_fix_that_does_harm_is_refused(harm: str) -> None:
    text = 'tenet 1\ntrait a at rot { means "x" }\nforbid b { phrases: ["x" "y"] }\ntrait c at rot { means: "z" }\n'

    def check(texts: Mapping[str, str]) -> list[Diagnostic]:
        found = spec.loads(texts.get(NAME, text), NAME).diagnostics
        return [with_fix(d, harm) if d.code == "T0110" else d for d in found]

    done = fix_all(check, lambda name: text)
    assert done.texts[NAME] == text.replace("means ", "means: ").replace('"x" "y"', '"x", "y"')
    assert {d.code for d in done.refused} == {"T0110"}
    assert [d.code for d in done.left] == ["T0110", "T0110"]


def test_only_harmful_fixes_change_nothing() -> None:
    text = "tenet 1\ntrait a at rot { means: 5 }\n"

    def check(texts: Mapping[str, str]) -> list[Diagnostic]:
        return [with_fix(d, "{{{") for d in spec.loads(texts.get(NAME, text), NAME).diagnostics]

    done = fix_all(check, lambda name: text)
    assert done.texts == {}
    assert done.ended
    assert (len(done.fixed), len(done.refused)) == (0, 2)


def test_a_refused_fix_is_not_tried_again_after_each_other_one() -> None:
    text = 'tenet 1\ntrait kind\nmeans  :"Is kind."\n}\n' + 't kind\nmeans  :"Is kind."\n}\n' * 8
    checks = 0

    def check(texts: Mapping[str, str]) -> tuple[spec.Diagnostic, ...]:
        nonlocal checks
        checks += 1
        return spec.loads(texts.get(NAME, text), NAME).diagnostics

    done = fix_all(check, lambda name: text)
    assert done.ended
    assert len(done.refused) == 8
    assert checks < 30
    assert not fix_all(check, lambda name: text, most=5).ended


def test_a_fix_that_never_mends_its_defect_ends() -> None:
    text = "tenet 1\ntrait a at rot { means: 5 }\n"

    def check(texts: Mapping[str, str]) -> list[Diagnostic]:
        now = texts.get(NAME, text)
        found = spec.loads(now, NAME)
        report = spec.diagnostics.Report(found.sources[NAME])
        end = Fix("add a line", (Edit(report.at(len(now), len(now)), "# more\n"),), "safe")
        return [replace(d, fix=end) for d in found.diagnostics]

    assert fix_all(check, lambda name: text).texts == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_stay(end: str, mark: str) -> None:
    lines = ["trait a {", '  means "x"', "  not: “é”", "}", ""]
    after = fixed(mark + end.join(lines))
    inserted = end if end != "\r" else "\n"
    assert after == mark + f"tenet 1{inserted}" + end.join(["trait a {", '  means: "x"', '  not: "é"', "}", ""])


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["a", "b", "\n", "\r\n"]), max_size=12), st.booleans(), st.data())
def test_an_edit_on_disk_is_the_edit_that_was_checked(pieces: list[str], mark: bool, data: st.DataObject) -> None:
    raw = "\ufeff" * mark + "".join(pieces)
    checked = raw.removeprefix("\ufeff").replace("\r\n", "\n")
    start = data.draw(st.integers(0, len(checked)))
    end = data.draw(st.integers(start, len(checked)))
    after = edited(raw, [Edit(spec.Span(NAME, start, end, 1, 1), "x\n")])
    assert after.removeprefix("\ufeff").replace("\r\n", "\n") == checked[:start] + "x\n" + checked[end:]
    assert after.startswith("\ufeff") == mark
