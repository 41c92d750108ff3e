"""`auto` asks first whether the prompt alone is enough; where it is, nothing is trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends import measure, train
from backends.train import identity, prompting
from compiler import ir_file
from compiler.build import from_text
from compiler.failures import DataError
from compiler.records.recipe import Recipe
from compiler.runs import arms_of, read_measured
from tests.backends.recipes import user
from tests.backends.test_measure import probe
from tests.backends.test_train import build_folder

SPEC = 'trait pirate { means: "Talk like a pirate."  signs: ["arr"]  target: >= 80% }'


def build_of(root: Path, base: Path) -> Path:
    build = build_folder(root, base)
    recipe = Recipe(base=str(base), units=(), method="dpo", chosen=("dpo: there are pairs",))
    (build / "recipe.json").write_text(recipe.model_dump_json())
    probes = [probe(n, messages=user(f"Question number {n}, about {n * 7}?"), template=str(n)) for n in range(60)]
    (build / "probes.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in probes))
    (build / "prompt.md").write_text("Talk like a pirate.\n")
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC)))
    return build


def test_where_the_prompt_is_enough_no_adapter_is_trained(
    shapes: dict[str, Path], tmp_path: Path, scripted: Any
) -> None:
    build = build_of(tmp_path, shapes["llama"])
    scripted(lambda asked, sampling: "Arr." if "pirate" in asked[0].content else "Yes.").count = len
    run = train.run(build, tmp_path / "runs")
    assert {path.name for path in run.iterdir()} == {"run.json"}
    record = json.loads((run / "run.json").read_text())
    assert (record["method"], record["adapter_digest"], record["steps"]) == ("prompt", None, {})
    assert "no adapter is needed" in record["chosen"][0]
    assert train.run(build, tmp_path / "runs") == run, "found again, and not asked again"
    assert arms_of(run) == ("base", "prompt")
    folder = measure.run(build, run, arms=("base", "prompt", "adapter"))
    assert folder == run
    assert set(read_measured(run).answers) == {"base", "prompt"}
    (build / "prompt.md").write_text("Talk as a pirate does.\n")
    assert identity.run_folder(build, tmp_path / "runs") != run, "another prompt is asked anew"


def test_other_targets_are_asked_anew_and_other_places_of_clauses_are_not(
    shapes: dict[str, Path], tmp_path: Path
) -> None:
    build = build_of(tmp_path, shapes["llama"])
    before = identity.content_digest(build)
    (build / "ir.json").write_text(ir_file.dumps(from_text(f"# A remark.\n{SPEC}")))
    assert identity.content_digest(build) == before
    (build / "ir.json").write_text(ir_file.dumps(from_text(SPEC.replace("80%", "99%"))))
    assert identity.content_digest(build) != before


def test_where_it_is_not_the_chosen_method_trains_and_says_what_was_wanting(
    shapes: dict[str, Path], tmp_path: Path, scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = build_of(tmp_path, shapes["llama"])
    model = scripted(lambda asked, sampling: "Yes.")
    model.count = len
    run = train.run(build, tmp_path / "runs")
    assert (run / "adapter").is_dir()
    record = json.loads((run / "run.json").read_text())
    assert record["method"] == "dpo"
    assert record["chosen"][0] == "dpo: there are pairs"
    assert record["chosen"][2] == "trait.pirate is missed by the prompt"
    assert len(model.asked) < 60, "a clause that is plainly missed is not asked to the end"
    assert arms_of(run) == ("base", "prompt", "adapter", "adapter+prompt")


def test_a_spec_that_names_its_method_is_not_asked(
    shapes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompting, "look", lambda *_, **__: pytest.fail("the prompt was measured"))
    build = build_folder(tmp_path, shapes["llama"])
    assert (train.run(build, tmp_path / "runs") / "adapter").is_dir()


def test_without_probes_auto_cannot_tell(shapes: dict[str, Path], tmp_path: Path) -> None:
    build = build_of(tmp_path, shapes["llama"])
    (build / "probes.jsonl").write_text("")
    with pytest.raises(DataError, match="no probes"):
        train.run(build, tmp_path / "runs")
