"""Characters that are not what they seem are reported once, with a fix; other scripts are left alone."""

from __future__ import annotations

import time
import unicodedata

import pytest

import spec
from spec.fixing import edited
from spec.lookalikes import _CYRILLIC, _GREEK, is_mixed, skeleton


def found(body: str) -> list[spec.Diagnostic]:
    return list(spec.loads(f"tenet 1\n{body}\n").diagnostics)


def mended(body: str) -> str:
    text = f"tenet 1\n{body}\n"
    [diagnostic] = spec.loads(text).diagnostics
    assert diagnostic.fix is not None
    after = edited(text, diagnostic.fix.edits)
    assert spec.loads(after).diagnostics == ()
    return after.removeprefix("tenet 1\n").removesuffix("\n")


def test_the_table_is_made_of_letters_of_its_scripts() -> None:
    for letters, script in ((_CYRILLIC, "CYRILLIC"), (_GREEK, "GREEK")):
        for odd, latin in letters.items():
            assert unicodedata.name(odd).startswith(script)
            assert unicodedata.name(latin).startswith("LATIN")
            assert odd.isupper() == latin.isupper()


@pytest.mark.parametrize(
    ("body", "code", "severity"),
    [
        ('trait c\u0430lm { means: "Is calm." }', "T0042", "error"),
        ('trait \uff43alm { means: "Is calm." }', "T0042", "error"),
        ('trait \U0001d41calm { means: "Is calm." }', "T0042", "error"),
        ('trait calm { m\u0435ans: "Is calm." }', "T0042", "error"),
        ('forbid x { phrases: ["\u0421ertainly!"] }', "T0043", "warning"),
        ('forbid x { phrases: ["As \u0430n AI"] }', "T0043", "warning"),
        ('forbid x { phrases: ["\u0430s \u0430n" , "As \u0430 bot"] }', "T0043", "warning"),
        ('forbid x { patterns: [/\u0421ertainly/] }', "T0043", "warning"),
        ('forbid x { phrases: ["\U0001d402ertainly"] }', "T0043", "warning"),
        ('forbid x { phrases: ["Cer\u200btainly"] }', "T0041", "warning"),
        ('forbid x { phrases: ["Cer\xadtainly"] }', "T0041", "warning"),
        ('forbid x { phrases: ["no\u200dw"] }', "T0041", "warning"),
        ('forbid x { phrases: ["now\u200e"] }', "T0041", "warning"),
        ('forbid x { patterns: [/no\ufeffw/] }', "T0041", "warning"),
        ('forbid x { phrases: ["now\u202e"] }', "T0040", "error"),
        ('forbid x { phrases: ["now"] }  # \u2066aside\u2069', "T0040", "error"),
    ],
)  # fmt: skip
def test_it_is_reported(body: str, code: str, severity: str) -> None:
    reports = found(body)
    assert {(d.code, d.severity) for d in reports} == {(code, severity)}
    assert all(d.fix is not None for d in reports)


@pytest.mark.parametrize(
    "body",
    [
        'trait спокойный { means: "Спокоен и добр: сор, рост, а." }',
        'trait ήρεμος { means: "Είναι ήρεμος." }',
        'forbid x { phrases: ["naïve café", "Straße", "ДНК and RNA", "α and β rays", "β_test"] }',
        'forbid x { phrases: ["日本語のＡＢＣ", "한국어", "ไทย\u200bภาษา", "می\u200cخواهم", "क्\u200dष"] }',
        'forbid x { phrases: ["👩\u200d👩\u200d👧", "🏴\U000e0067\U000e0062\U000e007f", "❤️\u200d🔥"] }',
        'forbid x { phrases: ["שלום\u200f!", "العربية"] }',
        r'forbid x { phrases: ["\u{421}ertainly!", "now\u{202E}", "no\u{200B}w"] }',
        'forbid x { phrases: ["now"] }  # \u0421ertainly with a look-alike, in a comment',
        'trait user_имя { means: "Names the user." }',
    ],
)
def test_what_is_right_is_left_alone(body: str) -> None:
    assert found(body) == []


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ('trait c\u0430lm { means: "x" }\nrefuse a { about: "y"  style: c\u0430lm }',
         'trait calm { means: "x" }\nrefuse a { about: "y"  style: calm }'),
        ('forbid x { phrases: ["\u0421ertainly!"] }', 'forbid x { phrases: ["Certainly!"] }'),
        ('forbid x { phrases: ["Cer\u200b\u200btainly"] }', 'forbid x { phrases: ["Certainly"] }'),
        ('forbid x { phrases: ["now\u202e"] }', r'forbid x { phrases: ["now\u{202E}"] }'),
        ('forbid x { phrases: ["now"] }  # a\u2066b', 'forbid x { phrases: ["now"] }  # ab'),
    ],
)  # fmt: skip
def test_a_fix_mends_it(body: str, after: str) -> None:
    assert mended(body) == after


def test_a_bidirectional_control_keeps_its_meaning_when_it_is_fixed() -> None:
    text = 'tenet 1\nforbid x { phrases: ["now\u202e"] }\n'
    [diagnostic] = spec.loads(text).diagnostics
    assert diagnostic.fix is not None
    document = spec.loads(edited(text, diagnostic.fix.edits)).document
    assert document is not None
    assert document.clauses[0].body.phrases == ("now\u202e",)  # type: ignore[union-attr]  # a forbid


@pytest.mark.parametrize(
    "body",
    [
        'trait c\u0430lm { means: "x" }\nrefuse a { about: "y"  style: calm }\npriority: a > calm',
        'trait calm { means: "x" }\nrefuse a { about: "y"  style: c\u0430lm }',
    ],
)
def test_a_mixed_name_is_one_report_whoever_refers_to_it(body: str) -> None:
    assert [d.code for d in found(body)] == ["T0042"]


def test_two_names_that_look_alike_are_shown_together() -> None:
    [report] = found('trait cop { means: "x" }\ntrait \u0441\u043e\u0440 { means: "y" }')
    assert (report.code, report.span.line, report.secondary[0].span.line) == ("T0044", 3, 2)


def test_a_word_is_mixed_only_where_all_of_it_looks_latin() -> None:
    assert is_mixed("с\u0430ring")
    assert not is_mixed("caring")
    assert not is_mixed("сор")
    assert not is_mixed("Жaring")  # nobody takes it for a Latin word
    assert skeleton("\uff23\U0001d41a\u0440") == "Cap"


def test_a_long_text_of_another_script_is_read_soon() -> None:
    started = time.process_time()
    assert found(f'trait a {{ means: "{"рост и свет, " * 60_000}" }}') == []
    assert time.process_time() - started < 5  # a bound for hangs, not a measure of speed
