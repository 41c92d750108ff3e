"""YAML and JSON: what is wrong points at its place in that file, once, and nothing hostile does harm."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

import spec
from spec.fixing import edited, fixable
from spec.limits import MOST_VALUES

HEAD = "tenet: 1\n"
# The text, with `«` and `»` around the place that is reported; the code.
YAML = [
    ("trait: {k: {means: a, target: «>= 85%»}}", "T0050"),
    ("trait:\n  k:\n    means: a\n    target: «>= 85%» # why", "T0050"),
    ("trait:\n  k:\n    means: «*»sighs* loudly", "T0050"),
    ("trait:\n«\t»k: 1", "T0050"),
    ("trait:\n  k:\n    means: note«:» this", "T0050"),
    ('forbid:\n  k:\n    patterns: "/«\\d»as/"', "T0050"),
    ("trait:\n  k:\n    means: «\"»abc\n", "T0050"),
    ("trait: {k: {means: a, «means»: b}}", "T0051"),
    ("trait: {k: {means: «!!python/object:os.system» a}}", "T0052"),
    ("trait: {k: {means: a, «<<»: {note: b}}}", "T0052"),
    ("trait: {k: {means: a}}\n«---»\ntenet: 1", "T0052"),
    ("trait: {«1»: {means: a}}", "T0053"),
    ("trait: {«[a]»: {means: a}}", "T0053"),
    ("trait: {«very kind»: {means: a}}", "T0053"),
    ("trait: {«at»: {means: a}}", "T0053"),
    ("trait: &a {k: «*a»}", "T0054"),
    ("trait: {k: {means: «*b»}}", "T0054"),
    ("trait: «kind»", "T0055"),
    ("trait: {k: «[a]»}", "T0055"),
    ("model: «nano»", "T0055"),
    ("statements: [«a»]", "T0055"),
    ("trait: {k: {means: a, at: «[root]»}}", "T0055"),
    ("import: {file: a.tenet, as: «a.b»}", "T0055"),
    ("trait: {k: {means: a, example: {turns: [«a»], good: b}}}", "T0055"),
    ("import: «{»as: house}", "T0102"),
    ("«trate»: {a: {means: b}, c: {means: d}}\npriority: a > c", "T0100"),
    ("trait: {k: {means: a, «mean»: b}}", "T0101"),
    ("trait: {k: {means: a, example: {user: a, bad: {text: b, «whi»: c}}}}", "T0101"),
    ("trait: {k: {«means»: }}", "T0023"),
    ("trait: {k: {means: «null»}}", "T0023"),
    ("trait: {k: {means: a, at: «rot»}}", "T0110"),
    ("trait: {k: {means: «42»}}", "T0111"),
    ("trait: {k: {means: a, absolute: «yes»}}", "T0111"),
    ("trait: {k: {means: a, intensity: «120%»}}", "T0113"),
    ("train: {method: «dpoo»}", "T0112"),
    ("train: {method: '«dpoo»'}", "T0112"),
    ('forbid: {k: {patterns: «"/\\bas/"»}}', "T0116"),
    ("forbid: {k: {patterns: '/a«(»/'}}", "T0116"),
    ('forbid: {k: {patterns: "/\\\\d«(»/"}}', "T0116"),
    ("trait: {k: {means: a, when: user.role «=» clinician}}", "T0020"),
    ("trait: {k: {means: a, when: user.age_band == «kid»}}", "T0208"),
    ("trait:\n  k:\n    means: a\n    when: >-\n      user.role == x\n      and user.age_band == «kid»", "T0208"),
    ("trait: {k: {means: a, when: \"user.role == \\\"x y\\\" and user.age_band == «kid»\"}}", "T0208"),
    ("trait: {k: {means: a, target: '«<= 1»'}}", "T0115"),
    ("trait: {k: {means: a}}\npriority: k > «j»", "T0203"),
    ("trait: {k: {means: 'a ${«who»}'}}", "T0220"),
    ("«tenet»: 1", "T0051"),
    ("trait: {«саring»: {means: a}}", "T0042"),
]  # fmt: skip
JSON = [
    ('{"tenet": 1, "trait": {"k": {"means": "a"«,»}}}', "T0050"),
    ('{"tenet": 1 «"»trait": {}}', "T0050"),
    ('{"tenet": 1, «/»/ why\n"trait": {}}', "T0050"),
    ('{"tenet": 1, "trait": {"k": {"means": «\'»a\'}}}', "T0050"),
    ('{"tenet": 1, "trait": {"k": {"means": "«\\»q"}}}', "T0050"),
    ('{"tenet": 1, "trait": {"k": {"means": «"»a\nb"}}}', "T0050"),
    ('{"tenet": 1, "trait": «{»', "T0050"),
    ('{"tenet": «N»aN}', "T0050"),
    ('{"tenet": 1} «x»', "T0050"),
    ('{"tenet": 1, "trait": {"k": {"means": "a"}, «"k"»: {}}}', "T0051"),
    ('{«"trait"»: {"k": {"means": "a"}}}', "T0006"),
    ('{"tenet": 1, "trait": {"k": {"means": «"\\ud83d"»}}}', "T0002"),
    ('{"tenet": 1, "trait": {"k": {"when": "user.role == \\"\\ud83d\\ude00\\" and user.age_band == «kid»"}}}',
     "T0208"),
    ('{"tenet": 1, "trait": {"k": {"«mean»": "a"}}}', "T0101"),
]  # fmt: skip


def places(text: str, path: str) -> list[tuple[str, str, int]]:
    loaded = spec.loads(text, path)
    return [(d.code, text[d.span.start : d.span.end], d.span.start) for d in loaded.diagnostics]


@pytest.mark.parametrize(("marked", "code"), [(HEAD + t, c) for t, c in YAML])
def test_a_defect_of_yaml_is_one_report_at_its_place(marked: str, code: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    found = places(text, "spec.tenet.yaml")
    assert (code, text[start:end], start) in found
    # `mean` leaves the field out that it was meant to be; no file is there to be imported.
    assert {c for c, _, _ in found} <= {code, "T0102", "T0030"}


@pytest.mark.parametrize(("marked", "code"), JSON)
def test_a_defect_of_json_is_one_report_at_its_place(marked: str, code: str) -> None:
    start, end = marked.index("«"), marked.index("»") - 1
    text = marked.replace("«", "").replace("»", "")
    assert (code, text[start:end], start) in places(text, "spec.tenet.json")


def test_many_defects_are_told_at_once() -> None:
    text = HEAD + "trait: {a: {mean: x}, b: {means: 1, at: rot}}\nforbid: {c: {patterns: '/(/'}}\npriority: a > d\n"
    assert [code for code, _, _ in places(text, "spec.yaml")] == ["T0101", "T0111", "T0110", "T0116", "T0203"]


@pytest.mark.parametrize("text", [
    "trait: {k: {means: a, target: >= 85%}}",
    "trait:\n  k:\n    means: a\n    target: >= 85%",
])  # fmt: skip
def test_a_target_without_quotes_is_mended(text: str) -> None:
    found = fixable(spec.loads(HEAD + text, "spec.yaml").diagnostics)
    mended = edited(HEAD + text, found[0].fix.edits)  # type: ignore[union-attr]  # without a fix the test fails, as it should
    assert spec.loads(mended, "spec.yaml").diagnostics == ()


@pytest.mark.parametrize(("path", "text"), [
    ("s.yaml", "trait: {k: {means: a}}"), ("s.json", '{"trait": {"k": {"means": "a"}}}'),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a",}}}'),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "at": "rot"}}}'),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "intensity": "0.5"}}}'),
    ("s.yaml", HEAD + "trait: {k: {means: a, target: 85%}}"), ("s.yaml", HEAD + "trait: {k: {means: a, target: 85}}"),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "target": "85%"}}}'),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "target": 0.85}}}'),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "intensity": 80}}}'),
    ("s.yaml", HEAD + "forbid: {k: {phrases: [a], target: '>= 99%'}}"),
    ("s.yaml", HEAD + "trait: {k: {means: a, target: '> 85%'}}"),
    ("s.yaml", HEAD + "trait: {k: {means: a, level: user}}"),
    ("s.json", '{"tenet": 1, "trait": {"k": {"means": "a", "level": "user"}}}'),
    ("s.yaml", HEAD + "trait: {a: {means: a}, b: {means: b}}\npriority: a, b"),
    ("s.yaml", HEAD + "persona: {k: {voice: {emoji: false}}}"),
    ("s.yaml", HEAD + "dimension: {age: {type: number}}\ntrait: {k: {means: a, when: 'age > \"18\"'}}"),
])  # fmt: skip
def test_fixes_are_of_the_notation(path: str, text: str) -> None:
    found = fixable(spec.loads(text, path).diagnostics, unsafe=True)
    mended = edited(text, found[0].fix.edits)  # type: ignore[union-attr]  # without a fix the test fails, as it should
    assert spec.loads(mended, path).diagnostics == ()


def test_what_only_text_can_mend_has_no_fix() -> None:
    loaded = spec.loads(HEAD + "trait: {k: {means: a, when: (ill}}", "s.yaml")
    assert [d.fix for d in loaded.diagnostics] == [None]


def test_help_is_in_mappings() -> None:
    (found,) = spec.loads(HEAD + "trait: {k: {means: a, when: ill > 3}}", "s.yaml").diagnostics
    assert found.help == "declare it: `dimension: {ill: {type: number}}`"
    (found,) = spec.loads(HEAD + "trait: {k: {means: a, target: 85%}}", "s.yaml").diagnostics
    assert found.help == 'write `target: ">= 85%"`'


@pytest.mark.parametrize("path", ["s.yaml", "s.json"])
@pytest.mark.parametrize(("field", "text", "code"), [
    ("when", "the user is sad", "T0211"), ("target", "at least so", "T0111"), ("target", "at least 85%", "T0111"),
])  # fmt: skip
def test_words_where_a_condition_or_target_stands_are_told_that(path: str, field: str, text: str, code: str) -> None:
    """And not that text stands in quotes, where it does."""
    (found,) = spec.loads(f'{{"tenet": 1, "trait": {{"k": {{"means": "a", "{field}": "{text}"}}}}}}', path).diagnostics
    assert (found.code, "quotes" in (found.help or "")) == (code, False)


@pytest.mark.parametrize(("path", "text", "marked"), [
    ("s.json", '{"tenet": 1, "trait": {"caring": {"not": "a"}}}', '"caring"'),
    ("s.yaml", HEAD + "trait: {'caring': {not: a}}", "'caring'"),
    ("s.yaml", HEAD + "trait: {caring: {not: a}}", "caring"),
])  # fmt: skip
def test_a_statement_is_reported_at_its_whole_key(path: str, text: str, marked: str) -> None:
    (found,) = spec.loads(text, path).diagnostics
    assert text[found.span.start : found.span.end] == marked


@pytest.mark.parametrize("value", ["no", "on", "2026-01-01", "1_000", "0x1F", "12:30"])
def test_a_plain_word_is_a_text(value: str) -> None:
    document = spec.loads(HEAD + f"trait: {{k: {{means: {value}}}}}", "s.yaml").document
    assert document is not None
    assert document.clauses[0].body.means == value  # type: ignore[union-attr]  # a trait has `means`


def test_aliases_repeat() -> None:
    document = spec.loads(HEAD + "trait: {a: {means: &x Is so.}, b: {means: *x}}", "s.yaml").document
    assert document is not None
    assert [c.body.means for c in document.clauses] == ["Is so.", "Is so."]  # type: ignore[union-attr]  # traits have `means`


def test_the_order_of_statements_is_kept() -> None:
    text = HEAD + "statements:\n- trait: {a: {means: x}}\n- refuse: {b: {about: y}}\n- trait: {c: {means: z}}\n"
    document = spec.loads(text, "s.yaml").document
    assert document is not None
    assert [c.name for c in document.clauses] == ["a", "b", "c"]


HOSTILE = {
    "aliases": HEAD + "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)),
    "flow": "[" * 200_000,
    "mappings": "{a: " * 100_000,
    "lists": "- " * 100_000,
    "questions": "? " * 50_000,
    "long": HEAD + "trait: {k: {means: '" + "x" * 900_000 + "'}}",
    "keys": HEAD + "".join(f"k{i}: 1\n" for i in range(50_000)),
    "json": '{"tenet":' * 50_000,
    "open": '{"tenet": 1, "trait": "' + "\\n" * 400_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_told_soon(name: str) -> None:
    for path in ("s.yaml", "s.json"):
        start = time.process_time()
        loaded = spec.loads(HOSTILE[name], path)
        assert loaded.diagnostics or loaded.document is not None
        assert time.process_time() - start < 20
    if name == "aliases":
        (found,) = spec.loads(HOSTILE[name], "s.yaml").diagnostics
        assert found.code == "T0054"
        assert f"{MOST_VALUES:,}" in found.message


def test_damaged_files_never_crash() -> None:
    rng = random.Random(7)
    text = Path(__file__).with_name("doors.yaml").read_text()
    signs = [
        "{",
        "}",
        "[",
        "]",
        ":",
        "- ",
        "\n",
        "  ",
        '"',
        "'",
        "*",
        "&a ",
        "!x ",
        "|",
        ">",
        "#",
        "\t",
        "é",
        "%",
        "null",
        ", ",
    ]
    for _ in range(400):
        damaged = text
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(damaged))
            damaged = damaged[:at] + rng.choice([*signs, ""]) + damaged[at + rng.randrange(3) :]
        loaded = spec.loads(damaged, "s.yaml")
        for found in loaded.diagnostics:
            assert 0 <= found.span.start <= found.span.end <= len(damaged)
        assert spec.render(loaded.diagnostics, loaded.sources) or loaded.document is not None


def test_comments_are_found_for_who_converts() -> None:
    from spec.doors import read
    from spec.source import Source

    text = "# a\ntenet: 1 # b\ntrait: {k: {means: 'x # no', note: y#no}} # c\n"
    module, _ = read(Source("s.yaml", text))
    assert [c.text for c in module.comments] == ["# a", "# b", "# c"]
    assert re.findall("# [abc]", text) == ["# a", "# b", "# c"]
