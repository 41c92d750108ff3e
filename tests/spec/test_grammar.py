"""Our automaton reads what Lark's own parser reads, and the grammar has one reading of each text."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from lark.exceptions import GrammarError, UnexpectedInput

from spec import ast
from spec.diagnostics import Report
from spec.lexer import decode
from spec.parser import parse
from spec.source import Source
from spec.tables import GRAMMAR, compile_grammar
from tests.spec.documents import Tree
from tests.spec.printing import OddPrinter

TOKENS = [
    *"{}[]():;,>", '"', '"""', '"x"', "/a/i", "/(", ">=", "<=", "==", "=", "!=", "90%", "0.8", "7",
    "#c\n", "\n", "\n\n", " ",
    "and", "or", "not", "in", "at", "tenet 1", "import", "trait", "refuse", "forbid", "persona", "model",
    "train", "probe",
    "dimension", "priority", "example", "user", "good", "means", "not:", "target:", "when:", "caring",
    "user.role", "root",
    "\\", "'", "“", "@", "\t", "é", "…", "true",
]  # fmt: skip

VALID = """tenet 1
# a comment
trait caring at developer {
  means: "Names the feeling first."
  example { user: "u"  good: "g"  bad: ["b", "c"] }
  target: >= 85%
}
refuse dosing at root { about: "doses"  style: caring  unless: user.role == clinician and not channel in [chat, sms] }
forbid canned { phrases: ["Certainly!"]  patterns: [/as an ai/i] }
priority: caring > dosing
train { method: dpo  adapter: { rank: 16 } }
"""


ORACLE = Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="contextual")


def read(text: str) -> tuple[ast.Module, list[str]]:
    report = Report(Source("x", text))
    return parse(report), [d.code for d in report.found]


def oracle_reads(text: str) -> bool:
    try:
        ORACLE.parse(text)
    except UnexpectedInput:
        return False
    return True


@settings(max_examples=150)
@given(st.integers(0, 2**64))
def test_valid_texts(seed: int) -> None:
    rng = random.Random(seed)
    text = OddPrinter(rng).module(Tree(rng).module())
    assert oracle_reads(text)
    assert read(text)[1] == []


@settings(max_examples=300)
@given(st.integers(0, 2**64))
def test_texts_that_may_be_broken(seed: int) -> None:
    rng = random.Random(seed)
    text = VALID
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", f" {rng.choice(TOKENS)} "]) + text[at + rng.randrange(4) :]
    found = [code for code in read(text)[1] if code != "T0011"]  # escapes are no matter of the grammar
    if re.search(r"\b(at|and|or)\w", text):
        return  # Lark's contextual lexer takes `ateam` for `at eam` where only a level may stand; we do not
    assert oracle_reads(text) == (found == [])


def test_an_ambiguous_grammar_is_refused() -> None:
    with pytest.raises(GrammarError):
        compile_grammar('start: a\na: "if" a | "if" a "else" a | NAME\nNAME: /x/')


def test_compiling_twice_gives_the_same_tables() -> None:
    grammar = GRAMMAR.read_text(encoding="utf-8")
    assert compile_grammar(grammar) == compile_grammar(grammar)


def test_terminals_do_not_collide() -> None:
    pytest.importorskip("interegular", reason="Lark compares terminals as languages with it")
    Lark(GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="contextual", strict=True)


def test_words_that_are_keywords_elsewhere_are_names() -> None:
    module, codes = read('at at at { x: at; y: and; not: not and; at: "x" }')
    assert codes == []
    [block] = module.items
    assert isinstance(block, ast.Block)
    assert (block.kind.text, block.level and block.level.text) == ("at", "at")


@pytest.mark.parametrize(
    ("written", "says"),
    [('"a"', "a"), ('""', ""),
     (r'"\\n"', "\\n"), (r'"A\u00e9\u{1F600}"', "Aé😀"), ('"""a"""', "a"),
     ('"""\n\n  a\n"""', "\na"),
     ('"""\n  a\n\n    b\n  c\n  """', "a\n\n  b\nc"), ('"""a "quoted" b"""', 'a "quoted" b'),
     ('"""a \\\n   b"""', "a b")],
)  # fmt: skip
def test_strings(written: str, says: str) -> None:
    assert decode(written) == says
    module, codes = read(f"a: {written}")
    assert codes == []
    assert module.items == (ast.Field(ast.Word("a"), ast.Text(says)),)
