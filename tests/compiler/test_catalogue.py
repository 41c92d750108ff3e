"""The catalogue says what lies there now: an earlier verdict, of other bytes, counts for nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compiler.catalogue import VERIFIED, Adapter, Verified, adapters
from compiler.cli import execute
from compiler.cli.adapters import table
from compiler.digests import digest


def digest_of(folder: Path) -> str:
    return digest([(path.name, path.read_text()) for path in sorted(folder.iterdir())])


def run(runs: Path, name: str = "caring-0123", **more: Any) -> Path:
    folder = runs / name
    (folder / "adapter").mkdir(parents=True)
    (folder / "adapter" / "adapter_config.json").write_text("{}")
    (folder / "adapter" / "adapter_model.safetensors").write_text("weights")
    told = {"spec": "caring", "base": "nano", "method": "dpo", "adapter_digest": digest_of(folder / "adapter"), **more}
    (folder / "run.json").write_text(json.dumps(told))
    return folder


def measured(folder: Path, **verdicts: str | None) -> None:
    (folder / "measure.json").write_text(json.dumps({"adapter_sha256": digest_of(folder / "adapter")}))
    rows = [{"id": name, "verdict": verdict} for name, verdict in verdicts.items()]
    (folder / "diff.json").write_text(json.dumps({"clauses": rows}))


def verified(folder: Path, ok: bool) -> None:
    found = Verified(adapter_digest=digest_of(folder / "adapter"), ok=ok)
    (folder / VERIFIED).write_text(found.model_dump_json())


def read(runs: Path) -> list[Adapter]:
    return list(adapters(runs, digest_of))


def test_everything_of_a_run_is_told(tmp_path: Path) -> None:
    folder = run(tmp_path)
    measured(folder, a="met", b="missed", c="unclear", d="met", e=None)
    verified(folder, ok=True)
    (found,) = read(tmp_path)
    assert found.clauses == {"met": ("a", "d"), "missed": ("b",), "unclear": ("c",)}
    assert (found.spec, found.base, found.method, found.verified, found.trouble) == (
        "caring",
        "nano",
        "dpo",
        True,
        None,
    )
    assert found.bytes == len("{}weights")
    (line,) = table([found])
    assert "✓2 ✗1 ?1" in line
    assert line.endswith("verified")
    assert "not verified" not in line


def test_what_was_found_of_other_bytes_counts_for_nothing(tmp_path: Path) -> None:
    folder = run(tmp_path)
    measured(folder, a="met")
    verified(folder, ok=True)
    (folder / "adapter" / "adapter_model.safetensors").write_text("others")
    (found,) = read(tmp_path)
    assert found.clauses is None
    assert found.verified is None
    assert found.trouble == "its bytes are not those that were trained"


def test_a_failed_verification_a_composition_and_an_unmeasured_run_are_told(tmp_path: Path) -> None:
    folder = run(tmp_path, "mix-1", spec="mix", method="composed", parts=[{"run": "caring-0123", "weight": 0.7}])
    verified(folder, ok=False)
    (found,) = read(tmp_path)
    assert found.parts == {"caring-0123": 0.7}
    line, below = table([found])
    assert "not measured" in line
    assert "not as trained" in line
    assert below == "  of 0.7 caring-0123"


def test_what_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    run(tmp_path, "a-1")
    (tmp_path / "b-1").mkdir()
    (tmp_path / "b-1" / "run.json").write_text("[]")
    (run(tmp_path, "c-1") / "adapter" / "adapter_model.safetensors").unlink()
    torn = run(tmp_path, "d-1")
    measured(torn, a="met")
    (torn / "diff.json").write_text("{")
    (tmp_path / "measured-only").mkdir()
    found = {Path(a.run).name: a.trouble for a in read(tmp_path)}
    assert found.pop("a-1") is None
    assert set(found) == {"b-1", "c-1", "d-1"}
    assert all(found.values())


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["adapters", str(tmp_path)]) == 0
    assert "no adapter" in capsys.readouterr().out
    run(tmp_path)
    assert execute(["adapters", str(tmp_path), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["spec"] == "caring"
    assert told["verified"] is None
    assert execute(["adapters", str(tmp_path / "none")]) == 2
