"""Files that include others: names in front, parameters, and specs that extend a spec."""

from __future__ import annotations

from pathlib import Path

import pytest

import spec
from spec.constructs import Persona, Refuse, Trait
from spec.document import Level

STYLE = """tenet 1
parameter maker { }
parameter greeting { default: "Ahoy" }
trait warm { means: "${greeting} from ${maker}, for $${5}." }
trait cold { means: "Be cold." }
refuse secrets { about: "secrets"  style: warm }
priority: warm > cold
probe p { for: warm  ask: "Hi." }
"""
BASE = """tenet 1
model { base: "nano"  revision: "main" }
train { rows: 400  seed: 7 }
trait warm at user { means: "Be warm."  not: "Gushing."  tags: [style]  target: >= 80% }
trait plain { means: "Be plain." }
refuse dosing at root { about: "doses" }
forbid canned { phrases: ["Certainly!"]  override: never }
rule candour { must: "Say why." }
"""


def load(folder: Path, text: str, **files: str) -> spec.Loaded:
    for name, content in files.items():
        (folder / f"{name}.tenet").write_text(content, encoding="utf-8")
    (folder / "spec.tenet").write_text(f"tenet 1\n{text}", encoding="utf-8")
    return spec.load(folder / "spec.tenet")


def document(loaded: spec.Loaded) -> spec.Document:
    assert loaded.document is not None, spec.render(loaded.diagnostics, loaded.sources)
    return loaded.document


def codes(loaded: spec.Loaded) -> list[str]:
    return [d.code for d in loaded.diagnostics]


def test_an_import_gives_parameters_and_a_name(tmp_path: Path) -> None:
    text = (
        'import "style.tenet" as house { maker: "Polly" }\ntrait warm { means: "Mine." }\npriority: warm > house.warm'
    )
    found = document(load(tmp_path, text, style=STYLE))
    assert [c.id for c in found.clauses] == [
        "trait.house.warm",
        "trait.house.cold",
        "refuse.house.secrets",
        "trait.warm",
    ]
    assert isinstance(found.clauses[0].body, Trait)
    assert found.clauses[0].body.means == "Ahoy from Polly, for ${5}."
    assert isinstance(found.clauses[2].body, Refuse)
    assert found.clauses[2].body.style == "house.warm"
    assert [p.names for p in found.priorities] == [("house.warm", "house.cold"), ("warm", "house.warm")]
    assert [(p.name, p.clause) for p in found.probes] == [("house.p", "trait.house.warm")]


def test_a_file_with_a_name_in_front_knows_its_own_sections(tmp_path: Path) -> None:
    style = """tenet 1
section care { trait warm { means: "Be warm." } }
overlay late { when: channel == night  trait calm { means: "Be calm."  see: [care, section.care, overlay.late] } }
"""
    found = document(load(tmp_path, 'import "style.tenet" as house', style=style))
    assert found.clauses[1].see == ("section.house.care", "overlay.house.late")


def test_a_file_may_be_imported_under_two_names(tmp_path: Path) -> None:
    text = 'import "style.tenet" as a { maker: "A" }\nimport "style.tenet" as b { maker: "B" }'
    assert len(document(load(tmp_path, text, style=STYLE)).clauses) == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('import "style.tenet"', ["T0221"]),
        ('import "style.tenet" { maker: "A"  maler: "B" }', ["T0220"]),
        ('import "style.tenet" { maker: 5 }', ["T0221", "T0111"]),
        ('import "style.tenet" as a { maker: "A" }\nimport "style.tenet" as a { maker: "B" }', ["T0033"]),
        ('trait x { means: "${nobody}" }', ["T0220"]),
        ("parameter x { }", ["T0221"]),
        ('extends "base.tenet" as b', ["T0107"]),
        ('extends "base.tenet"\nextends "style.tenet"', ["T0222"]),
    ],
)
def test_wrong_inclusions_are_reported(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert codes(load(tmp_path, text, style=STYLE, base=BASE)) == expected


def test_the_same_file_with_other_texts_is_an_error(tmp_path: Path) -> None:
    middle = 'tenet 1\nimport "style.tenet" { maker: "A" }\n'
    assert codes(
        load(tmp_path, 'import "middle.tenet"\nimport "style.tenet" { maker: "B" }', style=STYLE, middle=middle)
    ) == ["T0224"]


def test_an_extension_changes_the_fields_that_it_gives(tmp_path: Path) -> None:
    text = (
        'extends "base.tenet"\ntrain { seed: 8 }\ntrait warm { target: >= 95% }\nrule candour { should: "Say why." }\n'
        "persona Juno { }\ndrop: [plain]"
    )
    found = document(load(tmp_path, text, base=BASE))
    clauses = {c.id: c for c in found.clauses}
    assert list(clauses) == ["refuse.dosing", "forbid.canned", "trait.warm", "rule.candour", "persona.Juno"]
    warm = clauses["trait.warm"]
    assert isinstance(warm.body, Trait)
    assert (warm.level, warm.tags, warm.body.avoid) == (Level.USER, ("style",), "Gushing.")
    assert warm.target is not None
    assert warm.target.share == 0.95
    assert dict(warm.field_spans)["means"].path == "base.tenet"
    assert dict(warm.field_spans)["target"].path == "spec.tenet"
    assert clauses["rule.candour"].body.must is None  # type: ignore[union-attr]  # a rule
    assert (found.train.rows, found.train.seed, found.model.revision) == (400, 8, "main")
    assert isinstance(clauses["persona.Juno"].body, Persona)


@pytest.mark.parametrize(
    "text",
    ['refuse dosing { offer: "a nurse" }', "forbid canned { target: <= 10% }", "drop: [refuse.dosing]", "drop: canned"],
)
def test_a_floor_stays(tmp_path: Path, text: str) -> None:
    loaded = load(tmp_path, f'extends "base.tenet"\n{text}', base=BASE)
    assert codes(loaded) == ["T0223"]
    assert loaded.diagnostics[0].secondary[0].span.path == "base.tenet"


def test_dropping_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert codes(load(tmp_path, 'extends "base.tenet"\ndrop: [trait.warmth, nobody]', base=BASE)) == ["T0202", "T0202"]


def test_an_extension_of_an_extension(tmp_path: Path) -> None:
    middle = 'tenet 1\nextends "base.tenet"\ntrait warm { target: >= 85% }\n'
    found = document(load(tmp_path, 'extends "middle.tenet"\ntrait warm { not: "Cold." }', base=BASE, middle=middle))
    [warm] = [c for c in found.clauses if c.name == "warm"]
    assert isinstance(warm.body, Trait)
    assert warm.target is not None
    assert (warm.body.means, warm.body.avoid, warm.target.share) == ("Be warm.", "Cold.", 0.85)


def test_files_that_extend_each_other_are_an_error(tmp_path: Path) -> None:
    assert "T0031" in codes(load(tmp_path, 'extends "other.tenet"', other='tenet 1\nextends "spec.tenet"\n'))
