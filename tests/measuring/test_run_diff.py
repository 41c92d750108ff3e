"""Two runs compared: intended changes seen and missing, unintended ones, regressions, and what cannot be compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import spec
from compiler import ir_file
from compiler.build import from_text
from compiler.cli import execute
from compiler.digests import rows_digest
from compiler.failures import DataError
from compiler.records.rows import Probe
from compiler.run_diff import compare, exit_code, phrasing
from compiler.run_diff.records import FigureDiff, RunDiff
from compiler.run_diff.sides import Side
from compiler.runs import Run
from compiler.spec_diff import version
from tests.measuring.conftest import SPEC
from tests.measuring.runs import keeping, rewritten


def side(run: Run, name: str, text: str = SPEC) -> Side:
    document = spec.loads(text, "parrot.tenet").document
    assert document is not None
    measured = run.measured
    return Side(
        name, from_text(text, "parrot"), run.probes, run.measurements, measured, run.prompt, version(name, document)
    )


def row(found: RunDiff, clause_id: str, figure: str = "rate") -> FigureDiff:
    return next(row for row in found.clauses if row.clause_id == clause_id and row.figure == figure)


def test_a_run_beside_itself_is_stable(run: Run) -> None:
    found = compare(side(run, "a"), side(run, "b"))
    own = row(found, "trait.pirate")
    assert own.quadrant == "stable"
    assert [move.arm for move in own.moves] == ["base", "prompt", "adapter", "adapter+prompt"]
    assert all(move.difference == 0 and move.low < 0 < move.high for move in own.moves)
    assert not found.unintended
    assert exit_code(found, "any") == 0
    assert found.base_same == found.base_asked


def test_what_is_open_is_not_called_still(run: Run) -> None:
    same = compare(side(run, "a"), side(run, "b"))
    few = replace(run, measurements=tuple(m for m in run.measurements if m.probe_id < "m"))
    assert few.measurements
    said = phrasing.verdict(compare(side(few, "a"), side(few, "b")))
    open_ = sum(row[3] for row in phrasing.two_by_two(compare(side(few, "a"), side(few, "b"))))
    assert open_ > sum(row[3] for row in phrasing.two_by_two(same))
    assert said.endswith(f"; {open_} of {len(compare(side(few, 'a'), side(few, 'b')).clauses)} figures are open.")


@pytest.mark.parametrize(("stopping", "how"), [("fixed", "`tenet measure --fixed`"), ("sequential", "`tenet measure`")])
def test_arms_that_one_run_lacks_are_named_once_with_what_measures_them(run: Run, stopping: str, how: str) -> None:
    few = side(run, "few")
    measured = few.measured.model_copy(update={"arms": ("base", "adapter"), "stopping": stopping})
    asked = tuple(m for m in few.measurements if m.arm in ("base", "adapter"))
    told = compare(replace(few, measured=measured, measurements=asked), side(run, "all")).notes
    (note,) = [note for note in told if "has no arm" in note]
    assert note == f"few has no arm prompt and adapter+prompt: {how} on it, to compare that, too."


def test_a_fall_that_no_clause_asks_for_is_a_regression(run: Run) -> None:
    found = compare(side(run, "a"), side(keeping(run, "trait.pirate", 0.5), "b"))
    own = row(found, "trait.pirate")
    assert (own.quadrant, own.regression) == ("unintended", True)
    move = next(move for move in own.moves if move.arm == "adapter")
    assert move.high < 0
    assert move.adjusted_p is not None
    assert move.adjusted_p >= move.p
    assert exit_code(found, "worse") == exit_code(found, "any") == 1
    assert exit_code(found, "nothing") == 0


def test_a_rise_that_no_clause_asks_for_is_unintended_and_no_regression(run: Run) -> None:
    found = compare(side(keeping(run, "trait.pirate", 0.5), "a"), side(run, "b"))
    assert (row(found, "trait.pirate").quadrant, row(found, "trait.pirate").regression) == ("unintended", False)
    assert (exit_code(found, "any"), exit_code(found, "worse")) == (1, 0)


STRICTER = SPEC.replace('means: "Talk like a pirate, with sea words."', 'means: "Talk like a pirate, always."')


@pytest.mark.parametrize(("share", "quadrant"), [(0.5, "seen"), (None, "missing")])
def test_a_changed_clause_is_seen_or_missing(run: Run, share: float | None, quadrant: str) -> None:
    before = run if share is None else keeping(run, "trait.pirate", share)
    found = compare(side(before, "a"), side(run, "b", STRICTER))
    assert row(found, "trait.pirate").quadrant == quadrant
    assert not row(found, "trait.pirate").regression


def test_a_target_is_not_meant_to_move_anything(run: Run) -> None:
    found = compare(side(run, "a"), side(run, "b", SPEC.replace(">= 85%", ">= 95%")))
    assert row(found, "trait.pirate").quadrant == "stable"


def test_few_prompts_leave_it_open(run: Run) -> None:
    few = {p.id for p in [p for p in run.probes if p.clause_id == "trait.pirate"][:8]}
    kept = tuple(p for p in run.probes if p.clause_id != "trait.pirate" or p.id in few)
    found = compare(side(run, "a"), side(replace(run, probes=kept), "b"))
    assert row(found, "trait.pirate").quadrant == "unclear"


def test_old_answers_are_held_against_new_checks(run: Run) -> None:
    """A forbid that gains a phrase: what the old run said is on disk, so it is known whether it broke the new one."""
    text = SPEC.replace('"As an AI language model"]', '"As an AI language model", "Fair winds"]')
    program = from_text(text, "parrot")
    check = {"forbid.canned": program.clause("forbid.canned")}

    def redone(m):  # type: ignore[no-untyped-def]  # a measurement
        broken = any(phrase in m.answer for phrase in check["forbid.canned"].body.phrases)
        return m.model_copy(
            update={"held": m.held | {"forbid.canned": not broken}} if "forbid.canned" in m.held else {}
        )

    found = compare(side(run, "a"), side(rewritten(run, redone), "b", text))
    own = row(found, "forbid.canned")
    move = next(move for move in own.moves if move.arm == "adapter")
    assert move.rejudged
    # Both runs said the same, and are held against the same checks now.
    assert move.difference == 0
    assert 0 < move.old < 1


def test_judged_clauses_whose_question_changed_are_not_compared(run: Run) -> None:
    text = SPEC.replace("Names the feeling before giving advice.", "Names the feeling first, and twice.")
    program = from_text(text, "parrot")
    from compiler.deciding import deciding_checks

    checks = deciding_checks(program.clause("trait.caring"))
    probes = tuple(p.model_copy(update={"checks": checks}) if p.clause_id == "trait.caring" else p for p in run.probes)
    own = row(compare(side(run, "a"), side(replace(run, probes=probes), "b", text)), "trait.caring")
    assert own.quadrant == "not compared"
    assert own.reason == "what decides it changed, and old answers would need a judge"


def test_runs_that_cannot_be_compared_say_why(run: Run) -> None:
    one = side(run, "a")
    other = replace(one, measured=run.measured.model_copy(update={"base_sha256": "c" * 64}))
    with pytest.raises(DataError, match=r"the bases differ: nano .b5b5b5b5. and nano .cccccccc."):
        compare(one, other)
    assert "Compared all the same" in compare(one, other, anyway=True).notes[0]
    strange = tuple(p.model_copy(update={"context": "elsewhere"}) for p in run.probes)
    with pytest.raises(DataError, match="no prompt in common"):
        compare(one, replace(one, probes=strange))
    bare = replace(one, measured=run.measured.model_copy(update={"arms": ("adapter",)}))
    with pytest.raises(DataError, match="none in common"):
        compare(replace(one, measured=run.measured.model_copy(update={"arms": ("base",)})), bare)
    assert any("has no arm base" in note for note in compare(one, bare).notes)


def written(folder: Path, run: Run, text: str = SPEC) -> Path:
    """A run's folder with what it was asked."""
    (folder / "asked").mkdir(parents=True)
    (folder / "spec").mkdir()
    (folder / "run.json").write_text("{}")
    lines = "".join(p.model_dump_json() + "\n" for p in run.probes)
    (folder / "asked" / "probes.jsonl").write_text(lines)
    for name in ("asked", "spec"):
        (folder / name / "ir.json").write_text(ir_file.dumps(from_text(text, "parrot")))
    (folder / "spec" / "sources.json").write_text(json.dumps({"version": 1, "files": {"parrot.tenet": text}}))
    (folder / "measurements.jsonl").write_text("".join(m.model_dump_json() + "\n" for m in run.measurements))
    digest = rows_digest(folder / "asked" / "probes.jsonl")
    (folder / "measure.json").write_text(run.measured.model_copy(update={"probes_sha256": digest}).model_dump_json())
    return folder


def test_the_command_prints_and_exits(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    old = written(tmp_path / "old-1", run)
    new = written(tmp_path / "new-1", keeping(run, "trait.pirate", 0.5), STRICTER)
    assert execute(["diff", str(old), str(new), "--fail-on", "worse"]) == 1
    said = capsys.readouterr().out
    assert "intended change seen, worse  trait.pirate" in said
    assert "the spec: " in said
    assert max(map(len, said.splitlines())) <= 80
    assert execute(["diff", str(old), str(new), "--json"]) == 1
    assert RunDiff.model_validate_json(capsys.readouterr().out).new == "new-1"
    assert execute(["diff", str(old), str(new), "--format", "markdown"]) == 1
    assert "| spec changed | 1 |" in capsys.readouterr().out
    # Two runs that do not go together: that is what was asked for, and no fault of theirs.
    other = run.measured.model_copy(update={"base_sha256": "0" * 64})
    assert execute(["diff", str(old), str(written(tmp_path / "other-1", replace(run, measured=other)))]) == 2
    assert "--anyway" in capsys.readouterr().err
    # What it was asked is gone: there is nothing to compare, and a way out.
    (old / "asked" / "probes.jsonl").write_text(Probe.model_dump_json(run.probes[0]) + "\n")
    assert execute(["diff", str(old), str(new)]) == 3
    assert "tenet measure" in capsys.readouterr().err
