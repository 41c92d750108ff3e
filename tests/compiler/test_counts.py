"""What `tenet build` says of its rows: everything that was left out, at 80 columns, and loudly what a clause lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.generate.report import DataCounts, DisjointCounts, GenerateReport, RuleCounts, UnitCounts
from compiler.cli.counts import show_counts
from compiler.cli.emitting import Compilation
from compiler.cli.places import Place
from compiler.facts import Facts
from compiler.failures import DataError
from compiler.lowering import recipe
from compiler.records.recipe import DataFile
from tests.compiler.conftest import artifacts_of, program_of

SPEC = """tenet 1
trait pirate { means: "Talk like a pirate." }
forbid canned { phrases: ["Certainly!"] }
refuse dosing { about: "how much of a medicine to take"  asks: ["How many pills?"] }
train { method: sft+dpo }
"""


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")


def compilation(text: str = SPEC) -> Compilation:
    place = Place(Path("build/a"), Path("runs"), Path("build/.cache"))
    return Compilation(place, program_of(text), Facts(), tuple(artifacts_of(text).values()))


def report(*lost: str, rows: dict[str, int] | None = None, **changes: Any) -> GenerateReport:
    """All units whole, but for those named in `lost`, which have no row."""
    units = tuple(
        UnitCounts(
            unit=unit.id,
            clause_ids=unit.clause_ids,
            purpose=unit.purpose,
            aspect=unit.aspect,
            wanted=unit.count,
            asked=unit.count,
            kept=0 if unit.id in lost else unit.count,
            dropped={"chosen fails its checks": 32, "rejected keeps the clause": 4} if unit.id in lost else {},
        )
        for unit in recipe.make(program_of(SPEC)).units
    )
    usual: dict[str, Any] = {
        "base": "nano",
        "base_digest": "0",
        "teacher": "nano",
        "teacher_digest": "0",
        "judge": "nano",
        "judge_digest": "0",
        "units": units,
        "filters": (),
        "disjoint": DisjointCounts(training=300, probes=400, left_out=7),
        "duplicates": 0,
        "rows": rows or {"pairs": 300, "sft": 300, "probes": 400},
    }
    return GenerateReport(**{**usual, **changes})


def said(capsys: pytest.CaptureFixture[str]) -> str:
    err = capsys.readouterr().err
    assert all(len(line) <= 80 for line in err.splitlines())
    return " ".join(err.split())


def test_a_whole_build_warns_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_counts(compilation(), report())
    text = said(capsys)
    assert "warning" not in text
    assert "trait.pirate 148/148 120/120" in text
    assert "probes: none of 400 is near one of 300 training questions (7 left out)" in text


def test_every_reason_and_rule_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    unit = report().units[0].model_copy(update={"kept": 1, "dropped": {f"reason {n}": n for n in range(1, 9)}})
    filters = (
        RuleCounts(rule="forbid.canned", clause_ids=("forbid.canned",), generated=12, own=26),
        RuleCounts(rule="refusals", clause_ids=("refuse.dosing",), generated=0, own=0),
    )
    data = (DataCounts(path="chats.jsonl", rows=50, kept=20, dropped={"is odd": 30}, cut=3, max_length=512),)
    show_counts(compilation(), report(units=(unit,), filters=filters, data=data, duplicates=2))
    text = said(capsys)
    assert all(f"{n} reason {n}" in text for n in range(1, 9))
    assert "forbid.canned: 12 generated rows and 26 of your own left out" in text
    assert "refusals" not in text
    assert "chats.jsonl: 20 of 50 rows kept (30 is odd)" in text
    assert "chats.jsonl: 3 rows are longer than 512 tokens" in text
    assert "sft.jsonl: 2 generated rows left out, which stand there already" in text


def test_a_clause_without_rows_is_a_loud_warning(capsys: pytest.CaptureFixture[str]) -> None:
    """One of its two ways of teaching is enough to lose: rows that answer teach nobody to refuse."""
    show_counts(compilation(), report("refuse.dosing/refuse", "refuse.dosing/refuse-in-voice"))
    text = said(capsys)
    assert "warning: refuse.dosing has no row that shows it kept: none of 40 was kept" in text
    assert "help: 64 times chosen fails its checks; the model that writes answers" in text
    assert text.count("warning:") == 1


def test_a_clause_without_probes_is_a_loud_warning(capsys: pytest.CaptureFixture[str]) -> None:
    probes = [u.unit for u in report().units if u.purpose == "probes" and u.clause_ids[0] == "trait.pirate"]
    show_counts(compilation(), report(*probes))
    assert "warning: trait.pirate has no probe, so that it cannot be measured" in said(capsys)


def test_a_job_without_rows_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match=r"pairs\.jsonl has no row to train on"):
        show_counts(compilation(), report(rows={"pairs": 0, "sft": 9, "probes": 400}))


def test_steps_that_leave_rows_unseen_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    short = SPEC.replace("method: sft+dpo", "method: sft+dpo  steps: 100")
    show_counts(compilation(short), report(rows={"pairs": 300, "sft": 9000, "probes": 400}))
    text = said(capsys)
    assert "sft: 100 steps of 16 rows go 0.2 times over 9000 rows; 7400 are never seen" in text
    assert "train { steps: 563 } sees each once" in text
    assert "dpo: 100 steps of 16 rows go 5.3 times over 300 rows" in text


@pytest.mark.parametrize("method", ["sft", "sft+dpo"])
def test_steps_grow_with_the_users_own_chats(method: str) -> None:
    from compiler.facts import BaseFacts
    from compiler.lowering import jobs

    program = program_of(SPEC.replace("sft+dpo", method))
    large = BaseFacts("a/b", parameters=600_000_000)

    def steps(rows: int) -> dict[str, int]:
        files = (DataFile(path="a.jsonl", sha256="0", rows=rows), DataFile(path="b.jsonl", sha256="0", rows=rows))
        made = jobs.lower(program, Facts(base=large, data=files))
        return {job.path: int(job.text.partition("max_steps: ")[2].split()[0]) for job in made}

    few, many = steps(10_000), steps(20_000)
    # Two times over 20,000 chats more, 16 at a time.
    assert many["jobs/sft.yaml"] - few["jobs/sft.yaml"] == pytest.approx(2 * 20_000 / 16, abs=1)
    assert many == steps(20_000)
    if "dpo" in method:
        assert many["jobs/dpo.yaml"] == steps(0)["jobs/dpo.yaml"], "pairs are not made of chats"
