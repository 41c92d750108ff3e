"""Promise 3: a comment rebuilds nothing; an edit to one clause touches that clause's units and no others."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.artifact import Artifact
from compiler.digests import digest, file_digest, rows_digest, unit_digest
from compiler.records.recipe import Recipe
from tests.compiler.conftest import NAMES, artifacts_of, program_of


def units_of(artifacts: dict[str, Artifact]) -> dict[str, str]:
    recipe = Recipe.model_validate_json(artifacts["recipe.json"].text)
    return {unit.id: unit_digest(unit) for unit in recipe.units}


def owners_of_changed(before: dict[str, Artifact], after: dict[str, Artifact]) -> set[str]:
    """Ids of the clauses named by units that differ, on either side, reduced to what they have in common."""
    old, new = units_of(before), units_of(after)
    changed = {i for i in old.keys() | new.keys() if old.get(i) != new.get(i)}
    return {unit_id.split("/")[0] for unit_id in changed}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(5))
def test_comments_and_blank_lines_change_no_digest(
    name: str, seed: int, texts: dict[str, str], built: dict[str, dict[str, Artifact]]
) -> None:
    drawn = random.Random(seed)
    lines = texts[name].splitlines()
    for _ in range(6):
        place = drawn.randrange(1, len(lines))
        lines.insert(place, drawn.choice(["", "# why this is so", "      # indented", "\t"]))
    after = artifacts_of("\n".join(lines) + "\n", name)
    assert units_of(after) == units_of(built[name])
    old, new = (json.loads(a["lock.json"].text) for a in (built[name], after))
    assert old["program"] == new["program"]
    assert old["clauses"] == new["clauses"]
    for path in ("prompt.md", "jobs/dpo.yaml"):
        assert after[path].text == built[name][path].text
    # The lines did move, and the source map tells so.
    assert after["trace.json"].text != built[name]["trace.json"].text


def test_because_and_tags_and_why_teach_nothing(texts: dict[str, str], built: dict[str, dict[str, Artifact]]) -> None:
    text = texts["harbor"].replace("People write to us when something went wrong.", "They asked for it.")
    assert text != texts["harbor"]
    assert owners_of_changed(built["harbor"], artifacts_of(text, "harbor")) == set()
    text = texts["pirate"].replace("no pirate", "something else")
    assert owners_of_changed(built["pirate"], artifacts_of(text)) == set()


@pytest.mark.parametrize(
    ("old", "new", "owners"),
    [
        ('still_help: "what a medicine is for"', 'still_help: "how to store a medicine"', {"refuse.dosing"}),
        ('asks: ["How many pills is too many?"]', 'asks: ["Three pills?"]', {"refuse.dosing"}),
        ('about: "what illness somebody has"', 'about: "what disease somebody has"', {"refuse.diagnosis"}),
        ('says: "I am an AI."', 'says: "I am a computer program."', {"stance.being_an_ai"}),
        ('means: "Uses a word of the sea."', 'means: "Uses two words of the sea."', {"trait.nautical"}),
        ('ask: "I lost my dog."', 'ask: "I lost my cat."', {"trait.caring"}),
    ],
)
def test_an_edit_of_one_clause_changes_its_own_units_only(
    old: str, new: str, owners: set[str], texts: dict[str, str], built: dict[str, dict[str, Artifact]]
) -> None:
    assert old in texts["harbor"]
    after = artifacts_of(texts["harbor"].replace(old, new), "harbor")
    assert owners_of_changed(built["harbor"], after) == owners


def test_an_edit_of_the_voice_changes_exactly_the_units_that_name_it(
    texts: dict[str, str], built: dict[str, dict[str, Artifact]]
) -> None:
    text = texts["pirate"].replace("Talk like a pirate, with sea words.", "Talk like a sailor.")
    after = artifacts_of(text, "pirate")
    old, new = units_of(built["pirate"]), units_of(after)
    changed = {i for i in old if old[i] != new[i]}
    recipe = Recipe.model_validate_json(built["pirate"]["recipe.json"].text)
    naming = {u.id for u in recipe.units if "trait.pirate" in u.clause_ids}
    # Literal examples and the author's own probes stand as they are written; probes that other checks decide, too.
    unchanged = naming - changed
    assert changed <= naming | {u.id for u in recipe.units if "trait.pirate" in u.measures}
    assert all("examples" in i for i in unchanged if "/probes" not in i and "/author" not in i), unchanged


@pytest.mark.parametrize(("old", "new"), [('"As an AI model"', '"As a model"'), ('"As an AI model"', '"As a", "Sure"')])
def test_an_edited_forbid_changes_its_own_units_only(
    old: str, new: str, texts: dict[str, str], built: dict[str, dict[str, Artifact]]
) -> None:
    """Forbids are a filter behind what a model is asked, so they are in no other unit's digest."""
    assert old in texts["pirate"]
    after = artifacts_of(texts["pirate"].replace(old, new), "pirate")
    assert owners_of_changed(built["pirate"], after) == {"forbid.canned"}


def test_spans_are_in_no_digest(built: dict[str, dict[str, Artifact]]) -> None:
    text = built["pirate"]["recipe.json"].text
    recipe = Recipe.model_validate_json(text)
    moved = Recipe.model_validate_json(re.sub(r"pirate\.tenet:(\d+)", r"pirate.tenet:9\1", text))
    assert moved != recipe
    assert [unit_digest(u) for u in moved.units] == [unit_digest(u) for u in recipe.units]


def test_unlike_bodies_with_equal_fields_differ() -> None:
    one = program_of('tenet 1\nforbid x { phrases: ["a"] }').clauses[0]
    other = program_of('tenet 1\nrequire x { includes: ["a"] }').clauses[0]
    assert digest(one.body) != digest(other.body)


@pytest.mark.parametrize("hash_of", [file_digest, rows_digest])
def test_a_file_is_read_once_until_it_changes(
    hash_of: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    opening = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *how, **more: (opened.append(self), opening(self, *how, **more))[1])
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n')
    opened.clear()
    first = hash_of(path)
    assert [hash_of(path) for _ in range(3)] == [first] * 3
    assert opened == [path]
    path.write_text('{"a": 22}\n')
    assert hash_of(path) != first
    # Another file under its name, of the same length.
    (tmp_path / "new").write_text('{"a": 33}\n')
    (tmp_path / "new").replace(path)
    assert hash_of(path) == hash_of.__globals__[f"_{hash_of.__name__}"].__wrapped__(str(path))


WOODS = ("ore", "elm", "ash", "fir")
REFUSALS = [f'refuse {name} {{ about: "the {name}"  offer: "the {name} desk" }}' for name in WOODS]
STANCE = 'stance human { about: "whether you are human"  says: "I am an AI."  signs: ["an AI"] }'


def test_a_moved_refusal_changes_no_digest() -> None:
    """Which refusals a clause is told from hangs on their names, and not on where they stand."""
    before = artifacts_of("\n".join(["tenet 1", *REFUSALS, STANCE]))
    for lines in ([STANCE, *reversed(REFUSALS)], [*REFUSALS[2:], STANCE, *REFUSALS[:2]]):
        assert units_of(artifacts_of("\n".join(["tenet 1", *lines]))) == units_of(before)


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ('offer: "the elm desk"', 'offer: "a clerk"', True),
        ('offer: "the elm desk"', 'offer: "the ash desk"', True),
        ('offer: "the elm desk"', 'offer: "the ore desk"', True),
        ('about: "the elm"', 'about: "oaks"', False),
        ('offer: "the elm desk"', 'offer: "the elm desk"  still_help: "oaks"', False),
        ('offer: "the elm desk"', 'offer: "the elm desk"  unless: user.role == clinician', False),
    ],
)
def test_an_edited_refusal_changes_other_rows_only_where_they_show_its_manner(old: str, new: str, shown: bool) -> None:
    text = "\n".join(["tenet 1", *REFUSALS, STANCE])
    assert old in text
    before, after = artifacts_of(text), artifacts_of(text.replace(old, new))
    named = {
        unit.id: unit.clause_ids
        for side in (before, after)
        for unit in Recipe.model_validate_json(side["recipe.json"].text).units
    }
    old_units, new_units = units_of(before), units_of(after)
    changed = {i for i in named if old_units.get(i) != new_units.get(i)}
    assert all("refuse.elm" in named[i] for i in changed), changed
    assert any(i.startswith("refuse.elm/") for i in changed)
    assert any(not i.startswith("refuse.elm/") for i in changed) is shown
