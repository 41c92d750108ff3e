"""Importers: what they read, what the spec says of it, and that nothing is lost in silence."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

import spec
from compiler.build import to_program
from compiler.generators import GENERATORS
from compiler.generators.setting import Setting
from spec.document import ELISION, Level
from spec.formatter import format_text
from spec.importers import Imported, Unreadable, constitution, model_spec, model_spec_text

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")

SAMPLE = """# Harbour {#harbour}

A harbour is not a rule.

!!! meta "Commentary"
    Written at night.

    By two people.

## Tell the tide {#tide authority=root}

Always say when the tide turns[^ab1]. See [?](#boats) and [the sea](#sea).

Costs ${5}.

**Example**: asking for the tide

~~~xml
<developer>
You work at the harbour.
</developer>
<user>
When is high tide?
</user>
<comparison>
<assistant> <!-- BAD[#boats]: shrugs -->
Who knows.
</assistant>
<assistant> <!-- GOOD: says it -->
At six.
</assistant>
<assistant> <!-- OK, on a calm day -->
[...] soon.
</assistant>
</comparison>
<user>
And low tide?
</user>
<assistant> <!-- GOOD -->
At noon.
</assistant>
~~~

### Boats {#boats authority=guideline}

Boats float[^zz9].
"""
PROMPTS = {
    "ab1": "Examples for [^ab1]:\n\n**Example**: twice\n\n~~~xml\n<user>\nHigh tide?\n</user>\n"
    "<assistant>\nSix.\n</assistant>\n~~~\n",
    "qq0": "**Example**: lost\n\n~~~xml\n<user>\nHi.\n</user>\n~~~\n",
}


def imported(text: str = SAMPLE, prompts: dict[str, str] | None = None) -> Imported:
    return model_spec_text.write(model_spec.read(text, "m.md", PROMPTS if prompts is None else prompts), "m.tenet")


def document(text: str) -> spec.Document:
    loaded = spec.loads(text, "m.tenet")
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    return loaded.document


def test_a_model_spec_becomes_sections_rules_examples_and_probes() -> None:
    found = document(imported().text)
    assert [(s.name, s.parent) for s in found.sections] == [("harbour", None), ("tide", "harbour"), ("boats", "tide")]
    assert found.sections[0].note == "A harbour is not a rule.\n\nWritten at night.\n\nBy two people."
    tide, boats = found.clauses
    assert (tide.id, tide.level, boats.id, boats.level) == ("rule.tide", Level.ROOT, "rule.boats", Level.GUIDELINE)
    assert tide.body.must == (  # type: ignore[union-attr]  # a rule
        "Always say when the tide turns. See [?](#boats) and [the sea](#sea).\n\nCosts ${5}."
    )
    assert boats.body.should == "Boats float."  # type: ignore[union-attr]  # a rule
    assert tide.see == ("rule.boats",)
    first, second = tide.examples
    assert (first.good, first.bad, first.ok) == (("At six.",), ("Who knows.",), ("[...] soon.",))
    assert dict(first.reasons) == {
        "Who knows.": "goes against boats: shrugs", "At six.": "says it", "[...] soon.": "on a calm day",
    }  # fmt: skip
    assert [t.role for t in second.turns] == ["developer", "user", "assistant", "user"]
    [probe] = found.probes
    assert (probe.name, probe.clause, probe.tags) == ("ab1_1", "rule.tide", ("ab1",))
    assert [turn.text for turn in probe.turns] == ["High tide?"]


def test_the_source_is_linted_and_what_is_left_out_is_told() -> None:
    said = [str(finding) for finding in imported().findings]
    assert [line for line in said if ": defect: " in line] == [
        "m.md:12: defect: the link to #sea leads to no section",
        "m.md:46: defect: the tag [^zz9] has no file examples/zz9.md",
        "m.md:44: defect: boats has no evaluation prompts",
        "examples/qq0.md: defect: no section names this file's tag",
    ]
    assert "m.md:32: not trained: tide: an answer with an elision: asking for the tide" in said
    assert "examples/ab1.md:9: left out: tide: what the assistant says last in ab1" in said


def test_what_is_imported_is_laid_out_and_checks() -> None:
    text = imported().text
    assert format_text(text) == text
    program, found = to_program(document(text))
    assert {d.severity for d in found} <= {"note"}
    rows = [
        unit
        for clause in program.clauses
        for generate in GENERATORS
        for unit in generate(clause, Setting(program))
        if unit.generator == "examples"
    ]
    # Good over bad; the elided one is in no pair.
    assert [unit.count for unit in rows] == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\n", r"m\.md:1: a heading has no id"),
        ("# A {#a}\n# B {#a}\n", r"m\.md:2: the id a stands on line 1"),
        ("# A {#a authority=boss}\n", r"m\.md:1: there is no level `boss`"),
        ("# A {#a}\n~~~xml\n<user>\nHi\n</user>\n", r"m\.md:2: a `~~~` block is not closed"),
        ("# A {#a}\n~~~xml\n<user>\nHi\n~~~\n", r"m\.md:3: this `<user>` is not closed"),
        ("# A {#a}\n~~~xml\nHi\n~~~\n", r"m\.md:3: `Hi` is no message"),
    ],
)
def test_a_source_that_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        imported(text, {})


def test_a_constitution_becomes_traits() -> None:
    entries = [{"trait": 'I say "ahoy".', "questions": ["Hi?", "Hi?", "Why?"], "weight": 2}, {"trait": "I sail."}]
    found = constitution.read(json.dumps(entries), "sea.json", "sea")
    first, second = document(found.text).clauses
    assert (first.id, second.id) == ("trait.sea_1", "trait.sea_2")
    assert first.body.means == 'I say "ahoy".'  # type: ignore[union-attr]  # a trait
    assert first.body.asks == ("Hi?", "Why?")  # type: ignore[union-attr]  # a trait
    assert [f.kind for f in found.findings] == ["left_out", "defect"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", "[5]", '[{"trait": ""}]', '[{"trait": "x", "questions": "y"}]'])
def test_a_malformed_constitution_is_told(text: str) -> None:
    with pytest.raises(Unreadable, match=r"^c\.json"):
        constitution.read(text, "c.json", "c")


# ------------------------------------------------------------------ the published documents


@pytest.fixture(scope="module")
def published() -> tuple[str, Imported]:
    folder = SHARED / "model_spec"
    text = (folder / "model_spec.md").read_text(encoding="utf-8")
    prompts = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "examples").glob("*.md")}
    return text, imported(text, prompts)


@needs_data
def test_the_published_model_spec_is_read_whole(published: tuple[str, Imported]) -> None:
    counts = {name.strip(): count for name, count in published[1].counts}
    assert counts == {
        "sections": 80, "with a level": 59, "root": 22, "system": 3, "developer": 1, "user": 15, "guideline": 18,
        "examples": 183, "good answers": 193, "bad answers": 196, "ok answers": 8, "preference pairs": 219,
        "evaluation prompts": 272, "files of prompts": 114, "probes": 266,
    }  # fmt: skip
    defects = [finding.message for finding in published[1].defects]
    assert sorted(re.findall(r"tag \[\^(\w+)\] has no file", "\n".join(defects))) == ["d0pu", "h82a", "rse0", "t5q0"]
    assert [f.file for f in published[1].defects if not f.line] == ["examples/91ld.md", "examples/lds1.md"]
    assert sum("has no evaluation prompts" in message for message in defects) == 16
    assert len(defects) == 22


@needs_data
def test_nothing_of_the_published_model_spec_is_lost(published: tuple[str, Imported]) -> None:
    """Every line of prose, commentary and examples is in the spec, or within what the report names."""
    text, found = published
    said = squeezed(" ".join(texts_of(document(found.text))))
    left_out = {f.line for f in found.findings if f.kind == "left_out" and f.file == "m.md"}
    lost, inside = [], False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("**Example**"):
            inside = number in left_out
        if inside:
            inside = line.strip() != "~~~"
            continue
        if re.match(r"~~~|\*\*Example\*\*|!!! |\s*</?(comparison|user|assistant|developer|system|tool)\b", line):
            continue
        line = re.sub(r"^#+ (.*?)\s*\{#.*\}$", r"\1", line)
        if squeezed(re.sub(r"\[\^\w+\]", "", line)) not in said:
            lost.append((number, line))
    assert lost == []


@needs_data
def test_the_published_model_spec_compiles_within_a_second(published: tuple[str, Imported]) -> None:
    started = time.process_time()
    loaded = spec.loads(published[1].text, "m.tenet")
    assert loaded.document is not None
    program, found = to_program(loaded.document)
    assert time.process_time() - started < 5, "seconds, not a fraction of one: something grows faster than the spec"
    assert {d.severity for d in (*loaded.diagnostics, *found)} == {"note"}
    assert format_text(published[1].text) == published[1].text
    units = [u for c in program.clauses for generate in GENERATORS for u in generate(c, Setting(program))]
    examples = [u for u in units if u.generator == "examples"]
    assert all(
        ELISION not in answer for u in examples for s in (u.chosen, u.rejected) if s is not None for answer in s.given
    )
    assert sum(u.purpose == "probes" and u.aspect == "author" for u in units) == 266


@needs_data
@pytest.mark.parametrize("name", ["humor", "loving", "nonchalance", "poeticism", "sarcasm"])
def test_the_published_constitutions_compile(name: str) -> None:
    text = (SHARED / "constitutions" / f"{name}.json").read_text(encoding="utf-8")
    found = constitution.read(text, f"{name}.json", name)
    program, diagnostics = to_program(document(found.text))
    assert (found.findings, diagnostics) == ((), ())
    assert len(program.clauses) == len(json.loads(text))


def texts_of(value: object) -> list[str]:
    """All texts in a document, however deep."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple | list):
        return [text for item in value for text in texts_of(item)]
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, spec.source.Span):
        return [text for name in value.__dataclass_fields__ for text in texts_of(getattr(value, name))]
    return []


def squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", text)
