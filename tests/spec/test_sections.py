"""Sections give what they say to the clauses inside, and a mistake inside one is one report."""

from __future__ import annotations

import pytest

import spec
from spec.document import And, Compare, Level, Or


def read(text: str) -> spec.Document:
    loaded = spec.loads(f"tenet 1\n{text}")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    return loaded.document


NESTED = """
section safety at root {
  tags: [safety]
  when: user.role == guest
  override: never
  trait calm { means: "Be calm." }
  section clinics {
    unless: channel == chat
    trait clear at user { means: "Be clear."  when: locale == en  unless: user.role == nurse  tags: [style] }
  }
}
trait free { means: "Be free." }
"""


def test_a_section_gives_its_level_tags_and_conditions() -> None:
    calm, clear, free = read(NESTED).clauses
    assert (calm.level, calm.tags, calm.override, calm.section) == (Level.ROOT, ("safety",), "never", "safety")
    assert calm.when == Compare("user.role", "==", "guest")
    assert (clear.level, clear.tags, clear.section) == (Level.USER, ("safety", "style"), "clinics")
    assert clear.when == And((Compare("user.role", "==", "guest"), Compare("locale", "==", "en")))
    assert clear.unless == Or((Compare("channel", "==", "chat"), Compare("user.role", "==", "nurse")))
    assert (free.level, free.tags, free.when, free.section) == (Level.DEVELOPER, (), None, None)


def test_sections_know_their_parents() -> None:
    outer, inner = read(NESTED).sections
    assert (outer.name, outer.parent, inner.name, inner.parent) == ("safety", None, "clinics", "safety")


def test_all_statements_may_stand_in_a_section() -> None:
    document = read(
        'section s { model { base: "nano" }  dimension d { type: boolean }\n'
        'trait a { means: "x"  when: d }\ntrait b { means: "y" }\npriority: a > b\nprobe p { for: a  ask: "Hi." } }'
    )
    assert [len(x) for x in (document.dimensions, document.clauses, document.priorities, document.probes)] == [
        1,
        2,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("text", "reports"),
    [
        ('section s {\n  trait a { meens: "x" }\n  trait b { means: "y" }\n}\n', [("T0101", 3)]),
        ('section s {\n  trait a { means: "x"\n  trait b { means: "y" }\n}\n', [("T0021", 3)]),
        ('section s {\n  trait a { means: "x" } }\n  trait b { means: "y" }\n}\n', [("T0022", 3)]),
        ('section s {\n  trait a { means: "x" }\n\ntrait b { means: "y" }\n', [("T0021", 2)]),
        ('section s {\n  trait a { means "x" }\n  trait b { means: "y" tags: [a, }\n}\n', [("T0020", 3), ("T0021", 4)]),
        ('section s { trait a { means: "x" }  colour: "red" }\n', [("T0101", 2)]),
        ('section s { title: "A"  title: "B"  trait a { means: "x" } }\n', [("T0103", 2)]),
        ('section { trait a { means: "x" } }\n', [("T0104", 2)]),
        ('overlay o { trait a { means: "x" } }\n', [("T0215", 2)]),
        ('section s { trayt a { means: "x" } }\n', [("T0100", 2)]),
        ('section s { trait a { means: "x" } }\nsection s { trait b { means: "x" } }\n', [("T0200", 3)]),
        ('section s {\n  section t {\n    trait a { means: 5 }\n  }\n  forbid b {}\n}\n', [("T0111", 4), ("T0215", 6)]),
    ],
)  # fmt: skip
def test_a_mistake_inside_is_one_report(text: str, reports: list[tuple[str, int]]) -> None:
    found = spec.loads(f"tenet 1\n{text}").diagnostics
    assert [(d.code, d.span.line) for d in found] == reports


@pytest.mark.parametrize(
    ("word", "block"),
    [("watch", "`train`"), ("options", "`train`"), ("example", "`persona` or `trait` or `rule`")],
)
def test_a_field_that_stands_as_a_statement_is_sent_to_its_block(word: str, block: str) -> None:
    [found] = spec.loads(f"tenet 1\n{word} {{ }}").diagnostics
    help = f"it is a field: write it between the braces of {block}"
    assert (found.code, found.help) == ("T0100", help)


def test_a_rule_has_one_force() -> None:
    [found] = spec.loads('tenet 1\nrule r { must: "x"  never: "y" }').diagnostics
    assert (found.code, found.secondary[0].label) == ("T0217", "the first")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('trait a { means: "x"  absolute: true  except: "y" }', "T0216"),
        ('trait a { means: "x" }  balance b { of: [a]  weights: [1] }', "T0216"),
        ('trait a { means: "x" }  balance b { of: [a, a2]  weights: [1, 2] }\ntrait a3 { means: "y" }', "T0202"),
        ('trait a { means: "x" }  alike b { for: a  asks: ["y"] }', "T0216"),
        ('trait a { means: "x" }  probe p { for: a  ask: "y"  repeats: 2  at_least: 3 }', "T0216"),
        ("outcomes o { order: right > wrong > right }", "T0205"),
        ("outcomes o { order: right > bad }", "T0112"),
        ("outcomes o { order: right < wrong }", "T0212"),
        ("grant g { to: user  over: [nothing] }", "T0202"),
        ('trait a { means: "x"  see: [b] }', "T0202"),
    ],
)
def test_what_does_not_fit_is_reported(text: str, code: str) -> None:
    assert [d.code for d in spec.loads(f"tenet 1\n{text}").diagnostics] == [code]


def test_references_are_resolved() -> None:
    document = read(
        'section s { trait a { means: "x"  see: [s, b] } }\nforbid b { phrases: ["y"] }\n'
        'trait c { means: "z"  tags: [t] }\ntrait d { means: "w"  tags: [t] }\n'
        "grant g { to: user  over: [t] }\nbalance w { of: [c, d]  weights: [0.5, 50%] }\n"
        'alike l { for: a  asks: ["1", "2"] }'
    )
    assert document.clauses[0].see == ("section.s", "forbid.b")
    assert document.grants[0].over == ("trait.c", "trait.d")
    assert document.balances[0].of == ("trait.c", "trait.d")
    assert document.alikes[0].clause == "trait.a"


def test_a_deprecated_clause_warns_who_names_it() -> None:
    traits = 'trait a { means: "x"  deprecated: "Use b." }\ntrait b { means: "y" }\n'
    loaded = spec.loads(f'tenet 1\n{traits}priority: a > b\nprobe p {{ for: a  ask: "Hi." }}')
    assert [(d.code, d.help) for d in loaded.diagnostics] == [("T0230", "Use b.")]
    assert loaded.document is not None


def test_answers_have_their_own_reasons_and_turns_their_roles() -> None:
    [clause] = read(
        'trait a { means: "x"\n  example { about: "rain"  developer: "Be brief."  user: "Rain?"  assistant: "look()"  '
        'tool: "Wet."\n    good: "Yes." why: "short"  bad: "Well, well." why: "long"\n'
        '    bad: ["No.", "Never."] why: "wrong"  ok: "Yes, it rains." } }'
    ).clauses
    [example] = clause.examples
    assert [turn.role for turn in example.turns] == ["developer", "user", "assistant", "tool"]
    assert (example.good, example.ok) == (("Yes.",), ("Yes, it rains.",))
    assert example.bad == ("Well, well.", "No.", "Never.")
    assert dict(example.reasons) == {"Yes.": "short", "Well, well.": "long", "No.": "wrong", "Never.": "wrong"}


@pytest.mark.parametrize(
    "talk",
    [
        'why: "early"  user: "Hi."  good: "x"',
        'system: "a"  system: "b"  user: "Hi."  good: "x"',
        'system: "a"  assistant: "b"  user: "Hi."  good: "x"',
        'user: "Hi."  assistant: "b"  good: "x"',
        'user: "Hi."  user: "b"  good: "x"',
    ],
)
def test_a_conversation_out_of_order_is_one_report(talk: str) -> None:
    assert [d.code for d in spec.loads(f'tenet 1\ntrait a {{ means: "x"  example {{ {talk} }} }}').diagnostics] == [
        "T0213"
    ]
