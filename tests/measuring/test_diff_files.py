"""The record on disk: read back as it was, its transcripts in order, and torn files named."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler import verdicts
from compiler.failures import DataError
from compiler.records.report import DiffReport
from compiler.runs import Run
from compiler.verdicts import compare
from tests.measuring.runs import rewritten, written


def test_flips_come_first_and_losses_before_gains(run: Run, report: DiffReport) -> None:
    talks = report.transcripts
    lost = [bool(set(t.flipped) & set(t.broken)) for t in talks]
    flipped = [bool(t.flipped) for t in talks]
    assert lost == sorted(lost, reverse=True)
    assert flipped == sorted(flipped, reverse=True)
    assert any(lost)
    first = talks[0]
    clause = next(iter(set(first.flipped) & set(first.broken)))
    assert first.held["base"][clause] is True
    assert first.held["adapter"][clause] is False


def test_a_page_holds_no_more_than_it_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MOST", 10)
    report = compare(run)
    assert len(report.transcripts) == 10
    assert report.transcripts_total == len(run.probes)


# ------------------------------------------------------------------ files


def test_a_report_from_disk_is_the_report_from_memory_and_survives_json(run: Run, tmp_path: Path) -> None:
    report = verdicts.diff(*written(run, tmp_path))
    expected = compare(run)
    assert report.model_copy(update={"provenance": expected.provenance}) == expected
    assert set(report.provenance.hashes) == {"prompt.md", "probes.jsonl", "base", "adapter", "program"}
    assert DiffReport.model_validate_json(report.model_dump_json()) == report


def test_an_answer_may_hold_any_line_separator(run: Run, tmp_path: Path) -> None:
    strange = "one\u2028two\u0085three\x0cfour"
    odd = rewritten(run, lambda m: m.model_copy(update={"answer": strange}) if m.probe_id == run.probes[0].id else m)
    report = verdicts.diff(*written(odd, tmp_path))
    assert any(talk.answers["base"] == strange for talk in report.transcripts)


def test_torn_and_missing_files_are_named(run: Run, tmp_path: Path) -> None:
    build, out = written(run, tmp_path)
    rows = (out / "measurements.jsonl").read_text(encoding="utf-8")
    (out / "measurements.jsonl").write_text(rows[: len(rows) // 2], encoding="utf-8")
    with pytest.raises(DataError, match=r"measurements\.jsonl:\d+ is no Measurement"):
        verdicts.diff(build, out)
    (out / "measurements.jsonl").unlink()
    with pytest.raises(DataError, match="is not there"):
        verdicts.diff(build, out)
