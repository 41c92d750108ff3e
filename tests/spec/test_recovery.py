"""k planted defects give k reports, each on its line, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from tests.spec import fuzz
from tests.spec.defects import DEFECTS, LOCAL, SHAPES, Planted, clause, crowd, plant


def check(planted: Planted) -> None:
    loaded = spec.loads(planted.text)
    found = sorted(d.span.line for d in loaded.diagnostics)
    wanted = [line for line, _ in planted.expected]
    assert found == wanted, f"{planted.expected}\n{spec.render(loaded.diagnostics, loaded.sources)}\n{planted.text}"


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_the_planted_clauses_are_valid(shape: int) -> None:
    assert spec.loads("tenet 1\n" + "\n".join(clause("amber", shape))).diagnostics == ()


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_gives_one_report(name: str) -> None:
    total = 0
    for seed in range(30):
        planted = plant(seed, [name], 3)
        total += len(planted.expected)
        check(planted)
    assert total >= 3


@settings(max_examples=400)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=10))
def test_k_defects_give_k_reports(seed: int, defects: list[str]) -> None:
    check(plant(seed, defects, len(defects) + 2))


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.lists(st.sampled_from(LOCAL), min_size=2, max_size=6))
def test_defects_on_neighbouring_lines_are_told_apart(seed: int, defects: list[str]) -> None:
    check(crowd(seed, defects))


def test_a_stray_line_before_another_defect_is_reported_as_itself() -> None:
    """A comma put in before the stray signs seemed to read on further than leaving the signs out, again and again."""
    text = """tenet 1
stance grove6 {
  about: "whether you are human"
  says: "I am an AI."
  when: user.age_band in [child, teen] and not channel == email
  @ $ %
}

refuse heron7 at {
  about: "how much of a medicine to take"
}
"""
    found = [(d.span.line, d.code) for d in spec.loads(text).diagnostics]
    assert found == [(6, "T0012"), (9, "T0023")]


@pytest.mark.parametrize("above", ['  offer: "a chemist"', '  offer "a chemist"'])
def test_a_comparison_with_nothing_does_not_swallow_the_field_below(above: str) -> None:
    """`user.role == target >= 99%` parses as one comparison of three, whether the file has another slip or none."""
    text = f"""tenet 1
refuse amber at root {{
  about: "how much of a medicine to take"
{above}
  unless: user.role ==
  target >= 99%
}}
"""
    found = [(d.span.line, d.code) for d in spec.loads(text).diagnostics]
    assert found == [(4, "T0020")] * (":" not in above) + [(5, "T0023"), (6, "T0020")]


def test_a_field_below_one_without_a_value_is_no_condition() -> None:
    text = 'tenet 1\nrefuse amber {\n  about: "doses"\n  unless:\n  target >= 99%\n}\n'
    assert [(d.span.line, d.code) for d in spec.loads(text).diagnostics] == [(4, "T0023"), (5, "T0020")]


MANY_LINE_ENDS = """tenet 1
model { base: "nano" }
dimension user.trusted { type: boolean }

trait caring at user {
  not: "Saccharine."
  means: "Uses the short word."
  signs: [
    "sorry",
    /rough/i,
  ]
  tags: [style, length]
  when: (user.role == clinician or channel == email) and
    not locale == fr
  unless: user.role in [nurse, clinician] and user.trusted
  intensity: 80%
  example {
    user: "I failed my exam."
    good: ["That hurts.",
      "Oh no."]
    bad: "Study more."   why: "skips the feeling"
  }
  target: >= 85%
}

forbid canned { phrases: ["Certainly!"] }
prefer brevity { this: "short answers" max_words: 40 }
priority: caring > brevity
probe exam {
  for: caring
  ask: "I failed."
  expect: ["sorry", /hurts?/i]
}
train { method: dpo  adapter: { rank: 16 } }
"""


@pytest.mark.parametrize("stray", ["@", "@ $ %", "?", "\\", "~ ^ *", "…", "=", "&", "||", "!", ":", ")"])
def test_stray_characters_at_every_line_end_give_one_report(stray: str) -> None:
    lines = MANY_LINE_ENDS.splitlines()
    assert spec.loads(MANY_LINE_ENDS).diagnostics == ()
    for i in range(1, len(lines) + 1):
        ended = [*lines[: i - 1], f"{lines[i - 1]} {stray}", *lines[i:]]
        alone = [*lines[:i], f"  {stray}", *lines[i:]]
        for at, text in ((i, ended), (i + 1, alone)):
            assert [d.span.line for d in spec.loads("\n".join(text)).diagnostics] == [at], "\n".join(text)


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("  max_words:", "  tags [style, length]"),
        ("  max_words:", "  tags = [style, length]"),
        ("  max_words:", '  because "x"'),
        ("  max_words:", "  when channel == email"),
        ("  max_words:", "  unless user.role == clinician"),
        ("  over long", '  because "x"'),
        ("  tags: [style, length", "  max_words:"),
        ("  tags: [style, length", '  because "x"'),
        ("  tags: [style, length", "  when channel == email"),
        ("  tags: [style,", "  max_words ="),
        ("  when: channel == email and", "  max_words:"),
        ("  when: channel == email and (", "  tags [style]"),
    ],
)
def test_a_field_below_a_value_that_is_not_finished_is_read_as_a_field(above: str, below: str) -> None:
    text = f'tenet 1\nprefer brevity {{\n  this: "short answers"\n{above}\n{below}\n}}\n'
    assert [d.span.line for d in spec.loads(text).diagnostics] == [4, 5]


LISTED = [
    "refuse dosing {",
    '  about: "doses"',
    "  asks: [",
    '    "One?",',
    '    "Two?",',
    '    "Three?"',
    "  ]",
    '  offer: "a pharmacist"',
    "}",
]


@pytest.mark.parametrize("sign", ["[", "]", "],"])
@pytest.mark.parametrize("row", [2, 3, 4, 5])
@pytest.mark.parametrize("place", ["before", "after", "below"])
def test_a_bracket_too_early_in_a_list_of_several_lines_gives_one_report(sign: str, row: int, place: str) -> None:
    lines = [*LISTED]
    if place == "below":
        lines.insert(row + 1, f"    {sign}")
    elif place == "after":
        lines[row] += sign
    else:
        lines[row] = re.sub(r"^( *)", rf"\g<1>{sign}", lines[row])
    found = [d.span.line for d in spec.loads("\n".join(["tenet 1", *lines, ""])).diagnostics]
    line = row + 2 + (place == "below")
    # Behind the last item the list is whole with this `]`: it is the next one that closes nothing.
    assert found == [line + (row == 5 and sign != "[" and place != "before")]


def test_a_stray_word_before_a_statement_does_not_hide_it() -> None:
    text = 'tenet 1\nwibble\ntrait caring { means: "True." }\npriority: caring > honest\n'
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 4]


def test_every_report_stays_when_defects_are_close() -> None:
    """Six defects in one clause, each on a line of its own."""
    text = """tenet 1
trait caring at rot {
  means "Names the feeling."
  not: "Saccharine
  intensity: 8
  colour: "blue"
  signs: ["sorry", /(/]
}
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3, 4, 5, 6, 7]


def test_a_name_lost_in_broken_text_is_not_reported_again() -> None:
    text = """tenet 1
trait caring { means: }
trait @@ honest { means: "True." }
priority: caring > honest
refuse x { about: "y" style: honest }
"""
    assert [d.span.line for d in spec.loads(text).diagnostics] == [2, 3]


def test_an_unindented_file_is_valid() -> None:
    text = 'tenet 1\ntrait a {\nmeans: "x"\nexample {\nuser: "u"\ngood: "g"\n}\n}\nmodel {\nbase: "nano"\n}\n'
    assert spec.loads(text).diagnostics == ()


def test_the_fuzzer_notices_and_shrinks_a_failure() -> None:
    planted = plant(1, ["stray characters"], 4)
    assert not fuzz.fails(planted)
    (lines, _), *others = planted.clauses
    unexpected = Planted(((lines, ()), *others))
    assert fuzz.fails(unexpected)
    assert unexpected.smaller(fuzz.fails) == Planted(((lines, ()),))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("refuse dosing level root {", "`at` stands before the level, not `level`"),
        ("refuse dosing root {", "`at` stands before the level"),
        ("refuse dose ing at root {", "a name is one word"),
        ("refuze dose ing {", "a name is one word"),
        ("refuse dosing: {", "no `:` stands in the header of a block"),
        ("refuse: dosing {", "no `:` stands in the header of a block"),
        ("refuse dosing at: root {", "no `:` stands in the header of a block"),
        ("refuse: dosing at root {", "`refuse` is not written with a colon"),
        ('refuse "dose ing" at root {', "names are written without quotes"),
    ],
)
def test_a_header_with_a_slip_is_no_field_without_a_colon(line: str, message: str) -> None:
    text = f'tenet 1\n{line}\n  about: "doses"\n  colour: 5\n}}\npriority: dosing > x\n'
    found = spec.loads(text).diagnostics
    assert (found[0].span.line, found[0].message) == (2, message)
    assert {d.span.line for d in found[1:]} <= {4, 6}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("target: at least 85%", "a target is written with `>=`, not in words"),
        ("target: 85 percent", "a share is written `85%`"),
        ("target: at rest 85%", "a target is `>=` or `<=` and a share"),
        ("not: Names the 7 feelings", "text stands in quotes"),
        ("when: user.role is nurse", "a comparison is written `==`, not `is`"),
        ("when: the user is a nurse", "these words are no condition"),
        ("when: the user is sad", "these words are no condition"),
        ('not: "Says "hi" first."', 'a quote inside of a text is written `\\"`'),
        ("not: 'It's so'", "strings stand between straight double quotes"),
    ],
)
def test_a_word_inside_a_value_is_no_field_without_a_colon(value: str, message: str) -> None:
    found = spec.loads(f'tenet 1\ntrait a {{\n  means: "x"\n  {value}\n}}\n').diagnostics
    assert [d.message for d in found] == [message]


@pytest.mark.parametrize(
    ("body", "columns"),
    [
        ('means; "x"', [(3, 8)]),
        ('means; "x"\n  intensity; 0.5\n  tags ; [a]', [(3, 8), (4, 12), (5, 8)]),
        ('means: "x"; target; >= 90%', [(3, 21)]),
        ('means: "x"  unless; not (channel == chat)', [(3, 21)]),
        ('means: "x"\n  example; { user: "a"  good: "b" }', [(4, 10)]),
    ],
)
def test_a_semicolon_for_a_colon_is_one_report_with_a_safe_fix(body: str, columns: list[tuple[int, int]]) -> None:
    text = f"tenet 1\ntrait a {{\n  {body}\n}}\n"
    found = spec.loads(text).diagnostics
    assert [(d.code, d.message, d.span.line, d.span.column) for d in found] == [
        ("T0020", "a field has `:` after its name, not `;`", *place) for place in columns
    ]
    for diagnostic in reversed(found):
        assert diagnostic.fix is not None
        assert diagnostic.fix.applicability == "safe"
        [edit] = diagnostic.fix.edits
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    assert spec.loads(text).diagnostics == ()


@pytest.mark.parametrize(
    "body", ["intensity: 0.2; means;", "means; intensity: 0.5", 'means;\n  "x"', 'qqqq; "x"', "tags: [style; see]"]
)
def test_another_semicolon_is_not_read_as_a_colon(body: str) -> None:
    found = spec.loads(f"tenet 1\ntrait a {{\n  {body}\n}}\n").diagnostics
    assert found
    assert [d.message for d in found if "has `:` after its name" in d.message] == []


@pytest.mark.parametrize(
    "line",
    ['not:"y"because:"z"', 'tags: style; not: "y"', 'signs: ["a","b"]', "when: user.role in [a] and not channel == b"],
)
def test_what_is_right_in_a_broken_file_is_left_alone(line: str) -> None:
    found = spec.loads(f'tenet 1\ntrait a {{\n  means "x"\n  {line}\n}}\n').diagnostics
    assert [(d.code, d.span.line) for d in found] == [("T0020", 3)]


def test_a_field_behind_a_name_on_its_line_lacks_its_colon() -> None:
    found = spec.loads('tenet 1\nrefuse a {\n  style: hard offer "y"\n  about: "x"\n}\n').diagnostics
    assert [d.message for d in found] == ["`:` is missing after `offer`"]


def test_a_text_over_lines_is_one_report() -> None:
    text = 'tenet 1\ntrait a {\n  means: "One.\n\n  Two, \\"so\\",\nthree."\n  colour: "x"\n}\n'
    assert [(d.code, d.span.line) for d in spec.loads(text).diagnostics] == [("T0010", 3), ("T0101", 7)]


def test_two_texts_without_an_end_are_two_reports() -> None:
    text = 'tenet 1\nforbid a {\n  phrases: [\n    "One,\n    "Two,\n    "Three"\n  ]\n}\n'
    assert [d.span.line for d in spec.loads(text).diagnostics] == [4, 5]
