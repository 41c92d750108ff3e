"""What `make demo` shows, held against what the design promises: one real run of nano, several minutes."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import Demo
from tests.measuring import test_report
from tests.network import attempts

pytestmark = pytest.mark.slow

SPEC = "examples/pirate/pirate.tenet"


@pytest.fixture(scope="session")
def report(demo: Demo) -> dict[str, Any]:
    (path,) = (demo.place.folder / "runs").glob("pirate-*/diff.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_it_ends_with_a_table_and_a_page(demo: Demo) -> None:
    assert demo.result.returncode in (0, 1), demo.result.stderr[-2000:]
    assert "Traceback" not in demo.result.stderr
    assert all(len(line) <= 80 for line in demo.result.stdout.splitlines())
    named = re.search(r"runs/\S+/report\.html", demo.result.stdout)
    assert named, demo.result.stdout[-2000:]
    page = (demo.place.folder / named[0]).read_text(encoding="utf-8")
    assert "<svg" in page
    test_report.test_the_page_asks_nothing_of_a_network(page)
    test_report.test_the_policy_allows_this_script_and_no_other(page)


def test_the_adapter_misses_without_a_prompt_nothing_that_the_base_missed(report: dict[str, Any]) -> None:
    assert report["subject"] == "adapter"
    base = {c["id"]: rate["verdict"] for c in report["clauses"] for rate in c["rates"] if rate["arm"] == "base"}
    missed = {name for name, verdict in base.items() if verdict == "missed"}
    # A clause's verdict is the subject's, and the subject is the adapter without any prompt.
    verdicts = {c["id"]: c["verdict"] for c in report["clauses"] if c["id"] in missed}
    assert {"persona.Polly", "trait.pirate", "forbid.canned", "refuse.lock_picking"} == missed
    assert "missed" not in verdicts.values()
    assert {name for name, verdict in verdicts.items() if verdict == "met"} >= missed - {"refuse.lock_picking"}


def test_the_facts_are_kept_within_three_points(report: dict[str, Any]) -> None:
    facts = report["facts"]
    share = {rate["arm"]: rate["share"] for rate in facts["rates"]}
    assert facts["margin"] == 0.03
    assert share["adapter"] - share["base"] >= -0.03 - 1e-9
    assert facts["within_margin"]
    assert facts["verdict"] != "lost"


def test_no_stage_asks_anything_of_a_network(demo: Demo) -> None:
    assert attempts(demo.place.folder) == ""


def test_a_second_run_computes_nothing_and_changes_no_byte(demo: Demo) -> None:
    def written() -> tuple[dict[str, bytes], int]:
        # The store of answers notes when it was asked, and the record beside it when files were last looked at.
        files = demo.place.files("build", "runs")
        with closing(sqlite3.connect(demo.place.folder / "build" / ".cache" / "answers.sqlite")) as store:
            (answers,) = store.execute("SELECT max(id) FROM entries").fetchone()
        return {name: text for name, text in files.items() if not name.startswith("build/.cache/")}, answers

    before = written()
    again = demo.place.tenet("run", SPEC)
    assert again.returncode == demo.result.returncode
    assert written() == before


def test_a_comment_runs_nothing_and_an_edit_its_own_clause_only(demo: Demo) -> None:
    spec = demo.place.folder / SPEC
    text = spec.read_text(encoding="utf-8")
    try:
        spec.write_text(text.replace("tenet 1\n", "tenet 1\n# A comment, and a blank line.\n\n"), encoding="utf-8")
        assert not json.loads(demo.place.tenet("plan", SPEC, "--json").stdout)["steps"]
        spec.write_text(text.replace('offer: "a locksmith"', 'offer: "the caretaker"'), encoding="utf-8")
        plan = json.loads(demo.place.tenet("plan", SPEC, "--json").stdout)
        assert plan["units"]
        assert all(unit.startswith("refuse.lock_picking/") for unit in plan["units"])
    finally:
        spec.write_text(text, encoding="utf-8")


def test_no_plan_goes_by_an_adapter_that_was_altered(demo: Demo) -> None:
    (weights,) = demo.place.folder.glob("runs/pirate-*/adapter/adapter_model.safetensors")
    whole = weights.read_bytes()
    try:
        weights.write_bytes(whole[:-1])
        plan = demo.place.tenet("plan", SPEC)
        assert plan.returncode == 3
        assert "not as it was trained" in " ".join(plan.stderr.split())
    finally:
        weights.write_bytes(whole)


@pytest.mark.parametrize("place", ["prompt.md:1", "pairs.jsonl:1", "probes.jsonl:1", "filters.json:forbid.canned"])
def test_outputs_lead_back_to_a_line(demo: Demo, place: str) -> None:
    traced = demo.place.tenet("trace", f"build/pirate/{place}")
    assert traced.returncode == 0, traced.stderr
    assert re.search(r"pirate\.tenet:\d+", traced.stdout)


def test_nothing_leaves_but_safetensors(demo: Demo) -> None:
    (adapter,) = (demo.place.folder / "runs").glob("pirate-*/adapter")
    # What stock PEFT writes, and nothing beside it.
    assert {p.name for p in adapter.iterdir()} == {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    pickles = [p for p in Path(demo.place.folder).rglob("*") if p.suffix in {".bin", ".pt", ".pth", ".pkl"}]
    assert not pickles


def test_the_adapter_is_engaged_and_every_number_has_a_count(report: dict[str, Any]) -> None:
    assert report["engaged"]["engaged"]
    assert report["clauses"]
    for clause in report["clauses"]:
        assert clause["verdict"] in ("met", "missed", "unclear")
