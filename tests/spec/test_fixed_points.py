"""A spec means the same in every notation, and writing it again changes nothing: over specs drawn of all constructs.

Ten thousand small cases drawn from seeds, in a loop that Hypothesis would take ten times as long for; it draws larger
ones below, and shrinks what fails. `meaning` leaves out nothing but the names of files; spans never count.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spec
from spec import ast
from spec.constructs import CONSTRUCTS
from spec.converting import convert, meaning, target_of, text_of
from spec.document import Clause, Document
from spec.doors import Notation, read
from spec.fields import field_specs
from spec.source import Source
from spec.writer import write
from tests.spec.records import Records
from tests.spec.test_readme import EXAMPLES

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("examples/**/*.tenet"), *ROOT.glob("tests/*/specs/*.tenet")])
CASES = 10_000
SLICES = 20
NAMES: dict[Notation, str] = {"tenet": "spec.tenet", "yaml": "spec.tenet.yaml", "json": "spec.tenet.json"}


def tree_of(text: str, notation: Notation) -> ast.Module:
    return read(Source(NAMES[notation], text))[0]


def document_of(text: str, notation: Notation) -> Document:
    loaded = spec.loads(text, NAMES[notation])
    assert loaded.document is not None, f"{spec.render(loaded.diagnostics, loaded.sources)}\n{text}"
    return loaded.document


def check(text: str, notation: Notation) -> None:
    """Lead a spec from text into a notation, out of it and back again."""
    document = document_of(text, "tenet")
    written = text_of(tree_of(text, "tenet"), notation)
    tree = tree_of(written, notation)
    assert meaning(document_of(written, notation)) == meaning(document), written
    assert text_of(tree, notation) == written
    back = text_of(tree, "tenet")
    assert meaning(document_of(back, "tenet")) == meaning(document), back


def drawn(seed: int, *, few: bool) -> str:
    return write(Records(random.Random(seed), few=few).document())


@pytest.mark.parametrize("part", range(SLICES))
def test_small_specs_in_every_notation(part: int) -> None:
    for seed in range(part, CASES, SLICES):
        document = Records(random.Random(seed), few=True).document()
        text = write(document)
        assert write(document_of(text, "tenet")) == text
        check(text, "yaml" if (seed // SLICES) % 2 else "json")


def test_small_specs_have_every_construct_and_field() -> None:
    drawn_fields = set()
    for seed in range(3000):
        for clause in Records(random.Random(seed), few=True).document().clauses:
            for record in (clause.body, clause):
                for field in field_specs(type(record)).values():
                    if getattr(record, field.attribute) not in ((), None, False):
                        drawn_fields.add((clause.kind if record is clause.body else "clause", field.name))
    known = {(kind, name) for kind, record in CONSTRUCTS.items() for name in field_specs(record)}
    assert drawn_fields >= known | {("clause", name) for name in field_specs(Clause)}


@settings(max_examples=50)
@given(st.integers(0, 2**64), st.sampled_from(["yaml", "json"]))
def test_a_large_spec_in_every_notation(seed: int, notation: Notation) -> None:
    check(drawn(seed, few=False), notation)


@pytest.mark.parametrize("text", EXAMPLES)
@pytest.mark.parametrize("notation", ["yaml", "json"])
def test_an_example_of_the_readme(text: str, notation: Notation) -> None:
    check(text, notation)


@pytest.mark.parametrize("notation", ["tenet", "yaml", "json"])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_spec_of_the_repository(path: Path, notation: Notation) -> None:
    target = target_of(path, notation).with_name(f"converted.{NAMES[notation]}")
    converted = convert(path, notation, target)
    assert text_of(tree_of(converted.text, notation), notation) == converted.text


FILES = {
    "base": 'tenet 1\nparameter who { default: "us"  note: "Who." }\n'
    "section calm at user { when: user.role == guest  tags: [a]\n"
    '  trait calm { means: "Is calm with ${who}, $${x}." } }\n'
    'trait kind { means: "Is kind."  tags: [b] }\ntrait loud { means: "Is loud." }\nmodel { base: "nano" }\n',
    "house": 'tenet 1\nparameter maker {}\nrequire sign { ends: "Yours, ${maker}." }\n',
    "more": 'tenet 1\nrule more { may: "Say more." }\n',
    "spec": 'tenet 1\nimport "more.NOTATION"\nextends "base.NOTATION" { who: "them" }\n'
    'import "house.NOTATION" as house { maker: "Harbor Marine" }\nimport "house.NOTATION" as shop { maker: "Desk" }\n'
    'drop: [trait.loud]\ntrait calm { intensity: 0.5 }\nrequire sign { starts: "Hello." }\npriority: calm > kind\n',
}


@pytest.mark.parametrize("main", ["tenet", "yaml", "json"])
@pytest.mark.parametrize("others", ["tenet", "yaml", "json"])
def test_files_of_any_notation_include_each_other(tmp_path: Path, main: Notation, others: Notation) -> None:
    documents = []
    for notations in (
        {"spec": "tenet", "base": "tenet", "house": "tenet", "more": "tenet"},
        {"spec": main, "base": others, "house": others, "more": others},
    ):
        folder = tmp_path / "-".join(notations.values())
        folder.mkdir(exist_ok=True)
        ending = {name: NAMES[notation].removeprefix("spec.") for name, notation in notations.items()}
        for name, written in FILES.items():
            told = written.replace("NOTATION", ending["house"])
            (folder / f"{name}.{ending[name]}").write_text(text_of(tree_of(told, "tenet"), notations[name]))
        loaded = spec.load(folder / f"spec.{ending['spec']}")
        assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
        documents.append(meaning(loaded.document))
    assert documents[0] == documents[1]
